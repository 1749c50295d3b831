/*
 * loop: creates the libevent base and handles signals.  The timers are in loop_timer.c, the lag is
 * in loop_lag.c.
 */
#include "loop/loop.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include <event2/event.h>

#include "base/c_locale.h"
#include "base/log.h"
#include "base/memory.h"
#include "loop/loop_internal.h"

/* The limit on the time that libevent dispatches callbacks before it checks timers and descriptors
 * again.  Without it an event that activates itself again would starve the timers. */
#define DISPATCH_USEC (LOOP_SLICE / 1000)

struct loop_signal {
	struct event *event;
	loop_signal_fn *fn;
	void *arg;
};

static pthread_t owner;

#ifdef VIGIL_ASSERT_OWNER
bool loop_owner_checked = true;
#else
bool loop_owner_checked;
#endif

bool loop_is_owner(void)
{
	return pthread_equal(owner, pthread_self());
}

/* Without this callback libevent would exit itself, and vigild's state would not be saved. */
static void on_fatal(int err)
{
	memory_end("libevent failed");
}

/* Otherwise libevent prints to stderr, such as two lines whenever a name server does not answer. */
static void on_library_log(int severity, const char *line)
{
	if (severity == EVENT_LOG_WARN || severity == EVENT_LOG_ERR)
		log_warn("libevent: %s", line);
	else
		log_debug("libevent: %s", line);
}

struct loop *loop_new(void)
{
	const struct timeval interval = {.tv_usec = DISPATCH_USEC};
	struct event_config *config;
	struct loop *loop = memory_zero(sizeof(*loop));

	/* These must be the first calls of libevent, so that everything it allocates comes from
	 * these functions. */
	event_set_mem_functions(memory_library_alloc, memory_library_grow, free);
	event_set_fatal_callback(on_fatal);
	event_set_log_callback(on_library_log);
	config = event_config_new();
	if (config == NULL)
		goto fail;
	/* PRECISE_TIMER, because with the coarse clock timers fire up to 6 ms late.  IGNORE_ENV,
	 * because an environment variable must not be able to enable the epoll changelist, which
	 * fails with duplicated descriptors. */
	event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
	event_config_set_flag(config, EVENT_BASE_FLAG_IGNORE_ENV);
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	event_config_set_max_dispatch_interval(config, &interval, LOOP_SLICE_CALLS, 0);
	loop->base = event_base_new_with_config(config);
	if (loop->base == NULL)
		goto fail;
	event_config_free(config);
	owner = pthread_self();
	c_locale_set();
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
	timer_slot_free(loop->spare);
	loop_clock_end(loop);
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

void loop_run_once(struct loop *loop, bool wait)
{
	event_base_loop(loop->base, wait ? EVLOOP_ONCE : EVLOOP_NONBLOCK);
}

void loop_stop(struct loop *loop)
{
	event_base_loopbreak(loop->base);
}

/* --- signals ---------------------------------------------------------------------------------- */

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
