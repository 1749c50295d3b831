/*
 * interned: texts that many services share, as JSON values that exist once.
 *
 * Most services have one of a few statuses, managers and decisions.  A text in the state never
 * changes, so one value can be shared by all daemons.
 */
#ifndef INTERNED_H
#define INTERNED_H

#include <stdbool.h>

#include <jansson.h>

/* A new reference to the text as a value. */
json_t *interned_new(const char *text);
/* Whether the value is that text; NULL is no text. */
bool interned_equals(const json_t *value, const char *text);
/* Drops the reference and sets the pointer to NULL. */
void interned_drop(json_t **value);

#endif
