/*
 * restart_job: restarts one unit, and waits for systemd's word about the job.
 */
#ifndef RESTART_JOB_H
#define RESTART_JOB_H

#include "service/systemd/bus.h"

/* Asks systemd to restart the unit at path and waits until the job has ended or the call's deadline
 * has passed.  A job that still runs then is in progress, which the reply says, and no fault.  1:
 * the reply says what came of it; negative: -errno, with the call's error, and nothing was asked. */
int restart_job_run(
	struct systemd_call *call, const char *unit, const char *path, struct manager_reply *reply);

/* With time left it is not systemd that took too long: the bus says that nobody will answer. */
void restart_job_fault(struct systemd_call *call, int r, struct manager_reply *reply);

#endif
