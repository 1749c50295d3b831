/*
 * systemd_details: asks systemd for what a unit's row does not tell: its process, how often it
 * was brought back, why it failed.
 *
 * Each is a property of its own, and the questions for one unit go out together.  Of so many
 * units at a time, lest systemd be swamped by a machine full of them; the others wait.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "loop/loop.h"
#include "service/systemd/unit_query.h"
#include "service/systemd/connection.h"

#define ASKING_MAX 32 /* units whose details are under way */
#define PROPERTIES "org.freedesktop.DBus.Properties"

void systemd_details_cancel(struct systemd_view *view)
{
	for (unsigned i = 0; i < UNIT_PROPERTIES; i++)
		view->calls[i].slot = sd_bus_slot_unref(view->calls[i].slot);
	sd_bus_error_free(&view->error);
	view->awaited = 0;
	view->watch->asking--;
}

static void details_done(struct systemd_view *view)
{
	struct systemd_watch *watch = view->watch;
	bool late = clock_now() + SYSTEMD_EDGE >= systemd_look_due(view);
	sd_bus_error error = view->error;

	view->error = SD_BUS_ERROR_NULL;
	systemd_details_cancel(view);
	systemd_details_go_on(watch);
	if (view->r >= 0) {
		view->details = view->incoming;
		view->sure = view->pid_sure = !view->moved;
		systemd_look_answer(view);
	} else if (!sd_bus_error_has_name(&error, SD_BUS_ERROR_NO_REPLY)) {
		systemd_look_fault(view, view->r, &error);
	} else if (late) {
		systemd_look_late(watch);
		systemd_look_fault(view, view->r, &error);
	} else {
		systemd_look_end(view, NULL);
	}
	sd_bus_error_free(&error);
}

static int on_detail(sd_bus_message *message, void *arg, sd_bus_error *ret)
{
	struct detail_call *call = arg;
	struct systemd_view *view = call->view;
	const sd_bus_error *error = sd_bus_message_get_error(message);
	int r = 0;

	call->slot = sd_bus_slot_unref(call->slot);
	systemd_look_heard(view->watch, error);
	if (error == NULL)
		r = unit_property_read(call->detail, message, &view->incoming);
	else if (!sd_bus_error_has_name(error, SD_BUS_ERROR_UNKNOWN_PROPERTY))
		r = -sd_bus_error_get_errno(error);
	if (r < 0 && view->r == 0) {
		view->r = r;
		sd_bus_error_copy(&view->error, error);
	}
	if (--view->awaited == 0)
		details_done(view);
	return 0;
}

static int ask_detail(struct systemd_view *view, enum unit_property detail, uint64_t left)
{
	struct systemd_connection *line = view->watch->line;
	struct detail_call *call = &view->calls[detail];
	sd_bus_message *message = NULL;
	int r = systemd_connection_method(line, &message, view->path, PROPERTIES, "Get");

	*call = (struct detail_call){.view = view, .detail = detail};
	if (r >= 0)
		r = sd_bus_message_append(
			message, "ss", SYSTEMD_SERVICE, unit_property_name(detail));
	if (r >= 0)
		r = systemd_connection_send(line, &call->slot, message, left, on_detail, call);
	sd_bus_message_unref(message);
	if (r < 0)
		return r;
	systemd_look_asked(view->watch);
	view->watch->counts.details++;
	view->awaited++;
	return 0;
}

/* One after the other on the wire, answered in the same order, waited for together. */
static void ask_details_of(struct systemd_view *view)
{
	uint64_t now = clock_now(), due = systemd_look_due(view);
	enum unit_property detail;
	int r = 0;

	systemd_look_wait_in(view, NULL, STAGE_ASKING);
	view->watch->asking++;
	view->incoming = (struct unit_properties){0};
	view->r = 0;
	for (detail = 0; r >= 0 && detail < UNIT_PROPERTIES; detail++)
		if (unit_property_applies(detail, view->active))
			r = ask_detail(view, detail, due > now ? due - now : 1);
	if (r >= 0)
		return;
	systemd_details_cancel(view);
	systemd_look_wait_in(view, &view->watch->failed, STAGE_FAILED);
	systemd_connection_hangs(view->watch->line); /* which tells those who failed */
}

void systemd_details_go_on(struct systemd_watch *watch)
{
	struct systemd_view *view, *next;
	uint64_t now = clock_now();

	for (view = TAILQ_FIRST(&watch->waiting); view != NULL && watch->asking < ASKING_MAX;
		view = next) {
		next = TAILQ_NEXT(view, look_link);
		if (systemd_look_due(view) > now) /* else on_overdue tells it */
			ask_details_of(view);
	}
}

/* Those whose time is up before it was their turn. */
static void on_overdue(uint64_t missed, void *arg)
{
	struct systemd_watch *watch = arg;
	struct view_list overdue = TAILQ_HEAD_INITIALIZER(overdue);
	uint64_t now = clock_now(), next = UINT64_MAX;
	struct systemd_view *view, *after;

	for (view = TAILQ_FIRST(&watch->waiting); view != NULL; view = after) {
		after = TAILQ_NEXT(view, look_link);
		if (systemd_look_due(view) <= now)
			systemd_look_wait_in(view, &overdue, STAGE_FAILED);
		else if (systemd_look_due(view) < next)
			next = systemd_look_due(view);
	}
	if (next != UINT64_MAX)
		loop_timer_again(watch->overdue, next - now);
	while ((view = TAILQ_FIRST(&overdue)) != NULL)
		systemd_look_fault(view, -ETIMEDOUT, &SD_BUS_ERROR_NULL);
}

void systemd_details_wait(struct systemd_view *view)
{
	struct systemd_watch *watch = view->watch;

	systemd_look_wait_in(view, &watch->waiting, STAGE_WAITING);
	systemd_details_go_on(watch);
	if (view->stage == STAGE_WAITING)
		loop_timer_again(watch->overdue, 0); /* which sees how long it may */
}

int systemd_details_open(struct systemd_watch *watch)
{
	TAILQ_INIT(&watch->waiting);
	watch->overdue = loop_after(watch->loop, 0, on_overdue, watch);
	if (watch->overdue == NULL)
		return -ENOMEM;
	loop_timer_stop(watch->overdue);
	return 0;
}

void systemd_details_close(struct systemd_watch *watch)
{
	loop_timer_free(watch->overdue);
}
