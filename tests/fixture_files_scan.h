/*
 * fixture_files_scan: a scan of real files in the scratch directory.
 */
#ifndef FIXTURE_FILES_SCAN_H
#define FIXTURE_FILES_SCAN_H

#include "modules/files/scan.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "modules/files/content.h"
#include "modules/files/facts.h"
#include "modules/files/plain_text.h"
#include "modules/files/sha256.h"
#include "scratch.h"
#include "suite.h"

static struct watchlist list;
static struct scan scanner;
static struct watcher *watcher;
static json_t *report;
static double again;

__attribute__((unused)) static void teardown(void)
{
	json_decref(report);
	if (list.count > 0) {
		scan_close(&scanner);
		watcher_free(watcher);
		watchlist_free(&list);
	}
	scratch_teardown();
}

/* Begins to watch a path with these options of the watch list. */
__attribute__((unused)) static void begin(const char *name, const char *options)
{
	char text[2048], why[256] = "";

	snprintf(text, sizeof(text), "{\"paths\":[\"%s\"],\"level\":2%s%s}", scratch_path(name),
		options[0] != '\0' ? "," : "", options);
	ck_assert_msg(
		watchlist_read(&list, text, strlen(text), why, sizeof(why)), "%s: %s", text, why);
	watcher = watcher_new();
	scan_init(&scanner, &list, watcher);
}

__attribute__((unused)) static void scan(void)
{
	json_decref(report);
	report = scan_path(&scanner, 0, &again);
	ck_assert_ptr_nonnull(report);
}

/* Returns a problem as "LEVEL text" with the scratch directory left out; "": there is none. */
__attribute__((unused)) static const char *problem(size_t index)
{
	static char text[2048];
	const json_t *entry = json_array_get(json_object_get(report, "problems"), index);
	const char *words = json_string_value(json_array_get(entry, 1)), *found;

	if (words == NULL)
		return "";
	found = strstr(words, scratch);
	snprintf(text, sizeof(text), "%d %s", (int)json_integer_value(json_array_get(entry, 0)),
		found != NULL ? found + strlen(scratch) + 1 : words);
	return text;
}

__attribute__((unused)) static const char *change(size_t index)
{
	const char *text =
		json_string_value(json_array_get(json_object_get(report, "changes"), index));

	return text != NULL ? text + strlen(scratch) + 1 : "";
}

__attribute__((unused)) static double value(const char *key)
{
	return json_number_value(json_object_get(json_object_get(report, "values"), key));
}

__attribute__((unused)) static const char *word(const char *key)
{
	return json_string_value(json_object_get(json_object_get(report, "values"), key));
}

/* Sets the time of modification to so many seconds ago. */
__attribute__((unused)) static void age(const char *name, long seconds)
{
	struct timespec times[2] = {{0, UTIME_NOW}, {time(NULL) - seconds, 0}};

	ck_assert_int_eq(utimensat(AT_FDCWD, scratch_path(name), times, 0), 0);
}

#endif
