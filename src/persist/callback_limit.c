/*
 * callback_limit: see callback_limit.h.
 *
 * A timer of the loop postpones the kernel's timer a few times within the limit, so an idle vigild
 * gets no signal.  The start of many daemons is one long iteration of the loop; there each callback
 * counts as progress.
 *
 * When vigild was stopped by SIGSTOP or the whole machine was frozen, the kernel's timer may expire
 * before the loop has run again.  So the handler waits for one more second before it aborts.
 */
#include "persist/callback_limit.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "loop/loop.h"
#include "persist/crash_marker.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

#define GRACE (CLOCK_SECOND)

static struct {
	bool set;
	timer_t timer;
	struct loop_timer *beat;
	uint64_t limit; /* ns */
	char seconds[16];
	volatile unsigned progress; /* crash_marker_progress when the timer was set */
	volatile bool grace;        /* the limit has expired once */
} limit;

static void set_timer(uint64_t ns)
{
	struct itimerspec due = {.it_value = {.tv_sec = (time_t)(ns / CLOCK_SECOND),
					 .tv_nsec = (long)(ns % CLOCK_SECOND)}};

	limit.progress = crash_marker_progress();
	timer_settime(limit.timer, 0, &due, NULL);
}

/* In a signal handler.  An error of write is ignored, because nothing else can be done. */
static void say(const char *text)
{
	(void)!write(STDERR_FILENO, text, strlen(text));
}

static void end_process(void)
{
	const char *name = crash_marker_hang();

	say("vigild: ");
	if (name[0] != '\0') {
		say("a callback of the daemon ");
		say(name);
	} else {
		say("the loop");
	}
	say(" has not returned for ");
	say(limit.seconds);
	say(" s (callback_max); vigild aborts, so that it is started again\n");
	abort();
}

static void on_limit(int signo)
{
	int saved = errno;

	if (limit.progress != crash_marker_progress()) {
		limit.grace = false;
		set_timer(limit.limit);
	} else if (!limit.grace) {
		limit.grace = true;
		set_timer(GRACE);
	} else {
		end_process();
	}
	errno = saved;
}

static void on_beat(uint64_t missed, void *arg)
{
	crash_marker_advance();
	limit.grace = false;
	set_timer(limit.limit);
}

/* The signal goes to the loop thread, so that a core dump shows the callback. */
static int create(void)
{
	struct sigaction action = {.sa_handler = on_limit, .sa_flags = SA_RESTART | SA_ONSTACK};
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN + 5};

	event.sigev_notify_thread_id = (pid_t)syscall(SYS_gettid);
	sigemptyset(&action.sa_mask);
	if (sigaction(event.sigev_signo, &action, NULL) < 0 ||
		timer_create(CLOCK_MONOTONIC, &event, &limit.timer) < 0)
		return -errno;
	limit.set = true;
	return 0;
}

int callback_limit_set(struct loop *loop, double seconds)
{
	uint64_t ns = clock_from_seconds(seconds);
	int err;

	if (limit.set && ns == limit.limit)
		return 0;
	callback_limit_clear();
	if (ns == 0)
		return 0;
	err = create();
	if (err != 0)
		return err;
	limit.limit = ns;
	snprintf(limit.seconds, sizeof(limit.seconds), "%.6g", seconds);
	limit.beat = loop_every(loop, ns / 3 > CLOCK_MS ? ns / 3 : CLOCK_MS, 0, on_beat, NULL);
	set_timer(ns);
	return 0;
}

void callback_limit_clear(void)
{
	if (!limit.set)
		return;
	timer_delete(limit.timer);
	loop_timer_free(limit.beat);
	limit.set = false;
}
