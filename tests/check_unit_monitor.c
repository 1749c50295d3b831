/*
 * check_unit_monitor: the signals of a real systemd, and queries of many units at once. The test
 * runs itself again under a systemd in separate namespaces, so that the systemd of the machine is
 * not touched.
 */
#include "service/systemd/unit_monitor.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <systemd/sd-bus.h>

#include "base/clock.h"
#include "loop/loop.h"
#include "worker/worker_pool.h"
#include "in_systemd.h"
#include "scratch.h"
#include "service/service.h"
#include "fake_systemd.h"
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

static bool is_signalled(const struct seen *seen)
{
	return seen->signals > 0;
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
	if (how == UNIT_ANSWERED)
		seen->answer = *answer;
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

static bool try_ask_alive(const struct seen *seen)
{
	return unit_monitor_query(seen->unit, true, 10 * CLOCK_SECOND) == 0;
}

static struct manager_request worker_request(const char *name)
{
	return (struct manager_request){.name = (char *)name,
		.manager = &manager_systemd,
		.deadline = clock_now() + PATIENCE};
}

/* As a service does if the loop cannot judge its unit. */
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

/* --- queries ---------------------------------------------------------------------------------- */

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

START_TEST(the_result_equals_that_of_a_worker)
{
	static const struct {
		const char *name, *lines, *after;
		vigil_service_status status;
	} rows[] = {
		{"w-runs", "ExecStart=/bin/sleep 1000", "true", VIGIL_SERVICE_RUNNING},
		{"w-stopped", "ExecStart=/bin/sleep 1000", "systemctl stop w-stopped",
			VIGIL_SERVICE_STOPPED},
		{"w-failed", "ExecStart=/bin/sleep 1000", "systemctl kill -s KILL w-failed",
			VIGIL_SERVICE_FAILED},
		{"w-once", "Type=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true", "true",
			VIGIL_SERVICE_RUNNING},
		{"w-again", "Restart=always\nRestartSec=1h\nExecStart=/bin/sleep 1000",
			"systemctl kill -s KILL w-again", VIGIL_SERVICE_STARTING},
		{"w-masked", "ExecStart=/bin/sleep 1000",
			"systemctl stop w-masked; ln -sf /dev/null " UNITS "w-masked.service; "
			"systemctl daemon-reload",
			VIGIL_SERVICE_STOPPED},
		{"w-limit", "ExecStart=/bin/sleep 1000",
			"for i in 1 2 3 4 5 6; do systemctl restart w-limit; done 2>/dev/null",
			VIGIL_SERVICE_FAILED},
		{"w-queued", "ExecStart=/bin/sleep 1000\n[Unit]\nAfter=w-blocks.service",
			"systemctl stop w-queued; systemd-run -q --no-block -u w-blocks "
			"-p Type=oneshot sleep 1000; systemctl start --no-block w-queued",
			VIGIL_SERVICE_STARTING},
	};
	uint64_t late;
	struct seen seen;
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		start_unit(rows[i].name, rows[i].lines);
		shell("%s", rows[i].after);
		subscribe(&seen, rows[i].name);
		late = clock_now() + PATIENCE;
		while (look(&seen) != rows[i].status && clock_now() < late)
			;
		ck_assert_int_eq(seen.answer.status, rows[i].status);
		compare(&seen, rows[i].name);
		/* for the second query, ListUnitsByNames is enough */
		look(&seen);
		ck_assert(unit_monitor_is_valid(seen.unit));
		ck_assert_int_eq(look(&seen), rows[i].status);
		compare(&seen, rows[i].name);
		unsubscribe(&seen);
	}
}
END_TEST

START_TEST(a_missing_unit_is_left_to_the_worker)
{
	struct seen seen;

	subscribe(&seen, "w-none");
	ck_assert_int_eq(look(&seen), VIGIL_SERVICE_ABSENT);
	ck_assert(seen.none);
	ck_assert(!unit_monitor_is_valid(seen.unit));
	unsubscribe(&seen);
	ck_assert_ptr_null(unit_monitor_subscribe(monitor, "w-none.socket",
		&(struct unit_user){.on_stale = on_stale, .on_answer = on_answer}));
}
END_TEST

/* More units than fit in one message, which holds 256.  systemd loads each of them from its file for a
 * worker, which takes 30 ms on a busy machine. */
#define CROWD 300

static bool are_answered(const struct seen *seen)
{
	for (unsigned i = 0; i < CROWD; i++)
		if (seen[i].answers == 0)
			return false;
	return true;
}

START_TEST(many_units_are_queried_at_once)
{
	static struct seen crowd[CROWD];
	static char crowd_names[CROWD][32];
	struct unit_monitor_counts before, after;
	uint64_t late = clock_now() + PATIENCE;

	put_unit("w-crowd@", "ExecStart=/bin/sleep 1000");
	for (unsigned i = 0; i < CROWD; i++) {
		snprintf(crowd_names[i], sizeof(crowd_names[i]), "w-crowd@%u", i);
		subscribe(&crowd[i], crowd_names[i]);
	}
	look(&crowd[0]); /* the first survey has ended */
	/* A worker queries each unit once. Its result is valid until systemd signals a change. */
	ask_worker(crowd, CROWD);
	/* The signal of a late reload may invalidate it once more. */
	do
		look(&crowd[0]);
	while (!run(is_valid, &crowd[0], CLOCK_SECOND) && clock_now() < late);
	ck_assert(is_valid(&crowd[0]));
	unit_monitor_counts(monitor, &before);
	for (unsigned i = 0; i < CROWD; i++) {
		crowd[i].answers = 0;
		ck_assert_int_eq(unit_monitor_query(crowd[i].unit, false, CLOCK_SECOND * 60), 0);
	}
	ck_assert_uint_eq(crowd[0].answers, 0); /* never inside the call */
	ck_assert(run(are_answered, crowd, PATIENCE));
	unit_monitor_counts(monitor, &after);
	ck_assert_uint_eq(after.queries - before.queries, CROWD);
	ck_assert_uint_eq(after.messages - before.messages, 2);
	for (unsigned i = 0; i < CROWD; i++) {
		ck_assert(!crowd[i].none);
		ck_assert_int_eq(crowd[i].answer.status, VIGIL_SERVICE_STOPPED);
		ck_assert_uint_eq(crowd[i].answers, 1);
		unsubscribe(&crowd[i]);
	}
}
END_TEST

static void look_alive(struct seen *seen)
{
	seen->answers = 0;
	ck_assert_int_eq(unit_monitor_query(seen->unit, true, PATIENCE), 0);
	ck_assert(run(is_answered, seen, PATIENCE));
	ck_assert(!seen->none);
}

START_TEST(for_a_live_process_no_properties_are_queried)
{
	struct unit_monitor_counts before, after;
	struct seen seen;

	start_unit("w-lives", "ExecStart=/bin/sleep 1000");
	subscribe(&seen, "w-lives");
	look(&seen);
	unit_monitor_invalidate(seen.unit);
	unit_monitor_counts(monitor, &before);
	look_alive(&seen);
	unit_monitor_counts(monitor, &after);
	ck_assert_uint_eq(after.properties, before.properties);
	compare(&seen, "w-lives");

	/* The result of a worker is valid until systemd signals a change, and not longer. */
	seen.answer.main_pid = 77;
	unit_monitor_learn(seen.unit, &seen.answer);
	unit_monitor_invalidate(seen.unit);
	look(&seen);
	compare(&seen, "w-lives");
	unit_monitor_invalidate(seen.unit);
	look(&seen);
	compare(&seen, "w-lives");
	unsubscribe(&seen);
}
END_TEST

/* --- signals ---------------------------------------------------------------------------------- */

START_TEST(one_failure_is_one_signal)
{
	struct unit_monitor_counts before, after;
	struct seen seen, other;

	start_unit("w-dies", "ExecStart=/bin/sleep 1000");
	start_unit("w-stays", "ExecStart=/bin/sleep 1000");
	subscribe(&seen, "w-dies");
	subscribe(&other, "w-stays");
	ck_assert_int_eq(look(&seen), VIGIL_SERVICE_RUNNING);
	ck_assert_int_eq(look(&other), VIGIL_SERVICE_RUNNING);
	unit_monitor_counts(monitor, &before);
	ck_assert_int_eq(kill(seen.answer.pid, SIGKILL), 0);
	ck_assert(run(is_signalled, &seen, PATIENCE));
	ck_assert(!unit_monitor_is_valid(seen.unit));
	run(is_never, NULL, CLOCK_SECOND / 2); /* further signals of the same failure */
	ck_assert_uint_eq(seen.signals, 1);
	ck_assert_uint_eq(other.signals, 0);
	ck_assert(unit_monitor_is_valid(other.unit));
	ck_assert_int_eq(look(&seen), VIGIL_SERVICE_FAILED);
	unit_monitor_counts(monitor, &after);
	ck_assert_uint_eq(after.signals - before.signals, 1);

	/* after the query, the next change is signalled again */
	ck_assert_int_eq(shell("systemctl start w-dies"), 0);
	ck_assert(run(is_signalled, &seen, PATIENCE));
	ck_assert_int_eq(look(&seen), VIGIL_SERVICE_RUNNING);
	unsubscribe(&seen);
	unsubscribe(&other);
}
END_TEST

START_TEST(a_new_process_is_a_change)
{
	struct seen seen;
	pid_t pid;

	start_unit("w-respawns", "Restart=always\nRestartSec=0\nExecStart=/bin/sleep 1000");
	subscribe(&seen, "w-respawns");
	ck_assert_int_eq(look(&seen), VIGIL_SERVICE_RUNNING);
	pid = seen.answer.pid;
	ck_assert_uint_eq(seen.answer.respawns, 0);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	do { /* queries after each signal, as a service does */
		ck_assert(run(is_signalled, &seen, PATIENCE));
		look(&seen);
	} while (seen.answer.status != VIGIL_SERVICE_RUNNING || seen.answer.pid == pid);
	ck_assert_uint_eq(seen.answer.respawns, 1);
	compare(&seen, "w-respawns");
	unsubscribe(&seen);
}
END_TEST

START_TEST(a_unit_that_changes_all_the_time_does_not_keep_vigild_busy)
{
	struct unit_monitor_counts before, after;
	uint64_t end;
	struct seen seen;

	start_unit("w-flaps", "Restart=always\nRestartSec=0\nExecStart=/bin/true\n[Unit]\n"
			      "StartLimitIntervalSec=0");
	subscribe(&seen, "w-flaps");
	look(&seen);
	unit_monitor_counts(monitor, &before);
	end = clock_now() + 2 * CLOCK_SECOND;
	while (clock_now() < end) {
		ck_assert(run(is_signalled, &seen, PATIENCE));
		look(&seen);
	}
	unit_monitor_counts(monitor, &after);
	ck_assert_uint_gt(after.signals - before.signals, 2);
	ck_assert_uint_lt(after.signals - before.signals, 100); /* 40 if signals were never late */
	ck_assert_int_eq(shell("systemctl stop w-flaps"), 0);
	unsubscribe(&seen);
}
END_TEST

START_TEST(two_subscriptions_of_a_unit_and_an_alias)
{
	struct seen first, second, alias;

	put_unit("w-shared", "ExecStart=/bin/sleep 1000");
	ck_assert_int_eq(shell("ln -s w-shared.service " UNITS "w-alias.service; "
			       "systemctl daemon-reload; systemctl start w-shared"),
		0);
	subscribe(&first, "w-shared");
	subscribe(&second, "w-shared.service");
	subscribe(&alias, "w-alias");
	ck_assert_int_eq(look(&first), VIGIL_SERVICE_RUNNING);
	ck_assert_int_eq(look(&second), VIGIL_SERVICE_RUNNING);
	ck_assert_int_eq(look(&alias), VIGIL_SERVICE_RUNNING);
	ck_assert_int_eq(first.answer.pid, alias.answer.pid);
	ck_assert_int_eq(shell("systemctl stop w-shared"), 0);
	ck_assert(run(is_signalled, &first, PATIENCE));
	ck_assert(run(is_signalled, &second, PATIENCE));
	ck_assert(run(is_signalled, &alias, PATIENCE));
	unsubscribe(&first);
	unsubscribe(&second);
	unsubscribe(&alias);
}
END_TEST

/* Sends false signals to the bus connections of this process, which only systemd may send. */
static void forge(const char *path)
{
	char name[64], own[64] = "";
	sd_bus_message *message;
	sd_bus *bus;
	FILE *list;
	int pid;

	ck_assert_int_ge(sd_bus_open_system(&bus), 0);
	list = popen("busctl list --unique --no-legend | awk '{ print $1, $2 }'", "r");
	while (fscanf(list, "%63s %d", name, &pid) == 2) {
		if (pid != getpid())
			continue;
		snprintf(own, sizeof(own), "%s", name);
		ck_assert_int_ge(sd_bus_message_new_signal(bus, &message, path,
					 "org.freedesktop.DBus.Properties", "PropertiesChanged"),
			0);
		ck_assert_int_ge(
			sd_bus_message_append(message, "sa{sv}as", "org.freedesktop.systemd1.Unit",
				2, "ActiveState", "s", "failed", "SubState", "s", "failed", 0),
			0);
		ck_assert_int_ge(sd_bus_send_to(bus, message, own, NULL), 0);
		sd_bus_message_unref(message);
		ck_assert_int_ge(sd_bus_message_new_signal(bus, &message, "/org/freedesktop/DBus",
					 "org.freedesktop.DBus", "NameOwnerChanged"),
			0);
		ck_assert_int_ge(sd_bus_message_append(
					 message, "sss", "org.freedesktop.systemd1", ":1.0", ""),
			0);
		ck_assert_int_ge(sd_bus_send_to(bus, message, own, NULL), 0);
		sd_bus_message_unref(message);
	}
	pclose(list);
	ck_assert_str_ne(own, "");
	sd_bus_flush_close_unref(bus);
}

START_TEST(only_signals_of_systemd_are_accepted)
{
	struct seen seen, other;

	start_unit("w-forged", "ExecStart=/bin/sleep 1000");
	start_unit("w-true", "ExecStart=/bin/sleep 1000");
	subscribe(&seen, "w-forged");
	subscribe(&other, "w-true");
	ck_assert_int_eq(look(&seen), VIGIL_SERVICE_RUNNING);
	ck_assert_int_eq(look(&other), VIGIL_SERVICE_RUNNING);
	forge("/org/freedesktop/systemd1/unit/w_2dforged_2eservice");
	ck_assert_int_eq(shell("systemctl stop w-true"), 0); /* its signal is the last */
	ck_assert(run(is_signalled, &other, PATIENCE));
	ck_assert_uint_eq(seen.signals, 0);
	ck_assert(unit_monitor_is_valid(seen.unit));
	unsubscribe(&seen);
	unsubscribe(&other);
}
END_TEST

START_TEST(callbacks_may_unsubscribe_anything)
{
	struct seen seen, other;

	start_unit("w-closes", "ExecStart=/bin/sleep 1000");
	for (int self = 0; self < 2; self++) {
		subscribe(&seen, "w-closes");
		subscribe(&other, "w-closes");
		ck_assert(run(try_ask, &seen, PATIENCE));
		ck_assert_int_eq(unit_monitor_query(other.unit, false, PATIENCE), 0);
		seen.closes = self ? &seen : &other;
		ck_assert(run(is_answered, &seen, PATIENCE));
		ck_assert_ptr_null(seen.closes->unit);
		run(is_never, NULL, CLOCK_SECOND / 10);
		ck_assert_uint_eq(self ? other.answers : 0, self);
		unsubscribe(&seen);
		unsubscribe(&other);
	}
	for (int self = 0; self < 2; self++) {
		subscribe(&seen, "w-closes");
		subscribe(&other, "w-closes");
		look(&seen);
		look(&other);
		seen.closes = self ? &seen : &other;
		other.closes = self ? &other : &seen;
		shell("systemctl restart w-closes");
		run(is_never, NULL, CLOCK_SECOND / 2);
		ck_assert_uint_eq(seen.signals + other.signals, self ? 2 : 1);
		unsubscribe(&seen);
		unsubscribe(&other);
	}
	/* at each stage of a query */
	for (unsigned ms = 0; ms < 8; ms++) {
		subscribe(&seen, "w-closes");
		ck_assert(run(try_ask, &seen, PATIENCE));
		run(is_never, NULL, ms * CLOCK_MS);
		unsubscribe(&seen);
	}
}
END_TEST

/* --- disturbances ----------------------------------------------------------------------------- */

static const char *const upheavals[] = {"systemctl daemon-reload", "systemctl daemon-reexec",
	"systemctl restart dbus.service",
	"systemctl stop dbus.socket dbus.service 2>/dev/null; systemctl start dbus.service"};

START_TEST(after_a_disturbance_units_are_queried_again)
{
	struct seen seen, other;
	char command[256];

	start_unit("w-upheaval", "ExecStart=/bin/sleep 1000");
	start_unit("w-upheld", "ExecStart=/bin/sleep 1000");
	subscribe(&seen, "w-upheaval");
	subscribe(&other, "w-upheld");
	ck_assert_int_eq(look(&seen), VIGIL_SERVICE_RUNNING);
	ck_assert_int_eq(look(&other), VIGIL_SERVICE_RUNNING);
	/* the unit stops while this process does not run the loop */
	snprintf(command, sizeof(command), "%s; systemctl stop w-upheaval", upheavals[_i]);
	ck_assert_int_eq(shell("%s", command), 0);
	ck_assert(run(is_signalled, &seen, PATIENCE));
	ck_assert_int_eq(look(&seen), VIGIL_SERVICE_STOPPED);
	ck_assert_uint_eq(other.signals, 0);
	ck_assert_int_eq(look(&other), VIGIL_SERVICE_RUNNING);
	ck_assert(run(is_valid, &other, PATIENCE));
	ck_assert_int_eq(kill(other.answer.pid, SIGKILL), 0);
	ck_assert(run(is_signalled, &other, PATIENCE));
	unsubscribe(&seen);
	unsubscribe(&other);
	await_bus();
}
END_TEST

START_TEST(the_connection_is_lost_during_a_query)
{
	struct seen seen;

	start_unit("w-cut", "ExecStart=/bin/sleep 1000");
	subscribe(&seen, "w-cut");
	look(&seen);
	ck_assert_int_eq(shell("kill -STOP $(systemctl show -P MainPID dbus.service)"), 0);
	ck_assert_int_eq(unit_monitor_query(seen.unit, false, PATIENCE), 0);
	seen.answers = 0;
	run(is_never, NULL, CLOCK_SECOND / 10);
	ck_assert_uint_eq(seen.answers, 0);
	ck_assert_int_eq(shell("kill -KILL $(pgrep -x dbus-daemon)"), 0);
	ck_assert(run(is_answered, &seen, PATIENCE));
	ck_assert(seen.none); /* a worker must be used */
	ck_assert(!unit_monitor_is_valid(seen.unit));
	shell("systemctl reset-failed dbus.service; systemctl start dbus.service");
	await_bus();
	ck_assert_int_eq(look(&seen), VIGIL_SERVICE_RUNNING);
	unsubscribe(&seen);
}
END_TEST

/* The service replaces its main process. The old process still runs, but is no longer the main
 * process. */
START_TEST(a_change_of_the_main_process_without_a_signal)
{
	struct seen seen;
	pid_t before;

	start_unit("w-handover", "Type=notify\nNotifyAccess=all\n"
				 "ExecStart=/bin/bash -c 'sleep 1000 & new=$!; "
				 "trap \"systemd-notify MAINPID=$new; touch /run/w-handed\" USR1; "
				 "systemd-notify --ready; while :; do sleep 0.05; done'");
	subscribe(&seen, "w-handover");
	ck_assert_int_eq(look(&seen), VIGIL_SERVICE_RUNNING);
	before = seen.answer.pid;
	ck_assert_int_eq(shell("kill -STOP $(systemctl show -P MainPID dbus.service)"), 0);
	ck_assert_int_eq(kill(before, SIGUSR1), 0);
	ck_assert_int_eq(shell("until [ -e /run/w-handed ]; do sleep 0.05; done"), 0);
	ck_assert_int_eq(shell("kill -KILL $(pgrep -x dbus-daemon)"), 0);
	run(is_never, NULL, CLOCK_SECOND / 10); /* the connection is lost */
	shell("systemctl reset-failed dbus.service; systemctl start dbus.service");
	await_bus();
	ck_assert_int_eq(kill(before, 0), 0);
	seen.answers = 0;
	ck_assert(run(try_ask_alive, &seen, PATIENCE));
	ck_assert(run(is_answered, &seen, PATIENCE));
	ck_assert_int_ne(seen.answer.pid, before);
	compare(&seen, "w-handover");
	unsubscribe(&seen);
}
END_TEST

START_TEST(without_a_bus_systemd_is_connected_directly)
{
	struct seen seen;

	start_unit("w-private", "ExecStart=/bin/sleep 1000");
	ck_assert_int_eq(shell("systemctl stop dbus.socket dbus.service 2>/dev/null"), 0);
	subscribe(&seen, "w-private");
	ck_assert_int_eq(look(&seen), VIGIL_SERVICE_RUNNING);
	ck_assert(unit_monitor_is_valid(seen.unit));
	ck_assert_int_eq(kill(seen.answer.pid, SIGKILL), 0);
	ck_assert(run(is_signalled, &seen, PATIENCE));
	ck_assert_int_eq(look(&seen), VIGIL_SERVICE_FAILED);
	ck_assert_int_eq(shell("systemctl daemon-reexec; systemctl start w-private"), 0);
	ck_assert(run(is_signalled, &seen, PATIENCE));
	ck_assert_int_eq(look(&seen), VIGIL_SERVICE_RUNNING);
	unsubscribe(&seen);
	ck_assert_int_eq(shell("systemctl start dbus.socket dbus.service"), 0);
	await_bus();
}
END_TEST

START_TEST(a_bus_that_hangs_does_not_block_the_loop)
{
	uint64_t late = clock_now() + PATIENCE;
	struct seen seen, other;

	start_unit("w-hangs", "ExecStart=/bin/sleep 1000");
	subscribe(&seen, "w-hangs");
	subscribe(&other, "w-hangs");
	look(&seen);
	look(&other);
	other.answers = 0;
	ck_assert_int_eq(shell("kill -STOP $(systemctl show -P MainPID dbus.service)"), 0);
	turns = 0;
	seen.answers = 0;
	ck_assert_int_eq(unit_monitor_query(seen.unit, false, CLOCK_SECOND), 0);
	ck_assert(run(is_answered, &seen, PATIENCE));
	ck_assert_uint_gt(turns, 20); /* 200 if the loop has nothing else to do */
	ck_assert(!seen.none);
	ck_assert_int_eq(seen.answer.status, VIGIL_SERVICE_UNKNOWN);
	ck_assert_int_eq(seen.answer.fault, VIGIL_FAULT_TIMEOUT);
	ck_assert_int_eq(seen.answer.error, -ETIMEDOUT);
	/* one query that timed out does not mean that the bus hangs */
	ck_assert_int_eq(unit_monitor_query(other.unit, false, PATIENCE), 0);
	ck_assert(!run(is_answered, &other, CLOCK_SECOND));
	do { /* several do */
		seen.answers = 0;
		if (unit_monitor_query(seen.unit, false, CLOCK_SECOND / 2) != 0)
			break;
		ck_assert(run(is_answered, &seen, PATIENCE));
	} while (clock_now() < late);
	ck_assert_uint_eq(other.answers, 1);
	ck_assert(other.none);
	/* from then on workers are used, until the bus answers */
	ck_assert_int_eq(unit_monitor_query(seen.unit, false, CLOCK_SECOND), -EAGAIN);
	run(is_never, NULL, CLOCK_SECOND);
	ck_assert_int_eq(unit_monitor_query(seen.unit, false, CLOCK_SECOND), -EAGAIN);
	ck_assert_int_eq(shell("kill -CONT $(pgrep -x dbus-daemon)"), 0);
	ck_assert_int_eq(look(&seen), VIGIL_SERVICE_RUNNING);
	unsubscribe(&seen);
	unsubscribe(&other);
}
END_TEST

START_TEST(a_bus_that_does_not_authenticate)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct seen seen;
	char text[256];

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", scratch_path("bus"));
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(fd, 8), 0);
	snprintf(text, sizeof(text), "unix:path=%s", address.sun_path);
	setenv("DBUS_SYSTEM_BUS_ADDRESS", text, 1);
	turns = 0;
	subscribe(&seen, "w-any");
	run(is_never, NULL, CLOCK_SECOND);
	ck_assert_uint_gt(turns, 20);
	ck_assert_int_eq(unit_monitor_query(seen.unit, false, CLOCK_SECOND), -EAGAIN);
	close(fd);
	unsetenv("DBUS_SYSTEM_BUS_ADDRESS"); /* the next attempt finds the real bus */
	start_unit("w-any", "ExecStart=/bin/sleep 1000");
	ck_assert_int_eq(look(&seen), VIGIL_SERVICE_RUNNING);
	unsubscribe(&seen);
}
END_TEST

/* --- a slow systemd --------------------------------------------------------------------------- */

static bool try_ask_briefly(const struct seen *seen)
{
	return unit_monitor_query(seen->unit, false, CLOCK_SECOND) == 0;
}

START_TEST(a_query_that_joins_a_survey_has_its_own_deadline)
{
	struct seen seen;

	fake_systemd_start("w-late.service");
	fake_systemd_order("late 4000");
	subscribe(&seen, "w-late"); /* surveyed when the connection is established */
	ck_assert(run(try_ask_briefly, &seen, PATIENCE));
	ck_assert(run(is_answered, &seen, PATIENCE));
	ck_assert(!seen.none);
	ck_assert_int_eq(seen.answer.fault, VIGIL_FAULT_TIMEOUT); /* and not the late result */
	fake_systemd_order("well");
	ck_assert_int_eq(look(&seen), VIGIL_SERVICE_RUNNING);
	unsubscribe(&seen);
	fake_systemd_end();
}
END_TEST

START_TEST(a_query_that_waits_for_its_turn_has_its_own_deadline)
{
	static struct seen others[32];
	char units[1024] = "w-impatient.service", name[32];
	struct seen seen;

	for (unsigned i = 0; i < 32; i++)
		snprintf(units + strlen(units), sizeof(units) - strlen(units), " w-other%u.service",
			i);
	fake_systemd_start(units);
	for (unsigned i = 0; i < 32; i++) {
		snprintf(name, sizeof(name), "w-other%u", i);
		subscribe(&others[i], name);
	}
	subscribe(&seen, "w-impatient");
	ck_assert(run(try_ask, &seen, PATIENCE));
	ck_assert(run(is_answered, &seen, PATIENCE));
	unit_monitor_invalidate(seen.unit);
	seen.answers = 0;

	/* the rows come after 3 s; the properties of 32 units, which are queried at once, after 6
	 * s */
	fake_systemd_order("late 3000");
	for (unsigned i = 0; i < 32; i++)
		ck_assert_int_eq(unit_monitor_query(others[i].unit, false, PATIENCE), 0);
	ck_assert_int_eq(unit_monitor_query(seen.unit, false, 9 * CLOCK_SECOND / 2), 0);
	ck_assert(run(is_answered, &seen, PATIENCE));
	ck_assert_int_eq(seen.answer.fault, VIGIL_FAULT_TIMEOUT);
	for (unsigned i = 0; i < 32; i++)
		ck_assert_uint_eq(others[i].answers, 0);
	ck_assert(run(is_answered, &others[31], PATIENCE));
	ck_assert_int_eq(others[31].answer.status, VIGIL_SERVICE_RUNNING);
	for (unsigned i = 0; i < 32; i++)
		unsubscribe(&others[i]);
	unsubscribe(&seen);
	fake_systemd_end();
}
END_TEST

/* --- services --------------------------------------------------------------------------------- */

static struct services *services;
static struct worker_pool *worker_pool;
static vigil_service_status status;
static unsigned replies;

static void services_open(void)
{
	const struct worker_pool_limits limits = {
		.workers = 2, .workers_max = 4, .queue_max = 100, .grace = CLOCK_SECOND};

	worker_pool = worker_pool_new(loop, &limits, manager_thread_end);
	services = services_new(loop, worker_pool);
	ck_assert_ptr_nonnull(services);
	replies = 0;
}

static void services_close(void)
{
	worker_pool_free(worker_pool);
	services_free(services);
}

static struct service *open_one(const char *name)
{
	return service_open(
		services, &(vigil_service_spec){.size = sizeof(vigil_service_spec), .name = name});
}

static void on_reply(const vigil_service_reply *reply, void *arg)
{
	replies++;
	status = reply->status;
	loop_stop(loop);
}

static struct service_counts query(struct service *service)
{
	struct service_counts counts;

	ck_assert_ptr_nonnull(service_ask(service, SERVICE_QUERY, on_reply, NULL));
	loop_run(loop);
	services_counts(services, &counts);
	return counts;
}

/* Queries until the reply comes from the monitor, without a worker. */
static uint64_t query_until_batched(struct service *service)
{
	struct service_counts before, after = query(service);

	do {
		before = after;
		after = query(service);
		ck_assert_uint_lt(after.workers + after.cached, 1000);
	} while (after.workers != before.workers || after.batched == before.batched);
	return after.workers;
}

START_TEST(services_use_the_monitor_and_then_workers_again)
{
	struct service *service;
	uint64_t workers;

	put_unit("w-service", "ExecStart=/bin/sleep 1000");
	services_open();
	service = open_one("w-service");
	workers = query_until_batched(service);
	ck_assert_uint_gt(workers, 0);
	ck_assert_int_eq(status, VIGIL_SERVICE_STOPPED);

	/* it is uninstalled: systemd does not know it, and a worker asks the other managers */
	ck_assert_int_eq(shell("rm " UNITS "w-service.service; systemctl daemon-reload"), 0);
	ck_assert_uint_eq(query(service).workers, workers + 1);
	ck_assert_int_eq(status, VIGIL_SERVICE_ABSENT);
	service_close(service);
	services_close();
}
END_TEST

START_TEST(services_may_be_closed_during_a_query)
{
	struct service *service;

	put_unit("w-air", "ExecStart=/bin/sleep 1000");
	services_open();
	service = open_one("w-air");
	query_until_batched(service);
	replies = 0;
	service_cancel(service_ask(service, SERVICE_QUERY, on_reply, NULL));
	service_close(service);
	run(is_never, NULL, CLOCK_SECOND / 10);
	ck_assert_uint_eq(replies, 0);

	/* also if the pool and the services are freed */
	service = open_one("w-air");
	query_until_batched(service);
	replies = 0;
	service_cancel(service_ask(service, SERVICE_QUERY, on_reply, NULL));
	service_close(service);
	services_close();
	ck_assert_uint_eq(replies, 0);
}
END_TEST

SUITE("unit_monitor", setup, teardown)
{
	TIMEOUT(300);
	in_systemd();
	TEST(the_result_equals_that_of_a_worker);
	TEST(a_missing_unit_is_left_to_the_worker);
	TEST(many_units_are_queried_at_once);
	TEST(for_a_live_process_no_properties_are_queried);
	TEST(one_failure_is_one_signal);
	TEST(a_new_process_is_a_change);
	TEST(a_unit_that_changes_all_the_time_does_not_keep_vigild_busy);
	TEST(two_subscriptions_of_a_unit_and_an_alias);
	TEST(only_signals_of_systemd_are_accepted);
	TEST(callbacks_may_unsubscribe_anything);
	LOOP_TEST(after_a_disturbance_units_are_queried_again, COUNT(upheavals));
	TEST(the_connection_is_lost_during_a_query);
	TEST(a_change_of_the_main_process_without_a_signal);
	TEST(without_a_bus_systemd_is_connected_directly);
	TEST(a_bus_that_hangs_does_not_block_the_loop);
	TEST(a_bus_that_does_not_authenticate);
	TEST(a_query_that_joins_a_survey_has_its_own_deadline);
	TEST(a_query_that_waits_for_its_turn_has_its_own_deadline);
	TEST(services_use_the_monitor_and_then_workers_again);
	TEST(services_may_be_closed_during_a_query);
}
