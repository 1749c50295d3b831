/*
 * check_health: the level and the text of each case, and that the level is OK if and only if
 * nothing needs attention.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "modules/policy/health.h"
#include "service_facts.h"
#include "suite.h"

static void tell(const struct rules *rules, const struct facts *facts, struct health_input *in,
	struct health *health)
{
	struct decision decision;

	decide(rules, facts, &decision);
	in->name = "web";
	if (in->text == NULL)
		in->text = "";
	in->rules = rules;
	in->facts = facts;
	in->decision = &decision;
	memset(health, 0x55, sizeof(*health));
	health_of(in, health);
}

/* --- exact texts ------------------------------------------------------------------------------ */

static const struct row {
	struct facts facts;
	struct rules rules;
	struct health_input in;
	vigil_health_level level;
	const char *text;
} rows[] = {
	{{.status = VIGIL_SERVICE_RUNNING}, {0}, {.pid = 7}, VIGIL_OK, "web is running, pid 7"},
	{{.status = VIGIL_SERVICE_RUNNING}, {0}, {0}, VIGIL_OK, "web is running"},
	{{.status = VIGIL_SERVICE_STOPPED, .idle = "started by backup.timer"}, {0}, {0}, VIGIL_OK,
		"web is idle, started by backup.timer"},
	{{.status = VIGIL_SERVICE_STARTING, .now = 12}, {.settle = 90}, {0}, VIGIL_WARNING,
		"web is starting for 12 s"},
	{{.status = VIGIL_SERVICE_STARTING, .now = 12}, {.settle = 90}, {.starting = 2},
		VIGIL_WARNING, "web is starting for 12 s, restart 2"},
	{{.status = VIGIL_SERVICE_STARTING, .now = 200, .busy = 450, .busy_limit = 900},
		{.settle = 90}, {0}, VIGIL_WARNING, "web is starting for 450 s"},
	{{.status = VIGIL_SERVICE_STARTING, .now = 5000, .busy_limit = INFINITY}, {.settle = 90},
		{0}, VIGIL_WARNING,
		"web is starting for 5000 s; its manager sets no time limit for that"},
	{{.status = VIGIL_SERVICE_STARTING, .now = 1000, .busy_limit = 900}, {.settle = 90}, {0},
		VIGIL_CRITICAL,
		"web is starting for 1000 s, longer than the 900 s after which its manager should "
		"have ended that"},
	{{.status = VIGIL_SERVICE_STOPPING, .now = 100, .busy_limit = 60}, {.settle = 90}, {0},
		VIGIL_CRITICAL,
		"web is stopping for 100 s, longer than the 90 s of settle and the 60 s after "
		"which "
		"its manager should have ended that"},
	{{.status = VIGIL_SERVICE_STARTING, .now = 95}, {.settle = 90}, {0}, VIGIL_CRITICAL,
		"web is starting for 95 s, longer than the 90 s of settle; it is being restarted"},
	{{.status = VIGIL_SERVICE_RUNNING, .ailing = "its probe fails: refused (1 of 3)"}, {0}, {0},
		VIGIL_WARNING, "web is running, but its probe fails: refused (1 of 3)"},
	{{.status = VIGIL_SERVICE_RUNNING, .broken = "its certificate is refused: it has expired"},
		{0}, {0}, VIGIL_CRITICAL,
		"web is running, but its certificate is refused: it has expired"},
	{{.status = VIGIL_SERVICE_RUNNING,
		 .expiring = "its certificate ends on 2026-12-14, in 9 days"},
		{0}, {0}, VIGIL_WARNING,
		"web is running, but its certificate ends on 2026-12-14, in 9 days"},
	{{.status = VIGIL_SERVICE_RUNNING, .unprobed = "Too many open files"}, {0}, {0},
		VIGIL_UNKNOWN, "web is running, but vigild could not probe: Too many open files"},
	{{.status = VIGIL_SERVICE_RUNNING, .sick = "its probe failed 3 times in a row (refused)"},
		{0}, {0}, VIGIL_CRITICAL,
		"web is running, but its probe failed 3 times in a row (refused); it is being "
		"restarted"},
	{{.status = VIGIL_SERVICE_RUNNING, .sick = "its probe failed 31 times in a row (refused)"},
		{.restart_on = RESTART_NEVER}, {0}, VIGIL_CRITICAL,
		"web is running, but its probe failed 31 times in a row (refused); it is not "
		"restarted, because restart_on = never"},
	{{.status = VIGIL_SERVICE_RUNNING,
		 .sick = "it uses 80.0 MiB of memory, over its limit of 40.0",
		 .next_try = 5},
		{0}, {.setbacks = 2}, VIGIL_CRITICAL,
		"web is running, but it uses 80.0 MiB of memory, over its limit of 40.0; 2 "
		"restarts lately did not help for long; the next restart waits for the backoff"},
	{{.status = VIGIL_SERVICE_FAILED}, {0}, {0}, VIGIL_CRITICAL,
		"web is failed; it is being restarted"},
	{{.status = VIGIL_SERVICE_FAILED, .under_way = "restart"}, {0}, {0}, VIGIL_CRITICAL,
		"web is failed; a restart is under way"},
	{{.status = VIGIL_SERVICE_RUNNING, .under_way = "stop"}, {0}, {0}, VIGIL_WARNING,
		"web is running; a stop is under way"},
	{{.status = VIGIL_SERVICE_STOPPED, .paused = true, .stopped_by_admin = true}, {0},
		{.failed_restarts = 2}, VIGIL_WARNING,
		"web is stopped and left alone, because an admin stopped it; to start it: vigilctl "
		"start web"},
	{{.status = VIGIL_SERVICE_RUNNING, .under_way = "restart"}, {0}, {0}, VIGIL_WARNING,
		"web is running; a restart is under way"},
	{{.status = VIGIL_SERVICE_STOPPED, .next_try = 5}, {0}, {.failed_restarts = 1},
		VIGIL_CRITICAL,
		"web is stopped; its restart failed; the next restart waits for the backoff"},
	{{.status = VIGIL_SERVICE_STOPPED, .next_try = 5}, {0},
		{.failed_restarts = 3, .denied = true}, VIGIL_CRITICAL,
		"web is stopped; 3 restarts in a row were denied; the next restart waits for the "
		"backoff"},
	{{.status = VIGIL_SERVICE_FAILED, .burst_free = 5}, {.burst = 3, .burst_window = 600}, {0},
		VIGIL_CRITICAL,
		"web is failed; vigil gave up after 3 restarts in 600 s, until the next try"},
	{{.status = VIGIL_SERVICE_FAILED,
		 .closed = "outside only_during, until 2026-11-30 08:00 CET",
		 .opens = 5},
		{0}, {.failed_restarts = 1}, VIGIL_CRITICAL,
		"web is failed; its restart failed; it is not restarted: outside only_during, "
		"until "
		"2026-11-30 08:00 CET"},
	{{.status = VIGIL_SERVICE_FAILED, .awaited = "db to run first (db is failed)"}, {0}, {0},
		VIGIL_CRITICAL, "web is failed; waiting for db to run first (db is failed)"},
	{{.status = VIGIL_SERVICE_RUNNING, .lacking = "db, which is failed"}, {0}, {.pid = 7},
		VIGIL_OK, "web is running, pid 7, and needs db, which is failed"},
	{{.status = VIGIL_SERVICE_RUNNING, .wave = "db was restarted (...)", .wave_by = "db"}, {0},
		{.pid = 7}, VIGIL_WARNING,
		"web is running, but db was restarted (...); it is being restarted"},
	{{.status = VIGIL_SERVICE_RUNNING, .wave = "db was restarted (...)", .wave_by = "db"},
		{.restart_on = RESTART_NEVER}, {0}, VIGIL_OK,
		"web is running, but db was restarted (...); it is not restarted, because "
		"restart_on = never"},
	{{.status = VIGIL_SERVICE_RUNNING,
		 .wave = "db was restarted (...)",
		 .wave_by = "db",
		 .wave_opens = 9},
		{0}, {0}, VIGIL_WARNING,
		"web is running, but db was restarted (...); its restart waits until db keeps "
		"running"},
	{{.status = VIGIL_SERVICE_FAILED}, {.restart_on = RESTART_NEVER}, {0}, VIGIL_CRITICAL,
		"web is failed; it is not restarted, because restart_on = never"},
	{{.status = VIGIL_SERVICE_FAILED, .paused = true}, {0}, {0}, VIGIL_CRITICAL,
		"web is failed; it is not restarted during the pause"},
	{{.status = VIGIL_SERVICE_STOPPED}, {.restart_on = RESTART_ON_FAILED}, {0}, VIGIL_CRITICAL,
		"web is stopped on purpose, and left alone, because restart_on = failed; to start "
		"it: vigilctl start web"},
	{{.status = VIGIL_SERVICE_STOPPED}, {.restart_on = RESTART_ON_FAILED},
		{.text = "exit status 3"}, VIGIL_CRITICAL,
		"web is stopped on purpose (exit status 3), and left alone, because restart_on = "
		"failed; to start it: vigilctl start web"},
	{{.status = VIGIL_SERVICE_STOPPED, .unclear_stop = true}, {.restart_on = RESTART_ON_FAILED},
		{0}, VIGIL_CRITICAL, "web is stopped; it is being restarted"},
	{{.status = VIGIL_SERVICE_STOPPED, .hold = "the unit is masked"}, {0}, {0}, VIGIL_WARNING,
		"web is stopped and left alone: the unit is masked"},
	{{.status = VIGIL_SERVICE_STOPPED,
		 .refusal = "a package upgrade is in progress (dpkg)",
		 .refusal_deliberate = true},
		{0}, {0}, VIGIL_WARNING,
		"web is stopped and left alone: a package upgrade is in progress (dpkg)"},
	{{.status = VIGIL_SERVICE_STOPPED, .refusal = "the configuration denies restarting it"},
		{0}, {0}, VIGIL_CRITICAL,
		"web is stopped and not restarted: the configuration denies restarting it"},
	{{.status = VIGIL_SERVICE_RUNNING}, {0}, {.brought_back = 4, .span = 7.2}, VIGIL_CRITICAL,
		"web keeps crashing: brought back 4 times in 7 s"},
	{{.status = VIGIL_SERVICE_RUNNING}, {0}, {.restarted = 13, .span = 170}, VIGIL_CRITICAL,
		"web keeps crashing: restarted 13 times in 3 min"},
	{{.status = VIGIL_SERVICE_RUNNING}, {0}, {.brought_back = 2, .restarted = 2, .span = 0},
		VIGIL_CRITICAL,
		"web keeps crashing: brought back 2 times and restarted 2 times in 1 s"},
	{{.status = VIGIL_SERVICE_UNKNOWN}, {0}, {.text = "no answer in time"}, VIGIL_UNKNOWN,
		"web: no answer in time"},
	{{.status = VIGIL_SERVICE_UNKNOWN}, {0}, {0}, VIGIL_UNKNOWN,
		"web: its status is not known"},
	{{.status = VIGIL_SERVICE_ABSENT}, {0}, {0}, VIGIL_UNKNOWN, "web is not installed"},
};

#define ROWS (int)COUNT(rows)

START_TEST(each_case_has_its_level_and_its_text)
{
	const struct row *row = &rows[_i];
	struct health_input in = row->in;
	struct facts facts = row->facts;
	struct health health;

	facts.daemon = "web";
	tell(&row->rules, &facts, &in, &health);
	ck_assert_str_eq(health.text, row->text);
	ck_assert_int_eq(health.level, row->level);
}
END_TEST

/* --- all combinations ------------------------------------------------------------------------- */

static bool is_well(const struct rules *rules, const struct facts *f, const struct health_input *in)
{
	if (f->under_way != NULL)
		return false;
	if (f->status == VIGIL_SERVICE_STOPPED)
		return f->idle != NULL;
	return f->status == VIGIL_SERVICE_RUNNING && f->sick == NULL && f->ailing == NULL &&
	       f->unprobed == NULL && f->broken == NULL && f->expiring == NULL &&
	       in->brought_back + in->restarted == 0 &&
	       (f->wave == NULL || rules->restart_on == RESTART_NEVER);
}

/* Returns the text that must be included if a restart is withheld. */
static const char *reason_of(const struct facts *f, enum withheld withheld)
{
	switch (withheld) {
	case WITHHELD_STOPPED: return "an admin stopped it";
	case WITHHELD_PAUSED: return "pause";
	case WITHHELD_HOLD: return f->hold;
	case WITHHELD_NEVER: return "restart_on = never";
	case WITHHELD_CLEAN_STOP: return "restart_on = failed";
	case WITHHELD_CALENDAR: return f->closed;
	case WITHHELD_REFUSED: return f->refusal;
	case WITHHELD_BURST: return "gave up after 3 restarts in 600 s";
	case WITHHELD_AWAITED: return "waiting for db";
	case WITHHELD_BACKOFF: return "backoff";
	case WITHHELD_UNSTABLE: return "until db keeps running";
	case WITHHELD_DEFERRED: return f->deferred;
	default: return "it is being restarted";
	}
}

static bool is_on_purpose(const struct facts *f, enum withheld withheld)
{
	return withheld == WITHHELD_HOLD || withheld == WITHHELD_STOPPED ||
	       (withheld == WITHHELD_REFUSED && f->refusal_deliberate);
}

/* Returns if vigil does nothing more about the service, so that someone must act. */
static bool is_given_up(const struct facts *f, enum withheld withheld)
{
	return withheld == WITHHELD_NEVER || withheld == WITHHELD_CLEAN_STOP ||
	       withheld == WITHHELD_BURST ||
	       (withheld == WITHHELD_REFUSED && !f->refusal_ends && !f->refusal_deliberate);
}

static void prove_one(const struct rules *rules, const struct facts *f, struct health_input *in)
{
	struct health health;
	struct decision d;

	tell(rules, f, in, &health);
	decide(rules, f, &d);
	PROVE(memchr(health.text, '\0', sizeof(health.text)) != NULL, "");
	PROVE(strncmp(health.text, "web", 3) == 0, health.text);
	/* OK if and only if nothing needs attention */
	PROVE((health.level == VIGIL_OK) == is_well(rules, f, in), health.text);
	/* an unknown status is neither good nor bad */
	if (f->status == VIGIL_SERVICE_UNKNOWN || f->status == VIGIL_SERVICE_ABSENT)
		PROVE(health.level == VIGIL_UNKNOWN, health.text);
	PROVE(health.gave_up ==
			(d.need == NEED_RESTART && !d.with_peer && is_given_up(f, d.withheld)),
		health.text);
	if (d.need != NEED_RESTART)
		return;
	/* a service that works and is to be restarted with another one is no failure */
	if (d.with_peer) {
		PROVE(in->brought_back + in->restarted > 0 || health.level == VIGIL_WARNING ||
				rules->restart_on == RESTART_NEVER,
			health.text);
		PROVE(in->brought_back + in->restarted > 0 ||
				strstr(health.text, reason_of(f, d.withheld)) != NULL,
			health.text);
		return;
	}
	/* a problem that lasts longer than the tolerance is CRITICAL, or WARNING if it is
	 * deliberate; the text says what happens next, or why nothing happens */
	PROVE(health.level == (is_on_purpose(f, d.withheld) ? VIGIL_WARNING : VIGIL_CRITICAL),
		health.text);
	PROVE(strstr(health.text, reason_of(f, d.withheld)) != NULL, health.text);
}

static unsigned long more;

static void prove(const struct rules *rules, const struct facts *facts)
{
	struct health_input in = {.failed_restarts = 2};

	prove_one(rules, facts, &in);
	if (facts->status != VIGIL_SERVICE_RUNNING)
		return;
	in = (struct health_input){.brought_back = 4, .span = 7};
	prove_one(rules, facts, &in);
	in = (struct health_input){.setbacks = 1, .pid = 7};
	prove_one(rules, facts, &in);
	more += 2;
}

START_TEST(ok_means_that_nothing_needs_attention)
{
	unsigned long states = facts_each(prove) + more;

	printf("ok - OK means that nothing needs a human in each of %lu states\n",
		states / suite_sample());
	ck_assert_uint_gt(states, 1000000);
}
END_TEST

/* --- what is done, without the name and the status -------------------------------------------- */

START_TEST(a_plan_says_only_what_is_done)
{
	static const struct rules on_failure = {.restart_on = RESTART_ON_FAILED, .settle = 90};
	struct facts facts = {
		.daemon = "machine", .many = true, .status = VIGIL_SERVICE_FAILED, .now = 1000};
	struct decision decision;
	struct health_input in = {.name = "web",
		.text = "killed",
		.rules = &on_failure,
		.facts = &facts,
		.decision = &decision};
	struct health health;

	decide(&on_failure, &facts, &decision);
	health_of_plan(&in, &health);
	ck_assert_str_eq(health.text, "it is being restarted");
	facts.next_try = 1010;
	in.failed_restarts = 2;
	decide(&on_failure, &facts, &decision);
	health_of_plan(&in, &health);
	ck_assert_str_eq(
		health.text, "2 restarts in a row failed; the next restart waits for the backoff");
	facts.refusal = "the configuration denies restarting it";
	facts.next_try = in.failed_restarts = 0;
	decide(&on_failure, &facts, &decision);
	health_of_plan(&in, &health);
	ck_assert_str_eq(health.text, "not restarted: the configuration denies restarting it");
	ck_assert(health.gave_up);
	facts.status = VIGIL_SERVICE_STOPPED;
	decide(&on_failure, &facts, &decision);
	health_of_plan(&in, &health);
	ck_assert_str_eq(health.text, "left alone, because restart_on = failed");
	facts.status = VIGIL_SERVICE_RUNNING;
	decide(&on_failure, &facts, &decision);
	health_of_plan(&in, &health);
	ck_assert_str_eq(health.text, "");
}
END_TEST

SUITE("health", NULL, NULL)
{
	TEST(a_plan_says_only_what_is_done);
	TIMEOUT(120);
	LOOP_TEST(each_case_has_its_level_and_its_text, ROWS);
	TEST(ok_means_that_nothing_needs_attention);
}
