/*
 * script: the lines of a script, which is read in pieces.
 */
#ifndef SCRIPT_H
#define SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

/* All zero: nothing has been read. */
struct script {
	char *bytes;
	size_t begin, end, size; /* the bytes that no line was made of yet */
	bool ended;              /* no more will be added */
};

/* Adds what was read; a length of 0 is the end, after which the last line may lack its newline. */
void script_feed(struct script *script, const char *bytes, size_t length);
/* The next line, without its newline; the caller frees it.  NULL: there is no whole line.  *why is NULL, or
 * says why the line cannot be one of a script.  A line over 64 KiB ends the script. */
char *script_next(struct script *script, const char **why);
/* Frees what is left; nothing more is read. */
void script_clear(struct script *script);

#endif
