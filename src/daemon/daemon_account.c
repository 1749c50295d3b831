/*
 * daemon_account: computes the account of a daemon, which is the value at /runs/NAME.
 */
#include "daemon/daemon.h"

#include <stdlib.h>
#include <string.h>

#include "base/calendar.h"
#include "base/memory.h"
#include "daemon/daemon_history.h"
#include "daemon/daemon_internal.h"

static json_t *text_or_null(const char *text)
{
	return text != NULL && text[0] != '\0' ? json_string(text) : json_null();
}

static json_t *time_or_null(struct timespec when)
{
	char text[CLOCK_TEXT];

	return when.tv_sec != 0 ? json_string(clock_text_at(text, when)) : json_null();
}

static const char *const levels[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};

/* Frees text.  long_text: NULL: none. */
static json_t *health_json(
	vigil_health_level level, char *text, const char *long_text, struct timespec since)
{
	char when[CLOCK_TEXT];
	json_t *health = json_pack("{s:s,s:s,s:s,s:s*}", "level", levels[level], "text", text,
		"since", clock_text_at(when, since), "long_text", long_text);

	free(text);
	return health;
}

/* Says until when, by which user and why the daemon is paused, and which health the pause hides. */
static char *paused_text(const struct vigil_daemon *d)
{
	const char *by = d->paused_by, *reason = d->paused_reason;
	const struct daemon_health *health = &d->health;
	char until[CALENDAR_TEXT] = "";

	if (d->paused_until != 0)
		calendar_format(until, d->paused_until);
	return memory_format("%s is paused%s%s%s%s%s%s%s%s%s%s", d->name,
		until[0] != '\0' ? " until " : "", until, by ? " by " : "", by ? by : "",
		reason ? ": " : "", reason ? reason : "", health->said ? "; at present " : "",
		health->said ? levels[health->level] : "", health->said ? ": " : "",
		health->said ? health->text : "");
}

/* A level that is worse than WARNING stays. */
static vigil_health_level busy_level(const struct vigil_daemon *d)
{
	return d->health.said && d->health.level != VIGIL_OK ? d->health.level : VIGIL_WARNING;
}

static json_t *busy_health(const struct vigil_daemon *d)
{
	const struct daemon_health *health = &d->health;
	char *busy = daemon_load_text(d);
	char *text = memory_format(
		"%s%s%s", busy, health->said ? "; " : "", health->said ? health->text : "");

	free(busy);
	return health_json(busy_level(d), text, health->long_text,
		health->said && health->level != VIGIL_OK ? health->since : d->load.since);
}

/* Only this function and daemon_level decide which level and text status, check, the page, metrics,
 * notifications and Icinga show. */
json_t *daemon_health_account(const struct vigil_daemon *d)
{
	if (d->status == DAEMON_FAILED)
		return health_json(VIGIL_CRITICAL,
			memory_format("%s has failed: %s", d->name, daemon_reason(d)), NULL,
			d->since);
	if (d->paused)
		return health_json(VIGIL_OK, paused_text(d), d->health.long_text, d->since);
	if (daemon_is_busy(d))
		return busy_health(d);
	if (!d->health.said)
		return json_null();
	return health_json(
		d->health.level, memory_text(d->health.text), d->health.long_text, d->health.since);
}

bool daemon_health_is_status_line(const struct vigil_daemon *d)
{
	return d->status != DAEMON_FAILED && !d->paused && !daemon_is_busy(d) &&
	       d->health.status_line;
}

const char *daemon_level(const struct vigil_daemon *d)
{
	if (d->status == DAEMON_FAILED)
		return levels[VIGIL_CRITICAL];
	if (d->paused)
		return levels[VIGIL_OK];
	if (daemon_is_busy(d))
		return levels[busy_level(d)];
	return d->health.said ? levels[d->health.level] : NULL;
}

/* The health that the pause hides; NULL: none has been reported. */
static json_t *paused_health(const struct vigil_daemon *d)
{
	if (d->status == DAEMON_FAILED || !d->health.said)
		return NULL;
	return health_json(
		d->health.level, memory_text(d->health.text), d->health.long_text, d->health.since);
}

/* NULL: no timer of the daemon waits for a point in time. */
static json_t *next_tick(const struct vigil_daemon *d)
{
	const struct timespec when = {.tv_sec = daemon_next_tick(d)};

	return when.tv_sec != 0 ? time_or_null(when) : NULL;
}

json_t *daemon_account(struct vigil_daemon *d)
{
	const struct daemon_counts *c = &d->counts;
	char since[CLOCK_TEXT];
	json_t *account;

	if (d->apart != NULL)
		d->apart->refresh(d);
	account = json_pack("{s:s,s:s,s:s,s:I,s:I,s:o,s:{s:f,s:f,s:f},s:I,s:o,s:b,s:o,s:o}",
		"module", d->module, "status", daemon_status_name(daemon_status(d)), "since",
		clock_text_at(since, d->since), "ticks", (json_int_t)c->ticks, "missed",
		(json_int_t)c->missed, "last_tick", time_or_null(c->last_tick), "callback_seconds",
		"last", clock_to_seconds(c->call_last), "max", clock_to_seconds(c->call_max),
		"total", clock_to_seconds(c->call_total), "errors", (json_int_t)c->errors,
		"last_error", text_or_null(c->last_error), "paused", d->paused, "health",
		daemon_health_account(d), "history",
		daemon_history_account(&d->history, d->environment->events, d->name));

	if (account != NULL && d->apart != NULL)
		json_object_set_new(account, "process", d->apart->describe(d));
	if (account != NULL && daemon_next_tick(d) != 0)
		json_object_set_new(account, "next_tick", next_tick(d));
	if (account != NULL && d->status == DAEMON_FAILED)
		json_object_set_new(account, "reason", json_string(daemon_reason(d)));
	if (account != NULL && d->paused) {
		json_object_set_new(account, "paused_until",
			time_or_null((struct timespec){.tv_sec = d->paused_until}));
		json_object_set_new(account, "paused_reason", text_or_null(d->paused_reason));
		json_object_set_new(account, "paused_by", text_or_null(d->paused_by));
		json_object_set_new(account, "paused_health", paused_health(d));
	}
	return account;
}

json_t *daemon_account_part(const struct vigil_daemon *d, const char *rest)
{
	if (strcmp(rest, "/status") == 0)
		return json_string(daemon_status_name(daemon_status(d)));
	if (strcmp(rest, "/paused") == 0)
		return json_boolean(d->paused);
	if (strcmp(rest, "/next_tick") == 0)
		return next_tick(d);
	return strcmp(rest, "/health") == 0 ? daemon_health_account(d) : NULL;
}
