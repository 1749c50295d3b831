/*
 * fixture_abuse: a daemon whose tick runs a function of the test.
 */
#ifndef FIXTURE_ABUSE_H
#define FIXTURE_ABUSE_H

#include "daemon/daemon.h"

#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>

#include "fixture_daemon.h"
#include "base/c_locale.h"
#include "base/number.h"
#include "daemon/api_fd.h"
#include "process/process_guard.h"

static void (*in_tick)(vigil_daemon *d);
static unsigned ticks;

__attribute__((unused)) static void on_tick(vigil_daemon *daemon, void *arg)
{
	ticks++;
	in_tick(daemon);
}

/* Runs a function in a callback of the daemon. */
__attribute__((unused)) static void call(void (*fn)(vigil_daemon *d))
{
	unsigned before = ticks;

	in_tick = fn;
	ck_assert_int_eq(vigil_after(d, 0, on_tick, NULL), 0);
	TURN_UNTIL(ticks > before);
}

#endif
