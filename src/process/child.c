/*
 * child: the state machine of a child process, from its start until it is reaped.
 *
 * A child has these event sources: its pidfd (the process has ended), the pipes from its stdout
 * and, with keep_stderr, its stderr, and a timer (the deadline, then the grace times).  The caller
 * of child_start owns the child and may free it at any time, also in its callbacks.  When the
 * caller frees a child that still runs, the child moves to the list of detached children, gets TERM
 * and, two seconds later, KILL, and is reaped from the loop.  So the memory of a running child
 * exists until the process has been reaped.
 *
 * A child has ended when its process has ended, even if its pipe is still open.  A process that it
 * left behind may keep the pipe open for ever, so only what is in the pipe at that time is read.
 * If vigild has sent TERM to the child, or its spec has end_session, its process group gets KILL
 * just before the child is reaped, because until then the number of the group cannot be reused.
 *
 * A process in uninterruptible sleep does not end after KILL.  After a second vigild gives it up:
 * on_exit is called as if it had ended, and the child stays in its list until it is reaped.
 */
#include "process/child.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/memory.h"
#include "loop/loop.h"
#include "process/child_output.h"
#include "process/process.h"
#include "process/run_group.h"
#include "process/session_end.h"

#define GRACE      (2 * CLOCK_SECOND) /* from TERM to KILL */
#define LAST_GRACE CLOCK_SECOND       /* from KILL until it is given up */
#define ERRORS_MAX 4096               /* bytes of stderr that are kept: the last ones */
#define TELL_EVERY CLOCK_SECOND       /* on_errors is called at most so often */
#define NO_STATUS  0xff00             /* exit(255); used when the status is unknown */

enum phase { RUNNING, TERMED, KILLED, GIVEN_UP, ENDED };

struct child {
	struct loop *loop;
	pid_t pid;
	enum phase phase;
	bool let_go; /* its owner has freed it; it is in the list of detached children */
	bool timed_out;
	bool end_session;
	char mark[CHILD_MARK];   /* in the environment of what it starts, with end_session */
	uint64_t began;          /* when it was started, as process_ticks_now */
	struct run_group *group; /* NULL: none, or already ended */
	uint64_t started;
	char *owner; /* for the log; NULL: none */

	int pidfd;
	struct event *on_end;
	struct loop_timer *timer; /* the deadline, then the grace times */
	struct loop_timer *tell;  /* calls on_errors; NULL: nothing was written to stderr */
	bool telling;             /* tell is armed */
	struct child_output out, errors;
	child_line_fn *line_fn;
	child_late_fn *late_fn;
	child_eof_fn *eof_fn;
	child_errors_fn *errors_fn;
	child_exit_fn *exit_fn;
	void *arg;
	struct children *among; /* the list that it is in; NULL: it does not run */
	TAILQ_ENTRY(child) link;
};

/* All running children: those with an owner, and those that their owners have freed. */
static TAILQ_HEAD(children, child) owned = TAILQ_HEAD_INITIALIZER(owned),
				   detached = TAILQ_HEAD_INITIALIZER(detached);

static struct {
	struct loop_timer *timer; /* NULL: child_drain has not been called */
	void (*done)(void *arg);
	void *arg;
} drain;

static child_observer_fn *observer;

void child_observe(child_observer_fn *fn)
{
	observer = fn;
}

static void observe(const struct child *child, bool running)
{
	if (observer != NULL)
		observer(child->pid, running);
}

/* --- freeing ---------------------------------------------------------------------------------- */

static void move(struct child *child, struct children *to)
{
	if (child->among != NULL)
		TAILQ_REMOVE(child->among, child, link);
	child->among = to;
	if (to != NULL)
		TAILQ_INSERT_TAIL(to, child, link);
}

/* Frees everything but the memory and the collected output, which the owner still needs. */
static void close_all(struct child *child)
{
	child_output_close(&child->out);
	child_output_close(&child->errors);
	if (child->on_end != NULL)
		event_free(child->on_end);
	child->on_end = NULL;
	if (child->pidfd >= 0)
		close(child->pidfd);
	child->pidfd = -1;
	loop_timer_free(child->timer);
	loop_timer_free(child->tell);
	child->timer = child->tell = NULL;
}

static void end_group(struct child *child)
{
	run_group_end(child->group);
	child->group = NULL;
}

static void destroy(struct child *child)
{
	move(child, NULL);
	close_all(child);
	end_group(child);
	child_output_clear(&child->out);
	child_output_clear(&child->errors);
	free(child->owner);
	free(child);
}

static void detached_free(struct child *child)
{
	destroy(child);
	if (TAILQ_EMPTY(&detached) && drain.timer != NULL)
		loop_timer_rearm(drain.timer, 0);
}

/* --- ending ----------------------------------------------------------------------------------- */

static void end(struct child *child)
{
	if (child->phase != RUNNING)
		return;
	child->phase = TERMED;
	spawn_kill(child->pid, SIGTERM);
	loop_timer_rearm(child->timer, GRACE);
}

static void on_line(const char *line, size_t length, void *arg)
{
	struct child *child = arg;

	child->line_fn(child, line, length, child->arg);
}

static void on_eof(void *arg)
{
	struct child *child = arg;

	child->eof_fn(child, child->arg);
}

static void on_tell(uint64_t missed, void *arg)
{
	struct child *child = arg;

	child->telling = false;
	child->errors_fn(child, child_output_text(&child->errors), child->arg);
}

static void on_errors(void *arg)
{
	struct child *child = arg;

	if (child->telling)
		return;
	child->telling = true;
	if (child->tell == NULL)
		child->tell = loop_once(child->loop, on_tell, child);
	loop_timer_rearm(child->tell, TELL_EVERY);
}

/* Calls on_exit when the child has ended or was given up.  The callback may free the child. */
static void notify_exit(struct child *child, int status)
{
	vigil_child_exit e = {.pid = child->pid, .status = status};

	e.seconds = clock_to_seconds(clock_now() - child->started);
	e.timed_out = child->timed_out;
	e.given_up = child->phase == GIVEN_UP;
	e.truncated = child->out.truncated;
	if (child->line_fn == NULL) {
		e.output = child->out.text;
		e.length = child->out.length;
	}
	e.output = e.output != NULL ? e.output : "";
	e.errors = child_output_text(&child->errors);
	child->exit_fn(child, &e, child->arg);
}

static void give_up(struct child *child)
{
	child->phase = GIVEN_UP;
	child_output_finish(&child->out);
	child_output_finish(&child->errors);
	child_output_close(&child->out);
	child_output_close(&child->errors);
	if (!child->let_go)
		notify_exit(child, NO_STATUS);
}

static void on_timer(uint64_t missed, void *arg)
{
	struct child *child = arg;

	switch (child->phase) {
	case RUNNING:
		child->timed_out = true;
		end(child);
		if (child->late_fn != NULL && !child->let_go)
			child->late_fn(child, child->arg);
		break;
	case TERMED:
		child->phase = KILLED;
		spawn_kill(child->pid, SIGKILL);
		loop_timer_rearm(child->timer, LAST_GRACE);
		break;
	case KILLED: give_up(child); break;
	case GIVEN_UP:
	case ENDED: break;
	}
}

static int reap(struct child *child)
{
	int status = NO_STATUS;

	if (child->phase != RUNNING || child->end_session)
		spawn_kill(child->pid, SIGKILL);
	if (child->group != NULL)
		end_group(child);
	else if (child->end_session)
		session_end(child->loop, child->pid, child->owner, child->mark, child->began);
	observe(child, false);
	while (waitpid(child->pid, &status, 0) < 0)
		if (errno != EINTR)
			return NO_STATUS;
	return status;
}

static void on_end(evutil_socket_t fd, short what, void *arg)
{
	struct child *child = arg;
	bool told = child->phase == GIVEN_UP;
	int status;

	child_output_finish(&child->out); /* on_line may free the child, which detaches it */
	child_output_finish(&child->errors);
	status = reap(child);
	child->phase = ENDED;
	close_all(child);
	if (child->let_go) {
		detached_free(child);
		return;
	}
	move(child, NULL);
	if (!told)
		notify_exit(child, status);
}

void child_terminate(struct child *child)
{
	LOOP_ASSERT_OWNER();
	end(child);
}

pid_t child_pid(const struct child *child)
{
	return child->pid;
}

static bool has_pid(const struct children *children, pid_t pid)
{
	const struct child *child;

	TAILQ_FOREACH(child, children, link)
		if (child->pid == pid)
			return true;
	return false;
}

pid_t child_given_up(const char *owner)
{
	struct children *const lists[] = {&owned, &detached};
	const struct child *child;

	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
		TAILQ_FOREACH(child, lists[i], link)
			if (child->phase == GIVEN_UP && child->owner != NULL &&
				strcmp(child->owner, owner) == 0)
				return child->pid;
	return 0;
}

bool child_is_own(pid_t pid)
{
	LOOP_ASSERT_OWNER();
	return has_pid(&owned, pid) || has_pid(&detached, pid);
}

void child_free(struct child *child)
{
	if (child == NULL)
		return;
	LOOP_ASSERT_OWNER();
	if (child->phase == ENDED) {
		destroy(child);
		return;
	}
	child->let_go = true;
	move(child, &detached);
	child_output_close(&child->out);
	child_output_close(&child->errors);
	loop_timer_free(child->tell);
	child->tell = NULL;
	end(child);
}

/* --- starting --------------------------------------------------------------------------------- */

/* Starts to watch the process and its pipes.  The child owns both pipes, also on failure. */
static int watch(struct child *child, int out, int errors)
{
	int err = child_output_open(&child->out, child->loop, out);

	if (errors >= 0 && child_output_open(&child->errors, child->loop, errors) != 0)
		err = -ENOMEM;
	child->on_end = event_new(loop_base(child->loop), child->pidfd, EV_READ, on_end, child);
	if (event_add(child->on_end, NULL) != 0)
		err = -ENOMEM;
	return err;
}

static struct child *child_new(struct loop *loop, const struct child_spec *spec)
{
	struct child *child = memory_zero(sizeof(*child));

	*child = (struct child){.loop = loop,
		.pidfd = -1,
		.owner = memory_text(spec->owner),
		.end_session = spec->end_session,
		.line_fn = spec->on_line,
		.late_fn = spec->on_late,
		.eof_fn = spec->on_eof,
		.errors_fn = spec->on_errors,
		.exit_fn = spec->on_exit,
		.arg = spec->arg,
		.started = clock_now()};
	child->out = (struct child_output){.fd = -1,
		.max = spec->output_max > 0 ? spec->output_max : CHILD_OUTPUT,
		.on_line = spec->on_line != NULL ? on_line : NULL,
		.on_eof = spec->on_eof != NULL ? on_eof : NULL,
		.arg = child};
	child->errors = (struct child_output){.fd = -1,
		.max = ERRORS_MAX,
		.keep_last = true,
		.on_data = spec->on_errors != NULL ? on_errors : NULL,
		.arg = child};
	child->timer = loop_once(loop, on_timer, child);
	if (spec->timeout > 0)
		loop_timer_rearm(child->timer, spec->timeout);
	return child;
}

static int run(struct child *child, const struct child_spec *spec)
{
	int out = -1, errors = -1, err;

	child->began = process_ticks_now();
	child->pid = child_launch(spec, child->mark, &child->group, &out, &errors, &child->pidfd);
	if (child->pid < 0)
		return child->pid;
	move(child, &owned);
	observe(child, true);
	err = watch(child, out, errors);
	if (err != 0) {
		child->phase = KILLED; /* because it would never be reaped */
		reap(child);
	}
	return err;
}

int child_start(struct loop *loop, const struct child_spec *spec, struct child **result)
{
	struct child *child;
	int err;

	LOOP_ASSERT_OWNER();
	if (spec->on_exit == NULL || spec->spawn.argv == NULL || spec->spawn.argv[0] == NULL)
		return -EINVAL;
	child = child_new(loop, spec);
	err = run(child, spec);
	if (err != 0) {
		destroy(child);
		return err;
	}
	*result = child;
	return 0;
}

/* --- stop of vigild --------------------------------------------------------------------------- */

static void on_drained(uint64_t missed, void *arg)
{
	loop_timer_free(drain.timer);
	drain.timer = NULL;
	drain.done(drain.arg);
}

void child_drain(struct loop *loop, void (*done)(void *arg), void *arg)
{
	uint64_t most = TAILQ_EMPTY(&detached) ? 0 : GRACE + LAST_GRACE;

	drain.done = done;
	drain.arg = arg;
	drain.timer = loop_after(loop, most, on_drained, NULL);
}

static void signal_all(struct children *children, int signo)
{
	struct child *child;

	TAILQ_FOREACH(child, children, link)
		spawn_kill(child->pid, signo);
}

/* Waits until all children have ended, or until that time. */
static void await_all(struct children *children, uint64_t until)
{
	struct child *child;
	uint64_t now;

	TAILQ_FOREACH(child, children, link) {
		struct pollfd ended = {.fd = child->pidfd, .events = POLLIN};

		now = clock_now();
		poll(&ended, 1, now < until ? (int)((until - now) / CLOCK_MS) : 0);
	}
}

void child_kill_detached(void)
{
	struct child *child;

	loop_timer_free(drain.timer);
	drain.timer = NULL;
	signal_all(&detached, SIGKILL);
	await_all(&detached, clock_now() + CLOCK_SECOND);
	while ((child = TAILQ_FIRST(&detached)) != NULL) {
		struct pollfd ended = {.fd = child->pidfd, .events = POLLIN};

		/* A process that hangs in the kernel is not reaped here.  It ends later, and init
		 * reaps it. */
		if (poll(&ended, 1, 0) > 0)
			reap(child);
		detached_free(child);
	}
	session_end_stop();
	run_groups_close();
}

void child_terminate_all(void)
{
	uint64_t until = clock_now() + CLOCK_SECOND;

	signal_all(&owned, SIGTERM);
	signal_all(&detached, SIGTERM);
	await_all(&owned, until);
	await_all(&detached, until);
	signal_all(&owned, SIGKILL);
	signal_all(&detached, SIGKILL);
}
