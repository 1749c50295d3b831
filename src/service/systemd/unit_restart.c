/*
 * unit_restart: see unit_restart.h.  systemd sends the change of the unit before it says that the
 * job has ended.  So when the job is done and the unit is active with a process, nothing is left to
 * be queried.
 */
#include "service/systemd/unit_restart.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "loop/loop.h"
#include "service/systemd/connection.h"
#include "service/systemd/unit_info.h"

/* A start may take long.  After this time a worker waits for it. */
#define SHORT (200 * CLOCK_MS)

struct unit_restart {
	struct systemd_connection *connection;
	struct loop_timer *timer;
	sd_bus_slot *slot; /* the request; NULL: it was answered */
	bool ended, rejected;
	struct manager_job job;
	struct unit_restarted unit;
	unit_restart_fn *fn;
	void *arg;
};

/* The timer calls the user, because the signal of one job may be about several units, whose
 * subscriptions a callback may close. */
static void end(struct unit_restart *restart, bool rejected)
{
	restart->slot = sd_bus_slot_unref(restart->slot);
	restart->ended = true;
	restart->rejected = rejected;
	loop_timer_rearm(restart->timer, 0);
}

static enum unit_restart_end outcome(const struct unit_restart *restart)
{
	const struct unit_restarted *unit = &restart->unit;

	if (restart->rejected)
		return RESTART_REJECTED;
	return strcmp(restart->job.result, "done") == 0 && strcmp(unit->active, "active") == 0 &&
			       strcmp(unit->sub, "running") == 0 && unit->pid > 0
		       ? RESTART_RUNNING
		       : RESTART_UNFINISHED;
}

/* Whether the error shows that systemd has rejected the request.  Without an answer it may have
 * begun. */
static bool is_rejection(const sd_bus_error *error)
{
	return !sd_bus_error_has_name(error, SD_BUS_ERROR_NO_REPLY) &&
	       !sd_bus_error_has_name(error, SD_BUS_ERROR_TIMEOUT) &&
	       !sd_bus_error_has_name(error, SD_BUS_ERROR_DISCONNECTED);
}

static int on_accepted(sd_bus_message *answer, void *arg, sd_bus_error *ret)
{
	struct unit_restart *restart = arg;
	const sd_bus_error *error = sd_bus_message_get_error(answer);
	const char *job;

	restart->slot = sd_bus_slot_unref(restart->slot);
	systemd_connection_heard(restart->connection, error);
	if (error != NULL || sd_bus_message_read(answer, "o", &job) <= 0)
		end(restart, error != NULL && is_rejection(error));
	else
		snprintf(restart->job.path, sizeof(restart->job.path), "%s", job);
	return 0;
}

/* If systemd has not even answered the request, the time limit of the request applies. */
static void on_timer(uint64_t missed, void *arg)
{
	struct unit_restart *restart = arg;

	if (restart->ended || restart->slot == NULL)
		restart->fn(outcome(restart), restart->arg);
	else
		loop_timer_rearm(restart->timer, SHORT);
}

static int request(struct unit_restart *restart, const char *unit, uint64_t timeout)
{
	sd_bus_message *message = NULL;
	int r = systemd_connection_method(
		restart->connection, &message, SYSTEMD_OBJECT, SYSTEMD_MANAGER, "RestartUnit");

	if (r >= 0)
		r = sd_bus_message_append(message, "ss", unit, "fail");
	if (r >= 0)
		r = systemd_connection_send(restart->connection, &restart->slot, message, timeout,
			on_accepted, restart);
	sd_bus_message_unref(message);
	return r;
}

struct unit_restart *unit_restart_new(struct loop *loop, struct systemd_connection *connection,
	const char *unit, uint64_t began, uint64_t timeout, unit_restart_fn *fn, void *arg)
{
	struct unit_restart *restart = memory_zero(sizeof(*restart));

	*restart = (struct unit_restart){.connection = connection,
		.job = {.requested = true, .began = began},
		.fn = fn,
		.arg = arg};
	if (request(restart, unit, timeout) < 0) {
		free(restart);
		return NULL;
	}
	restart->timer = loop_after(loop, SHORT, on_timer, restart);
	return restart;
}

void unit_restart_free(struct unit_restart *restart)
{
	if (restart == NULL)
		return;
	sd_bus_slot_unref(restart->slot);
	loop_timer_free(restart->timer);
	free(restart);
}

void unit_restart_hear(struct unit_restart *restart, const struct unit_change *change)
{
	struct unit_restarted *unit = &restart->unit;

	if (change->pid >= 0)
		unit->pid = change->pid;
	if (change->respawns >= 0)
		unit->respawns = (uint32_t)change->respawns;
	if (change->states.active == NULL)
		return;
	snprintf(unit->active, sizeof(unit->active), "%s", change->states.active);
	snprintf(unit->sub, sizeof(unit->sub), "%s",
		change->states.sub != NULL ? change->states.sub : "");
	unit->entered = change->states.entered;
}

void unit_restart_hear_job(struct unit_restart *restart, const char *job, const char *result)
{
	if (restart->ended || strcmp(job, restart->job.path) != 0)
		return;
	snprintf(restart->job.result, sizeof(restart->job.result), "%s", result);
	end(restart, false);
}

void unit_restart_lost(struct unit_restart *restart)
{
	restart->job.result[0] = '\0'; /* the unit may have changed since */
	end(restart, false);
}

const struct manager_job *unit_restart_job(const struct unit_restart *restart)
{
	return &restart->job;
}

const struct unit_restarted *unit_restart_unit(const struct unit_restart *restart)
{
	return &restart->unit;
}
