/* isolate_query: see isolate_query.h. */
#include "isolate/isolate_query.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/reason.h"
#include "isolate/isolate_ends.h"
#include "isolate/isolate_link.h"
#include "process/child.h"
#include "process/program.h"
#include "process/run_as.h"

#define MESSAGES_MAX 10000
#define BYTES_MAX    (8 * 1024 * 1024)

struct process {
	const struct isolate_query *query;
	struct isolate_ends ends;
	struct isolate_link link;
	pid_t pid;
	int out, pidfd;
	bool overdue;
};

json_t *isolate_query_request(const struct isolate_query *query)
{
	return json_pack("[s,{s:s,s:s,s:s*,s:O*,s:f}]", "load", "dir", query->dir, "module",
		query->module, "daemon", query->daemon, "options", query->options, "memory",
		query->memory);
}

int isolate_query_user(const char *name, struct run_as **user, const struct reason *why)
{
	int err = name != NULL ? run_as_find(name, user) : 0;

	if (err == 0)
		return 0;
	return reason_set(why, err, "isolate_user = \"%.64s\": %s", name,
		err == -ENOENT  ? "no such user"
		: err == -EPERM ? "vigild does not run as root"
				: strerror(-err));
}

static int launch(struct process *p, const struct reason *why)
{
	char *program = program_path(PKGLIBDIR, ISOLATE_PROGRAM);
	const char *argv[] = {program, p->query->module, NULL};
	struct child_spec spec = {.spawn = {.argv = argv,
					  .program = program,
					  .socket = p->ends.theirs,
					  .page = p->ends.page_fd}};
	struct run_group *none;
	struct run_as *user = NULL;
	int err = isolate_query_user(p->query->user, &user, why);

	spec.user = user;
	if (err == 0) {
		p->pid = child_launch(&spec, NULL, &none, &p->out, NULL, &p->pidfd);
		if (p->pid < 0)
			err = reason_set(why, p->pid, "%s cannot be started: %s", program,
				strerror(-p->pid));
	}
	run_as_free(user);
	free(program);
	return err;
}

bool isolate_query_is_complete(const struct isolate_query *query, const json_t *messages)
{
	size_t count = json_array_size(messages);
	const char *last = isolate_text(json_array_get(messages, count - 1), 0);

	return strcmp(last, "checked") == 0 || strcmp(last, "failed") == 0 ||
	       (query->options == NULL && strcmp(last, "described") == 0);
}

bool isolate_query_take(
	struct isolate_link *link, const struct isolate_query *query, json_t *messages)
{
	json_t *message;
	int err;

	while ((message = isolate_link_next(link, &err)) != NULL) {
		json_array_append_new(messages, message);
		if (isolate_query_is_complete(query, messages))
			return true;
		if (link->taken > BYTES_MAX)
			return true;
	}
	return err != 0 || json_array_size(messages) > MESSAGES_MAX;
}

/* Returns true if the process answered completely. */
static bool wait_for_answer(struct process *p, json_t *messages)
{
	uint64_t until = clock_now() + ISOLATE_QUERY_PATIENCE, now;
	struct pollfd ready = {.fd = p->link.fd};
	int n;

	for (;;) {
		n = isolate_link_write(&p->link);
		ready.events = (short)(POLLIN | (n == -EAGAIN ? POLLOUT : 0));
		now = clock_now();
		p->overdue = now >= until;
		if (p->overdue)
			return false;
		if (poll(&ready, 1, (int)((until - now) / CLOCK_MS) + 1) < 0) {
			if (errno == EINTR)
				continue;
			return false;
		}
		n = isolate_link_read(&p->link);
		if (n == -EAGAIN)
			continue;
		if (n <= 0)
			return false;
		if (isolate_query_take(&p->link, p->query, messages))
			return isolate_query_is_complete(p->query, messages);
	}
}

/* Kills the process, which has done its work or is stuck, and reaps it. */
static int end(struct process *p, bool answered)
{
	struct pollfd ended = {.fd = p->pidfd, .events = POLLIN};
	int status = 0;

	if (!answered && !p->overdue)
		poll(&ended, 1, 1000); /* it has closed the socket; its status is of interest */
	spawn_kill(p->pid, SIGKILL);
	while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR)
		;
	close(p->out);
	close(p->pidfd);
	return status;
}

void isolate_query_describe(const struct isolate_query *query, const struct isolate_ends *ends,
	bool overdue, int status, char *text, size_t size)
{
	const struct reason why = {text, size};
	char how[256], callback[4 * ISOLATE_CALLBACK];

	isolate_page_callback(ends->page, callback, sizeof(callback));
	if (overdue)
		reason_set(&why, 0, "the module %s did not return within %d s%s%s", query->module,
			(int)(ISOLATE_QUERY_PATIENCE / CLOCK_SECOND),
			callback[0] != '\0' ? " from its callback " : "", callback);
	else
		reason_set(&why, 0, "the process that loaded the module %s %s", query->module,
			isolate_describe_end(how, sizeof(how), status, ends->page, query->memory));
}

json_t *isolate_query(const struct isolate_query *query, char *text, size_t size)
{
	const struct reason why = {text, size};
	struct process p = {.query = query};
	json_t *messages = NULL;
	bool answered = false;
	int err = isolate_ends_open(&p.ends), status;

	if (err != 0) {
		reason_set(&why, err, "no process can be started: %s", strerror(-err));
		return NULL;
	}
	isolate_link_open(&p.link, p.ends.ours);
	if (launch(&p, &why) == 0) {
		isolate_ends_started(&p.ends);
		isolate_link_add(&p.link, isolate_query_request(query));
		messages = json_array();
		answered = wait_for_answer(&p, messages);
		status = end(&p, answered);
		if (!answered)
			isolate_query_describe(query, &p.ends, p.overdue, status, text, size);
	}
	isolate_link_close(&p.link);
	isolate_ends_close(&p.ends);
	if (answered)
		return messages;
	json_decref(messages);
	return NULL;
}
