/*
 * fixture_machine_restart: the module machine with the option `restart`, and the service web.
 */
#ifndef FIXTURE_MACHINE_RESTART_H
#define FIXTURE_MACHINE_RESTART_H

#include "fixture_machine.h"
#include "suite.h"

#define PLACE "services/systemd/web/"

__attribute__((unused)) static void setup(void)
{
	machine_setup();
	fake_option("restart", "w*");
}

__attribute__((unused)) static const char *text_at(const char *path)
{
	return json_string_value(json_object_get(fake.state, path));
}

__attribute__((unused)) static json_int_t number_at(const char *path)
{
	return json_integer_value(json_object_get(fake.state, path));
}

#define ASSERT_TEXT(path_, text_)                        \
	do {                                             \
		ck_assert(text_at(path_) != NULL);       \
		ck_assert_str_eq(text_at(path_), text_); \
	} while (0)

__attribute__((unused)) static unsigned timers(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < FAKE_TIMERS; i++)
		n += fake.timers[i].fn != NULL;
	return n;
}

__attribute__((unused)) static void start_web(void)
{
	START(web);
	settle("web");
}

/* What a daemon owns ends with it; the state is kept. */
__attribute__((unused)) static void stop_vigild(void)
{
	vigil_module_descriptor.stop(&fake.daemon);
	fake_timers_stop();
	memset(fake.services, 0, sizeof(fake.services));
	fake_pass(10);
}

/* The service web was killed. */
__attribute__((unused)) static void kill_web(void)
{
	fake_pass(1);
	stale("web");
	REPLY("web", .status = VIGIL_SERVICE_FAILED, .text = "killed by SIGKILL");
}

/* The manager has restarted web, which signals that. */
__attribute__((unused)) static void revive_web(void)
{
	RESTARTED("web", .status = VIGIL_SERVICE_RUNNING, .pid = 20, .seconds = 0.1);
}

#endif
