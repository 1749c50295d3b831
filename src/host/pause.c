/*
 * pause: maintenance mode.
 *
 * A pause of one hour lasts one hour, even if the clock is set.  Within one boot the end of a pause
 * is measured on CLOCK_BOOTTIME, which cannot be set and which includes suspend.  After a reboot
 * only the time of day is available; but from then on a pause never lasts longer than its whole
 * duration.  The end is shown as a time of day.
 *
 * One timer waits for the earliest end.  It fires at least once a minute, because the loop's clock
 * stops in suspend, and because the shown end changes when the clock is set.
 */
#include "host/pause.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "daemon/daemon.h"
#include "host/boot_clock.h"
#include "loop/loop.h"
#include "persist/store.h"

#define SECTION "paused"
#define RECHECK 60.0
#define STEP    1.0 /* seconds; a larger difference means that the clock was set */
/* The end of the year 9999, the latest time that has a text form. */
#define LAST 253402300799.0

struct pauses {
	pause_daemon_fn *daemon_at;
	void *arg;
	struct loop *loop;
	struct store *store;
	struct loop_timer *timer;
	json_t *boot; /* boot ID, owned; NULL: unknown */
};

static double wall_now(void)
{
	return clock_seconds(CLOCK_REALTIME);
}

static const json_t *kept(const struct pauses *pauses, const char *name, const char *key)
{
	return store_get(pauses->store, SECTION, name, key);
}

/* The end of the pause by the current time of day.  INFINITY: the pause lasts until it is resumed.
 * 0: the daemon is not paused. */
static double end_of(const struct pauses *pauses, const char *name)
{
	const json_t *until = kept(pauses, name, "until"), *boot = kept(pauses, name, "boot"),
		     *ends = kept(pauses, name, "ends"), *length = kept(pauses, name, "seconds");
	double end;

	if (until == NULL)
		return 0;
	if (!json_is_number(until))
		return INFINITY;
	end = json_number_value(until);
	if (json_is_number(ends) && json_equal(boot, pauses->boot))
		end = wall_now() + json_number_value(ends) - clock_seconds(CLOCK_BOOTTIME);
	else if (json_is_number(length))
		end = fmin(end, wall_now() + json_number_value(length));
	return fmin(end, LAST);
}

static const char *kept_text(const struct pauses *pauses, const char *name, const char *key)
{
	const char *text = json_string_value(kept(pauses, name, key));

	return text != NULL ? text : "";
}

static void show(struct vigil_daemon *d, double end, const char *reason, const char *by)
{
	char until[CLOCK_TEXT] = "";

	if (!isinf(end))
		clock_text_at(until, (struct timespec){.tv_sec = (time_t)end});
	daemon_pause(d, until, reason, by);
}

static void show_kept(const struct pauses *pauses, struct vigil_daemon *d, double end)
{
	const char *name = daemon_name(d);

	show(d, end, kept_text(pauses, name, "reason"), kept_text(pauses, name, "by"));
}

static void put_number(struct pauses *pauses, const char *name, const char *key, double number)
{
	store_put_new(
		pauses->store, SECTION, name, key, isinf(number) ? json_null() : json_real(number));
}

static void put_end(struct pauses *pauses, const char *name, double end)
{
	put_number(pauses, name, "until", end);
	put_number(pauses, name, "ends", end - wall_now() + clock_seconds(CLOCK_BOOTTIME));
	store_put(pauses->store, SECTION, name, "boot", pauses->boot);
}

/* If the clock was set or the machine has rebooted, stores and shows the new end. */
static void update_end(struct pauses *pauses, struct vigil_daemon *d)
{
	const char *name = daemon_name(d);
	double end = end_of(pauses, name);

	if (end == 0 || isinf(end) ||
		(json_equal(kept(pauses, name, "boot"), pauses->boot) &&
			fabs(end - json_number_value(kept(pauses, name, "until"))) < STEP))
		return;
	put_end(pauses, name, end);
	show_kept(pauses, d, end);
}

static void wait_for_the_earliest(struct pauses *pauses)
{
	double earliest = INFINITY, end, wait;
	struct vigil_daemon *d;

	for (size_t i = 0; (d = pauses->daemon_at(i, pauses->arg)) != NULL; i++) {
		end = end_of(pauses, daemon_name(d));
		if (end != 0 && end < earliest)
			earliest = end;
	}
	if (isinf(earliest)) {
		loop_timer_stop(pauses->timer);
		return;
	}
	wait = fmax(0, fmin(RECHECK, earliest - wall_now()));
	loop_timer_rearm(pauses->timer, clock_from_seconds(wait));
}

/* Makes the timer fire at this end or earlier.  It does not search the other pauses, because a
 * request may pause thousands of daemons. */
static void wait_at_most_until(struct pauses *pauses, double end)
{
	uint64_t due = loop_timer_due(pauses->timer),
		 wait = clock_from_seconds(fmax(0, fmin(RECHECK, end - wall_now())));

	if (!isinf(end) && (due == 0 || clock_now() + wait < due))
		loop_timer_rearm(pauses->timer, wait);
}

static void on_end(uint64_t missed, void *arg)
{
	struct pauses *pauses = arg;
	struct vigil_daemon *d;
	double end;

	for (size_t i = 0; (d = pauses->daemon_at(i, pauses->arg)) != NULL; i++) {
		update_end(pauses, d);
		end = end_of(pauses, daemon_name(d));
		if (end != 0 && end <= wall_now())
			pause_stop(pauses, d);
	}
	wait_for_the_earliest(pauses);
}

void pause_start(struct pauses *pauses, struct vigil_daemon *d, double seconds, const char *reason,
	const char *by)
{
	const char *name = daemon_name(d);
	double end = seconds > 0 ? fmin(wall_now() + seconds, LAST) : INFINITY;

	put_end(pauses, name, end);
	put_number(pauses, name, "seconds", seconds > 0 ? seconds : INFINITY);
	store_put_new(pauses->store, SECTION, name, "reason", json_string(reason));
	store_put_new(pauses->store, SECTION, name, "by", json_string(by));
	show(d, end, reason, by);
	log_write(LEVEL_NOTICE, name, "paused%s%s%s%s", by[0] != '\0' ? " by " : "", by,
		reason[0] != '\0' ? ": " : "", reason);
	wait_at_most_until(pauses, end);
}

static void forget(struct pauses *pauses, const char *name)
{
	static const char *const keys[] = {"until", "ends", "boot", "seconds", "reason", "by"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		store_put(pauses->store, SECTION, name, keys[i], NULL);
}

void pause_stop(struct pauses *pauses, struct vigil_daemon *d)
{
	const char *name = daemon_name(d);

	if (end_of(pauses, name) == 0)
		return;
	forget(pauses, name);
	log_write(LEVEL_NOTICE, name, "resumed");
	daemon_resume(d);
}

void pause_restore(struct pauses *pauses, struct vigil_daemon *d)
{
	const char *name = daemon_name(d);
	double end = end_of(pauses, name);

	if (end == 0)
		return;
	if (end <= wall_now()) {
		forget(pauses, name);
		return;
	}
	show_kept(pauses, d, end);
	if (!isinf(end))
		loop_timer_rearm(pauses->timer, 0); /* fires after the host has listed d */
}

struct pauses *pauses_new(
	struct loop *loop, struct store *store, pause_daemon_fn *daemon_at, void *arg)
{
	struct pauses *pauses = memory_zero(sizeof(*pauses));

	*pauses = (struct pauses){.daemon_at = daemon_at, .arg = arg, .loop = loop, .store = store};
	pauses->timer = loop_after(loop, 0, on_end, pauses);
	if (pauses->timer == NULL) {
		free(pauses);
		return NULL;
	}
	loop_timer_stop(pauses->timer);
	pauses->boot = boot_clock_id();
	return pauses;
}

void pauses_free(struct pauses *pauses)
{
	if (pauses == NULL)
		return;
	loop_timer_free(pauses->timer);
	json_decref(pauses->boot);
	free(pauses);
}
