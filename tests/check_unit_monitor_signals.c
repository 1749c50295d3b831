/*
 * check_unit_monitor_signals: the signals of a real systemd, and a bus that is restarted, lost or
 * hangs. The test runs itself again under a systemd in separate namespaces, so that the systemd of
 * the machine is not touched.
 */
#include "service/systemd/unit_monitor.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <systemd/sd-bus.h>

#include "fixture_unit_monitor.h"

static bool is_signalled(const struct seen *seen)
{
	return seen->signals > 0;
}

static bool try_ask_alive(const struct seen *seen)
{
	return unit_monitor_query(seen->unit, true, 10 * CLOCK_SECOND) == 0;
}

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

SUITE("unit_monitor_signals", setup, teardown)
{
	TIMEOUT(300);
	in_systemd();
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
}
