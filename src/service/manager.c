/*
 * manager: the choice among the service managers, and the code that they share.
 *
 * Each manager implements the query and the changes. This file has the parts that are the same
 * for all of them: which manager is asked if the configuration does not name one, how evidence is
 * collected, and how the result of a program that a manager runs becomes a fault. manager_change.c
 * has the restart, the start and the stop.
 *
 * Calls share no state except the table of managers (manager_table.c), which does not change.
 */
#include "service/manager_internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/error.h"
#include "base/signal_name.h"
#include "base/trust_command.h"
#include "process/spawn.h"
#include "process/task_limit.h"
#include "service/pidfile.h"

/* --- the choice ------------------------------------------------------------------------------- */

void manager_reply_clear(struct manager_reply *reply, const struct manager_request *request,
	const struct manager *manager)
{
	memset(reply, 0, sizeof(*reply));
	reply->manager = manager;
	reply->status = VIGIL_SERVICE_UNKNOWN;
	reply->fault = VIGIL_FAULT_NONE;
	reply->memory = request->memory;
}

void manager_ask(const struct manager *manager, const struct manager_request *request,
	struct manager_reply *reply)
{
	manager_reply_clear(reply, request, manager);
	manager->query(request, reply);
}

void manager_query(const struct manager_request *request, struct manager_reply *reply)
{
	const struct manager *manager;
	size_t i;

	if (request->manager) {
		manager_ask(request->manager, request, reply);
		return;
	}
	for (i = 0; (manager = manager_at(i)) != NULL; i++) {
		if (!manager->present(request))
			continue;
		manager_ask(manager, request, reply);
		if (reply->status != VIGIL_SERVICE_ABSENT)
			return;
	}
	manager_reply_clear(reply, request, NULL);
	reply->status = VIGIL_SERVICE_ABSENT;
}

void manager_thread_end(void)
{
	const struct manager *manager;
	size_t i;

	for (i = 0; (manager = manager_at(i)) != NULL; i++)
		if (manager->thread_end)
			manager->thread_end();
}

void manager_fault(
	struct manager_reply *reply, int error, vigil_service_fault fault, const char *format, ...)
{
	va_list ap;

	reply->error = error;
	reply->fault = fault;
	va_start(ap, format);
	vsnprintf(reply->text, sizeof(reply->text), format, ap);
	va_end(ap);
}

/* --- evidence --------------------------------------------------------------------------------- */

struct evidence manager_evidence(const struct manager_request *request, const char *witness)
{
	return (struct evidence){.witness = witness,
		.said = "",
		.named_by = "",
		.runner_verb = "",
		.died = request->memory.died,
		.stop_seen = request->memory.stop_seen,
		.pidfile_seen = request->memory.seen.pid > 0};
}

void manager_add_pidfile(
	struct manager_reply *reply, struct evidence *e, const struct pidfile *pidfile)
{
	static const enum evidence_process process[] = {
		[PIDFILE_NONE] = PROCESS_UNNAMED,
		[PIDFILE_DISTRUST] = PROCESS_DISTRUSTED,
		[PIDFILE_DEAD] = PROCESS_DEAD,
		[PIDFILE_ALIVE] = PROCESS_ALIVE,
		[PIDFILE_UNKNOWN] = PROCESS_UNNAMED,
	};

	/* If there is no file, keep a lack of resources that was found before. */
	if (pidfile->verdict != PIDFILE_NONE) {
		snprintf(e->why, sizeof(e->why), "%s", pidfile->why);
		e->own_error = pidfile->error;
	}
	e->place_known = true;
	if (pidfile->verdict == PIDFILE_DISTRUST && e->process == PROCESS_ALIVE)
		return; /* the pid that the manager reports is better than none */
	if (pidfile->verdict == PIDFILE_DEAD && e->process == PROCESS_ALIVE &&
		pidfile_is_older(pidfile, e->pid)) {
		e->why[0] = '\0'; /* the pidfile is about the previous process */
		return;
	}
	e->process = process[pidfile->verdict];
	e->pid = pidfile->pid;
	e->named_by = "the pidfile";
	if (pidfile->verdict == PIDFILE_ALIVE)
		reply->memory.seen = pidfile->seen;
}

/* Updates the memory that somebody stopped the service: a script that stops it sets the memory,
 * a running or starting service clears it. */
static void remember_stop(struct manager_reply *reply, const struct evidence *e)
{
	if (e->runner > 0 && strstr(e->runner_verb, "stop") != NULL)
		reply->memory.stop_seen = true;
	else if (reply->status == VIGIL_SERVICE_RUNNING || reply->status == VIGIL_SERVICE_STARTING)
		reply->memory.stop_seen = false;
}

void manager_evaluate(struct manager_reply *reply, const struct evidence *e)
{
	struct verdict verdict;

	evidence_describe(e, reply->evidence, sizeof(reply->evidence));
	if (reply->fault == VIGIL_FAULT_TIMEOUT)
		return; /* the service may be between two processes */
	evidence_evaluate(e, &verdict);
	evidence_describe_end(e, &verdict, reply->evidence, sizeof(reply->evidence));
	reply->status = verdict.status;
	reply->unclear_stop = verdict.unclear_stop;
	reply->done = verdict.done;
	reply->pid = verdict.pid;
	if (e->own_error != 0)
		manager_fault(reply, e->own_error, VIGIL_FAULT_REFUSED, "%s", verdict.text);
	else if (verdict.status != VIGIL_SERVICE_UNKNOWN)
		manager_fault(reply, 0, VIGIL_FAULT_NONE, "%s", verdict.text);
	else if (reply->error == 0)
		manager_fault(reply, e->runner_error != 0 ? e->runner_error : -EPROTO,
			VIGIL_FAULT_FAILED, "%s", verdict.text);
	if (vigil_service_is_down(reply->status)) {
		snprintf(reply->hold, sizeof(reply->hold), "%s", e->hold != NULL ? e->hold : "");
		if (reply->status == VIGIL_SERVICE_STOPPED && e->idle != NULL)
			snprintf(reply->idle, sizeof(reply->idle), "%s", e->idle);
	}
	remember_stop(reply, e);
}

/* Whether the manager says "running" without watching the process, and no source names a
 * process. A pidfile that names a dead process is more reliable than a process that only looks
 * similar. */
static bool is_unbacked(const struct evidence *e)
{
	return e->word == WORD_UP && e->basis != BASIS_WATCHED && e->process == PROCESS_UNNAMED &&
	       e->own_error == 0;
}

/* After an exit that vigild saw, the process table is the last source that can name a process.
 * It is also searched if it named the process before, because then no other source will name the
 * process later either. */
static void add_process_table(const struct manager_memory *memory, struct evidence *e)
{
	pid_t pid;

	if (memory->last.pid == 0 || (e->died == 0 && !memory->found) || !is_unbacked(e))
		return;
	pid = process_table_find(&memory->last, e->died > 0 ? memory->died_ticks : UINT64_MAX);
	if (pid > 0) {
		e->process = PROCESS_ALIVE;
		e->pid = pid;
		e->named_by = "the process table";
	} else if (pid < 0) {
		e->own_error = pid;
		snprintf(e->why, sizeof(e->why), "vigild could not read the process table: %s",
			strerror(-pid));
	}
}

void manager_conclude(struct manager_reply *reply, const struct evidence *e)
{
	struct manager_memory *memory = &reply->memory;
	struct process_identity last = memory->last;
	struct evidence all = *e;

	add_process_table(memory, &all);
	manager_evaluate(reply, &all);
	manager_end_run(reply);
	if (reply->status != VIGIL_SERVICE_RUNNING || reply->pid <= 0 || e->basis == BASIS_WATCHED)
		return;
	memory->found = e->process != PROCESS_ALIVE;
	process_table_identify(reply->pid, &memory->last);
	manager_follow_run(reply, &last);
}

/* --- programs run for a manager --------------------------------------------------------------- */

void manager_tail(char text[MANAGER_TEXT], const struct spawn_result *result)
{
	const char *from = result->output, *end = from + result->length, *line;

	while (end > from && strchr(" \t\r\n", end[-1]))
		end--;
	if (end - from >= MANAGER_TEXT) {
		from = end - (MANAGER_TEXT - 1);
		/* begin at a line, even if less text is copied */
		line = memchr(from, '\n', (size_t)(end - from));
		if (line)
			from = line + 1;
	}
	memcpy(text, from, (size_t)(end - from));
	text[end - from] = '\0';
}

/* For EAGAIN: a limit of processes and threads has been reached. */
static void no_tasks(const char *program, struct manager_reply *reply)
{
	struct task_limit limit;
	char used[256];

	task_limit_read(&limit);
	task_limit_describe(&limit, used, sizeof(used));
	manager_fault(reply, -EAGAIN, VIGIL_FAULT_REFUSED, "vigild could not start %.200s: %s: %s",
		program, strerror(EAGAIN), used);
}

static void not_started(const char *program, int error, struct manager_reply *reply)
{
	switch (error) {
	case -ECANCELED:
		manager_fault(reply, error, VIGIL_FAULT_REFUSED, "vigild is stopping");
		break;
	case -ENOEXEC:
		manager_fault(reply, error, VIGIL_FAULT_FAILED,
			"%s is not a program; a script needs a #! line", program);
		break;
	case -ENOENT:
		manager_fault(reply, error, VIGIL_FAULT_FAILED,
			"%s or its interpreter does not exist", program);
		break;
	case -EACCES:
		manager_fault(reply, error, VIGIL_FAULT_DENIED,
			"%s cannot be executed: permission denied", program);
		break;
	case -EAGAIN: no_tasks(program, reply); break;
	default:
		/* A lack of resources in vigild says nothing about the service. */
		manager_fault(reply, error,
			error_is_own(error) ? VIGIL_FAULT_REFUSED : VIGIL_FAULT_FAILED,
			"vigild could not start %s: %s", program, strerror(-error));
	}
}

bool manager_trust(const char *what, int err, const char *why, struct manager_reply *reply)
{
	if (err == 0)
		return true;
	if (error_is_own(err))
		manager_fault(reply, err, VIGIL_FAULT_REFUSED, "vigild could not check %s: %s",
			what, strerror(-err));
	else
		manager_fault(reply, err, VIGIL_FAULT_FAILED, "%s is not run: %s", what, why);
	return false;
}

int manager_run(const struct manager_request *request, const struct spawn *spawn, bool spare_group,
	struct spawn_result *result, struct manager_reply *reply)
{
	const char *program = spawn->argv[0];
	char found[PATH_MAX], why[TRUST_WHY], name[SIGNAL_NAME];
	const struct trust_command command = {.argv = spawn->argv, .directory = spawn->directory};
	struct spawn checked = *spawn;
	int err = trust_command(&command, found, why, sizeof(why));

	if (err) {
		reply->started = err;
		if (found[0] == '\0')
			not_started(program, err, reply);
		else
			manager_trust(program, err, why, reply);
		return -1;
	}
	checked.program = found;
	err = spawn_run(&checked, request->deadline, spare_group, result);
	reply->started = err ? err : 1;
	if (err) {
		not_started(program, err, reply);
		return -1;
	}
	if (result->timed_out) {
		manager_fault(reply, -ETIMEDOUT, VIGIL_FAULT_TIMEOUT,
			"%s did not end within its deadline", program);
		return -1;
	}
	if (WIFSIGNALED(result->status)) {
		manager_fault(reply, -EIO, VIGIL_FAULT_FAILED, "%s was killed by %s", program,
			signal_name(WTERMSIG(result->status), name));
		return -1;
	}
	return WEXITSTATUS(result->status);
}
