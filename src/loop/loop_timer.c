/*
 * loop_timer: timers that keep their phase and share their wake-ups.
 *
 * libevent's persistent timers drift by the length of each callback, and they drop missed fires
 * without reporting them.  So each timer here stores the time at which it is due.  The first fires
 * are on two points of a common grid of half a second, so that ten thousand timers with the same
 * interval wake the loop twice in it, and a slice of them never waits for all others.
 *
 * Timers with the same due time share one libevent event, in a slot, because libevent would
 * otherwise sort ten thousand events again at each fire.  A timer that has fired joins the slot of
 * its next due time.  The first timer with that due time creates the slot.  The slot ends when its
 * last timer leaves it or is freed.  A slot with many timers runs them in slices of limited time.
 *
 * A one-shot timer has its own event, because its due time is seldom that of another timer.
 */
#include <errno.h>
#include <stdlib.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/memory.h"
#include "loop/loop.h"
#include "loop/loop_internal.h"

/* A timer that is up to 1 ms early counts as due, because the timeout of epoll is in
 * milliseconds. */
#define EARLY (CLOCK_MS)

struct timer_slot {
	struct loop *loop;
	struct event *event;
	uint64_t due;
	bool firing; /* on_timer_slot is running its timers and ends it */
	TAILQ_HEAD(, loop_timer) timers;
	SLIST_ENTRY(timer_slot) link;
};

struct loop_timer {
	struct loop *loop;
	uint64_t due;      /* by clock_now; 0: not armed */
	uint64_t interval; /* ns; 0: one-shot */
	uint64_t phase;    /* the offset in the interval, ns, of the fires after the first */
	bool spread;       /* the next fire is the last one that ignores phase */
	loop_timer_fn *fn;
	void *arg;
	struct event *event; /* one-shot timers only */
	struct timer_slot *slot;
	TAILQ_ENTRY(loop_timer) link; /* the other timers of the slot */
};

static void event_at(struct loop *loop, struct event *event, uint64_t due, uint64_t now)
{
	struct timeval delay = {0};
	uint64_t wait = 0;

	if (due > now)
		wait = (due - now) / 1000; /* microseconds */
	delay.tv_sec = (time_t)(wait / 1000000);
	delay.tv_usec = (suseconds_t)(wait % 1000000);
	/* libevent adds the delay to its cached time, which is the time when this iteration of the
	 * loop began.  After a long callback that time is old, and the timer would fire too
	 * early, unless it is due now. */
	if (wait > 0)
		event_base_update_cache_time(loop->base);
	if (event_add(event, &delay) < 0)
		memory_end("out of memory for a timer");
}

/* --- slots ------------------------------------------------------------------------------------ */

static struct timer_slot_list *timer_slot_bucket(struct loop *loop, uint64_t due)
{
	/* Fibonacci hashing, because it spreads due times over all buckets, whatever grid they are
	 * on. */
	return &loop->slots[due * 0x9e3779b97f4a7c15u >> 32 & (TIMER_SLOT_BUCKETS - 1)];
}

void timer_slot_free(struct timer_slot *slot)
{
	if (slot == NULL)
		return;
	event_free(slot->event);
	free(slot);
}

/* Ends an empty slot, whose event is not pending.  The loop keeps one ended slot as a spare,
 * because a timer that does not share its due time would otherwise free and allocate a slot at each
 * fire. */
static void timer_slot_end(struct timer_slot *slot)
{
	struct loop *loop = slot->loop;

	SLIST_REMOVE(timer_slot_bucket(loop, slot->due), slot, timer_slot, link);
	if (loop->spare == NULL)
		loop->spare = slot;
	else
		timer_slot_free(slot);
}

static void timer_slot_leave(struct loop_timer *timer)
{
	struct timer_slot *slot = timer->slot;

	TAILQ_REMOVE(&slot->timers, timer, link);
	timer->slot = NULL;
	if (TAILQ_EMPTY(&slot->timers) && !slot->firing) {
		event_del(slot->event);
		timer_slot_end(slot);
	}
}

static void on_timer_slot(evutil_socket_t fd, short what, void *arg);

static struct timer_slot *timer_slot_new(struct loop *loop)
{
	struct timer_slot *slot = loop->spare;

	loop->spare = NULL;
	if (slot != NULL)
		return slot;
	slot = memory_zero(sizeof(*slot));
	slot->loop = loop;
	TAILQ_INIT(&slot->timers);
	slot->event = event_new(loop->base, -1, 0, on_timer_slot, slot);
	return slot;
}

static struct timer_slot *timer_slot_begin(struct loop *loop, uint64_t due, uint64_t now)
{
	struct timer_slot *slot = timer_slot_new(loop);

	event_at(loop, slot->event, due, now);
	slot->due = due;
	SLIST_INSERT_HEAD(timer_slot_bucket(loop, due), slot, link);
	return slot;
}

static void timer_slot_join(struct loop_timer *timer, uint64_t now)
{
	struct timer_slot *slot;

	SLIST_FOREACH(slot, timer_slot_bucket(timer->loop, timer->due), link)
		if (slot->due == timer->due)
			break;
	if (slot == NULL)
		slot = timer_slot_begin(timer->loop, timer->due, now);
	TAILQ_INSERT_TAIL(&slot->timers, timer, link);
	timer->slot = slot;
}

/* --- fires ------------------------------------------------------------------------------------ */

/* Returns the first time at the timer's phase that is at least half an interval from now. */
static uint64_t next_at_phase(const struct loop_timer *timer, uint64_t now)
{
	uint64_t from = now + timer->interval / 2;
	uint64_t due = from - from % timer->interval + timer->phase;

	return due < from ? due + timer->interval : due;
}

/* Fires a timer.  The callback may free the timer, so it is not used after that. */
static void timer_fire(struct loop_timer *timer, uint64_t now)
{
	uint64_t late = now > timer->due ? now - timer->due : 0, missed = 0;

	lag_note(&timer->loop->lag, now, late);
	if (timer->spread) {
		timer->spread = false;
		timer->due = next_at_phase(timer, now);
		timer_slot_join(timer, now);
	} else if (timer->interval != 0) {
		missed = late / timer->interval;
		timer->due += (missed + 1) * timer->interval;
		timer_slot_join(timer, now);
	} else {
		timer->due = 0;
	}
	timer->fn(missed, timer->arg);
}

static void on_timer_slot(evutil_socket_t fd, short what, void *arg)
{
	struct timer_slot *slot = arg;
	uint64_t now = clock_now(), began = now;
	struct loop_timer *timer;
	unsigned calls = 0;

	slot->firing = now + EARLY >= slot->due;
	while (slot->firing && (timer = TAILQ_FIRST(&slot->timers)) != NULL) {
		timer_slot_leave(timer);
		timer_fire(timer, now);
		now = clock_now();
		if (++calls == LOOP_SLICE_CALLS || now - began > LOOP_SLICE ||
			event_base_got_break(slot->loop->base))
			break;
	}
	slot->firing = false;
	if (TAILQ_EMPTY(&slot->timers))
		timer_slot_end(slot);
	else
		event_at(slot->loop, slot->event, slot->due, now);
}

static void on_once(evutil_socket_t fd, short what, void *arg)
{
	struct loop_timer *timer = arg;
	uint64_t now = clock_now();

	if (now + EARLY < timer->due)
		event_at(timer->loop, timer->event, timer->due, now);
	else
		timer_fire(timer, now);
}

/* --- timers ----------------------------------------------------------------------------------- */

static void timer_arm(struct loop_timer *timer, uint64_t due, uint64_t now)
{
	timer->due = due;
	if (timer->interval != 0)
		timer_slot_join(timer, now);
	else
		event_at(timer->loop, timer->event, due, now);
}

static struct loop_timer *timer_new(
	struct loop *loop, uint64_t interval, loop_timer_fn *fn, void *arg)
{
	struct loop_timer *timer = memory_zero(sizeof(*timer));

	LOOP_ASSERT_OWNER();
	*timer = (struct loop_timer){.loop = loop, .interval = interval, .fn = fn, .arg = arg};
	if (interval == 0)
		timer->event = event_new(loop->base, -1, 0, on_once, timer);
	return timer;
}

/* Returns the due time of a first fire.  seed chooses one of the next two points of a grid, within
 * a second or within the interval where that is shorter.  All timers with the same span share the
 * grid. */
static uint64_t first_due(uint64_t interval, uint32_t seed, uint64_t now)
{
	uint64_t span = interval < CLOCK_SECOND ? interval : CLOCK_SECOND;
	uint64_t grid = span / 2;

	return (now / grid + 1 + seed % 2) * grid;
}

struct loop_timer *loop_every(
	struct loop *loop, uint64_t interval, uint32_t seed, loop_timer_fn *fn, void *arg)
{
	uint64_t now = clock_now();
	struct loop_timer *timer;

	if (interval < CLOCK_MS) {
		errno = EINVAL;
		return NULL;
	}
	timer = timer_new(loop, interval, fn, arg);
	timer_arm(timer, first_due(interval, seed, now), now);
	return timer;
}

struct loop_timer *loop_every_spread(
	struct loop *loop, uint64_t interval, uint32_t seed, loop_timer_fn *fn, void *arg)
{
	struct loop_timer *timer = loop_every(loop, interval, seed, fn, arg);

	if (timer != NULL && interval > CLOCK_SECOND) {
		timer->spread = true;
		timer->phase = (uint64_t)((double)(seed * 0x9e3779b9u) / 0x1p32 * (double)interval);
	}
	return timer;
}

struct loop_timer *loop_after(struct loop *loop, uint64_t delay, loop_timer_fn *fn, void *arg)
{
	struct loop_timer *timer = loop_once(loop, fn, arg);

	loop_timer_rearm(timer, delay);
	return timer;
}

struct loop_timer *loop_once(struct loop *loop, loop_timer_fn *fn, void *arg)
{
	return timer_new(loop, 0, fn, arg);
}

void loop_timer_rearm(struct loop_timer *timer, uint64_t delay)
{
	uint64_t now = clock_now();

	if (timer->slot != NULL)
		timer_slot_leave(timer);
	timer_arm(timer, now + delay, now);
}

void loop_timer_stop(struct loop_timer *timer)
{
	if (timer->event != NULL)
		event_del(timer->event);
	if (timer->slot != NULL)
		timer_slot_leave(timer);
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
	if (timer->slot != NULL)
		timer_slot_leave(timer);
	free(timer);
}
