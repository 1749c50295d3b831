/*
 * unit_monitor: see unit_monitor.h.  systemd signals one failure several times: the unit's state,
 * its substate and its process may each come in a separate message.  So a signal counts only if it
 * differs from the cached status, and only once until the next query.  A signal only triggers a
 * query.  The new status always comes from the query, never from the signal.
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
#include "service/systemd/unit_cache.h"
#include "service/systemd/unit_death.h"
#include "service/systemd/unit_message.h"
#include "service/systemd/unit_query.h"

/* The minimum time between two reports about a unit that changes all the time. */
#define REPORT_GAP (50 * CLOCK_MS)
/* The timeout of the queries of a survey. */
#define SURVEY_TIMEOUT (10 * CLOCK_SECOND)

struct unit_subscription {
	struct cached_unit unit; /* must be first: the entries of the cache point to it */
	struct unit_monitor *monitor;
	struct unit_user user;
	struct unit_query query;
	struct unit_death death;
	bool asked;    /* the user started the query; false: the query belongs to a survey */
	bool alive;    /* the process lived when the user started the query */
	bool moved;    /* the unit changed during the query, after its row was sent */
	bool changed;  /* the unit changed since unit_monitor_expect */
	bool reported; /* on_stale was called, or is due, and no query has been made since */
	bool due;      /* it is in the list of reports */
	bool stopping; /* it was being stopped when it was last seen in a state that is not down */
	uint64_t reported_at;
	TAILQ_ENTRY(unit_subscription) report_link;
};

struct unit_monitor {
	struct systemd_connection *connection;
	struct unit_queries *queries;
	struct unit_cache cache;
	TAILQ_HEAD(, unit_subscription) reports;
	struct loop_timer *report_timer;
	uint64_t signals;
};

/* --- reporting that a unit is stale ----------------------------------------------------------- */

static void drop_report(struct unit_subscription *s)
{
	if (s->due)
		TAILQ_REMOVE(&s->monitor->reports, s, report_link);
	s->due = false;
}

static void report(struct unit_subscription *s)
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
static void on_report_timer(uint64_t missed, void *arg)
{
	struct unit_monitor *monitor = arg;
	uint64_t now = clock_now();
	struct unit_subscription *s;

	while ((s = TAILQ_FIRST(&monitor->reports)) != NULL && s->reported_at + REPORT_GAP <= now) {
		drop_report(s);
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
	if (unit_query_is_idle(&s->query))
		report(s);
	else
		s->moved = true;
}

/* Records whether the unit is being stopped.  If such a unit then fails, it may have been stopped
 * on purpose, and a worker finds that out from its timestamps. */
static void note_stopping(struct unit_subscription *s, const char *active)
{
	vigil_service_status status = unit_status(active);

	if (!vigil_service_is_down(status))
		s->stopping = status == VIGIL_SERVICE_STOPPING;
}

static void hear(struct unit_subscription *s, const struct unit_change *change)
{
	if (unit_death_hear(&s->death, change))
		report(s);
	if (change->states.active != NULL)
		note_stopping(s, change->states.active);
	if (change->states.active != NULL || change->states.sub != NULL || change->pid >= 0)
		s->changed = true;
	if (!cached_unit_differs(&s->unit, change->states.active, change->states.sub, change->pid))
		return;
	/* A row that has not arrived yet is newer than this signal.  But a row does not contain the
	 * process, so pid_valid must be false in any case. */
	s->unit.valid = s->unit.pid_valid = s->alive = false;
	if (unit_query_awaits_row(&s->query))
		return;
	if (unit_query_is_idle(&s->query))
		report(s);
	else
		s->moved = true; /* reported at the end of the query */
}

static void on_change(const char *path, sd_bus_message *message, void *arg)
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
static void on_job(const char *path, const char *result, void *arg)
{
	struct unit_monitor *monitor = arg;
	struct unit_path *entry = unit_cache_find(&monitor->cache, path);

	for (; entry != NULL; entry = unit_cache_next(entry)) {
		struct unit_subscription *s = (struct unit_subscription *)entry->unit;

		if (entry->related || !unit_death_hear_job(&s->death, result))
			continue;
		s->changed = true;
		report(s);
	}
}

/* --- results of a query ----------------------------------------------------------------------- */

static void end(
	struct unit_subscription *s, enum unit_answer answer, const struct manager_reply *reply)
{
	bool asked = s->asked;

	s->asked = false;
	if (s->moved)
		report(s);
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
	note_stopping(s, row->active);
	drop_report(s);
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

static void on_properties(const struct unit_properties *properties, void *arg)
{
	struct unit_subscription *s = arg;
	struct manager_reply reply = {.manager = &manager_systemd};
	const struct unit_row row = cached_unit_row(&s->unit);
	bool unwatched = unit_status(row.active) == VIGIL_SERVICE_RUNNING && properties->pid == 0;

	if (unwatched || properties->others) {
		end(s, UNIT_ASK_WORKER, NULL); /* a worker must read more */
		return;
	}
	s->unit.properties = *properties;
	s->unit.valid = s->unit.pid_valid = !s->moved;
	unit_evaluate(&row, properties, &reply);
	reply.simple = s->unit.simple;
	s->unit.status = reply.status;
	s->unit.outside = false;
	unit_cache_relate(&s->monitor->cache, &s->unit, "");
	end(s, UNIT_ANSWERED, &reply);
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

/* --- up and down ------------------------------------------------------------------------------ */

static void start(struct unit_subscription *s, bool asked, uint64_t timeout)
{
	s->asked = asked;
	s->moved = false;
	/* If the process has ended, the query is urgent.  It is not too early, because systemd
	 * learns of the exit before vigild does. */
	unit_query_start(&s->query, !s->alive, timeout);
}

static void on_up(void *arg)
{
	struct unit_monitor *monitor = arg;
	struct cached_unit *unit;

	TAILQ_FOREACH(unit, &monitor->cache.all, link) {
		struct unit_subscription *s = (struct unit_subscription *)unit;

		if (unit_query_is_idle(&s->query))
			start(s, false, SURVEY_TIMEOUT);
	}
}

static void on_down(void *arg)
{
	struct unit_monitor *monitor = arg;
	struct cached_unit *unit;

	TAILQ_FOREACH(unit, &monitor->cache.all, link) {
		unit->valid = unit->pid_valid = false;
		unit_death_clear(&((struct unit_subscription *)unit)->death);
		unit->simple = false; /* the unit file may change while it is down */
	}
	unit_queries_abandon(monitor->queries);
}

struct unit_monitor *unit_monitor_new(struct loop *loop)
{
	struct unit_monitor *monitor = memory_zero(sizeof(*monitor));
	const struct systemd_connection_user user = {.on_up = on_up,
		.on_down = on_down,
		.on_change = on_change,
		.on_job = on_job,
		.arg = monitor};

	TAILQ_INIT(&monitor->reports);
	unit_cache_init(&monitor->cache);
	monitor->connection = systemd_connection_new(loop, &user);
	monitor->queries = unit_queries_new(loop, monitor->connection);
	monitor->report_timer = loop_once(loop, on_report_timer, monitor);
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
	drop_report(s);
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
	start(s, true, timeout);
	return 0;
}
