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

bool given_is_excluded(const struct given *given, const vigil_option *schema, const char *name)
{
	const struct option_given *option;

	for (; schema != NULL && schema->name != NULL; schema++) {
		if (schema->excludes == NULL || strcmp(schema->excludes, name) != 0)
			continue;
		option = given_find(given, schema->name);
		if (option != NULL && option->value[0] != '\0')
			return true;
	}
	return false;
}

static void drop(struct given *given, const struct option_given *option)
{
	size_t i = (size_t)(option - given->list);

	free((char *)option->key);
	free((char *)option->value);
	memmove(&given->list[i], &given->list[i + 1], (--given->count - i) * sizeof(*given->list));
}

void given_drop_excluded(struct given *given, const vigil_option *schema)
{
	const struct option_given *one, *other;

	for (; schema != NULL && schema->name != NULL; schema++) {
		one = given_find(given, schema->name);
		other = schema->excludes != NULL ? given_find(given, schema->excludes) : NULL;
		if (one != NULL && other != NULL && one->value[0] != '\0' &&
			other->value[0] != '\0' &&
			(one->section != NULL) != (other->section != NULL))
			drop(given, one->section != NULL ? one : other);
	}
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
