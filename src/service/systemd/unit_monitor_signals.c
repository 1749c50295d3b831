/*
 * unit_monitor_signals: what the signals of systemd do to the cached status of the units.
 *
 * systemd signals one failure several times: the unit's state, its substate and its process may
 * each come in a separate message.  So a signal counts only if it differs from the cached status,
 * and only once until the next query.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "loop/loop.h"
#include "service/systemd/unit_message.h"
#include "service/systemd/unit_monitor_internal.h"
#include "service/systemd/unit_restart.h"

/* The minimum time between two reports about a unit that changes all the time. */
#define REPORT_GAP (50 * CLOCK_MS)

/* --- reporting that a unit is stale ----------------------------------------------------------- */

void unit_monitor_drop_report(struct unit_subscription *s)
{
	if (s->due)
		TAILQ_REMOVE(&s->monitor->reports, s, report_link);
	s->due = false;
}

void unit_monitor_report(struct unit_subscription *s)
{
	struct unit_monitor *monitor = s->monitor;

	s->unit.valid = false;
	if (s->reported)
		return;
	s->reported = true;
	monitor->signals++;
	if (s->due)
		return;
	s->due = true;
	TAILQ_INSERT_TAIL(&monitor->reports, s, report_link);
	loop_timer_rearm(monitor->report_timer, 0);
}

/* Reports the units whose last report is old enough.  A callback may close any subscription. */
void unit_monitor_on_reports(uint64_t missed, void *arg)
{
	struct unit_monitor *monitor = arg;
	uint64_t now = clock_now();
	struct unit_subscription *s;

	while ((s = TAILQ_FIRST(&monitor->reports)) != NULL && s->reported_at + REPORT_GAP <= now) {
		unit_monitor_drop_report(s);
		s->reported_at = now;
		s->user.on_stale(s->user.arg);
	}
	/* The list is in the order of arrival, so some reports wait a little too long. */
	if (s != NULL)
		loop_timer_rearm(monitor->report_timer, s->reported_at + REPORT_GAP - now);
}

/* --- signals ---------------------------------------------------------------------------------- */

/* Handles a signal about another unit that matters to this one.  systemd also sends signals without
 * a change. */
static void hear_related(
	struct unit_subscription *s, struct unit_path *entry, const struct unit_change *change)
{
	if (change->states.active == NULL || strcmp(change->states.active, entry->active) == 0)
		return;
	snprintf(entry->active, sizeof(entry->active), "%s", change->states.active);
	s->changed = true;
	s->unit.valid = false;
	s->proof.stage = PROOF_NONE;
	if (unit_query_is_idle(&s->query))
		unit_monitor_report(s);
	else
		s->moved = true;
}

void unit_monitor_note_stopping(struct unit_subscription *s, const char *active)
{
	vigil_service_status status = unit_status(active);

	if (!vigil_service_is_down(status))
		s->stopping = status == VIGIL_SERVICE_STOPPING;
}

/* Handles a signal that differs from the cached status. */
static void hear_difference(struct unit_subscription *s)
{
	/* A row that has not arrived yet is newer than this signal.  But a row does not contain the
	 * process, so pid_valid must be false in any case. */
	s->unit.valid = s->unit.pid_valid = s->alive = s->ended = false;
	if (s->wait != NULL)
		unit_monitor_wake(s);
	else if (unit_query_awaits_row(&s->query))
		return;
	else if (unit_query_is_idle(&s->query))
		unit_monitor_report(s);
	else
		s->moved = true; /* reported at the end of the query */
}

static void hear(struct unit_subscription *s, const struct unit_change *change)
{
	if (s->restart != NULL)
		unit_restart_hear(s->restart, change);
	if (change->states.active != NULL)
		unit_monitor_note_stopping(s, change->states.active);
	unit_proof_hear(&s->proof, &s->unit, &s->death.exec, s->stopping, change);
	if (unit_death_hear(&s->death, change) && s->restart == NULL)
		unit_monitor_report(s);
	if (change->states.active != NULL || change->states.sub != NULL || change->pid >= 0)
		s->changed = true;
	if (s->restart == NULL && cached_unit_differs(&s->unit, change->states.active,
					  change->states.sub, change->pid))
		hear_difference(s);
	/* The query that was sent because of the exit has become unnecessary. */
	if (s->asked && unit_monitor_is_crashed(s))
		unit_monitor_wake(s);
}

void unit_monitor_on_change(const char *path, sd_bus_message *message, void *arg)
{
	struct unit_monitor *monitor = arg;
	struct unit_path *entry = unit_cache_find(&monitor->cache, path);
	struct unit_change change;

	if (entry == NULL || unit_change_read(message, &change) < 0)
		return;
	for (; entry != NULL; entry = unit_cache_next(entry)) {
		struct unit_subscription *s = (struct unit_subscription *)entry->unit;

		if (entry->related)
			hear_related(s, entry, &change);
		else
			hear(s, &change);
	}
}

/* A start that was skipped because of a dependency does not change the unit. */
static void hear_job(struct unit_subscription *s, const char *result)
{
	if (!unit_death_hear_job(&s->death, result))
		return;
	s->changed = true;
	if (s->restart == NULL)
		unit_monitor_report(s);
}

void unit_monitor_on_job(const char *path, const char *job, const char *result, void *arg)
{
	struct unit_monitor *monitor = arg;
	struct unit_path *entry = unit_cache_find(&monitor->cache, path), *next;

	for (; entry != NULL; entry = next) {
		struct unit_subscription *s = (struct unit_subscription *)entry->unit;

		next = unit_cache_next(entry);
		if (entry->related)
			continue;
		hear_job(s, result);
		if (s->restart != NULL)
			unit_restart_hear_job(s->restart, job, result);
	}
}
