/*
 * unit_query: asks systemd how units are, many at once, and waits for none of the answers.
 *
 * A query is one state machine: it waits for its turn, its row of a ListUnitsByNames is awaited,
 * and where the row does not tell enough, the properties that unit_info.h lists.  All of it belongs
 * to the loop thread.
 */
#ifndef UNIT_QUERY_H
#define UNIT_QUERY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "service/systemd/unit_info.h"

struct batch;
struct loop;
struct systemd_connection;
struct unit_queries;
struct unit_query;

/* Each is called when the query has ended, so that it may start it again or free its owner; never
 * inside a call of this header. */
struct unit_query_user {
	/* The unit's row.  May read the properties next, with unit_query_properties. */
	void (*on_row)(const struct unit_row *row, void *arg);
	void (*on_properties)(const struct unit_properties *properties, void *arg);
	/* r, a negative errno, and systemd's error: it failed, or came too late.  0: nobody answered,
	 * and systemd may be asked in another way. */
	void (*on_fault)(int r, const sd_bus_error *error, void *arg);
};

enum unit_query_stage {
	QUERY_IDLE,
	QUERY_QUEUED,  /* goes with the next message */
	QUERY_LISTED,  /* its row is awaited */
	QUERY_WAITING, /* its row is there; others' properties are being read */
	QUERY_READING, /* its properties are awaited */
	QUERY_FAILED   /* about to be reported */
};

/* A Get under way. */
struct property_call {
	struct unit_query *query;
	enum unit_property property;
	sd_bus_slot *slot;
};

TAILQ_HEAD(unit_query_list, unit_query);

/* Zeroed, but for the first four, which its owner sets and keeps.  The rest is unit_query.c's. */
struct unit_query {
	struct unit_queries *queries;
	const struct unit_query_user *user;
	void *arg;
	const char *name; /* of the unit */

	enum unit_query_stage stage;
	uint64_t began, timeout;
	struct unit_query_list *list; /* that it waits in; NULL: none */
	TAILQ_ENTRY(unit_query) link;
	struct batch *batch; /* that awaits its row */
	unsigned place;      /* in the batch */
	char *path, active[16], sub[32];
	struct property_call calls[UNIT_PROPERTIES];
	unsigned awaited; /* of the calls */
	struct unit_properties properties;
	int r; /* of the first call that failed */
	sd_bus_error error;
};

struct unit_query_counts {
	uint64_t queries;    /* units asked about */
	uint64_t messages;   /* and in how many calls */
	uint64_t properties; /* properties read */
};

/* NULL: no memory for its timers. */
struct unit_queries *unit_queries_new(struct loop *loop, struct systemd_connection *connection);
void unit_queries_free(struct unit_queries *queries);
const struct unit_query_counts *unit_queries_counts(const struct unit_queries *queries);
/* The connection is down: every query under way ends with on_fault(0). */
void unit_queries_abandon(struct unit_queries *queries);

/* Asks for the unit's row, together with whoever else asks within a moment.  urgent: does not wait
 * for others.  timeout: nanoseconds for all of the query.  The query must be idle. */
void unit_query_start(struct unit_query *query, bool urgent, uint64_t timeout);
/* From on_row: reads the properties of the unit, within the same timeout. */
void unit_query_properties(struct unit_query *query, const struct unit_row *row);
/* None of its callbacks runs any more.  An idle query may be cancelled, too. */
void unit_query_cancel(struct unit_query *query);
bool unit_query_is_idle(const struct unit_query *query);
/* Whether the row is still to come, so that it is newer than everything heard by now. */
bool unit_query_awaits_row(const struct unit_query *query);

#endif
