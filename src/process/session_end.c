/*
 * session_end: reads /proc to find the processes of a session.
 *
 * The kernel has no list of the processes of a session, so all of /proc is read.  One pass is for
 * all sessions that have ended within a second, and it runs in slices, because there may be many
 * processes.
 *
 * A daemon begins a session of its own.  It is found by a variable in its environment that no other
 * run has.  Only the environments of processes that were started since the run began are read.
 *
 * The number of a session can be reused only when no process of that session is left.  So a process
 * with that session number either was in the session when its leader ended, or it belongs to a new
 * session with the same number.  A process of a new session was started after the leader had ended,
 * and is not killed.
 */
#include "process/session_end.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/memory.h"
#include "loop/loop.h"
#include "process/left_behind.h"
#include "process/process.h"

#define DELAY           CLOCK_SECOND /* one pass over /proc is for many sessions */
#define SLICE           64           /* processes that are read in one iteration of the loop */
#define ENVIRONMENT_MAX (256 * 1024) /* bytes that are read of an environment */
#define SESSIONS        1024         /* sessions that wait for a pass at most; more are ignored */

struct session {
	STAILQ_ENTRY(session) link;
	pid_t id;
	uint64_t began, ticks; /* when its leader was started and ended, in ticks since boot */
	char *owner, *mark;
};

STAILQ_HEAD(sessions, session);

static struct {
	struct loop_timer *timer;
	struct sessions waiting; /* ended since the current pass began */
	struct sessions ended;   /* the sessions of the current pass */
	unsigned count;          /* of waiting */
	DIR *proc;               /* NULL: no pass is running */
} all = {.waiting = STAILQ_HEAD_INITIALIZER(all.waiting),
	.ended = STAILQ_HEAD_INITIALIZER(all.ended)};

static void forget(struct sessions *sessions)
{
	struct session *session;

	while ((session = STAILQ_FIRST(sessions)) != NULL) {
		STAILQ_REMOVE_HEAD(sessions, link);
		free(session->owner);
		free(session->mark);
		free(session);
	}
}

static void end_process(const struct session *session, pid_t pid, const struct process *process)
{
	left_behind_note(session->owner, pid, process->comm, kill(pid, SIGKILL) == 0);
}

/* Returns the session that the process belongs to, or NULL. */
static const struct session *find_session(pid_t pid, const struct process *process)
{
	const struct session *session;

	STAILQ_FOREACH(session, &all.ended, link)
		if (process->session == session->id && pid != session->id &&
			process->ticks <= session->ticks)
			return session;
	return NULL;
}

/* Returns whether the process may have left one of the sessions: it was started while the leader of
 * that session ran.  The kernel may not answer for a process in uninterruptible sleep. */
static bool may_have_left(const struct process *process)
{
	const struct session *session;

	if (process->state == 'D')
		return false;
	STAILQ_FOREACH(session, &all.ended, link)
		if (process->ticks >= session->began)
			return true;
	return false;
}

static const struct session *find_mark(const char *mark)
{
	const struct session *session;

	STAILQ_FOREACH(session, &all.ended, link)
		if (strcmp(session->mark, mark) == 0)
			return session;
	return NULL;
}

/* Returns the session whose mark is in the environment of the process, or NULL. */
static const struct session *find_marked(pid_t pid)
{
	static char text[ENVIRONMENT_MAX];
	const struct session *session = NULL;
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	n = process_read_file(AT_FDCWD, path, text, sizeof(text));
	for (const char *at = text; session == NULL && at - text < n; at += strlen(at) + 1)
		if (strncmp(at, SESSION_MARK, strlen(SESSION_MARK)) == 0)
			session = find_mark(at);
	return session;
}

static void examine(pid_t pid)
{
	const struct session *session;
	struct process process;

	if (process_read(pid, &process) != 0 || process.state == '\0' || process.state == 'Z')
		return;
	session = find_session(pid, &process);
	if (session == NULL && may_have_left(&process))
		session = find_marked(pid);
	if (session != NULL)
		end_process(session, pid, &process);
}

static void end_reading(void)
{
	closedir(all.proc);
	all.proc = NULL;
	forget(&all.ended);
	if (!STAILQ_EMPTY(&all.waiting))
		loop_timer_rearm(all.timer, DELAY);
}

static void begin_reading(void)
{
	all.proc = opendir("/proc");
	STAILQ_CONCAT(&all.ended, &all.waiting);
	all.count = 0;
	if (all.proc == NULL)
		forget(&all.ended); /* vigild lacks descriptors; these sessions are not ended */
}

/* Reads the next entries of /proc, at most that many.  Returns false after the last one. */
static bool read_some(int most)
{
	const struct dirent *entry = NULL;

	while (most-- > 0 && (entry = readdir(all.proc)) != NULL)
		if (isdigit((unsigned char)entry->d_name[0]))
			examine((pid_t)atoi(entry->d_name));
	return entry != NULL;
}

static void on_timer(uint64_t missed, void *arg)
{
	if (all.proc == NULL)
		begin_reading();
	if (all.proc != NULL && read_some(SLICE))
		loop_timer_rearm(all.timer, 0);
	else if (all.proc != NULL)
		end_reading();
}

void session_end(struct loop *loop, pid_t id, const char *owner, const char *mark, uint64_t began)
{
	struct session *session;

	LOOP_ASSERT_OWNER();
	if (all.timer == NULL) {
		all.timer = loop_after(loop, DELAY, on_timer, NULL);
	} else if (all.proc == NULL && STAILQ_EMPTY(&all.waiting)) {
		loop_timer_rearm(all.timer, DELAY);
	}
	if (all.count == SESSIONS)
		return;
	session = memory_zero(sizeof(*session));
	*session = (struct session){.id = id,
		.began = began,
		.ticks = process_ticks_now(),
		.owner = memory_text(owner),
		.mark = memory_text(mark)};
	STAILQ_INSERT_TAIL(&all.waiting, session, link);
	all.count++;
}

/* Runs a whole pass at the stop of vigild, without slices, because the loop does not run any
 * more. */
static void end_all_now(void)
{
	if (all.proc == NULL)
		begin_reading();
	else
		STAILQ_CONCAT(&all.ended, &all.waiting);
	if (all.proc == NULL || STAILQ_EMPTY(&all.ended))
		return;
	rewinddir(all.proc);
	read_some(INT_MAX);
}

void session_end_stop(void)
{
	if (all.timer != NULL)
		end_all_now();
	loop_timer_free(all.timer);
	all.timer = NULL;
	if (all.proc != NULL)
		closedir(all.proc);
	all.proc = NULL;
	forget(&all.waiting);
	forget(&all.ended);
	all.count = 0;
}
