/*
 * check_unit_death: how the last run of a unit ended, from the properties that systemd signals,
 * as a table.  tests/system/deaths-systemd.sh has the same with a real systemd.
 */
#include "service/systemd/unit_death.h"

#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "scratch.h"
#include "service/systemd/unit_info.h"
#include "service/systemd/unit_program.h"
#include "suite.h"

/* The last start checked the conditions at 1 s, and the main process ran from 1.01 s to 3.01 s. */
#define PROCESS .pid = 7, .started = 1010000, .exited = 3010000
#define RUN(...)                                                        \
	{                                                               \
		PROCESS, .exited_at = UINT64_C(9003010000), __VA_ARGS__ \
	}
#define MET   .conditions = 1, .asserts = 1
#define BEGUN .conditions_checked = 1000000, .begun = 1000500
#define STATES(...)                                                                             \
	{                                                                                       \
		MET, BEGUN, .entered = 1020000, .changed_at = UINT64_C(9003020000), __VA_ARGS__ \
	}
#define FAILED   .active = "failed", .sub = "failed"
#define INACTIVE .active = "inactive", .sub = "dead"
#define WAITING  .active = "activating", .sub = "auto-restart"

static const struct {
	struct unit_exec exec;
	struct unit_states states;
	const char *text, *result;
} rows[] = {
	{RUN(.code = CLD_EXITED, .status = 1, .result = "exit-code"), STATES(FAILED),
		"exited with status 1 after 2.0 s", "exit-code"},
	{RUN(.code = CLD_EXITED, .status = 0, .result = "success"), STATES(INACTIVE),
		"exited with status 0 after 2.0 s", "success"},
	{RUN(.code = CLD_EXITED, .status = 203, .result = "exit-code"), STATES(WAITING),
		"could not be started: 203/EXEC", "exit-code"},
	{RUN(.code = CLD_DUMPED, .status = SIGSEGV, .result = "core-dump"), STATES(WAITING),
		"killed by SIGSEGV after 2.0 s, core dumped", "core-dump"},
	{RUN(.code = CLD_KILLED, .status = SIGKILL, .result = "signal"), STATES(FAILED),
		"killed by SIGKILL after 2.0 s", "signal"},
	{RUN(.code = CLD_KILLED, .status = SIGKILL, .result = "oom-kill"), STATES(FAILED),
		"killed by the OOM killer after 2.0 s", "oom-kill"},
	{RUN(.code = CLD_KILLED, .status = SIGTERM, .result = "timeout"), {FAILED, MET, BEGUN},
		"could not be started: its start timed out: killed by SIGTERM after 2.0 s",
		"timeout"},
	{RUN(.code = CLD_KILLED, .status = SIGTERM, .result = "timeout"),
		STATES(FAILED, .left = 3000000),
		"it exceeded a time limit: killed by SIGTERM after 2.0 s", "timeout"},
	{RUN(.code = CLD_DUMPED, .status = SIGABRT, .result = "watchdog"),
		STATES(FAILED, .left = 3000000),
		"it sent no watchdog signal in time: killed by SIGABRT after 2.0 s, core dumped",
		"watchdog"},
	{RUN(.code = CLD_KILLED, .status = SIGTERM, .result = "success"),
		STATES(INACTIVE, .left = 3000000),
		"stopped on request: killed by SIGTERM after 2.0 s", "success"},
	/* the times of an earlier stop */
	{RUN(.code = CLD_KILLED, .status = SIGTERM, .result = "success"),
		STATES(INACTIVE, .left = 900000), "killed by SIGTERM after 2.0 s", "success"},
	/* conditions and assertions */
	{{.code = 0}, {INACTIVE, .asserts = 1, .conditions_checked = 1000000},
		"not started: one of its conditions is not met", DEATH_CONDITION},
	{{.code = 0},
		{FAILED, .conditions = 1, .conditions_checked = 1000000,
			.asserts_checked = 1000001},
		"not started: one of its assertions is not met", DEATH_ASSERT},
	{RUN(.code = CLD_EXITED, .status = 1, .result = "exit-code"),
		{FAILED, .asserts = 1, .conditions_checked = 4000000},
		"not started: one of its conditions is not met", DEATH_CONDITION},
	/* the main process of this start did not run */
	{RUN(.code = CLD_EXITED, .status = 1, .result = "exit-code"),
		{FAILED, MET, .conditions_checked = 4000000, .begun = 4000100},
		"could not be started: no process of it ran", "exit-code"},
	{{.code = 0, .result = "resources"}, {FAILED, MET, BEGUN},
		"could not be started: systemd could not provide its resources: "
		"no process of it ran",
		"resources"},
	/* a start that the limit refused checks the conditions, too */
	{RUN(.code = CLD_EXITED, .status = 4, .result = "exit-code"),
		{FAILED, MET, .conditions_checked = 4000000, .begun = 1000500, .entered = 1020000},
		"exited with status 4 after 2.0 s; systemd does not start it again "
		"(start-limit-hit)",
		"start-limit-hit"},
	/* no death */
	{{.code = 0}, {INACTIVE}, "", ""},
	{{.pid = 7, .started = 1010000}, STATES(.active = "active", .sub = "running"), "", ""},
	{RUN(.code = CLD_EXITED, .status = 0, .result = "success"),
		STATES(.active = "active", .sub = "exited"), "", ""},
	{RUN(.code = CLD_KILLED, .status = SIGTERM, .result = "success"),
		STATES(.active = "deactivating", .sub = "stop-sigterm"), "", ""},
	{{.code = 0}, {.active = NULL}, "", ""},
};

START_TEST(each_state_of_a_unit)
{
	char text[DEATH_TEXT];
	struct death death;

	unit_death_evaluate(&rows[_i].exec, &rows[_i].states, &death);
	ck_assert_str_eq(
		death.kind != DEATH_NONE ? death_describe(&death, text) : "", rows[_i].text);
	if (death.kind != DEATH_NONE)
		ck_assert_str_eq(death.result, rows[_i].result);
}
END_TEST

/* --- signals ---------------------------------------------------------------------------------- */

static void hear_service(struct unit_death *death, struct unit_exec exec)
{
	unit_death_hear(death, &(struct unit_change){.interface = SYSTEMD_SERVICE, .exec = exec});
}

static void hear_unit(struct unit_death *death, struct unit_states states)
{
	unit_death_hear(death, &(struct unit_change){.interface = SYSTEMD_UNIT, .states = states});
}

START_TEST(a_death_is_remembered_while_the_unit_runs_again)
{
	struct unit_death death = {.heard = false};

	hear_unit(&death, (struct unit_states)STATES(FAILED)); /* without the service's */
	ck_assert_int_eq(unit_death_last(&death)->kind, DEATH_NONE);
	hear_service(&death,
		(struct unit_exec)RUN(.code = CLD_KILLED, .status = SIGKILL, .result = "signal"));
	hear_unit(&death, (struct unit_states)STATES(WAITING, .invocation = "abc"));
	ck_assert_int_eq(unit_death_last(&death)->signal, SIGKILL);
	ck_assert_str_eq(unit_death_last(&death)->journal, "abc");
	hear_service(&death, (struct unit_exec){.pid = 8, .started = 5000000});
	hear_unit(&death, (struct unit_states)STATES(.active = "active", .sub = "running",
				  .invocation = "def"));
	ck_assert_int_eq(unit_death_last(&death)->pid, 7);
	ck_assert_str_eq(unit_death_last(&death)->journal, "abc");
	unit_death_clear(&death);
	ck_assert_int_eq(unit_death_last(&death)->kind, DEATH_NONE);
}
END_TEST

START_TEST(a_dependency_that_failed_is_the_last_death_until_the_next_one)
{
	struct unit_death death = {.heard = false};

	ck_assert(!unit_death_hear_job(&death, "done"));
	ck_assert(!unit_death_hear_job(&death, "failed"));
	ck_assert(!death_is_dependency(unit_death_last(&death)));
	hear_service(&death,
		(struct unit_exec)RUN(.code = CLD_KILLED, .status = SIGKILL, .result = "signal"));
	ck_assert(unit_death_hear_job(&death, "dependency"));
	hear_unit(&death, (struct unit_states)STATES(FAILED)); /* the unit itself is unchanged */
	ck_assert(death_is_dependency(unit_death_last(&death)));
	hear_service(&death, (struct unit_exec){PROCESS, .code = CLD_KILLED, .status = SIGKILL,
				     .result = "signal", .exited_at = UINT64_MAX / 2});
	hear_unit(&death, (struct unit_states)STATES(FAILED));
	ck_assert(!death_is_dependency(unit_death_last(&death)));
	ck_assert_int_eq(unit_death_last(&death)->signal, SIGKILL);
	unit_death_clear(&death);
}
END_TEST

/* --- programs --------------------------------------------------------------------------------- */

static const struct {
	const char *text;
	mode_t mode;
	const char *wrong; /* the rest of the sentence after the path; NULL: nothing */
} programs[] = {
	{NULL, 0, " does not exist"},
	{"#!/bin/sh\n", 0644, " is not executable"},
	{"#!/bin/sh\n", 0755, NULL},
	{"#! /bin/sh -e\n", 0755, NULL},
	{"#!/none/sh\n", 0755, " does not exist"},
	{"echo\n", 0755, " is not a program; a script needs a #! line"},
	{"", 0755, " is not a program; a script needs a #! line"},
	{"\177ELF", 0755, NULL},
};

START_TEST(each_program_that_systemd_cannot_execute)
{
	const char *path = scratch_path("program");
	char text[DEATH_DETAIL];

	if (programs[_i].text != NULL)
		scratch_put("program", programs[_i].mode, "%s", programs[_i].text);
	unit_program_examine(path, text, sizeof(text));
	if (programs[_i].wrong == NULL)
		ck_assert_str_eq(text, "");
	else
		ck_assert_msg(strstr(text, programs[_i].wrong) != NULL, "%s", text);
}
END_TEST

SUITE("unit_death", scratch_setup, scratch_teardown)
{
	LOOP_TEST(each_state_of_a_unit, COUNT(rows));
	TEST(a_death_is_remembered_while_the_unit_runs_again);
	TEST(a_dependency_that_failed_is_the_last_death_until_the_next_one);
	LOOP_TEST(each_program_that_systemd_cannot_execute, COUNT(programs));
}
