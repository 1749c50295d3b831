/*
 * check_service: one request of a service at a time, shared by its callers, no reply after a
 * cancel, and refused requests. Some tests run real scripts. Where the time matters, a fake manager
 * is used, whose calls take until the test lets them return.
 */
#include "service/service_internal.h"

#include "fixture_service.h"

START_TEST(a_query_is_answered_in_the_loop)
{
	open_it();
	ck_assert_str_eq(service_name(service), "svc");
	ask(service, SERVICE_QUERY, "q");
	ck_assert_str_eq(order, "");
	await(1);
	ck_assert_int_eq(last.status, VIGIL_SERVICE_RUNNING);
	ck_assert_str_eq(last_manager, "command");
	ck_assert_str_eq(last_name, "svc");
	scratch_put("answer", 0644, "3\n");
	ask(service, SERVICE_QUERY, "q");
	await(2);
	ck_assert_int_eq(last.status, VIGIL_SERVICE_STOPPED);
	ask(service, SERVICE_RESTART, "r");
	await(3);
	ck_assert_int_eq(last.status, VIGIL_SERVICE_RUNNING);
	ck_assert_int_eq(last.error, 0);
	ck_assert_double_gt(last.seconds, 0);
}
END_TEST

START_TEST(equal_specs_share_the_service)
{
	struct service *other, *third;

	open_it();
	ck_assert_ptr_eq(service_open(environment.services, &spec), service);
	service_close(service);
	spec.query_timeout = 10; /* the default, set explicitly */
	ck_assert_ptr_eq(service_open(environment.services, &spec), service);
	service_close(service);
	spec.query_timeout = 11;
	other = service_open(environment.services, &spec);
	ck_assert_ptr_ne(other, service);
	/* a module that was built with an older header does not know the last fields */
	spec.size = offsetof(vigil_service_spec, query_timeout);
	third = service_open(environment.services, &spec);
	ck_assert_ptr_eq(third, service);
	service_close(third);
	service_close(other);
	spec.size = sizeof(spec);
	spec.name = "-svc";
	ck_assert_ptr_null(service_open(environment.services, &spec));
	ck_assert_int_eq(errno, EINVAL);
	spec.name = "svc";
	spec.manager = "upstart";
	ck_assert_ptr_null(service_open(environment.services, &spec));
	ck_assert_int_eq(errno, ENOTSUP);
	service_close(NULL);
	service_cancel(NULL);
	service_observer_free(NULL);
}
END_TEST

/* --- one request at a time -------------------------------------------------------------------- */

/* A start with thousands of services compares each one only with those of its bucket. */
START_TEST(thousands_of_services_are_spread_over_the_buckets)
{
	static struct service *opened[2000];
	size_t longest = 0;
	char name[16];

	for (size_t i = 0; i < COUNT(opened); i++) {
		snprintf(name, sizeof(name), "s%05zu", i);
		opened[i] = service_open(environment.services,
			&(vigil_service_spec){.size = sizeof(vigil_service_spec), .name = name});
		ck_assert_ptr_nonnull(opened[i]);
	}
	for (size_t i = 0; i < SERVICE_BUCKETS; i++) {
		struct service *s;
		size_t length = 0;

		LIST_FOREACH(s, &environment.services->buckets[i], bucket_link)
			length++;
		longest = length > longest ? length : longest;
	}
	ck_assert_uint_ge(longest, 2);
	ck_assert_uint_lt(longest, 20);
	for (size_t i = 0; i < COUNT(opened); i++)
		service_close(opened[i]);
	for (size_t i = 0; i < SERVICE_BUCKETS; i++)
		ck_assert(LIST_EMPTY(&environment.services->buckets[i]));
}
END_TEST

START_TEST(one_request_is_in_progress_and_others_join_it_or_wait)
{
	service = open_stand_in("svc");
	answer = VIGIL_SERVICE_STOPPED;
	ask(service, SERVICE_QUERY, "a");
	TURN_UNTIL(queries == 1);
	ask(service, SERVICE_QUERY, "b"); /* joins a */
	ask(service, SERVICE_RESTART, "c");
	ask(service, SERVICE_RESTART, "d"); /* joins c */
	ask(service, SERVICE_QUERY, "e");   /* waits for the requests before it */
	ask(service, SERVICE_QUERY, "f");
	turn_for(30 * CLOCK_MS);
	ck_assert_uint_eq(queries, 1);
	ck_assert_uint_eq(changes[MANAGER_RESTART], 0);
	ck_assert_str_eq(order, "");
	let_back(1);
	await(2);
	ck_assert_str_eq(order, "ab");
	ck_assert_int_eq(last.status, VIGIL_SERVICE_STOPPED);
	TURN_UNTIL(changes[MANAGER_RESTART] == 1);
	ask(service, SERVICE_RESTART, "g"); /* waits behind the queries */
	answer = VIGIL_SERVICE_RUNNING;
	let_back(2); /* the restart and the query after it */
	await(4);
	ck_assert_str_eq(order, "abcd");
	let_back(1);
	await(6);
	let_back(2);
	await(7);
	ck_assert_str_eq(order, "abcdefg");
	ck_assert_uint_eq(queries, 4);
	ck_assert_uint_eq(changes[MANAGER_RESTART], 2);
	ck_assert_uint_eq(most_at_once, 1);
}
END_TEST

START_TEST(a_start_waits_for_a_stop_and_equal_requests_join)
{
	service = open_stand_in("svc");
	answer = VIGIL_SERVICE_RUNNING;
	ask(service, SERVICE_STOP, "a");
	TURN_UNTIL(queries == 1);         /* whether there is anything to stop */
	ask(service, SERVICE_STOP, "b");  /* joins a */
	ask(service, SERVICE_START, "c"); /* waits */
	ask(service, SERVICE_START, "d"); /* joins c */
	ask(service, SERVICE_STOP, "e");  /* comes after the starts */
	let_back(1);
	TURN_UNTIL(changes[MANAGER_STOP] == 1);
	answer = VIGIL_SERVICE_STOPPED;
	let_back(2);
	await(2);
	ck_assert_str_eq(order, "ab");
	ck_assert_int_eq(last.error, 0);
	ck_assert_int_eq(last.status, VIGIL_SERVICE_STOPPED);
	TURN_UNTIL(queries == 3);
	let_back(1);
	TURN_UNTIL(changes[MANAGER_START] == 1);
	answer = VIGIL_SERVICE_RUNNING;
	let_back(2);
	await(4);
	ck_assert_str_eq(order, "abcd");
	ck_assert_int_eq(last.status, VIGIL_SERVICE_RUNNING);
	TURN_UNTIL(queries == 5);
	answer = VIGIL_SERVICE_STOPPED; /* it ends before it is stopped */
	let_back(10);
	await(5);
	ck_assert_int_eq(last.error, 0);
	ck_assert_int_eq(last.status, VIGIL_SERVICE_STOPPED);
	ck_assert_uint_eq(changes[MANAGER_START], 1);
	ck_assert_uint_eq(changes[MANAGER_RESTART], 0);
	ck_assert_uint_eq(most_at_once, 1);
}
END_TEST

START_TEST(several_services_are_queried_at_the_same_time)
{
	struct service *others[3];
	char name[8];

	service = open_stand_in("svc");
	ask(service, SERVICE_QUERY, "a");
	for (int i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "svc%d", i);
		others[i] = open_stand_in(name);
		ask(others[i], SERVICE_QUERY, "b");
	}
	TURN_UNTIL(most_at_once >= 2);
	let_back(4);
	await(4);
	for (int i = 0; i < 3; i++)
		service_close(others[i]);
}
END_TEST

static void ask_again(const vigil_service_reply *reply, void *arg)
{
	note(reply, arg);
	if (strlen(order) < 3)
		ask_with(service, SERVICE_QUERY, ask_again, arg);
}

/* A request that is made in a reply callback does not get the same reply. */
START_TEST(a_request_in_a_reply_gets_another_reply)
{
	service = open_stand_in("svc");
	ask_with(service, SERVICE_QUERY, ask_again, "a");
	let_back(1);
	await(1);
	turn_for(20 * CLOCK_MS);
	ck_assert_str_eq(order, "a");
	let_back(2);
	await(3);
	ck_assert_uint_eq(queries, 3);
}
END_TEST

/* --- cancelled calls -------------------------------------------------------------------------- */

START_TEST(a_cancelled_call_gets_no_reply)
{
	service = open_stand_in("svc");
	victim = ask(service, SERVICE_QUERY, "x");
	TURN_UNTIL(queries == 1);
	service_cancel(victim);
	ask(service, SERVICE_QUERY, "a");
	victim = ask(service, SERVICE_RESTART, "x");
	service_cancel(victim); /* while it waits */
	ask_with(service, SERVICE_QUERY, cancel_victim, "b");
	victim = ask(service, SERVICE_QUERY, "x"); /* cancelled in the callback of another call */
	ask(service, SERVICE_QUERY, "c");
	let_back(10);
	await(3);
	ck_assert_str_eq(order, "abc");
	turn_for(30 * CLOCK_MS);
	ck_assert_uint_eq(changes[MANAGER_RESTART], 0);
	ck_assert_str_eq(order, "abc");
}
END_TEST

START_TEST(a_service_may_be_closed_at_any_time)
{
	service = open_stand_in("svc");
	service_cancel(ask(service, SERVICE_QUERY, "x"));
	service_close(service); /* while its query is in progress */
	TURN_UNTIL(queries == 1);
	ck_assert(!TAILQ_EMPTY(&environment.services->all));
	let_back(1);
	TURN_UNTIL(TAILQ_EMPTY(&environment.services->all));
	ck_assert_str_eq(order, "");
	service = open_stand_in("svc");
	ask_with(service, SERVICE_QUERY, close_it, "a");
	let_back(1);
	await(1);
	turn_for(10 * CLOCK_MS);
	ck_assert(TAILQ_EMPTY(&environment.services->all));
}
END_TEST

START_TEST(a_query_may_be_in_progress_at_the_end)
{
	service = open_stand_in("svc");
	service_cancel(ask(service, SERVICE_QUERY, "x"));
	TURN_UNTIL(queries == 1);
	service_close(service);
	service = NULL;
	/* teardown frees the pool and the services while the worker runs */
}
END_TEST

/* --- managers that do not return -------------------------------------------------------------- */

START_TEST(a_lost_worker_is_reported)
{
	spec.query_timeout = 0.05;
	service = open_stand_in("svc");
	ask(service, SERVICE_QUERY, "a");
	await(1); /* after its grace of one second */
	ck_assert_int_eq(last.error, -ETIMEDOUT);
	ck_assert_int_eq(last.fault, VIGIL_FAULT_TIMEOUT);
	ck_assert_int_eq(last.status, VIGIL_SERVICE_UNKNOWN);
	ck_assert_str_eq(last_manager, "");
	/* the next query is made, and the result of the lost one is discarded */
	ask(service, SERVICE_QUERY, "b");
	let_back(2);
	await(2);
	ck_assert_int_eq(last.status, VIGIL_SERVICE_RUNNING);
	turn_for(50 * CLOCK_MS);
	ck_assert_str_eq(order, "ab");
	ck_assert_uint_eq(queries, 2);
}
END_TEST

START_TEST(a_full_queue_is_reported)
{
	static const struct worker_pool_limits tight = {
		.workers = 1, .workers_max = 1, .queue_max = 1, .grace = CLOCK_SECOND};
	struct service *second, *third;

	worker_pool_set_limits(worker_pool, &tight);
	service = open_stand_in("svc");
	second = open_stand_in("second");
	third = open_stand_in("third");
	ask(service, SERVICE_QUERY, "a");
	TURN_UNTIL(queries == 1);
	ask(service, SERVICE_RESTART, "b"); /* it waits for a, outside the queue of the pool */
	ask(second, SERVICE_QUERY, "c");    /* fills the queue */
	ck_assert_ptr_null(ask_with(third, SERVICE_QUERY, note, "x"));
	ck_assert_int_eq(errno, EAGAIN);
	/* when a returns, there is no room for b, which must be reported */
	let_back(1);
	TURN_UNTIL(strlen(order) >= 1);
	let_back(10);
	await(3);
	ck_assert_ptr_nonnull(strchr(order, 'b'));
	service_close(second);
	service_close(third);
}
END_TEST

static void on_drained(void *arg)
{
	*(bool *)arg = true;
}

START_TEST(waiting_calls_are_cancelled_when_the_host_stops)
{
	struct service *second;
	bool drained = false;

	service = open_stand_in("svc");
	ask(service, SERVICE_QUERY, "a");
	TURN_UNTIL(queries == 1);
	ask(service, SERVICE_RESTART, "b");
	worker_pool_drain(worker_pool, 30 * CLOCK_SECOND, on_drained, &drained);
	second = open_stand_in("second");
	ck_assert_ptr_null(ask_with(second, SERVICE_QUERY, note, "x"));
	service_close(second);
	let_back(1);
	await(2);
	ck_assert_str_eq(order, "ab");
	ck_assert_uint_eq(changes[MANAGER_RESTART], 0);
	/* not EAGAIN, because nothing may be tried again */
	ck_assert_int_eq(last.error, -ECANCELED);
	ck_assert_ptr_nonnull(strstr(last_text, "stopping"));
	TURN_UNTIL(drained);
}
END_TEST

SUITE("service", setup, teardown)
{
	TEST(a_query_is_answered_in_the_loop);
	TEST(equal_specs_share_the_service);
	TEST(thousands_of_services_are_spread_over_the_buckets);
	TEST(one_request_is_in_progress_and_others_join_it_or_wait);
	TEST(several_services_are_queried_at_the_same_time);
	TEST(a_request_in_a_reply_gets_another_reply);
	TEST(a_cancelled_call_gets_no_reply);
	TEST(a_service_may_be_closed_at_any_time);
	TEST(a_query_may_be_in_progress_at_the_end);
	TEST(a_lost_worker_is_reported);
	TEST(a_full_queue_is_reported);
	TEST(waiting_calls_are_cancelled_when_the_host_stops);
	TEST(a_start_waits_for_a_stop_and_equal_requests_join);
}
