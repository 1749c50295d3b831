/*
 * store_read: reads state.json at the start of vigild.
 */
#ifndef STORE_READ_H
#define STORE_READ_H

#include <jansson.h>

#define STORE_FILE      "state.json"
#define STORE_FILE_OLD  "state.json.old"
#define STORE_FILE_BAD  "state.json.bad"
#define STORE_FILE_LOST "state.json.lost"

/* Reads state.json, or state.json.old where that fails.  Returns an empty object when neither can
 * be read.  A state.json that is damaged, too large or not trusted is renamed to state.json.bad, or
 * to state.json.lost if state.json.old cannot be read either; see store_loss.h.  Returns NULL and
 * sets errno when vigild lacks memory or descriptors, because the files may be fine then and must
 * not be replaced. */
json_t *store_read(const char *dir);

#endif
