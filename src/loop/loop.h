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
 */
#ifndef LOOP_H
#define LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct event_base;
struct loop;
struct loop_timer;
struct loop_signal;

/* NULL and errno.  The caller's thread becomes the owner. */
struct loop *loop_new(void);
void loop_free(struct loop *loop);
struct event_base *loop_base(struct loop *loop);

/* Runs until loop_stop.  0, or -EIO when libevent gave up. */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop);
/* Does what is due, and with wait what falls due next: for what is run in turns, such as a trial. */
void loop_run_once(struct loop *loop, bool wait);

/* True on the thread that made the loop. */
bool loop_is_owner(void);
#ifdef VIGIL_ASSERT_OWNER
#include <assert.h>
#define LOOP_ASSERT_OWNER() assert(loop_is_owner())
#else
#define LOOP_ASSERT_OWNER() ((void)0)
#endif

/* --- timers.  The owner frees them; freeing one inside its own callback is fine. -------------- */

/* missed: fires that fell due while the loop could not run them, on top of this one. */
typedef void loop_timer_fn(uint64_t missed, void *arg);

/* Fires every interval ns from its first fire on, without drift: fire n is due at first +
 * n * interval, and what could not be fired in time is counted, not made up for.  The first is due within
 * a second (or the interval, where that is less) at a place of the grid that seed chooses, so
 * that many timers spread and yet share wake-ups.  NULL and errno. */
struct loop_timer *loop_every(
	struct loop *loop, uint64_t interval, uint32_t seed, loop_timer_fn *fn, void *arg);
/* The same, but only the first fire is within a second: the others are at a place in the interval that
 * seed chooses, so that costly work of many timers is spread over it.  The second comes half an
 * interval after the first at the earliest, and one and a half at the latest. */
struct loop_timer *loop_every_spread(
	struct loop *loop, uint64_t interval, uint32_t seed, loop_timer_fn *fn, void *arg);
/* Fires once after delay ns (0: as soon as the loop turns).  Stays allocated until freed or set again. */
struct loop_timer *loop_after(struct loop *loop, uint64_t delay, loop_timer_fn *fn, void *arg);
/* Makes it fire after delay ns from now; a periodic one goes on from there, off its grid. */
int loop_timer_rearm(struct loop_timer *timer, uint64_t delay);
/* Disarms it; loop_timer_rearm arms it anew. */
void loop_timer_stop(struct loop_timer *timer);
/* When it is due next, by clock_now; 0 when it is not armed. */
uint64_t loop_timer_due(const struct loop_timer *timer);
void loop_timer_free(struct loop_timer *timer);

/* --- signals ---------------------------------------------------------------------------------- */

typedef void loop_signal_fn(int signo, void *arg);
struct loop_signal *loop_on_signal(struct loop *loop, int signo, loop_signal_fn *fn, void *arg);
void loop_signal_free(struct loop_signal *sig);

/* --- lag: how late timers fire, in seconds ---------------------------------------------------- */

struct loop_lag {
	double last;
	double p99; /* of the last minute */
	double max; /* since the start */
};
void loop_lag(struct loop *loop, struct loop_lag *lag);

#endif
