/*
 * fuzz_merge: objects that a program prints, merged into the state of a daemon.
 *
 * The first two bytes choose the bounds, and each line after them is an object.  It is applied as a
 * whole or not at all.  The state afterwards is compared with the same members merged by RFC 7396
 * alone.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "daemon/daemon.h"
#include "state/state.h"
#include "loop/loop.h"
#include "modules/exec/merge.h"

#define PLACE "/daemons/fuzz"
#define OTHER "/daemons/other"

static int start(vigil_daemon *d)
{
	return 0;
}

static const vigil_option schema[] = {VIGIL_OPTION_END};
static const vigil_module module = {.abi = VIGIL_ABI,
	.size = sizeof(vigil_module),
	.option_size = sizeof(vigil_option),
	.name = "fuzz",
	.options = schema,
	.start = start};

static struct environment ground;

static struct vigil_daemon *the_daemon(void)
{
	static struct vigil_daemon *d;

	if (d != NULL)
		return d;
	ground.loop = loop_new();
	ground.state = state_new();
	FUZZ_HOLDS(ground.loop != NULL && ground.state != NULL);
	d = daemon_new(&ground, "fuzz", "fuzz", &module, NULL);
	FUZZ_HOLDS(daemon_start(d) == 0);
	FUZZ_HOLDS(state_set(ground.state, OTHER, json_string("untouched")) == 0);
	return d;
}

/* --- the model -------------------------------------------------------------------------------- */

/* MergePatch of RFC 7396, section 2; takes the reference to the target. */
static json_t *merge_patch(json_t *target, const json_t *patch)
{
	const char *key;
	json_t *value;

	if (!json_is_object(patch)) {
		json_decref(target);
		return json_deep_copy(patch);
	}
	if (!json_is_object(target)) {
		json_decref(target);
		target = json_object();
	}
	json_object_foreach((json_t *)patch, key, value) {
		if (json_is_null(value))
			json_object_del(target, key);
		else
			json_object_set_new(target, key,
				merge_patch(json_incref(json_object_get(target, key)), value));
	}
	return target;
}

/* The members that a program may not set: the module keeps them, or a service does. */
static const char *const reserved[] = {"exit_status", "duration_seconds", "pid", "timed_out",
	"left_out", "skipped", "stale", "stderr", "service_state", NULL};

static void drop_reserved(json_t *object)
{
	for (const char *const *key = reserved; *key != NULL; key++)
		json_object_del(object, *key);
}

/* --- what holds ------------------------------------------------------------------------------- */

static size_t count_values(const json_t *value)
{
	size_t count = 1, i;
	const char *key;
	json_t *member;

	json_object_foreach((json_t *)value, key, member)
		count += count_values(member);
	json_array_foreach(value, i, member)
		count += count_values(member);
	return count;
}

static size_t count_bytes(const json_t *value)
{
	return json_dumpb(value, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY);
}

static void bounds_hold(const struct merge *merge, json_t *kept)
{
	const char *key;
	json_t *member;

	FUZZ_HOLDS(count_bytes(kept) <= merge->bytes_max);
	FUZZ_HOLDS(count_values(kept) <= MERGE_VALUES_MAX);
	FUZZ_HOLDS(merge->bytes >= count_bytes(kept) || json_object_size(kept) == 0);
	FUZZ_HOLDS(merge->values >= count_values(kept) || json_object_size(kept) == 0);
	json_object_foreach(kept, key, member) {
		FUZZ_HOLDS(count_bytes(member) <= merge->member_max);
	}
	for (const char *const *name = reserved; *name != NULL; name++)
		FUZZ_HOLDS(json_object_get(kept, *name) == NULL);
}

/* No other place of the state has changed. */
static void others_hold(void)
{
	json_t *all = state_get(ground.state, ""), *daemons = json_object_get(all, "daemons");
	const char *other = json_string_value(json_object_get(daemons, "other"));
	size_t own = json_object_get(daemons, "fuzz") != NULL;

	FUZZ_HOLDS(json_object_size(all) == 1 && json_object_size(daemons) == 1 + own);
	FUZZ_HOLDS(other != NULL && strcmp(other, "untouched") == 0);
	json_decref(all);
}

static json_t *copy_kept(void)
{
	json_t *kept = state_get(ground.state, PLACE);
	json_t *copy = kept != NULL ? json_deep_copy(kept) : json_object();

	json_decref(kept);
	return copy;
}

/* Merges an object. model: what the state has before. Returns what it has after. */
static json_t *merge_one(struct merge *merge, json_t *object, json_t *model)
{
	json_t *patch = json_deep_copy(object), *kept;
	char why[128] = "";
	int err = merge_set(merge, the_daemon(), object, why, sizeof(why));

	kept = copy_kept();
	bounds_hold(merge, kept);
	others_hold();
	if (err == 0) {
		drop_reserved(patch);
		model = merge_patch(model, patch);
		FUZZ_HOLDS(json_equal(model, kept));
	} else {
		FUZZ_HOLDS(why[0] != '\0');
		FUZZ_HOLDS(json_equal(model, kept)); /* nothing of it was applied */
	}
	json_decref(patch);
	json_decref(model);
	return kept;
}

static void merge_line(struct merge *merge, const char *line, json_t **model)
{
	struct lenient changed;
	char why[128];
	json_t *object = merge_read(line, strlen(line), why, sizeof(why), &changed);

	if (object != NULL)
		*model = merge_one(merge, object, *model);
}

void fuzz_merge(const uint8_t *data, size_t size)
{
	struct merge merge = {0};
	json_t *model = json_object();
	char *text, *rest, *line;

	if (size > 2) {
		merge.bytes_max = 16 + 8 * (size_t)data[0];
		merge.member_max = 8 + 4 * (size_t)data[1];
		text = rest = fuzz_text(data + 2, size - 2);
		the_daemon();
		while ((line = strsep(&rest, "\n")) != NULL)
			merge_line(&merge, line, &model);
		free(text);
		state_unset(ground.state, PLACE);
	}
	json_decref(model);
}
