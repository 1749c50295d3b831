/*
 * service_record: writes the result of a check to the daemon's subtree of the state and to its
 * history.
 *
 * Most checks find the service unchanged and write nothing.
 */
#include <stdio.h>
#include <string.h>

#include "modules/policy/interned.h"
#include "service.h"

static void put(struct instance *self, const char *path, json_t *value)
{
	vigil_state_set(self->daemon, path, value);
}

void record_text(struct instance *self, const char *path, const char *text)
{
	if (text != NULL && text[0] != '\0')
		put(self, path, interned_new(text));
	else
		vigil_state_unset(self->daemon, path);
}

void record_decision(struct instance *self, const char *words)
{
	if (interned_equals(self->decision, words))
		return;
	interned_drop(&self->decision);
	self->decision = interned_new(words);
	put(self, PLACE "decision", json_incref(self->decision));
}

void record_error(struct instance *self, const vigil_service_reply *r)
{
	char text[256];

	/* The output of scripts may contain any bytes; the state only accepts UTF-8 without control
	 * characters. */
	put(self, PLACE "last_error",
		json_pack("{s:s,s:s,s:o}", "kind", vigil_service_fault_name(r->fault), "text",
			vigil_sanitize(text, sizeof(text), r->text), "time", vigil_time()));
}

void record_totals(struct instance *self)
{
	put(self, PLACE "restarts", json_integer(self->totals.restarts));
	put(self, PLACE "restart_errors", json_integer(self->totals.restart_errors));
	if (!self->attempt.starting) /* otherwise the outcome is not known yet */
		put(self, PLACE "restart_error", json_integer(self->totals.restart_error));
}

/* --- one reply -------------------------------------------------------------------------------- */

/* The service is not installed, which is not a problem. Removes what the checks found from the
 * state and resets the backoff. The counters and the list of restarts stay. */
static void record_absent(struct instance *self, const vigil_service_reply *r)
{
	static const char *const gone[] = {PLACE "value", PLACE "since", PLACE "service",
		PLACE "manager", PLACE "pid", PLACE "decision", PLACE "next_retry",
		PLACE "evidence", PLACE "probe"};

	if (!self->seen.absent) {
		vigil_log(self->daemon, VIGIL_INFO, "%s is not installed; waiting for it to appear",
			instance_subject(self, r->name));
		if (self->seen.any)
			vigil_event(self->daemon, "%s is no longer installed", r->name);
	}
	for (size_t i = 0; i < sizeof(gone) / sizeof(*gone); i++)
		vigil_state_unset(self->daemon, gone[i]);
	self->seen =
		(struct seen){.absent = true, .status = VIGIL_SERVICE_ABSENT, .when = vigil_now()};
	interned_drop(&self->decision);
	self->told = 0;
	if (self->recent.next_try > 0 || self->recent.setbacks > 0) {
		self->recent.next_try = 0;
		self->recent.setbacks = 0;
		recent_save(&self->recent);
	}
}

static const char *or_empty(const char *text)
{
	return text != NULL ? text : "";
}

static void record_change(struct instance *self, const vigil_service_reply *r)
{
	const char *before = vigil_service_status_name(self->seen.status);
	const char *now = vigil_service_status_name(r->status);
	const char *evidence = or_empty(r->evidence);
	char clean[256];

	put(self, PLACE "since", vigil_time());
	if (self->seen.any)
		vigil_event(self->daemon, "%s (was %s)%s%s", now, before, r->text[0] ? ": " : "",
			r->text);
	else
		vigil_event(self->daemon, "%s at the first check, under %s%s%s", now, r->manager,
			r->text[0] ? ": " : "", r->text);
	if (evidence[0] != '\0')
		vigil_event(self->daemon, "evidence: %s", evidence);
	record_text(self, PLACE "evidence", vigil_sanitize(clean, sizeof(clean), evidence));
	self->seen.fell = self->seen.any && vigil_service_is_down(r->status) &&
			  !vigil_service_is_down(self->seen.status);
	self->seen.since = vigil_now();
	self->seen.status = r->status;
	self->seen.any = true;
}

/* Adds the respawns to the history. Their exact times are not known, so they are spread evenly
 * between the previous check and this one. */
static void remember_respawns(struct instance *self, json_int_t more)
{
	double now = vigil_now(), before = self->seen.when > 0 ? self->seen.when : now;
	int n = more < RECENT_MAX ? (int)more : RECENT_MAX;

	for (int i = 1; i <= n; i++)
		recent_add(&self->recent, &self->recent.respawns, before + i * (now - before) / n);
	recent_save(&self->recent);
}

/* Records that the manager restarted the service since the previous check. If the manager counts
 * respawns, its counter is used. Otherwise a respawn is assumed when the service runs under another
 * pid and vigild has not restarted it. */
static void record_respawn(struct instance *self, const vigil_service_reply *r)
{
	struct seen *seen = &self->seen;
	bool runs = r->status == VIGIL_SERVICE_RUNNING && r->pid > 0;
	bool other_pid = runs && seen->ran > 0 && r->pid != seen->ran;
	json_int_t more = other_pid;
	pid_t before = seen->ran;

	if (r->status == VIGIL_SERVICE_UNKNOWN) /* it says nothing about the counter */
		return;
	if (r->counts || r->respawns > 0)
		more = seen->counted && r->respawns > seen->by_manager
			       ? r->respawns - seen->by_manager
			       : 0;
	seen->by_manager = r->respawns;
	seen->counted = true;
	/* A service that was seen down is started again by vigild or an admin, so that is no
	 * respawn. */
	seen->ran = runs ? r->pid : vigil_service_is_down(r->status) ? 0 : seen->ran;
	if (more == 0)
		return;
	self->totals.respawns += more;
	put(self, PLACE "respawns", json_integer(self->totals.respawns));
	remember_respawns(self, more);
	if (!runs) { /* the service ends again before a check finds it running */
		vigil_event(self->daemon, "its manager is restarting it");
		return;
	}
	vigil_event(self->daemon, "its manager brought it back: pid %d, was %d", (int)r->pid,
		(int)before);
	vigil_log(self->daemon, VIGIL_NOTICE, "%s was brought back by %s: pid %d, was %d",
		instance_subject(self, r->name), r->manager, (int)r->pid, (int)before);
}

static bool is_written(const struct seen *seen, const vigil_service_reply *r)
{
	return seen->any && seen->status == r->status && seen->pid == r->pid &&
	       (r->pid == 0 || seen->ran == r->pid) &&
	       (seen->by_manager == r->respawns || r->status == VIGIL_SERVICE_UNKNOWN) &&
	       strcmp(seen->manager, r->manager) == 0;
}

void record_reply(struct instance *self, const vigil_service_reply *r)
{
	struct seen *seen = &self->seen;

	deaths_observe(&self->deaths, r, admin_under_way(self) != NULL);
	if (is_written(seen, r)) {
		seen->when = vigil_now();
		return;
	}
	if (r->status == VIGIL_SERVICE_ABSENT) {
		record_absent(self, r);
		return;
	}
	seen->absent = false;
	record_respawn(self, r);
	seen->when = vigil_now();
	seen->pid_before = seen->pid;
	seen->pid = r->pid;
	snprintf(seen->manager, sizeof(seen->manager), "%s", r->manager);
	record_text(self, PLACE "value", vigil_service_status_name(r->status));
	put(self, PLACE "service", json_string(r->name));
	record_text(self, PLACE "manager", r->manager);
	if (r->pid > 0)
		put(self, PLACE "pid", json_integer(r->pid));
	else
		vigil_state_unset(self->daemon, PLACE "pid");
	if (!seen->any || seen->status != r->status)
		record_change(self, r);
}
