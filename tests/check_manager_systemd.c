/*
 * check_manager_systemd: units of a real systemd in all their states. The test runs itself again
 * under a systemd in separate namespaces, so that the systemd of the machine is not touched.
 */
#include "service/manager.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "in_systemd.h"
#include "scratch.h"
#include "fake_systemd.h"
#include "suite.h"

#define UNITS "/run/systemd/system/"

static struct manager_request request;
static struct manager_reply reply;

/* Writes a unit with these lines, and makes the request about it. */
static void put_unit(const char *name, const char *unit_lines, const char *service_lines)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), UNITS "%s.service", name);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	fprintf(file, "[Unit]\n%s\n[Service]\n%s\n", unit_lines, service_lines);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(shell("systemctl daemon-reload"), 0);
	request = (struct manager_request){.name = (char *)name, .manager = &manager_systemd};
}

static void start_unit(const char *name, const char *service_lines)
{
	put_unit(name, "", service_lines);
	ck_assert_int_eq(shell("systemctl start %s", name), 0);
}

static vigil_service_status ask(double seconds)
{
	memset(&reply, 0xaa, sizeof(reply));
	request.deadline = clock_now() + clock_from_seconds(seconds);
	manager_query(&request, &reply);
	ck_assert((reply.error == 0) == (reply.fault == VIGIL_FAULT_NONE));
	return reply.status;
}

static vigil_service_status query(void)
{
	return ask(60);
}

static int restart(double seconds)
{
	memset(&reply, 0xaa, sizeof(reply));
	request.deadline = clock_now() + clock_from_seconds(seconds);
	manager_restart(&request, &reply);
	ck_assert((reply.error == 0) == (reply.fault == VIGIL_FAULT_NONE));
	return reply.error;
}

/* Queries until this is the status, for at most 60 s. */
static void await(vigil_service_status status)
{
	uint64_t late = clock_now() + 60 * CLOCK_SECOND;

	while (query() != status && clock_now() < late)
		usleep(10000);
	ck_assert_int_eq(reply.status, status);
}

/* As await(), and also for the text. The states in between depend on systemd. */
static void await_text(vigil_service_status status, const char *text)
{
	uint64_t late = clock_now() + 60 * CLOCK_SECOND;

	while ((query() != status || strcmp(reply.text, text) != 0) && clock_now() < late)
		usleep(10000);
	ck_assert_int_eq(reply.status, status);
	ck_assert_str_eq(reply.text, text);
}

/* Kills the main process and returns its pid. */
static pid_t kill_main(void)
{
	pid_t pid;

	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	pid = reply.pid;
	ck_assert_int_gt(pid, 1);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	return pid;
}

static size_t open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

START_TEST(the_life_of_a_service)
{
	pid_t pid;

	start_unit("t-life", "ExecStart=/bin/sleep 1000");
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	ck_assert_ptr_eq(reply.manager, &manager_systemd);
	ck_assert_int_eq(reply.error, 0);
	ck_assert_str_eq(reply.text, "");
	ck_assert_int_eq(
		shell("test \"$(systemctl show -P MainPID t-life)\" = %d", (int)reply.pid), 0);

	pid = kill_main();
	await(VIGIL_SERVICE_FAILED);
	ck_assert_int_eq(reply.error, 0);
	ck_assert_int_eq(reply.pid, 0);
	ck_assert_str_eq(reply.text, "signal");
	ck_assert(!reply.start_limit);

	ck_assert_int_eq(restart(60), 0);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_RUNNING);
	ck_assert_int_ne(reply.pid, pid);
	ck_assert_int_gt(reply.pid, 1);

	ck_assert_int_eq(shell("systemctl stop t-life"), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_STOPPED);
	ck_assert_int_eq(reply.pid, 0);
	request.manager = NULL; /* automatic choice finds it too, by either name */
	request.name = "t-life.service";
	ck_assert_int_eq(restart(60), 0);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_RUNNING);
	ck_assert_ptr_eq(reply.manager, &manager_systemd);
}
END_TEST

START_TEST(a_unit_that_does_not_exist)
{
	request = (struct manager_request){.name = "t-none", .manager = &manager_systemd};
	ck_assert_int_eq(query(), VIGIL_SERVICE_ABSENT);
	ck_assert_int_eq(reply.error, 0);
	ck_assert_int_eq(restart(60), -ENOENT);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_ABSENT);
	request.manager = NULL;
	ck_assert_int_eq(query(), VIGIL_SERVICE_ABSENT);
	ck_assert_ptr_null(reply.manager);

	/* it is uninstalled while it runs: it still runs, and is absent after the stop */
	start_unit("t-removed", "ExecStart=/bin/sleep 1000");
	ck_assert_int_eq(shell("rm " UNITS "t-removed.service; systemctl daemon-reload"), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	ck_assert_str_eq(reply.text, "its unit file is not-found");
	ck_assert_int_eq(shell("systemctl stop t-removed"), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_ABSENT);
}
END_TEST

START_TEST(invalid_unit_names)
{
	char longest[256];

	request = (struct manager_request){.name = "dbus.socket", .manager = &manager_systemd};
	ck_assert_int_eq(query(), VIGIL_SERVICE_UNKNOWN);
	ck_assert_int_eq(reply.error, -EINVAL);
	ck_assert_int_eq(restart(60), -EINVAL);
	memset(longest, 'a', 255);
	longest[255] = '\0';
	request.name = longest;
	ck_assert_int_eq(query(), VIGIL_SERVICE_UNKNOWN);
	ck_assert_int_eq(reply.error, -EINVAL);
	request.name = "t-template@";
	ck_assert_int_eq(query(), VIGIL_SERVICE_UNKNOWN);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_FAILED);
	longest[255 - 8] = '\0';
	request.name = longest;
	ck_assert_int_eq(query(), VIGIL_SERVICE_ABSENT);
}
END_TEST

START_TEST(a_masked_unit)
{
	start_unit("t-masked", "ExecStart=/bin/sleep 1000");
	kill_main();
	await(VIGIL_SERVICE_FAILED);
	ck_assert_int_eq(shell("ln -sf /dev/null " UNITS "t-masked.service; "
			       "systemctl daemon-reload"),
		0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_STOPPED);
	ck_assert_str_eq(reply.hold, "the unit is masked");
	ck_assert_str_eq(reply.text, "masked");
	ck_assert_int_eq(restart(60), -EPERM);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_REFUSED);
	ck_assert_str_eq(reply.text, "the unit is masked");
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_STOPPED);
	ck_assert_str_eq(reply.hold, "the unit is masked");
}
END_TEST

START_TEST(a_unit_with_a_job_in_progress)
{
	put_unit("t-starting", "",
		"Type=notify\nTimeoutStartSec=infinity\nExecStart=/bin/sleep 1000");
	ck_assert_int_eq(shell("systemctl start --no-block t-starting"), 0);
	await_text(VIGIL_SERVICE_STARTING, "start");

	start_unit("t-respawning", "Restart=always\nRestartSec=1h\nExecStart=/bin/sleep 1000");
	kill_main();
	await_text(VIGIL_SERVICE_STARTING, "auto-restart");

	/* it waits for another unit, as during a boot */
	put_unit("t-waiting", "After=t-starting.service", "ExecStart=/bin/sleep 1000");
	ck_assert_int_eq(shell("systemctl start --no-block t-waiting"), 0);
	await_text(VIGIL_SERVICE_STARTING, "a start job is pending");
	ck_assert_int_eq(shell("systemctl kill -s KILL t-starting"), 0);
	await(VIGIL_SERVICE_RUNNING);

	start_unit("t-reloading", "ExecStart=/bin/sleep 1000\nExecReload=/bin/sleep 1000");
	ck_assert_int_eq(shell("systemctl reload --no-block t-reloading"), 0);
	await(VIGIL_SERVICE_RELOADING);
	ck_assert_int_gt(reply.pid, 1);

	start_unit("t-once", "Type=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true");
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	ck_assert_int_eq(reply.pid, 0);
}
END_TEST

START_TEST(a_stop_by_an_admin_is_not_interrupted)
{
	start_unit("t-stopping", "ExecStart=/bin/sleep 1000\nExecStop=/bin/sleep 1000\n"
				 "TimeoutStopSec=infinity");
	ck_assert_int_eq(shell("systemctl stop --no-block t-stopping"), 0);
	await(VIGIL_SERVICE_STOPPING);
	ck_assert_int_eq(restart(60), -EBUSY);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_REFUSED);
	ck_assert_ptr_nonnull(strstr(reply.text, "a stop job is pending"));
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_STOPPING);
}
END_TEST

START_TEST(respawns_are_counted)
{
	pid_t pid;

	start_unit("t-always", "Restart=always\nRestartSec=0\nExecStart=/bin/sleep 1000");
	pid = kill_main();
	do
		await(VIGIL_SERVICE_RUNNING);
	while (reply.pid == pid);
	ck_assert_uint_eq(reply.respawns, 1);
}
END_TEST

START_TEST(a_restart_that_fails)
{
	put_unit("t-false", "", "Type=oneshot\nExecStart=/bin/false");
	ck_assert_int_eq(restart(60), -EIO);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_FAILED);
	ck_assert_str_eq(reply.text, "it could not be started: exit-code");
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_FAILED);

	/* for systemd it has started, but it ends before the query */
	put_unit("t-brief", "", "Type=forking\nExecStart=/bin/true");
	ck_assert_int_eq(restart(60), -EIO);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_FAILED);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_STOPPED);
	ck_assert_str_eq(
		reply.text, "restarted, but its status right afterwards was stopped: dead");

	put_unit("t-needy", "Requires=t-false.service\nAfter=t-false.service",
		"ExecStart=/bin/sleep 1000");
	ck_assert_int_eq(restart(60), -EIO);
	ck_assert_ptr_nonnull(strstr(reply.text, "a unit that it needs"));
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_STOPPED);

	put_unit("t-late", "", "Type=notify\nTimeoutStartSec=100ms\nExecStart=/bin/sleep 1000");
	ck_assert_int_eq(restart(60), -EIO);
	ck_assert_ptr_nonnull(strstr(reply.text, "timeout"));

	put_unit("t-wrong", "", "ExecStart=");
	ck_assert_int_eq(query(), VIGIL_SERVICE_STOPPED);
	ck_assert_str_eq(reply.text, "its unit file is bad-setting");
	ck_assert_int_lt(restart(60), 0);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_FAILED);
}
END_TEST

START_TEST(the_start_limit_is_reported)
{
	char lines[256];
	int i;

	snprintf(lines, sizeof(lines),
		"Type=oneshot\nRemainAfterExit=yes\nExecStart=/bin/ls %s/mended", scratch);
	put_unit("t-limit", "StartLimitBurst=3\nStartLimitIntervalSec=1h", lines);
	for (i = 0; i < 3; i++) {
		ck_assert_int_eq(restart(60), -EIO);
		ck_assert(!reply.start_limit);
	}
	scratch_put("mended", 0644, "at last");
	ck_assert_int_eq(restart(60), -EIO);
	ck_assert(reply.start_limit);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_FAILED);
	ck_assert_str_eq(reply.text, "it could not be started: start-limit-hit");

	request.reset_failed = true;
	ck_assert_int_eq(restart(60), 0);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_RUNNING);
	ck_assert(!reply.start_limit);
}
END_TEST

START_TEST(the_start_limit_of_a_unit_that_did_not_fail)
{
	int i;

	put_unit("t-limit-fine", "StartLimitBurst=3\nStartLimitIntervalSec=1h",
		"ExecStart=/bin/sleep 1000");
	for (i = 0; i < 3; i++)
		ck_assert_int_eq(restart(60), 0);
	ck_assert_int_eq(restart(60), -EIO);
	ck_assert(reply.start_limit);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_FAILED);
	ck_assert_int_eq(query(), VIGIL_SERVICE_FAILED);
	ck_assert(reply.start_limit); /* systemd itself reports this permanently */
	ck_assert_str_eq(reply.text, "start-limit-hit");
	request.reset_failed = true;
	ck_assert_int_eq(restart(60), 0);
}
END_TEST

START_TEST(a_restart_that_hangs)
{
	put_unit("t-hang", "", "Type=notify\nTimeoutStartSec=infinity\nExecStart=/bin/sleep 1000");
	/* systemd sets no limit, so the job is in progress and has not failed */
	ck_assert_int_eq(restart(0.5), 0);
	ck_assert(reply.in_progress);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_STARTING);
	ck_assert(isinf(reply.busy_limit));
	ck_assert_int_eq(restart(-1), -ETIMEDOUT);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_STARTING);
	ck_assert_int_eq(ask(-1), VIGIL_SERVICE_UNKNOWN);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_TIMEOUT);
}
END_TEST

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

SUITE("manager_systemd", scratch_setup, scratch_teardown)
{
	TIMEOUT(300);
	in_systemd();
	TEST(the_life_of_a_service);
	TEST(a_unit_that_does_not_exist);
	TEST(invalid_unit_names);
	TEST(a_masked_unit);
	TEST(a_unit_with_a_job_in_progress);
	TEST(a_stop_by_an_admin_is_not_interrupted);
	TEST(respawns_are_counted);
	TEST(a_restart_that_fails);
	TEST(the_start_limit_is_reported);
	TEST(the_start_limit_of_a_unit_that_did_not_fail);
	TEST(a_restart_that_hangs);
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
