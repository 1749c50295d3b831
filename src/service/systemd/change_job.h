/*
 * change_job: restarts, starts or stops one unit and waits for the result of the systemd job.
 */
#ifndef CHANGE_JOB_H
#define CHANGE_JOB_H

#include "service/systemd/bus.h"

/* Asks systemd for the change of the unit at path and waits until the job has ended or the deadline
 * of the call has passed.  A job that still runs at the deadline is not a fault; then the reply has
 * in_progress set.  Returns 1 if the reply has the result.  Returns a negative errno, with the
 * call's error, if systemd rejected the request, did not answer in time or failed to answer a
 * question about the job. */
int change_job_run(struct systemd_call *call, enum manager_change change, const char *unit,
	const char *path, struct manager_reply *reply);

/* Finds out the outcome of a restart that was requested on another connection, in the same way. */
int change_job_follow(struct systemd_call *call, const struct manager_job *known, const char *unit,
	const char *path, struct manager_reply *reply);

/* Sets the reply's fault from an error of a call (r, a negative errno).  If the bus reports that
 * there is no answer although time is left, systemd was not too slow but has left the bus. */
void change_job_fault(struct systemd_call *call, int r, struct manager_reply *reply);

#endif
