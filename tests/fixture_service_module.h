/*
 * fixture_service_module: a daemon of the module service with a fake service and a fake clock, for
 * replies that a real manager does not give on demand.
 */
#ifndef FIXTURE_SERVICE_MODULE_H
#define FIXTURE_SERVICE_MODULE_H

#include "../src/modules/service/check.h"
#include "fake_vigil.h"
#include "suite.h"

#define UNUSED __attribute__((unused))

/* The host calls it before start; check_service_check tests the real function. */
int service_check(vigil_daemon *d)
{
	return 0;
}

UNUSED static void start(void)
{
	ck_assert_int_eq(vigil_module_descriptor.start(&fake.daemon), 0);
}

/* What the daemon owns ends with it, as in vigild. */
UNUSED static void stop(void)
{
	vigil_module_descriptor.stop(&fake.daemon);
	fake_timers_stop();
	fake.service.on_status = fake.service.on_restarted = NULL;
	fake.service.on_started = fake.service.on_stopped = fake.service.on_sign = NULL;
}

/* Answers the query that the tick has made, or makes now. */
UNUSED static void status(vigil_service_reply reply)
{
	if (fake.service.on_status == NULL)
		vigil_module_descriptor.resumed(&fake.daemon);
	fake_answer(&fake.service.on_status, reply);
}

UNUSED static void restarted(vigil_service_reply reply)
{
	fake_answer(&fake.service.on_restarted, reply);
}

UNUSED static void started(vigil_service_reply reply)
{
	fake_answer(&fake.service.on_started, reply);
}

UNUSED static void stopped(vigil_service_reply reply)
{
	fake_answer(&fake.service.on_stopped, reply);
}

#define STARTED(...)   started((vigil_service_reply){__VA_ARGS__})
#define ENDED(...)     stopped((vigil_service_reply){__VA_ARGS__})
#define STATUS(...)    status((vigil_service_reply){__VA_ARGS__})
#define RESTARTED(...) restarted((vigil_service_reply){__VA_ARGS__})
#define RUNNING        .status = VIGIL_SERVICE_RUNNING
#define STOPPED        .status = VIGIL_SERVICE_STOPPED
#define FAILED         .status = VIGIL_SERVICE_FAILED
#define STARTING       .status = VIGIL_SERVICE_STARTING
#define is_issued()    (fake.service.on_restarted != NULL)

UNUSED static json_int_t number(const char *key)
{
	const json_t *value = json_object_get(fake.state, key);

	return value != NULL ? json_integer_value(value) : -1;
}

UNUSED static const char *text(const char *key)
{
	const char *value = json_string_value(json_object_get(fake.state, key));

	return value != NULL ? value : "";
}

/* The lines of the log since the last call. */
UNUSED static void logged(const char *lines)
{
	ck_assert_str_eq(fake.log, lines);
	fake.log[0] = '\0';
}

UNUSED static void health_is(vigil_health_level level, const char *words)
{
	ck_assert_str_eq(fake.health, words);
	ck_assert_int_eq(fake.level, level);
}

#endif
