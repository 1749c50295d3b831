/*
 * deaths: see deaths.h. This file finds the deaths; deaths_record.c keeps the records.
 *
 * A manager that reports no deaths leaves vigild with what its checks find: the service is down, or
 * it runs as another run.
 */
#include "deaths.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "death.h"
#include "deaths_internal.h"
#include "modules/policy/reply.h"

/* --- deaths that the manager reports ---------------------------------------------------------- */

static bool is_idle(const vigil_service_reply *r)
{
	return r->done || reply_is_idle(r);
}

static bool is_down(const vigil_service_reply *r)
{
	return vigil_service_is_down(r->status) && !is_idle(r);
}

/* Returns whether the run ended as its end was requested or as the service is meant to end. */
static bool is_meant(
	struct deaths *deaths, const vigil_service_reply *r, const vigil_service_death *death)
{
	bool clean = death->exit_status == 0 || death->signal == SIGHUP ||
		     death->signal == SIGINT || death->signal == SIGTERM;

	if (death->oom || death->core)
		return false;
	return (deaths->request == DEATHS_BY_ADMIN && clean) ||
	       (is_idle(r) && death->exit_status <= 0 && death->signal == 0);
}

static void keep(char **kept, const char *text)
{
	free(*kept);
	*kept = text != NULL ? strdup(text) : NULL;
}

/* The death, as it is described now, was taken before. */
static bool is_taken(const struct deaths *deaths, const vigil_service_death *death)
{
	return death->id == deaths->id && deaths->words != NULL &&
	       strcmp(deaths->words, death->text) == 0;
}

/* More may become known of the last death, such as why the program could not be run. */
static void complete(struct deaths *deaths, const vigil_service_death *death)
{
	json_t *last = deaths_newest(deaths), *record;

	if (is_taken(deaths, death))
		return;
	keep(&deaths->words, death->text);
	/* The reason may have more words before it. */
	if (death_id(last) != deaths->id || json_object_get(last, "more") != NULL ||
		strstr(death_member(last, "reason"), death->text) != NULL)
		return;
	record = death_record(death);
	json_object_del(record, "time");
	json_object_update(last, record);
	json_decref(record);
	deaths_save(deaths);
}

static void take_reported(struct deaths *deaths, const vigil_service_reply *r)
{
	const vigil_service_death *death = r->death;
	bool first = !deaths->known, meant = is_meant(deaths, r, death);
	char reason[300];
	json_t *record;

	deaths->reported = true;
	if (deaths->id == death->id) {
		complete(deaths, death);
		return;
	}
	keep(&deaths->unit, r->unit);
	/* Before the first check of a service, only a death since the last record is new. */
	first = first && deaths->id == 0 && !is_down(r);
	deaths->id = death->id;
	keep(&deaths->words, death->text);
	if (first || meant) {
		deaths->request = meant ? DEATHS_BY_NOBODY : deaths->request;
		return;
	}
	record = death_record(death);
	if (deaths->request != DEATHS_BY_NOBODY) {
		snprintf(reason, sizeof(reason), "during a restart or stop by %s: %s",
			deaths->request == DEATHS_BY_ADMIN ? "an admin" : "vigil",
			death_member(record, "reason"));
		json_object_set_new(record, "reason", json_string(reason));
		deaths->request = DEATHS_BY_NOBODY;
	}
	deaths_add(deaths, record, death_began(death->ended, death->ran), "");
}

/* --- deaths that checks find ------------------------------------------------------------------ */

static bool is_counted_by_manager(const vigil_service_reply *r)
{
	return r->counts || r->respawns > 0;
}

/* Returns whether the service runs, and is another run than at the check before. */
static bool is_another_run(const struct deaths *deaths, const vigil_service_reply *r)
{
	if (is_counted_by_manager(r))
		return deaths->known && r->respawns > deaths->respawns;
	if (!deaths->ran || r->status != VIGIL_SERVICE_RUNNING)
		return false;
	if (r->run != 0 && deaths->run != 0)
		return r->run != deaths->run;
	return r->pid > 0 && deaths->pid > 0 && r->pid != deaths->pid;
}

/* Returns whether the manager is about to start the service again. */
static bool is_between_runs(const struct deaths *deaths, const vigil_service_reply *r)
{
	return deaths->ran && r->status == VIGIL_SERVICE_STARTING && r->pid == 0 &&
	       !is_counted_by_manager(r);
}

static void add_found(struct deaths *deaths, const char *reason, double ran, const char *output)
{
	deaths_add(deaths, death_unreported(reason, ran), death_began(0, ran), output);
}

static void take_found(struct deaths *deaths, const vigil_service_reply *r)
{
	bool failed = r->error != 0 && r->fault == VIGIL_FAULT_FAILED && is_down(r);
	char reason[300];
	double ran = deaths->ran && !failed ? vigil_now() - deaths->since : -1;

	if (deaths->request != DEATHS_BY_NOBODY && !failed)
		return;
	if (failed || (deaths->ran && is_down(r))) {
		snprintf(reason, sizeof(reason), "it %s%s%s%.*s",
			failed ? "could not be started" : "was found ",
			failed ? "" : vigil_service_status_name(r->status),
			r->text[0] != '\0' ? ": " : "", (int)strcspn(r->text, "\n"), r->text);
		add_found(deaths, reason, ran, strchr(r->text, '\n') ? r->text : "");
	} else if (is_between_runs(deaths, r)) {
		add_found(deaths, "it ended, and its manager is restarting it", ran, "");
		deaths->ran = false;
	} else if (is_another_run(deaths, r)) {
		add_found(deaths, "it ended, and its manager brought it back", ran, "");
	}
}

/* --- a reply ---------------------------------------------------------------------------------- */

static void remember_run(struct deaths *deaths, const vigil_service_reply *r)
{
	deaths->respawns = r->respawns;
	if (r->status == VIGIL_SERVICE_RUNNING) {
		if (!deaths->ran || is_another_run(deaths, r))
			deaths->since = vigil_now();
		deaths->ran = true;
		deaths->pid = r->pid;
		deaths->run = r->run;
	} else if (vigil_service_is_down(r->status) || r->status == VIGIL_SERVICE_ABSENT) {
		deaths->ran = false;
	}
}

/* The reply is of the same run as the last one, so that nothing died, as at almost all checks. */
static bool is_same_run(const struct deaths *deaths, const vigil_service_reply *r)
{
	return r->status == VIGIL_SERVICE_RUNNING && r->error == 0 && deaths->ran &&
	       deaths->known && !deaths->down && r->pid == deaths->pid && r->run == deaths->run &&
	       r->respawns == deaths->respawns && deaths->request == DEATHS_BY_NOBODY &&
	       (r->death == NULL || is_taken(deaths, r->death));
}

void deaths_observe(struct deaths *deaths, const vigil_service_reply *r, bool calling)
{
	bool down;

	if (is_same_run(deaths, r))
		return;
	if (r->status == VIGIL_SERVICE_UNKNOWN || r->fault == VIGIL_FAULT_REFUSED)
		return;
	down = r->status != VIGIL_SERVICE_RUNNING && !is_idle(r);
	if (deaths->down != down && deaths->text != NULL)
		deaths->changed_text = true;
	deaths->down = down;
	if (r->death != NULL)
		take_reported(deaths, r);
	else if (!deaths->reported)
		take_found(deaths, r);
	deaths->known = true;
	remember_run(deaths, r);
	if (!calling && (!deaths->ran || r->status == VIGIL_SERVICE_RUNNING))
		deaths->request = DEATHS_BY_NOBODY;
}

void deaths_request(struct deaths *deaths, enum deaths_request by)
{
	if (deaths->ran)
		deaths->request = by;
}

/* --- the text --------------------------------------------------------------------------------- */

static bool is_shown(const struct deaths *deaths)
{
	return deaths->down || (deaths->noted > 0 && vigil_now() - deaths->noted < DEATHS_SHOWN);
}

const char *deaths_text(struct deaths *deaths)
{
	deaths->changed_text = false;
	return is_shown(deaths) ? deaths->text : NULL;
}

bool deaths_have_news(const struct deaths *deaths)
{
	return deaths->changed_text;
}

/* --- start and stop --------------------------------------------------------------------------- */

void deaths_open(struct deaths *deaths, vigil_daemon *d, void (*changed)(void *arg), void *arg)
{
	*deaths = (struct deaths){.d = d,
		.changed = changed,
		.arg = arg,
		.tokens = DEATHS_TOKENS,
		.refilled = vigil_now()};
	deaths_restore(deaths);
}

void deaths_close(struct deaths *deaths)
{
	deaths_end_reading(deaths);
	json_decref(deaths->list);
	free(deaths->text);
	free(deaths->unit);
	free(deaths->words);
}
