/*
 * isolate_stop: a process whose daemon has stopped.
 *
 * The process gets SIGTERM and the message `stop`.  It calls the stop of the module and exits.
 * What it writes meanwhile to values that it keeps goes to the store, although the daemon is gone.
 * A new process of a daemon of that name starts only when the old one has ended, because both may
 * need the same port or file.
 */
#include "isolate/isolate_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>

#include "base/log.h"
#include "base/memory.h"
#include "loop/loop.h"
#include "persist/store.h"
#include "process/child.h"
#include "state/state.h"

#define PATIENCE (4 * CLOCK_SECOND) /* child.c kills it after two, and gives it up after three */

bool isolate_is_stopping(const struct isolate *isolate, const char *name)
{
	const struct isolated *p;

	LIST_FOREACH(p, &isolate->stopped, among)
		if (strcmp(p->name, name) == 0)
			return true;
	return false;
}

static void finish(struct isolated *p)
{
	struct isolate *isolate = p->isolate;
	char *name = memory_text(p->name);

	isolate_destroy(p);
	if (!isolate_is_stopping(isolate, name))
		isolate_launch_waiting(isolate, name);
	free(name);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct isolated *p = arg;
	int n = isolate_take(p, isolate_apply_last);

	if (n <= 0 && n != -EAGAIN)
		finish(p);
}

static void on_overdue(uint64_t missed, void *arg)
{
	finish(arg);
}

void isolate_begin_stop(struct isolated *p)
{
	struct event_base *base = loop_base(p->isolate->loop);

	if (p->child == NULL)
		return; /* it was not started; the daemon frees it */
	state_unwatch(p->paused);
	p->paused = NULL;
	isolate_forget_services(p);
	isolate_forget_slots(p);
	isolate_link_add(&p->link, json_pack("[s]", "stop"));
	isolate_link_write(&p->link);
	child_free(p->child);
	p->child = NULL;
	event_free(p->readable);
	p->readable = event_new(base, p->link.fd, EV_READ | EV_PERSIST, on_readable, p);
	event_add(p->readable, NULL);
	loop_timer_free(p->watchdog);
	p->watchdog = loop_after(p->isolate->loop, PATIENCE, on_overdue, p);
	daemon_detach(&p->resource);
	p->resource.daemon = NULL;
	LIST_REMOVE(p, among);
	LIST_INSERT_HEAD(&p->isolate->stopped, p, among);
}

/* The process waits for the answer to these, and reads the message "stop" only after it. */
static bool is_question(const char *name)
{
	return strcmp(name, "get") == 0 || strcmp(name, "taken") == 0 ||
	       strcmp(name, "deferred") == 0;
}

/* Stores the value at a kept path.  The state has it no more, so a write below or above a kept path
 * is applied only if it is the path itself.  Returns true. */
bool isolate_apply_last(struct isolated *p, const json_t *message)
{
	const char *name = isolate_text(message, 0), *path = isolate_text(message, 1);
	json_t *value = json_array_get(message, 2);

	if (strcmp(name, "set") == 0 && json_object_get(p->kept, path) != NULL &&
		json_depth(value, STATE_DEPTH_MAX) <= STATE_DEPTH_MAX)
		store_put(p->isolate->store, "kept", p->name, path, value);
	else if (strcmp(name, "unset") == 0 && json_object_get(p->kept, path) != NULL)
		store_put(p->isolate->store, "kept", p->name, path, NULL);
	else if (strcmp(name, "log") == 0 && isolate_may_write(p))
		log_write(isolate_number(message, 1) == LEVEL_ERROR ? LEVEL_ERROR : LEVEL_INFO,
			p->name, "%s", isolate_text(message, 2));
	else if (is_question(name)) {
		isolate_link_add(&p->link, json_pack("[s,n]", "answer"));
		isolate_link_write(&p->link);
	}
	return true;
}
