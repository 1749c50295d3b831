/*
 * unit_monitor_internal: the structs that unit_monitor.c and unit_monitor_signals.c share.
 */
#ifndef UNIT_MONITOR_INTERNAL_H
#define UNIT_MONITOR_INTERNAL_H

#include "service/systemd/unit_cache.h"
#include "service/systemd/unit_death.h"
#include "service/systemd/unit_monitor.h"
#include "service/systemd/unit_proof.h"
#include "service/systemd/unit_query.h"

struct loop_timer;
struct unit_restart;

struct unit_subscription {
	struct cached_unit unit; /* must be first: the entries of the cache point to it */
	struct unit_monitor *monitor;
	struct unit_user user;
	struct unit_query query;
	struct unit_death death;
	struct unit_proof proof;
	struct loop_timer *wait;      /* the query has not been sent yet; NULL: it need not wait */
	struct unit_restart *restart; /* NULL: none is in flight on this connection */
	bool asked;    /* the user started the query; false: the query belongs to a survey */
	bool alive;    /* the process lived when the user started the query */
	bool ended;    /* vigild saw the process end, and systemd has not signalled that yet */
	bool moved;    /* the unit changed during the query, after its row was sent */
	bool changed;  /* the unit changed since unit_monitor_expect */
	bool reported; /* on_stale was called, or is due, and no query has been made since */
	bool due;      /* it is in the list of reports */
	bool stopping; /* it was being stopped when it was last seen in a state that is not down */
	uint64_t reported_at, timeout;
	TAILQ_ENTRY(unit_subscription) report_link;
};

struct unit_monitor {
	struct loop *loop;
	struct systemd_connection *connection;
	struct unit_queries *queries;
	struct unit_cache cache;
	TAILQ_HEAD(, unit_subscription) reports;
	struct loop_timer *report_timer;
	uint64_t signals;
};

/* Invalidates the cached status and tells the user, at once or when REPORT_GAP is over. */
void unit_monitor_report(struct unit_subscription *s);
/* Cancels a report that is due. */
void unit_monitor_drop_report(struct unit_subscription *s);
/* The timer of the reports that are due. */
void unit_monitor_on_reports(uint64_t missed, void *monitor);
/* Records whether the unit is being stopped.  If such a unit then fails, it may have been stopped
 * on purpose, and a worker finds that out from its timestamps. */
void unit_monitor_note_stopping(struct unit_subscription *s, const char *active);
/* The signals of the connection; see connection.h. */
void unit_monitor_on_change(const char *path, sd_bus_message *message, void *monitor);
void unit_monitor_on_job(const char *path, const char *job, const char *result, void *monitor);
/* Whether the signals prove a crash of the unit, just now. */
bool unit_monitor_is_crashed(const struct unit_subscription *s);
/* Ends the wait of the query, or cancels a query that signals have made unnecessary. */
void unit_monitor_wake(struct unit_subscription *s);

#endif
