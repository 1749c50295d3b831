/*
 * merge: see merge.h.
 *
 * All members are checked before the first one is written, so that an object is applied as a whole
 * or not at all. Each top-level member is written separately, so that subscribers are notified only
 * of the members that have changed.
 *
 * The values are counted exactly only when a limit could be exceeded. Until then the sum of
 * everything that was printed is a sufficient upper bound.
 */
#include "merge.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "known.h"

#define POINTER_BYTES 1024 /* with the NUL; vigild refuses longer addresses */
#define STEP_MAX      2048
#define DEPTH_MAX     16 /* levels of a value, as in vigil.h */

/* Returns whether the member is ignored: the module writes it, or only the module service may write
 * it. */
static bool is_reserved(const char *key)
{
	static const char *const keys[] = {"exit_status", "duration_seconds", "pid", "timed_out",
		"left_out", "skipped", "stale", "stderr", "service_state"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (strcmp(key, keys[i]) == 0)
			return true;
	return false;
}

/* Parses the text as strict JSON, and if that fails, as the JSON that lenient_json makes of it. */
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
	/* the message of jansson quotes the input */
	vigil_sanitize(cause, sizeof(cause), error.text);
	if (object != NULL)
		snprintf(why, size, "an array, not an object");
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

	json_object_foreach((json_t *)value, key, member)
		n += count(member);
	json_array_foreach(value, i, member)
		n += count(member);
	return n;
}

/* Returns a new reference to the value after the patch. */
static json_t *patched(const json_t *old, json_t *patch)
{
	const char *key;
	json_t *member, *result;

	if (!json_is_object(patch))
		return json_incref(patch);
	result = json_is_object(old) ? json_copy((json_t *)old) : json_object();
	json_object_foreach(patch, key, member) {
		if (json_is_null(member))
			json_object_del(result, key);
		else
			json_object_set_new(
				result, key, patched(json_object_get(result, key), member));
	}
	return result;
}

/* Returns the length of a value as compact JSON, in bytes. */
static size_t bytes_of(const json_t *value)
{
	return json_dumpb(value, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY);
}

/* Returns the nesting depth of a value: 0 for a scalar, 1 for {}. */
static int depth_of(const json_t *value)
{
	int depth = 0, inner;
	size_t i;
	const char *key;
	json_t *member;

	json_object_foreach((json_t *)value, key, member) {
		inner = depth_of(member);
		depth = inner > depth ? inner : depth;
	}
	json_array_foreach(value, i, member) {
		inner = depth_of(member);
		depth = inner > depth ? inner : depth;
	}
	return depth + (json_is_object(value) || json_is_array(value));
}

/* Returns 0, -ENOSPC or -EDQUOT if the values or the bytes exceed their limit. */
static int check_bounds(const struct merge *merge)
{
	if (merge->values > MERGE_VALUES_MAX)
		return -ENOSPC;
	return merge->bytes > merge->bytes_max ? -EDQUOT : 0;
}

/* Counts exactly what would be kept after the object was merged; object NULL: what is kept now. */
static int count_exactly(struct merge *merge, vigil_daemon *d, const json_t *object)
{
	char whole[128];
	json_t *after;

	snprintf(whole, sizeof(whole), "/daemons/%s", vigil_name(d));
	after = (json_t *)vigil_state_get(d, whole);
	after = object != NULL ? patched(after, (json_t *)object) : json_incref(after);
	if (after == NULL)
		return -ENOMEM;
	merge->values = count(after);
	merge->bytes = bytes_of(after);
	merge->counted = vigil_now();
	merge->values_since = merge->bytes_since = 0;
	json_decref(after);
	return 0;
}

/* Returns whether an exact count is due. A count visits everything that is kept, so it is made only
 * once a second or after a large amount of output. */
static bool is_count_due(const struct merge *merge)
{
	return merge->counted == 0 || vigil_now() - merge->counted >= 1 ||
	       merge->values_since >= MERGE_VALUES_MAX / 4 ||
	       merge->bytes_since >= merge->bytes_max / 4;
}

/* Returns 0 or the error if the object would exceed a limit. The sums count replaced values twice,
 * so an exact count is made when a sum reaches a limit. If no exact count is due yet, the object is
 * refused. */
static int check_room(struct merge *merge, vigil_daemon *d, const json_t *object)
{
	size_t values = count(object), bytes = bytes_of(object);
	int err;

	merge->values += values;
	merge->bytes += bytes;
	merge->values_since += values;
	merge->bytes_since += bytes;
	err = check_bounds(merge);
	if (err == 0)
		return 0;
	if (is_count_due(merge)) {
		err = count_exactly(merge, d, object);
		return err != 0 ? err : check_bounds(merge);
	}
	merge->values -= values; /* the object is not kept */
	merge->bytes -= bytes;
	return err;
}

/* Writes to `after` the value that the member would have, or null if it would be removed. */
static int plan_member(
	const struct merge *merge, vigil_daemon *d, const char *key, json_t *member, json_t **after)
{
	char step[STEP_MAX];

	if (key[0] == '\0')
		return -EINVAL; /* an empty path would be the daemon's whole subtree */
	if (vigil_pointer_token(step, sizeof(step), key) == NULL)
		return -ENAMETOOLONG;
	if (strlen("/daemons//") + strlen(vigil_name(d)) + strlen(step) >= POINTER_BYTES)
		return -ENAMETOOLONG;
	*after = json_is_null(member) ? json_null() : patched(vigil_state_get(d, step), member);
	if (*after == NULL)
		return -ENOMEM;
	if (depth_of(*after) > DEPTH_MAX)
		return -E2BIG;
	return bytes_of(*after) > merge->member_max ? -EFBIG : 0;
}

/* Fills `plan` with all members as they would be after the merge. Returns 0 or an error, and then
 * *culprit is the name of the member. */
static int make_plan(const struct merge *merge, vigil_daemon *d, json_t *object, json_t *plan,
	const char **culprit)
{
	const char *key;
	json_t *member, *after = NULL;
	int err;

	json_object_foreach(object, key, member) {
		if (is_reserved(key))
			continue;
		err = plan_member(merge, d, key, member, &after);
		if (err == 0 && json_object_set(plan, key, after) != 0)
			err = -ENOMEM;
		json_decref(after);
		after = NULL;
		*culprit = key;
		if (err != 0)
			return err;
	}
	return 0;
}

static int apply(vigil_daemon *d, json_t *plan)
{
	char step[STEP_MAX];
	const char *key;
	json_t *after;
	int err = 0;

	json_object_foreach(plan, key, after) {
		vigil_pointer_token(step, sizeof(step), key);
		if (json_is_null(after))
			vigil_state_unset(d, step);
		else if (err == 0)
			err = vigil_state_set(d, step, json_incref(after));
	}
	return err;
}

static void describe(int err, const char *key, char *why, size_t size)
{
	char name[64];

	vigil_sanitize(name, sizeof(name), key);
	switch (err) {
	case -E2BIG: snprintf(why, size, "the member \"%s\" is nested too deeply", name); break;
	case -ENOSPC: snprintf(why, size, "there would be more than 10000 values"); break;
	case -EDQUOT: snprintf(why, size, "the daemon would keep more bytes than state_max"); break;
	case -EFBIG:
		snprintf(
			why, size, "the member \"%s\" would have more bytes than member_max", name);
		break;
	case -ENAMETOOLONG: snprintf(why, size, "the name \"%s...\" is too long", name); break;
	case -EINVAL: snprintf(why, size, "a member has an empty name"); break;
	default: snprintf(why, size, "%s", strerror(-err));
	}
}

int merge_set(struct merge *merge, vigil_daemon *d, json_t *object, char *why, size_t size)
{
	const char *culprit = "";
	json_t *plan = json_object();
	int err = known_check(object, why, size);

	if (err != 0) {
		json_decref(plan);
		json_decref(object);
		return err;
	}
	err = check_room(merge, d, object);
	if (err == 0)
		err = plan != NULL ? make_plan(merge, d, object, plan, &culprit) : -ENOMEM;
	if (err == 0)
		err = apply(d, plan);
	/* If the object was just counted exactly, its members were counted as set and its nulls as
	 * removed, which is wrong now. */
	if (err != 0 && merge->values_since == 0)
		count_exactly(merge, d, NULL);
	if (err != 0)
		describe(err, culprit, why, size);
	json_decref(plan);
	json_decref(object);
	return err;
}
