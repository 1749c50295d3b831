/*
 * session_end: reads /proc to find the processes of a session.
 *
 * The kernel has no list of the processes of a session, so all of /proc is read.  One pass is for
 * all sessions that have ended within a second, and it runs in slices, because there may be many
 * processes.
 *
 * The number of a session can be reused only when no process of that session is left.  So a process
 * with that session number either was in the session when its leader ended, or it belongs to a new
 * session with the same number.  A process of a new session was started after the leader had ended,
 * and is not killed.
 */
#include "process/session_end.h"

#include <ctype.h>
#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/memory.h"
#include "loop/loop.h"
#include "process/left_behind.h"
#include "process/process.h"

#define DELAY    CLOCK_SECOND /* one pass over /proc is for many sessions */
#define SLICE    64           /* processes that are read in one iteration of the loop */
#define SESSIONS 1024         /* sessions that wait for a pass at most; more are ignored */

struct session {
	STAILQ_ENTRY(session) link;
	pid_t id;
	uint64_t ticks; /* when its leader ended, in ticks since boot */
	char *owner;
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
		free(session);
	}
}

static void examine(pid_t pid)
{
	const struct session *session;
	struct process process;

	if (process_read(pid, &process) != 0 || process.state == '\0' || process.state == 'Z')
		return;
	STAILQ_FOREACH(session, &all.ended, link)
		if (process.session == session->id && pid != session->id &&
			process.ticks <= session->ticks) {
			left_behind_note(
				session->owner, pid, process.comm, kill(pid, SIGKILL) == 0);
			return;
		}
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

static void on_timer(uint64_t missed, void *arg)
{
	const struct dirent *entry;

	if (all.proc == NULL)
		begin_reading();
	for (int i = 0; all.proc != NULL && i < SLICE; i++) {
		entry = readdir(all.proc);
		if (entry == NULL) {
			end_reading();
			return;
		}
		if (isdigit((unsigned char)entry->d_name[0]))
			examine((pid_t)atoi(entry->d_name));
	}
	if (all.proc != NULL)
		loop_timer_rearm(all.timer, 0);
}

void session_end(struct loop *loop, pid_t id, const char *owner)
{
	struct session *session;

	LOOP_ASSERT_OWNER();
	if (all.timer == NULL) {
		all.timer = loop_after(loop, DELAY, on_timer, NULL);
		if (all.timer == NULL)
			return;
	} else if (all.proc == NULL && STAILQ_EMPTY(&all.waiting)) {
		loop_timer_rearm(all.timer, DELAY);
	}
	if (all.count == SESSIONS)
		return;
	session = memory_zero(sizeof(*session));
	*session = (struct session){
		.id = id, .ticks = process_ticks_now(), .owner = memory_text(owner)};
	STAILQ_INSERT_TAIL(&all.waiting, session, link);
	all.count++;
}

/* Runs a whole pass at the stop of vigild, without slices, because the loop does not run any
 * more. */
static void end_all_now(void)
{
	const struct dirent *entry;

	if (all.proc == NULL)
		begin_reading();
	else
		STAILQ_CONCAT(&all.ended, &all.waiting);
	if (all.proc == NULL || STAILQ_EMPTY(&all.ended))
		return;
	rewinddir(all.proc);
	while ((entry = readdir(all.proc)) != NULL)
		if (isdigit((unsigned char)entry->d_name[0]))
			examine((pid_t)atoi(entry->d_name));
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
