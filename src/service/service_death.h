/*
 * service_death: the last death of one service, from all that vigild finds out about it.
 *
 * The kernel tells how any process ended whose pidfd is open (Linux 6.15), and which control
 * groups have lost a process to the OOM killer.  The service manager tells the rest.  Used on
 * the loop thread only.
 */
#ifndef SERVICE_DEATH_H
#define SERVICE_DEATH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "process/oom.h"
#include "service/death.h"
#include "service/manager.h"

struct service_death {
	pid_t pid;              /* the running process; 0: none */
	uint64_t ticks;         /* its start, as in struct process; 0: unknown */
	struct oom_group group; /* of that process */
	/* Of a process that vigild saw end; used when the status is known.  NULL: none. */
	struct death *seen;
	int pidfd;               /* of that process; -1: none, or its end is known */
	uint64_t run;            /* the run of the service at that time; 0: unknown */
	struct last_death *last; /* NULL: no death is known */
};

void service_death_init(struct service_death *death);
void service_death_clear(struct service_death *death);

/* The service runs with that process; 0: it is unknown. */
void service_death_watch(struct service_death *death, pid_t pid);
/* The process has ended.  Takes over the pidfd; -1: none.  run: that of the cached status. */
void service_death_exit(struct service_death *death, pid_t pid, int pidfd, uint64_t run);
/* Whether the kernel will say how the process has ended, as soon as its parent has reaped it. */
bool service_death_awaits_parent(const struct service_death *death);
/* A query has found that status.  unit: what systemd has signalled. */
void service_death_learn(
	struct service_death *death, const struct manager_reply *reply, const struct death *unit);
/* The same, if the status is unchanged. */
void service_death_hear(struct service_death *death, const struct death *unit);
/* Returns the last death, valid until the next call; NULL: none is known. */
const vigil_service_death *service_death_get(const struct service_death *death);

#endif
