/*
 * api_time: the timers of vigil.h.
 *
 * Each timer is a loop timer that belongs to a daemon.  The loop chooses from a seed at which time
 * within a second the timers of vigil_every fire.  The seed is a hash of the host's name and the
 * daemon's name.  So these timers of one daemon fire together, and the loop wakes up once for them.
 */
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "daemon/candidate.h"
#include "daemon/daemon_internal.h"
#include "loop/loop.h"

#define INTERVAL_MIN 0.01
#define INTERVAL_MAX (366 * 86400.0)

/* The years 1 to 9999, in milliseconds since 1970, because RFC 3339 has four digits for the
 * year. */
#define FIRST_MS -62135596800000.0
#define LAST_MS  253402300799999.0

struct timer {
	struct resource resource; /* must be the first member */
	struct loop_timer *timer;
	vigil_tick_fn *fn;
	void *arg;
	unsigned round; /* the last round of daemon_tick_now in which it fired */
};

static void timer_free(struct resource *resource)
{
	struct timer *timer = (struct timer *)resource;

	loop_timer_free(timer->timer);
	free(timer);
}

static void call(struct vigil_daemon *d, vigil_tick_fn *fn, void *arg)
{
	uint64_t entered = daemon_enter(d);

	fn(d, arg);
	daemon_leave(d, entered);
}

static void tick(struct timer *timer, uint64_t missed)
{
	struct vigil_daemon *d = timer->resource.daemon;

	d->counts.ticks++;
	d->counts.missed += missed;
	clock_gettime(CLOCK_REALTIME, &d->counts.last_tick);
	call(d, timer->fn, timer->arg); /* may free the timer */
}

static void on_every(uint64_t missed, void *arg)
{
	tick(arg, missed);
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

static const struct resource_kind every_kind = {.free = timer_free, .fire = fire};
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

static int timer_new(vigil_daemon *d, double seconds, enum kind kind, vigil_tick_fn *fn, void *arg)
{
	struct timer *timer;

	if (fn == NULL)
		return daemon_refuse(d, EINVAL, "a timer without a callback");
	if (!(seconds >= (kind != ONCE ? INTERVAL_MIN : 0)) || seconds > INTERVAL_MAX)
		return daemon_refuse(d, EINVAL, "a timer of %g s is out of range", seconds);
	timer = memory_zero(sizeof(*timer));
	timer->fn = fn;
	timer->arg = arg;
	timer->round = d->round;
	timer->timer = arm(timer, d, kind, clock_from_seconds(seconds));
	if (timer->timer == NULL) {
		free(timer);
		return daemon_refuse(d, ENOMEM, "no memory for a timer");
	}
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
	struct timespec when;
	double ms;

	clock_gettime(CLOCK_REALTIME, &when);
	ms = (double)when.tv_sec * 1e3 + (double)(when.tv_nsec / 1000000) + seconds * 1e3;
	ms = floor(fmax(FIRST_MS, fmin(ms, LAST_MS)));
	when.tv_sec = (time_t)floor(ms / 1e3);
	when.tv_nsec = (long)(ms - (double)when.tv_sec * 1e3) * 1000000;
	return json_string(clock_text_at(text, when));
}
