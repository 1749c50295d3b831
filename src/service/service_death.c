/*
 * service_death: see service_death.h.  The exit of a process is not yet the end of a run: its
 * service may have another main process by then, or its manager has yet to notice the exit.  So
 * vigild keeps what it saw until the next query says what has become of the service.
 */
#include "service/service_death.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "process/pidfd.h"
#include "process/process.h"

#define LATE 5 /* seconds until two sources have noticed an exit */

struct last_death {
	struct death death;
	char text[DEATH_TEXT];
	vigil_service_death api;
};

void service_death_init(struct service_death *death)
{
	*death = (struct service_death){.pidfd = -1};
}

static void forget_seen(struct service_death *death)
{
	if (death->pidfd >= 0)
		close(death->pidfd);
	death->pidfd = -1;
	free(death->seen);
	death->seen = NULL;
}

void service_death_clear(struct service_death *death)
{
	forget_seen(death);
	oom_group_clear(&death->group);
	free(death->last);
	death->last = NULL;
}

/* --- what vigild sees itself ------------------------------------------------------------------ */

void service_death_watch(struct service_death *death, pid_t pid)
{
	struct process process;

	if (pid == death->pid) {
		oom_group_grown(&death->group); /* so that only what comes later counts */
		return;
	}
	death->pid = pid;
	death->ticks = 0;
	oom_group_clear(&death->group);
	if (pid == 0)
		return;
	oom_group_watch(&death->group, pid);
	if (process_read(pid, &process) == 0 && process.state != '\0')
		death->ticks = process.ticks;
}

void service_death_exit(struct service_death *death, pid_t pid, int pidfd, uint64_t run)
{
	uint64_t now = process_ticks_now();

	forget_seen(death);
	death->seen = memory_zero(sizeof(*death->seen));
	*death->seen = death_of(DEATH_END);
	death->seen->pid = pid;
	death->seen->ended = clock_seconds(CLOCK_REALTIME);
	death->pidfd = pidfd;
	death->run = run;
	if (pid != death->pid)
		return;
	if (death->ticks > 0 && now >= death->ticks)
		death->seen->ran = (double)(now - death->ticks) / (double)sysconf(_SC_CLK_TCK);
	death->seen->oom = oom_group_grown(&death->group);
	death->pid = 0;
}

/* Returns how the process has ended, or an error as pidfd_wait_status.  Under every kernel /proc
 * tells how a zombie has ended, but for a status of 0, which may mean that it is not told. */
static int wait_status_of(const struct service_death *death)
{
	int status = pidfd_wait_status(death->pidfd), zombie;

	if (death->pidfd < 0 || status >= 0)
		return status;
	zombie = process_zombie_status(death->seen->pid);
	return zombie > 0 ? zombie : status;
}

bool service_death_awaits_parent(const struct service_death *death)
{
	return death->seen != NULL && wait_status_of(death) == -EAGAIN;
}

/* The parent of the process may have reaped it only after vigild saw its exit, or not yet. */
static void read_exit(struct service_death *death)
{
	int wait_status = wait_status_of(death);

	if (wait_status < 0)
		return;
	death_set_wait_status(death->seen, wait_status);
	if (death->seen->signal != SIGKILL)
		death->seen->oom = false; /* the OOM killer killed another process of the group */
	close(death->pidfd);
	death->pidfd = -1;
}

/* --- what a query finds ----------------------------------------------------------------------- */

/* Whether the service still is in the run whose process has ended: another main process has taken
 * over, or its manager has not noticed the exit. */
static bool is_same_run(const struct service_death *death, const struct manager_reply *reply)
{
	switch (reply->status) {
	case VIGIL_SERVICE_RUNNING:
		return reply->pid == death->seen->pid ||
		       (death->run != 0 && reply->run == death->run);
	case VIGIL_SERVICE_UNKNOWN:
	case VIGIL_SERVICE_STOPPING:
	case VIGIL_SERVICE_RELOADING: return true;
	default: return false;
	}
}

static void merge(struct service_death *death, const struct death *news)
{
	struct last_death *last = death->last;
	double now = clock_seconds(CLOCK_REALTIME);

	if (news->kind == DEATH_NONE)
		return;
	if (last == NULL)
		last = death->last = memory_zero(sizeof(*last));
	if (last->death.ended > now + LATE && news->ended > 0 && news->ended <= now + LATE)
		last->death.kind = DEATH_NONE; /* the clock was set back */
	if (!death_merge(&last->death, news))
		return;
	if (death_is_wanted(&last->death))
		snprintf(last->death.result, sizeof(last->death.result), "stop");
	last->api = (vigil_service_death){.size = sizeof(last->api),
		.id = last->death.id,
		.ended = last->death.ended,
		.ran = last->death.ran,
		.exit_status = last->death.exit_status,
		.signal = last->death.signal,
		.core = last->death.core,
		.oom = last->death.oom,
		.pid = last->death.pid,
		.result = last->death.result,
		.text = death_describe(&last->death, last->text),
		.journal = last->death.journal};
}

/* Whether the manager means this death and does not say which process it was.  Both times may be
 * late. */
static bool is_told(const struct death *seen, const struct death *told)
{
	return told->kind != DEATH_NONE && told->pid == 0 && told->ended > 0 &&
	       fabs(told->ended - seen->ended) < LATE;
}

/* Whether the manager says that it stopped the service on request.  systemd says it with the
 * death. */
static bool was_stopped(const struct manager_reply *reply)
{
	return reply->status == VIGIL_SERVICE_STOPPED && !reply->unclear_stop &&
	       reply->active[0] == '\0';
}

/* A process has ended whose end is still to be merged. */
static void merge_seen(struct service_death *death, const struct manager_reply *reply)
{
	if (death->seen == NULL)
		return;
	if (reply->status == VIGIL_SERVICE_RUNNING && reply->pid != death->seen->pid &&
		is_same_run(death, reply)) {
		forget_seen(death); /* its successor took over */
		return;
	}
	if (is_same_run(death, reply))
		return;
	read_exit(death);
	if (reply->status == VIGIL_SERVICE_STARTING && death->pidfd >= 0)
		return; /* its parent has not reaped it yet, and then the kernel says more */
	if (is_told(death->seen, &reply->death))
		death->seen->ended = reply->death.ended;
	if (was_stopped(reply))
		death->seen->kind = DEATH_REQUESTED;
	merge(death, death->seen);
	if (death->pidfd < 0 || reply->status == VIGIL_SERVICE_RUNNING)
		forget_seen(death);
}

/* The service has failed, and no source says how. */
static void merge_failure(struct service_death *death, const struct manager_reply *reply)
{
	struct death failure = death_of(DEATH_END);

	failure.vague = true;
	snprintf(failure.detail, sizeof(failure.detail), "%.*s", DEATH_DETAIL - 1, reply->text);
	if (reply->status == VIGIL_SERVICE_FAILED && death->last == NULL)
		merge(death, &failure);
}

void service_death_learn(
	struct service_death *death, const struct manager_reply *reply, const struct death *unit)
{
	/* What the manager says comes first, because the next vigild finds out the same. */
	merge(death, unit);
	merge(death, &reply->death);
	merge_seen(death, reply);
	merge_failure(death, reply);
}

void service_death_hear(struct service_death *death, const struct death *unit)
{
	if (unit->kind != DEATH_SKIPPED) /* a worker is about to find out more */
		merge(death, unit);
}

const vigil_service_death *service_death_get(const struct service_death *death)
{
	return death->last != NULL && !death->last->death.vague ? &death->last->api : NULL;
}
