/*
 * fixture_state: a state tree, and what its watches were told.
 */
#ifndef FIXTURE_STATE_H
#define FIXTURE_STATE_H

#include "state/state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

static struct state *state;

__attribute__((unused)) static void setup(void)
{
	state = state_new();
	ck_assert_ptr_nonnull(state);
}

__attribute__((unused)) static void teardown(void)
{
	state_free(state);
}

/* Returns the value as text; "-": there is none. */
__attribute__((unused)) static const char *shown(const char *pointer)
{
	static char text[4096];
	json_t *value = state_get(state, pointer);
	size_t n = 0;

	if (value == NULL)
		return "-";
	n = json_dumpb(
		value, text, sizeof(text) - 1, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
	ck_assert_uint_lt(n, sizeof(text));
	text[n] = '\0';
	json_decref(value);
	return text;
}

__attribute__((unused)) static int set(const char *pointer, const char *json)
{
	json_t *value = json_loads(json, JSON_DECODE_ANY, NULL);

	ck_assert_msg(value != NULL, "%s", json);
	return state_set(state, pointer, value);
}

__attribute__((unused)) static int add(const char *pointer, const char *json)
{
	return state_add(state, pointer, json_loads(json, JSON_DECODE_ANY, NULL));
}

/* The notifications, one after the other: "who@revision pointer=value;". */
static char told[8192];

__attribute__((unused)) static void on_told(
	uint64_t revision, const char *pointer, json_t *value, void *arg)
{
	size_t at = strlen(told);
	char *text = value != NULL ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

	snprintf(told + at, sizeof(told) - at, "%s@%ju %s=%s;", (const char *)arg,
		(uintmax_t)revision, pointer, text != NULL ? text : "-");
	free(text);
}

__attribute__((unused)) static struct state_watch *watch(const char *pointer, const char *who)
{
	struct state_watch *made = state_watch(state, pointer, on_told, (void *)who);

	ck_assert_ptr_nonnull(made);
	return made;
}

#define assert_told(expected)                     \
	do {                                      \
		ck_assert_str_eq(told, expected); \
		told[0] = '\0';                   \
	} while (0)

#endif
