/*
 * unit_query: see unit_query.h.  Queries that start within a millisecond share one call of
 * ListUnitsByNames, because one more unit in such a call costs a few microseconds, and a separate
 * call costs a hundred.  The properties of one unit are read with one Get each.  These calls are
 * sent together and answered in the same order, and the query ends with the last answer.  The
 * properties of at most READING_MAX units are read at the same time, so that a machine with many
 * units does not overload systemd; the other queries wait.
 *
 * Each query has its own timeout, so a late answer to a Get ends only that query.
 */
#include "service/systemd/unit_query.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "loop/loop.h"
#include "service/systemd/connection.h"
#include "service/systemd/unit_message.h"

#define GATHER      CLOCK_MS       /* from the first query until the message is sent */
#define BATCH_MAX   256            /* units in one message */
#define READING_MAX 32             /* units whose properties are read at the same time */
#define EDGE        (5 * CLOCK_MS) /* sd-bus may expire early, because it reads the clock itself */
#define PROPERTIES  "org.freedesktop.DBus.Properties"

/* An in-flight call of ListUnitsByNames. */
struct batch {
	struct unit_queries *queries;
	sd_bus_slot *slot;
	uint64_t deadline;
	unsigned count;
	TAILQ_ENTRY(batch) link;
	struct unit_query *members[BATCH_MAX]; /* NULL: cancelled in the meantime */
};

TAILQ_HEAD(batch_list, batch);

struct unit_queries {
	struct systemd_connection *connection;
	struct unit_query_list queue, waiting, reading, failed;
	struct loop_timer *gather;  /* sends the queue */
	struct loop_timer *overdue; /* ends the waiting queries whose timeout has expired */
	struct batch_list batches;  /* in flight */
	unsigned reading_count;
	struct unit_query_counts counts;
};

/* --- lists and stages ------------------------------------------------------------------------- */

static uint64_t deadline_of(const struct unit_query *query)
{
	return query->began + query->timeout;
}

/* Moves a query from the list that contains it, if any, to another one (NULL: none). */
static void move(
	struct unit_query *query, struct unit_query_list *list, enum unit_query_stage stage)
{
	if (query->list != NULL)
		TAILQ_REMOVE(query->list, query, link);
	if (list != NULL)
		TAILQ_INSERT_TAIL(list, query, link);
	query->list = list;
	query->stage = stage;
}

static void fault(struct unit_query *query, int r, const sd_bus_error *error)
{
	move(query, NULL, QUERY_IDLE);
	query->user->on_fault(r, error, query->arg);
}

/* --- properties ------------------------------------------------------------------------------- */

static void read_next(struct unit_queries *queries);

static void cancel_calls(struct unit_query *query)
{
	for (unsigned i = 0; i < UNIT_PROPERTIES; i++)
		query->calls[i].slot = sd_bus_slot_unref(query->calls[i].slot);
	sd_bus_error_free(&query->error);
	free(query->path);
	query->path = NULL;
	query->awaited = 0;
	query->queries->reading_count--;
}

static void end_reading(struct unit_query *query)
{
	struct unit_queries *queries = query->queries;
	bool late = clock_now() + EDGE >= deadline_of(query);
	bool silent = sd_bus_error_has_name(&query->error, SD_BUS_ERROR_NO_REPLY);
	sd_bus_error error = query->error;

	query->error = SD_BUS_ERROR_NULL;
	cancel_calls(query);
	move(query, NULL, QUERY_IDLE);
	read_next(queries);
	if (silent && late)
		systemd_connection_late(queries->connection);
	if (query->r >= 0)
		query->user->on_properties(&query->properties, query->arg);
	else
		query->user->on_fault(silent && !late ? 0 : query->r, &error, query->arg);
	sd_bus_error_free(&error);
}

static int on_property(sd_bus_message *message, void *arg, sd_bus_error *ret)
{
	struct property_call *call = arg;
	struct unit_query *query = call->query;
	const sd_bus_error *error = sd_bus_message_get_error(message);
	int r = 0;

	call->slot = sd_bus_slot_unref(call->slot);
	systemd_connection_heard(query->queries->connection, error);
	if (error == NULL)
		r = unit_property_read(call->property, message, &query->properties);
	else if (!sd_bus_error_has_name(error, SD_BUS_ERROR_UNKNOWN_PROPERTY))
		r = -sd_bus_error_get_errno(error);
	if (r < 0 && query->r == 0) {
		query->r = r;
		sd_bus_error_copy(&query->error, error);
	}
	if (--query->awaited == 0)
		end_reading(query);
	return 0;
}

static int send_get(struct unit_query *query, enum unit_property property, uint64_t left)
{
	struct systemd_connection *connection = query->queries->connection;
	struct property_call *call = &query->calls[property];
	sd_bus_message *message = NULL;
	int r = systemd_connection_method(connection, &message, query->path, PROPERTIES, "Get");

	*call = (struct property_call){.query = query, .property = property};
	if (r >= 0)
		r = sd_bus_message_append(message, "ss", unit_property_interface(property),
			unit_property_name(property));
	if (r >= 0)
		r = systemd_connection_send(
			connection, &call->slot, message, left, on_property, call);
	sd_bus_message_unref(message);
	if (r < 0)
		return r;
	query->queries->counts.properties++;
	query->awaited++;
	return 0;
}

static void read_properties(struct unit_query *query)
{
	struct unit_queries *queries = query->queries;
	uint64_t now = clock_now(), due = deadline_of(query);
	enum unit_property property;
	int r = 0;

	move(query, &queries->reading, QUERY_READING);
	queries->reading_count++;
	query->properties = (struct unit_properties){0};
	query->r = 0;
	for (property = 0; r >= 0 && property < UNIT_PROPERTIES; property++)
		if (unit_property_applies(property, query->active, query->sub))
			r = send_get(query, property, due > now ? due - now : 1);
	if (r >= 0)
		return;
	cancel_calls(query);
	move(query, &queries->failed, QUERY_FAILED);
	systemd_connection_hangs(queries->connection); /* fails all queries */
}

/* Reads the properties for the next waiting queries.  on_overdue ends those whose timeout has
 * expired. */
static void read_next(struct unit_queries *queries)
{
	struct unit_query *query, *next;
	uint64_t now = clock_now();

	for (query = TAILQ_FIRST(&queries->waiting);
		query != NULL && queries->reading_count < READING_MAX; query = next) {
		next = TAILQ_NEXT(query, link);
		if (deadline_of(query) > now)
			read_properties(query);
	}
}

static void on_overdue(uint64_t missed, void *arg)
{
	struct unit_queries *queries = arg;
	struct unit_query_list overdue = TAILQ_HEAD_INITIALIZER(overdue);
	uint64_t now = clock_now(), first = UINT64_MAX;
	struct unit_query *query, *next;

	for (query = TAILQ_FIRST(&queries->waiting); query != NULL; query = next) {
		next = TAILQ_NEXT(query, link);
		if (deadline_of(query) <= now)
			move(query, &overdue, QUERY_FAILED);
		else if (deadline_of(query) < first)
			first = deadline_of(query);
	}
	if (first != UINT64_MAX)
		loop_timer_rearm(queries->overdue, first - now);
	while ((query = TAILQ_FIRST(&overdue)) != NULL)
		fault(query, -ETIMEDOUT, &SD_BUS_ERROR_NULL);
}

/* The row has arrived, and its properties are to be read, too. */
static void await_properties(struct unit_query *query, const struct unit_row *row)
{
	struct unit_queries *queries = query->queries;

	free(query->path);
	query->path = memory_text(row->path);
	snprintf(query->active, sizeof(query->active), "%s", row->active);
	snprintf(query->sub, sizeof(query->sub), "%s", row->sub);
	move(query, &queries->waiting, QUERY_WAITING);
	read_next(queries);
	if (query->stage == QUERY_WAITING)
		loop_timer_rearm(queries->overdue, 0); /* on_overdue computes the time to wait */
}

/* --- rows ------------------------------------------------------------------------------------- */

static void batch_free(struct batch *batch)
{
	for (unsigned i = 0; i < batch->count; i++)
		if (batch->members[i] != NULL)
			batch->members[i]->batch = NULL;
	TAILQ_REMOVE(&batch->queries->batches, batch, link);
	sd_bus_slot_unref(batch->slot);
	free(batch);
}

/* Removes member i from the batch and returns it; NULL: it was cancelled. */
static struct unit_query *batch_take(struct batch *batch, unsigned i)
{
	struct unit_query *query = batch->members[i];

	batch->members[i] = NULL;
	if (query != NULL)
		query->batch = NULL;
	return query;
}

/* Passes each row to its query.  If the number of rows differs from the number of units, the rows
 * cannot be assigned and all queries fail. */
static void batch_read(struct batch *batch, sd_bus_message *answer)
{
	unsigned count;
	int r = unit_rows_count(answer, &count);

	if (r >= 0)
		r = count == batch->count ? unit_rows_enter(answer) : -EBADMSG;
	for (unsigned i = 0; i < batch->count; i++) {
		struct unit_query *query = batch_take(batch, i);
		struct unit_row row;

		if (r >= 0)
			r = unit_row_read(answer, &row);
		if (query == NULL)
			continue;
		move(query, NULL, QUERY_IDLE);
		if (r <= 0)
			query->user->on_fault(0, NULL, query->arg);
		else if (query->user->on_row(&row, query->arg))
			await_properties(query, &row);
	}
}

static void batch_fail(struct batch *batch, const sd_bus_error *error, bool late)
{
	for (unsigned i = 0; i < batch->count; i++) {
		struct unit_query *query = batch_take(batch, i);

		if (query != NULL)
			fault(query, late ? -ETIMEDOUT : 0, error);
	}
}

static int on_rows(sd_bus_message *answer, void *arg, sd_bus_error *ret)
{
	struct batch *batch = arg;
	const sd_bus_error *error = sd_bus_message_get_error(answer);
	bool late = clock_now() + EDGE >= batch->deadline &&
		    sd_bus_error_has_name(error, SD_BUS_ERROR_NO_REPLY);

	systemd_connection_heard(batch->queries->connection, error);
	if (late)
		systemd_connection_late(batch->queries->connection);
	if (error != NULL)
		batch_fail(batch, error, late);
	else
		batch_read(batch, answer);
	batch_free(batch);
	return 0;
}

/* Moves the first query of the queue, and all later ones with the same timeout, to a new batch. */
static struct batch *batch_new(struct unit_queries *queries)
{
	struct batch *batch = memory_zero(sizeof(*batch));
	uint64_t timeout = TAILQ_FIRST(&queries->queue)->timeout;
	struct unit_query *query, *next;

	batch->queries = queries;
	batch->deadline = clock_now() + timeout;
	TAILQ_INSERT_TAIL(&queries->batches, batch, link);
	for (query = TAILQ_FIRST(&queries->queue); query != NULL && batch->count < BATCH_MAX;
		query = next) {
		next = TAILQ_NEXT(query, link);
		if (query->timeout != timeout)
			continue;
		move(query, NULL, QUERY_LISTED);
		query->batch = batch;
		query->place = batch->count;
		batch->members[batch->count++] = query;
	}
	return batch;
}

static int batch_send(struct batch *batch, uint64_t timeout)
{
	struct systemd_connection *connection = batch->queries->connection;
	sd_bus_message *message = NULL;
	int r = systemd_connection_method(
		connection, &message, SYSTEMD_OBJECT, SYSTEMD_MANAGER, "ListUnitsByNames");

	if (r >= 0)
		r = sd_bus_message_open_container(message, 'a', "s");
	for (unsigned i = 0; r >= 0 && i < batch->count; i++)
		r = sd_bus_message_append_basic(message, 's', batch->members[i]->name);
	if (r >= 0)
		r = sd_bus_message_close_container(message);
	if (r >= 0)
		r = systemd_connection_send(
			connection, &batch->slot, message, timeout, on_rows, batch);
	sd_bus_message_unref(message);
	return r;
}

static void on_gather(uint64_t missed, void *arg)
{
	struct unit_queries *queries = arg;

	while (!TAILQ_EMPTY(&queries->queue)) {
		uint64_t timeout = TAILQ_FIRST(&queries->queue)->timeout;
		struct batch *batch = batch_new(queries);

		if (batch_send(batch, timeout) < 0) {
			systemd_connection_hangs(queries->connection); /* fails all queries */
			return;
		}
		queries->counts.messages++;
		queries->counts.queries += batch->count;
	}
}

void unit_query_start(struct unit_query *query, bool urgent, uint64_t timeout)
{
	struct unit_queries *queries = query->queries;

	query->began = clock_now();
	query->timeout = timeout;
	if (TAILQ_EMPTY(&queries->queue) || urgent)
		loop_timer_rearm(queries->gather, urgent ? 0 : GATHER);
	move(query, &queries->queue, QUERY_QUEUED);
}

/* --- cancelling and failing ------------------------------------------------------------------- */

bool unit_query_is_idle(const struct unit_query *query)
{
	return query->stage == QUERY_IDLE;
}

bool unit_query_awaits_row(const struct unit_query *query)
{
	return query->stage == QUERY_QUEUED || query->stage == QUERY_LISTED;
}

/* Removes a query from its batch and list and cancels its calls.  Calls no callback. */
static void withdraw(struct unit_query *query)
{
	if (query->batch != NULL)
		query->batch->members[query->place] = NULL;
	query->batch = NULL;
	if (query->stage == QUERY_READING)
		cancel_calls(query);
	move(query, NULL, QUERY_IDLE);
}

void unit_query_cancel(struct unit_query *query)
{
	withdraw(query);
	free(query->path);
	query->path = NULL;
	if (systemd_connection_is_up(query->queries->connection))
		read_next(query->queries); /* another query may have become the next one */
}

static void fail_list(struct unit_queries *queries, struct unit_query_list *list)
{
	struct unit_query *query;

	while ((query = TAILQ_FIRST(list)) != NULL) {
		withdraw(query);
		move(query, &queries->failed, QUERY_FAILED);
	}
}

void unit_queries_abandon(struct unit_queries *queries)
{
	struct unit_query *query;
	struct batch *batch;

	fail_list(queries, &queries->queue);
	fail_list(queries, &queries->waiting);
	fail_list(queries, &queries->reading);
	while ((batch = TAILQ_FIRST(&queries->batches)) != NULL) {
		for (unsigned i = 0; i < batch->count; i++)
			if ((query = batch_take(batch, i)) != NULL)
				move(query, &queries->failed, QUERY_FAILED);
		batch_free(batch);
	}
	loop_timer_stop(queries->gather);
	while ((query = TAILQ_FIRST(&queries->failed)) != NULL)
		fault(query, 0, NULL);
}

struct unit_queries *unit_queries_new(struct loop *loop, struct systemd_connection *connection)
{
	struct unit_queries *queries = memory_zero(sizeof(*queries));

	queries->connection = connection;
	TAILQ_INIT(&queries->queue);
	TAILQ_INIT(&queries->waiting);
	TAILQ_INIT(&queries->reading);
	TAILQ_INIT(&queries->failed);
	TAILQ_INIT(&queries->batches);
	queries->gather = loop_once(loop, on_gather, queries);
	queries->overdue = loop_once(loop, on_overdue, queries);
	return queries;
}

void unit_queries_free(struct unit_queries *queries)
{
	struct batch *batch;

	if (queries == NULL)
		return;
	while ((batch = TAILQ_FIRST(&queries->batches)) != NULL)
		batch_free(batch);
	loop_timer_free(queries->gather);
	loop_timer_free(queries->overdue);
	free(queries);
}

const struct unit_query_counts *unit_queries_counts(const struct unit_queries *queries)
{
	return &queries->counts;
}
