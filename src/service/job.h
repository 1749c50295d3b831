/*
 * job: one query, restart, start or stop, with its request and its reply, for a worker.
 */
#ifndef JOB_H
#define JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "service/manager.h"
#include "service/service_call.h"

struct job;

/* The job owns a copy of the request. */
struct job *job_new(enum service_verb verb, const struct manager_request *request);
/* Runs on a worker: makes the call, and stores the reply in the job. */
void job_work(void *job, uint64_t deadline);
void job_free(void *job);
/* Runs on the loop thread: fills reply. Its texts are valid as long as the job. */
void job_reply(const struct job *job, vigil_service_reply *reply);
/* The manager's complete reply; borrowed from the job. */
const struct manager_reply *job_answer(const struct job *job);
/* Converts a manager's reply to a vigil_service_reply, which borrows its texts. */
void job_translate(const struct manager_reply *answer, vigil_service_reply *reply);

#endif
