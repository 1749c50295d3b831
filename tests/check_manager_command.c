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
	manager_command.apply(MANAGER_RESTART, &request, &reply);
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

static int apply(enum manager_change change)
{
	memset(&reply, 0, sizeof(reply));
	request.deadline = clock_now() + 30 * CLOCK_SECOND;
	manager_apply(change, &request, &reply);
	return reply.error;
}

START_TEST(commands_start_and_stop_a_service)
{
	static char *start[] = {"start", NULL}, *stop[] = {"stop", NULL};
	char line[128];

	snprintf(line, sizeof(line), "test -f %s/up || exit 3", scratch);
	status[2] = line;
	restart[0] = scratch_put(
		"again", 0755, "#!/bin/sh\ntouch %s/up %s/again-ran\n", scratch, scratch);
	restart[1] = NULL;
	/* without start_command, a service that is down is restarted */
	ck_assert_int_eq(apply(MANAGER_START), 0);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_RUNNING);
	ck_assert(scratch_has("again-ran"));
	ck_assert_int_eq(apply(MANAGER_STOP), -ENOTSUP);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_REFUSED);
	ck_assert_str_eq(reply.text, "vigild cannot stop it, because stop_command is not set");
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_RUNNING);

	start[0] = strdup(scratch_put(
		"start", 0755, "#!/bin/sh\ntouch %s/up %s/start-ran\n", scratch, scratch));
	stop[0] = strdup(scratch_put("stop", 0755, "#!/bin/sh\nrm %s/up\n", scratch));
	request.start_command = start;
	request.stop_command = stop;
	ck_assert_int_eq(apply(MANAGER_STOP), 0);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_STOPPED);
	ck_assert(!reply.unclear_stop);
	ck_assert(!scratch_has("start-ran"));
	ck_assert_int_eq(apply(MANAGER_START), 0);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_RUNNING);
	ck_assert(scratch_has("start-ran"));
	free(start[0]);
	free(stop[0]);
}
END_TEST

START_TEST(a_command_reloads_a_service_that_runs)
{
	static char *reload[] = {"reload", NULL};
	char line[128];

	snprintf(line, sizeof(line), "test -f %s/up || exit 3", scratch);
	status[2] = line;
	ck_assert_int_eq(apply(MANAGER_RELOAD), -ESRCH);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_REFUSED);
	ck_assert_ptr_nonnull(strstr(reply.text, "and it is stopped"));
	scratch_put("up", 0644, "%s", "");
	ck_assert_int_eq(apply(MANAGER_RELOAD), -ENOTSUP);
	ck_assert_str_eq(reply.text, "vigild cannot reload it, because reload_command is not set");
	reload[0] =
		strdup(scratch_put("reload", 0755, "#!/bin/sh\ntouch %s/reload-ran\n", scratch));
	request.reload_command = reload;
	ck_assert_int_eq(apply(MANAGER_RELOAD), 0);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_RUNNING);
	ck_assert(scratch_has("reload-ran"));
	free(reload[0]);
	request.reload_command = NULL;
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
	TEST(commands_start_and_stop_a_service);
	TEST(a_command_reloads_a_service_that_runs);
	TEST(missing_commands_are_reported);
}
