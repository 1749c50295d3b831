/*
 * api_time: the timers of vigil.h.
 *
 * Each timer is a loop timer that belongs to a daemon.  The loop chooses from a seed at which time
 * within a second the timers of vigil_every fire.  The seed is a hash of the host's name and the
 * daemon's name.  So these timers of one daemon fire together, and the loop wakes up once for them.
 *
 * A timer of vigil_at waits for the next point in time, but for a minute at most, and finds out by
 * the clock which points have been passed since it last fired.
 */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/calendar.h"
#include "base/memory.h"
#include "base/text.h"
#include "daemon/candidate.h"
#include "daemon/daemon_internal.h"
#include "loop/loop.h"
#include "service/service.h"

#define INTERVAL_MIN 0.01
/* Seconds after which a timer of vigil_at reads the clock again, because the loop's clock stops
 * during a suspend, and because the clock or the time zone may have been set. */
#define RECHECK      60.0
#define MISSED_MAX   1000 /* of one tick */
#define INTERVAL_MAX (366 * 86400.0)

struct timer {
	struct resource resource; /* must be the first member */
	struct loop_timer *timer;
	vigil_tick_fn *fn;
	void *arg;
	unsigned round;          /* the last round of daemon_tick_now in which it fired */
	struct appointments *at; /* only for vigil_at, else NULL; owned */
};

/* Which points in time a timer of vigil_at has handled.  Times are seconds since 1970. */
struct appointments {
	struct calendar_times *times;   /* owned */
	struct loop_clock_watch *watch; /* owned */
	time_t seen;                    /* all points up to this time have been handled */
	time_t done;                    /* the last point at which the timer fired; 0: none */
	time_t next;                    /* the next point; 0: none */
};

static void timer_free(struct resource *resource)
{
	struct timer *timer = (struct timer *)resource;

	loop_timer_free(timer->timer);
	if (timer->at != NULL) {
		loop_clock_watch_free(timer->at->watch);
		free(timer->at->times);
		free(timer->at);
	}
	free(timer);
}

static void call(struct vigil_daemon *d, vigil_tick_fn *fn, void *arg)
{
	uint64_t entered = daemon_enter(d, "tick");

	fn(d, arg);
	daemon_leave(d, entered);
}

static void count_tick(struct vigil_daemon *d, uint64_t missed)
{
	d->counts.ticks++;
	d->counts.missed += missed;
	clock_gettime(CLOCK_REALTIME, &d->counts.last_tick);
}

static void tick(struct timer *timer, uint64_t missed)
{
	count_tick(timer->resource.daemon, missed);
	call(timer->resource.daemon, timer->fn, timer->arg); /* may free the timer */
}

/* A daemon that rests is not woken: nothing of it is touched but its counters. */
static void on_every(uint64_t missed, void *arg)
{
	struct timer *timer = arg;
	struct vigil_daemon *d = timer->resource.daemon;

	if (d->resting != NULL && service_is_as_known(d->resting, d->resting_since))
		count_tick(d, missed);
	else
		tick(timer, missed);
}

static void on_after(uint64_t missed, void *arg)
{
	struct timer *timer = arg;
	struct vigil_daemon *d = timer->resource.daemon;
	vigil_tick_fn *fn = timer->fn;
	void *fn_arg = timer->arg;

	daemon_free_resource(&timer->resource);
	call(d, fn, fn_arg);
}

static bool fire(struct resource *resource)
{
	struct timer *timer = (struct timer *)resource;

	if (timer->round == resource->daemon->round)
		return false;
	timer->round = resource->daemon->round;
	tick(timer, 0);
	return true;
}

static time_t next_of(const struct resource *resource)
{
	const struct timer *timer = (const struct timer *)resource;

	return timer->at != NULL ? timer->at->next : 0;
}

static const struct resource_kind every_kind = {.free = timer_free, .fire = fire, .next = next_of};
static const struct resource_kind after_kind = {.free = timer_free};

/* The seed of the timers.  It includes the host's name, so that daemons with the same name on two
 * hosts do not tick at the same time. */
static uint32_t place_of(const vigil_daemon *d)
{
	static char host[HOST_NAME_MAX + 1];

	if (host[0] == '\0')
		gethostname(host, sizeof(host) - 1);
	return text_hash(d->name, text_hash(host, TEXT_HASH));
}

enum kind { ONCE, PERIODIC, SPREAD };

static struct loop_timer *arm(
	struct timer *timer, const vigil_daemon *d, enum kind kind, uint64_t ns)
{
	struct loop *loop = d->environment->loop;

	if (kind == ONCE)
		return loop_after(loop, ns, on_after, timer);
	return (kind == SPREAD ? loop_every_spread : loop_every)(
		loop, ns, place_of(d), on_every, timer);
}

static struct timer *timer_alloc(const vigil_daemon *d, vigil_tick_fn *fn, void *arg)
{
	struct timer *timer = memory_zero(sizeof(*timer));

	timer->fn = fn;
	timer->arg = arg;
	timer->round = d->round;
	return timer;
}

static int timer_new(vigil_daemon *d, double seconds, enum kind kind, vigil_tick_fn *fn, void *arg)
{
	struct timer *timer;

	if (fn == NULL)
		return daemon_refuse(d, EINVAL, "a timer without a callback");
	if (!(seconds >= (kind != ONCE ? INTERVAL_MIN : 0)) || seconds > INTERVAL_MAX)
		return daemon_refuse(d, EINVAL, "a timer of %g s is out of range", seconds);
	timer = timer_alloc(d, fn, arg);
	timer->timer = arm(timer, d, kind, clock_from_seconds(seconds));
	daemon_attach(d, &timer->resource, kind != ONCE ? &every_kind : &after_kind);
	return 0;
}

int vigil_every(vigil_daemon *d, double interval, vigil_tick_fn *cb, void *arg)
{
	if (daemon_is_candidate(d, "vigil_every"))
		return -EPERM;
	return timer_new(d, interval, PERIODIC, cb, arg);
}

int vigil_every_spread(vigil_daemon *d, double interval, vigil_tick_fn *cb, void *arg)
{
	if (daemon_is_candidate(d, "vigil_every_spread"))
		return -EPERM;
	return timer_new(d, interval, SPREAD, cb, arg);
}

int vigil_after(vigil_daemon *d, double delay, vigil_tick_fn *cb, void *arg)
{
	if (daemon_is_candidate(d, "vigil_after"))
		return -EPERM;
	return timer_new(d, delay, ONCE, cb, arg);
}

/* --- points in time --------------------------------------------------------------------------- */

static bool find_next(struct appointments *at)
{
	if (!calendar_next_time(at->times, at->seen, at->done, &at->next))
		at->next = 0;
	return at->next != 0;
}

/* Counts the points that have been passed up to now, and leaves the next point in at. */
static uint64_t pass_points(struct appointments *at, time_t now)
{
	uint64_t passed = 0;

	while (find_next(at) && at->next <= now && passed <= MISSED_MAX) {
		at->seen = at->done = at->next;
		passed++;
	}
	at->seen = now;
	find_next(at);
	return passed;
}

static void wait_for_next(struct timer *timer)
{
	const struct appointments *at = timer->at;
	double wait = at->next != 0 ? (double)at->next - clock_seconds(CLOCK_REALTIME) : RECHECK;

	loop_timer_rearm(timer->timer, clock_from_seconds(fmax(0, fmin(wait, RECHECK))));
}

static void on_at(uint64_t missed, void *arg)
{
	struct timer *timer = arg;
	time_t now = (time_t)floor(clock_seconds(CLOCK_REALTIME));
	uint64_t passed;

	if (now < timer->at->seen)
		timer->at->seen = now; /* the clock was set back */
	passed = pass_points(timer->at, now);
	wait_for_next(timer);
	if (passed > 0)
		tick(timer, passed - 1); /* may free the timer */
}

static void on_clock_set(void *arg)
{
	struct timer *timer = arg;

	loop_timer_rearm(timer->timer, 0);
}

/* A timer whose option has no value never fires. */
static struct appointments *appointments_new(
	struct timer *timer, vigil_daemon *d, const struct calendar_times *times)
{
	static const struct calendar_times never;
	struct appointments *at = memory_zero(sizeof(*at));

	at->times = calendar_copy_times(times != NULL ? times : &never);
	at->watch = loop_on_clock_set(d->environment->loop, on_clock_set, timer);
	at->seen = (time_t)floor(clock_seconds(CLOCK_REALTIME));
	find_next(at);
	return at;
}

int vigil_at(vigil_daemon *d, const char *option, vigil_tick_fn *cb, void *arg)
{
	const struct option_value *value;
	struct timer *timer;

	if (daemon_is_candidate(d, "vigil_at"))
		return -EPERM;
	value = d->options != NULL ? option_get(d->options, option) : NULL;
	if (cb == NULL)
		return daemon_refuse(d, EINVAL, "a timer without a callback");
	if (value == NULL || value->schema->type != VIGIL_TIMES)
		return daemon_refuse(
			d, EINVAL, "vigil_at: \"%s\" is not an option with times", option);
	timer = timer_alloc(d, cb, arg);
	timer->timer = loop_after(d->environment->loop, 0, on_at, timer);
	timer->at = appointments_new(timer, d, value->times);
	wait_for_next(timer);
	daemon_attach(d, &timer->resource, &every_kind);
	return 0;
}

/* --- all timers ------------------------------------------------------------------------------- */

int vigil_cancel(vigil_daemon *d, vigil_tick_fn *cb, void *arg)
{
	struct resource *resource, *next;
	int ended = 0;

	if (daemon_is_candidate(d, "vigil_cancel"))
		return -EPERM;
	for (resource = TAILQ_FIRST(&d->resources); resource != NULL; resource = next) {
		struct timer *timer = (struct timer *)resource;

		next = TAILQ_NEXT(resource, link);
		if (resource->kind->free == timer_free && timer->fn == cb && timer->arg == arg) {
			daemon_free_resource(resource);
			ended++;
		}
	}
	return ended;
}

double vigil_now(void)
{
	return clock_to_seconds(clock_now());
}

json_t *vigil_time(void)
{
	return vigil_time_in(0);
}

json_t *vigil_time_in(double seconds)
{
	char text[CLOCK_TEXT];

	return json_string(clock_text_of(text, clock_seconds(CLOCK_REALTIME) + seconds));
}
