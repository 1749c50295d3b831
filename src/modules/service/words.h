/*
 * words: what is said of a service, as values of the state that are kept once.
 *
 * Most services are in one of few ways, and of each the same is said.  Text in the state never
 * changes, so one does for all of them.
 */
#ifndef WORDS_H
#define WORDS_H

#include <stdbool.h>

#include <jansson.h>

/* A reference to the text as a value. */
json_t *words_new(const char *text);
/* Whether they are that text; NULL is none. */
bool words_are(const json_t *words, const char *text);
/* Drops the reference, and leaves NULL. */
void words_forget(json_t **words);

#endif
