/*
 * store_read: reads what state.json has kept.
 */
#ifndef STORE_READ_H
#define STORE_READ_H

#include <jansson.h>

#define STORE_FILE     "state.json"
#define STORE_FILE_OLD "state.json.old"
#define STORE_FILE_BAD "state.json.bad"

/* Reads the newest file in the directory that can be read; an empty object where there is none.  A file
 * that is damaged is renamed to state.json.bad.  NULL and errno: vigild lacks memory or descriptors, and the
 * files must not be taken for lost. */
json_t *store_read(const char *dir);

#endif
