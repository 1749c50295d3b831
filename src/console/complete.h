/*
 * complete: completes the word before the cursor.
 */
#ifndef COMPLETE_H
#define COMPLETE_H

#include <stddef.h>

#include <jansson.h>

/* Sends a verb to vigild and waits for the reply.  A new reference to the result, or NULL.  Takes
 * the reference to params. */
typedef json_t *complete_ask_fn(const char *verb, json_t *params, void *arg);

struct completions {
	char *insert; /* text to insert, which all candidates share, quoted; NULL: none */
	char **list;  /* candidates to choose from, sorted; empty: no choice */
	size_t count;
};

/* Completes the line. before: the line up to the cursor.  The caller frees found with
 * completions_clear. */
void complete(const char *before, complete_ask_fn *ask, void *arg, struct completions *found);
void completions_clear(struct completions *found);

#endif
