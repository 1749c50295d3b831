/*
 * control_text: a reference-counted line that is sent to one or more clients.
 */
#ifndef CONTROL_TEXT_H
#define CONTROL_TEXT_H

#include <stddef.h>

#include <jansson.h>

struct shared_text {
	unsigned uses;
	size_t length; /* bytes, with the newline */
	char *bytes;
};

/* Takes ownership of a text without a newline.  NULL: bytes is NULL, or out of memory. */
struct shared_text *shared_text_new(char *bytes);
void shared_text_release(struct shared_text *text);

/* Serializes an object; the caller frees the text.  NULL: out of memory, or object is NULL. */
char *control_dump(const json_t *object);

#endif
