/*
 * control_text: a line for one client or several.
 */
#ifndef CONTROL_TEXT_H
#define CONTROL_TEXT_H

#include <stddef.h>

#include <jansson.h>

struct shared_text {
	unsigned uses;
	size_t length; /* with its newline */
	char *bytes;
};

/* Takes a text without its newline; NULL for NULL or without memory. */
struct shared_text *shared_text_new(char *bytes);
void shared_text_release(struct shared_text *text);

/* An object as text, to be freed; NULL when there is no memory for it, or for the object itself. */
char *control_dump(const json_t *object);

#endif
