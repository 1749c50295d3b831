/*
 * run: tells a restart of a service from other changes, by what its checks find.
 *
 * A run lasts from a start of the service to its end. A reload, or another main process of the same
 * run, is no restart. If nothing shows whether a service was restarted, it counts as not restarted.
 */
#ifndef RUN_H
#define RUN_H

#include <vigil/vigil.h>

#include "peer.h"

/* All times are on the clock of vigil_now. Set to zero before the first check. */
struct run {
	bool seen;          /* a check has found the service running */
	bool interrupted;   /* it was not running, or vigild has restarted it, since then */
	bool issued;        /* vigild has restarted it since then */
	uint64_t id;        /* vigil_service_reply.run; 0: not known */
	pid_t pid;          /* 0: not known */
	uint32_t respawns;  /* as counted by the manager */
	double checked;     /* the last check that was no sign of the next run */
	double started;     /* when its process was started; never earlier than that */
	double restarted;   /* when it began, if a restart began it; never later; 0: none did */
	double before;      /* when the restart before that one began; 0: there was none */
	char how[PEER_HOW]; /* how that restart showed */
};

/* Returns for how many seconds the process has run; 0: not known. */
typedef double run_age_fn(pid_t pid);

/* Takes the result of a check. Returns true if it shows that the service was restarted. */
bool run_observe(struct run *run, const vigil_service_reply *r, double now, run_age_fn *age);
/* vigild has restarted the service; the restart began at that time. */
void run_interrupt(struct run *run, double began);

#endif
