/*
 * systemd_look: asks systemd how units are, many at once, and waits for none of the answers.
 *
 * Who asks within a moment of each other goes into one ListUnitsByNames: a unit more in such a
 * call costs a few microseconds of everybody's time, a call of its own a hundred.  A row that
 * says what is known already is the whole answer.  Only of a unit that has changed, or of which
 * not everything is sure, are the details asked for as well (systemd_details.c).
 *
 * How long to wait is for each who asks to say, so an answer that is late is the misfortune of
 * that look alone.  Only when systemd has answered nobody for long is the line given up.
 *
 * An answer may close its view, or any other: a view is not touched once its user was told.
 */
#include "service/systemd_inside.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "loop/loop.h"
#include "service/systemd_line.h"

#define GATHER    CLOCK_MS            /* from the first who asks until the message goes */
#define BATCH_MAX 256                 /* units in a message */
#define SILENCE   (10 * CLOCK_SECOND) /* with questions and no answer to any: systemd hangs */

/* A ListUnitsByNames under way. */
struct batch {
	struct systemd_watch *watch;
	sd_bus_slot *slot;
	uint64_t deadline;
	unsigned count;
	TAILQ_ENTRY(batch) link;
	struct systemd_view *views[BATCH_MAX]; /* NULL: closed since */
};

static void batch_free(struct batch *batch)
{
	for (unsigned i = 0; i < batch->count; i++)
		if (batch->views[i] != NULL)
			batch->views[i]->batch = NULL;
	TAILQ_REMOVE(&batch->watch->batches, batch, link);
	sd_bus_slot_unref(batch->slot);
	free(batch);
}

/* --- whether systemd answers at all ----------------------------------------------------------- */

void systemd_look_asked(struct systemd_watch *watch)
{
	if (watch->silent_since == 0)
		watch->silent_since = clock_now();
}

/* What sd-bus or the bus says in systemd's place is no answer of its. */
void systemd_look_heard(struct systemd_watch *watch, const sd_bus_error *error)
{
	if (!sd_bus_error_has_name(error, SD_BUS_ERROR_NO_REPLY))
		watch->silent_since = 0;
}

void systemd_look_late(struct systemd_watch *watch)
{
	if (watch->silent_since != 0 && clock_now() - watch->silent_since >= SILENCE)
		systemd_line_hangs(watch->line);
}

/* --- the ends of a look ----------------------------------------------------------------------- */

uint64_t systemd_look_due(const struct systemd_view *view)
{
	return view->began + view->timeout;
}

void systemd_look_wait_in(struct systemd_view *view, struct view_list *list, enum stage stage)
{
	if (view->list != NULL)
		TAILQ_REMOVE(view->list, view, look_link);
	if (list != NULL)
		TAILQ_INSERT_TAIL(list, view, look_link);
	view->list = list;
	view->stage = stage;
}

void systemd_look_end(struct systemd_view *view, const struct manager_reply *answer)
{
	bool asked = view->asked;

	systemd_look_wait_in(view, NULL, STAGE_NONE);
	view->asked = false;
	if (view->moved)
		systemd_view_signal(view);
	view->moved = false;
	if (asked)
		view->user.on_answer(answer, view->user.arg);
}

void systemd_look_fault(struct systemd_view *view, int r, const sd_bus_error *error)
{
	struct manager_reply answer = {
		.manager = &manager_systemd, .status = VIGIL_SERVICE_UNKNOWN};

	systemd_fault(&answer, r, error);
	view->sure = false;
	systemd_look_end(view, &answer);
}

void systemd_look_answer(struct systemd_view *view)
{
	struct manager_reply answer = {.manager = &manager_systemd};
	const struct systemd_row row = {
		.load = view->load, .active = view->active, .sub = view->sub, .job = view->job};

	systemd_judge(&row, &view->details, &answer);
	view->status = answer.status;
	systemd_look_end(view, &answer);
}

/* --- rows ------------------------------------------------------------------------------------- */

static bool is_as_known(const struct systemd_view *view, const struct systemd_row *row)
{
	/* A process that lives has not been brought back, so what else was found holds as well; if it
	 * is still the unit's, which may have handed over to another while nobody listened. */
	if (view->alive && view->pid_sure && view->status == VIGIL_SERVICE_RUNNING)
		return systemd_status(row->active) == view->status &&
		       strcmp(row->load, "loaded") == 0 &&
		       !systemd_view_differs(view, row->active, row->sub, -1);
	return view->sure && strcmp(row->active, view->active) == 0 &&
	       strcmp(row->sub, view->sub) == 0 && strcmp(row->load, view->load) == 0 &&
	       strcmp(row->job, view->job) == 0;
}

static void note_row(struct systemd_view *view, const struct systemd_row *row)
{
	snprintf(view->load, sizeof(view->load), "%s", row->load);
	snprintf(view->active, sizeof(view->active), "%s", row->active);
	snprintf(view->sub, sizeof(view->sub), "%s", row->sub);
	snprintf(view->job, sizeof(view->job), "%s", row->job);
}

/* Nobody has asked: all that matters is whether somebody should. */
static void survey(struct systemd_view *view, const struct systemd_row *row)
{
	view->moved =
		systemd_row_is_absent(row) || systemd_view_differs(view, row->active, row->sub, -1);
	if (!view->moved)
		note_row(view, row);
	systemd_look_end(view, NULL);
}

static void take_row(struct systemd_view *view, const struct systemd_row *row)
{
	if (vigil_service_is_down(systemd_status(row->active)) &&
		!systemd_row_is_named(row, view->unit)) {
		systemd_look_end(view, NULL); /* an alias, or a mistake: a worker finds out */
		return;
	}
	systemd_view_found(view, row->path);
	view->moved = false;
	if (!view->asked) {
		survey(view, row);
	} else if (systemd_row_is_absent(row)) {
		view->sure = false;
		systemd_look_end(view, NULL); /* another manager may know it */
	} else if (is_as_known(view, row)) {
		note_row(view, row);
		view->sure = true;
		systemd_look_answer(view);
	} else {
		note_row(view, row);
		view->sure = false;
		systemd_details_wait(view);
	}
}

/* With a row more or less nobody can say whose is whose. */
static int count_rows(sd_bus_message *answer, unsigned *count)
{
	struct systemd_row row;
	int r = systemd_rows_enter(answer);

	*count = 0;
	while (r >= 0 && (r = systemd_row_read(answer, &row)) > 0)
		++*count;
	return r < 0 ? r : sd_bus_message_rewind(answer, true);
}

static void batch_read(struct batch *batch, sd_bus_message *answer)
{
	unsigned count;
	int r = count_rows(answer, &count);

	if (r >= 0)
		r = count == batch->count ? systemd_rows_enter(answer) : -EBADMSG;
	for (unsigned i = 0; i < batch->count; i++) {
		struct systemd_view *view = batch->views[i];
		struct systemd_row row;

		if (r >= 0)
			r = systemd_row_read(answer, &row);
		if (view == NULL)
			continue;
		batch->views[i] = NULL;
		view->batch = NULL;
		if (r > 0)
			take_row(view, &row);
		else
			systemd_look_end(view, NULL);
	}
}

static void batch_fail(struct batch *batch, const sd_bus_error *error, bool late)
{
	for (unsigned i = 0; i < batch->count; i++) {
		struct systemd_view *view = batch->views[i];

		if (view == NULL)
			continue;
		batch->views[i] = NULL;
		view->batch = NULL;
		if (late)
			systemd_look_fault(view, -ETIMEDOUT, error);
		else
			systemd_look_end(view, NULL);
	}
}

static int on_rows(sd_bus_message *answer, void *arg, sd_bus_error *ret)
{
	struct batch *batch = arg;
	const sd_bus_error *error = sd_bus_message_get_error(answer);
	bool late = clock_now() + SYSTEMD_EDGE >= batch->deadline &&
		    sd_bus_error_has_name(error, SD_BUS_ERROR_NO_REPLY);

	systemd_look_heard(batch->watch, error);
	if (late)
		systemd_look_late(batch->watch);
	if (error != NULL)
		batch_fail(batch, error, late);
	else
		batch_read(batch, answer);
	batch_free(batch);
	return 0;
}

/* --- sending ---------------------------------------------------------------------------------- */

/* The first of the queue, and those behind it with as much time. */
static struct batch *batch_new(struct systemd_watch *watch)
{
	struct batch *batch = memory_zero(sizeof(*batch));
	uint64_t timeout = TAILQ_FIRST(&watch->queue)->timeout;
	struct systemd_view *view, *next;

	batch->watch = watch;
	batch->deadline = clock_now() + timeout;
	TAILQ_INSERT_TAIL(&watch->batches, batch, link);
	for (view = TAILQ_FIRST(&watch->queue); view != NULL && batch->count < BATCH_MAX;
		view = next) {
		next = TAILQ_NEXT(view, look_link);
		if (view->timeout != timeout)
			continue;
		systemd_look_wait_in(view, NULL, STAGE_LISTED);
		view->batch = batch;
		view->place = batch->count;
		batch->views[batch->count++] = view;
	}
	return batch;
}

static int batch_send(struct batch *batch, uint64_t timeout)
{
	struct systemd_line *line = batch->watch->line;
	sd_bus_message *message = NULL;
	int r = systemd_line_method(
		line, &message, SYSTEMD_OBJECT, SYSTEMD_MANAGER, "ListUnitsByNames");

	if (r >= 0)
		r = sd_bus_message_open_container(message, 'a', "s");
	for (unsigned i = 0; r >= 0 && i < batch->count; i++)
		r = sd_bus_message_append_basic(message, 's', batch->views[i]->unit);
	if (r >= 0)
		r = sd_bus_message_close_container(message);
	if (r >= 0)
		r = systemd_line_send(line, &batch->slot, message, timeout, on_rows, batch);
	sd_bus_message_unref(message);
	return r;
}

static void on_gather(uint64_t missed, void *arg)
{
	struct systemd_watch *watch = arg;

	while (!TAILQ_EMPTY(&watch->queue)) {
		uint64_t timeout = TAILQ_FIRST(&watch->queue)->timeout;
		struct batch *batch = batch_new(watch);

		if (batch_send(batch, timeout) < 0) {
			systemd_line_hangs(watch->line); /* which abandons it */
			return;
		}
		systemd_look_asked(watch);
		watch->counts.messages++;
		watch->counts.looks += batch->count;
	}
}

void systemd_look(struct systemd_view *view, bool asked, uint64_t timeout)
{
	struct systemd_watch *watch = view->watch;

	if (view->asked || (view->stage != STAGE_NONE && !asked))
		return;            /* one is under way, and will do */
	systemd_look_cancel(view); /* our own waits for as long as we like: not who asks */
	view->asked = asked;
	view->began = clock_now();
	view->timeout = timeout;
	/* Of one whose process has ended systemd knows by now: it hears of it before we do. */
	if (TAILQ_EMPTY(&watch->queue) || !view->alive)
		loop_timer_again(watch->gather, view->alive ? GATHER : 0);
	systemd_look_wait_in(view, &watch->queue, STAGE_QUEUED);
}

/* --- giving up -------------------------------------------------------------------------------- */

void systemd_look_cancel(struct systemd_view *view)
{
	if (view->batch != NULL)
		view->batch->views[view->place] = NULL;
	view->batch = NULL;
	if (view->stage == STAGE_ASKING)
		systemd_details_cancel(view);
	systemd_look_wait_in(view, NULL, STAGE_NONE);
	view->moved = false;
}

void systemd_look_abandon(struct systemd_watch *watch)
{
	struct systemd_view *view;
	struct batch *batch;

	TAILQ_FOREACH(view, &watch->all, link)
	{
		systemd_look_cancel(view);
		if (view->asked)
			systemd_look_wait_in(view, &watch->failed, STAGE_FAILED);
	}
	while ((batch = TAILQ_FIRST(&watch->batches)) != NULL)
		batch_free(batch);
	loop_timer_stop(watch->gather);
	watch->silent_since = 0;
	while ((view = TAILQ_FIRST(&watch->failed)) != NULL)
		systemd_look_end(view, NULL);
}

int systemd_look_open(struct systemd_watch *watch)
{
	TAILQ_INIT(&watch->queue);
	TAILQ_INIT(&watch->failed);
	TAILQ_INIT(&watch->batches);
	watch->gather = loop_after(watch->loop, 0, on_gather, watch);
	if (watch->gather == NULL)
		return -ENOMEM;
	loop_timer_stop(watch->gather);
	return systemd_details_open(watch);
}

void systemd_look_close(struct systemd_watch *watch)
{
	struct batch *batch;

	while ((batch = TAILQ_FIRST(&watch->batches)) != NULL)
		batch_free(batch);
	loop_timer_free(watch->gather);
	systemd_details_close(watch);
}
