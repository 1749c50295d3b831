/*
 * child: a process as events on the loop.
 *
 * A child has three sources of events: its pidfd (it has ended), the pipe from its stdout, and
 * a timer (its deadline).  Whoever started it owns it and frees it, once it has ended or
 * before.  One that is freed while it runs is let go of: it goes to a list of strays, hears
 * TERM and, two seconds later, KILL, and is reaped from the loop when it has ended.  So memory
 * of a running child lives until it is reaped, and a callback may free the child it is told
 * about.
 *
 * The end of the process is the end of the child, not the end of its output: what it left
 * behind may hold the pipe for ever, so only what is in the pipe by then is read.  Where the
 * child was told to end, what it left behind in its group is killed too, just before it is
 * reaped: until then the number of the group cannot be anybody else's.
 *
 * One that prints without end costs no more than PACE_BYTES in PACE_TIME: after them its pipe is
 * left full for the rest of that time and the child waits.
 */
#include "loop/child.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/queue.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/degraded.h"
#include "base/memory.h"
#include "loop/loop.h"
#include "loop/user.h"

#define GRACE      (2 * CLOCK_SECOND) /* from TERM to KILL */
#define CHUNK      16384
#define PACE_BYTES (64 * 1024)
#define PACE_TIME  (100 * CLOCK_MS)
#define REST_MAX   (1024 * 1024) /* what a pipe can hold at most */
#define NO_STATUS  0xff00        /* somebody else reaped it: as if by exit(255) */

enum phase { RUNNING, TERMED, KILLED, ENDED };

struct child {
	struct loop *loop;
	pid_t pid;
	enum phase phase;
	bool let_go; /* its owner has freed it; it is among the strays */
	bool timed_out, truncated;
	uint64_t started;

	int pidfd, out; /* out: -1 once closed */
	struct event *on_end, *on_out;
	struct loop_timer *timer; /* the deadline, then the grace */
	struct loop_timer *pace;  /* NULL until there is need of it */
	size_t budget;            /* bytes still to be read in this PACE_TIME */

	char *output; /* gathered, or the line that has begun; NUL-terminated */
	size_t length, room, max;
	child_line_fn *line_fn;
	child_exit_fn *exit_fn;
	void *arg;
	struct children *among; /* NULL: it does not run */
	TAILQ_ENTRY(child) link;
};

/* All that run, by whether their owners still want them. */
static TAILQ_HEAD(children, child) owned = TAILQ_HEAD_INITIALIZER(owned),
				   strays = TAILQ_HEAD_INITIALIZER(strays);

static struct {
	struct loop_timer *timer; /* NULL: nobody waits */
	void (*done)(void *arg);
	void *arg;
} drain;

/* --- freeing --------------------------------------------------------------------------------- */

static void move(struct child *child, struct children *to)
{
	if (child->among != NULL)
		TAILQ_REMOVE(child->among, child, link);
	child->among = to;
	if (to != NULL)
		TAILQ_INSERT_TAIL(to, child, link);
}

static void close_out(struct child *child)
{
	if (child->on_out != NULL)
		event_free(child->on_out);
	child->on_out = NULL;
	if (child->out >= 0)
		close(child->out);
	child->out = -1;
	loop_timer_free(child->pace);
	child->pace = NULL;
}

/* Everything but the memory, which the owner frees when it likes. */
static void close_all(struct child *child)
{
	close_out(child);
	if (child->on_end != NULL)
		event_free(child->on_end);
	child->on_end = NULL;
	if (child->pidfd >= 0)
		close(child->pidfd);
	child->pidfd = -1;
	loop_timer_free(child->timer);
	child->timer = NULL;
}

static void destroy(struct child *child)
{
	move(child, NULL);
	close_all(child);
	free(child->output);
	free(child);
}

static void stray_free(struct child *child)
{
	destroy(child);
	if (TAILQ_EMPTY(&strays) && drain.timer != NULL)
		loop_timer_again(drain.timer, 0);
}

/* --- output ---------------------------------------------------------------------------------- */

/* Appends what there is room for. */
static void keep(struct child *child, const char *data, size_t n)
{
	if (n > child->max - child->length) {
		n = child->max - child->length;
		child->truncated = true;
	}
	if (child->length + n + 1 > child->room) {
		while (child->room < child->length + n + 1)
			child->room = child->room > 0 ? 2 * child->room : 1024;
		child->output = memory_grow(child->output, child->room, 1);
	}
	memcpy(child->output + child->length, data, n);
	child->length += n;
	child->output[child->length] = '\0';
}

static void tell_line(struct child *child)
{
	size_t length = child->length;

	child->length = 0;
	child->line_fn(child, child->output, length, child->arg);
}

static void take(struct child *child, const char *data, size_t n)
{
	const char *end;

	if (child->line_fn == NULL) {
		keep(child, data, n);
		return;
	}
	while (n > 0 && !child->let_go) {
		end = memchr(data, '\n', n);
		keep(child, data, end != NULL ? (size_t)(end - data) : n);
		if (end == NULL)
			return;
		tell_line(child);
		n -= (size_t)(end + 1 - data);
		data = end + 1;
	}
}

/* Reads once, at most limit bytes.  How many it were; 0: nothing there now, or never again, and
 * then the pipe has been closed. */
static size_t read_some(struct child *child, size_t limit)
{
	char chunk[CHUNK];
	ssize_t n;

	do
		n = read(child->out, chunk, limit < sizeof(chunk) ? limit : sizeof(chunk));
	while (n < 0 && errno == EINTR);
	if (n > 0)
		take(child, chunk, (size_t)n);
	else if (n == 0 || errno != EAGAIN)
		close_out(child);
	return n > 0 ? (size_t)n : 0;
}

static void on_pace(uint64_t missed, void *arg)
{
	struct child *child = arg;

	child->budget = PACE_BYTES;
	event_add(child->on_out, NULL);
}

static void on_out(evutil_socket_t fd, short what, void *arg)
{
	struct child *child = arg;

	child->budget -= read_some(child, child->budget);
	if (child->budget > 0 || child->out < 0)
		return;
	if (child->pace == NULL)
		child->pace = loop_after(child->loop, PACE_TIME, on_pace, child);
	else
		loop_timer_again(child->pace, PACE_TIME);
	if (child->pace != NULL)
		event_del(child->on_out);
	else
		child->budget = PACE_BYTES; /* no memory to wait with */
}

/* What is in the pipe when the child has ended. */
static void read_rest(struct child *child)
{
	int waiting = 0;
	size_t left, n;

	if (child->out < 0 || ioctl(child->out, FIONREAD, &waiting) != 0)
		return;
	left = waiting > REST_MAX ? REST_MAX : (size_t)waiting;
	while (left > 0 && child->out >= 0 && (n = read_some(child, left)) > 0)
		left -= n;
}

/* --- ending ---------------------------------------------------------------------------------- */

static void end(struct child *child)
{
	if (child->phase != RUNNING)
		return;
	child->phase = TERMED;
	spawn_kill(child->pid, SIGTERM);
	loop_timer_again(child->timer, GRACE);
}

static void on_timer(uint64_t missed, void *arg)
{
	struct child *child = arg;

	if (child->phase == RUNNING) {
		child->timed_out = true;
		end(child);
	} else if (child->phase == TERMED) {
		child->phase = KILLED;
		spawn_kill(child->pid, SIGKILL);
	}
}

static int reap(struct child *child)
{
	int status = NO_STATUS;

	if (child->phase != RUNNING)
		spawn_kill(child->pid, SIGKILL);
	while (waitpid(child->pid, &status, 0) < 0)
		if (errno != EINTR)
			return NO_STATUS;
	return status;
}

static void on_end(evutil_socket_t fd, short what, void *arg)
{
	struct child *child = arg;
	vigil_child_exit e = {.pid = child->pid};

	e.seconds = clock_to_seconds(clock_now() - child->started);
	read_rest(child);
	if (child->line_fn != NULL && child->length > 0 && !child->let_go)
		tell_line(child); /* the last, without an end */
	e.status = reap(child);
	child->phase = ENDED;
	close_all(child);
	if (child->let_go) {
		stray_free(child);
		return;
	}
	move(child, NULL);
	e.timed_out = child->timed_out;
	e.truncated = child->truncated;
	e.output = child->line_fn == NULL && child->length > 0 ? child->output : "";
	e.length = child->line_fn == NULL ? child->length : 0;
	child->exit_fn(child, &e, child->arg); /* may free it */
}

void child_end(struct child *child)
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

bool child_is_own(pid_t pid)
{
	LOOP_ASSERT_OWNER();
	return has_pid(&owned, pid) || has_pid(&strays, pid);
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
	move(child, &strays);
	close_out(child);
	end(child);
}

/* --- starting -------------------------------------------------------------------------------- */

static pid_t launch_as(const struct child_spec *spec, int *out, int *pidfd)
{
	struct spawn spawn = spec->spawn;
	const char **argv, **environment;
	pid_t pid = -ENOMEM;

	if (spec->user == NULL)
		return spawn_start(&spawn, out, pidfd);
	argv = user_argv(spec->user, spawn.argv);
	environment = user_environment(spec->user, spawn.environment);
	if (argv != NULL && environment != NULL) {
		spawn.argv = argv;
		spawn.environment = environment;
		pid = spawn_start(&spawn, out, pidfd);
	}
	free(environment);
	free(argv);
	return pid;
}

static pid_t launch(const struct child_spec *spec, int *out, int *pidfd)
{
	pid_t pid = launch_as(spec, out, pidfd);

	degraded_started(pid);
	return pid;
}

/* All that can fail but the start itself is done before it, so that what runs is watched. */
static int prepare(struct child *child, uint64_t timeout)
{
	child->timer = loop_after(child->loop, timeout, on_timer, child);
	if (child->timer == NULL)
		return -ENOMEM;
	if (timeout == 0)
		loop_timer_stop(child->timer);
	keep(child, "", 0);
	return 0;
}

static int watch(struct child *child)
{
	struct event_base *base = loop_base(child->loop);

	child->on_end = event_new(base, child->pidfd, EV_READ, on_end, child);
	child->on_out = event_new(base, child->out, EV_READ | EV_PERSIST, on_out, child);
	if (child->on_end == NULL || child->on_out == NULL || event_add(child->on_end, NULL) != 0 ||
		event_add(child->on_out, NULL) != 0)
		return -ENOMEM;
	return 0;
}

int child_start(struct loop *loop, const struct child_spec *spec, struct child **result)
{
	struct child *child;
	int err;

	LOOP_ASSERT_OWNER();
	if (spec->on_exit == NULL || spec->spawn.argv == NULL || spec->spawn.argv[0] == NULL)
		return -EINVAL;
	child = memory_zero(sizeof(*child));
	*child = (struct child){.loop = loop, .pidfd = -1, .out = -1, .budget = PACE_BYTES};
	child->max = spec->output_max > 0 ? spec->output_max : CHILD_OUTPUT;
	child->line_fn = spec->on_line;
	child->exit_fn = spec->on_exit;
	child->arg = spec->arg;
	child->started = clock_now();
	err = prepare(child, spec->timeout);
	if (err == 0) {
		child->pid = launch(spec, &child->out, &child->pidfd);
		if (child->pid > 0)
			move(child, &owned);
		err = child->pid < 0 ? child->pid : watch(child);
	}
	if (err != 0) {
		if (child->pid > 0) {
			child->phase = KILLED; /* unwatched, it would never be reaped */
			reap(child);
		}
		destroy(child);
		return err;
	}
	*result = child;
	return 0;
}

/* --- at stop --------------------------------------------------------------------------------- */

static void on_drained(uint64_t missed, void *arg)
{
	loop_timer_free(drain.timer);
	drain.timer = NULL;
	drain.done(drain.arg);
}

int child_drain(struct loop *loop, void (*done)(void *arg), void *arg)
{
	uint64_t most = TAILQ_EMPTY(&strays) ? 0 : GRACE + CLOCK_SECOND;

	if (drain.timer != NULL)
		return -EBUSY;
	drain.done = done;
	drain.arg = arg;
	drain.timer = loop_after(loop, most, on_drained, NULL);
	return drain.timer != NULL ? 0 : -ENOMEM;
}

void child_kill_strays(void)
{
	struct child *child;

	loop_timer_free(drain.timer);
	drain.timer = NULL;
	TAILQ_FOREACH(child, &strays, link)
	spawn_kill(child->pid, SIGKILL);
	while ((child = TAILQ_FIRST(&strays)) != NULL) {
		struct pollfd ended = {.fd = child->pidfd, .events = POLLIN};

		/* One stuck in the kernel dies when that lets go of it, and is init's then. */
		if (poll(&ended, 1, 1000) > 0)
			reap(child);
		stray_free(child);
	}
}

static void tell_all(struct children *children, int signo)
{
	struct child *child;

	TAILQ_FOREACH(child, children, link)
	spawn_kill(child->pid, signo);
}

/* Until all of them have ended, or it is too late. */
static void await_all(struct children *children, uint64_t until)
{
	struct child *child;
	uint64_t now;

	TAILQ_FOREACH(child, children, link)
	{
		struct pollfd ended = {.fd = child->pidfd, .events = POLLIN};

		now = clock_now();
		poll(&ended, 1, now < until ? (int)((until - now) / CLOCK_MS) : 0);
	}
}

void child_end_all(void)
{
	uint64_t until = clock_now() + CLOCK_SECOND;

	tell_all(&owned, SIGTERM);
	tell_all(&strays, SIGTERM);
	await_all(&owned, until);
	await_all(&strays, until);
	tell_all(&owned, SIGKILL);
	tell_all(&strays, SIGKILL);
}
