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
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "modules/policy/health.h"
#include "modules/policy/interned.h"
#include "modules/policy/policy_options.h"
#include "modules/policy/reply.h"
#include "options.h"
#include "service.h"

static void on_retry(vigil_daemon *d, void *arg);

/* --- facts ------------------------------------------------------------------------------------ */

/* Gathers the facts.  They refer to the text in closed. */
static void gather(struct instance *self, const vigil_service_reply *r,
	const struct verdict *verdict, struct facts *facts, char closed[VIGIL_CALENDAR_TEXT])
{
	double wait = vigil_calendar_wait(self->daemon, "only_during", "not_during", closed);

	*facts = (struct facts){.daemon = vigil_name(self->daemon),
		.status = r->status,
		.unclear_stop = r->unclear_stop,
		.torn = self->peers.torn,
		.now = vigil_now(),
		.since = self->seen.since,
		.idle = reply_text(r->idle),
		.hold = reply_text(r->hold),
		.busy = r->busy,
		.busy_limit = r->busy_limit,
		.sick = verdict->sick,
		.ailing = verdict->ailing,
		.unprobed = verdict->unprobed,
		.unjudged = verdict->unjudged,
		.by_condition = verdict->by_condition,
		.broken = verdict->broken,
		.expiring = verdict->expiring,
		.closed = wait > 0 ? closed : NULL,
		.paused = vigil_paused(self->daemon),
		.stopped_by_admin = self->admin.stopped,
		.under_way = admin_under_way(self)};
	facts->opens = facts->now + wait;
	attempt_add_facts(facts, &self->rules, &self->attempt, &self->recent);
	peers_add_facts(self, facts);
}

/* --- reports ---------------------------------------------------------------------------------- */

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

	health_set_crashes(&in, &self->recent);
	health_of(&in, &health);
	self->ok = health.level == VIGIL_OK && r->status == VIGIL_SERVICE_RUNNING;
	/* This is written before the health, because subscribers of the health read it when the
	 * health changes. */
	if (health.gave_up && !self->gave_up)
		vigil_state_set(self->daemon, "gave_up", json_true());
	else if (!health.gave_up && self->gave_up)
		vigil_state_unset(self->daemon, "gave_up");
	self->gave_up = health.gave_up;
	vigil_health_long(self->daemon, health.level, 0, health.text, deaths_text(&self->deaths));
}

/* Returns whether the service and the daemon have the same name. */
static bool is_namesake(const struct instance *self, const char *service)
{
	const char *name = vigil_name(self->daemon);
	size_t n = strlen(name);

	return strncmp(service, name, n) == 0 &&
	       (service[n] == '\0' || strcmp(service + n, ".service") == 0);
}

const char *instance_subject(const struct instance *self, const char *service)
{
	return is_namesake(self, service) ? "the service" : service;
}

/* Logs one line when the service went down, and one whenever vigild issues a restart. It is no
 * surprise that the service is down if an admin stops it or a restart is under way. */
static void log_decision(
	struct instance *self, const vigil_service_reply *r, const struct decision *decision)
{
	bool expected = self->admin.stopped || admin_under_way(self) != NULL;
	bool namesake = is_namesake(self, r->name);
	const char *subject = instance_subject(self, r->name);
	pid_t pid = self->seen.pid_before;
	char was[32] = "was running";

	if (pid > 0)
		snprintf(was, sizeof(was), "was running, pid %d", (int)pid);
	if (self->seen.fell)
		vigil_log(self->daemon, expected ? VIGIL_NOTICE : VIGIL_WARN, "%s is down (%s); %s",
			subject, was, decision->words);
	else if (decision->restart && decision->withheld == WITHHELD_NOT)
		vigil_log(self->daemon, VIGIL_NOTICE, "%s%s%s", namesake ? "" : subject,
			namesake ? "" : ": ", decision->words);
	self->seen.fell = false;
}

/* Adds a decision to the history if it differs from the previous one. "running: nothing to do" is
 * not added, nor is what conditions.c adds itself. */
static void report_decision(
	struct instance *self, const struct facts *facts, const struct decision *d)
{
	unsigned which = decide_kind(facts, d);

	record_decision(self, d->words);
	if (which == self->told)
		return;
	self->told = which;
	if ((d->need != NEED_NOTHING && !facts->by_condition) ||
		facts->status != VIGIL_SERVICE_RUNNING)
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

static void evaluate(const struct instance *self, struct verdict *verdict)
{
	*verdict = (struct verdict){.proven = true};
	if (!instance_is_tested(self))
		return;
	serving_evaluate(self->serving, verdict);
	conditions_add(self->conditions, verdict);
}

/* An admin who waits for the service does not wait for the conditions. */
static void evaluate_for_admin(struct instance *self, const vigil_service_reply *r)
{
	struct verdict verdict;

	serving_evaluate(self->serving, &verdict);
	admin_evaluate(self, r, &verdict);
}

void instance_review(struct instance *self, const vigil_service_reply *r, bool act)
{
	struct decision decision;
	struct verdict verdict;
	struct facts facts;
	char closed[VIGIL_CALENDAR_TEXT];

	evaluate(self, &verdict);
	gather(self, r, &verdict, &facts, closed);
	decide(&self->rules, &facts, &decision);
	peers_decided(self, &decision);
	if (r->status != VIGIL_SERVICE_ABSENT) {
		report_decision(self, &facts, &decision);
		log_decision(self, r, &decision);
	}
	report_health(self, r, &facts, &decision);
	if (decision.withheld != WITHHELD_REFUSED && !decision.restart)
		interned_drop(&self->attempt.refusal);
	retry_in(self, &decision);
	if (decision.restart && act && restart_begin(self))
		self->attempt.with_peer = decision.with_peer;
}

/* Returns whether nothing has changed and no problem exists, so that there is nothing to decide or
 * report. */
static bool is_steady(const struct instance *self, const vigil_service_reply *r,
	const struct verdict *verdict, bool changed)
{
	return !changed && self->ok && r->status == VIGIL_SERVICE_RUNNING && !self->peers.news &&
	       !deaths_have_news(&self->deaths) && admin_under_way(self) == NULL &&
	       !self->retry_set && self->recent.restarted <= 0 && self->recent.setbacks == 0 &&
	       (!instance_is_tested(self) || verdict_is_well(verdict));
}

/* Returns whether checks are of no use until the status changes. */
static bool may_rest(const struct instance *self)
{
	return !instance_is_tested(self) && self->peer.after == NULL &&
	       self->peer.restart_with == NULL && usage_may_rest(self->usage);
}

static void on_status(vigil_service *svc, const vigil_service_reply *r, void *arg)
{
	struct instance *self = arg;
	vigil_service_status before = self->seen.status;
	bool changed = !self->seen.any || before != r->status || self->seen.pid != r->pid;
	bool steady, waits = self->admin.answered || self->admin.stopped;
	json_int_t respawns = self->totals.respawns;
	struct verdict verdict;

	record_reply(self, r);
	peers_observe(self, r);
	if (instance_is_tested(self)) {
		serving_check(self->serving, r);
		conditions_check(self->conditions, r);
	}
	usage_check(self->usage, r);
	evaluate(self, &verdict);
	steady = is_steady(self, r, &verdict, changed || respawns != self->totals.respawns);
	if (waits)
		evaluate_for_admin(self, r);
	if (!steady) {
		restart_evaluate(self, r, &verdict);
		instance_review(self, r, true);
	}
	peers_notify(self, r);
	if (steady && may_rest(self))
		vigil_service_rest(svc);
}

void instance_reset(struct instance *self)
{
	serving_reset(self->serving);
	usage_reset(self->usage);
}

void instance_check(struct instance *self)
{
	vigil_service_query(self->service, on_status, self);
}

static void on_tick(vigil_daemon *d, void *arg)
{
	instance_check(arg);
}

/* A function of its own, because vigil_cancel names a timer by its function. */
static void on_retry(vigil_daemon *d, void *arg)
{
	instance_check(arg);
}

/* The last death has its output, or is no longer shown. */
static void on_deaths(void *arg)
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
			   .start_command = given_command(d, "start_command"),
			   .stop_command = given_command(d, "stop_command"),
			   .query_timeout = vigil_option_seconds(d, "query_timeout"),
			   .restart_timeout = vigil_option_seconds(d, "restart_timeout"),
			   .reset_failed = vigil_option_bool(d, "reset_failed"),
		   });
}

static void read_options(struct instance *self)
{
	vigil_daemon *d = self->daemon;
	const char *respawn_max = vigil_option_text(d, "respawn_max");

	policy_read(d, &self->rules);
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
	vigil_persist(d, PLACE "recent");
	recent_open(&self->recent, d, PLACE "recent", self->rules.backoff_max);
	self->peers.tried = recent_nth(&self->recent.restarts, 1);
	self->usage = usage_new(d);
	self->serving = serving_new(d, self->usage, on_tick, self);
	self->conditions = conditions_new(d, on_tick, self);
	self->attempt.well_since = instance_is_tested(self) ? 0 : self->recent.restarted;
	self->service = open_service(d);
	if (self->service == NULL)
		return -EINVAL;
	vigil_service_on_stale(self->service, on_sign, self);
	admin_open(self);
	err = vigil_every(d, vigil_option_seconds(d, "interval"), on_tick, self);
	if (err != 0)
		return err;
	/* These are last, because stop is called only if start has succeeded. */
	deaths_open(&self->deaths, d, on_deaths, self);
	if (self->admin.stopped)
		self->deaths.request = DEATHS_BY_ADMIN;
	peers_join(self);
	return 0;
}

static void stop(vigil_daemon *d)
{
	struct instance *self = vigil_data(d);

	serving_close(self->serving);
	usage_close(self->usage);
	peers_leave(self);
	deaths_close(&self->deaths);
	interned_drop(&self->decision);
	interned_drop(&self->attempt.refusal);
}

static void resumed(vigil_daemon *d)
{
	admin_forget_stop(vigil_data(d));
	instance_check(vigil_data(d));
}

VIGIL_MODULE(.name = "service", .summary = "keeps a service running, under any service manager",
	.options = service_options, .check = service_check, .start = start, .stop = stop,
	.resumed = resumed);
