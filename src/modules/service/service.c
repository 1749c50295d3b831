/*
 * service: keeps one service running, whoever manages it.
 *
 * At each tick it asks how the service is, writes that down, and only then decides (decide.c)
 * whether to restart; after a restart it writes down what the look right after it found.  All
 * that it knows stands in its subtree at service_state, all that it did in its history.
 *
 * A daemon has one struct watch, which lives as long as the daemon.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <vigil/vigil.h>

#include "check.h"
#include "decide.h"
#include "options.h"
#include "wellness.h"
#include "words.h"

struct watch {
	vigil_service *service;
	struct wellness *wellness;
	struct rules rules;
	double backoff, backoff_max, healthy_after;

	vigil_service_status status;
	bool seen;         /* there was a look that found something out */
	bool fell;         /* this look found it down, and the one before did not */
	bool absent;       /* it was said that it is not installed */
	char manager[16];  /* that answered the last look */
	pid_t pid;         /* of the last look; 0: not known */
	pid_t ran;         /* as which it ran last; 0: it was down, or restarted, since */
	double since;      /* when status was first seen */
	bool under_way;    /* a restart is */
	bool denied;       /* the last one that failed was not allowed */
	double restarted;  /* when the last one worked; 0: none did */
	unsigned setbacks; /* failures and early deaths in a row, for the backoff */
	double next_try;   /* 0: at any time */
	bool retry_set;    /* a look of its own is due then */
	double *recent;    /* when the last ones were begun; a ring of burst, if there is one */
	unsigned recent_next;
	json_t *decision; /* the last one, in words; NULL: none */
	json_t *refusal;  /* why the last restart was refused; NULL: it was not */
	json_int_t restarts, restart_errors, restart_error;
	json_int_t respawns; /* counted here */
	uint32_t by_manager; /* as the manager counted at the last look */
};

static void on_retry(vigil_daemon *d, void *arg);
static void on_restarted(vigil_service *svc, const vigil_service_reply *r, void *arg);

/* --- writing down -------------------------------------------------------------------------------- */

#define PLACE "service_state/"

static void put(vigil_daemon *d, const char *path, json_t *value)
{
	vigil_state_set(d, path, value);
}

static void put_text(vigil_daemon *d, const char *path, const char *text)
{
	if (text != NULL && text[0] != '\0')
		put(d, path, words_new(text));
	else
		vigil_state_unset(d, path);
}

static void put_decision(vigil_daemon *d, struct watch *w, const char *words)
{
	if (words_are(w->decision, words))
		return;
	words_forget(&w->decision);
	w->decision = words_new(words);
	put(d, PLACE "decision", json_incref(w->decision));
}

static void put_error(vigil_daemon *d, const vigil_service_reply *r)
{
	char text[256];

	/* What scripts print may be anything; the tree holds UTF-8 without controls. */
	put(d, PLACE "last_error",
		json_pack("{s:s,s:s,s:o}", "kind", vigil_service_fault_name(r->fault), "text",
			vigil_clean(text, sizeof(text), r->text), "time", vigil_time()));
}

static void say_health(vigil_daemon *d, const struct watch *w, const vigil_service_reply *r)
{
	const char *status = vigil_service_status_name(r->status);

	if (r->status == VIGIL_SERVICE_RUNNING && r->pid > 0)
		vigil_health(d, VIGIL_OK, "%s is running, pid %d", r->name, (int)r->pid);
	else if (r->status == VIGIL_SERVICE_RUNNING)
		vigil_health(d, VIGIL_OK, "%s is running", r->name);
	else if (r->status == VIGIL_SERVICE_UNKNOWN)
		vigil_health(d, VIGIL_UNKNOWN, "%s: %s", r->name, r->text);
	else if (r->status == VIGIL_SERVICE_ABSENT)
		vigil_health(d, VIGIL_UNKNOWN, "%s is not installed", r->name);
	else if (!vigil_service_is_down(r->status))
		vigil_health(d, VIGIL_WARNING, "%s is %s", r->name, status);
	else if (w->restart_error == 1)
		vigil_health(d, VIGIL_CRITICAL, "%s is %s; its restart %s", r->name, status,
			w->denied ? "was denied" : "failed");
	else if (w->restart_error > 1)
		vigil_health(d, VIGIL_CRITICAL, "%s is %s; %d restarts in a row %s", r->name,
			status, (int)w->restart_error, w->denied ? "were denied" : "failed");
	else
		vigil_health(d, VIGIL_CRITICAL, "%s is %s", r->name, status);
}

/* Not installed is quiet: what is known of the service goes, what was done to it stays. */
static void record_absent(vigil_daemon *d, struct watch *w, const vigil_service_reply *r)
{
	static const char *const gone[] = {PLACE "value", PLACE "since", PLACE "service",
		PLACE "manager", PLACE "pid", PLACE "decision", PLACE "next_retry"};

	if (!w->absent) {
		vigil_log(d, VIGIL_INFO, "%s is not installed; waiting for it to appear", r->name);
		if (w->seen)
			vigil_event(d, "%s is no longer installed", r->name);
	}
	for (size_t i = 0; i < sizeof(gone) / sizeof(*gone); i++)
		vigil_state_unset(d, gone[i]);
	w->absent = true;
	w->seen = false;
	words_forget(&w->decision);
	w->ran = 0;
	w->next_try = 0;
	w->setbacks = 0;
}

static void record_change(vigil_daemon *d, struct watch *w, const vigil_service_reply *r)
{
	const char *before = vigil_service_status_name(w->status);
	const char *now = vigil_service_status_name(r->status);

	put(d, PLACE "since", vigil_time());
	if (w->seen)
		vigil_event(d, "%s (was %s)%s%s", now, before, r->text[0] ? ": " : "", r->text);
	else
		vigil_event(d, "%s at the first look, under %s", now, r->manager);
	w->fell = w->seen && vigil_service_is_down(r->status) && !vigil_service_is_down(w->status);
	w->since = vigil_now();
	w->status = r->status;
	w->seen = true;
}

/* Brought back by its manager before we came to look: the manager says so, or it runs under
 * another pid and nobody here restarted it. */
static void record_respawn(vigil_daemon *d, struct watch *w, const vigil_service_reply *r)
{
	bool runs = r->status == VIGIL_SERVICE_RUNNING && r->pid > 0;
	bool other_pid = runs && w->ran > 0 && r->pid != w->ran;
	json_int_t more = other_pid;
	pid_t before = w->ran;

	if (r->respawns > 0)
		more = w->seen && r->respawns > w->by_manager ? r->respawns - w->by_manager : 0;
	w->by_manager = r->respawns;
	/* Seen down, it is brought back by us or by hand. */
	w->ran = runs ? r->pid : vigil_service_is_down(r->status) ? 0 : w->ran;
	if (more == 0)
		return;
	w->respawns += more;
	put(d, PLACE "respawns", json_integer(w->respawns));
	vigil_event(d, "its manager brought it back: pid %d, was %d", (int)r->pid, (int)before);
	vigil_log(d, VIGIL_NOTICE, "%s was brought back by %s: pid %d, was %d", r->name, r->manager,
		(int)r->pid, (int)before);
}

/* Most looks by far find it as it was: all that is to be written stands there. */
static bool is_written(const struct watch *w, const vigil_service_reply *r)
{
	return w->seen && w->status == r->status && w->pid == r->pid &&
	       (r->pid == 0 || w->ran == r->pid) && w->by_manager == r->respawns &&
	       strcmp(w->manager, r->manager) == 0;
}

static void record(vigil_daemon *d, struct watch *w, const vigil_service_reply *r)
{
	bool written = is_written(w, r);

	if (written && r->status == VIGIL_SERVICE_RUNNING)
		return;
	say_health(d, w, r);
	if (written)
		return;
	if (r->status == VIGIL_SERVICE_ABSENT) {
		record_absent(d, w, r);
		return;
	}
	w->absent = false;
	record_respawn(d, w, r);
	w->pid = r->pid;
	snprintf(w->manager, sizeof(w->manager), "%s", r->manager);
	put_text(d, PLACE "value", vigil_service_status_name(r->status));
	put(d, PLACE "service", json_string(r->name));
	put_text(d, PLACE "manager", r->manager);
	if (r->pid > 0)
		put(d, PLACE "pid", json_integer(r->pid));
	else
		vigil_state_unset(d, PLACE "pid");
	if (!w->seen || w->status != r->status)
		record_change(d, w, r);
}

/* --- deciding --------------------------------------------------------------------------------------- */

/* When the burst has room again; 0: now. */
static double burst_free(const struct watch *w)
{
	double oldest = w->rules.burst > 0 ? w->recent[w->recent_next] : 0;

	return oldest > 0 ? oldest + w->rules.burst_window : 0;
}

static void burst_take(struct watch *w)
{
	if (w->rules.burst == 0)
		return;
	w->recent[w->recent_next] = vigil_now();
	w->recent_next = (w->recent_next + 1) % w->rules.burst;
}

static void burst_give_back(struct watch *w)
{
	if (w->rules.burst == 0)
		return;
	w->recent_next = (w->recent_next + w->rules.burst - 1) % w->rules.burst;
	w->recent[w->recent_next] = 0;
}

static void step_back(struct watch *w)
{
	w->setbacks++;
	w->next_try = vigil_now() + backoff_delay(w->backoff, w->backoff_max, w->setbacks);
}

/* What the time since the last restart says about the service's health. */
static void judge_health(struct watch *w)
{
	double age;

	if (w->restarted == 0)
		return;
	age = vigil_now() - w->restarted;
	if (w->status == VIGIL_SERVICE_RUNNING && age >= w->backoff_max) {
		w->setbacks = 0;
		w->restarted = 0;
	} else if (vigil_service_is_down(w->status)) {
		if (age < w->healthy_after)
			step_back(w);
		w->restarted = 0;
	}
}

/* A look of its own, however long the interval: when the next try is due, or as soon as it may be
 * worth it. */
static void retry_in(vigil_daemon *d, struct watch *w, double wait, double look)
{
	double next = look > 0 && (wait <= 0 || look < wait) ? look : wait;

	if (next <= 0 && !w->retry_set)
		return;
	w->retry_set = next > 0;
	vigil_cancel(d, on_retry, w);
	if (wait <= 0)
		vigil_state_unset(d, PLACE "next_retry");
	/* A moment that moves by milliseconds from look to look is not news. */
	else if (vigil_state_get(d, PLACE "next_retry") == NULL)
		put(d, PLACE "next_retry", vigil_time_in(wait));
	if (next > 0)
		vigil_after(d, next, on_retry, w);
}

static void begin_restart(vigil_daemon *d, struct watch *w)
{
	if (vigil_service_restart(w->service, on_restarted, w) != 0)
		return; /* the queue is full; the next look tries again */
	w->under_way = true;
	w->ran = 0;
	wellness_forget(w->wellness);
	burst_take(w);
	if (w->refusal == NULL)
		vigil_event(d, "restart issued");
}

/* One line that explains it: when it fell, and whenever something is done about it. */
static void log_decision(vigil_daemon *d, struct watch *w, const vigil_service_reply *r,
	const struct decision *decision, pid_t pid)
{
	if (w->fell && pid > 0)
		vigil_log(d, VIGIL_WARN, "%s is down (was running, pid %d); %s", r->name, (int)pid,
			decision->words);
	else if (w->fell)
		vigil_log(d, VIGIL_WARN, "%s is down (was running); %s", r->name, decision->words);
	else if (decision->restart)
		vigil_log(d, VIGIL_NOTICE, "%s: %s", r->name, decision->words);
	w->fell = false;
}

static void on_status(vigil_service *svc, const vigil_service_reply *r, void *arg)
{
	vigil_daemon *d = vigil_service_daemon(svc);
	struct watch *w = arg;
	struct decision decision;
	char unwell[WELLNESS_TEXT];
	pid_t pid = w->pid;

	record(d, w, r);
	if (r->status == VIGIL_SERVICE_ABSENT)
		return;
	judge_health(w);
	wellness_look(w->wellness, r);
	const struct facts facts = {.status = r->status,
		.now = vigil_now(),
		.since = w->since,
		.next_try = w->next_try,
		.burst_free = burst_free(w),
		.unwell = wellness_unwell(w->wellness, unwell),
		.before = wellness_before(w->wellness),
		.paused = vigil_paused(d),
		.under_way = w->under_way};
	decide(&w->rules, &facts, &decision);
	/* Tried again and again in vain, it is news once. */
	if (!decision.restart || w->refusal == NULL) {
		put_decision(d, w, decision.words);
		log_decision(d, w, r, &decision, pid);
	}
	if (!decision.restart)
		words_forget(&w->refusal);
	retry_in(d, w, decision.wait, decision.look);
	if (decision.restart)
		begin_restart(d, w);
}

/* --- after a restart --------------------------------------------------------------------------------------- */

static void note_success(vigil_daemon *d, struct watch *w, const vigil_service_reply *r)
{
	w->restarted = vigil_now();
	w->next_try = 0;
	w->restart_error = 0;
	vigil_event(d, "restart %d worked after %.2f s: %s", (int)w->restarts, r->seconds,
		vigil_service_status_name(r->status));
	vigil_log(d, VIGIL_NOTICE, "%s is %s again, restarted in %.2f s (restart %d)", r->name,
		vigil_service_status_name(r->status), r->seconds, (int)w->restarts);
}

static void note_failure(vigil_daemon *d, struct watch *w, const vigil_service_reply *r)
{
	const char *kind = vigil_service_fault_name(r->fault);

	w->restarted = 0;
	w->restart_error++;
	w->restart_errors++;
	w->denied = r->fault == VIGIL_FAULT_DENIED;
	step_back(w);
	put_error(d, r);
	vigil_event(d, "restart %d: %s: %s", (int)w->restarts, kind, r->text);
	vigil_error(d, "%s could not be restarted (%s, %d in a row): %s", r->name, kind,
		(int)w->restart_error, r->text);
}

/* Nothing was done to the service, so nothing failed and no burst is used up. */
static void note_refusal(vigil_daemon *d, struct watch *w, const vigil_service_reply *r)
{
	char text[128], words[160];

	burst_give_back(w);
	vigil_clean(text, sizeof(text), r->text);
	if (words_are(w->refusal, text))
		return;
	words_forget(&w->refusal);
	w->refusal = json_string(text);
	vigil_event(d, "not restarted: %s", text);
	vigil_log(d, VIGIL_WARN, "%s is not restarted: %s", r->name, text);
	snprintf(words, sizeof(words), "left alone: %s", text);
	put_decision(d, w, words);
}

static void on_restarted(vigil_service *svc, const vigil_service_reply *r, void *arg)
{
	vigil_daemon *d = vigil_service_daemon(svc);
	struct watch *w = arg;

	w->under_way = false;
	if (r->fault == VIGIL_FAULT_REFUSED) {
		note_refusal(d, w, r);
		return;
	}
	words_forget(&w->refusal);
	w->restarts++;
	if (r->error == 0)
		note_success(d, w, r);
	else
		note_failure(d, w, r);
	put(d, PLACE "restarts", json_integer(w->restarts));
	put(d, PLACE "restart_errors", json_integer(w->restart_errors));
	put(d, PLACE "restart_error", json_integer(w->restart_error));
	record(d, w, r);
	vigil_state_unset(d, PLACE "next_retry");
	retry_in(d, w, w->next_try - vigil_now(), decide_look(r->status, 0));
}

/* --- life ------------------------------------------------------------------------------------------------------ */

static void look(vigil_daemon *d, void *arg)
{
	struct watch *w = arg;

	vigil_service_query(w->service, on_status, w);
}

/* `vigilctl restart`: an admin's word goes before the backoff, the burst and a pause. */
static int on_restart_verb(vigil_daemon *d, void *arg)
{
	struct watch *w = arg;

	if (w->under_way)
		return -EALREADY;
	words_forget(&w->refusal);
	vigil_event(d, "restart asked for by an admin");
	vigil_log(d, VIGIL_NOTICE, "%s: restarting, as an admin asked",
		vigil_service_name(w->service));
	begin_restart(d, w);
	return w->under_way ? 0 : -EAGAIN;
}

static void on_sign(vigil_service *svc, const vigil_service_reply *r, void *arg)
{
	vigil_daemon *d = vigil_service_daemon(svc);
	struct watch *w = arg;

	if (r->text[0] != '\0')
		vigil_event(d, "%s, seen at once", r->text);
	look(d, w);
}

static void on_retry(vigil_daemon *d, void *arg)
{
	look(d, arg);
}

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

static int start(vigil_daemon *d)
{
	struct watch *w = vigil_alloc(d, sizeof(*w));

	w->rules = (struct rules){.restart_on = restart_on(vigil_option_text(d, "restart_on")),
		.settle = vigil_option_seconds(d, "settle"),
		.burst = (unsigned)vigil_option_int(d, "burst"),
		.burst_window = vigil_option_seconds(d, "burst_window")};
	if (w->rules.burst > 0)
		w->recent = vigil_alloc(d, w->rules.burst * sizeof(*w->recent));
	w->backoff = vigil_option_seconds(d, "backoff");
	w->backoff_max = fmax(w->backoff, vigil_option_seconds(d, "backoff_max"));
	w->healthy_after = vigil_option_seconds(d, "healthy_after");
	w->restarts = kept(d, PLACE "restarts");
	w->restart_errors = kept(d, PLACE "restart_errors");
	w->wellness = wellness_new(d);
	w->service = open_service(d);
	vigil_set_data(d, w);
	if (w->service == NULL)
		return -EINVAL;
	vigil_service_on_sign(w->service, on_sign, w);
	vigil_on_verb(d, "restart", on_restart_verb, w);
	return vigil_every(d, vigil_option_seconds(d, "interval"), look, w);
}

static void stop(vigil_daemon *d)
{
	struct watch *w = vigil_data(d);

	words_forget(&w->decision);
	words_forget(&w->refusal);
}

VIGIL_MODULE(.name = "service", .summary = "keeps a service running, whoever manages it",
	.options = service_options, .start = start, .stop = stop, .check = service_check);
