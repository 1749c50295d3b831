/* check_manager_command: services with a status_command and a restart_command. */
#include "service/manager.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "scratch.h"
#include "suite.h"

static struct manager_request request;
static struct manager_reply reply;
static char *status[] = {"/bin/sh", "-c", NULL, NULL};
static char *restart[] = {"/bin/sh", "-c", NULL, NULL};

static void setup(void)
{
	scratch_setup();
	request = (struct manager_request){.name = "thing",
		.manager = &manager_command,
		.status_command = status,
		.restart_command = restart};
	status[2] = restart[2] = "exit 0";
}

static vigil_service_status query(char *line)
{
	status[2] = line;
	memset(&reply, 0, sizeof(reply));
	request.deadline = clock_now() + 30 * CLOCK_SECOND;
	manager_command.query(&request, &reply);
	ck_assert((reply.error == 0) == (reply.fault == VIGIL_FAULT_NONE));
	return reply.status;
}

static int ask_restart(char *line, double seconds)
{
	restart[2] = line;
	memset(&reply, 0, sizeof(reply));
	request.deadline = clock_now() + clock_from_seconds(seconds);
	manager_command.restart(&request, &reply);
	ck_assert((reply.error == 0) == (reply.fault == VIGIL_FAULT_NONE));
	return reply.error;
}

START_TEST(the_exit_status_is_the_status_of_the_service)
{
	ck_assert_int_eq(query("echo fine"), VIGIL_SERVICE_RUNNING);
	ck_assert_str_eq(reply.text, "");
	ck_assert_int_eq(query("echo at rest; exit 3"), VIGIL_SERVICE_STOPPED);
	ck_assert_int_eq(reply.error, 0);
	ck_assert_str_eq(reply.text, "at rest");
	ck_assert_int_eq(query("exit 4"), VIGIL_SERVICE_ABSENT);
	ck_assert_int_eq(reply.error, 0);
	ck_assert_int_eq(query("echo 'no process' >&2; exit 1"), VIGIL_SERVICE_STOPPED);
	ck_assert_int_eq(reply.error, 0);
	ck_assert_str_eq(reply.text, "no process");
	ck_assert_int_eq(query("echo 'no such file' >&2; exit 2"), VIGIL_SERVICE_UNKNOWN);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_FAILED);
	ck_assert_str_eq(reply.text, "no such file");
	ck_assert_int_eq(query("exit 127"), VIGIL_SERVICE_UNKNOWN);
	ck_assert_str_eq(reply.text, "status_command exited with status 127");
	ck_assert_int_eq(query("kill -15 $$"), VIGIL_SERVICE_UNKNOWN);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_FAILED);
}
END_TEST

START_TEST(a_dead_process_overrules_the_command)
{
	char line[128];

	request.pidfile = scratch_path("pid");
	ck_assert_int_eq(query("exit 0"), VIGIL_SERVICE_RUNNING);
	ck_assert_int_eq(reply.pid, 0);
	scratch_put("pid", 0644, "%d\n", (int)getpid());
	ck_assert_int_eq(query("exit 0"), VIGIL_SERVICE_RUNNING);
	ck_assert_int_eq(reply.pid, getpid());
	snprintf(line, sizeof(line), "echo $$ >%s/pid", scratch);
	ck_assert_int_eq(system(line), 0);
	ck_assert_int_eq(query("exit 0"), VIGIL_SERVICE_FAILED);
	ck_assert_int_eq(query("exit 3"), VIGIL_SERVICE_FAILED);
	ck_assert_int_eq(query("exit 1"), VIGIL_SERVICE_FAILED);
	ck_assert_int_eq(query("exit 4"), VIGIL_SERVICE_ABSENT);
}
END_TEST

/* Without a pidfile, no exit status distinguishes a clean stop from a crash. */
START_TEST(only_a_pidfile_shows_a_clean_stop)
{
	ck_assert_int_eq(query("exit 3"), VIGIL_SERVICE_STOPPED);
	ck_assert(reply.unclear_stop);
	ck_assert_int_eq(query("exit 1"), VIGIL_SERVICE_STOPPED);
	ck_assert(reply.unclear_stop);
	ck_assert_int_eq(query("exit 0"), VIGIL_SERVICE_RUNNING);
	ck_assert(!reply.unclear_stop);
	request.pidfile = scratch_path("pid");
	ck_assert_int_eq(query("exit 3"), VIGIL_SERVICE_STOPPED);
	ck_assert(!reply.unclear_stop);
}
END_TEST

START_TEST(a_restart_runs_the_command)
{
	ck_assert_int_eq(ask_restart("echo done", 30), 0);
	ck_assert_int_eq(ask_restart("echo first; echo no licence; exit 2", 30), -EIO);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_FAILED);
	ck_assert_str_eq(reply.text, "first\nno licence");
	ck_assert_int_eq(ask_restart("exit 3", 30), -EIO);
	ck_assert_str_eq(reply.text, "restart_command exited with status 3");
	ck_assert_int_eq(ask_restart("exec sleep 1000", 0.2), -ETIMEDOUT);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_TIMEOUT);
}
END_TEST

START_TEST(missing_commands_are_reported)
{
	char *missing[] = {"/no/such/command", NULL}, *nothing[] = {NULL};

	ck_assert(manager_command.present(&request));
	request.status_command = request.restart_command = missing;
	ck_assert_int_eq(query(""), VIGIL_SERVICE_UNKNOWN);
	ck_assert_int_eq(reply.error, -ENOENT);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_FAILED);
	ck_assert_int_eq(ask_restart("", 30), -ENOENT);
	request.status_command = nothing;
	ck_assert(!manager_command.present(&request));
	request.status_command = request.restart_command = NULL;
	ck_assert(!manager_command.present(&request));
	ck_assert_int_eq(query(""), VIGIL_SERVICE_UNKNOWN);
	ck_assert_str_eq(reply.text, "status_command is not set");
	ck_assert_int_eq(ask_restart("", 30), -EINVAL);
	ck_assert_str_eq(reply.text, "restart_command is not set");
}
END_TEST

SUITE("manager_command", setup, scratch_teardown)
{
	TIMEOUT(120);
	TEST(the_exit_status_is_the_status_of_the_service);
	TEST(a_dead_process_overrules_the_command);
	TEST(only_a_pidfile_shows_a_clean_stop);
	TEST(a_restart_runs_the_command);
	TEST(missing_commands_are_reported);
}
