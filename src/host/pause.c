/*
 * pause: maintenance mode.
 *
 * A daemon is paused while an admin's pause lasts, and inside the windows of its option
 * pause_during (pause_window.c).  Neither of the two shortens the other.
 *
 * A pause of one hour lasts one hour, even if the clock is set.  Within one boot the end of a pause
 * is measured on CLOCK_BOOTTIME, which cannot be set and which includes suspend.  After a reboot
 * only the time of day is available; but from then on a pause never lasts longer than its whole
 * duration.  The end is shown as a time of day.
 *
 * One timer waits for the earliest change.  It fires at least once a minute, because the loop's
 * clock stops in suspend, and because the shown end changes when the clock is set.
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
#include "host/pause_internal.h"
#include "loop/loop.h"
#include "persist/store.h"

#define RECHECK 60.0
#define STEP    1.0 /* seconds; a larger difference means that the clock was set */
#define LAST    CLOCK_TEXT_LAST

static double wall_now(void)
{
	return clock_seconds(CLOCK_REALTIME);
}

static const json_t *kept(const struct pauses *pauses, const char *name, const char *key)
{
	return store_get(pauses->store, PAUSE_SECTION, name, key);
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

static void put_number(struct pauses *pauses, const char *name, const char *key, double number)
{
	store_put_new(pauses->store, PAUSE_SECTION, name, key,
		isinf(number) ? json_null() : json_real(number));
}

static void put_end(struct pauses *pauses, const char *name, double end)
{
	put_number(pauses, name, "until", end);
	put_number(pauses, name, "ends", end - wall_now() + clock_seconds(CLOCK_BOOTTIME));
	store_put(pauses->store, PAUSE_SECTION, name, "boot", pauses->boot);
}

/* If the clock was set or the machine has rebooted, stores the new end. */
static void update_end(struct pauses *pauses, const char *name, double end)
{
	if (end != 0 && !isinf(end) &&
		(!json_equal(kept(pauses, name, "boot"), pauses->boot) ||
			fabs(end - json_number_value(kept(pauses, name, "until"))) >= STEP))
		put_end(pauses, name, end);
}

static void forget(struct pauses *pauses, const char *name)
{
	static const char *const keys[] = {"until", "ends", "boot", "seconds", "reason", "by"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		store_put(pauses->store, PAUSE_SECTION, name, keys[i], NULL);
}

/* Returns the end of the pause that an admin asked for, as end_of does.  One that is over is
 * forgotten. */
static double manual_end(struct pauses *pauses, const char *name)
{
	double end = end_of(pauses, name);

	update_end(pauses, name, end);
	if (end == 0 || end > wall_now())
		return end;
	forget(pauses, name);
	return 0;
}

static void show_kept(const struct pauses *pauses, struct vigil_daemon *d)
{
	const char *name = daemon_name(d);
	const json_t *until = kept(pauses, name, "until");
	/* The stored end is shown, because each computation of it differs by some microseconds. */
	double end = json_is_number(until) ? fmin(json_number_value(until), LAST) : 0;

	daemon_pause(d, clock_to_time(end), kept_text(pauses, name, "reason"),
		kept_text(pauses, name, "by"));
}

static void show_window(struct vigil_daemon *d, const struct pause_window *window)
{
	if (!vigil_paused(d) && daemon_status(d) == DAEMON_RUNNING)
		log_write(LEVEL_NOTICE, daemon_name(d), "paused by pause_during: %s", window->text);
	daemon_pause(d, isinf(window->end) ? 0 : clock_to_time(window->end), window->text,
		"pause_during");
}

static void resume(struct vigil_daemon *d)
{
	if (!vigil_paused(d))
		return;
	log_write(LEVEL_NOTICE, daemon_name(d), "resumed");
	daemon_resume(d);
}

/* Pauses or resumes the daemon, as its pauses say; the one that ends last is shown.  Returns when
 * to look again; INFINITY: never. */
static double refresh(struct pauses *pauses, struct vigil_daemon *d)
{
	double end = manual_end(pauses, daemon_name(d));
	struct pause_window window = pause_window_at(pauses, d, (time_t)wall_now());

	if (end == 0 && window.end == 0)
		resume(d);
	else if (end >= window.end)
		show_kept(pauses, d);
	else
		show_window(d, &window);
	return end != 0 ? fmin(end, window.change) : window.change;
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
	double earliest = INFINITY;
	struct vigil_daemon *d;

	for (size_t i = 0; (d = pauses->daemon_at(i, pauses->arg)) != NULL; i++)
		earliest = fmin(earliest, refresh(pauses, d));
	if (isinf(earliest))
		loop_timer_stop(pauses->timer);
	else
		loop_timer_rearm(pauses->timer,
			clock_from_seconds(fmax(0, fmin(RECHECK, earliest - wall_now()))));
}

static void on_clock_set(void *arg)
{
	struct pauses *pauses = arg;

	loop_timer_rearm(pauses->timer, 0);
}

void pause_start(struct pauses *pauses, struct vigil_daemon *d, double seconds, const char *reason,
	const char *by)
{
	const char *name = daemon_name(d);
	double end = seconds > 0 ? fmin(wall_now() + seconds, LAST) : INFINITY;

	put_end(pauses, name, end);
	put_number(pauses, name, "seconds", seconds > 0 ? seconds : INFINITY);
	store_put_new(pauses->store, PAUSE_SECTION, name, "reason", json_string(reason));
	store_put_new(pauses->store, PAUSE_SECTION, name, "by", json_string(by));
	log_write(LEVEL_NOTICE, name, "paused%s%s%s%s", by[0] != '\0' ? " by " : "", by,
		reason[0] != '\0' ? ": " : "", reason);
	refresh(pauses, d);
	wait_at_most_until(pauses, end);
}

double pause_left(struct pauses *pauses, const struct vigil_daemon *d)
{
	double end = manual_end(pauses, daemon_name(d));

	return end == 0 || isinf(end) ? end : fmax(end - wall_now(), 1);
}

const char *pause_reason(const struct pauses *pauses, const struct vigil_daemon *d)
{
	return kept_text(pauses, daemon_name(d), "reason");
}

const char *pause_by(const struct pauses *pauses, const struct vigil_daemon *d)
{
	return kept_text(pauses, daemon_name(d), "by");
}

void pause_withdraw(struct pauses *pauses, struct vigil_daemon *d)
{
	if (end_of(pauses, daemon_name(d)) != 0)
		forget(pauses, daemon_name(d));
	refresh(pauses, d);
}

bool pause_stop(struct pauses *pauses, struct vigil_daemon *d)
{
	bool paused = vigil_paused(d);

	pause_window_skip(pauses, d, (time_t)wall_now());
	pause_withdraw(pauses, d);
	return paused;
}

void pause_refresh(struct pauses *pauses, struct vigil_daemon *d)
{
	if (!isinf(refresh(pauses, d)))
		loop_timer_rearm(pauses->timer, 0); /* fires after the host has listed d */
}

struct pauses *pauses_new(
	struct loop *loop, struct store *store, pause_daemon_fn *daemon_at, void *arg)
{
	struct pauses *pauses = memory_zero(sizeof(*pauses));

	*pauses = (struct pauses){.daemon_at = daemon_at, .arg = arg, .loop = loop, .store = store};
	pauses->timer = loop_once(loop, on_end, pauses);
	pauses->clock_watch = loop_on_clock_set(loop, on_clock_set, pauses);
	pauses->boot = boot_clock_id();
	return pauses;
}

void pauses_free(struct pauses *pauses)
{
	if (pauses == NULL)
		return;
	loop_clock_watch_free(pauses->clock_watch);
	loop_timer_free(pauses->timer);
	free(pauses->last.calendar);
	json_decref(pauses->boot);
	free(pauses);
}
