/*
 * fixture_machine: the module machine with services and lists that the test makes up.
 */
#ifndef FIXTURE_MACHINE_H
#define FIXTURE_MACHINE_H

#include "fake_vigil.h"

static const vigil_service_entry web = {.size = sizeof(web),
	.name = "web",
	.manager = "systemd",
	.unit = "web.service",
	.status = VIGIL_SERVICE_RUNNING,
	.text = "",
	.boot = VIGIL_BOOT_YES,
	.daemon = true,
	.crash = VIGIL_CRASH_DOWN,
	.crash_text = ""};

__attribute__((unused)) static void machine_setup(void)
{
	fake_begin();
	fake.many = true;
	fake.daemon.name = "machine";
}

__attribute__((unused)) static void machine_teardown(void)
{
	vigil_module_descriptor.stop(&fake.daemon);
	fake_end();
}

__attribute__((unused)) static vigil_service_entry like_web(
	const char *name, vigil_service_status status)
{
	vigil_service_entry entry = web;

	entry.name = name;
	entry.status = status;
	return entry;
}

__attribute__((unused)) static void list(const vigil_service_entry *entries, size_t count)
{
	vigil_services_end_fn *end = fake.set.end;

	ck_assert(end != NULL);
	for (size_t i = 0; i < count; i++)
		fake.set.entry(&fake.daemon, &entries[i], fake.set.arg);
	fake.set.end = NULL;
	end(&fake.daemon, 0, "", fake.set.arg);
}

/* Starts the module, which lists these services. */
__attribute__((unused)) static void start(const vigil_service_entry *entries, size_t count)
{
	ck_assert_int_eq(vigil_module_descriptor.start(&fake.daemon), 0);
	fake_pass(300);
	list(entries, count);
}

#define START(...)                                                    \
	do {                                                          \
		const vigil_service_entry entries_[] = {__VA_ARGS__}; \
		start(entries_, COUNT(entries_));                     \
	} while (0)

__attribute__((unused)) static void reply(const char *name, vigil_service_reply r)
{
	struct vigil_service *svc = fake_service(name);

	ck_assert_msg(svc != NULL && svc->on_status != NULL, "%s is not queried", name);
	fake_reply(svc, &svc->on_status, r);
}

#define REPLY(name, ...) reply(name, (vigil_service_reply){__VA_ARGS__})

__attribute__((unused)) static void stale(const char *name)
{
	struct vigil_service *svc = fake_service(name);
	const vigil_service_reply r = {.size = sizeof(r), .name = name, .manager = "", .text = ""};

	svc->on_sign(svc, &r, svc->arg);
}

/* Answers the first query of a running systemd service, and the second one, which closes the gap
 * until the unit was monitored. */
__attribute__((unused)) static void settle(const char *name)
{
	REPLY(name, .status = VIGIL_SERVICE_RUNNING, .pid = 10);
	fake_pass(1.1);
	REPLY(name, .status = VIGIL_SERVICE_RUNNING, .pid = 10);
	fake_pass(1);
}

__attribute__((unused)) static json_int_t count(const char *condition)
{
	char path[64];

	snprintf(path, sizeof(path), "services/%s", condition);
	return json_integer_value(json_object_get(fake.state, path));
}

#define ASSERT_HEALTH(level_, text_)                    \
	do {                                            \
		ck_assert_str_eq(fake.health, (text_)); \
		ck_assert_int_eq(fake.level, (level_)); \
	} while (0)

/* Answers the restart that the module has requested. */
__attribute__((unused)) static void restarted(const char *name, vigil_service_reply r)
{
	struct vigil_service *svc = fake_service(name);

	ck_assert_msg(svc != NULL && svc->on_restarted != NULL, "%s is not restarted", name);
	fake_reply(svc, &svc->on_restarted, r);
}

#define RESTARTED(name, ...) restarted(name, (vigil_service_reply){__VA_ARGS__})

#endif
