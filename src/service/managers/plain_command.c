/*
 * plain_command: the manager "command", command lines of the admin for a service that no other
 * manager knows.
 *
 * The first command reports the status with its exit status: 0 running, 1 or 3 stopped, 4 not
 * installed. Any other exit status means that the command failed, and the status is unknown,
 * because a mistyped path must not cause the restart of a healthy service. The other
 * commands restart, start and stop the service, and exit with 0. Without start_command, a service
 * that is down is started by restart_command; without stop_command, it cannot be stopped. The
 * configuration may name a pidfile in addition.
 */
#include "service/managers/plain_command.h"

#include <errno.h>
#include <stdio.h>

#include "base/error.h"
#include "process/spawn.h"
#include "service/pidfile.h"

static bool command_present(const struct manager_request *request)
{
	return request->status_command && request->status_command[0];
}

static bool is_set(char **argv)
{
	return argv != NULL && argv[0] != NULL;
}

/* Runs the command of an option. Returns as manager_run does. */
static int run(const struct manager_request *request, char **argv, const char *option,
	struct spawn_result *result, struct manager_reply *reply)
{
	struct spawn spawn = {.argv = (const char *const *)argv, .merge_stderr = true};

	if (!is_set(argv)) {
		manager_fault(reply, -EINVAL, VIGIL_FAULT_FAILED, "%s is not set", option);
		return -1;
	}
	return manager_run(request, &spawn, argv != request->status_command, result, reply);
}

/* Sets the text to the output of the command, or to its exit status if it printed nothing. */
static void explain(struct manager_reply *reply, const char *option, int code,
	const struct spawn_result *result)
{
	manager_tail(reply->text, result);
	if (!*reply->text)
		snprintf(
			reply->text, sizeof(reply->text), "%s exited with status %d", option, code);
}

/* Maps the exit status to the status of the service. 1 means stopped, because most programs use
 * it for "no". */
static enum evidence_word word_of(int code)
{
	switch (code) {
	case 0: return WORD_UP;
	case 1:
	case 3: return WORD_DOWN;
	case 4: return WORD_ABSENT;
	default: return WORD_NONE;
	}
}

void plain_command_take(int code, const struct spawn_result *result, struct evidence *e,
	struct manager_reply *reply)
{
	e->basis = BASIS_CHECKED;
	e->said = reply->text;
	e->word = code > 0 && error_is_printed(result->output) ? WORD_NONE : word_of(code);
	if (code > 0 && e->word == WORD_NONE)
		manager_fault(reply, -EIO, VIGIL_FAULT_FAILED, "%s", "");
	if (code > 0 && e->word != WORD_ABSENT)
		explain(reply, "status_command", code, result);
}

static void command_query(const struct manager_request *request, struct manager_reply *reply)
{
	struct evidence e = manager_evidence(request, "status_command");
	struct spawn_result result;
	struct pidfile pidfile;
	int code = run(request, request->status_command, "status_command", &result, reply);

	plain_command_take(code, &result, &e, reply);
	if (request->pidfile != NULL && e.word != WORD_ABSENT) {
		pidfile_look(request->pidfile, request->name, &request->memory.seen, &pidfile);
		manager_add_pidfile(reply, &e, &pidfile);
	}
	manager_conclude(reply, &e);
}

static void command_apply(enum manager_change change, const struct manager_request *request,
	struct manager_reply *reply)
{
	const struct {
		const char *option;
		char **argv;
	} commands[] = {
		[MANAGER_RESTART] = {"restart_command", request->restart_command},
		[MANAGER_START] = {"start_command", request->start_command},
		[MANAGER_STOP] = {"stop_command", request->stop_command},
		[MANAGER_RELOAD] = {"reload_command", request->reload_command},
	};
	char **argv = commands[change].argv;
	const char *option = commands[change].option;
	struct spawn_result result;
	int code;

	if ((change == MANAGER_STOP || change == MANAGER_RELOAD) && !is_set(argv)) {
		manager_fault(reply, -ENOTSUP, VIGIL_FAULT_REFUSED,
			"vigild cannot %s it, because %s is not set", manager_change_name(change),
			option);
		return;
	}
	if (change == MANAGER_START && !is_set(argv)) {
		argv = request->restart_command;
		option = "restart_command";
	}
	code = run(request, argv, option, &result, reply);
	if (code > 0) {
		manager_fault(reply, -EIO, VIGIL_FAULT_FAILED, "%s", "");
		explain(reply, option, code, &result);
	}
}

const struct manager manager_command = {
	.name = "command",
	.basis = BASIS_CHECKED,
	.present = command_present,
	.query = command_query,
	.apply = command_apply,
};
