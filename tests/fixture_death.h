/*
 * fixture_death: deaths of a service of the module service, and their records.
 */
#ifndef FIXTURE_DEATH_H
#define FIXTURE_DEATH_H

#include <stdlib.h>
#include <string.h>

#include "../src/modules/deaths/death.h"
#include "../src/modules/deaths/deaths.h"
#include "fixture_service_module.h"

#define ID "0123456789abcdef0123456789abcdef"

__attribute__((unused)) static void setup(void)
{
	fake_begin();
	fake.children = true;
	fake_option("usage_interval", "0"); /* the processes are made up */
}

/* A crash with SIGSEGV, as systemd reports it. */
__attribute__((unused)) static vigil_service_death crash(uint64_t id)
{
	return (vigil_service_death){.size = sizeof(vigil_service_death),
		.id = id,
		.ran = 12.5,
		.exit_status = -1,
		.signal = 11,
		.core = true,
		.pid = 77,
		.result = "core-dump",
		.text = "killed by SIGSEGV after 12 s, core dumped",
		.journal = ID};
}

/* The service dies and runs again. */
__attribute__((unused)) static void die(vigil_service_death death)
{
	STATUS(FAILED, .death = &death);
	if (fake.service.on_restarted != NULL)
		fake_answer(&fake.service.on_restarted,
			(vigil_service_reply){RUNNING, .pid = 7, .death = &death});
	STATUS(RUNNING, .pid = 7, .death = &death);
}

__attribute__((unused)) static const json_t *deaths(void)
{
	return json_object_get(fake.state, "service_state/deaths");
}

__attribute__((unused)) static json_t *record(size_t i)
{
	ck_assert_uint_lt(i, json_array_size(deaths()));
	return json_array_get(deaths(), i);
}

__attribute__((unused)) static const char *member(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value != NULL ? value : "";
}

__attribute__((unused)) static const char *line(size_t death, size_t i)
{
	return json_string_value(json_array_get(json_object_get(record(death), "output"), i));
}

__attribute__((unused)) static void say(const char *words)
{
	fake_child_line(words, strlen(words));
}

#endif
