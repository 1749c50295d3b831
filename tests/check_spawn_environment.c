/*
 * check_spawn_environment: the variables of vigild's own service manager are not passed to
 * children.
 */
#include "process/spawn_environment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "process/spawn.h"
#include "suite.h"

/* From systemd.exec(5) of systemd 257, OpenRC and sysvinit. */
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
static const char *const left_to_children[] = {"PATH", "LANG", "LC_CTYPE", "HOME", "USER",
	"LOGNAME", "SHELL", "TERM", "TZ", "XDG_RUNTIME_DIR", "NOTIFY", "NOTIFY_SOCKETS",
	"MY_NOTIFY_SOCKET", "LISTEN", "STATE_DIRECTORY_OF_MINE", "MAINPIDS", "WATCHDOG",
	"SYSTEMD_LOG_LEVEL", "notify_socket", "http_proxy", "MONITOR_HOST", "EXIT"};

#define KEPT (COUNT(kept_from_children))
#define LEFT (COUNT(left_to_children))

static void set_all(void)
{
	unsetenv("LC_ALL"); /* it would replace LC_CTYPE */
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

START_TEST(variables_for_vigild_are_not_passed_on)
{
	char **environment;

	set_all();
	environment = spawn_environment_new(NULL, false);
	ck_assert_ptr_nonnull(environment);
	ck_assert_ptr_null(find(environment, kept_from_children[_i]));
	ck_assert(spawn_environment_is_private(kept_from_children[_i]));
	free(environment);
}
END_TEST

START_TEST(other_variables_are_passed_on)
{
	char **environment;

	set_all();
	environment = spawn_environment_new(NULL, false);
	ck_assert_ptr_nonnull(environment);
	ck_assert_ptr_nonnull(find(environment, left_to_children[_i]));
	ck_assert(!spawn_environment_is_private(left_to_children[_i]));
	free(environment);
}
END_TEST

START_TEST(another_user_gets_only_the_locale)
{
	static const char *const extra[] = {"HOME=/home/other", "TOKEN=given", NULL};
	char **environment;
	size_t count = 0;

	clearenv();
	set_all();
	ck_assert_int_eq(setenv("LD_LIBRARY_PATH", "/root/lib", 1), 0);
	ck_assert_int_eq(setenv("VAULT_TOKEN", "secret", 1), 0);
	environment = spawn_environment_new(extra, true);
	ck_assert_ptr_nonnull(environment);
	while (environment[count] != NULL)
		count++;
	ck_assert_uint_eq(count, 8);
	ck_assert_str_eq(find(environment, "LANG"), "all's");
	ck_assert_str_eq(find(environment, "LC_CTYPE"), "all's");
	ck_assert_str_eq(find(environment, "TZ"), "all's");
	ck_assert_str_eq(find(environment, "LC_NUMERIC"), "C");
	ck_assert_str_eq(find(environment, "LC_MESSAGES"), "C");
	ck_assert_str_eq(find(environment, "HOME"), "/home/other");
	ck_assert_str_eq(find(environment, "TOKEN"), "given");
	ck_assert_ptr_nonnull(strstr(find(environment, "PATH"), "/usr/bin"));
	free(environment);
	environment = spawn_environment_new((const char *const[]){"PATH=/mine", NULL}, true);
	ck_assert_str_eq(find(environment, "PATH"), "/mine");
	free(environment);
}
END_TEST

START_TEST(a_child_may_be_given_any_variable)
{
	char entry[128];
	const char *extra[] = {entry, "PATH=/nowhere", "NEW=1", NULL};
	char **environment;

	set_all();
	snprintf(entry, sizeof(entry), "%s=the child's", kept_from_children[_i]);
	environment = spawn_environment_new(extra, false);
	ck_assert_ptr_nonnull(environment);
	ck_assert_str_eq(find(environment, kept_from_children[_i]), "the child's");
	ck_assert_str_eq(find(environment, "PATH"), "/nowhere");
	ck_assert_str_eq(find(environment, "NEW"), "1");
	free(environment);
}
END_TEST

START_TEST(an_empty_environment_gets_the_defaults)
{
	char **environment;

	clearenv();
	environment = spawn_environment_new(NULL, false);
	ck_assert_ptr_nonnull(environment);
	ck_assert_str_eq(environment[0], "LC_NUMERIC=C");
	ck_assert_str_eq(environment[1], "LC_MESSAGES=C");
	ck_assert_ptr_null(environment[2]);
	free(environment);
}
END_TEST

/* Each row: vigild's environment, what the configuration adds, and what the child must have; each
 * in the order LANG, LC_ALL, LC_NUMERIC, LC_MESSAGES, LC_CTYPE, LANGUAGE; NULL: not set. */
#define DE "de_DE.UTF-8"
#define FR "fr_FR.UTF-8"

static const char *const locale_names[] = {
	"LANG", "LC_ALL", "LC_NUMERIC", "LC_MESSAGES", "LC_CTYPE", "LANGUAGE"};

#define NAMES (COUNT(locale_names))

static const struct {
	const char *own[NAMES], *extra[NAMES], *child[NAMES];
} locales[] = {
	{{NULL}, {NULL}, {NULL, NULL, "C", "C"}},
	{{DE}, {NULL}, {DE, NULL, "C", "C"}},
	{{DE, NULL, DE, DE, FR, "de:fr"}, {NULL}, {DE, NULL, "C", "C", FR}},
	{{NULL, DE}, {NULL}, {DE, NULL, "C", "C"}},
	{{FR, DE, FR, FR, FR, "fr"}, {NULL}, {DE, NULL, "C", "C"}},
	{{FR, "", FR, FR, FR}, {NULL}, {FR, NULL, "C", "C", FR}},
	{{"C", "C"}, {NULL}, {"C", NULL, "C", "C"}},
	{{DE}, {NULL, NULL, DE}, {DE, NULL, DE, "C"}},
	{{DE}, {NULL, NULL, NULL, DE}, {DE, NULL, "C", DE}},
	{{DE}, {NULL, NULL, ""}, {DE, NULL, "", "C"}},
	{{DE}, {NULL, FR}, {DE, FR, "C", "C"}},
	{{NULL, DE}, {NULL, FR}, {DE, FR, "C", "C"}},
	{{NULL, DE}, {NULL, "C"}, {DE, "C", "C", "C"}},
	{{NULL, DE}, {FR}, {FR, NULL, "C", "C"}},
	{{NULL, DE, DE, DE, DE}, {NULL, NULL, NULL, NULL, FR}, {DE, NULL, "C", "C", FR}},
	{{DE}, {NULL, NULL, NULL, NULL, NULL, "fr"}, {DE, NULL, "C", "C", NULL, "fr"}},
};

START_TEST(numbers_and_messages_are_in_the_c_locale)
{
	static char texts[NAMES][64];
	const char *extra[NAMES + 1] = {NULL}, *found;
	char **environment;
	size_t n = 0;

	clearenv();
	for (size_t i = 0; i < NAMES; i++) {
		if (locales[_i].own[i] != NULL)
			setenv(locale_names[i], locales[_i].own[i], 1);
		if (locales[_i].extra[i] == NULL)
			continue;
		snprintf(
			texts[i], sizeof(texts[i]), "%s=%s", locale_names[i], locales[_i].extra[i]);
		extra[n++] = texts[i];
	}
	environment = spawn_environment_new(extra, false);
	ck_assert_ptr_nonnull(environment);
	for (size_t i = 0; i < NAMES; i++) {
		found = find(environment, locale_names[i]);
		if (locales[_i].child[i] == NULL)
			ck_assert_msg(found == NULL, "%s=%s", locale_names[i], found);
		else
			ck_assert_str_eq(found, locales[_i].child[i]);
	}
	free(environment);
}
END_TEST

START_TEST(a_real_child_gets_each_variable_once)
{
	const char *argv[] = {"/usr/bin/env", NULL}, *extra[] = {"LC_NUMERIC=fr_FR.UTF-8", NULL};
	struct spawn spawn = {.argv = argv, .environment = extra};
	struct spawn_result result;

	clearenv();
	setenv("LANG", "C", 1);
	setenv("LC_ALL", "de_DE.UTF-8", 1);
	setenv("LC_NUMERIC", "de_DE.UTF-8", 1);
	ck_assert_int_eq(spawn_run(&spawn, clock_now() + 30 * CLOCK_SECOND, false, &result), 0);
	ck_assert_str_eq(
		result.output, "LC_MESSAGES=C\nLANG=de_DE.UTF-8\nLC_NUMERIC=fr_FR.UTF-8\n");
}
END_TEST

START_TEST(a_real_child_gets_no_private_variable)
{
	const char *argv[] = {"/usr/bin/env", NULL}, *extra[] = {"FDSTORE=3", NULL};
	struct spawn spawn = {.argv = argv, .environment = extra};
	struct spawn_result result;
	char line[128];

	clearenv(); /* so that all variables fit into the output */
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

SUITE("spawn_environment", NULL, NULL)
{
	LOOP_TEST(variables_for_vigild_are_not_passed_on, KEPT);
	LOOP_TEST(other_variables_are_passed_on, LEFT);
	LOOP_TEST(a_child_may_be_given_any_variable, KEPT);
	TEST(another_user_gets_only_the_locale);
	TEST(an_empty_environment_gets_the_defaults);
	LOOP_TEST(numbers_and_messages_are_in_the_c_locale, COUNT(locales));
	TEST(a_real_child_gets_each_variable_once);
	TEST(a_real_child_gets_no_private_variable);
}
