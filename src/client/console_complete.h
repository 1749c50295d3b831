/*
 * console_complete: what a word that was begun may become.
 */
#ifndef CONSOLE_COMPLETE_H
#define CONSOLE_COMPLETE_H

#include <stddef.h>

#include <jansson.h>

/* Asks a verb at once: a new reference to its result, or NULL.  Takes params. */
typedef json_t *console_look_fn(const char *verb, json_t *params, void *arg);

struct completions {
	char *insert; /* what all of them go on with, quoted; NULL: nothing */
	char **list;  /* to choose from, sorted; empty where there is no choice */
	size_t count;
};

/* before: the line up to the cursor.  What is found is freed by completions_clear. */
void console_complete(
	const char *before, console_look_fn *look, void *arg, struct completions *found);
void completions_clear(struct completions *found);

#endif
