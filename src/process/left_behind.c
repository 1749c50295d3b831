/* left_behind: see left_behind.h. */
#include "process/left_behind.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "loop/loop.h"

#define QUIET (600 * CLOCK_SECOND) /* the least time between two log lines */

struct left_behind_watch {
	LIST_ENTRY(left_behind_watch) link;
	char *owner;
	left_behind_fn *fn;
	void *arg;
	struct loop_timer *soon;
	/* killed since the last call */
	pid_t pid;
	char comm[64];
	uint64_t count;
};

static LIST_HEAD(, left_behind_watch) watches = LIST_HEAD_INITIALIZER(watches);
static uint64_t killed, logged;

static void tell_owner(const char *owner, pid_t pid, const char *comm, uint64_t count)
{
	struct left_behind_watch *watch;

	LIST_FOREACH(watch, &watches, link) {
		if (count == 0 || strcmp(watch->owner, owner) != 0)
			continue;
		if (watch->count == 0) {
			watch->pid = pid;
			snprintf(watch->comm, sizeof(watch->comm), "%s", comm);
			loop_timer_rearm(watch->soon, 0);
		}
		watch->count += count;
	}
}

void left_behind_note(const char *owner, pid_t pid, const char *comm, uint64_t count)
{
	uint64_t now = clock_now();

	killed += count;
	if (owner == NULL) {
		log_notice("programs of an earlier vigild left %ju processes behind, such as %d "
			   "(%s): killing them",
			(uintmax_t)count, (int)pid, comm);
		return;
	}
	tell_owner(owner, pid, comm, count);
	if (logged != 0 && now - logged < QUIET)
		return;
	logged = now;
	log_write(LEVEL_WARN, owner,
		"its program exited and left process %d (%s) behind: killing it", (int)pid, comm);
}

uint64_t left_behind_count(void)
{
	return killed;
}

static void on_soon(uint64_t missed, void *arg)
{
	struct left_behind_watch *watch = arg;
	uint64_t count = watch->count;
	char comm[sizeof(watch->comm)];

	memcpy(comm, watch->comm, sizeof(comm));
	watch->count = 0;
	watch->fn(watch->pid, comm, count, watch->arg);
}

struct left_behind_watch *left_behind_watch(
	struct loop *loop, const char *owner, left_behind_fn *fn, void *arg)
{
	struct left_behind_watch *watch = memory_zero(sizeof(*watch));

	LOOP_ASSERT_OWNER();
	watch->owner = memory_text(owner);
	watch->fn = fn;
	watch->arg = arg;
	watch->soon = loop_once(loop, on_soon, watch);
	LIST_INSERT_HEAD(&watches, watch, link);
	return watch;
}

void left_behind_unwatch(struct left_behind_watch *watch)
{
	LIST_REMOVE(watch, link);
	loop_timer_free(watch->soon);
	free(watch->owner);
	free(watch);
}
