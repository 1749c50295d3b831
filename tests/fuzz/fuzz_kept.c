/*
 * fuzz_kept: what average and notify read at their start from what vigild keeps for them.
 *
 * Each is started as a real daemon, with the bytes as the JSON that is kept for it. It must start,
 * its health must depend on present numbers only, and what it keeps at its stop must be of the form
 * that it writes itself, so that damaged data is gone after a start.
 */
#include "fuzz.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/diagnostic.h"
#include "daemon/daemon.h"
#include "config/option.h"
#include "state/state.h"
#include "loop/loop.h"
#include "process/slot_queue.h"
#include "persist/store.h"
#include "modules/notify/queue.h"

extern const vigil_module average_descriptor, notify_descriptor;

#define STEPS  60 /* of the longest window of average below */
#define POINTS 10

static struct environment ground;

static void free_ground(void)
{
	store_close(ground.store);
	state_free(ground.state);
	slot_queue_free(ground.slots);
	loop_free(ground.loop);
}

static void make_ground(void)
{
	static pid_t owner;

	if (owner == getpid())
		return;
	owner = getpid();
	ground.loop = loop_new();
	FUZZ_HOLDS(ground.loop != NULL);
	ground.state = state_new();
	ground.slots = slot_queue_new(ground.loop, 4);
	ground.store = store_open(ground.loop, fuzz_directory());
	FUZZ_HOLDS(ground.slots != NULL && ground.store != NULL);
	atexit(free_ground);
}

static struct option_set *options_of(
	const vigil_module *module, const struct option_given *given, size_t count)
{
	struct diagnostics diagnostics = {0};
	struct option_set *set = option_set_new(
		module->options, given, count, "[daemon:d]", "fuzz", 1, &diagnostics);

	FUZZ_HOLDS(set != NULL);
	diagnostics_clear(&diagnostics);
	return set;
}

static void is_finite_or_null(const json_t *value)
{
	FUZZ_HOLDS(json_is_null(value) || isfinite(json_number_value(value)));
}

static void health_holds(struct vigil_daemon *d)
{
	json_t *health = daemon_account_part(d, "/health");
	const char *text = json_string_value(json_object_get(health, "text"));

	FUZZ_HOLDS(text != NULL && fuzz_is_clean(text));
	FUZZ_HOLDS(strstr(text, "inf ") == NULL && strstr(text, "nan ") == NULL);
	json_decref(health);
}

/* --- average ---------------------------------------------------------------------------------- */

static json_t *at(const char *pointer)
{
	json_t *value = state_get(ground.state, pointer);

	json_decref(value); /* the state still has it */
	return value;
}

static void window_holds(const json_t *window)
{
	json_int_t samples = json_integer_value(json_object_get(window, "samples"));
	double min = json_number_value(json_object_get(window, "min"));
	double mean = json_number_value(json_object_get(window, "mean"));
	double max = json_number_value(json_object_get(window, "max"));

	FUZZ_HOLDS(samples >= 0 && samples <= STEPS);
	FUZZ_HOLDS((samples == 0) == (json_object_get(window, "mean") == NULL));
	FUZZ_HOLDS(isfinite(mean) && min <= mean && mean <= max);
}

static void average_holds(bool present)
{
	const json_t *windows = at("/daemons/d/values/a/windows"),
		     *ring = at("/daemons/d/values/a/ring");
	const char *name;
	json_t *entry;
	size_t i;

	FUZZ_HOLDS(json_object_size(windows) == 2 && json_array_size(ring) <= POINTS);
	json_object_foreach((json_t *)windows, name, entry)
		window_holds(entry);
	json_array_foreach((json_t *)ring, i, entry)
		is_finite_or_null(entry);
	FUZZ_HOLDS(json_is_true(at("/daemons/d/stale")) == !present);
}

static void kept_average_holds(void)
{
	const json_t *kept = store_get(ground.store, "kept", "d", "kept"), *samples, *sample;
	size_t i;

	samples = json_object_get(json_object_get(kept, "samples"), "/daemons/x/n");
	FUZZ_HOLDS(json_array_size(samples) > 0 && json_array_size(samples) <= STEPS);
	json_array_foreach((json_t *)samples, i, sample)
		is_finite_or_null(sample);
}

/* "this boot" stands for the name of the boot, which a corpus cannot contain. */
static void name_boot(json_t *kept)
{
	const char *boot = json_string_value(json_object_get(kept, "boot"));
	char name[64] = "";
	FILE *file;

	if (boot == NULL || strcmp(boot, "this boot") != 0)
		return;
	file = fopen("/proc/sys/kernel/random/boot_id", "re");
	if (file != NULL && fgets(name, sizeof(name), file) != NULL)
		name[strcspn(name, "\n")] = '\0';
	if (file != NULL)
		fclose(file);
	json_object_set_new(kept, "boot", json_string(name));
}

/* The first byte says whether there is a number at present, the rest is the JSON. */
void fuzz_average(const uint8_t *data, size_t size)
{
	static const struct option_given given[] = {{"source", "a=/daemons/x/n", "fuzz", 1, NULL},
		{"interval", "1", "fuzz", 1, NULL}, {"windows", "5s, 1m", "fuzz", 1, NULL},
		{"points", "10", "fuzz", 1, NULL}, {"critical", "1000", "fuzz", 1, NULL}};
	bool present = size > 0 && data[0] % 2 == 1;
	json_t *kept = size > 0 ? json_loadb((const char *)data + 1, size - 1,
					  JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL)
				: NULL;
	struct option_set *options;
	struct vigil_daemon *d;

	if (kept == NULL)
		return;
	make_ground();
	name_boot(kept);
	store_put_new(ground.store, "kept", "d", "kept", kept);
	if (present)
		state_set(ground.state, "/daemons/x/n", json_integer(5));
	else
		state_unset(ground.state, "/daemons/x/n");
	options = options_of(&average_descriptor, given, 5);
	d = daemon_new(&ground, "d", "average", &average_descriptor, options);
	FUZZ_HOLDS(d != NULL && daemon_start(d) == 0);
	FUZZ_HOLDS(daemon_tick_now(d) == 0);
	health_holds(d);
	/* Without a present number the level is UNKNOWN, whatever numbers were kept. */
	FUZZ_HOLDS(present || strcmp(daemon_level(d), "UNKNOWN") == 0);
	average_holds(present);
	daemon_stop(d);
	kept_average_holds();
	daemon_free(d);
	option_set_unref(options);
}

/* --- notify ----------------------------------------------------------------------------------- */

/* All values in it are texts, because numbers of a daemon would become metrics. */
static void told_holds(const json_t *told)
{
	/* The word comes from the state of a daemon; notify writes the others. */
	static const char *const keys[] = {"word", "told", "since", "given_up", "told_at"};
	const char *pointer, *key;
	json_t *record, *value;

	FUZZ_HOLDS(json_is_object(told));
	json_object_foreach((json_t *)told, pointer, record) {
		FUZZ_HOLDS(json_is_string(json_object_get(record, "word")));
		FUZZ_HOLDS(json_is_string(json_object_get(record, "since")));
		json_object_foreach(record, key, value) {
			size_t i = 0;

			while (i < 5 && strcmp(keys[i], key) != 0)
				i++;
			FUZZ_HOLDS(i < 5 && json_is_string(value));
			FUZZ_HOLDS(i < 2 || fuzz_is_clean(json_string_value(value)));
		}
	}
}

/* The number of changes in it that have the form that notify writes. */
static size_t count_changes(const json_t *unsent)
{
	static const char *const keys[] = {"time", "event", "pointer", "from", "to"};
	size_t n, i, count = 0;
	json_t *text, *change;

	json_array_foreach((json_t *)unsent, n, text) {
		if (!json_is_string(text))
			continue;
		change = json_loads(json_string_value(text), JSON_REJECT_DUPLICATES, NULL);
		for (i = 0; i < 5; i++)
			if (!json_is_string(json_object_get(change, keys[i])))
				break;
		count += i == 5;
		json_decref(change);
	}
	return count;
}

/* Its health counts the changes that could not be sent, and not those that are damaged. */
static struct vigil_daemon *start_notify(struct option_set *options)
{
	size_t count = count_changes(store_get(ground.store, "kept", "d", "unsent"));
	struct vigil_daemon *d = daemon_new(&ground, "d", "notify", &notify_descriptor, options);
	json_int_t waiting;

	FUZZ_HOLDS(d != NULL && daemon_start(d) == 0);
	health_holds(d);
	waiting = json_integer_value(at("/daemons/d/waiting"));
	FUZZ_HOLDS(waiting >= (json_int_t)count && waiting <= QUEUE_MAX);
	FUZZ_HOLDS(strcmp(daemon_level(d), count == 0 ? "OK" : "WARNING") == 0);
	return d;
}

static void stop_notify(struct vigil_daemon *d)
{
	const json_t *unsent;

	daemon_stop(d);
	unsent = store_get(ground.store, "kept", "d", "unsent");
	FUZZ_HOLDS(json_array_size(unsent) <= QUEUE_MAX);
	FUZZ_HOLDS(count_changes(unsent) == json_array_size(unsent));
	told_holds(store_get(ground.store, "kept", "d", "told"));
	daemon_free(d);
}

/* The JSON has the members told and unsent. */
void fuzz_notify(const uint8_t *data, size_t size)
{
	static const struct option_given given[] = {{"command", "/bin/true", "fuzz", 1, NULL},
		{"watch", "/runs/*/health, /daemons/*/n", "fuzz", 1, NULL},
		{"remind", "1", "fuzz", 1, NULL}, {"group", "86400", "fuzz", 1, NULL}};
	json_t *kept = json_loadb((const char *)data, size, 0, NULL);
	struct option_set *options;
	struct vigil_daemon *d;

	if (!json_is_object(kept)) {
		json_decref(kept);
		return;
	}
	make_ground();
	store_put(ground.store, "kept", "d", "told", json_object_get(kept, "told"));
	store_put(ground.store, "kept", "d", "unsent", json_object_get(kept, "unsent"));
	json_decref(kept);
	state_set(ground.state, "/runs/a/health",
		json_pack("{s:s,s:s,s:s}", "level", "CRITICAL", "text", "it is down", "since",
			"2026-11-29T03:12:07Z"));
	options = options_of(&notify_descriptor, given, 4);
	d = start_notify(options);
	FUZZ_HOLDS(daemon_tick_now(d) == 0);
	stop_notify(d);
	stop_notify(start_notify(options));
	option_set_unref(options);
}
