/*
 * job: a question to a manager as it travels to a worker and back with its answer.
 *
 * The one place where a worker and the loop see the same memory, though never at the same time:
 * whoever holds the job owns all of it.
 */
#include "job.h"

#include <stdlib.h>

#include "clock.h"
#include "memory.h"
#include "request.h"

struct job {
	bool restart;
	struct manager_request request;
	struct manager_reply reply;
	double seconds;
};

struct job *job_new(bool restart, const struct manager_request *request)
{
	struct job *job = memory_zero(sizeof(*job));

	job->restart = restart;
	request_copy(&job->request, request);
	return job;
}

void job_work(void *arg, uint64_t deadline)
{
	struct job *job = arg;
	uint64_t begun = clock_now();

	job->request.deadline = deadline;
	if (job->restart)
		manager_restart(&job->request, &job->reply);
	else
		manager_query(&job->request, &job->reply);
	job->seconds = clock_to_seconds(clock_now() - begun);
}

void job_free(void *arg)
{
	struct job *job = arg;

	request_clear(&job->request);
	free(job);
}

void job_reply(const struct job *job, vigil_service_reply *reply)
{
	reply->manager = job->reply.manager != NULL ? job->reply.manager->name : "";
	reply->status = job->reply.status;
	reply->error = job->reply.error;
	reply->fault = job->reply.fault;
	reply->text = job->reply.text;
	reply->pid = job->reply.pid;
	reply->seconds = job->seconds;
	reply->start_limit = job->reply.start_limit;
	reply->respawns = job->reply.respawns;
}
