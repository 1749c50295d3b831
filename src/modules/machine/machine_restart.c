/*
 * machine_restart: restarts the services that the option `restart` chooses, by the policy of the
 * module service (modules/policy).
 *
 * A service is looked at when a query of it was answered.  Until one needs something, nothing is
 * kept of it and no timer is set.  One timer is for all services that must be queried again at a
 * certain time, such as when a backoff ends.
 *
 * A service of which a daemon of the module service takes care is left alone, and so is one that
 * does not run all the time, because nothing says that it is to run now.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "machine.h"
#include "modules/policy/interned.h"
#include "modules/policy/reply.h"

/* Seconds until a request that vigild did not take is made again, and the minimum time until the
 * next look at a service that works again. */
#define AGAIN 1.0
/* The seconds by which the time of the next restart may differ from the one in the state. */
#define RETRY_JITTER 1.0
/* Seconds after which the calendar is read again, because the time of day may be set and the
 * machine may be suspended. */
#define CALENDAR_AGAIN 60.0
#define WORDS          sizeof(((struct decision *)NULL)->words)

static void review(
	struct machine *m, struct item *item, const vigil_service_reply *r, bool is_query);

/* --- times ------------------------------------------------------------------------------------ */

static void wake_in(struct machine *m, double seconds);

static void on_due(vigil_daemon *d, void *arg)
{
	struct machine *m = arg;
	double now = vigil_now();

	m->due_at = 0;
	for (size_t i = 0; i < m->census.count; i++) {
		struct item *item = m->census.items[i];

		if (item->care == NULL || item->care->due == 0)
			continue;
		if (item->care->due > now) {
			wake_in(m, item->care->due - now);
			continue;
		}
		item->care->due = 0;
		follow_query(m, item);
	}
}

static void wake_in(struct machine *m, double seconds)
{
	double at = vigil_now() + seconds;

	if (m->due_at > 0 && m->due_at <= at)
		return;
	if (m->due_at > 0)
		vigil_cancel(m->daemon, on_due, m);
	m->due_at = at;
	/* A little later, so that the time is over then. */
	vigil_after(m->daemon, seconds + 0.01, on_due, m);
}

static void query_in(struct machine *m, struct care *care, double seconds)
{
	care->due = vigil_now() + seconds;
	wake_in(m, seconds);
}

void restart_query_all(struct machine *m)
{
	for (size_t i = 0; i < m->census.count; i++)
		if (m->census.items[i]->care != NULL)
			follow_query(m, m->census.items[i]);
}

/* --- facts ------------------------------------------------------------------------------------ */

/* A service that is stopped is to run only if it is enabled at boot. */
static const char *idle_of(
	const struct item *item, const struct care *care, const vigil_service_reply *r)
{
	if (reply_text(r->idle) != NULL)
		return r->idle;
	return item->boot || care->torn || reply_text(r->hold) != NULL ? NULL
								       : "not enabled at boot";
}

/* Gathers the facts.  They refer to the text in closed. */
static void gather(struct machine *m, const struct item *item, const vigil_service_reply *r,
	struct facts *facts, char closed[VIGIL_CALENDAR_TEXT])
{
	static const struct care none;
	const struct care *care = item->care != NULL ? item->care : &none;
	double wait = vigil_calendar_wait(m->daemon, "only_during", "not_during", closed);

	*facts = (struct facts){.daemon = vigil_name(m->daemon),
		.many = true,
		.status = r->status,
		.unclear_stop = r->unclear_stop,
		.torn = care->torn,
		.now = vigil_now(),
		.since = item->since_now,
		.idle = idle_of(item, care, r),
		.hold = reply_text(r->hold),
		.busy = r->busy,
		.busy_limit = r->busy_limit,
		.closed = wait > 0 ? closed : NULL,
		.paused = vigil_paused(m->daemon),
		.under_way = care->attempt.under_way ? "restart" : NULL};
	facts->opens = facts->now + wait;
	attempt_add_facts(facts, &m->census.rules, &care->attempt, &care->recent);
}

/* Replaces the decision about a service that is not for this daemon to restart. */
static void leave_alone(
	struct machine *m, struct item *item, const vigil_service_reply *r, struct decision *d)
{
	const char *taken = vigil_service_taken(item->service);

	if (taken == NULL && item->daemon)
		return;
	*d = (struct decision){
		.need = vigil_service_is_down(r->status) ? NEED_ADMIN : NEED_NOTHING};
	if (taken != NULL) {
		snprintf(d->words, WORDS, "left alone: the daemon %s takes care of it", taken);
	} else if (item->sorted) {
		snprintf(d->words, WORDS,
			"left alone: it is a oneshot, or something else starts it when it is "
			"needed");
	} else {
		snprintf(d->words, WORDS,
			"left alone until the next list of the services says what it is");
		list_request(m);
	}
}

/* --- outcome ---------------------------------------------------------------------------------- */

static void note_started(
	struct machine *m, struct item *item, const vigil_service_reply *r, double seconds)
{
	struct care *care = item->care;
	const char *status = vigil_service_status_name(r->status);

	care->restart_error = 0;
	care_put_totals(care);
	census_add_respawn(&m->census, item, vigil_now());
	events_add(m, item, ": restart %d worked after %.2f s: %s", (int)care->restarts, seconds,
		status);
	vigil_log(m->daemon, VIGIL_NOTICE, "%s (%s) is %s again, restarted in %.2f s (restart %d)",
		item->name, item->manager, status, seconds, (int)care->restarts);
}

static void put_total(struct machine *m, const char *path, json_int_t total)
{
	vigil_state_set(m->daemon, path, json_integer(total));
}

static void note_failure(struct machine *m, struct item *item, const vigil_service_reply *r)
{
	struct care *care = item->care;
	const char *kind = vigil_service_fault_name(r->fault);
	char text[256];

	vigil_sanitize(text, sizeof(text), r->text);
	care->restart_error++;
	care->restart_errors++;
	put_total(m, "restart_errors", ++m->restart_errors);
	attempt_failed(&m->census.rules, &care->attempt, &care->recent, r);
	care_put(care, "last_error",
		json_pack("{s:s,s:s,s:o}", "kind", kind, "text", text, "time", vigil_time()));
	care_put_totals(care);
	events_add(m, item, ": restart %d: %s: %s", (int)care->restarts, kind, text);
	vigil_error(m->daemon, "%s (%s) could not be restarted (%s, %d in a row): %s", item->name,
		item->manager, kind, (int)care->restart_error, text);
}

static void evaluate(struct machine *m, struct item *item, const vigil_service_reply *r)
{
	static const struct tests tests = {.proven = true}; /* it runs, and has no tests */
	struct care *care = item->care;
	enum outcome outcome = attempt_evaluate(
		&m->census.rules, &care->attempt, &care->recent, r, &tests, item->since_now);
	vigil_service_reply late = attempt_late_reply(r);

	if (reply_ends_torn(r))
		care_set_torn(care, false);
	if (outcome == OUTCOME_FAILED)
		note_failure(m, item, &late);
	else if (outcome == OUTCOME_STARTED)
		note_started(m, item, r, vigil_now() - care->attempt.began);
}

/* --- a restart -------------------------------------------------------------------------------- */

static void note_refusal(struct machine *m, struct item *item, const vigil_service_reply *r)
{
	struct attempt *attempt = &item->care->attempt;
	const char *text;

	if (!attempt_refused(attempt, r))
		return;
	text = json_string_value(attempt->refusal);
	events_add(m, item, ": not restarted: %s", text);
	vigil_log(m->daemon, VIGIL_WARN, "%s (%s) is not restarted: %s", item->name, item->manager,
		text);
}

/* The reply shows whether the restart worked. */
static void note_restart(struct machine *m, struct item *item, const vigil_service_reply *r)
{
	static const struct tests tests = {.any = false};
	struct care *care = item->care;

	interned_drop(&care->attempt.refusal);
	care_keep(care);
	recent_add(&care->recent, &care->recent.restarts, care->attempt.began);
	care->restarts++;
	put_total(m, "restarts", ++m->restarts);
	care_set_torn(care, r->fault == VIGIL_FAULT_FAILED || r->fault == VIGIL_FAULT_TIMEOUT);
	if (r->error != 0) {
		note_failure(m, item, r);
	} else if (attempt_worked(&care->attempt, &care->recent, r, &tests) == OUTCOME_STARTED) {
		note_started(m, item, r, r->seconds);
	} else {
		care_put_totals(care);
		events_add(m, item, ": restart %d is in progress: its manager is still starting it",
			(int)care->restarts);
	}
	census_take_reply(&m->census, item, r, vigil_now(), machine_wall());
}

static void on_restarted(vigil_service *svc, const vigil_service_reply *r, void *arg)
{
	struct item *item = arg;
	struct machine *m = vigil_data(vigil_service_daemon(svc));

	item->care->attempt.under_way = false;
	if (r->fault == VIGIL_FAULT_REFUSED)
		note_refusal(m, item, r);
	else
		note_restart(m, item, r);
	review(m, item, r, false);
	report_soon(m);
}

static void issue(struct machine *m, struct item *item)
{
	struct care *care = item->care;

	if (vigil_service_restart(item->service, on_restarted, item) != 0) {
		query_in(m, care, AGAIN); /* the queue is full */
		return;
	}
	care->attempt.under_way = true;
	care->attempt.began = vigil_now();
	item->ran = 0;
}

/* --- reports ---------------------------------------------------------------------------------- */

static void record(struct item *item, const vigil_service_reply *r)
{
	struct care *care = item->care;

	care_put(care, "pid", r->pid > 0 ? json_integer(r->pid) : NULL);
	if (care->seen && care->status == r->status)
		return;
	care->seen = true;
	care->status = r->status;
	care_put(care, "service", interned_new(item->name));
	care_put(care, "manager", interned_new(item->manager));
	care_put(care, "value", interned_new(vigil_service_status_name(r->status)));
	care_put(care, "since", vigil_time());
}

static bool is_worth_a_line(const struct decision *d)
{
	return d->need == NEED_RESTART || d->need == NEED_MANAGER || d->need == NEED_ADMIN;
}

/* Writes the decision to the state, and to the history and the log if its kind is new. */
static void report_decision(struct machine *m, struct item *item, const struct facts *facts)
{
	struct care *care = item->care;
	const struct decision *d = &care->decision;
	unsigned kind = decide_kind(facts, d);
	char text[128] = "";

	care_put_decision(care, d->words);
	if (kind == care->told)
		return;
	care->told = kind;
	if (!is_worth_a_line(d))
		return;
	/* "dead" is systemd's word for a stopped unit. */
	if (item->text != NULL && strcmp(item->text, "dead") != 0)
		vigil_sanitize(text, sizeof(text), item->text);
	events_add(m, item, ": decision: %s%s%s%s", d->words, text[0] != '\0' ? " (" : "", text,
		text[0] != '\0' ? ")" : "");
	vigil_log(m->daemon, VIGIL_NOTICE, "%s (%s): %s", item->name, item->manager, d->words);
}

/* Keeps in words what is done about the service, for the health. */
static void take_plan(struct machine *m, struct item *item, const vigil_service_reply *r,
	const struct facts *facts)
{
	struct care *care = item->care;
	const struct health_input in = {.name = item->name,
		.pid = r->pid,
		.text = "",
		.rules = &m->census.rules,
		.facts = facts,
		.decision = &care->decision,
		.failed_restarts = (unsigned)care->restart_error,
		.denied = care->attempt.denied,
		.setbacks = care->recent.setbacks};
	struct health health;

	health_of_plan(&in, &health);
	care->gave_up = health.gave_up;
	/* The texts name the daemon that takes care of the service anyway. */
	snprintf(care->plan, sizeof(care->plan), "%s",
		care->decision.need != NEED_ADMIN            ? health.text
		: vigil_service_taken(item->service) == NULL ? care->decision.words
							     : "");
}

/* In how many seconds a service that works again must be queried, so that its setbacks are
 * forgotten; 0: it need not be. */
static double forgets_in(
	const struct machine *m, const struct item *item, const vigil_service_reply *r)
{
	const struct recent *recent = &item->care->recent;
	double since = recent->restarted > 0 ? recent->restarted : item->since_now;

	if (r->status != VIGIL_SERVICE_RUNNING || (recent->restarted == 0 && recent->setbacks == 0))
		return 0;
	return fmax(since + m->census.rules.backoff_max - vigil_now(), AGAIN);
}

/* Writes when the next restart is due.  A time that is still right is kept, because it would change
 * by milliseconds. */
static void put_retry(struct care *care)
{
	double wait = care->decision.wait, at = vigil_now() + wait;

	if (care->retry_at > 0 && (wait <= 0 || care->decision.withheld != care->retry_after)) {
		care_put(care, "next_retry", NULL);
		care->retry_at = 0;
	}
	care->retry_after = care->decision.withheld;
	if (wait > 0 && (care->retry_at == 0 || fabs(at - care->retry_at) > RETRY_JITTER)) {
		care_put(care, "next_retry", vigil_time_in(wait));
		care->retry_at = at;
	}
}

/* Sets when the service must be queried though nothing happens. */
static void plan_query(struct machine *m, struct item *item, const vigil_service_reply *r)
{
	struct care *care = item->care;
	double wait = care->decision.wait, check = care->decision.check;
	double next = check > 0 && (wait <= 0 || check < wait) ? check : wait;

	put_retry(care);
	if (next <= 0)
		next = forgets_in(m, item, r);
	else if (care->decision.withheld == WITHHELD_CALENDAR)
		next = fmin(next, CALENDAR_AGAIN);
	care->due = 0;
	if (next > 0)
		query_in(m, care, next);
}

/* --- the decision ----------------------------------------------------------------------------- */

void restart_recall(struct machine *m, struct item *item)
{
	struct care *care;

	if (!item->covered || item->care != NULL ||
		!care_is_kept(m->daemon, item->name, item->manager))
		return;
	care = item->care =
		care_new(&m->cares, item->name, item->manager, m->census.rules.backoff_max);
	for (unsigned n = care->recent.recoveries.count; n > 0; n--)
		census_add_respawn(&m->census, item, recent_nth(&care->recent.recoveries, n));
}

static bool is_something(const struct decision *decision)
{
	return decision->need != NEED_NOTHING && decision->need != NEED_UNKNOWN;
}

/* A service without a care that needs nothing gets none. */
static bool take_decision(struct machine *m, struct item *item, const struct decision *decision)
{
	if (item->care == NULL && !is_something(decision))
		return false;
	if (item->care == NULL)
		item->care =
			care_new(&m->cares, item->name, item->manager, m->census.rules.backoff_max);
	item->care->decision = *decision;
	return true;
}

static void end_care(struct machine *m, struct item *item)
{
	care_free(&m->cares, item->care, false);
	item->care = NULL;
}

static void review(
	struct machine *m, struct item *item, const vigil_service_reply *r, bool is_query)
{
	char closed[VIGIL_CALENDAR_TEXT];
	struct decision decision;
	struct facts facts;

	gather(m, item, r, &facts, closed);
	decide(&m->census.rules, &facts, &decision);
	if (facts.under_way == NULL && is_something(&decision))
		leave_alone(m, item, r, &decision);
	if (!take_decision(m, item, &decision))
		return;
	record(item, r);
	report_decision(m, item, &facts);
	take_plan(m, item, r, &facts);
	if (decision.withheld != WITHHELD_REFUSED && !decision.restart)
		interned_drop(&item->care->attempt.refusal);
	plan_query(m, item, r);
	if (decision.restart && is_query)
		issue(m, item);
	else if (decision.restart && decision.withheld == WITHHELD_NOT)
		query_in(m, item->care, AGAIN); /* the query may issue it */
	else if (decision.need == NEED_NOTHING && !item->care->is_kept &&
		 !item->care->attempt.under_way) /* nothing is lost */
		end_care(m, item);
}

void restart_review(struct machine *m, struct item *item, const vigil_service_reply *reply)
{
	bool down = vigil_service_is_down(reply->status);

	if (!item->covered || item->service == NULL)
		return;
	if (item->care == NULL && !down && reply->status != VIGIL_SERVICE_STARTING &&
		reply->status != VIGIL_SERVICE_STOPPING && reply->status != VIGIL_SERVICE_RELOADING)
		return;
	if (item->care != NULL)
		evaluate(m, item, reply);
	review(m, item, reply, true);
}

bool restart_is_pending(const struct item *item)
{
	const struct care *care = item->care;

	if (care == NULL)
		return false;
	if (care->attempt.starting)
		return care->restart_error > 0 || care->recent.setbacks > 0;
	if (care->decision.need != NEED_RESTART)
		return care->decision.need == NEED_MANAGER;
	return care->decision.withheld != WITHHELD_CLEAN_STOP &&
	       care->decision.withheld != WITHHELD_HOLD &&
	       care->decision.withheld != WITHHELD_NEVER;
}
