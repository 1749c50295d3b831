/* isolate_ask: see isolate_ask.h. */
#include "isolate/isolate_ask.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/memory.h"
#include "base/reason.h"
#include "isolate/isolate_ends.h"
#include "isolate/isolate_link.h"
#include "loop/loop.h"
#include "process/child.h"
#include "process/program.h"
#include "process/run_as.h"

#define READS 64 /* more than the buffer of a socket has */

struct isolate_ask {
	const struct isolate_query *query; /* borrowed */
	struct isolate_ends ends;
	struct isolate_link link;
	struct child *child;
	struct event *readable;
	struct loop_timer *patience;
	json_t *messages;
	bool overdue;
	isolate_asked_fn *asked;
	void *arg;
};

static void ask_free(struct isolate_ask *ask)
{
	if (ask->readable != NULL)
		event_free(ask->readable);
	loop_timer_free(ask->patience);
	child_free(ask->child);
	isolate_link_close(&ask->link);
	isolate_ends_close(&ask->ends);
	json_decref(ask->messages);
	free(ask);
}

void isolate_ask_cancel(struct isolate_ask *ask)
{
	ask_free(ask);
}

static void finish(struct isolate_ask *ask, json_t *messages, const char *why)
{
	ask->asked(messages, why, ask->arg);
	ask_free(ask);
}

/* Reads once.  Returns true if the process need not be waited for any more. */
static bool read_some(struct isolate_ask *ask)
{
	int n = isolate_link_read(&ask->link);

	if (n > 0)
		return isolate_query_take(&ask->link, ask->query, ask->messages);
	return n != -EAGAIN;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct isolate_ask *ask = arg;

	if (!read_some(ask))
		return;
	if (isolate_query_is_complete(ask->query, ask->messages))
		finish(ask, ask->messages, "");
	else
		event_del(ask->readable); /* it is ending, and its exit follows */
}

static void on_exit_of(struct child *child, const vigil_child_exit *e, void *arg)
{
	struct isolate_ask *ask = arg;
	char why[512];

	for (int i = 0; i < READS && !read_some(ask); i++)
		; /* what it has sent before its end */
	if (isolate_query_is_complete(ask->query, ask->messages)) {
		finish(ask, ask->messages, "");
		return;
	}
	isolate_query_describe(ask->query, &ask->ends, ask->overdue, e->status, why, sizeof(why));
	finish(ask, NULL, why);
}

static void on_patience(uint64_t missed, void *arg)
{
	struct isolate_ask *ask = arg;

	ask->overdue = true;
	spawn_kill(child_pid(ask->child), SIGKILL);
}

static int launch(struct isolate_ask *ask, struct loop *loop, const struct run_as *user)
{
	char *program = program_path(PKGLIBDIR, ISOLATE_PROGRAM);
	const char *argv[] = {program, ask->query->module, NULL};
	const struct child_spec spec = {.spawn = {.argv = argv,
						.program = program,
						.socket = ask->ends.theirs,
						.page = ask->ends.page_fd},
		.user = user,
		.output_max = 4096,
		.on_exit = on_exit_of,
		.end_session = true,
		.owner = ask->query->module,
		.arg = ask};
	int err = child_start(loop, &spec, &ask->child);

	free(program);
	return err;
}

static int begin(struct isolate_ask *ask, struct loop *loop, const struct reason *why)
{
	struct run_as *user = NULL;
	int err = isolate_query_user(ask->query->user, &user, why);

	if (err != 0)
		return err;
	err = launch(ask, loop, user);
	run_as_free(user);
	if (err != 0)
		return reason_set(
			why, err, "%s cannot be started: %s", ISOLATE_PROGRAM, strerror(-err));
	isolate_ends_started(&ask->ends);
	ask->patience = loop_after(loop, ISOLATE_QUERY_PATIENCE, on_patience, ask);
	ask->readable =
		event_new(loop_base(loop), ask->link.fd, EV_READ | EV_PERSIST, on_readable, ask);
	event_add(ask->readable, NULL);
	/* The request is much smaller than the buffer of the socket. */
	isolate_link_add(&ask->link, isolate_query_request(ask->query));
	err = isolate_link_write(&ask->link);
	return err == 0 ? 0 : reason_set(why, err, "the options are too long");
}

struct isolate_ask *isolate_ask_start(struct loop *loop, const struct isolate_query *query,
	isolate_asked_fn *asked, void *arg, char *text, size_t size)
{
	const struct reason why = {text, size};
	struct isolate_ask *ask = memory_zero(sizeof(*ask));
	int err = isolate_ends_open(&ask->ends);

	ask->link.fd = -1;
	ask->query = query;
	ask->asked = asked;
	ask->arg = arg;
	ask->messages = json_array();
	if (err != 0) {
		reason_set(&why, err, "no process can be started: %s", strerror(-err));
	} else {
		isolate_link_open(&ask->link, ask->ends.ours);
		err = begin(ask, loop, &why);
	}
	if (err == 0)
		return ask;
	ask_free(ask);
	return NULL;
}
