/*
 * service: keeps one service running, under any service manager.
 *
 * At each tick and after each event the daemon checks its service: it queries the status, writes
 * the result to the state (service_record.c), and only then decides (decide.c) whether to restart
 * the service (service_restart.c). It computes the health from the same facts (health.c).
 * Everything that the daemon knows is in its subtree at service_state, and everything that it did
 * is in its history.
 *
 * Each daemon has one struct instance, which lives as long as the daemon.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "check.h"
#include "health.h"
#include "interned.h"
#include "options.h"
#include "service.h"

static void on_retry(vigil_daemon *d, void *arg);

/* --- facts ------------------------------------------------------------------------------------ */

static const char *or_null(const char *text)
{
	return text != NULL && text[0] != '\0' ? text : NULL;
}

/* Returns when the burst limit allows another restart; 0: now. */
static double burst_free(const struct instance *self)
{
	double oldest = recent_nth(&self->recent.restarts, self->rules.burst);

	return oldest > 0 ? oldest + self->rules.burst_window : 0;
}

/* Returns the daemon to wait for. The service waits only if it needs a restart and the restart is
 * not withheld by a pause, by restart_on or by the calendar. */
static const char *awaited(struct instance *self, const struct facts *facts)
{
	struct decision decision;

	if (self->after[0] == NULL)
		return NULL;
	decide(&self->rules, facts, &decision);
	if (decision.need == NEED_RESTART && decision.withheld != WITHHELD_PAUSED &&
		decision.withheld != WITHHELD_NEVER && decision.withheld != WITHHELD_CLEAN_STOP &&
		decision.withheld != WITHHELD_CALENDAR)
		return dependency_awaited(&self->peer, self->after, self->seen.since);
	dependency_end(&self->peer);
	return NULL;
}

/* Gathers the facts.  They refer to the text in closed. */
static void gather(struct instance *self, const vigil_service_reply *r,
	const struct verdict *verdict, struct facts *facts, char closed[VIGIL_CALENDAR_TEXT])
{
	double wait = vigil_calendar_wait(self->daemon, "only_during", "not_during", closed);

	*facts = (struct facts){.daemon = vigil_name(self->daemon),
		.status = r->status,
		.unclear_stop = r->unclear_stop,
		.now = vigil_now(),
		.since = self->seen.since,
		.idle = or_null(r->idle),
		.hold = or_null(r->hold),
		.busy = r->busy,
		.busy_limit = r->busy_limit,
		.sick = verdict->sick,
		.ailing = verdict->ailing,
		.unprobed = verdict->unprobed,
		.refusal = json_string_value(self->attempt.refusal),
		.refusal_deliberate = self->attempt.deliberate,
		.refusal_ends = self->attempt.ends,
		.next_try = self->recent.next_try,
		.burst_free = burst_free(self),
		.closed = wait > 0 ? closed : NULL,
		.paused = vigil_paused(self->daemon),
		.restarting = self->attempt.under_way};
	facts->opens = facts->now + wait;
	facts->awaited = awaited(self, facts);
}

/* --- reports ---------------------------------------------------------------------------------- */

/* Sets the crash members of `in` if the service came back more often than respawn_max within the
 * window: how often the manager and vigild brought it back, and in what time. */
static void set_crashes(struct instance *self, struct health_input *in)
{
	const struct times *respawns = &self->recent.respawns,
			   *recoveries = &self->recent.recoveries;
	double now = vigil_now(), since = now - self->rules.respawn_window;
	unsigned back, restarted;
	double first, last;

	if (self->rules.respawn_max == 0 || respawns->count + recoveries->count == 0)
		return;
	back = recent_count(respawns, since);
	restarted = recent_count(recoveries, since);
	if (back + restarted <= self->rules.respawn_max)
		return;
	first = fmin(back > 0 ? recent_nth(respawns, back) : now,
		restarted > 0 ? recent_nth(recoveries, restarted) : now);
	last = fmax(recent_nth(respawns, 1), recent_nth(recoveries, 1));
	in->brought_back = back;
	in->restarted = restarted;
	in->span = last - first;
}

static void report_health(struct instance *self, const vigil_service_reply *r,
	const struct facts *facts, const struct decision *decision)
{
	struct health_input in = {.name = r->name,
		.pid = r->pid,
		.text = r->text,
		.rules = &self->rules,
		.facts = facts,
		.decision = decision,
		.failed_restarts = (unsigned)self->totals.restart_error,
		.denied = self->attempt.denied,
		.setbacks = self->recent.setbacks,
		.starting = self->attempt.starting ? (unsigned)self->totals.restarts : 0};
	struct health health;

	set_crashes(self, &in);
	health_of(&in, &health);
	self->ok = health.level == VIGIL_OK && r->status == VIGIL_SERVICE_RUNNING;
	/* This is written before the health, because subscribers of the health read it when the
	 * health changes. */
	if (health.gave_up && !self->gave_up)
		vigil_state_set(self->daemon, "gave_up", json_true());
	else if (!health.gave_up && self->gave_up)
		vigil_state_unset(self->daemon, "gave_up");
	self->gave_up = health.gave_up;
	vigil_health(self->daemon, health.level, "%s", health.text);
}

/* Logs one line when the service went down, and one whenever vigild issues a restart. */
static void log_decision(
	struct instance *self, const vigil_service_reply *r, const struct decision *decision)
{
	pid_t pid = self->seen.pid_before;

	if (self->seen.fell && pid > 0)
		vigil_log(self->daemon, VIGIL_WARN, "%s is down (was running, pid %d); %s", r->name,
			(int)pid, decision->words);
	else if (self->seen.fell)
		vigil_log(self->daemon, VIGIL_WARN, "%s is down (was running); %s", r->name,
			decision->words);
	else if (decision->restart && decision->withheld == WITHHELD_NOT)
		vigil_log(self->daemon, VIGIL_NOTICE, "%s: %s", r->name, decision->words);
	self->seen.fell = false;
}

/* Adds a decision to the history if it differs from the previous one. "running: nothing to do" is
 * not added. */
static void report_decision(
	struct instance *self, const struct facts *facts, const struct decision *d)
{
	unsigned which =
		1 + (unsigned)facts->status + 8 * ((unsigned)d->need + 8 * ((unsigned)d->withheld));

	record_decision(self, d->words);
	if (which == self->told)
		return;
	self->told = which;
	if (d->need != NEED_NOTHING || facts->status != VIGIL_SERVICE_RUNNING)
		vigil_event(self->daemon, "decision: %s", d->words);
}

/* Sets a timer for a check that is independent of the interval: when the next restart attempt is
 * due, or at the earliest time at which a check may be useful. */
static void retry_in(struct instance *self, const struct decision *decision)
{
	double wait = decision->wait, check = decision->check;
	double next = check > 0 && (wait <= 0 || check < wait) ? check : wait;

	if (next <= 0 && !self->retry_set)
		return;
	self->retry_set = next > 0;
	vigil_cancel(self->daemon, on_retry, self);
	if (wait <= 0 || decision->withheld != self->retry_after)
		vigil_state_unset(self->daemon, PLACE "next_retry");
	self->retry_after = decision->withheld;
	/* An existing time is kept, because it would change by milliseconds from check to check. */
	if (wait > 0 && vigil_state_get(self->daemon, PLACE "next_retry") == NULL)
		vigil_state_set(self->daemon, PLACE "next_retry", vigil_time_in(wait));
	if (next > 0)
		vigil_after(self->daemon, next, on_retry, self);
}

/* --- a check ---------------------------------------------------------------------------------- */

static bool is_good(const vigil_service_reply *r)
{
	return r->status == VIGIL_SERVICE_RUNNING || r->status == VIGIL_SERVICE_ABSENT ||
	       (r->status == VIGIL_SERVICE_STOPPED && or_null(r->idle) != NULL);
}

void instance_notify_peers(struct instance *self, const vigil_service_reply *r)
{
	peer_checked(&self->peer, is_good(r));
}

void instance_review(struct instance *self, const vigil_service_reply *r, bool act)
{
	struct decision decision;
	struct verdict verdict;
	struct facts facts;
	char closed[VIGIL_CALENDAR_TEXT];

	serving_evaluate(self->serving, &verdict);
	gather(self, r, &verdict, &facts, closed);
	decide(&self->rules, &facts, &decision);
	if (r->status != VIGIL_SERVICE_ABSENT) {
		report_decision(self, &facts, &decision);
		log_decision(self, r, &decision);
	}
	report_health(self, r, &facts, &decision);
	if (decision.withheld != WITHHELD_REFUSED && !decision.restart)
		interned_drop(&self->attempt.refusal);
	retry_in(self, &decision);
	if (decision.restart && act)
		restart_begin(self);
}

/* Returns whether nothing has changed and no problem exists, so that there is nothing to decide or
 * report. */
static bool is_steady(const struct instance *self, const vigil_service_reply *r, bool changed)
{
	struct verdict verdict;

	if (changed || !self->ok || r->status != VIGIL_SERVICE_RUNNING || self->attempt.under_way ||
		self->retry_set || self->recent.restarted > 0 || self->recent.setbacks > 0)
		return false;
	serving_evaluate(self->serving, &verdict);
	return verdict.sick == NULL && verdict.ailing == NULL && verdict.unprobed == NULL;
}

static void on_status(vigil_service *svc, const vigil_service_reply *r, void *arg)
{
	struct instance *self = arg;
	vigil_service_status before = self->seen.status;
	bool changed = !self->seen.any || before != r->status || self->seen.pid != r->pid;
	json_int_t respawns = self->totals.respawns;
	struct verdict verdict;

	record_reply(self, r);
	serving_check(self->serving, r);
	if (!is_steady(self, r, changed || respawns != self->totals.respawns)) {
		serving_evaluate(self->serving, &verdict);
		restart_evaluate(self, r, &verdict);
		instance_review(self, r, true);
	}
	if (changed || !self->peer.checked || !self->peer.good || self->peer.asked)
		instance_notify_peers(self, r);
}

void instance_check(struct instance *self)
{
	vigil_service_query(self->service, on_status, self);
}

static void on_tick(vigil_daemon *d, void *arg)
{
	instance_check(arg);
}

static void on_retry(vigil_daemon *d, void *arg)
{
	instance_check(arg);
}

static void on_probe_news(vigil_daemon *d, void *arg)
{
	instance_check(arg);
}

static void on_peer(void *arg)
{
	instance_check(arg);
}

static void on_sign(vigil_service *svc, const vigil_service_reply *r, void *arg)
{
	struct instance *self = arg;

	if (r->text[0] != '\0')
		vigil_event(self->daemon, "%s, seen at once", r->text);
	instance_check(self);
}

/* --- start and stop --------------------------------------------------------------------------- */

static enum restart_on restart_on(const char *word)
{
	if (strcmp(word, "never") == 0)
		return RESTART_NEVER;
	return strcmp(word, "failed") == 0 ? RESTART_ON_FAILED : RESTART_ON_STOPPED;
}

static json_int_t kept(vigil_daemon *d, const char *path)
{
	vigil_persist(d, path);
	return json_integer_value(vigil_state_get(d, path));
}

static const char *const *given_command(vigil_daemon *d, const char *name)
{
	const char *const *argv = vigil_option_list(d, name);

	return argv[0] != NULL ? argv : NULL;
}

static vigil_service *open_service(vigil_daemon *d)
{
	return vigil_service_open(
		d, &(vigil_service_spec){
			   .size = sizeof(vigil_service_spec),
			   .name = vigil_option_text(d, "service"),
			   .manager = vigil_option_text(d, "manager"),
			   .init_dir = vigil_option_text(d, "init_dir"),
			   .service_dir = vigil_option_text(d, "service_dir"),
			   .pidfile = vigil_option_text(d, "pidfile"),
			   .status_command = given_command(d, "status_command"),
			   .restart_command = given_command(d, "restart_command"),
			   .query_timeout = vigil_option_seconds(d, "query_timeout"),
			   .restart_timeout = vigil_option_seconds(d, "restart_timeout"),
			   .reset_failed = vigil_option_bool(d, "reset_failed"),
		   });
}

static void read_options(struct instance *self)
{
	vigil_daemon *d = self->daemon;
	const char *respawn_max = vigil_option_text(d, "respawn_max");

	self->rules = (struct rules){.restart_on = restart_on(vigil_option_text(d, "restart_on")),
		.settle = vigil_option_seconds(d, "settle"),
		.burst = (unsigned)vigil_option_int(d, "burst"),
		.burst_window = vigil_option_seconds(d, "burst_window")};
	self->backoff = vigil_option_seconds(d, "backoff");
	self->backoff_max = fmax(self->backoff, vigil_option_seconds(d, "backoff_max"));
	self->healthy_after = vigil_option_seconds(d, "healthy_after");
	self->after = vigil_option_list(d, "after");
	if (respawn_max != NULL) /* service_check has rejected invalid rates */
		options_rate(respawn_max, &self->rules.respawn_max, &self->rules.respawn_window);
}

static int start(vigil_daemon *d)
{
	struct instance *self = vigil_alloc(d, sizeof(*self));
	int err;

	self->daemon = d;
	vigil_set_data(d, self);
	read_options(self);
	self->totals.restarts = kept(d, PLACE "restarts");
	self->totals.restart_errors = kept(d, PLACE "restart_errors");
	self->totals.respawns = kept(d, PLACE "respawns");
	recent_open(&self->recent, d, self->backoff_max);
	self->serving = serving_new(d, on_probe_news, self);
	self->attempt.well_since = self->serving == NULL ? self->recent.restarted : 0;
	self->service = open_service(d);
	if (self->service == NULL)
		return -EINVAL;
	vigil_service_on_stale(self->service, on_sign, self);
	vigil_on_verb(d, "restart", restart_by_admin, self);
	err = vigil_every(d, vigil_option_seconds(d, "interval"), on_tick, self);
	if (err != 0)
		return err;
	self->peer = (struct peer){.daemon = d, .check = on_peer, .arg = self};
	peer_join(&self->peer); /* last, because stop is called only if start has succeeded */
	return 0;
}

static void stop(vigil_daemon *d)
{
	struct instance *self = vigil_data(d);

	peer_leave(&self->peer);
	interned_drop(&self->decision);
	interned_drop(&self->attempt.refusal);
}

static void resumed(vigil_daemon *d)
{
	instance_check(vigil_data(d));
}

VIGIL_MODULE(.name = "service", .summary = "keeps a service running, under any service manager",
	.options = service_options, .check = service_check, .start = start, .stop = stop,
	.resumed = resumed);
