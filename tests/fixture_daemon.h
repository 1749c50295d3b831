/* fixture_daemon: one daemon that is up, for tests of what vigil.h lends it. */
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

static void up(void)
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

/* Starts it anew, in another way. */
UNUSED static int start_with(int (*how)(vigil_daemon *d))
{
	daemon_stop(d);
	in_start = how;
	return daemon_start(d);
}

#endif
