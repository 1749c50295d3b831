/*
 * fixture_daemon_module: a daemon that is not started yet, and its module, which counts the calls
 * of its functions.
 */
#ifndef FIXTURE_DAEMON_MODULE_H
#define FIXTURE_DAEMON_MODULE_H

#include "daemon/daemon.h"
#include "fixture_environment.h"

static struct vigil_daemon *d;
static unsigned started, stopped, reconfigured;
static int (*in_start)(vigil_daemon *d);
static void (*in_stop)(vigil_daemon *d);
static int reconfigure_says;
static char words[8][32]; /* the option "word" as start, stop and reconfigure have read it */
static unsigned words_seen;

static const vigil_option schema[] = {
	VIGIL_OPTION("word", VIGIL_TEXT, "none", "any"), VIGIL_OPTION_END};

static void see_word(vigil_daemon *daemon)
{
	ck_assert_uint_lt(words_seen, 8);
	if (daemon_options(daemon) != NULL)
		snprintf(words[words_seen++], sizeof(words[0]), "%s",
			vigil_option_text(daemon, "word"));
}

static int start(vigil_daemon *daemon)
{
	started++;
	see_word(daemon);
	ck_assert_int_eq(daemon_status(daemon), DAEMON_STARTING);
	return in_start != NULL ? in_start(daemon) : 0;
}

static void stop(vigil_daemon *daemon)
{
	stopped++;
	see_word(daemon);
	if (in_stop != NULL)
		in_stop(daemon);
}

static int reconfigure(vigil_daemon *daemon)
{
	reconfigured++;
	see_word(daemon);
	return reconfigure_says;
}

static vigil_module module = {.abi = VIGIL_ABI,
	.size = sizeof(vigil_module),
	.option_size = sizeof(vigil_option),
	.name = "test",
	.options = schema,
	.start = start};

static void setup(void)
{
	environment_setup();
	started = stopped = reconfigured = words_seen = 0;
	reconfigure_says = 0;
	in_start = NULL;
	in_stop = NULL;
	module.stop = stop;
	module.reconfigure = reconfigure;
	d = daemon_new(&environment, "test", "module", &module, NULL);
}

static void teardown(void)
{
	daemon_free(d);
	environment_teardown();
}

static unsigned ticks;

__attribute__((unused)) static void on_tick(vigil_daemon *daemon, void *arg)
{
	ck_assert_ptr_eq(daemon, d);
	ticks++;
}

#endif
