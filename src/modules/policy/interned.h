/*
 * interned: JSON strings that many services share.
 *
 * Most services have one of a few statuses, managers and decisions. A text in the state never
 * changes, so all daemons can share one value.
 */
#ifndef INTERNED_H
#define INTERNED_H

#include <stdbool.h>

#include <jansson.h>

/* Returns a new reference to a JSON string with the text. */
json_t *interned_new(const char *text);
/* Returns whether the value equals the text. A value of NULL equals no text. */
bool interned_equals(const json_t *value, const char *text);
/* Drops the reference and sets the pointer to NULL. */
void interned_drop(json_t **value);

#endif
