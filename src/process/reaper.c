/*
 * reaper: tells orphans from vigild's own children, and reaps the orphans.
 *
 * Orphaned processes become children of process 1.  If process 1 does not reap them, each service
 * that ends stays a zombie, and init scripts that wait for its end run into their time limit.
 *
 * The exit status of vigild's own children must not be lost.  So the reaper never waits for "any
 * child" and never reaps the pid of an own child.  The kernel keeps the children of each thread
 * apart.  Orphans become children of the main thread, which runs the loop.  A process that a worker
 * starts is a child of that worker, and is not visible with __WNOTHREAD.  The loop's own processes
 * are in the lists of child.c, which only the loop thread uses.  A worker may end before a process
 * that it started and that hangs in the kernel; such a process is in the list of spawn_run.c, which
 * has a lock.
 *
 * waitid with WNOWAIT returns one process that has ended.  When that is an own child, it may hide
 * other ended processes, so the reaper reads the kernel's list of children.
 */
#include "process/reaper.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "loop/loop.h"
#include "process/child.h"
#include "process/spawn.h"
#include "process/spawn_terminal.h"

#define AT_ONCE 256             /* orphans that are reaped in one iteration of the loop */
#define AGAIN   (10 * CLOCK_MS) /* until the next try, when own children hide others */
#define MINE    (WEXITED | WNOHANG | WNOWAIT | __WNOTHREAD)

struct reaper {
	struct loop_signal *signal;
	struct loop_timer *again;
};

static bool is_own(pid_t pid)
{
	return child_is_own(pid) || spawn_is_detached(pid) || spawn_terminal_is_own(pid);
}

/* Returns a child of this thread that has ended; 0: there is none. */
static pid_t find_ended(void)
{
	siginfo_t info = {0};

	return waitid(P_ALL, 0, &info, MINE) == 0 ? info.si_pid : 0;
}

static bool reap(pid_t pid)
{
	return waitpid(pid, NULL, WNOHANG | __WNOTHREAD) == pid;
}

/* Reaps all ended orphans in the kernel's list of children.  Returns false where the kernel has no
 * such list. */
static bool walk(void)
{
	FILE *children;
	char path[64];
	int pid;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	children = fopen(path, "re");
	if (children == NULL)
		return false;
	while (fscanf(children, "%d", &pid) == 1)
		if (!is_own((pid_t)pid))
			reap((pid_t)pid);
	fclose(children);
	return true;
}

static void reap_orphans(struct reaper *reaper)
{
	pid_t pid;

	spawn_reap_detached();
	for (int i = 0; i < AT_ONCE; i++) {
		pid = find_ended();
		if (pid == 0)
			return;
		if (is_own(pid)) {
			if (!walk())
				loop_timer_rearm(reaper->again, AGAIN);
			return;
		}
		reap(pid);
	}
	loop_timer_rearm(reaper->again, 0);
}

static void on_child(int signo, void *arg)
{
	reap_orphans(arg);
}

static void on_again(uint64_t missed, void *arg)
{
	reap_orphans(arg);
}

struct reaper *reaper_new(struct loop *loop)
{
	struct reaper *reaper = memory_zero(sizeof(*reaper));

	reaper->again = loop_after(loop, 0, on_again, reaper);
	reaper->signal = loop_on_signal(loop, SIGCHLD, on_child, reaper);
	if (reaper->signal != NULL)
		return reaper;
	reaper_free(reaper);
	errno = ENOMEM;
	return NULL;
}

void reaper_free(struct reaper *reaper)
{
	if (reaper == NULL)
		return;
	loop_signal_free(reaper->signal);
	loop_timer_free(reaper->again);
	free(reaper);
}
