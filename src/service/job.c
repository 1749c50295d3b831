/*
 * job: see job.h. A job is the only memory that a worker and the loop thread both access. They
 * never access it at the same time: the thread that has the job owns all of it.
 */
#include "service/job.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "service/request.h"

struct job {
	enum service_verb verb;
	struct manager_request request;
	struct manager_reply reply;
	double seconds;
};

struct job *job_new(enum service_verb verb, const struct manager_request *request)
{
	struct job *job = memory_zero(sizeof(*job));

	job->verb = verb;
	request_copy(&job->request, request);
	return job;
}

static const enum manager_change changes[SERVICE_VERBS] = {
	[SERVICE_RESTART] = MANAGER_RESTART,
	[SERVICE_START] = MANAGER_START,
	[SERVICE_STOP] = MANAGER_STOP,
	[SERVICE_RELOAD] = MANAGER_RELOAD,
};

void job_work(void *arg, uint64_t deadline)
{
	struct job *job = arg;
	uint64_t begun = clock_now();

	job->request.deadline = deadline;
	if (job->verb == SERVICE_QUERY)
		manager_query(&job->request, &job->reply);
	else
		manager_apply(changes[job->verb], &job->request, &job->reply);
	job->seconds = clock_to_seconds(clock_now() - begun);
}

void job_free(void *arg)
{
	struct job *job = arg;

	request_clear(&job->request);
	free(job);
}

void job_translate(const struct manager_reply *answer, vigil_service_reply *reply)
{
	reply->manager = answer->manager != NULL ? answer->manager->name : "";
	reply->status = answer->status;
	reply->error = answer->error;
	reply->fault = answer->fault;
	reply->text = answer->text;
	reply->pid = answer->pid;
	reply->start_limit = answer->start_limit;
	reply->respawns = answer->respawns;
	reply->counts = answer->counts;
	reply->unclear_stop = answer->unclear_stop;
	reply->done = answer->done;
	reply->run = answer->status == VIGIL_SERVICE_RUNNING ? answer->run : 0;
	reply->unit = answer->unit;
	reply->idle = answer->idle[0] != '\0' ? answer->idle : NULL;
	reply->hold = answer->hold[0] != '\0' ? answer->hold : NULL;
	reply->busy = answer->busy;
	reply->busy_limit = answer->busy_limit;
	reply->evidence = answer->evidence;
}

void job_reply(const struct job *job, vigil_service_reply *reply)
{
	job_translate(&job->reply, reply);
	reply->seconds = job->seconds;
}

const struct manager_reply *job_answer(const struct job *job)
{
	return &job->reply;
}
