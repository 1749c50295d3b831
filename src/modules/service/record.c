/*
 * record: writes down what a check found, below the daemon's place in the state and in its history.
 *
 * Most checks by far find the service as it was, and write nothing.
 */
#include <stdio.h>
#include <string.h>

#include "interned.h"
#include "watch.h"

static void put(struct watch *w, const char *path, json_t *value)
{
	vigil_state_set(w->daemon, path, value);
}

void record_text(struct watch *w, const char *path, const char *text)
{
	if (text != NULL && text[0] != '\0')
		put(w, path, interned_new(text));
	else
		vigil_state_unset(w->daemon, path);
}

void record_decision(struct watch *w, const char *words)
{
	if (interned_equals(w->decision, words))
		return;
	interned_drop(&w->decision);
	w->decision = interned_new(words);
	put(w, PLACE "decision", json_incref(w->decision));
}

void record_error(struct watch *w, const vigil_service_reply *r)
{
	char text[256];

	/* What scripts print may be anything; the tree holds UTF-8 without controls. */
	put(w, PLACE "last_error",
		json_pack("{s:s,s:s,s:o}", "kind", vigil_service_fault_name(r->fault), "text",
			vigil_clean(text, sizeof(text), r->text), "time", vigil_time()));
}

void record_totals(struct watch *w)
{
	put(w, PLACE "restarts", json_integer(w->totals.restarts));
	put(w, PLACE "restart_errors", json_integer(w->totals.restart_errors));
	put(w, PLACE "restart_error", json_integer(w->totals.restart_error));
}

/* --- one reply ----------------------------------------------------------------------------------- */

/* Not installed is quiet: what is known of the service goes, what was done to it stays. */
static void record_absent(struct watch *w, const vigil_service_reply *r)
{
	static const char *const gone[] = {PLACE "value", PLACE "since", PLACE "service",
		PLACE "manager", PLACE "pid", PLACE "decision", PLACE "next_retry",
		PLACE "evidence"};

	if (!w->seen.absent) {
		vigil_log(w->daemon, VIGIL_INFO, "%s is not installed; waiting for it to appear",
			r->name);
		if (w->seen.any)
			vigil_event(w->daemon, "%s is no longer installed", r->name);
	}
	for (size_t i = 0; i < sizeof(gone) / sizeof(*gone); i++)
		vigil_state_unset(w->daemon, gone[i]);
	w->seen = (struct seen){.absent = true, .status = VIGIL_SERVICE_ABSENT};
	interned_drop(&w->decision);
	w->told = 0;
	if (w->recent.next_try > 0 || w->recent.setbacks > 0) {
		w->recent.next_try = 0;
		w->recent.setbacks = 0;
		recent_save(&w->recent);
	}
}

static const char *or_empty(const char *text)
{
	return text != NULL ? text : "";
}

static void record_change(struct watch *w, const vigil_service_reply *r)
{
	const char *before = vigil_service_status_name(w->seen.status);
	const char *now = vigil_service_status_name(r->status);
	const char *evidence = or_empty(r->evidence);
	char clean[256];

	put(w, PLACE "since", vigil_time());
	if (w->seen.any)
		vigil_event(
			w->daemon, "%s (was %s)%s%s", now, before, r->text[0] ? ": " : "", r->text);
	else
		vigil_event(w->daemon, "%s at the first check, under %s%s%s", now, r->manager,
			r->text[0] ? ": " : "", r->text);
	if (evidence[0] != '\0')
		vigil_event(w->daemon, "evidence: %s", evidence);
	record_text(w, PLACE "evidence", vigil_clean(clean, sizeof(clean), evidence));
	w->seen.fell = w->seen.any && vigil_service_is_down(r->status) &&
		       !vigil_service_is_down(w->seen.status);
	w->seen.since = vigil_now();
	w->seen.status = r->status;
	w->seen.any = true;
}

/* When its manager brought it back is known only to have been between two checks. */
static void remember_respawns(struct watch *w, json_int_t more)
{
	double now = vigil_now(), before = w->seen.when > 0 ? w->seen.when : now;
	int n = more < RECENT_MAX ? (int)more : RECENT_MAX;

	for (int i = 1; i <= n; i++)
		recent_add(&w->recent, &w->recent.respawns, before + i * (now - before) / n);
	recent_save(&w->recent);
}

/* Brought back by its manager before the check: the manager says so, or it runs under another pid
 * and vigild has not restarted it. */
static void record_respawn(struct watch *w, const vigil_service_reply *r)
{
	struct seen *seen = &w->seen;
	bool runs = r->status == VIGIL_SERVICE_RUNNING && r->pid > 0;
	bool other_pid = runs && seen->ran > 0 && r->pid != seen->ran;
	json_int_t more = other_pid;
	pid_t before = seen->ran;

	if (r->respawns > 0)
		more = seen->any && r->respawns > seen->by_manager ? r->respawns - seen->by_manager
								   : 0;
	seen->by_manager = r->respawns;
	/* Seen down, it is brought back by vigild or by an admin. */
	seen->ran = runs ? r->pid : vigil_service_is_down(r->status) ? 0 : seen->ran;
	if (more == 0)
		return;
	w->totals.respawns += more;
	put(w, PLACE "respawns", json_integer(w->totals.respawns));
	remember_respawns(w, more);
	vigil_event(
		w->daemon, "its manager brought it back: pid %d, was %d", (int)r->pid, (int)before);
	vigil_log(w->daemon, VIGIL_NOTICE, "%s was brought back by %s: pid %d, was %d", r->name,
		r->manager, (int)r->pid, (int)before);
}

static bool is_written(const struct seen *seen, const vigil_service_reply *r)
{
	return seen->any && seen->status == r->status && seen->pid == r->pid &&
	       (r->pid == 0 || seen->ran == r->pid) && seen->by_manager == r->respawns &&
	       strcmp(seen->manager, r->manager) == 0;
}

void record_reply(struct watch *w, const vigil_service_reply *r)
{
	struct seen *seen = &w->seen;

	if (is_written(seen, r)) {
		seen->when = vigil_now();
		return;
	}
	if (r->status == VIGIL_SERVICE_ABSENT) {
		record_absent(w, r);
		return;
	}
	seen->absent = false;
	record_respawn(w, r);
	seen->when = vigil_now();
	seen->pid_before = seen->pid;
	seen->pid = r->pid;
	snprintf(seen->manager, sizeof(seen->manager), "%s", r->manager);
	record_text(w, PLACE "value", vigil_service_status_name(r->status));
	put(w, PLACE "service", json_string(r->name));
	record_text(w, PLACE "manager", r->manager);
	if (r->pid > 0)
		put(w, PLACE "pid", json_integer(r->pid));
	else
		vigil_state_unset(w->daemon, PLACE "pid");
	if (!seen->any || seen->status != r->status)
		record_change(w, r);
}
