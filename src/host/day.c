/*
 * day: see day.h.  The store has the only copy, one short text for each daemon, so the day of one
 * daemon needs less than 512 bytes of memory.  The texts are spread over BUCKETS objects, because
 * the store writes one object at a time and the loop thread must not block.
 *
 * A level is recorded when it changes (a watch of /runs) and when a slot begins (a timer that
 * handles at most BATCH daemons in one run of the loop).  So a slot during which vigild or the
 * machine was stopped has no data: it does not take the level of the previous slot.
 */
#include "host/day.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "daemon/daemon.h"
#include "loop/loop.h"
#include "persist/store.h"
#include "state/state.h"

#define SECTION  "day"
#define BUCKETS  64
#define BATCH    64
#define RECHECK  60 /* seconds, because the loop's clock stops in suspend and the time may be set */
#define DAY_NAME 128

struct days {
	struct store *store;
	struct days_source source;
	struct state_watch *watch;
	struct loop_timer *timer;
	int64_t slot;        /* the current slot */
	char name[DAY_NAME]; /* the last daemon recorded for the slot; "": none */
	bool done;           /* all daemons are recorded */
};

/* --- one day ---------------------------------------------------------------------------------- */

static void day_clear(struct day *day, int64_t slot)
{
	day->slot = slot;
	memset(day->levels, '.', DAY_SLOTS);
	day->levels[DAY_SLOTS] = '\0';
}

void day_move(struct day *day, int64_t slot)
{
	int64_t by = slot - day->slot;

	if (by >= DAY_SLOTS || by <= -DAY_SLOTS) {
		day_clear(day, slot);
	} else if (by > 0) {
		memmove(day->levels, day->levels + by, (size_t)(DAY_SLOTS - by));
		memset(day->levels + DAY_SLOTS - by, '.', (size_t)by);
	} else if (by < 0) {
		memmove(day->levels - by, day->levels, (size_t)(DAY_SLOTS + by));
		memset(day->levels, '.', (size_t)-by);
	}
	day->slot = slot;
}

/* -1: not one of the letters. */
static int rank_of(char letter)
{
	const char *at = letter != '\0' ? strchr(DAY_LETTERS, letter) : NULL;

	return at != NULL ? (int)(at - DAY_LETTERS) : -1;
}

bool day_add(struct day *day, char letter)
{
	char *last = &day->levels[DAY_SLOTS - 1];

	if (rank_of(letter) <= rank_of(*last))
		return false;
	*last = letter;
	return true;
}

json_t *day_json(const struct day *day)
{
	char text[DAY_SLOTS + 32];

	snprintf(text, sizeof(text), "%lld %s", (long long)day->slot, day->levels);
	return json_string(text);
}

void day_read(struct day *day, const json_t *text)
{
	const char *at = json_is_string(text) ? json_string_value(text) : "";
	char *end = NULL;
	long long slot = strtoll(at, &end, 10);

	day_clear(day, 0);
	if (end == at || *end != ' ' || slot < 0 || strlen(++end) != DAY_SLOTS ||
		strspn(end, DAY_LETTERS) != DAY_SLOTS)
		return;
	day->slot = slot;
	memcpy(day->levels, end, DAY_SLOTS);
}

/* --- the store -------------------------------------------------------------------------------- */

static int64_t slot_now(void)
{
	return (int64_t)floor(clock_seconds(CLOCK_REALTIME) / DAY_SLOT);
}

static const char *bucket_of(const char *name, char bucket[4])
{
	snprintf(bucket, 4, "%02x", (unsigned)(text_hash(name, TEXT_HASH) % BUCKETS));
	return bucket;
}

/* The letter for the daemon's current level. */
static char letter_of(const struct vigil_daemon *d)
{
	const char *level = daemon_level(d);

	if (daemon_status(d) == DAEMON_PAUSED)
		return 'P';
	return level != NULL ? level[0] : '.'; /* first letter of OK, UNKNOWN, WARNING, CRITICAL */
}

static void get_day(const struct days *days, const char *name, struct day *day)
{
	char bucket[4];

	day_read(day, store_get(days->store, SECTION, bucket_of(name, bucket), name));
	day_move(day, slot_now());
}

static void record(struct days *days, const struct vigil_daemon *d)
{
	const char *name = daemon_name(d);
	struct day day;
	char bucket[4];

	get_day(days, name, &day);
	if (day_add(&day, letter_of(d)))
		store_put_new(days->store, SECTION, bucket_of(name, bucket), name, day_json(&day));
}

/* Removes old days.  The day of a daemon that is not enabled is kept until it is older than 24
 * hours.  Each slot checks one bucket. */
static void forget_old(struct days *days, int64_t slot)
{
	char bucket[4];
	const char *name;
	json_t *names, *text;
	void *next;
	struct day day;

	snprintf(bucket, sizeof(bucket), "%02x", (unsigned)(slot % BUCKETS));
	names = json_object_get(store_section(days->store, SECTION), bucket);
	json_object_foreach_safe(names, next, name, text) {
		day_read(&day, text);
		if (slot - day.slot >= DAY_SLOTS &&
			days->source.find(name, days->source.arg) == NULL)
			store_put(days->store, SECTION, bucket, name, NULL);
	}
}

/* --- triggers --------------------------------------------------------------------------------- */

static void on_change(uint64_t revision, const char *pointer, json_t *value, void *arg)
{
	struct days *days = arg;
	struct vigil_daemon *d;
	char name[DAY_NAME];
	const char *rest = json_pointer_step(pointer, name, sizeof(name)); /* "/runs" */

	if (rest == NULL || *rest == '\0' || value == NULL)
		return;
	rest = json_pointer_step(rest, name, sizeof(name));
	if (rest == NULL || strcmp(rest, "/health") != 0)
		return;
	d = days->source.find(name, days->source.arg);
	if (d != NULL)
		record(days, d);
}

/* Records the next BATCH daemons for this slot.  False: there are no more. */
static bool record_some(struct days *days)
{
	struct vigil_daemon *d;

	for (unsigned i = 0; i < BATCH; i++) {
		d = days->source.after(days->name, days->source.arg);
		if (d == NULL)
			return false;
		record(days, d);
		snprintf(days->name, sizeof(days->name), "%s", daemon_name(d));
	}
	return true;
}

static void wait_for_the_next_slot(struct days *days)
{
	double now = clock_seconds(CLOCK_REALTIME);
	double left = (floor(now / DAY_SLOT) + 1) * DAY_SLOT - now;

	loop_timer_rearm(days->timer, clock_from_seconds(fmin(left + 0.01, RECHECK)));
}

void days_slot_begins(struct days *days)
{
	days->slot = slot_now();
	days->name[0] = '\0';
	days->done = false;
	forget_old(days, days->slot);
	loop_timer_rearm(days->timer, 0);
}

static void on_timer(uint64_t missed, void *arg)
{
	struct days *days = arg;

	if (slot_now() != days->slot) {
		days_slot_begins(days);
	} else if (!days->done && record_some(days)) {
		loop_timer_rearm(days->timer, 0);
	} else {
		days->done = true;
		wait_for_the_next_slot(days);
	}
}

/* --- creating and freeing --------------------------------------------------------------------- */

struct days *days_new(struct loop *loop, struct state *state, struct store *store,
	const struct days_source *source)
{
	struct days *days = memory_zero(sizeof(*days));

	days->store = store;
	days->source = *source;
	days->slot = slot_now();
	days->done = true;
	days->watch = state_watch(state, "/runs", on_change, days);
	days->timer = loop_after(loop, 0, on_timer, days);
	return days;
}

void days_free(struct days *days)
{
	if (days == NULL)
		return;
	state_unwatch(days->watch);
	loop_timer_free(days->timer);
	free(days);
}

json_t *days_account(struct days *days, const struct vigil_daemon *d)
{
	struct day day;
	char end[CLOCK_TEXT];

	get_day(days, daemon_name(d), &day);
	day_add(&day, letter_of(d));
	clock_text_at(end, (struct timespec){.tv_sec = (time_t)((day.slot + 1) * DAY_SLOT)});
	return json_pack(
		"{s:i,s:s,s:s}", "slot_seconds", DAY_SLOT, "end", end, "levels", day.levels);
}
