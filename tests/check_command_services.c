/*
 * check_command_services: the verb services on a machine that has two init scripts and no other
 * manager. The test has its own mount namespace.
 */
#include "command/command.h"

#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include "client/services_register.h"
#include "fixture_pending.h"
#include "state/json_text.h"
#include "suite.h"

static int services(const char *params)
{
	return run_to_end("services", params);
}

static void mount_over(const char *name, const char *target)
{
	ck_assert_int_eq(mkdir(scratch_path(name), 0755), 0);
	ck_assert_int_eq(mount(scratch_path(name), target, "none", MS_BIND, NULL), 0);
}

static void put_script(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "init.d/%s", name);
	scratch_put(path, 0755,
		"#!/bin/sh\ncase $1 in\nstart) start-stop-daemon ;;\nstatus) exit 0 ;;\nesac\n");
}

static void set_up(void)
{
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount(NULL, "/", "none", MS_REC | MS_PRIVATE, NULL), 0);
	bring_up();
	mount_over("init.d", "/etc/init.d");
	mount_over("run", "/run");
	if (access("/etc/service", F_OK) == 0)
		mount_over("service", "/etc/service");
	put_script("web-server"); /* which the daemon web watches */
	put_script("mail");
}

static void tear_down(void)
{
	umount2("/etc/service", MNT_DETACH);
	ck_assert_int_eq(umount2("/run", MNT_DETACH), 0);
	ck_assert_int_eq(umount2("/etc/init.d", MNT_DETACH), 0);
	take_down();
}

static size_t row_count(void)
{
	return json_array_size(json_object_get(reply.result, "services"));
}

START_TEST(each_service_has_a_row)
{
	ck_assert_int_eq(services("{}"), 0);
	ck_assert_uint_eq(row_count(), 2);
	ck_assert_str_eq(text_at("/services/0/name"), "mail");
	ck_assert_str_eq(text_at("/services/0/manager"), "lsb");
	ck_assert_str_eq(text_at("/services/0/state"), "running");
	ck_assert_str_eq(text_at("/services/0/after_crash"), "down");
	ck_assert_str_eq(text_at("/services/1/name"), "web-server");
	ck_assert_str_eq(text_at("/services/1/watched/0/daemon"), "web");
	ck_assert_str_eq(text_at("/services/1/watched/0/restart_on"), "stopped");
	ck_assert_str_eq(text_at("/services/1/watched/0/not_restarted"), "");
	ck_assert(json_is_true(json_object_get(reply.result, "complete")));
}
END_TEST

START_TEST(what_a_daemon_restarts_is_protected)
{
	ck_assert_int_eq(services("{\"unprotected\": true}"), 0);
	ck_assert_uint_eq(row_count(), 1);
	ck_assert_str_eq(text_at("/services/0/name"), "mail");
	ck_assert_int_eq(services("{\"unprotected\": true, \"names\": [\"web*\"]}"), 0);
	ck_assert_uint_eq(row_count(), 0);
}
END_TEST

START_TEST(names_that_match_nothing_are_errors)
{
	ck_assert_int_eq(services("{\"names\": [\"web-*\", \"mial\"]}"), COMMAND_NOT_FOUND);
	ck_assert_str_eq(reply.message, "no such service: \"mial\"; did you mean \"mail\"?");
	ck_assert_int_eq(services("{\"names\": [\"x*\"]}"), COMMAND_NOT_FOUND);
	ck_assert_str_eq(reply.message, "no service matches \"x*\"");
}
END_TEST

START_TEST(invalid_requests_are_refused)
{
	ck_assert_int_eq(services("{\"names\": [1]}"), COMMAND_PARAMS);
	ck_assert_int_eq(services("{\"register\": true}"), COMMAND_PARAMS);
	ck_assert_int_eq(services("{\"dry_run\": true}"), COMMAND_PARAMS);
}
END_TEST

START_TEST(a_client_may_leave)
{
	begin("services", "{}");
	ck_assert_ptr_nonnull(reply.pending);
	pending_free(reply.pending);
	reply.pending = NULL;
	ck_assert_int_eq(services("{}"), 0);
	ck_assert(completed);
	ck_assert_uint_eq(row_count(), 2);
}
END_TEST

/* --- the plan --------------------------------------------------------------------------------- */

static json_t *plan_of(const char *services, const char *daemons_list)
{
	json_t *result = json_pack("{s:o}", "services", json_loads(services, 0, NULL));
	json_t *list = json_loads(daemons_list, 0, NULL);
	json_t *plan = services_register_plan(result, list);

	json_decref(result);
	json_decref(list);
	return plan;
}

static const char *planned(json_t *plan, size_t index)
{
	return json_text(json_array_get(json_object_get(plan, "register"), index), "name");
}

START_TEST(daemons_get_valid_names_that_are_free)
{
	json_t *plan = plan_of("[{\"name\": \"web\", \"manager\": \"systemd\"},"
			       "{\"name\": \"a:b\\\\x2dc\", \"manager\": \"systemd\"},"
			       "{\"name\": \"a_b\\\\x2dc\", \"manager\": \"systemd\"},"
			       "{\"name\": \"once\", \"manager\": \"runit\"}]",
		"[{\"name\": \"web\"}]");
	json_t *rows = json_object_get(plan, "register");

	ck_assert_uint_eq(json_array_size(rows), 4);
	ck_assert_str_eq(planned(plan, 0), "web_2");
	ck_assert_str_eq(planned(plan, 1), "a_b_x2dc");
	ck_assert_str_eq(planned(plan, 2), "a_b_x2dc_2");
	json_decref(plan);
}
END_TEST

START_TEST(services_that_a_daemon_would_not_help_are_skipped)
{
	json_t *plan = plan_of("[{\"name\": \"a b\", \"manager\": \"runit\"},"
			       "{\"name\": \"m\", \"manager\": \"systemd\", \"hold\": \"masked\"},"
			       "{\"name\": \"d\", \"manager\": \"systemd\", \"denied\": true},"
			       "{\"name\": \"w\", \"manager\": \"systemd\", \"watched\":"
			       "[{\"daemon\": \"all\", \"not_restarted\": \"observed\"},"
			       "{\"daemon\": \"x\", \"restart_on\": \"never\","
			       "\"not_restarted\": \"never\"}]},"
			       "{\"name\": \"o\", \"manager\": \"systemd\", \"watched\":"
			       "[{\"daemon\": \"all\", \"not_restarted\": \"observed\"}]}]",
		"[]");
	json_t *skipped = json_object_get(plan, "skipped");

	ck_assert_uint_eq(json_array_size(json_object_get(plan, "register")), 1);
	ck_assert_str_eq(planned(plan, 0), "o");
	ck_assert_uint_eq(json_array_size(skipped), 4);
	ck_assert_str_eq(
		json_string_value(json_array_get(skipped, 0)), "a b: vigil cannot use this name");
	ck_assert_str_eq(json_string_value(json_array_get(skipped, 3)),
		"w: the daemon x watches it, but does not restart it (never)");
	json_decref(plan);
}
END_TEST

SUITE("command_services", set_up, tear_down)
{
	if (geteuid() != 0)
		suite_skip("root, for a mount namespace");
	TEST(each_service_has_a_row);
	TEST(what_a_daemon_restarts_is_protected);
	TEST(names_that_match_nothing_are_errors);
	TEST(invalid_requests_are_refused);
	TEST(a_client_may_leave);
	TEST(daemons_get_valid_names_that_are_free);
	TEST(services_that_a_daemon_would_not_help_are_skipped);
}
