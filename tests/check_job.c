/* check_job: a query or restart of a real program, as a worker makes it. */
#include "service/job.h"

#include <errno.h>

#include "base/clock.h"
#include "service/request.h"
#include "scratch.h"
#include "suite.h"

static const char *status[3], *restart[3];
static struct manager_request request;
static struct job *job;
static vigil_service_reply reply;

static void setup(void)
{
	scratch_setup();
	status[0] = strdup(
		scratch_put("status", 0755, "#!/bin/sh\nexit $(cat %s)\n", scratch_path("answer")));
	restart[0] = strdup(scratch_put("restart", 0755,
		"#!/bin/sh\necho 0 >%s\necho the last words\nexit 0\n", scratch_path("answer")));
	ck_assert_int_eq(request_from_spec(
				 &request, &(vigil_service_spec){.size = sizeof(vigil_service_spec),
						   .name = "svc",
						   .manager = "command",
						   .status_command = status,
						   .restart_command = restart}),
		0);
}

static void teardown(void)
{
	if (job != NULL)
		job_free(job);
	request_clear(&request);
	free((char *)status[0]);
	free((char *)restart[0]);
	scratch_teardown();
}

static void ask(bool to_restart, uint64_t time)
{
	if (job != NULL)
		job_free(job);
	job = job_new(to_restart ? SERVICE_RESTART : SERVICE_QUERY, &request);
	job_work(job, clock_now() + time);
	/* job_reply keeps the caller's fields */
	reply = (vigil_service_reply){.size = sizeof(reply), .name = "as asked"};
	job_reply(job, &reply);
	ck_assert_str_eq(reply.name, "as asked");
	ck_assert_str_eq(reply.manager, "command");
	ck_assert_int_eq(reply.error == 0, reply.fault == VIGIL_FAULT_NONE);
	ck_assert_double_gt(reply.seconds, 0);
}

START_TEST(a_query_returns_the_status)
{
	scratch_put("answer", 0644, "0\n");
	ask(false, 30 * CLOCK_SECOND);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_RUNNING);
	ck_assert_int_eq(reply.error, 0);
	scratch_put("answer", 0644, "3\n");
	ask(false, 30 * CLOCK_SECOND);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_STOPPED);
	ck_assert_int_eq(reply.pid, 0);
	ck_assert_uint_eq(reply.respawns, 0);
	ck_assert(!reply.start_limit);
}
END_TEST

START_TEST(a_restart_returns_the_status_after_it)
{
	scratch_put("answer", 0644, "3\n");
	ask(true, 30 * CLOCK_SECOND);
	ck_assert_int_eq(reply.error, 0);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_RUNNING);
	scratch_put("restart", 0755, "#!/bin/sh\necho no such luck\nexit 7\n");
	scratch_put("answer", 0644, "3\n");
	ask(true, 30 * CLOCK_SECOND);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_FAILED);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_STOPPED);
	ck_assert_ptr_nonnull(strstr(reply.text, "no such luck"));
}
END_TEST

START_TEST(the_deadline_is_observed)
{
	scratch_put("status", 0755, "#!/bin/sh\nsleep 1000\n");
	ask(false, 50 * CLOCK_MS);
	ck_assert_int_eq(reply.error, -ETIMEDOUT);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_TIMEOUT);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_UNKNOWN);
	ck_assert_double_lt(reply.seconds, 500);
	ask(false, 0); /* the deadline is over before it begins */
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_UNKNOWN);
}
END_TEST

/* The job may end after the service that requested it was closed. */
START_TEST(a_job_has_its_own_copy_of_the_request)
{
	scratch_put("answer", 0644, "0\n");
	job = job_new(SERVICE_QUERY, &request);
	request_clear(&request);
	memset(&request, 0, sizeof(request));
	job_work(job, clock_now() + 30 * CLOCK_SECOND);
	job_reply(job, &reply);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_RUNNING);
}
END_TEST

START_TEST(a_job_that_was_not_started_can_be_freed)
{
	job = job_new(SERVICE_RESTART, &request);
	job_reply(job, &reply);
	ck_assert_str_eq(reply.manager, "");
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_UNKNOWN);
}
END_TEST

SUITE("job", setup, teardown)
{
	TEST(a_query_returns_the_status);
	TEST(a_restart_returns_the_status_after_it);
	TEST(the_deadline_is_observed);
	TEST(a_job_has_its_own_copy_of_the_request);
	TEST(a_job_that_was_not_started_can_be_freed);
}
