/*
 * day: the levels of a daemon's health during the last 24 hours.
 *
 * A day has DAY_SLOTS slots of DAY_SLOT seconds.  Each slot has a letter for the worst level that
 * was recorded in it.  The record is part of the store, so it survives a restart of vigild.
 */
#ifndef DAY_H
#define DAY_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

struct loop;
struct state;
struct store;
struct vigil_daemon;

#define DAY_SLOTS 144
#define DAY_SLOT  600 /* seconds */

/* The letters, from the least to the worst: no data, OK, paused, UNKNOWN, WARNING, CRITICAL. */
#define DAY_LETTERS ".OPUWC"

struct day {
	int64_t slot;               /* number of the last slot: seconds since 1970 / DAY_SLOT */
	char levels[DAY_SLOTS + 1]; /* oldest first */
};

/* Moves the day so that it ends with this slot.  Slots that were not recorded have no data.  If the
 * slot is before the last one, because the clock was set back, the slots that are now in the future
 * are dropped. */
void day_move(struct day *day, int64_t slot);
/* Records a letter for the last slot.  The slot keeps the worse letter.  False: nothing changed. */
bool day_add(struct day *day, char letter);
/* The form in the store. day_read makes a day without data from a damaged text. */
json_t *day_json(const struct day *day);
void day_read(struct day *day, const json_t *text);

/* --- the days of all daemons ------------------------------------------------------------------ */

struct days;

/* Callbacks that find a daemon: by its name, and the first one after a name (NULL: no more). */
typedef struct vigil_daemon *day_find_fn(const char *name, void *arg);

struct days_source {
	day_find_fn *find, *after;
	void *arg;
};

/* Records the level of each daemon when it changes and at the start of each slot. */
struct days *days_new(struct loop *loop, struct state *state, struct store *store,
	const struct days_source *source);
void days_free(struct days *days);
/* Records every daemon for the current slot, from the next run of the loop on.  The timer calls it
 * at the start of a slot. */
void days_slot_begins(struct days *days);

/* The value of /runs/NAME/day, {slot_seconds, end, levels}: a new reference. */
json_t *days_account(struct days *days, const struct vigil_daemon *d);

#endif
