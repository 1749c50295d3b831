/*
 * unit_monitor: see unit_monitor.h.  unit_monitor_signals.c handles the signals.  A signal triggers
 * a query, and the new status comes from the query, with one exception: signals that prove a crash
 * (unit_proof.c) take the place of the query, and the restart that follows goes out at once on this
 * connection (unit_restart.c).
 *
 * While the connection is up, a unit without a signal is unchanged.  When the connection comes up,
 * signals may have been lost.  So all units are queried (the survey), and those that differ are
 * reported.
 *
 * A query of a simple unit is answered from its row and a few properties.  For any other unit the
 * result of a worker's query is valid until the unit, or another that matters to it, changes.
 *
 * A callback may close any subscription, so none is used after a call of the user's callback.
 */
#include "service/systemd/unit_monitor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <systemd/sd-daemon.h>

#include "base/clock.h"
#include "base/memory.h"
#include "loop/loop.h"
#include "service/systemd/connection.h"
#include "service/systemd/unit_monitor_internal.h"
#include "service/systemd/unit_restart.h"

/* The timeout of the queries of a survey. */
#define SURVEY_TIMEOUT (10 * CLOCK_SECOND)

/* systemd signals an exit at about the time at which vigild sees it itself.  A query waits that
 * long for the signal, which may make it unnecessary. */
#define SIGNAL_WAIT (20 * CLOCK_MS)

/* --- results of a query ----------------------------------------------------------------------- */

static void end(
	struct unit_subscription *s, enum unit_answer answer, const struct manager_reply *reply)
{
	bool asked = s->asked;

	s->asked = false;
	if (s->moved)
		unit_monitor_report(s);
	s->moved = false;
	if (answer == UNIT_ASK_WORKER)
		s->changed = false;
	if (asked)
		s->user.on_answer(answer, reply, s->user.arg);
}

static bool is_as_known(const struct unit_subscription *s, const struct unit_row *row)
{
	const struct cached_unit *unit = &s->unit;

	if (unit->outside && s->alive && unit->valid)
		return cached_unit_has_row(unit, row);
	/* A living process has not been restarted, so the rest of the cached status is still true.
	 * pid_valid ensures that it is still the process of the unit, which may have switched to
	 * another one while the connection was down. */
	if (s->alive && unit->pid_valid && unit->status == VIGIL_SERVICE_RUNNING &&
		!unit_row_is_exited(row))
		return unit_status(row->active) == unit->status &&
		       strcmp(row->load, "loaded") == 0 &&
		       !cached_unit_differs(unit, row->active, row->sub, -1);
	return unit->valid && !unit->outside && cached_unit_has_row(unit, row);
}

/* Whether the row and the properties describe a unit in that state completely. */
static bool is_described_by_state(const struct unit_subscription *s, const struct unit_row *row)
{
	if (unit_death_has_more(&s->death, row))
		return false;
	switch (unit_status(row->active)) {
	case VIGIL_SERVICE_RUNNING: return !s->user.has_pidfile && !unit_row_is_exited(row);
	case VIGIL_SERVICE_FAILED:
		if (s->stopping)
			return false;
		/* fall through */
	case VIGIL_SERVICE_STOPPED: return s->unit.simple && strcmp(row->load, "masked") != 0;
	case VIGIL_SERVICE_STARTING:
	case VIGIL_SERVICE_STOPPING:
	case VIGIL_SERVICE_RELOADING: return true;
	default: return false;
	}
}

/* Handles a row that no user asked for: only reports the unit if its status differs. */
static void survey(struct unit_subscription *s, const struct unit_row *row)
{
	s->moved |=
		unit_row_is_absent(row) || cached_unit_differs(&s->unit, row->active, row->sub, -1);
	if (!s->moved)
		cached_unit_take_row(&s->unit, row);
	end(s, UNIT_UNCHANGED, NULL);
}

static bool on_row(const struct unit_row *row, void *arg)
{
	struct unit_subscription *s = arg;

	if (vigil_service_is_down(unit_status(row->active)) &&
		!cached_unit_is_named(&s->unit, row->name)) {
		end(s, UNIT_ASK_WORKER, NULL); /* an alias or another unit: a worker finds out */
		return false;
	}
	unit_monitor_note_stopping(s, row->active);
	unit_monitor_drop_report(s);
	s->reported = false;
	unit_cache_move(&s->monitor->cache, &s->unit, row->path);
	if (!s->asked) {
		survey(s, row);
		return false;
	}
	s->moved = false;
	if (is_as_known(s, row)) {
		cached_unit_take_row(&s->unit, row);
		s->unit.valid = true;
		end(s, UNIT_UNCHANGED, NULL);
		return false;
	}
	s->unit.valid = false;
	if (unit_row_is_absent(row) || !is_described_by_state(s, row)) {
		/* another manager may know it, or a worker must read more */
		end(s, UNIT_ASK_WORKER, NULL);
		return false;
	}
	cached_unit_take_row(&s->unit, row);
	return true;
}

/* Evaluates the cached row and the properties, which are complete. */
static void conclude(struct unit_subscription *s, const struct unit_properties *properties)
{
	struct manager_reply reply = {.manager = &manager_systemd};
	const struct unit_row row = cached_unit_row(&s->unit);

	s->unit.properties = *properties;
	s->unit.valid = s->unit.pid_valid = !s->moved;
	unit_evaluate(&row, properties, &reply);
	reply.simple = s->unit.simple;
	s->unit.status = reply.status;
	s->unit.outside = false;
	unit_cache_relate(&s->monitor->cache, &s->unit, "");
	end(s, UNIT_ANSWERED, &reply);
}

static void on_properties(const struct unit_properties *properties, void *arg)
{
	struct unit_subscription *s = arg;
	bool unwatched =
		unit_status(s->unit.active) == VIGIL_SERVICE_RUNNING && properties->pid == 0;

	if (unwatched || properties->others)
		end(s, UNIT_ASK_WORKER, NULL); /* a worker must read more */
	else
		conclude(s, properties);
}

static void on_fault(int r, const sd_bus_error *error, void *arg)
{
	struct manager_reply reply = {.manager = &manager_systemd, .status = VIGIL_SERVICE_UNKNOWN};
	struct unit_subscription *s = arg;

	if (r == 0) {
		end(s, UNIT_ASK_WORKER, NULL);
		return;
	}
	unit_fault(&reply, r, error);
	s->unit.valid = false;
	end(s, UNIT_ANSWERED, &reply);
}

static const struct unit_query_user query_user = {
	.on_row = on_row, .on_properties = on_properties, .on_fault = on_fault};

static void start(struct unit_subscription *s, bool asked, uint64_t timeout)
{
	s->asked = asked;
	s->moved = s->ended = false;
	s->proof.stage = PROOF_NONE;
	/* If the process has ended, the query is urgent.  It is not too early, because systemd
	 * learns of the exit before vigild does. */
	unit_query_start(&s->query, !s->alive, timeout);
}

/* --- a crash that signals prove --------------------------------------------------------------- */

bool unit_monitor_is_crashed(const struct unit_subscription *s)
{
	return unit_proof_holds(&s->proof, (uint64_t)(clock_seconds(CLOCK_MONOTONIC) * 1e6));
}

/* Copies states into the cached row.  A unit that is loaded stays so without a reload. */
static void take_states(struct unit_subscription *s, const char *active, const char *sub)
{
	const struct unit_row row = {.load = "loaded", .active = active, .sub = sub, .job = ""};

	cached_unit_take_row(&s->unit, &row);
	unit_monitor_drop_report(s);
	s->reported = s->moved = false;
}

static void answer_crash(struct unit_subscription *s)
{
	const struct unit_exec *exec = &s->death.exec;
	struct unit_properties properties = {
		.respawns = s->unit.properties.respawns, .exit = exec->status};

	snprintf(properties.result, sizeof(properties.result), "%s", exec->result);
	take_states(s, "failed", "failed");
	conclude(s, &properties);
}

static void on_wait(uint64_t missed, void *arg)
{
	struct unit_subscription *s = arg;

	loop_timer_free(s->wait);
	s->wait = NULL;
	if (!systemd_connection_is_up(s->monitor->connection))
		end(s, UNIT_ASK_WORKER, NULL);
	else if (unit_monitor_is_crashed(s))
		answer_crash(s);
	else
		start(s, true, s->timeout);
}

void unit_monitor_wake(struct unit_subscription *s)
{
	if (s->wait == NULL) {
		unit_query_cancel(&s->query);
		s->wait = loop_after(s->monitor->loop, 0, on_wait, s);
	} else if (s->proof.stage != PROOF_ENDED) {
		loop_timer_rearm(s->wait, 0);
	}
}

/* Whether the answer may come from signals: a crash is proven, or systemd is about to signal the
 * exit that vigild has seen. */
static bool awaits_signal(const struct unit_subscription *s)
{
	return unit_monitor_is_crashed(s) || s->proof.stage == PROOF_ENDED ||
	       (s->ended && unit_proof_is_possible(&s->unit));
}

/* The restart of a crashed unit has ended: it runs, or a worker must go on. */
static void on_restarted(enum unit_restart_end how, void *arg)
{
	struct unit_subscription *s = arg;
	struct manager_reply reply = {.manager = &manager_systemd};
	const struct unit_restarted unit = *unit_restart_unit(s->restart);

	reply.accepted = *unit_restart_job(s->restart);
	unit_restart_free(s->restart);
	s->restart = NULL;
	s->asked = true;
	if (how == RESTART_RUNNING) {
		take_states(s, unit.active, unit.sub);
		conclude(s, &(struct unit_properties){.pid = unit.pid,
				    .respawns = unit.respawns,
				    .entered = unit.entered});
	} else {
		end(s, how == RESTART_REJECTED ? UNIT_ASK_WORKER : UNIT_FOLLOW_JOB, &reply);
	}
}

/* --- up and down ------------------------------------------------------------------------------ */

static void on_up(void *arg)
{
	struct unit_monitor *monitor = arg;
	struct cached_unit *unit;

	TAILQ_FOREACH(unit, &monitor->cache.all, link) {
		struct unit_subscription *s = (struct unit_subscription *)unit;

		if (unit_query_is_idle(&s->query) && s->wait == NULL)
			start(s, false, SURVEY_TIMEOUT);
	}
}

static void on_down(void *arg)
{
	struct unit_monitor *monitor = arg;
	struct cached_unit *unit;

	TAILQ_FOREACH(unit, &monitor->cache.all, link) {
		struct unit_subscription *s = (struct unit_subscription *)unit;

		unit->valid = unit->pid_valid = s->ended = false;
		unit_death_clear(&s->death);
		unit->simple = false; /* the unit file may change while it is down */
		s->proof.stage = PROOF_NONE;
		if (s->wait != NULL)
			unit_monitor_wake(s);
		if (s->restart != NULL)
			unit_restart_lost(s->restart);
	}
	unit_queries_abandon(monitor->queries);
}

struct unit_monitor *unit_monitor_new(struct loop *loop)
{
	struct unit_monitor *monitor = memory_zero(sizeof(*monitor));
	const struct systemd_connection_user user = {.on_up = on_up,
		.on_down = on_down,
		.on_change = unit_monitor_on_change,
		.on_job = unit_monitor_on_job,
		.arg = monitor};

	monitor->loop = loop;
	TAILQ_INIT(&monitor->reports);
	unit_cache_init(&monitor->cache);
	monitor->connection = systemd_connection_new(loop, &user);
	monitor->queries = unit_queries_new(loop, monitor->connection);
	monitor->report_timer = loop_once(loop, unit_monitor_on_reports, monitor);
	return monitor;
}

void unit_monitor_free(struct unit_monitor *monitor)
{
	if (monitor == NULL)
		return;
	unit_queries_free(monitor->queries);
	systemd_connection_free(monitor->connection);
	loop_timer_free(monitor->report_timer);
	unit_cache_clear(&monitor->cache);
	free(monitor);
}

void unit_monitor_counts(const struct unit_monitor *monitor, struct unit_monitor_counts *counts)
{
	const struct unit_query_counts *queries = unit_queries_counts(monitor->queries);

	*counts = (struct unit_monitor_counts){.queries = queries->queries,
		.messages = queries->messages,
		.properties = queries->properties,
		.signals = monitor->signals};
}

void unit_monitor_watch_set(struct unit_monitor *monitor, const struct unit_set_user *user)
{
	if (sd_booted() > 0)
		systemd_connection_watch_set(monitor->connection, user);
}

/* --- subscriptions ---------------------------------------------------------------------------- */

struct unit_subscription *unit_monitor_subscribe(
	struct unit_monitor *monitor, const char *service, const struct unit_user *user)
{
	struct unit_subscription *s;
	char name[MANAGER_UNIT];

	LOOP_ASSERT_OWNER();
	if (!unit_name(service, name))
		return NULL;
	s = memory_zero(sizeof(*s));
	if (unit_cache_add(&monitor->cache, &s->unit, name) != 0) {
		free(s);
		return NULL;
	}
	s->monitor = monitor;
	s->user = *user;
	s->changed = true; /* the unit was not monitored before */
	s->query.queries = monitor->queries;
	s->query.user = &query_user;
	s->query.arg = s;
	s->query.name = s->unit.name;
	if (monitor->cache.count == 1)
		systemd_connection_want(monitor->connection, true);
	return s;
}

void unit_monitor_unsubscribe(struct unit_subscription *s)
{
	struct unit_monitor *monitor;

	LOOP_ASSERT_OWNER();
	if (s == NULL)
		return;
	monitor = s->monitor;
	unit_query_cancel(&s->query);
	loop_timer_free(s->wait);
	unit_restart_free(s->restart);
	unit_monitor_drop_report(s);
	unit_cache_remove(&monitor->cache, &s->unit);
	unit_death_clear(&s->death);
	if (monitor->cache.count == 0)
		systemd_connection_want(monitor->connection, false);
	free(s);
}

void unit_monitor_expect(struct unit_subscription *s)
{
	s->changed = false;
}

void unit_monitor_learn(struct unit_subscription *s, const struct manager_reply *reply)
{
	bool current = !s->changed && systemd_connection_is_up(s->monitor->connection);

	if (reply->active[0] == '\0')
		return; /* the reply does not contain an answer of systemd */
	cached_unit_take_reply(&s->unit, reply);
	unit_cache_relate(&s->monitor->cache, &s->unit, reply->related);
	s->unit.valid = s->unit.pid_valid = current;
	s->reported = false;
}

void unit_monitor_invalidate(struct unit_subscription *s)
{
	s->unit.valid = false;
}

bool unit_monitor_is_valid(const struct unit_subscription *s)
{
	return s->unit.valid && !s->unit.outside &&
	       systemd_connection_is_up(s->monitor->connection);
}

const struct death *unit_monitor_death(const struct unit_subscription *s)
{
	return unit_death_last(s != NULL ? &s->death : NULL);
}

bool unit_monitor_is_simple(const struct unit_subscription *s)
{
	return s->unit.simple;
}

int unit_monitor_query(struct unit_subscription *s, bool alive, uint64_t timeout)
{
	if (!systemd_connection_is_up(s->monitor->connection))
		return -EAGAIN;
	s->alive = alive && !s->reported;
	if (s->asked)
		return 0;             /* the user's earlier query is in flight and is sufficient */
	unit_query_cancel(&s->query); /* a query of a survey may wait longer than the user's */
	if (!awaits_signal(s)) {
		start(s, true, timeout);
		return 0;
	}
	s->asked = true;
	s->timeout = timeout;
	s->wait = loop_after(
		s->monitor->loop, unit_monitor_is_crashed(s) ? 0 : SIGNAL_WAIT, on_wait, s);
	return 0;
}

void unit_monitor_note_exit(struct unit_subscription *s)
{
	s->ended = true;
}

int unit_monitor_restart(struct unit_subscription *s, uint64_t timeout)
{
	struct unit_monitor *monitor = s->monitor;

	if (!unit_monitor_is_crashed(s) || s->asked || !unit_query_is_idle(&s->query) ||
		!systemd_connection_is_up(monitor->connection))
		return -EAGAIN;
	s->restart = unit_restart_new(monitor->loop, monitor->connection, s->unit.name,
		s->proof.began, timeout, on_restarted, s);
	s->proof.stage = PROOF_NONE;
	return s->restart != NULL ? 0 : -EAGAIN;
}
