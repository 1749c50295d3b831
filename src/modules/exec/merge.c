/*
 * merge: a JSON object that a program printed, into the daemon's subtree.
 *
 * Each member at the top is written by itself, so that a watcher is told of what has changed and
 * not of all there is.  How many values there are is counted only when they could be too many:
 * until then the sum of all that was printed is a bound that is good enough.
 */
#include "merge.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEP_MAX 2048

/* What the module says itself. */
static bool is_reserved(const char *key)
{
	static const char *const keys[] = {"exit_status", "duration_seconds", "pid", "timed_out",
		"left_out", "skipped", "stale", "stderr"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (strcmp(key, keys[i]) == 0)
			return true;
	return key[0] == '\0'; /* an empty path is the daemon's whole place */
}

/* As JSON has it, or else as programs print it. */
static json_t *load(const char *text, size_t length, json_error_t *error, struct lenient *changed)
{
	json_t *value = json_loadb(text, length, JSON_REJECT_DUPLICATES, error);
	char *json;

	*changed = (struct lenient){0};
	if (value != NULL)
		return value;
	json = lenient_json(text, &length, changed);
	if (json != NULL)
		value = json_loadb(json, length, JSON_REJECT_DUPLICATES, error);
	free(json);
	return value;
}

json_t *merge_read(const char *text, size_t length, char *why, size_t size, struct lenient *changed)
{
	json_error_t error;
	json_t *object = load(text, length, &error, changed);
	char cause[sizeof(error.text)];

	if (json_is_object(object))
		return object;
	vigil_clean(cause, sizeof(cause), error.text); /* it quotes what was read */
	if (object != NULL)
		snprintf(why, size, "a list, and no object");
	else if (error.line > 1)
		snprintf(why, size, "line %d, column %d: %s", error.line, error.column, cause);
	else
		snprintf(why, size, "column %d: %s", error.column, cause);
	json_decref(object);
	return NULL;
}

static size_t count(const json_t *value)
{
	size_t n = 1, i;
	const char *key;
	json_t *member;

	json_object_foreach((json_t *)value, key, member) n += count(member);
	json_array_foreach(value, i, member) n += count(member);
	return n;
}

/* What stands there after the patch; a new reference. */
static json_t *patched(const json_t *old, json_t *patch)
{
	const char *key;
	json_t *member, *result;

	if (!json_is_object(patch))
		return json_incref(patch);
	result = json_is_object(old) ? json_copy((json_t *)old) : json_object();
	json_object_foreach(patch, key, member)
	{
		if (json_is_null(member))
			json_object_del(result, key);
		else
			json_object_set_new(
				result, key, patched(json_object_get(result, key), member));
	}
	return result;
}

/* The key as one step of a JSON Pointer. */
static int escape(char step[STEP_MAX], const char *key)
{
	size_t n = 0;

	for (; *key != '\0'; key++) {
		if (n + 3 > STEP_MAX)
			return -E2BIG;
		if (*key == '~' || *key == '/') {
			step[n++] = '~';
			step[n++] = *key == '~' ? '0' : '1';
		} else {
			step[n++] = *key;
		}
	}
	step[n] = '\0';
	return 0;
}

static int set_member(vigil_daemon *d, const char *key, json_t *member)
{
	char step[STEP_MAX];
	json_t *value;
	int err = escape(step, key);

	if (err != 0)
		return err;
	if (json_is_null(member)) {
		vigil_state_unset(d, step);
		return 0;
	}
	value = patched(vigil_state_get(d, step), member);
	return value != NULL ? vigil_state_set(d, step, value) : -ENOMEM;
}

static bool has_room(struct merge *merge, vigil_daemon *d, json_t *object)
{
	size_t more = count(object);
	char whole[128];
	json_t *after;

	if (merge->values + more > MERGE_VALUES_MAX) {
		/* What is replaced was counted twice. */
		snprintf(whole, sizeof(whole), "/daemons/%s", vigil_name(d));
		after = patched(vigil_state_get(d, whole), object);
		merge->values = after != NULL ? count(after) : MERGE_VALUES_MAX;
		json_decref(after);
		return merge->values <= MERGE_VALUES_MAX;
	}
	merge->values += more;
	return true;
}

int merge_set(struct merge *merge, vigil_daemon *d, json_t *object)
{
	const char *key;
	json_t *member;
	int err = 0;

	if (!has_room(merge, d, object))
		err = -ENOSPC;
	json_object_foreach(object, key, member)
	{
		if (err == 0 && !is_reserved(key))
			err = set_member(d, key, member);
	}
	json_decref(object);
	return err;
}

const char *merge_error(int err)
{
	switch (err) {
	case -E2BIG: return "it nests deeper than the state can hold";
	case -ENOSPC: return "there would be more than 10000 values";
	case -ENAMETOOLONG: return "a name in it is too long";
	default: return strerror(-err);
	}
}
