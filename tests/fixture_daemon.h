/* fixture_daemon: one running daemon, for tests of the functions of vigil.h. */
#ifndef FIXTURE_DAEMON_H
#define FIXTURE_DAEMON_H

#include "daemon/daemon_internal.h"
#include "fixture_environment.h"

static struct vigil_daemon *d;
static int (*in_start)(vigil_daemon *d);

static int start(vigil_daemon *daemon)
{
	return in_start != NULL ? in_start(daemon) : 0;
}

static const vigil_module module = {.abi = VIGIL_ABI,
	.size = sizeof(vigil_module),
	.option_size = sizeof(vigil_option),
	.name = "test",
	.start = start};

UNUSED static void up(void)
{
	environment_setup();
	in_start = NULL;
	d = daemon_new(&environment, "test", "test", &module, NULL);
	ck_assert_int_eq(daemon_start(d), 0);
}

static void down(void)
{
	daemon_free(d);
	environment_teardown();
}

/* Stops the daemon and starts it again with another start function. */
UNUSED static int start_with(int (*how)(vigil_daemon *d))
{
	daemon_stop(d);
	in_start = how;
	return daemon_start(d);
}

#endif
