/*
 * check_unit_proof: which signals prove a crash, as a table; and that for every combination of
 * facts a proven crash leads to the same status, hold and decision as the queries do.
 */
#include "service/systemd/unit_proof.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "modules/policy/decide.h"
#include "suite.h"

/* The unit became active at 2 s, its process 7 ended at 3 s, and it left "active" right after. */
struct facts_of_unit {
	struct cached_unit unit;
	struct unit_exec exec;
	struct unit_states states;
	int64_t job;
	bool stopping;
};

static const struct facts_of_unit crash = {
	.unit = {.status = VIGIL_SERVICE_RUNNING,
		.load = "loaded",
		.active = "active",
		.sub = "running",
		.properties = {.pid = 7, .respawns = 2},
		.valid = true,
		.pid_valid = true,
		.simple = true,
		.unaided = true},
	.exec = {.pid = 7,
		.code = CLD_KILLED,
		.status = SIGKILL,
		.started = 1900000,
		.exited = 3000000,
		.result = "signal"},
	.states = {.active = "failed",
		.sub = "failed",
		.begun = 1800000,
		.entered = 2000000,
		.left = 3000100},
};

/* systemd signals the service first, and the unit right after it. */
static struct unit_proof hear(const struct facts_of_unit *f)
{
	struct unit_proof proof = {.stage = PROOF_NONE};
	const struct unit_change service = {
		.interface = SYSTEMD_SERVICE, .pid = 0, .respawns = -1, .job = -1, .exec = f->exec};
	const struct unit_change unit = {.interface = SYSTEMD_UNIT,
		.pid = -1,
		.respawns = -1,
		.job = f->job,
		.states = f->states};

	unit_proof_hear(&proof, &f->unit, &f->exec, f->stopping, &service);
	unit_proof_hear(&proof, &f->unit, &f->exec, f->stopping, &unit);
	return proof;
}

static bool is_proven(const struct facts_of_unit *f)
{
	return hear(f).stage == PROOF_CRASHED;
}

/* --- the table -------------------------------------------------------------------------------- */

/* One change to the crash above. */
#define CASE(name, change)                                 \
	static void change_##name(struct facts_of_unit *f) \
	{                                                  \
		change;                                    \
	}
#define TEXT(to, text) snprintf(to, sizeof(to), "%s", text)

CASE(nothing, (void)f)
CASE(core, (f->exec.code = CLD_DUMPED, TEXT(f->exec.result, "core-dump")))
CASE(oom, TEXT(f->exec.result, "oom-kill"))
CASE(exited, (f->exec.code = CLD_EXITED, f->exec.status = 1, TEXT(f->exec.result, "exit-code")))
CASE(same_time, f->states.left = f->exec.exited)
/* systemd or somebody else is at work */
CASE(waits_to_restart, (f->states.active = "activating", f->states.sub = "auto-restart"))
CASE(is_about_to_restart, f->states.sub = "failed-before-auto-restart")
CASE(job_is_pending, f->job = 12)
CASE(job_is_unknown, f->job = -1)
CASE(is_stopping, (f->states.active = "deactivating", f->states.sub = "stop-post"))
CASE(started_again, (f->states.active = "active", f->states.sub = "running"))
/* it was stopped, and then its process ended */
CASE(was_stopping, f->stopping = true)
CASE(left_before_it_ended, f->states.left = f->exec.exited - 1)
CASE(ended_well, (f->states.active = "inactive", f->states.sub = "dead"))
/* the start has failed, or the limits of systemd */
CASE(unexecuted,
	(f->exec.code = CLD_EXITED, f->exec.status = 203, TEXT(f->exec.result, "exit-code")))
CASE(never_active, f->states.entered = 0)
CASE(became_active_later, f->states.entered = f->exec.exited + 1)
CASE(timed_out, TEXT(f->exec.result, "timeout"))
CASE(watchdog, (f->exec.code = CLD_DUMPED, TEXT(f->exec.result, "watchdog")))
CASE(start_limit, TEXT(f->exec.result, "start-limit-hit"))
CASE(contradicts, f->exec.code = CLD_EXITED)
CASE(did_not_end, f->exec.exited = 0)
CASE(another_process, f->exec.pid = 8)
/* what the cache must know, and does not */
CASE(process_not_known, f->unit.pid_valid = false)
CASE(no_process, (f->unit.properties.pid = 0, f->exec.pid = 0))
CASE(not_simple, f->unit.simple = false)
CASE(restarted_by_systemd, f->unit.unaided = false)
CASE(outside, f->unit.outside = true)
CASE(masked, TEXT(f->unit.load, "masked"))
CASE(did_not_run, f->unit.status = VIGIL_SERVICE_FAILED)
CASE(was_reloading, TEXT(f->unit.active, "reloading"))

#define ROW(name, proven)                    \
	{                                    \
#name, change_##name, proven \
	}

static const struct {
	const char *name;
	void (*change)(struct facts_of_unit *f);
	bool proven;
} rows[] = {ROW(nothing, true), ROW(core, true), ROW(oom, true), ROW(exited, true),
	ROW(same_time, true), ROW(waits_to_restart, false), ROW(is_about_to_restart, false),
	ROW(job_is_pending, false), ROW(job_is_unknown, false), ROW(is_stopping, false),
	ROW(started_again, false), ROW(was_stopping, false), ROW(left_before_it_ended, false),
	ROW(ended_well, false), ROW(unexecuted, false), ROW(never_active, false),
	ROW(became_active_later, false), ROW(timed_out, false), ROW(watchdog, false),
	ROW(start_limit, false), ROW(contradicts, false), ROW(did_not_end, false),
	ROW(another_process, false), ROW(process_not_known, false), ROW(no_process, false),
	ROW(not_simple, false), ROW(restarted_by_systemd, false), ROW(outside, false),
	ROW(masked, false), ROW(did_not_run, false), ROW(was_reloading, false)};

START_TEST(each_situation_is_proven_or_asked_about)
{
	struct facts_of_unit f = crash;

	rows[_i].change(&f);
	ck_assert_msg(is_proven(&f) == rows[_i].proven, "%s", rows[_i].name);
}
END_TEST

START_TEST(a_proof_ends_with_the_next_change_and_with_time)
{
	struct unit_proof proof = hear(&crash);
	struct unit_change change = {
		.interface = SYSTEMD_UNIT, .pid = -1, .job = 0, .states = crash.states};

	ck_assert(unit_proof_holds(&proof, 3000000));
	ck_assert(unit_proof_holds(&proof, 3050000));
	ck_assert(!unit_proof_holds(&proof, 2999999)); /* another clock */
	ck_assert(!unit_proof_holds(&proof, 3200000));
	/* systemd may signal the same twice */
	unit_proof_hear(&proof, &crash.unit, &crash.exec, false, &change);
	ck_assert(unit_proof_holds(&proof, 3000000));
	change.job = 3; /* somebody starts it */
	unit_proof_hear(&proof, &crash.unit, &crash.exec, false, &change);
	ck_assert(!unit_proof_holds(&proof, 3000000));
	change.job = 0; /* and that start has failed */
	unit_proof_hear(&proof, &crash.unit, &crash.exec, false, &change);
	ck_assert(!unit_proof_holds(&proof, 3000000));
}
END_TEST

/* --- the same decision ------------------------------------------------------------------------ */

/* What a worker finds that queries the unit in that state. */
static struct manager_reply ask(const struct facts_of_unit *f)
{
	struct manager_reply reply = {.status = VIGIL_SERVICE_UNKNOWN};
	const struct unit_row row = {.name = "a.service",
		.load = f->unit.load,
		.active = f->states.active,
		.sub = f->states.sub,
		.job = f->job > 0 ? "stop" : ""};
	struct unit_properties properties = {.respawns = f->unit.properties.respawns,
		.started = f->states.begun,
		.left = f->states.left,
		.ended = f->exec.exited,
		.run_limit = UINT64_MAX};

	if (strcmp(f->states.active, "failed") == 0) {
		TEXT(properties.result, f->exec.result);
		properties.exit = f->exec.status;
	}
	unit_evaluate(&row, &properties, &reply);
	return reply;
}

/* What unit_monitor.c concludes from the signals. */
static struct manager_reply believe(const struct facts_of_unit *f)
{
	struct manager_reply reply = {.status = VIGIL_SERVICE_UNKNOWN};
	const struct unit_row row = {.name = "a.service",
		.load = "loaded",
		.active = "failed",
		.sub = "failed",
		.job = ""};
	struct unit_properties properties = {
		.respawns = f->unit.properties.respawns, .exit = f->exec.status};

	TEXT(properties.result, f->exec.result);
	unit_evaluate(&row, &properties, &reply);
	return reply;
}

static struct decision decide_for(const struct manager_reply *reply, enum restart_on restart_on)
{
	const struct rules rules = {.restart_on = restart_on, .settle = 90};
	const struct facts facts = {.daemon = "a",
		.status = reply->status,
		.hold = reply->hold[0] != '\0' ? reply->hold : NULL,
		.idle = reply->idle[0] != '\0' ? reply->idle : NULL,
		.now = 10,
		.since = 10};
	struct decision decision;

	decide(&rules, &facts, &decision);
	return decision;
}

static void compare(const struct facts_of_unit *f)
{
	const struct manager_reply asked = ask(f), believed = believe(f);

	ck_assert_int_eq(believed.status, VIGIL_SERVICE_FAILED);
	ck_assert_int_eq(asked.status, believed.status);
	ck_assert_str_eq(asked.text, believed.text);
	ck_assert_str_eq(asked.hold, believed.hold);
	ck_assert_str_eq(asked.idle, believed.idle);
	ck_assert_str_eq(asked.evidence, believed.evidence);
	ck_assert_uint_eq(asked.respawns, believed.respawns);
	for (enum restart_on on = RESTART_ON_STOPPED; on <= RESTART_NEVER; on++) {
		const struct decision a = decide_for(&asked, on), b = decide_for(&believed, on);

		ck_assert_int_eq(a.restart, b.restart);
		ck_assert_int_eq(a.restart, on != RESTART_NEVER);
		ck_assert_int_eq(a.withheld, b.withheld);
		ck_assert_str_eq(a.words, b.words);
	}
}

/* Calls fn for each combination of what systemd can signal. */
static void each_end(struct facts_of_unit f, void (*fn)(const struct facts_of_unit *f))
{
	static const char *const results[] = {"signal", "core-dump", "exit-code", "oom-kill",
		"success", "timeout", "watchdog", "resources", "protocol", "start-limit-hit"};
	static const int codes[] = {0, CLD_EXITED, CLD_KILLED, CLD_DUMPED};
	static const uint64_t lefts[] = {0, 1000000, 2999999, 3000000, 3000001};
	static const uint64_t entereds[] = {0, 2000000, 3000001};

	for (size_t i = 0; i < COUNT(results) * COUNT(codes) * COUNT(lefts) * COUNT(entereds) * 2;
		i++) {
		size_t n = i;

		TEXT(f.exec.result, results[n % COUNT(results)]);
		n /= COUNT(results);
		f.exec.code = codes[n % COUNT(codes)];
		n /= COUNT(codes);
		f.states.left = lefts[n % COUNT(lefts)];
		n /= COUNT(lefts);
		f.states.entered = entereds[n % COUNT(entereds)];
		n /= COUNT(entereds);
		f.exec.status = n == 0 ? 9 : 203;
		fn(&f);
	}
}

static unsigned proven, all;

static void compare_if_proven(const struct facts_of_unit *f)
{
	all++;
	if (!is_proven(f))
		return;
	proven++;
	compare(f);
}

START_TEST(whatever_is_proven_is_decided_as_if_it_had_been_queried)
{
	static const char *const actives[] = {"failed", "inactive", "active", "activating",
		"deactivating", "reloading", "maintenance"};
	static const char *const subs[] = {
		"failed", "dead", "running", "auto-restart", "stop-post"};
	static const char *const loads[] = {"loaded", "masked", "not-found", "error"};

	proven = all = 0;
	for (size_t i = 0; i < COUNT(actives) * COUNT(subs) * COUNT(loads) * 3 * 2; i++) {
		struct facts_of_unit f = crash;
		size_t n = i;

		f.states.active = actives[n % COUNT(actives)];
		n /= COUNT(actives);
		f.states.sub = subs[n % COUNT(subs)];
		n /= COUNT(subs);
		TEXT(f.unit.load, loads[n % COUNT(loads)]);
		n /= COUNT(loads);
		f.job = (int64_t)(n % 3) - 1;
		f.stopping = n / 3 == 1;
		each_end(f, compare_if_proven);
	}
	/* of each of signal, core-dump and oom-kill both statuses, and exit-code 9 */
	ck_assert_uint_eq(proven, 7 * 2);
	ck_assert_uint_eq(all, 7 * 5 * 4 * 3 * 2 * 10 * 4 * 5 * 3 * 2);
}
END_TEST

SUITE("unit_proof", NULL, NULL)
{
	LOOP_TEST(each_situation_is_proven_or_asked_about, COUNT(rows));
	TEST(a_proof_ends_with_the_next_change_and_with_time);
	TEST(whatever_is_proven_is_decided_as_if_it_had_been_queried);
}
