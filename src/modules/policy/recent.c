/*
 * recent: see recent.h.
 *
 * The record contains the ID of the boot in which it was written, and the time of writing on
 * CLOCK_BOOTTIME and on CLOCK_REALTIME.
 */
#include "recent.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define BOOT_ID "/proc/sys/kernel/random/boot_id"
#define DAY     86400.0

static double clock_of(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

const char *recent_boot_id(void)
{
	static char id[64];
	FILE *file = id[0] == '\0' ? fopen(BOOT_ID, "re") : NULL;

	if (file == NULL)
		return id;
	if (fgets(id, sizeof(id), file) == NULL)
		id[0] = '\0';
	fclose(file);
	id[strcspn(id, "\n")] = '\0';
	return id;
}

/* --- times ------------------------------------------------------------------------------------ */

void recent_add(struct recent *recent, struct times *times, double when)
{
	if (times->list == NULL)
		times->list = vigil_alloc(recent->daemon, RECENT_MAX * sizeof(*times->list));
	if (times->count == RECENT_MAX)
		memmove(times->list, times->list + 1, --times->count * sizeof(*times->list));
	times->list[times->count++] = when;
}

unsigned recent_count(const struct times *times, double since)
{
	unsigned n = 0;

	while (n < times->count && times->list[times->count - 1 - n] >= since)
		n++;
	return n;
}

double recent_nth(const struct times *times, unsigned n)
{
	return n > 0 && n <= times->count ? times->list[times->count - n] : 0;
}

double recent_burst_free(const struct recent *recent, unsigned burst, double window)
{
	double oldest = recent_nth(&recent->restarts, burst);

	return oldest > 0 ? oldest + window : 0;
}

/* --- the record ------------------------------------------------------------------------------- */

static void forget_old(struct times *times, double now)
{
	unsigned kept = recent_count(times, now - DAY);

	if (kept < times->count)
		memmove(times->list, times->list + times->count - kept,
			kept * sizeof(*times->list));
	times->count = kept;
}

static json_t *times_json(struct times *times, double now, double boot_now)
{
	json_t *list = json_array();

	forget_old(times, now);
	for (unsigned i = 0; i < times->count; i++)
		json_array_append_new(list, json_real(times->list[i] - now + boot_now));
	return list;
}

void recent_save(struct recent *r)
{
	double now = vigil_now(), boot_now = clock_of(CLOCK_BOOTTIME);
	json_t *record = json_pack("{s:s,s:f,s:f,s:o,s:o,s:o,s:i}", "boot", recent_boot_id(),
		"boot_time", boot_now, "time", clock_of(CLOCK_REALTIME), "restarts",
		times_json(&r->restarts, now, boot_now), "recoveries",
		times_json(&r->recoveries, now, boot_now), "respawns",
		times_json(&r->respawns, now, boot_now), "setbacks", (int)r->setbacks);

	if (r->next_try > 0)
		json_object_set_new(record, "next_try", json_real(r->next_try - now + boot_now));
	if (r->restarted > 0)
		json_object_set_new(record, "restarted", json_real(r->restarted - now + boot_now));
	vigil_state_set(r->daemon, r->place, record);
}

static double number(const json_t *record, const char *key)
{
	return json_number_value(json_object_get(record, key));
}

/* Returns the offset to add to a time of the record to get a time on the clock of vigil_now. */
static double offset_of(const json_t *record, double now)
{
	const char *boot = json_string_value(json_object_get(record, "boot"));
	double passed;

	if (boot != NULL && boot[0] != '\0' && strcmp(boot, recent_boot_id()) == 0)
		return now - clock_of(CLOCK_BOOTTIME);
	passed = fmax(0, clock_of(CLOCK_REALTIME) - number(record, "time"));
	return now - passed - number(record, "boot_time");
}

static void take_times(struct recent *r, struct times *times, const json_t *list, double offset)
{
	double now = vigil_now();
	const json_t *when;
	size_t i;

	json_array_foreach(list, i, when)
		if (json_is_number(when))
			recent_add(r, times, fmin(now, json_number_value(when) + offset));
	forget_old(times, now);
}

void recent_open(struct recent *r, vigil_daemon *d, const char *place, double delay_max)
{
	double now = vigil_now(), offset;
	const json_t *record;

	*r = (struct recent){.daemon = d,
		.place = place,
		.restarts.list = r->restarts.list,
		.recoveries.list = r->recoveries.list,
		.respawns.list = r->respawns.list};
	record = vigil_state_get(d, place);
	if (!json_is_object(record))
		return;
	offset = offset_of(record, now);
	take_times(r, &r->restarts, json_object_get(record, "restarts"), offset);
	take_times(r, &r->recoveries, json_object_get(record, "recoveries"), offset);
	take_times(r, &r->respawns, json_object_get(record, "respawns"), offset);
	r->setbacks = (unsigned)fmax(0, fmin(number(record, "setbacks"), 1e6));
	if (json_object_get(record, "next_try") != NULL)
		r->next_try = fmin(now + delay_max, number(record, "next_try") + offset);
	if (json_object_get(record, "restarted") != NULL)
		r->restarted = fmin(now, number(record, "restarted") + offset);
}
