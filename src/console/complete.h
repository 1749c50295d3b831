/*
 * complete: what the word that was begun may become.
 */
#ifndef COMPLETE_H
#define COMPLETE_H

#include <stddef.h>

#include <jansson.h>

/* Asks vigild a verb and waits for the answer: a new reference to its result, or NULL.  Takes params. */
typedef json_t *complete_ask_fn(const char *verb, json_t *params, void *arg);

struct completions {
	char *insert; /* what all candidates continue with, quoted; NULL: nothing */
	char **list;  /* the candidates to choose from, sorted; empty where there is no choice */
	size_t count;
};

/* before: the line up to the cursor.  completions_clear frees what is found. */
void complete(const char *before, complete_ask_fn *ask, void *arg, struct completions *found);
void completions_clear(struct completions *found);

#endif
