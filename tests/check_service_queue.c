/* check_service_queue: requests that are made in a reply callback, and refused requests. */
#include "service/service.h"
#include "service/services.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "loop/loop.h"
#include "worker/worker_pool.h"
#include "service/manager.h"
#include "service/service_queue.h"
#include "scratch.h"
#include "suite.h"

static struct loop *loop;
static struct worker_pool *worker_pool;
static struct services *services;
static const char *status_command[4], *restart_command[4];

/* What a caller was told. */
struct told {
	unsigned count;
	vigil_service_status status;
	int error;
	vigil_service_fault fault;
	char text[256];
	struct service *again; /* its callback makes another request */
};

static void on_reply(const vigil_service_reply *reply, void *arg)
{
	struct told *told = arg;

	told->count++;
	told->status = reply->status;
	told->error = reply->error;
	told->fault = reply->fault;
	snprintf(told->text, sizeof(told->text), "%s", reply->text);
	if (told->again != NULL) {
		struct service *service = told->again;

		told->again = NULL;
		ck_assert_ptr_nonnull(service_ask(service, SERVICE_QUERY, on_reply, told));
	}
}

/* Scripts that count their runs and wait for the file `go`. */
static void setup(void)
{
	const struct worker_pool_limits limits = {
		.workers = 2, .workers_max = 4, .queue_max = 4, .grace = CLOCK_SECOND};

	scratch_setup();
	scratch_put("status", 0755,
		"#!/bin/sh\necho q >>%s/calls\nwhile [ ! -e %s/go ]; do sleep 0.01; done\n"
		"[ -e %s/up ] || exit 3\n",
		scratch, scratch, scratch);
	scratch_put("restart", 0755, "#!/bin/sh\necho r >>%s/calls\n>%s/up\n", scratch, scratch);
	status_command[0] = scratch_path("status");
	restart_command[0] = scratch_path("restart");
	loop = loop_new();
	worker_pool = worker_pool_new(loop, &limits, manager_thread_end);
	services = services_new(loop, worker_pool);
	ck_assert(loop != NULL && worker_pool != NULL && services != NULL);
	services_set_policy(services, NULL, 0, 0);
}

static void teardown(void)
{
	worker_pool_free(worker_pool);
	services_free(services);
	loop_free(loop);
	scratch_teardown();
}

static struct service *open_one(const char *name)
{
	vigil_service_spec spec = {.size = sizeof(spec),
		.name = name,
		.manager = "command",
		.status_command = status_command,
		.restart_command = restart_command,
		.query_timeout = 30,
		.restart_timeout = 30};
	struct service *service;

	service = service_open(services, &spec);
	ck_assert_ptr_nonnull(service);
	return service;
}

static void go(void)
{
	scratch_put("go", 0644, " ");
}

static void calls_are(const char *expected)
{
	char calls[64] = "", line[8];
	FILE *file = fopen(scratch_path("calls"), "r");

	for (size_t n = 0; file != NULL && fgets(line, sizeof(line), file) != NULL; n++)
		calls[n] = line[0];
	if (file != NULL)
		fclose(file);
	ck_assert_str_eq(calls, expected);
}

static void on_limit(uint64_t missed, void *arg)
{
	ck_abort_msg("no answer has come");
}

static void until(const struct told *told, unsigned count)
{
	struct loop_timer *limit = loop_after(loop, 60 * CLOCK_SECOND, on_limit, NULL);

	while (told->count < count)
		loop_run_once(loop, true);
	loop_timer_free(limit);
}

static void on_change_restart(const vigil_service_reply *reply, void *arg)
{
	struct told *told = arg;
	struct service *service = told->again;

	told->again = NULL;
	if (service != NULL)
		ck_assert_ptr_nonnull(service_ask(service, SERVICE_RESTART, on_reply, told));
}

START_TEST(a_restart_requested_in_a_change_callback_gets_its_own_reply)
{
	struct service *service = open_one("x");
	struct told query = {0}, restart = {.again = service};
	struct service_observer *watch = service_on_change(service, on_change_restart, &restart);

	go();
	ck_assert_ptr_nonnull(service_ask(service, SERVICE_QUERY, on_reply, &query));
	until(&query, 1);
	ck_assert_int_eq(query.status, VIGIL_SERVICE_STOPPED);
	ck_assert_uint_eq(restart.count, 0); /* the result of the query is not its reply */
	until(&restart, 1);
	ck_assert_int_eq(restart.error, 0);
	ck_assert_int_eq(restart.status, VIGIL_SERVICE_RUNNING);
	calls_are("qrq");
	service_observer_free(watch);
	service_close(service);
}
END_TEST

START_TEST(a_repeated_request_does_not_overtake_others)
{
	struct service *service = open_one("x");
	struct told greedy = {.again = service}, restart = {0};

	ck_assert_ptr_nonnull(service_ask(service, SERVICE_QUERY, on_reply, &greedy));
	ck_assert_ptr_nonnull(service_ask(service, SERVICE_RESTART, on_reply, &restart));
	go();
	until(&restart, 1);
	ck_assert_uint_eq(greedy.count, 1);
	until(&greedy, 2);
	ck_assert_int_eq(greedy.status, VIGIL_SERVICE_RUNNING);
	calls_are("qrqq");
	service_close(service);
}
END_TEST

static void on_refused(const vigil_service_reply *reply, void *arg)
{
	struct told *told = arg;

	ck_assert_uint_lt(told->count++, 1000); /* otherwise the turn never ends */
	if (told->again != NULL)
		ck_assert_ptr_nonnull(service_ask(told->again, SERVICE_RESTART, on_refused, told));
}

START_TEST(a_refused_request_that_is_repeated_waits_for_the_next_turn)
{
	const char *const deny[] = {"x", NULL};
	struct service *service = open_one("x");
	struct told told = {.again = service};

	services_set_policy(services, deny, 0, 0);
	ck_assert_ptr_nonnull(service_ask(service, SERVICE_RESTART, on_refused, &told));
	until(&told, 3);
	ck_assert_uint_le(told.count, 3); /* one per turn */
	told.again = NULL;
	until(&told, 4);
	service_close(service);
}
END_TEST

START_TEST(a_deadline_may_have_any_value)
{
	vigil_service_spec spec = {.size = sizeof(spec),
		.name = "x",
		.manager = "command",
		.status_command = status_command,
		.query_timeout = 1e300,
		.restart_timeout = 1e11};
	struct told told = {0};
	struct service *service = service_open(services, &spec);

	ck_assert_ptr_nonnull(service);
	go();
	ck_assert_ptr_nonnull(service_ask(service, SERVICE_QUERY, on_reply, &told));
	until(&told, 1);
	ck_assert_int_eq(told.error, 0);
	ck_assert_int_eq(told.status, VIGIL_SERVICE_STOPPED);
	service_close(service);
}
END_TEST

/* Returns the letters of the calls that would be answered, in order. */
static const char *answer_order(struct service_queue *queue)
{
	static char order[16];
	struct service_call *call;
	size_t n = 0;

	while ((call = service_queue_answered(queue)) != NULL) {
		order[n++] = *(const char *)call->arg;
		service_call_free(call);
	}
	order[n] = '\0';
	return order;
}

static void wait_in(struct service_queue *queue, enum service_verb verb, const char *letter)
{
	service_call_add(service_call_new(NULL, verb, NULL, (char *)letter), &queue->waiting);
}

START_TEST(waiting_calls_are_dispatched_together_up_to_one_of_another_verb)
{
	struct service_queue queue;
	enum service_verb verb;

	service_queue_init(&queue);
	ck_assert(service_queue_is_idle(&queue));
	ck_assert(!service_queue_next(&queue, &verb));
	service_queue_dispatch(&queue, SERVICE_QUERY);
	ck_assert(service_queue_may_join(&queue, SERVICE_QUERY));
	ck_assert(!service_queue_may_join(&queue, SERVICE_RESTART));
	wait_in(&queue, SERVICE_QUERY, "a");
	wait_in(&queue, SERVICE_QUERY, "b");
	wait_in(&queue, SERVICE_RESTART, "c");
	ck_assert(service_queue_ends_with(&queue, SERVICE_RESTART));
	wait_in(&queue, SERVICE_QUERY, "d");
	ck_assert(!service_queue_ends_with(
		&queue, SERVICE_RESTART)); /* d needs the status after the restart */
	ck_assert(!service_queue_may_join(&queue, SERVICE_QUERY));
	ck_assert(!service_queue_next(&queue, &verb)); /* a call is in flight */
	service_queue_complete(&queue);
	ck_assert_str_eq(answer_order(&queue), "");

	ck_assert(service_queue_next(&queue, &verb));
	ck_assert_int_eq(verb, SERVICE_QUERY);
	service_queue_dispatch(&queue, verb);
	service_queue_complete(&queue);
	ck_assert_str_eq(answer_order(&queue), "ab");
	ck_assert(service_queue_next(&queue, &verb));
	ck_assert_int_eq(verb, SERVICE_RESTART);
	service_queue_refuse(&queue);
	ck_assert_str_eq(answer_order(&queue), "cd");
	ck_assert(service_queue_is_idle(&queue));
}
END_TEST

START_TEST(a_start_and_a_stop_wait_for_each_other)
{
	struct service_queue queue;
	enum service_verb verb;

	service_queue_init(&queue);
	service_queue_dispatch(&queue, SERVICE_STOP);
	ck_assert(service_queue_may_join(&queue, SERVICE_STOP));
	ck_assert(!service_queue_may_join(&queue, SERVICE_START));
	ck_assert(!service_queue_may_join(&queue, SERVICE_RESTART));
	ck_assert(service_queue_ends_with(&queue, SERVICE_STOP));
	wait_in(&queue, SERVICE_START, "a");
	wait_in(&queue, SERVICE_START, "b");
	wait_in(&queue, SERVICE_STOP, "c");
	ck_assert(service_queue_ends_with(&queue, SERVICE_STOP));
	ck_assert(!service_queue_ends_with(&queue, SERVICE_START));
	ck_assert(!service_queue_may_join(&queue, SERVICE_STOP)); /* the starts come first */
	service_queue_complete(&queue);
	ck_assert(service_queue_next(&queue, &verb));
	ck_assert_int_eq(verb, SERVICE_START);
	service_queue_dispatch(&queue, verb);
	service_queue_complete(&queue);
	ck_assert_str_eq(answer_order(&queue), "ab");
	ck_assert(service_queue_next(&queue, &verb));
	ck_assert_int_eq(verb, SERVICE_STOP);
	service_queue_dispatch(&queue, verb);
	service_queue_complete(&queue);
	ck_assert_str_eq(answer_order(&queue), "c");
}
END_TEST

SUITE("service_queue", setup, teardown)
{
	TIMEOUT(120);
	TEST(a_restart_requested_in_a_change_callback_gets_its_own_reply);
	TEST(a_repeated_request_does_not_overtake_others);
	TEST(a_refused_request_that_is_repeated_waits_for_the_next_turn);
	TEST(a_deadline_may_have_any_value);
	TEST(waiting_calls_are_dispatched_together_up_to_one_of_another_verb);
	TEST(a_start_and_a_stop_wait_for_each_other);
}
