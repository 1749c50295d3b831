/* check_host: which daemons run: starts, reloads that change all or nothing, and the stop. */
#include "host.h"

#include <check.h>
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "complaint.h"
#include "daemon.h"
#include "log.h"
#include "loop.h"
#include "scratch.h"
#include "state.h"

static struct host *host;
static json_t *result;
static struct complaints complaints;
static bool stopped;

static void write_config(const char *modules, const char *rest)
{
	scratch_put("vigil.conf", 0644,
		"[vigil]\nmodules = %s\nstate_dir = %s\nsocket = %s\npipe = %s\nlog = %s\n%s",
		modules, scratch_path("state"), scratch_path("sock"), scratch_path("pipe"),
		scratch_path("log"), rest);
}

static void configure(const char *rest)
{
	char modules[1024];

	snprintf(modules, sizeof(modules), "%s/src/modules, %s", getenv("top_builddir"),
		scratch_path("modules"));
	write_config(modules, rest);
}

static void begin(const char *rest)
{
	configure(rest);
	host = host_new(scratch_path("vigil.conf"), &complaints);
	ck_assert_msg(host != NULL, "%s", complaints.count ? complaints.list[0].text : "");
	host_start(host);
}

static int reload(const char *rest)
{
	configure(rest);
	json_decref(result);
	result = NULL;
	complaints_clear(&complaints);
	return host_reload(host, &result, &complaints);
}

static void teardown(void)
{
	host_free(host);
	host = NULL;
	json_decref(result);
	result = NULL;
	complaints_clear(&complaints);
	log_close();
	scratch_teardown();
}

/* The names in a list of the result, in their order. */
static const char *listed(const char *key)
{
	static char names[256];
	json_t *name;
	size_t index;

	names[0] = '\0';
	json_array_foreach(json_object_get(result, key), index, name)
	{
		strcat(names, index > 0 ? " " : "");
		strcat(names, json_string_value(name));
	}
	return names;
}

static json_int_t account(const char *pointer)
{
	json_t *value = state_get(host_state(host), pointer);
	json_int_t number = json_integer_value(value);

	json_decref(value);
	return number;
}

#define DAEMON(name, more) "[daemon:" name "]\nmodule = exec\ncommand = /bin/true\n" more

START_TEST(nothing_enabled_is_a_configuration)
{
	begin("");
	ck_assert_ptr_null(host_daemon(host, 0));
	ck_assert_int_eq(account("/vigil/generation"), 1);
	ck_assert_int_eq(reload(""), 0);
	ck_assert_int_eq(account("/vigil/generation"), 2);
	ck_assert_str_eq(listed("started"), "");
}
END_TEST

START_TEST(a_reload_touches_what_has_changed_alone)
{
	struct vigil_daemon *kept;

	begin("[daemons]\na = yes\nb = yes\nc = yes\n" DAEMON("a", "") DAEMON("b", "")
			DAEMON("c", ""));
	kept = host_find(host, "a");
	ck_assert_int_eq(daemon_tick_now(kept), 0);
	ck_assert_int_eq(account("/runs/a/ticks"), 1);
	ck_assert_int_eq(
		reload("[daemons]\na = yes\nb = yes\nc = no\nd = yes\n" DAEMON("a", "")
				DAEMON("b", "interval = 5m\n") DAEMON("c", "") DAEMON("d", "")),
		0);
	ck_assert_str_eq(listed("started"), "d");
	ck_assert_str_eq(listed("stopped"), "c");
	ck_assert_str_eq(listed("changed"), "b");
	ck_assert_int_eq(json_integer_value(json_object_get(result, "kept")), 1);
	ck_assert_ptr_eq(host_find(host, "a"), kept);
	ck_assert_int_eq(account("/runs/a/ticks"), 1);
	ck_assert_ptr_null(host_find(host, "c"));
	ck_assert_str_eq(daemon_name(host_daemon(host, 0)), "a"); /* in the order of names */
	ck_assert_str_eq(daemon_name(host_daemon(host, 2)), "d");
}
END_TEST

START_TEST(a_mistake_changes_nothing)
{
	static const char *const wrong[] = {"[daemons\n",
		"[daemon:a]\nmodule = exec\ncommand = x\nintervall = 5s\n",
		"[daemons]\na = maybe\n", "[vigil]\nsocket = x\n", "[nonsense]\n",
		"[daemons]\na = yes\nA = yes\n"};
	json_int_t revision;

	begin("[daemons]\na = yes\n" DAEMON("a", ""));
	revision = account("/vigil/generation");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		ck_assert_msg(reload(wrong[i]) == -EINVAL, "%s", wrong[i]);
		ck_assert_uint_gt(complaints.count, 0);
		ck_assert_ptr_nonnull(strstr(complaints.list[0].text, "vigil.conf:"));
		ck_assert_ptr_null(result);
		ck_assert_int_eq(daemon_status(host_find(host, "a")), DAEMON_RUNNING);
	}
	ck_assert_int_eq(account("/vigil/generation"), revision);
	ck_assert_int_eq(account("/vigil/reload_errors"), sizeof(wrong) / sizeof(*wrong));
	ck_assert_int_eq(reload("[daemons]\na = yes\n" DAEMON("a", "")), 0);
	ck_assert_int_eq(json_integer_value(json_object_get(result, "kept")), 1);
}
END_TEST

START_TEST(what_failed_is_tried_again)
{
	char command[512];
	json_t *failed;

	begin("[daemons]\na = yes\nlate = yes\n" DAEMON("a", "") "[daemon:late]\nmodule = exec2\n");
	ck_assert_int_eq(daemon_status(host_find(host, "a")), DAEMON_RUNNING);
	ck_assert_int_eq(daemon_status(host_find(host, "late")), DAEMON_FAILED);
	ck_assert_ptr_nonnull(
		strstr(daemon_reason(host_find(host, "late")), "no module \"exec2\""));
	ck_assert_int_eq(reload("[daemons]\na = yes\nlate = yes\n" DAEMON(
				 "a", "") "[daemon:late]\nmodule = exec2\n"),
		0);
	failed = json_object_get(result, "failed");
	ck_assert_ptr_nonnull(json_object_get(failed, "late"));

	snprintf(command, sizeof(command),
		"mkdir -p %s/exec2 && cp %s/src/modules/exec/exec.so %s/exec2/exec2.so",
		scratch_path("modules"), getenv("top_builddir"), scratch_path("modules"));
	ck_assert_int_eq(system(command), 0);
	ck_assert_int_eq(reload("[daemons]\na = yes\nlate = yes\n" DAEMON(
				 "a", "") "[daemon:late]\nmodule = exec2\n"),
		0);
	ck_assert_ptr_nonnull(
		strstr(daemon_reason(host_find(host, "late")), "calls itself \"exec\""));
	ck_assert_int_eq(
		reload("[daemons]\na = yes\nlate = yes\n" DAEMON("a", "") DAEMON("late", "")), 0);
	ck_assert_int_eq(daemon_status(host_find(host, "late")), DAEMON_RUNNING);
	ck_assert_int_eq(json_integer_value(json_object_get(result, "kept")), 1);
}
END_TEST

START_TEST(what_waits_for_a_restart_is_said)
{
	begin("");
	write_config("/nowhere", "group = adm\nrestart_rate = 1/1s\n");
	ck_assert_int_eq(host_reload(host, &result, &complaints), 0);
	ck_assert_str_eq(listed("restart_needed"), "group");
}
END_TEST

START_TEST(a_test_starts_nothing)
{
	configure("[daemons]\na = yes\n" DAEMON("a", ""));
	ck_assert_int_eq(host_test(scratch_path("vigil.conf"), &complaints), 0);
	ck_assert(!scratch_has("state") && !scratch_has("sock"));
	configure("[daemons]\na = yes\n[daemon:a]\nmodule = nosuch\n");
	ck_assert_int_eq(host_test(scratch_path("vigil.conf"), &complaints), -EINVAL);
	ck_assert_uint_gt(complaints.count, 0);
	complaints_clear(&complaints);
	ck_assert_int_eq(host_test(scratch_path("nosuch.conf"), &complaints), -EINVAL);
	ck_assert_ptr_null(host_new(scratch_path("nosuch.conf"), &complaints));
}
END_TEST

static void on_stopped(void *arg)
{
	stopped = true;
	loop_stop(host_loop(host));
}

START_TEST(a_stop_ends_children_and_refuses_reloads)
{
	uint64_t limit = clock_now() + 60 * CLOCK_SECOND;
	pid_t child;

	begin("[daemons]\nlong = yes\n[daemon:long]\nmodule = exec\nmode = stream\n"
	      "command = /bin/sleep 1000\n");
	while (account("/daemons/long/pid") == 0) {
		ck_assert(clock_now() < limit);
		loop_turn(host_loop(host), true);
	}
	child = (pid_t)account("/daemons/long/pid");
	ck_assert_int_eq(kill(child, 0), 0);
	stopped = false;
	host_stop(host, on_stopped, NULL);
	host_stop(host, on_stopped, NULL); /* once is enough */
	ck_assert_int_eq(reload(""), -EINVAL);
	ck_assert_ptr_nonnull(strstr(complaints.list[0].text, "stopping"));
	ck_assert_int_eq(loop_run(host_loop(host)), 0);
	ck_assert(stopped);
	ck_assert_int_eq(kill(child, 0), -1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("host");
	TCase *tcase = tcase_create("host");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, scratch_setup, teardown);
	tcase_add_test(tcase, nothing_enabled_is_a_configuration);
	tcase_add_test(tcase, a_reload_touches_what_has_changed_alone);
	tcase_add_test(tcase, a_mistake_changes_nothing);
	tcase_add_test(tcase, what_failed_is_tried_again);
	tcase_add_test(tcase, what_waits_for_a_restart_is_said);
	tcase_add_test(tcase, a_test_starts_nothing);
	tcase_add_test(tcase, a_stop_ends_children_and_refuses_reloads);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
