/*
 * script: splits the input of a script, which arrives in pieces, into lines.
 */
#ifndef SCRIPT_H
#define SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

/* Zeroed: nothing has been read. */
struct script {
	char *bytes;
	size_t begin, end, size; /* begin to end: bytes not yet returned; size: of the buffer */
	bool ended;              /* end of input */
};

/* Adds input.  A length of 0 is the end of input, after which the last line may lack its
 * newline. */
void script_feed(struct script *script, const char *bytes, size_t length);
/* The next line without its newline, which the caller frees.  NULL: there is no complete line.
 * *why: NULL, or the reason why the line is invalid.  A line over 64 KiB ends the script. */
char *script_next(struct script *script, const char **why);
/* Frees the remaining input and ends the script. */
void script_clear(struct script *script);

#endif
