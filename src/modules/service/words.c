/*
 * words: what is said of a service, as values of the state that are kept once.
 */
#include "words.h"

#include <string.h>

/* What was said last: a status, a manager, a decision. */
#define RECENT 8

json_t *words_new(const char *text)
{
	static json_t *recent[RECENT];
	static unsigned next;

	for (unsigned i = 0; i < RECENT; i++)
		if (words_are(recent[i], text))
			return json_incref(recent[i]);
	next = (next + 1) % RECENT;
	words_forget(&recent[next]);
	recent[next] = json_string(text);
	return json_incref(recent[next]);
}

bool words_are(const json_t *words, const char *text)
{
	return words != NULL && strcmp(json_string_value(words), text) == 0;
}

void words_forget(json_t **words)
{
	json_decref(*words);
	*words = NULL;
}
