/*
 * check_manager_systemd_bus: the manager systemd when the bus or systemd is restarted, missing,
 * silent or wrong. The test runs under a systemd in separate namespaces, as check_manager_systemd.c
 * does.
 */
#include "fake_systemd.h"
#include "fixture_manager_systemd.h"

/* --- the bus ---------------------------------------------------------------------------------- */

START_TEST(each_thread_has_one_connection)
{
	size_t before = open_descriptors(), during;
	int i;

	start_unit("t-often", "ExecStart=/bin/sleep 1000");
	query();
	during = open_descriptors();
	for (i = 0; i < 200; i++)
		ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	ck_assert_uint_eq(open_descriptors(), during);
	ck_assert_uint_gt(during, before);
	manager_thread_end();
	ck_assert_uint_eq(open_descriptors(), before);
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	manager_thread_end();
}
END_TEST

START_TEST(a_bus_that_was_restarted)
{
	start_unit("t-bus", "ExecStart=/bin/sleep 1000");
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	ck_assert_int_eq(shell("systemctl restart dbus.service"), 0);
	await_bus();
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	ck_assert_int_eq(shell("systemctl restart dbus.service"), 0);
	await_bus();
	ck_assert_int_eq(restart(60), 0);
}
END_TEST

START_TEST(a_missing_bus)
{
	start_unit("t-private", "ExecStart=/bin/sleep 1000");
	ck_assert_int_eq(shell("systemctl stop dbus.socket dbus.service 2>/dev/null"), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	kill_main();
	await(VIGIL_SERVICE_FAILED);
	ck_assert_int_eq(restart(60), 0);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_RUNNING);
	put_unit("t-private-false", "", "Type=oneshot\nExecStart=/bin/false");
	ck_assert_int_eq(restart(60), -EIO);
	ck_assert_str_eq(reply.text, "it could not be started: exit-code");
	ck_assert_int_eq(shell("systemctl start dbus.socket dbus.service"), 0);
	await_bus();
}
END_TEST

START_TEST(a_bus_that_does_not_answer)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char text[256];

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", scratch_path("bus"));
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(fd, 8), 0);
	snprintf(text, sizeof(text), "unix:path=%s", address.sun_path);
	setenv("DBUS_SYSTEM_BUS_ADDRESS", text, 1);
	request = (struct manager_request){.name = "t-any", .manager = &manager_systemd};
	ck_assert_int_eq(ask(0.3), VIGIL_SERVICE_UNKNOWN);
	ck_assert_int_eq(reply.error, -ETIMEDOUT);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_TIMEOUT);
	request.manager = NULL; /* and no other manager is asked */
	ck_assert_int_eq(ask(0.3), VIGIL_SERVICE_UNKNOWN);
	ck_assert_ptr_eq(reply.manager, &manager_systemd);

	close(fd); /* nothing listens any more */
	ck_assert_int_eq(ask(60), VIGIL_SERVICE_UNKNOWN);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_FAILED);
	unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
	ck_assert_int_eq(query(), VIGIL_SERVICE_ABSENT);
}
END_TEST

START_TEST(a_systemd_that_does_not_answer)
{
	/* a real bus without systemd */
	FILE *address;
	char text[256];
	pid_t bus;

	ck_assert_int_eq(shell("dbus-daemon --session --fork --print-address=1 --print-pid=1 "
			       ">%s/bus",
				 scratch),
		0);
	address = fopen(scratch_path("bus"), "r");
	ck_assert_int_eq(fscanf(address, "%255s %d", text, &bus), 2);
	fclose(address);
	setenv("DBUS_SYSTEM_BUS_ADDRESS", text, 1);
	request = (struct manager_request){.name = "t-any", .manager = &manager_systemd};
	ck_assert_int_eq(ask(60), VIGIL_SERVICE_UNKNOWN);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_FAILED);

	/* and a bus that was stopped while a connection was open */
	ck_assert_int_eq(kill(bus, SIGSTOP), 0);
	ck_assert_int_eq(ask(0.3), VIGIL_SERVICE_UNKNOWN);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_TIMEOUT);
	kill(bus, SIGKILL);
}
END_TEST

/* --- a systemd that misbehaves ---------------------------------------------------------------- */

START_TEST(false_replies_do_not_cause_a_restart)
{
	int i;

	fake_systemd_start("t-any.service");
	request = (struct manager_request){.name = "t-any", .manager = &manager_systemd};
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	ck_assert_int_eq(restart(60), 0);
	fake_systemd_order("crash t-any.service");
	await(VIGIL_SERVICE_FAILED);
	fake_systemd_order("lying");
	for (i = 0; i < 64; i++) /* eight kinds of false replies in each order */
		ck_assert(!vigil_service_is_down(query()));
	fake_systemd_order("well");
	ck_assert_int_eq(query(), VIGIL_SERVICE_FAILED);
	fake_systemd_end();
}
END_TEST

START_TEST(errors_are_reported_as_they_are)
{
	unsigned denied = 0;
	int i;

	fake_systemd_start("t-any.service");
	request = (struct manager_request){.name = "t-any", .manager = &manager_systemd};
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	fake_systemd_order("erring");
	for (i = 0; i < 16; i++) { /* eight errors, twice each, one of which is a denial */
		ck_assert_int_eq(query(), VIGIL_SERVICE_UNKNOWN);
		ck_assert_int_ne(reply.error, 0);
		ck_assert_int_ne(reply.fault, VIGIL_FAULT_TIMEOUT);
		denied += reply.fault == VIGIL_FAULT_DENIED;
	}
	ck_assert_uint_ge(denied, 2); /* a retry may get another error */
	fake_systemd_order("mortal");
	ck_assert_int_eq(query(), VIGIL_SERVICE_UNKNOWN); /* the fake systemd exits at this query */
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_FAILED);
	fake_systemd_end();
}
END_TEST

START_TEST(a_user_who_is_not_root_is_denied)
{
	pid_t pid;

	start_unit("t-denied", "ExecStart=/bin/sleep 1000");
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	pid = reply.pid;
	manager_thread_end();
	ck_assert_int_eq(seteuid(65534), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING); /* queries are permitted */
	ck_assert_int_eq(reply.pid, pid);
	ck_assert_int_eq(restart(60), -EACCES);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_DENIED);
	ck_assert_ptr_nonnull(strstr(reply.text, "polkit does not let nobody restart "
						 "t-denied.service: add \"t-denied.service\""));
	ck_assert_ptr_nonnull(strstr(reply.text, "/rules.d/50-vigil.rules"));
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_RUNNING);
	ck_assert_int_eq(reply.pid, pid);
	ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

/* --- disturbances during a restart ------------------------------------------------------------ */

static const char *const upheavals[] = {"systemctl daemon-reload", "systemctl daemon-reexec",
	"systemctl restart dbus.service",
	"systemctl stop dbus.service 2>/dev/null; systemctl start dbus.service",
	"systemctl stop dbus.socket dbus.service; sleep 1; systemctl start dbus.service"};

static void *restart_elsewhere(void *arg)
{
	static int error;

	(void)arg;
	error = restart(120);
	manager_thread_end();
	return &error;
}

START_TEST(a_restart_succeeds_despite_a_disturbance)
{
	char lines[256], name[32];
	pthread_t thread;
	void *error;

	/* With a given address, vigild does not connect to systemd directly while the bus is
	 * away. */
	setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/run/dbus/system_bus_socket", 1);
	snprintf(name, sizeof(name), "t-upheaval-%d", _i);
	snprintf(lines, sizeof(lines),
		"ExecStartPre=/bin/sh -c 'read x <%s; true'\nTimeoutStartSec=infinity\n"
		"ExecStart=/bin/sleep 1000",
		scratch_path("go"));
	put_unit(name, "", lines);
	ck_assert_int_eq(shell("mkfifo %s", scratch_path("go")), 0);
	ck_assert_int_eq(pthread_create(&thread, NULL, restart_elsewhere, NULL), 0);
	ck_assert_int_eq(
		shell("until systemctl is-active %s | grep -q activating; do sleep 0.05; done",
			name),
		0);
	ck_assert_int_eq(shell("%s", upheavals[_i]), 0);
	await_bus();
	close(open(scratch_path("go"), O_WRONLY));
	pthread_join(thread, &error);
	ck_assert_int_eq(*(int *)error, 0);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_RUNNING);
}
END_TEST

SUITE("manager_systemd_bus", scratch_setup, scratch_teardown)
{
	TIMEOUT(300);
	in_systemd();
	TEST(each_thread_has_one_connection);
	TEST(a_bus_that_was_restarted);
	TEST(a_missing_bus);
	TEST(a_bus_that_does_not_answer);
	TEST(a_systemd_that_does_not_answer);
	TEST(false_replies_do_not_cause_a_restart);
	TEST(errors_are_reported_as_they_are);
	TEST(a_user_who_is_not_root_is_denied);
	LOOP_TEST(a_restart_succeeds_despite_a_disturbance, COUNT(upheavals));
}
