/*
 * interned: see interned.h.
 */
#include "interned.h"

#include <string.h>

/* The number of cached texts: enough for the usual statuses, managers and decisions. */
#define RECENT 8

json_t *interned_new(const char *text)
{
	static json_t *recent[RECENT];
	static unsigned next;

	for (unsigned i = 0; i < RECENT; i++)
		if (interned_equals(recent[i], text))
			return json_incref(recent[i]);
	next = (next + 1) % RECENT;
	interned_drop(&recent[next]);
	recent[next] = json_string(text);
	return json_incref(recent[next]);
}

bool interned_equals(const json_t *value, const char *text)
{
	return value != NULL && strcmp(json_string_value(value), text) == 0;
}

void interned_drop(json_t **value)
{
	json_decref(*value);
	*value = NULL;
}
