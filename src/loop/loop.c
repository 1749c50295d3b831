/*
 * loop: the one libevent base, its timers, signals and lag.
 *
 * Who owns what, on every floor:
 *
 *   thing                                             loop thread           worker
 *   state, config, daemons, modules, sockets, log     owns                  never touches
 *   a job: copied names, verb, result                 before submit,        in between
 *                                                     after it is reaped
 *   queue, done list, eventfd                         lock, swap, unlock    lock, append, poke
 *
 * libevent has timers of its own; what it lacks is kept here.  Its persistent timers drift by
 * every callback's length and drop what they missed without a word, so each timer here knows
 * when it is due on a grid of its own and is armed anew, one shot at a time.  First fires are
 * spread over a second but put on a common grid of a tenth, so that ten thousand timers neither
 * fire at once nor wake the loop ten thousand times.
 *
 * Lag is how late timers fire.  A loop that a callback holds up is late with whatever falls due
 * meanwhile, so this needs no timer of its own, and an idle host sleeps.
 */
#include "loop/loop.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/memory.h"

/* A fire this early counts as due: epoll's timeout has the grain of a millisecond. */
#define EARLY (CLOCK_MS)

/* No more than so much time or so many callbacks between two looks at timers and descriptors:
 * an event that activates itself again would starve the timers otherwise. */
#define DISPATCH_USEC 10000
#define DISPATCH_MAX  64

/* Lateness is counted in buckets of a quarter of a power of two of microseconds, in slots of
 * ten seconds; six slots are the last minute. */
#define LAG_BUCKETS 128
#define LAG_SLOTS   6
#define LAG_SLOT    (10 * CLOCK_SECOND)

struct lag {
	double last, max;
	uint64_t slot; /* the number of the current slot since boot */
	uint32_t counts[LAG_SLOTS][LAG_BUCKETS];
};

struct loop {
	struct event_base *base;
	struct lag lag;
};

struct loop_timer {
	struct loop *loop;
	struct event *event;
	uint64_t due;      /* 0: not armed */
	uint64_t interval; /* 0: one shot */
	loop_timer_fn *fn;
	void *arg;
};

struct loop_signal {
	struct event *event;
	loop_signal_fn *fn;
	void *arg;
};

static pthread_t owner;

bool loop_is_owner(void)
{
	return pthread_equal(owner, pthread_self());
}

struct loop *loop_new(void)
{
	const struct timeval interval = {.tv_usec = DISPATCH_USEC};
	struct event_config *config;
	struct loop *loop = memory_zero(sizeof(*loop));

	/* Before anything else of libevent, which has all it owns from there. */
	event_set_mem_functions(memory_library_alloc, memory_library_grow, free);
	config = event_config_new();
	if (config == NULL)
		goto fail;
	/* The coarse clock fires up to 6 ms late; an environment variable must not be able to
	 * switch on the epoll changelist, which breaks with duplicated descriptors. */
	event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
	event_config_set_flag(config, EVENT_BASE_FLAG_IGNORE_ENV);
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	event_config_set_max_dispatch_interval(config, &interval, DISPATCH_MAX, 0);
	loop->base = event_base_new_with_config(config);
	if (loop->base == NULL)
		goto fail;
	event_config_free(config);
	owner = pthread_self();
	return loop;
fail:
	if (config != NULL)
		event_config_free(config);
	free(loop);
	errno = ENOMEM;
	return NULL;
}

void loop_free(struct loop *loop)
{
	if (loop == NULL)
		return;
	event_base_free(loop->base);
	free(loop);
}

struct event_base *loop_base(struct loop *loop)
{
	return loop->base;
}

int loop_run(struct loop *loop)
{
	return event_base_loop(loop->base, EVLOOP_NO_EXIT_ON_EMPTY) < 0 ? -EIO : 0;
}

void loop_turn(struct loop *loop, bool wait)
{
	event_base_loop(loop->base, wait ? EVLOOP_ONCE : EVLOOP_NONBLOCK);
}

void loop_stop(struct loop *loop)
{
	event_base_loopbreak(loop->base);
}

/* --- lag ---------------------------------------------------------------------------------- */

static unsigned lag_bucket(uint64_t late)
{
	double quarter = 4.0 * log2((double)late / 1e3 + 1.0);

	return quarter >= LAG_BUCKETS ? LAG_BUCKETS - 1 : (unsigned)quarter;
}

/* Forgets the slots that have passed out of the minute. */
static void lag_turn(struct lag *lag, uint64_t now)
{
	uint64_t slot = now / LAG_SLOT;

	if (slot - lag->slot >= LAG_SLOTS)
		memset(lag->counts, 0, sizeof(lag->counts));
	else
		for (uint64_t i = lag->slot + 1; i <= slot; i++)
			memset(lag->counts[i % LAG_SLOTS], 0, sizeof(lag->counts[0]));
	lag->slot = slot;
}

static void lag_note(struct lag *lag, uint64_t now, uint64_t late)
{
	lag_turn(lag, now);
	lag->counts[lag->slot % LAG_SLOTS][lag_bucket(late)]++;
	lag->last = clock_to_seconds(late);
	if (lag->last > lag->max)
		lag->max = lag->last;
}

/* The upper bound of the bucket in which the 99th of a hundred falls. */
static double lag_p99(const struct lag *lag)
{
	uint64_t total = 0, above = 0;
	unsigned b;

	for (unsigned s = 0; s < LAG_SLOTS; s++)
		for (b = 0; b < LAG_BUCKETS; b++)
			total += lag->counts[s][b];
	if (total == 0)
		return 0;
	for (b = LAG_BUCKETS; b-- > 0;) {
		for (unsigned s = 0; s < LAG_SLOTS; s++)
			above += lag->counts[s][b];
		if (above * 100 > total)
			break;
	}
	return fmin((exp2((b + 1) / 4.0) - 1.0) / 1e6, lag->max);
}

void loop_lag(struct loop *loop, struct loop_lag *lag)
{
	lag_turn(&loop->lag, clock_now());
	lag->last = loop->lag.last;
	lag->max = loop->lag.max;
	lag->p99 = lag_p99(&loop->lag);
}

/* --- timers --------------------------------------------------------------------------------- */

static int timer_arm(struct loop_timer *timer)
{
	struct timeval delay = {0};
	uint64_t now = clock_now(), wait = 0;

	if (timer->due > now)
		wait = (timer->due - now) / 1000; /* microseconds */
	delay.tv_sec = (time_t)(wait / 1000000);
	delay.tv_usec = (suseconds_t)(wait % 1000000);
	/* libevent counts from when this turn of the loop began: a long callback before us
	 * would make the fire early by its length. */
	event_base_update_cache_time(timer->loop->base);
	return event_add(timer->event, &delay) < 0 ? -ENOMEM : 0;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct loop_timer *timer = arg;
	uint64_t now = clock_now(), late, missed = 0;

	if (now + EARLY < timer->due) {
		timer_arm(timer);
		return;
	}
	late = now > timer->due ? now - timer->due : 0;
	lag_note(&timer->loop->lag, now, late);
	if (timer->interval != 0) {
		missed = late / timer->interval;
		timer->due += (missed + 1) * timer->interval;
		timer_arm(timer);
	} else {
		timer->due = 0;
	}
	/* The callback may free the timer: nothing is touched after it. */
	timer->fn(missed, timer->arg);
}

static struct loop_timer *timer_new(
	struct loop *loop, uint64_t due, uint64_t interval, loop_timer_fn *fn, void *arg)
{
	struct loop_timer *timer = memory_zero(sizeof(*timer));

	LOOP_ASSERT_OWNER();
	*timer = (struct loop_timer){
		.loop = loop, .due = due, .interval = interval, .fn = fn, .arg = arg};
	timer->event = event_new(loop->base, -1, 0, on_timer, timer);
	if (timer->event == NULL || timer_arm(timer) < 0) {
		loop_timer_free(timer);
		errno = ENOMEM;
		return NULL;
	}
	return timer;
}

/* Ten places within a second, or within the interval where that is less, on a grid that all
 * timers of that kind share. */
static uint64_t first_due(uint64_t interval, uint32_t seed)
{
	uint64_t span = interval < CLOCK_SECOND ? interval : CLOCK_SECOND;
	uint64_t grid = span / 10;

	return (clock_now() / grid + 1 + seed % 9) * grid;
}

struct loop_timer *loop_every(
	struct loop *loop, uint64_t interval, uint32_t seed, loop_timer_fn *fn, void *arg)
{
	if (interval < CLOCK_MS) {
		errno = EINVAL;
		return NULL;
	}
	return timer_new(loop, first_due(interval, seed), interval, fn, arg);
}

struct loop_timer *loop_after(struct loop *loop, uint64_t delay, loop_timer_fn *fn, void *arg)
{
	return timer_new(loop, clock_now() + delay, 0, fn, arg);
}

int loop_timer_again(struct loop_timer *timer, uint64_t delay)
{
	timer->due = clock_now() + delay;
	return timer_arm(timer);
}

void loop_timer_stop(struct loop_timer *timer)
{
	event_del(timer->event);
	timer->due = 0;
}

uint64_t loop_timer_due(const struct loop_timer *timer)
{
	return timer->due;
}

void loop_timer_free(struct loop_timer *timer)
{
	if (timer == NULL)
		return;
	LOOP_ASSERT_OWNER();
	if (timer->event != NULL)
		event_free(timer->event);
	free(timer);
}

/* --- signals --------------------------------------------------------------------------------- */

static void on_signal(evutil_socket_t signo, short what, void *arg)
{
	struct loop_signal *sig = arg;

	sig->fn((int)signo, sig->arg);
}

struct loop_signal *loop_on_signal(struct loop *loop, int signo, loop_signal_fn *fn, void *arg)
{
	struct loop_signal *sig = memory_zero(sizeof(*sig));

	sig->fn = fn;
	sig->arg = arg;
	sig->event = evsignal_new(loop->base, signo, on_signal, sig);
	if (sig->event == NULL || event_add(sig->event, NULL) < 0) {
		loop_signal_free(sig);
		errno = ENOMEM;
		return NULL;
	}
	return sig;
}

void loop_signal_free(struct loop_signal *sig)
{
	if (sig == NULL)
		return;
	if (sig->event != NULL)
		event_free(sig->event);
	free(sig);
}
