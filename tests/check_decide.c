/* check_decide: each rule of the service module, and what no combination of facts leads to. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "modules/policy/decide.h"
#include "service_facts.h"
#include "suite.h"

/* A row: the facts, the rules if they are not the defaults, and the decision. */
#define WAVE .wave = "db was restarted (its pid changed from 12 to 40)", .wave_by = "db"

static const struct row {
	const char *name;
	struct facts facts;
	struct rules rules;
	bool restart;
	double wait;
	const char *words;
} rows[] = {
	{"running", {.status = VIGIL_SERVICE_RUNNING}, {0}, false, 0, "running: nothing to do"},
	{"running, but sick", {.status = VIGIL_SERVICE_RUNNING, .sick = "its probe failed"}, {0},
		true, 0, "running, but its probe failed: restarting"},
	{"sick, but paused",
		{.status = VIGIL_SERVICE_RUNNING, .sick = "its probe failed", .paused = true}, {0},
		false, 0, "running, but paused: left alone"},
	{"sick, backing off",
		{.status = VIGIL_SERVICE_RUNNING, .sick = "x", .now = 1, .next_try = 3}, {0}, false,
		2, "running: backing off until the next try"},
	{"another first",
		{.status = VIGIL_SERVICE_FAILED, .awaited = "db to run first (db is failed)"}, {0},
		false, 0, "failed: waiting for db to run first (db is failed)"},
	{"another was restarted", {.status = VIGIL_SERVICE_RUNNING, WAVE}, {0}, true, 0,
		"db was restarted (its pid changed from 12 to 40); restarting because of "
		"restart_with = db"},
	{"another was restarted, and the probe cannot be made",
		{.status = VIGIL_SERVICE_RUNNING, WAVE, .unprobed = "x"}, {0}, true, 0,
		"db was restarted (its pid changed from 12 to 40); restarting because of "
		"restart_with = db"},
	{"another was restarted, but it is sick",
		{.status = VIGIL_SERVICE_RUNNING, WAVE, .sick = "its probe failed"}, {0}, true, 0,
		"running, but its probe failed: restarting"},
	{"another was restarted, but it is down", {.status = VIGIL_SERVICE_FAILED, WAVE}, {0}, true,
		0, "failed: restarting"},
	{"another was restarted, but unknown", {.status = VIGIL_SERVICE_UNKNOWN, WAVE}, {0}, false,
		0, "unknown: no reason to restart"},
	{"another was restarted, never", {.status = VIGIL_SERVICE_RUNNING, WAVE},
		{.restart_on = RESTART_NEVER}, false, 0,
		"db was restarted (its pid changed from 12 to 40); running: would be restarted, "
		"but restart_on = never"},
	{"another was restarted, on failed", {.status = VIGIL_SERVICE_RUNNING, WAVE},
		{.restart_on = RESTART_ON_FAILED}, true, 0,
		"db was restarted (its pid changed from 12 to 40); restarting because of "
		"restart_with = db"},
	{"another was restarted, paused", {.status = VIGIL_SERVICE_RUNNING, WAVE, .paused = true},
		{0}, false, 0,
		"db was restarted (its pid changed from 12 to 40); running, but paused: left "
		"alone"},
	{"another was restarted, closed",
		{.status = VIGIL_SERVICE_RUNNING,
			WAVE,
			.now = 100,
			.closed = "inside not_during, until 9",
			.opens = 130},
		{0}, false, 30,
		"db was restarted (its pid changed from 12 to 40); running: left alone: inside "
		"not_during, until 9"},
	{"another was restarted again",
		{.status = VIGIL_SERVICE_RUNNING, WAVE, .now = 100, .wave_opens = 104}, {0}, false,
		4,
		"db was restarted (its pid changed from 12 to 40); running: waiting until db "
		"keeps running"},
	{"another was restarted, upgrade",
		{.status = VIGIL_SERVICE_RUNNING,
			WAVE,
			.deferred = "a package upgrade is in progress"},
		{0}, false, 0,
		"db was restarted (its pid changed from 12 to 40); running: left alone: a package "
		"upgrade is in progress"},
	{"another was restarted, and is awaited",
		{.status = VIGIL_SERVICE_RUNNING,
			WAVE,
			.awaited = "db to serve first (db is running, but its probe has not "
				   "succeeded)"},
		{0}, false, 0,
		"db was restarted (its pid changed from 12 to 40); running: waiting for db to "
		"serve first (db is running, but its probe has not succeeded)"},
	{"absent", {.status = VIGIL_SERVICE_ABSENT}, {0}, false, 0, "not installed: nothing to do"},
	{"unknown", {.status = VIGIL_SERVICE_UNKNOWN}, {0}, false, 0,
		"unknown: no reason to restart"},
	{"stopped", {.status = VIGIL_SERVICE_STOPPED}, {0}, true, 0,
		"stopped cleanly: restarting, because restart_on = stopped; to keep it down: "
		"vigilctl stop web, or set restart_on = failed"},
	{"stopped or crashed", {.status = VIGIL_SERVICE_STOPPED, .unclear_stop = true}, {0}, true,
		0,
		"stopped or crashed: restarting, because nothing shows which of the two; to keep "
		"it down: vigilctl stop web"},
	{"stopped or crashed, on failed", {.status = VIGIL_SERVICE_STOPPED, .unclear_stop = true},
		{.restart_on = RESTART_ON_FAILED}, true, 0,
		"stopped or crashed: restarting, because nothing shows which of the two; to keep "
		"it down: vigilctl stop web"},
	{"stopped by a failed restart", {.status = VIGIL_SERVICE_STOPPED, .torn = true},
		{.restart_on = RESTART_ON_FAILED}, true, 0,
		"stopped by a restart that failed: restarting; to keep it down: vigilctl stop "
		"web"},
	{"stopped or crashed, never", {.status = VIGIL_SERVICE_STOPPED, .unclear_stop = true},
		{.restart_on = RESTART_NEVER}, false, 0,
		"stopped: would be restarted, but restart_on = never"},
	{"failed", {.status = VIGIL_SERVICE_FAILED}, {0}, true, 0, "failed: restarting"},
	{"a start is under way", {.status = VIGIL_SERVICE_FAILED, .under_way = "start"}, {0}, false,
		0, "a start is under way"},
	{"a stop is under way", {.status = VIGIL_SERVICE_STOPPED, .under_way = "stop"}, {0}, false,
		0, "a stop is under way"},
	{"stopped by an admin",
		{.status = VIGIL_SERVICE_STOPPED, .paused = true, .stopped_by_admin = true}, {0},
		false, 0,
		"stopped by an admin with vigilctl stop: left alone; to start it: vigilctl start "
		"web"},
	{"sick in spite of a stop that was undone",
		{.status = VIGIL_SERVICE_RUNNING,
			.sick = "its probe failed",
			.paused = true,
			.stopped_by_admin = true},
		{0}, false, 0, "running, but paused: left alone"},
	{"under way", {.status = VIGIL_SERVICE_FAILED, .under_way = "restart"}, {0}, false, 0,
		"a restart is under way"},
	{"paused", {.status = VIGIL_SERVICE_FAILED, .paused = true}, {0}, false, 0,
		"failed, but paused: left alone"},
	{"stopped, on failed", {.status = VIGIL_SERVICE_STOPPED}, {.restart_on = RESTART_ON_FAILED},
		false, 0,
		"stopped cleanly: left alone, because restart_on = failed; to start it: vigilctl "
		"start web"},
	{"failed, on failed", {.status = VIGIL_SERVICE_FAILED}, {.restart_on = RESTART_ON_FAILED},
		true, 0, "failed: restarting"},
	{"failed, never", {.status = VIGIL_SERVICE_FAILED}, {.restart_on = RESTART_NEVER}, false, 0,
		"failed: would be restarted, but restart_on = never"},
	{"backing off", {.status = VIGIL_SERVICE_FAILED, .now = 100, .next_try = 107.5}, {0}, false,
		7.5, "failed: backing off until the next try"},
	{"backed off", {.status = VIGIL_SERVICE_FAILED, .now = 100, .next_try = 100}, {0}, true, 0,
		"failed: restarting"},
	{"burst used up", {.status = VIGIL_SERVICE_FAILED, .now = 100, .burst_free = 160},
		{.burst = 3, .burst_window = 600}, false, 60,
		"failed: gave up after 3 restarts in 600 s, until the next try"},
	{"closed",
		{.status = VIGIL_SERVICE_FAILED,
			.now = 100,
			.closed = "inside not_during, until 9",
			.opens = 130},
		{0}, false, 30, "failed: left alone: inside not_during, until 9"},
	{"closed, backing off",
		{.status = VIGIL_SERVICE_FAILED,
			.now = 100,
			.closed = "inside not_during, until 9",
			.opens = 130,
			.next_try = 110},
		{0}, false, 30, "failed: left alone: inside not_during, until 9"},
	{"closed, never",
		{.status = VIGIL_SERVICE_FAILED,
			.now = 100,
			.closed = "inside not_during, until 9",
			.opens = 130},
		{.restart_on = RESTART_NEVER}, false, 0,
		"failed: would be restarted, but restart_on = never"},
	{"closed, running",
		{.status = VIGIL_SERVICE_RUNNING,
			.now = 100,
			.closed = "inside not_during, until 9",
			.opens = 130},
		{0}, false, 0, "running: nothing to do"},
	{"starting", {.status = VIGIL_SERVICE_STARTING, .now = 100, .since = 80}, {.settle = 90},
		false, 0, "starting: work in progress, given 90 s to settle"},
	{"stuck", {.status = VIGIL_SERVICE_STARTING, .now = 171, .since = 80}, {.settle = 90}, true,
		0, "starting for over 90 s: restarting"},
	{"stuck, never", {.status = VIGIL_SERVICE_STOPPING, .now = 171, .since = 80},
		{.settle = 90, .restart_on = RESTART_NEVER}, false, 0,
		"stopping: would be restarted, but restart_on = never"},
	{"stuck, backing off",
		{.status = VIGIL_SERVICE_RELOADING, .now = 171, .since = 80, .next_try = 181},
		{.settle = 90}, false, 10, "reloading: backing off until the next try"},
	{"idle", {.status = VIGIL_SERVICE_STOPPED, .idle = "started by backup.timer"}, {0}, false,
		0, "idle, started by backup.timer: nothing to do"},
	{"failed, whatever starts it",
		{.status = VIGIL_SERVICE_FAILED, .idle = "started by backup.timer"}, {0}, true, 0,
		"failed: restarting"},
	{"held", {.status = VIGIL_SERVICE_STOPPED, .hold = "the unit is masked"}, {0}, false, 0,
		"left alone: the unit is masked"},
	{"refused, and tried again",
		{.status = VIGIL_SERVICE_STOPPED, .refusal = "a package upgrade is in progress"},
		{0}, true, 0, "left alone: a package upgrade is in progress"},
	{"ailing", {.status = VIGIL_SERVICE_RUNNING, .ailing = "its probe fails: refused (1 of 3)"},
		{0}, false, 0,
		"running, but its probe fails: refused (1 of 3): no reason to restart yet"},
	{"broken",
		{.status = VIGIL_SERVICE_RUNNING, .broken = "its certificate is refused: expired"},
		{0}, false, 0,
		"running, but its certificate is refused: expired: a restart does not help"},
	{"expiring",
		{.status = VIGIL_SERVICE_RUNNING, .expiring = "its certificate ends on 2026-12-14"},
		{0}, false, 0,
		"running, but its certificate ends on 2026-12-14: no reason to restart"},
	{"unprobed", {.status = VIGIL_SERVICE_RUNNING, .unprobed = "Too many open files"}, {0},
		false, 0, "running, but vigild could not probe it: no reason to restart"},
	{"starting within the limit of its manager",
		{.status = VIGIL_SERVICE_STARTING, .now = 500, .since = 80, .busy_limit = 900},
		{.settle = 90}, false, 0,
		"starting: work in progress, which its manager ends after 900 s"},
	{"starting without a limit",
		{.status = VIGIL_SERVICE_STARTING, .now = 5000, .busy_limit = INFINITY},
		{.settle = 90}, false, 0,
		"starting: work in progress, for which its manager sets no time limit"},
	{"starting beyond the limit of its manager",
		{.status = VIGIL_SERVICE_STARTING, .now = 5000, .since = 80, .busy_limit = 900},
		{.settle = 90}, false, 0,
		"starting for over 900 s: left to its manager, whose limit is 900 s"},
	{"stuck by its manager's clock",
		{.status = VIGIL_SERVICE_STARTING, .now = 100, .since = 80, .busy = 91},
		{.settle = 90}, true, 0, "starting for over 90 s: restarting"},
};

#define ROWS (int)COUNT(rows)

START_TEST(every_rule_is_followed)
{
	const struct row *row = &rows[_i];
	struct facts facts = row->facts;
	struct decision decision;

	facts.daemon = "web";
	decide(&row->rules, &facts, &decision);
	ck_assert_msg(decision.restart == row->restart, "%s", row->name);
	ck_assert_double_eq(decision.wait, row->wait);
	ck_assert_str_eq(decision.words, row->words);
}
END_TEST

/* The words contain the name of the daemon, which may have 64 bytes, and are not truncated. */
START_TEST(the_longest_name_fits_into_the_words)
{
	char name[65];
	const struct facts facts = {.daemon = name, .status = VIGIL_SERVICE_STOPPED};
	struct decision decision;

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	decide(&(struct rules){0}, &facts, &decision);
	ck_assert_ptr_nonnull(strstr(decision.words, ", or set restart_on = failed"));
	decide(&(struct rules){.restart_on = RESTART_ON_FAILED}, &facts, &decision);
	ck_assert_ptr_nonnull(strstr(decision.words, name));
}
END_TEST

START_TEST(work_in_progress_is_checked_soon_and_then_less_often)
{
	const struct rules rules = {.settle = 90};
	struct facts facts = {.status = VIGIL_SERVICE_STARTING, .since = 80};
	struct decision decision;
	unsigned checks = 0;

	for (facts.now = facts.since; facts.now < facts.since + rules.settle; checks++) {
		decide(&rules, &facts, &decision);
		ck_assert(!decision.restart);
		ck_assert_double_gt(decision.check, 0);
		/* after at most twice the time that it took, its end is noticed */
		ck_assert_double_le(decision.check, fmax(0.05, facts.now - facts.since));
		facts.now += decision.check;
	}
	ck_assert_double_eq(facts.now, facts.since + rules.settle);
	ck_assert_uint_lt(checks, 20);
	decide(&rules, &facts, &decision);
	ck_assert(decision.restart);

	ck_assert_double_gt(decide_next_check(VIGIL_SERVICE_STOPPING, 0), 0);
	ck_assert_double_eq(decide_next_check(VIGIL_SERVICE_RELOADING, 7), 7);
	ck_assert_double_eq(decide_next_check(VIGIL_SERVICE_RUNNING, 7), 0);
	ck_assert_double_eq(decide_next_check(VIGIL_SERVICE_FAILED, 7), 0);
}
END_TEST

START_TEST(backoff_doubles_up_to_its_cap)
{
	static const double expected[] = {0, 5, 10, 20, 40, 80, 160, 300, 300};

	for (unsigned i = 0; i < COUNT(expected); i++)
		ck_assert_double_eq(backoff_delay(5, 300, i), expected[i]);
	ck_assert_double_eq(backoff_delay(5, 300, 4000000000u), 300);
	ck_assert_double_eq(backoff_delay(0, 300, 7), 0);
}
END_TEST

/* --- all combinations ------------------------------------------------------------------------- */

/* Returns if the service is well, and another one was restarted. An observer reports a problem of
 * the service first. */
static bool is_wave(const struct rules *rules, const struct facts *f)
{
	bool well = f->ailing == NULL && f->unprobed == NULL && f->broken == NULL &&
		    f->expiring == NULL;

	return f->status == VIGIL_SERVICE_RUNNING && f->sick == NULL && f->wave != NULL &&
	       (rules->restart_on != RESTART_NEVER || well);
}

/* Returns if the service needs a restart, expressed independently of the code. */
static bool is_needed(const struct rules *rules, const struct facts *f)
{
	double age = fmax(f->now - f->since, f->busy);

	switch (f->status) {
	case VIGIL_SERVICE_RUNNING: return f->sick != NULL || is_wave(rules, f);
	case VIGIL_SERVICE_STOPPED: return f->idle == NULL;
	case VIGIL_SERVICE_FAILED: return true;
	case VIGIL_SERVICE_STARTING:
	case VIGIL_SERVICE_STOPPING:
	case VIGIL_SERVICE_RELOADING: return f->busy_limit == 0 && age >= rules->settle;
	default: return false;
	}
}

static bool is_forbidden(const struct rules *rules, const struct facts *f)
{
	if (is_wave(rules, f) && (f->wave_opens > f->now || f->deferred != NULL))
		return true;
	return f->paused || f->closed != NULL || f->awaited != NULL || f->next_try > f->now ||
	       f->burst_free > f->now || rules->restart_on == RESTART_NEVER ||
	       (rules->restart_on == RESTART_ON_FAILED && f->status == VIGIL_SERVICE_STOPPED &&
		       !f->unclear_stop && !f->torn) ||
	       (f->hold != NULL && vigil_service_is_down(f->status));
}

static void prove(const struct rules *rules, const struct facts *f)
{
	bool needed = is_needed(rules, f), forbidden = is_forbidden(rules, f);
	struct decision d, again;

	memset(&d, 0x55, sizeof(d));
	memset(&again, 0xaa, sizeof(again));
	decide(rules, f, &d);
	decide(rules, f, &again);
	/* the decision depends only on the facts */
	PROVE(d.restart == again.restart && d.need == again.need && d.withheld == again.withheld &&
			d.wait == again.wait && d.check == again.check,
		d.words);
	PROVE(strcmp(d.words, again.words) == 0, d.words);
	/* each decision has an explanation */
	PROVE(memchr(d.words, '\0', sizeof(d.words)) != NULL, "");
	PROVE(d.words[0] != '\0', "");
	/* a service that is healthy, unknown or in progress is never restarted; one that needs a
	 * restart is restarted unless that is withheld */
	PROVE(d.restart == (needed && !forbidden && f->under_way == NULL), d.words);
	PROVE((d.need == NEED_RESTART) == (needed && f->under_way == NULL), d.words);
	/* a withheld restart has a reason, and no other decision has one */
	PROVE((d.withheld != WITHHELD_NOT) ==
			(d.need == NEED_RESTART && (forbidden || f->refusal != NULL)),
		d.words);
	PROVE(d.restart || d.need != NEED_RESTART || d.withheld != WITHHELD_NOT, d.words);
	/* a restart because of another service says so */
	PROVE(d.with_peer == (is_wave(rules, f) && f->under_way == NULL), d.words);
	PROVE(!d.with_peer || strstr(d.words, f->wave) != NULL, d.words);
	/* there is a time of the next try only if there is a next try */
	PROVE((d.wait > 0) == (d.withheld == WITHHELD_BACKOFF || d.withheld == WITHHELD_BURST ||
				      d.withheld == WITHHELD_CALENDAR ||
				      d.withheld == WITHHELD_UNSTABLE),
		d.words);
	/* a restart of a stopped service names the way to keep it down */
	PROVE(!d.restart || d.withheld != WITHHELD_NOT || f->status != VIGIL_SERVICE_STOPPED ||
			strstr(d.words, "to keep it down: vigilctl stop web") != NULL,
		d.words);
	PROVE(d.check >= 0 && !isinf(d.check) && !isnan(d.check), d.words);
}

START_TEST(no_combination_of_facts_breaks_a_rule)
{
	unsigned long states = facts_each(prove);

	printf("ok - decide() keeps its rules in each of %lu states\n", states / suite_sample());
	ck_assert_uint_gt(states, 1000000);
}
END_TEST

SUITE("decide", NULL, NULL)
{
	TIMEOUT(120);
	LOOP_TEST(every_rule_is_followed, ROWS);
	TEST(the_longest_name_fits_into_the_words);
	TEST(work_in_progress_is_checked_soon_and_then_less_often);
	TEST(backoff_doubles_up_to_its_cap);
	TEST(no_combination_of_facts_breaks_a_rule);
}
