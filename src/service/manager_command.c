/*
 * manager_command: two command lines of the admin's, for whatever no other manager knows.
 *
 * The first says how the service is by its exit status: 0 running, 3 stopped, 4 not installed,
 * as init scripts do.  Anything else is a command that failed, and no answer: a mistyped path
 * must not get a healthy service restarted.  The second restarts it and exits 0.  A pidfile may
 * be named beside them; a process that it says is dead outranks the command.
 */
#include "service/manager.h"

#include <errno.h>
#include <stdio.h>

#include "loop/spawn.h"
#include "service/pidfile.h"

static bool command_present(const struct manager_request *request)
{
	return request->status_command && request->status_command[0];
}

/* Runs it, with its exit status as manager_run's. */
static int run(const struct manager_request *request, char **argv, const char *option,
	struct spawn_result *result, struct manager_reply *reply)
{
	struct spawn spawn = {.argv = (const char *const *)argv, .merge_stderr = true};

	if (!argv || !argv[0]) {
		manager_fault(reply, -EINVAL, VIGIL_FAULT_FAILED, "%s is not set", option);
		return -1;
	}
	return manager_run(request, &spawn, argv == request->restart_command, result, reply);
}

/* What it printed, or else its exit status. */
static void explain(struct manager_reply *reply, const char *option, int code,
	const struct spawn_result *result)
{
	manager_tail(reply->text, result);
	if (!*reply->text)
		snprintf(reply->text, sizeof(reply->text), "%s exits %d", option, code);
}

static void command_query(const struct manager_request *request, struct manager_reply *reply)
{
	struct spawn_result result;
	struct pidfile pidfile;
	int code = run(request, request->status_command, "status_command", &result, reply);

	switch (code) {
	case -1: break;
	case 0: reply->status = VIGIL_SERVICE_RUNNING; break;
	case 3: reply->status = VIGIL_SERVICE_STOPPED; break;
	case 4: reply->status = VIGIL_SERVICE_ABSENT; break;
	default: manager_fault(reply, -EIO, VIGIL_FAULT_FAILED, "%s", "");
	}
	if (code > 0 && code != 4)
		explain(reply, "status_command", code, &result);
	if (request->pidfile) {
		pidfile_look(request->pidfile, request->name, &request->seen, &pidfile);
		manager_judge_pid(reply, &pidfile);
	}
}

static void command_restart(const struct manager_request *request, struct manager_reply *reply)
{
	struct spawn_result result;
	int code = run(request, request->restart_command, "restart_command", &result, reply);

	if (code > 0) {
		manager_fault(reply, -EIO, VIGIL_FAULT_FAILED, "%s", "");
		explain(reply, "restart_command", code, &result);
	}
}

const struct manager manager_command = {
	.name = "command",
	.present = command_present,
	.query = command_query,
	.restart = command_restart,
};
