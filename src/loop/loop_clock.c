/*
 * loop_clock: reports that the clock was set or that the machine was suspended.
 *
 * A timer of the kernel on CLOCK_REALTIME can be cancelled by a step of that clock.  One such timer
 * serves all watches.  It is due far in the future, and only its cancellation matters.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/memory.h"
#include "loop/loop.h"
#include "loop/loop_internal.h"

/* The beginning of the year 2200, or the last second that a time_t of 32 bits has. */
#define FAR (sizeof(time_t) > 4 ? INT64_C(7258118400) : INT64_C(0x7fffffff))

struct loop_clock_watch {
	loop_clock_fn *fn;
	void *arg;
	LIST_ENTRY(loop_clock_watch) link;
};

static void arm(int fd)
{
	struct itimerspec due = {.it_value.tv_sec = (time_t)FAR};

	timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &due, NULL);
}

static void on_set(evutil_socket_t fd, short what, void *arg)
{
	struct loop *loop = arg;
	struct loop_clock_watch *watch;
	uint64_t count;

	if (read((int)fd, &count, sizeof(count)) >= 0 || errno != ECANCELED)
		return;
	arm((int)fd);
	LIST_FOREACH(watch, &loop->clock_watches, link)
		watch->fn(watch->arg);
}

void loop_clock_end(struct loop *loop)
{
	int fd;

	if (loop->clock == NULL)
		return;
	fd = (int)event_get_fd(loop->clock);
	event_free(loop->clock);
	loop->clock = NULL;
	close(fd);
}

/* Without the kernel's timer, the callers find a step at their next check of the time. */
static void begin(struct loop *loop)
{
	int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);

	if (fd < 0)
		return;
	loop->clock = event_new(loop->base, fd, EV_READ | EV_PERSIST, on_set, loop);
	if (loop->clock == NULL) {
		close(fd);
		return;
	}
	arm(fd);
	if (event_add(loop->clock, NULL) < 0)
		loop_clock_end(loop);
}

struct loop_clock_watch *loop_on_clock_set(struct loop *loop, loop_clock_fn *fn, void *arg)
{
	struct loop_clock_watch *watch = memory_zero(sizeof(*watch));

	LOOP_ASSERT_OWNER();
	watch->fn = fn;
	watch->arg = arg;
	LIST_INSERT_HEAD(&loop->clock_watches, watch, link);
	if (loop->clock == NULL)
		begin(loop);
	return watch;
}

void loop_clock_watch_free(struct loop_clock_watch *watch)
{
	if (watch == NULL)
		return;
	LOOP_ASSERT_OWNER();
	LIST_REMOVE(watch, link);
	free(watch);
}
