/*
 * given: the raw options of a section, before the check.
 */
#include "config/given.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

const struct option_given *given_find(const struct given *given, const char *key)
{
	for (size_t i = 0; i < given->count; i++)
		if (strcmp(given->list[i].key, key) == 0)
			return &given->list[i];
	return NULL;
}

void given_set(struct given *given, const struct option_given *option)
{
	struct option_given *old = (struct option_given *)given_find(given, option->key);
	const char *key;

	if (old == NULL) {
		given->list = memory_grow(given->list, given->count + 1, sizeof(*given->list));
		old = &given->list[given->count++];
		*old = (struct option_given){.key = memory_text(option->key)};
	}
	key = old->key;
	free((char *)old->value);
	*old = *option;
	old->key = key;
	old->value = memory_text(option->value);
}

void given_clear(struct given *given)
{
	for (size_t i = 0; i < given->count; i++) {
		free((char *)given->list[i].key);
		free((char *)given->list[i].value);
	}
	free(given->list);
	*given = (struct given){0};
}
