/*
 * json_text: reads a text of a JSON object that may be of any shape.
 */
#ifndef JSON_TEXT_H
#define JSON_TEXT_H

#include <jansson.h>

/* Returns the text at the key, borrowed, or "" if there is none. */
const char *json_text(const json_t *object, const char *key);

#endif
