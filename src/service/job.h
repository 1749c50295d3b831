/*
 * job: a question to a manager as it travels to a worker and back with its answer.
 */
#ifndef JOB_H
#define JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "service/manager.h"

struct job;

/* Copies the request. */
struct job *job_new(bool restart, const struct manager_request *request);
/* On a worker: asks, or restarts, and writes the answer down in the job. */
void job_work(void *job, uint64_t deadline);
void job_free(void *job);
/* On the loop: the answer.  Its texts are good as long as the job. */
void job_reply(const struct job *job, vigil_service_reply *reply);
/* The manager's answer in full. */
const struct manager_reply *job_answer(const struct job *job);
/* A manager's answer as a reply, which borrows its text. */
void job_translate(const struct manager_reply *answer, vigil_service_reply *reply);

#endif
