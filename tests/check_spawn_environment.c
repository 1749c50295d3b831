/* check_spawn_environment: what vigild's own service manager tells vigild is not for its children. */
#include "loop/spawn_environment.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "loop/spawn.h"

/* systemd.exec(5) as of systemd 257, OpenRC and sysvinit. */
static const char *const kept_from_children[] = {"NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC",
	"LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "LISTEN_PIDFDID", "FDSTORE",
	"MEMORY_PRESSURE_WATCH", "MEMORY_PRESSURE_WRITE", "JOURNAL_STREAM", "LOG_NAMESPACE",
	"INVOCATION_ID", "MAINPID", "MAINPIDFDID", "MANAGERPID", "MANAGERPIDFDID", "PIDFILE",
	"SYSTEMD_EXEC_PID", "SYSTEMD_ACTIVATION_UNIT", "SYSTEMD_ACTIVATION_SCOPE",
	"DEBUG_INVOCATION", "RUNTIME_DIRECTORY", "STATE_DIRECTORY", "CACHE_DIRECTORY",
	"LOGS_DIRECTORY", "CONFIGURATION_DIRECTORY", "CREDENTIALS_DIRECTORY", "SERVICE_RESULT",
	"EXIT_CODE", "EXIT_STATUS", "MONITOR_SERVICE_RESULT", "MONITOR_EXIT_CODE",
	"MONITOR_EXIT_STATUS", "MONITOR_INVOCATION_ID", "MONITOR_UNIT", "TRIGGER_UNIT",
	"TRIGGER_PATH", "TRIGGER_TIMER_REALTIME_USEC", "TRIGGER_TIMER_MONOTONIC_USEC",
	"REMOTE_ADDR", "REMOTE_PORT", "DBUS_STARTER_ADDRESS", "RC_SVCNAME", "RC_SERVICE",
	"RUNLEVEL", "PREVLEVEL"};
static const char *const left_to_children[] = {"PATH", "LANG", "LC_NUMERIC", "HOME", "USER",
	"LOGNAME", "SHELL", "TERM", "TZ", "XDG_RUNTIME_DIR", "NOTIFY", "NOTIFY_SOCKETS",
	"MY_NOTIFY_SOCKET", "LISTEN", "STATE_DIRECTORY_OF_MINE", "MAINPIDS", "WATCHDOG",
	"SYSTEMD_LOG_LEVEL", "notify_socket", "http_proxy", "MONITOR_HOST", "EXIT"};

#define KEPT (sizeof(kept_from_children) / sizeof(kept_from_children[0]))
#define LEFT (sizeof(left_to_children) / sizeof(left_to_children[0]))

static void set_all(void)
{
	for (size_t i = 0; i < KEPT; i++)
		ck_assert_int_eq(setenv(kept_from_children[i], "vigil's", 1), 0);
	for (size_t i = 0; i < LEFT; i++)
		ck_assert_int_eq(setenv(left_to_children[i], "all's", 1), 0);
}

static const char *find(char *const *environment, const char *name)
{
	size_t n = strlen(name);

	for (; *environment != NULL; environment++)
		if (strncmp(*environment, name, n) == 0 && (*environment)[n] == '=')
			return *environment + n + 1;
	return NULL;
}

START_TEST(what_is_for_vigild_alone_is_not_handed_on)
{
	char **environment;

	set_all();
	environment = spawn_environment_new(NULL);
	ck_assert_ptr_nonnull(environment);
	ck_assert_ptr_null(find(environment, kept_from_children[_i]));
	ck_assert(spawn_environment_is_private(kept_from_children[_i]));
	free(environment);
}
END_TEST

START_TEST(all_else_is_handed_on)
{
	char **environment;

	set_all();
	environment = spawn_environment_new(NULL);
	ck_assert_ptr_nonnull(environment);
	ck_assert_ptr_nonnull(find(environment, left_to_children[_i]));
	ck_assert(!spawn_environment_is_private(left_to_children[_i]));
	free(environment);
}
END_TEST

START_TEST(a_child_may_be_given_any_of_them)
{
	char entry[128];
	const char *extra[] = {entry, "PATH=/nowhere", "NEW=1", NULL};
	char **environment;

	set_all();
	snprintf(entry, sizeof(entry), "%s=the child's", kept_from_children[_i]);
	environment = spawn_environment_new(extra);
	ck_assert_ptr_nonnull(environment);
	ck_assert_str_eq(find(environment, kept_from_children[_i]), "the child's");
	ck_assert_str_eq(find(environment, "PATH"), "/nowhere");
	ck_assert_str_eq(find(environment, "NEW"), "1");
	free(environment);
}
END_TEST

START_TEST(no_environment_at_all)
{
	char **environment;

	clearenv();
	environment = spawn_environment_new(NULL);
	ck_assert_ptr_nonnull(environment);
	ck_assert_ptr_null(environment[0]);
	free(environment);
}
END_TEST

START_TEST(a_real_child_prints_none_of_them)
{
	const char *argv[] = {"/usr/bin/env", NULL}, *extra[] = {"FDSTORE=3", NULL};
	struct spawn spawn = {.argv = argv, .environment = extra};
	struct spawn_result result;
	char line[128];

	clearenv(); /* so that all of it fits into the result */
	set_all();
	ck_assert_int_eq(spawn_run(&spawn, clock_now() + 30 * CLOCK_SECOND, false, &result), 0);
	ck_assert_int_eq(result.status, 0);
	ck_assert(!result.truncated);
	for (size_t i = 0; i < KEPT; i++) {
		snprintf(line, sizeof(line), "%s=vigil's\n", kept_from_children[i]);
		ck_assert_ptr_null(strstr(result.output, line));
	}
	ck_assert_ptr_nonnull(strstr(result.output, "FDSTORE=3\n"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("spawn_environment");
	TCase *tcase = tcase_create("spawn_environment");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tcase, what_is_for_vigild_alone_is_not_handed_on, 0, KEPT);
	tcase_add_loop_test(tcase, all_else_is_handed_on, 0, LEFT);
	tcase_add_loop_test(tcase, a_child_may_be_given_any_of_them, 0, KEPT);
	tcase_add_test(tcase, no_environment_at_all);
	tcase_add_test(tcase, a_real_child_prints_none_of_them);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
