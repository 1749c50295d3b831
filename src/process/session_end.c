/*
 * session_end: ends what a child has left in its session.
 *
 * The kernel has no list of the processes of a session, so the whole of /proc is read, for all
 * sessions that have ended within a second at once, and in slices, because there may be many
 * processes.
 *
 * The number of a session is free for another process only when no process of the session is left.  So
 * a process with that session was in it when its leader ended, or the number belongs to another one
 * by now: one that was started later is not touched.
 */
#include "process/session_end.h"

#include <ctype.h>
#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/memory.h"
#include "process/left_behind.h"
#include "loop/loop.h"
#include "process/process.h"

#define DELAY    CLOCK_SECOND /* so that one reading of /proc is for many sessions */
#define SLICE    64           /* processes that are read in one turn of the loop */
#define SESSIONS 1024         /* more than that have not ended within a second */

struct session {
	STAILQ_ENTRY(session) link;
	pid_t id;
	uint64_t ticks; /* when its leader ended */
	char *owner;
};

STAILQ_HEAD(sessions, session);

static struct {
	struct loop_timer *timer;
	struct sessions waiting; /* ended since the reading that is under way began */
	struct sessions ended;   /* those of that reading */
	unsigned count;          /* of those that wait */
	DIR *proc;               /* NULL: no reading is under way */
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
		forget(&all.ended); /* vigild lacks descriptors: the next run tries it again */
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

/* All that is left at the end of vigild, at once: the loop does not run any more. */
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
