/*
 * check_run: which results of checks show that a service was restarted.  Each row is the life of
 * one service, as its checks have found it.
 */
#include "../src/modules/service/run.h"
#include "suite.h"

#include <string.h>

#define CHECKS_MAX 6

/* Processes that are older than 90 have a start time, so that "older" means a lower pid. */
static double age(pid_t pid)
{
	return pid > 0 && pid < 90 ? 100 - pid : 0;
}

#define UP(...)                                                                \
	{                                                                      \
		.status = VIGIL_SERVICE_RUNNING, .manager = "lsb", __VA_ARGS__ \
	}
#define IS(word_)                                                 \
	{                                                         \
		.status = VIGIL_SERVICE_##word_, .manager = "lsb" \
	}

static const struct {
	const char *label;
	vigil_service_reply checks[CHECKS_MAX];
	const char *restarts; /* which checks show a restart, as 0 and 1 */
	const char *how;      /* how the last one showed */
} rows[] = {
	{"it runs on", {UP(.pid = 10), UP(.pid = 10), UP(.pid = 10)}, "000", ""},
	{"it was never seen running before", {IS(FAILED), UP(.pid = 10), UP(.pid = 10)}, "000", ""},
	{"it was down in between", {UP(.pid = 10), IS(FAILED), UP(.pid = 20)}, "001",
		"its pid changed from 10 to 20"},
	{"it was stopped and started", {UP(.pid = 10), IS(STOPPED), IS(STOPPED), UP(.pid = 20)},
		"0001", "its pid changed from 10 to 20"},
	{"its manager was restarting it",
		{UP(.pid = 10), IS(STOPPING), IS(STARTING), UP(.pid = 20)}, "0001",
		"its pid changed from 10 to 20"},
	{"it has no pid", {UP(), IS(STOPPED), UP()}, "001", "it did not run in between"},
	{"another pid alone may be a successor", {UP(.pid = 10), UP(.pid = 20), UP(.pid = 20)},
		"000", ""},
	{"the pid is known later", {UP(), UP(.pid = 20), UP(.pid = 20)}, "000", ""},
	{"unknown in between", {UP(.pid = 10), IS(UNKNOWN), UP(.pid = 20)}, "000", ""},
	{"reloaded", {UP(.pid = 10), IS(RELOADING), UP(.pid = 10)}, "000", ""},
	{"reloaded, with a successor", {UP(.pid = 10), IS(RELOADING), UP(.pid = 20)}, "000", ""},
	{"installed again", {UP(.pid = 10), IS(ABSENT), UP(.pid = 20)}, "000", ""},
	{"idle in between",
		{UP(.pid = 10), {.status = VIGIL_SERVICE_STOPPED, .idle = "started by x.socket"},
			UP(.pid = 20)},
		"000", ""},
	{"down before it was idle",
		{UP(.pid = 10), IS(FAILED),
			{.status = VIGIL_SERVICE_STOPPED, .idle = "started by x.socket"},
			UP(.pid = 20)},
		"0000", ""},
	{"its manager counts a restart", {UP(.pid = 10), UP(.pid = 20, .respawns = 1)}, "01",
		"its pid changed from 10 to 20"},
	{"its manager counts a restart without a pid", {UP(), UP(.respawns = 1)}, "01",
		"lsb says so"},
	{"the count begins again at 0",
		{UP(.pid = 10, .respawns = 3), UP(.pid = 10), UP(.pid = 20, .respawns = 1)}, "001",
		"its pid changed from 10 to 20"},
	{"another run, not seen in between", {UP(.pid = 10, .run = 1), UP(.pid = 20, .run = 2)},
		"01", "its pid changed from 10 to 20"},
	{"another run with the same pid", {UP(.pid = 10, .run = 1), UP(.pid = 10, .run = 2)}, "01",
		"lsb says so"},
	{"the same run with another main process",
		{UP(.pid = 10, .run = 1), UP(.pid = 20, .run = 1)}, "00", ""},
	{"the same run, and it seemed to be down",
		{UP(.pid = 10, .run = 1), IS(FAILED), UP(.pid = 10, .run = 1)}, "000", ""},
	{"the run is not known once",
		{UP(.pid = 10, .run = 1), UP(.pid = 10), UP(.pid = 10, .run = 1)}, "000", ""},
	{"the run is known first when it is another one",
		{UP(.pid = 10), UP(.pid = 20, .run = 2), UP(.pid = 20, .run = 2)}, "000", ""},
	{"two restarts", {UP(.pid = 10), IS(FAILED), UP(.pid = 20), IS(FAILED), UP(.pid = 30)},
		"00101", "its pid changed from 20 to 30"},
	{"several crashes before it runs again",
		{UP(.pid = 10), IS(FAILED), IS(STARTING), IS(FAILED), UP(.pid = 30)}, "00001",
		"its pid changed from 10 to 30"},
};

START_TEST(only_proof_counts_as_a_restart)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char restarts[CHECKS_MAX + 1] = "";
		struct run run = {.seen = false};

		for (size_t at = 0; at < strlen(rows[i].restarts); at++)
			restarts[at] = run_observe(&run, &rows[i].checks[at], 100, age) ? '1' : '0';
		ck_assert_msg(
			strcmp(restarts, rows[i].restarts) == 0, "%s: %s", rows[i].label, restarts);
		ck_assert_msg(
			strcmp(run.how, rows[i].how) == 0, "%s: \"%s\"", rows[i].label, run.how);
	}
}
END_TEST

static bool observe(struct run *run, double now, vigil_service_status status, pid_t pid)
{
	const vigil_service_reply reply = {.status = status, .pid = pid, .manager = "lsb"};

	return run_observe(run, &reply, now, age);
}

/* The start of a run is the latest time that is possible, and that of a restart the earliest, so
 * that a service whose order is not known is not restarted with the other one. */
START_TEST(times_that_are_not_known_are_no_reason_for_a_restart)
{
	struct run run = {.seen = false};

	observe(&run, 100, VIGIL_SERVICE_RUNNING, 10);
	ck_assert_double_eq_tol(run.started, 10, 1e-9); /* by the age of its process */
	ck_assert_double_eq_tol(run.restarted, 0, 1e-9);
	observe(&run, 110, VIGIL_SERVICE_FAILED, 0);
	ck_assert(observe(&run, 120, VIGIL_SERVICE_RUNNING, 99)); /* its age is not known */
	ck_assert_double_eq_tol(run.started, 120, 1e-9);
	ck_assert_double_eq_tol(run.restarted, 110, 1e-9);
	observe(&run, 130, VIGIL_SERVICE_RUNNING, 99);
	ck_assert_double_eq_tol(run.started, 120, 1e-9);
	ck_assert_double_eq_tol(run.restarted, 110, 1e-9);
	/* a successor of the same run is a new process, and no restart */
	ck_assert(!observe(&run, 140, VIGIL_SERVICE_RUNNING, 98));
	ck_assert_double_eq_tol(run.started, 140, 1e-9);
	ck_assert_double_eq_tol(run.restarted, 110, 1e-9);
}
END_TEST

START_TEST(a_restart_by_vigild_needs_no_other_proof)
{
	struct run run = {.seen = false};

	run_interrupt(&run, 90);
	ck_assert(!observe(&run, 100, VIGIL_SERVICE_RUNNING, 0));
	run_interrupt(&run, 105);
	ck_assert(observe(&run, 110, VIGIL_SERVICE_RUNNING, 0));
	ck_assert_double_eq_tol(run.restarted, 105, 1e-9);
	ck_assert(!observe(&run, 120, VIGIL_SERVICE_RUNNING, 0));
}
END_TEST

static void setup(void)
{
}

static void teardown(void)
{
}

SUITE("run", setup, teardown)
{
	TEST(only_proof_counts_as_a_restart);
	TEST(times_that_are_not_known_are_no_reason_for_a_restart);
	TEST(a_restart_by_vigild_needs_no_other_proof);
}
