/*
 * fixture_unit_monitor: a unit monitor for a real systemd, its subscriptions, and a loop that runs
 * until a condition holds.
 */
#ifndef FIXTURE_UNIT_MONITOR_H
#define FIXTURE_UNIT_MONITOR_H

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "loop/loop.h"
#include "in_systemd.h"
#include "scratch.h"
#include "service/manager.h"
#include "service/systemd/unit_monitor.h"
#include "suite.h"

#define UNITS    "/run/systemd/system/"
#define PATIENCE (60 * CLOCK_SECOND)

static struct loop *loop;
static struct unit_monitor *monitor;

/* A subscription and its notifications. */
struct seen {
	const char *name;
	struct unit_subscription *unit;
	unsigned signals, answers;
	bool none; /* the last query must be answered by a worker */
	enum unit_answer how;
	struct manager_job job; /* with UNIT_FOLLOW_JOB */
	struct manager_reply answer;
	struct seen *closes; /* unsubscribed in the next callback */
};

static void put_unit(const char *name, const char *lines)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), UNITS "%s.service", name);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fprintf(file, "[Service]\n%s\n", lines);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(shell("systemctl daemon-reload"), 0);
}

static void start_unit(const char *name, const char *lines)
{
	put_unit(name, lines);
	ck_assert_int_eq(shell("systemctl start %s", name), 0);
}

/* --- running the loop ------------------------------------------------------------------------- */

static bool (*wanted)(const struct seen *);
static const struct seen *wanted_of;
static unsigned turns; /* of a timer that must never be delayed */

static void on_poll(uint64_t missed, void *arg)
{
	turns++;
	if (wanted != NULL && wanted(wanted_of))
		loop_stop(loop);
}

static void on_late(uint64_t missed, void *arg)
{
	*(bool *)arg = true;
	loop_stop(loop);
}

/* Runs the loop until the condition holds. Returns false if it did not hold in time. */
static bool run(bool (*is)(const struct seen *), const struct seen *seen, uint64_t patience)
{
	bool late = false;
	struct loop_timer *poll = loop_every(loop, 5 * CLOCK_MS, 0, on_poll, NULL);
	struct loop_timer *end = loop_after(loop, patience, on_late, &late);

	wanted = is;
	wanted_of = seen;
	loop_run(loop);
	loop_timer_free(poll);
	loop_timer_free(end);
	return !late;
}

static bool is_never(const struct seen *seen)
{
	return false;
}

static bool is_answered(const struct seen *seen)
{
	return seen->answers > 0;
}

static bool is_valid(const struct seen *seen)
{
	return unit_monitor_is_valid(seen->unit);
}

static void unsubscribe(struct seen *seen)
{
	unit_monitor_unsubscribe(seen->unit);
	seen->unit = NULL;
}

static void on_stale(void *arg)
{
	struct seen *seen = arg;

	seen->signals++;
	if (seen->closes != NULL)
		unsubscribe(seen->closes);
}

static void on_answer(enum unit_answer how, const struct manager_reply *answer, void *arg)
{
	struct seen *seen = arg;

	seen->answers++;
	seen->signals = 0; /* earlier signals are included in the answer */
	seen->none = how == UNIT_ASK_WORKER;
	seen->how = how;
	if (how == UNIT_ANSWERED)
		seen->answer = *answer;
	else if (how == UNIT_FOLLOW_JOB)
		seen->job = answer->accepted;
	if (seen->closes != NULL)
		unsubscribe(seen->closes);
}

static void subscribe(struct seen *seen, const char *name)
{
	const struct unit_user user = {.on_stale = on_stale, .on_answer = on_answer, .arg = seen};

	*seen = (struct seen){.name = name};
	seen->unit = unit_monitor_subscribe(monitor, name, &user);
	ck_assert_ptr_nonnull(seen->unit);
}

/* Queries when the connection is established. */
static bool try_ask(const struct seen *seen)
{
	return unit_monitor_query(seen->unit, false, 10 * CLOCK_SECOND) == 0;
}

static struct manager_request worker_request(const char *name)
{
	return (struct manager_request){.name = (char *)name,
		.manager = &manager_systemd,
		.deadline = clock_now() + PATIENCE};
}

/* Queries the units with one connection to the bus, as a worker does. */
static void ask_worker(struct seen *seen, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		const struct manager_request request = worker_request(seen[i].name);

		unit_monitor_expect(seen[i].unit);
		manager_query(&request, &seen[i].answer);
		unit_monitor_learn(seen[i].unit, &seen[i].answer);
	}
	manager_thread_end();
}

static vigil_service_status look(struct seen *seen)
{
	ck_assert(run(try_ask, seen, PATIENCE));
	seen->answers = 0;
	ck_assert(run(is_answered, seen, PATIENCE));
	if (seen->none && seen->unit != NULL)
		ask_worker(seen, 1);
	return seen->answer.status;
}

static void setup(void)
{
	scratch_setup();
	loop = loop_new();
	monitor = unit_monitor_new(loop);
	ck_assert_ptr_nonnull(monitor);
}

static void teardown(void)
{
	unit_monitor_free(monitor);
	loop_free(loop);
	scratch_teardown();
}

/* Asserts that a worker gets the same result now. */
static void compare(const struct seen *seen, const char *name)
{
	const struct manager_request request = worker_request(name);
	struct manager_reply reply;

	manager_query(&request, &reply);
	ck_assert_ptr_eq(seen->answer.manager, reply.manager);
	ck_assert_int_eq(seen->answer.status, reply.status);
	ck_assert_int_eq(seen->answer.error, reply.error);
	ck_assert_int_eq(seen->answer.fault, reply.fault);
	ck_assert_int_eq(seen->answer.pid, reply.pid);
	ck_assert_int_eq(seen->answer.start_limit, reply.start_limit);
	ck_assert_int_eq(seen->answer.main_pid, reply.main_pid);
	ck_assert_uint_eq(seen->answer.respawns, reply.respawns);
	ck_assert_str_eq(seen->answer.text, reply.text);
	manager_thread_end();
}

#endif
