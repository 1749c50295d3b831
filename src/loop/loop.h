/*
 * loop: the libevent base of vigild, its timers, its signals and its lag.
 *
 * There is one loop, and all of vigild's own data belongs to the thread that runs it.  Workers are
 * the threads of worker_pool.  This table says which thread may use what:
 *
 *   thing                                             loop thread           worker
 *   state, config, daemons, modules, sockets, log     owns                  never touches
 *   a job: copied names, verb, result                 before submit,        in between
 *                                                     after it is reaped
 *   queue, done list, eventfd                         lock, swap, unlock    lock, append, write
 */
#ifndef LOOP_H
#define LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct event_base;
struct loop;
struct loop_timer;
struct loop_signal;
struct loop_clock_watch;

/* Returns NULL and sets errno on failure.  The calling thread becomes the owner of the loop
 * and gets the C locale. */
struct loop *loop_new(void);
void loop_free(struct loop *loop);
struct event_base *loop_base(struct loop *loop);

/* Runs the loop until loop_stop is called.  Returns 0, or -EIO when libevent reports an error. */
int loop_run(struct loop *loop);
void loop_stop(struct loop *loop);
/* Runs the events that are due now.  With wait, first waits until an event is due.  For callers
 * that run the loop step by step, such as a module test. */
void loop_run_once(struct loop *loop, bool wait);

/* Returns true on the thread that called loop_new. */
bool loop_is_owner(void);
/* Whether the functions of vigil.h check that the owner calls them.  It is true in a debug build
 * and in a test of a module. */
extern bool loop_owner_checked;
#ifdef VIGIL_ASSERT_OWNER
#include <assert.h>
#define LOOP_ASSERT_OWNER() assert(loop_is_owner())
#else
#define LOOP_ASSERT_OWNER() ((void)0)
#endif

/* --- timers. The caller frees them and may free a timer in its own callback ------------------- */

/* A timer that cannot be armed for lack of memory ends vigild (base/memory.h), because work that
 * silently never comes due is worse. */

/* missed: the number of fires, in addition to this one, that were due while the loop could not run
 * them. */
typedef void loop_timer_fn(uint64_t missed, void *arg);

/* Creates a timer that fires every interval ns.  It does not drift: fire n is due at first + n *
 * interval.  Fires that the loop could not run in time are not repeated; the next callback gets
 * their number.  The first fire is due within a second, or within the interval where that is
 * shorter.  seed chooses one of two points of a common time grid for it, so that many timers share
 * their wake-ups.  Returns NULL with errno EINVAL when the interval is shorter than 1 ms. */
struct loop_timer *loop_every(
	struct loop *loop, uint64_t interval, uint32_t seed, loop_timer_fn *fn, void *arg);
/* The same, but only the first fire is due within a second.  The later fires are due at an offset
 * in the interval that seed chooses, so that the expensive work of many timers is spread over the
 * interval.  The second fire is due between half an interval and one and a half intervals after the
 * first. */
struct loop_timer *loop_every_spread(
	struct loop *loop, uint64_t interval, uint32_t seed, loop_timer_fn *fn, void *arg);
/* Creates a timer that fires once, after delay ns (0: in the next iteration of the loop).  The
 * timer stays allocated after it has fired, until the caller frees or rearms it. */
struct loop_timer *loop_after(struct loop *loop, uint64_t delay, loop_timer_fn *fn, void *arg);
/* The same, but the timer is not armed before loop_timer_rearm. */
struct loop_timer *loop_once(struct loop *loop, loop_timer_fn *fn, void *arg);
/* Makes the timer fire delay ns from now.  A periodic timer continues from there with its interval,
 * off the common grid. */
void loop_timer_rearm(struct loop_timer *timer, uint64_t delay);
/* Disarms the timer.  loop_timer_rearm arms it again. */
void loop_timer_stop(struct loop_timer *timer);
/* Returns the time at which the timer is due next, by clock_now, or 0 when it is not armed. */
uint64_t loop_timer_due(const struct loop_timer *timer);
void loop_timer_free(struct loop_timer *timer);

/* --- the time of day -------------------------------------------------------------------------- */

typedef void loop_clock_fn(void *arg);
/* Calls fn after the time of day was set and after a suspend, during which the loop's timers do not
 * advance.  Not all kernels report that, and none reports a new time zone, so the caller must also
 * check the time at least once a minute.  fn must not free a watch; it may rearm a timer.  The
 * caller frees the watch before the loop. */
struct loop_clock_watch *loop_on_clock_set(struct loop *loop, loop_clock_fn *fn, void *arg);
void loop_clock_watch_free(struct loop_clock_watch *watch);

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
