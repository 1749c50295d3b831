/*
 * fuzz_crash: the crash marker and the counts of crashes, as a start reads them.
 *
 * The file "running" gets as many bytes as a valid one has, and state.json gets the others.
 */
#include "fuzz.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/text.h"
#include "host/quarantine.h"
#include "persist/crash_marker.h"
#include "loop/loop.h"
#include "persist/store.h"

#define MARKER 104

/* This fails if MARKER is not the size of the file. */
static void size_holds(void)
{
	char page[MARKER] = "vigil 2\nx";
	struct crash before;

	crash_marker_parse(page, sizeof(page), &before);
	FUZZ_HOLDS(!before.clean && strcmp(before.name, "x") == 0);
}

static void marker_holds(const struct crash *before)
{
	FUZZ_HOLDS(memchr(before->name, '\0', sizeof(before->name)) != NULL);
	FUZZ_HOLDS(before->signo >= CRASH_MARKER_HANG && before->signo <= 64);
	FUZZ_HOLDS(before->lived >= 0 && before->lived < 1e12);
}

/* A daemon or a module is quarantined from the third crash on, and can be released. */
static void count_holds(struct store *store, const char *name, bool module)
{
	const char *key = module ? "opened_in_a_row" : "in_a_row";
	json_int_t count = json_integer_value(store_get(store, "crashed", name, key));
	char why[512] = "";
	bool held = module ? quarantine_has_module(store, name, why, sizeof(why))
			   : quarantine_has(store, name, why, sizeof(why));

	FUZZ_HOLDS(held == (count >= 3) && held == (why[0] != '\0'));
	FUZZ_HOLDS(held == (module ? quarantine_release_module(store, name)
				   : quarantine_release(store, name)));
	FUZZ_HOLDS(!(module ? quarantine_has_module(store, name, why, sizeof(why))
			    : quarantine_has(store, name, why, sizeof(why))));
}

/* The counts do not change if the end was clean or the name is not that of a daemon. */
static void nothing_is_counted(json_t *was, json_t *is, const struct crash *before)
{
	if (before->clean || (before->name[0] != '\0' && !text_is_daemon_name(before->name)))
		FUZZ_HOLDS(was == NULL ? is == NULL : json_equal(was, is));
}

/* The daemon that crashed last has a count. */
static void counts_hold(struct store *store, const struct crash *before)
{
	bool counted = !before->clean && text_is_daemon_name(before->name);
	const char *key = before->loading ? "opened_in_a_row" : "in_a_row", *name;
	json_t *entry, *count = counted ? store_get(store, "crashed", before->name, key) : NULL;
	void *next;

	if (counted)
		FUZZ_HOLDS(json_integer_value(count) >= 1 && json_integer_value(count) < INT32_MAX);
	json_object_foreach_safe(store_section(store, "crashed"), next, name, entry) {
		count_holds(store, name, false);
		count_holds(store, name, true);
	}
}

void fuzz_crash(const uint8_t *data, size_t size)
{
	size_t n = size < MARKER ? size : MARKER;
	struct loop *loop = loop_new();
	struct store *store;
	struct crash before, after;
	json_t *was;

	FUZZ_HOLDS(loop != NULL);
	size_holds();
	crash_marker_parse(data, n, &before);
	marker_holds(&before);
	fuzz_file("state.json", data + n, size - n);
	fuzz_file("running", data, n);
	store = store_open(loop, fuzz_directory());
	FUZZ_HOLDS(store != NULL);
	was = json_deep_copy(store_section(store, "crashed"));
	quarantine_review(store, fuzz_directory());
	crash_marker_close();
	nothing_is_counted(was, store_section(store, "crashed"), &before);
	json_decref(was);
	counts_hold(store, &before);
	store_close(store);
	/* The next start always finds a clean end. */
	FUZZ_HOLDS(crash_marker_open(fuzz_directory(), &after) == 0 && after.clean);
	crash_marker_close();
	loop_free(loop);
}
