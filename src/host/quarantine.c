/* quarantine: daemons and modules that crashed vigild.  The store counts the crashes of each of
 * them. */
#include "host/quarantine.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/log.h"
#include "base/text.h"
#include "persist/crash_marker.h"
#include "persist/store.h"

#define SECTION   "crashed"         /* section of the store */
#define IN_A_ROW  "in_a_row"        /* count of a daemon */
#define APART     "apart_in_a_row"  /* the same, for crashes of its own process */
#define OPENED    "opened_in_a_row" /* count of the module of that name */
#define ENOUGH    3
#define COUNT_MAX 1000000
#define LONG      600.0 /* seconds; a crash after a longer run is not part of a crash loop */

/* The result is from 0 to COUNT_MAX, whatever the store contains. */
static int count_of(struct store *store, const char *name, const char *key)
{
	json_int_t count = json_integer_value(store_get(store, SECTION, name, key));

	/* The stored value may be damaged, and the caller adds one to it. */
	return (int)(count < 0 ? 0 : count > COUNT_MAX ? COUNT_MAX : count);
}

static void log_end(const struct crash *before)
{
	const char *what = before->signo > 0 ? "crashed" : "ended unexpectedly";
	char how[96];

	if (before->signo == CRASH_MARKER_HANG)
		snprintf(how, sizeof(how),
			"it did not return within callback_max, so vigild was aborted");
	else if (before->signo > 0)
		snprintf(how, sizeof(how), "signal %d (%s)", before->signo,
			strsignal(before->signo));
	else
		snprintf(how, sizeof(how), "%s",
			before->signo < 0 ? "exit was called" : "SIGKILL, or _exit was called");
	if (before->name[0] != '\0')
		log_write(LEVEL_ERROR, before->name, "the previous vigild %s %s: %s", what,
			before->loading ? "while it opened the module of this name"
					: "in a callback of this daemon",
			how);
	else
		log_warn("the previous vigild %s: %s", what, how);
}

void quarantine_review(struct store *store, const char *dir)
{
	struct crash before;
	const char *key;
	int count;

	if (crash_marker_open(dir, &before) != 0 || before.clean)
		return;
	if (before.name[0] != '\0' && !text_is_daemon_name(before.name))
		return; /* not a name of ours: another process with write access wrote it */
	log_end(&before);
	key = before.loading ? OPENED : IN_A_ROW;
	count = before.name[0] != '\0' && before.lived < LONG ? count_of(store, before.name, key)
							      : 0;
	quarantine_forgive(store);
	if (before.name[0] == '\0')
		return;
	store_put_new(store, SECTION, before.name, key, json_integer(count + 1));
	store_save(store, false); /* saved now, because the next crash may follow soon */
}

unsigned quarantine_count(struct store *store, const char *name, double lived)
{
	int count = (lived < LONG ? count_of(store, name, APART) : 0) + 1;

	store_put_new(store, SECTION, name, APART, json_integer(count));
	return (unsigned)count;
}

bool quarantine_has(struct store *store, const char *name, char *why, size_t size)
{
	int count = count_of(store, name, IN_A_ROW), apart = count_of(store, name, APART);

	if (count >= ENOUGH)
		snprintf(why, size,
			"quarantined: vigild crashed in its callbacks %d times in a row; `vigilctl "
			"resume %s` starts it again",
			count, name);
	else if (apart >= ENOUGH)
		snprintf(why, size,
			"quarantined: its process ended %d times in a row; `vigilctl resume %s` "
			"starts it again",
			apart, name);
	return count >= ENOUGH || apart >= ENOUGH;
}

bool quarantine_has_module(struct store *store, const char *module, char *why, size_t size)
{
	int count = count_of(store, module, OPENED);

	if (count < ENOUGH)
		return false;
	snprintf(why, size,
		"quarantined: vigild crashed %d times in a row while it opened the module %s; "
		"`vigilctl resume` of one of its daemons opens it again",
		count, module);
	return true;
}

static bool release(struct store *store, const char *name, const char *key)
{
	if (count_of(store, name, key) < ENOUGH)
		return false;
	store_put(store, SECTION, name, key, NULL);
	store_save(store, false); /* saved now, because the daemon may crash vigild again */
	return true;
}

bool quarantine_release(struct store *store, const char *name)
{
	bool released = release(store, name, APART);

	return release(store, name, IN_A_ROW) || released;
}

bool quarantine_release_module(struct store *store, const char *module)
{
	return release(store, module, OPENED);
}

static void forgive(struct store *store, const char *name, const char *key)
{
	int count = count_of(store, name, key);

	if (count > 0 && count < ENOUGH)
		store_put(store, SECTION, name, key, NULL);
}

void quarantine_forgive(struct store *store)
{
	const char *name;
	json_t *entry;

	json_object_foreach(store_section(store, SECTION), name, entry) {
		forgive(store, name, IN_A_ROW);
		forgive(store, name, OPENED);
		forgive(store, name, APART);
	}
}
