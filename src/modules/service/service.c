/*
 * service: keeps one service running, whoever manages it.
 *
 * At each tick, and whenever something has changed, it checks: asks how the service is, writes that
 * down (record.c), and only then decides (decide.c) whether to restart (restart.c).  What it tells an
 * admin is computed from the same facts (health.c).  All that it knows is in its subtree at
 * service_state, all that it did in its history.
 *
 * A daemon has one struct watch, which lives as long as the daemon.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "health.h"
#include "interned.h"
#include "options.h"
#include "watch.h"

static void on_retry(vigil_daemon *d, void *arg);

/* --- facts ------------------------------------------------------------------------------------------ */

static const char *or_null(const char *text)
{
	return text != NULL && text[0] != '\0' ? text : NULL;
}

/* When the burst has room again; 0: now. */
static double burst_free(const struct watch *w)
{
	double oldest = recent_nth(&w->recent.restarts, w->rules.burst);

	return oldest > 0 ? oldest + w->rules.burst_window : 0;
}

/* Only a restart that is needed and not otherwise withheld waits for others. */
static const char *awaited(struct watch *w, const struct facts *facts)
{
	struct decision decision;

	if (w->after[0] == NULL)
		return NULL;
	decide(&w->rules, facts, &decision);
	if (decision.need == NEED_RESTART && decision.withheld != WITHHELD_PAUSED &&
		decision.withheld != WITHHELD_NEVER && decision.withheld != WITHHELD_CLEAN_STOP)
		return dependency_awaited(&w->peer, w->after, w->seen.since);
	dependency_end(&w->peer);
	return NULL;
}

static void gather(struct watch *w, const vigil_service_reply *r, const struct verdict *verdict,
	struct facts *facts)
{
	*facts = (struct facts){.status = r->status,
		.now = vigil_now(),
		.since = w->seen.since,
		.idle = or_null(r->idle),
		.hold = or_null(r->hold),
		.busy = r->busy,
		.busy_limit = r->busy_limit,
		.sick = verdict->sick,
		.ailing = verdict->ailing,
		.unprobed = verdict->unprobed,
		.refusal = json_string_value(w->attempt.refusal),
		.refusal_deliberate = w->attempt.deliberate,
		.refusal_ends = w->attempt.ends,
		.next_try = w->recent.next_try,
		.burst_free = burst_free(w),
		.paused = vigil_paused(w->daemon),
		.restarting = w->attempt.under_way};
	facts->awaited = awaited(w, facts);
}

/* --- telling ------------------------------------------------------------------------------------------ */

/* Whether the service came back more often than respawn_max lately; by whom and in what time. */
static void judge_crashes(struct watch *w, struct health_input *in)
{
	const struct times *respawns = &w->recent.respawns, *recoveries = &w->recent.recoveries;
	double now = vigil_now(), since = now - w->rules.respawn_window;
	unsigned back, restarted;
	double first, last;

	if (w->rules.respawn_max == 0 || respawns->count + recoveries->count == 0)
		return;
	back = recent_count(respawns, since);
	restarted = recent_count(recoveries, since);
	if (back + restarted <= w->rules.respawn_max)
		return;
	first = fmin(back > 0 ? recent_nth(respawns, back) : now,
		restarted > 0 ? recent_nth(recoveries, restarted) : now);
	last = fmax(recent_nth(respawns, 1), recent_nth(recoveries, 1));
	in->brought_back = back;
	in->restarted = restarted;
	in->span = last - first;
}

static void tell_health(struct watch *w, const vigil_service_reply *r, const struct facts *facts,
	const struct decision *decision)
{
	struct health_input in = {.name = r->name,
		.pid = r->pid,
		.text = r->text,
		.rules = &w->rules,
		.facts = facts,
		.decision = decision,
		.failed_restarts = (unsigned)w->totals.restart_error,
		.denied = w->attempt.denied,
		.setbacks = w->recent.setbacks,
		.starting = w->attempt.starting ? (unsigned)w->totals.restarts : 0};
	struct health health;

	judge_crashes(w, &in);
	health_of(&in, &health);
	w->ok = health.level == VIGIL_OK && r->status == VIGIL_SERVICE_RUNNING;
	vigil_health(w->daemon, health.level, "%s", health.text);
}

/* One line that explains it: when it fell, and whenever something is done about it. */
static void log_decision(
	struct watch *w, const vigil_service_reply *r, const struct decision *decision)
{
	pid_t pid = w->seen.pid_before;

	if (w->seen.fell && pid > 0)
		vigil_log(w->daemon, VIGIL_WARN, "%s is down (was running, pid %d); %s", r->name,
			(int)pid, decision->words);
	else if (w->seen.fell)
		vigil_log(w->daemon, VIGIL_WARN, "%s is down (was running); %s", r->name,
			decision->words);
	else if (decision->restart && decision->withheld == WITHHELD_NOT)
		vigil_log(w->daemon, VIGIL_NOTICE, "%s: %s", r->name, decision->words);
	w->seen.fell = false;
}

/* The history has each decision once, and not that there is nothing to do. */
static void tell_decision(struct watch *w, const struct facts *facts, const struct decision *d)
{
	unsigned which =
		1 + (unsigned)facts->status + 8 * ((unsigned)d->need + 8 * ((unsigned)d->withheld));

	record_decision(w, d->words);
	if (which == w->told)
		return;
	w->told = which;
	if (d->need != NEED_NOTHING || facts->status != VIGIL_SERVICE_RUNNING)
		vigil_event(w->daemon, "decision: %s", d->words);
}

/* A check of its own, however long the interval: when the next try is due, or as soon as it may be
 * worth it. */
static void retry_in(struct watch *w, double wait, double check)
{
	double next = check > 0 && (wait <= 0 || check < wait) ? check : wait;

	if (next <= 0 && !w->retry_set)
		return;
	w->retry_set = next > 0;
	vigil_cancel(w->daemon, on_retry, w);
	if (wait <= 0)
		vigil_state_unset(w->daemon, PLACE "next_retry");
	/* A time that moves by milliseconds from check to check is not news. */
	else if (vigil_state_get(w->daemon, PLACE "next_retry") == NULL)
		vigil_state_set(w->daemon, PLACE "next_retry", vigil_time_in(wait));
	if (next > 0)
		vigil_after(w->daemon, next, on_retry, w);
}

/* --- a check -------------------------------------------------------------------------------------------- */

static bool is_good(const vigil_service_reply *r)
{
	return r->status == VIGIL_SERVICE_RUNNING || r->status == VIGIL_SERVICE_ABSENT ||
	       (r->status == VIGIL_SERVICE_STOPPED && or_null(r->idle) != NULL);
}

void watch_tell_peers(struct watch *w, const vigil_service_reply *r)
{
	peer_checked(&w->peer, is_good(r));
}

void watch_review(struct watch *w, const vigil_service_reply *r, bool act)
{
	struct decision decision;
	struct verdict verdict;
	struct facts facts;

	serving_judge(w->serving, &verdict);
	gather(w, r, &verdict, &facts);
	decide(&w->rules, &facts, &decision);
	if (r->status != VIGIL_SERVICE_ABSENT) {
		tell_decision(w, &facts, &decision);
		log_decision(w, r, &decision);
	}
	tell_health(w, r, &facts, &decision);
	if (decision.withheld != WITHHELD_REFUSED && !decision.restart)
		interned_drop(&w->attempt.refusal);
	retry_in(w, decision.wait, decision.check);
	if (decision.restart && act)
		restart_begin(w);
}

/* Nothing has changed and nothing is wrong, so that there is nothing to decide or to say. */
static bool is_steady(const struct watch *w, const vigil_service_reply *r, bool changed)
{
	struct verdict verdict;

	if (changed || !w->ok || r->status != VIGIL_SERVICE_RUNNING || w->attempt.under_way ||
		w->retry_set || w->recent.restarted > 0)
		return false;
	serving_judge(w->serving, &verdict);
	return verdict.sick == NULL && verdict.ailing == NULL && verdict.unprobed == NULL;
}

static void on_status(vigil_service *svc, const vigil_service_reply *r, void *arg)
{
	struct watch *w = arg;
	vigil_service_status before = w->seen.status;
	bool changed = !w->seen.any || before != r->status || w->seen.pid != r->pid;
	json_int_t respawns = w->totals.respawns;
	struct verdict verdict;

	record_reply(w, r);
	serving_check(w->serving, r);
	if (!is_steady(w, r, changed || respawns != w->totals.respawns)) {
		serving_judge(w->serving, &verdict);
		restart_judge(w, r, &verdict);
		watch_review(w, r, true);
	}
	if (changed || !w->peer.checked || !w->peer.good || w->peer.asked)
		watch_tell_peers(w, r);
}

void watch_check(struct watch *w)
{
	vigil_service_query(w->service, on_status, w);
}

static void on_tick(vigil_daemon *d, void *arg)
{
	watch_check(arg);
}

static void on_retry(vigil_daemon *d, void *arg)
{
	watch_check(arg);
}

static void on_probe_news(vigil_daemon *d, void *arg)
{
	watch_check(arg);
}

static void on_peer(void *arg)
{
	watch_check(arg);
}

static void on_sign(vigil_service *svc, const vigil_service_reply *r, void *arg)
{
	struct watch *w = arg;

	if (r->text[0] != '\0')
		vigil_event(w->daemon, "%s, seen at once", r->text);
	watch_check(w);
}

/* --- life ----------------------------------------------------------------------------------------------- */

static enum restart_on restart_on(const char *word)
{
	if (strcmp(word, "never") == 0)
		return RESTART_NEVER;
	return strcmp(word, "failed") == 0 ? RESTART_ON_FAILED : RESTART_ON_STOPPED;
}

static json_int_t kept(vigil_daemon *d, const char *path)
{
	vigil_keep(d, path);
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

static int read_options(struct watch *w)
{
	vigil_daemon *d = w->daemon;
	const char *respawn_max = vigil_option_text(d, "respawn_max");

	w->rules = (struct rules){.restart_on = restart_on(vigil_option_text(d, "restart_on")),
		.settle = vigil_option_seconds(d, "settle"),
		.burst = (unsigned)vigil_option_int(d, "burst"),
		.burst_window = vigil_option_seconds(d, "burst_window")};
	w->backoff = vigil_option_seconds(d, "backoff");
	w->backoff_max = fmax(w->backoff, vigil_option_seconds(d, "backoff_max"));
	w->healthy_after = vigil_option_seconds(d, "healthy_after");
	w->after = vigil_option_list(d, "after");
	for (const char *const *name = w->after; *name != NULL; name++)
		if (strcmp(*name, vigil_name(d)) == 0)
			return vigil_refuse(
				d, "after = %s: a daemon cannot wait for itself", *name);
	if (respawn_max == NULL)
		return 0;
	if (options_rate(respawn_max, &w->rules.respawn_max, &w->rules.respawn_window) != 0)
		return vigil_refuse(d,
			"respawn_max = \"%.64s\" is not a rate such as 3/10m (1 to 99 times in 1s "
			"to 1d); 0 is no limit",
			respawn_max);
	return 0;
}

static int start(vigil_daemon *d)
{
	struct watch *w = vigil_alloc(d, sizeof(*w));
	int err;

	w->daemon = d;
	vigil_set_data(d, w);
	if (read_options(w) != 0)
		return -EINVAL;
	w->totals.restarts = kept(d, PLACE "restarts");
	w->totals.restart_errors = kept(d, PLACE "restart_errors");
	w->totals.respawns = kept(d, PLACE "respawns");
	recent_open(&w->recent, d, w->backoff_max);
	w->serving = serving_new(d, on_probe_news, w);
	w->attempt.well_since = w->serving == NULL ? w->recent.restarted : 0;
	w->service = open_service(d);
	if (w->service == NULL)
		return -EINVAL;
	vigil_service_on_sign(w->service, on_sign, w);
	vigil_on_verb(d, "restart", restart_by_admin, w);
	err = vigil_every(d, vigil_option_seconds(d, "interval"), on_tick, w);
	if (err != 0)
		return err;
	w->peer = (struct peer){.daemon = d, .check = on_peer, .arg = w};
	peer_join(&w->peer); /* last, because stop is called only where start has succeeded */
	return 0;
}

static void stop(vigil_daemon *d)
{
	struct watch *w = vigil_data(d);

	peer_leave(&w->peer);
	interned_drop(&w->decision);
	interned_drop(&w->attempt.refusal);
}

static void resumed(vigil_daemon *d)
{
	watch_check(vigil_data(d));
}

VIGIL_MODULE(.name = "service", .summary = "keeps a service running, whoever manages it",
	.options = service_options, .start = start, .stop = stop, .resumed = resumed);
