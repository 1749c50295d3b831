/*
 * unit_query: queries the states of many units at once without blocking.
 *
 * Each query is a state machine.  It waits in a queue, then for its row in the answer to
 * ListUnitsByNames, and if the user needs more, for the properties that unit_info.h lists.  Only
 * the loop thread may use it.
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

/* The callbacks.  Each is called after the query has become idle, so that it may start the query
 * again or free its owner.  No function of this header calls them, except unit_queries_abandon. */
struct unit_query_user {
	/* The row of the unit has arrived.  Returns whether the properties must be read, too,
	 * within the same timeout; then it has not started the query again. */
	bool (*on_row)(const struct unit_row *row, void *arg);
	void (*on_properties)(const struct unit_properties *properties, void *arg);
	/* The query has failed.  r: a negative errno, with the error of systemd; 0: there was no
	 * answer, and the caller may query systemd in another way (error may be NULL). */
	void (*on_fault)(int r, const sd_bus_error *error, void *arg);
};

enum unit_query_stage {
	QUERY_IDLE,
	QUERY_QUEUED,  /* waits for the next message */
	QUERY_LISTED,  /* waits for its row */
	QUERY_WAITING, /* has its row; waits because the properties of others are being read */
	QUERY_READING, /* waits for its properties */
	QUERY_FAILED   /* its failure is about to be reported */
};

/* An in-flight Get. */
struct property_call {
	struct unit_query *query;
	enum unit_property property;
	sd_bus_slot *slot;
};

TAILQ_HEAD(unit_query_list, unit_query);

/* The owner zeroes it and sets the first four members, which must stay valid.  The rest is private
 * to unit_query.c. */
struct unit_query {
	struct unit_queries *queries;
	const struct unit_query_user *user;
	void *arg;
	const char *name; /* name of the unit */

	enum unit_query_stage stage;
	uint64_t began, timeout;      /* ns, by clock_now; ns */
	struct unit_query_list *list; /* the list that contains it; NULL: none */
	TAILQ_ENTRY(unit_query) link;
	struct batch *batch; /* the batch that waits for its row; NULL: none */
	unsigned place;      /* index in the batch */
	char *path, active[16], sub[32];
	struct property_call calls[UNIT_PROPERTIES];
	unsigned awaited; /* in-flight calls */
	struct unit_properties properties;
	int r;              /* result of the first call that failed; 0: none failed */
	sd_bus_error error; /* the error of that call */
};

struct unit_query_counts {
	uint64_t queries;    /* units queried */
	uint64_t messages;   /* calls that this took; one call may query many units */
	uint64_t properties; /* properties read */
};

struct unit_queries *unit_queries_new(struct loop *loop, struct systemd_connection *connection);
void unit_queries_free(struct unit_queries *queries);
const struct unit_query_counts *unit_queries_counts(const struct unit_queries *queries);
/* Call it when the connection is down: every query that is not idle ends with on_fault(0). */
void unit_queries_abandon(struct unit_queries *queries);

/* Queries the row of the unit.  Queries with the same timeout that start within a millisecond share
 * one message; with urgent, the message is sent at once.  timeout: nanoseconds for the whole query.
 * The query must be idle. */
void unit_query_start(struct unit_query *query, bool urgent, uint64_t timeout);
/* Cancels the query; none of its callbacks is called any more.  The query may be idle. */
void unit_query_cancel(struct unit_query *query);
bool unit_query_is_idle(const struct unit_query *query);
/* Whether the row has not arrived yet, so that it will be newer than every signal received so
 * far. */
bool unit_query_awaits_row(const struct unit_query *query);

#endif
