/*
 * check_service_refusal: requests that are refused: denied, over the restart rate, or for another
 * reason.
 */
#include "service/service_internal.h"

#include "fixture_service.h"

static unsigned journal_lines(void)
{
	FILE *file = fopen(scratch_path("journal"), "r");
	unsigned lines = 0;
	int c;

	while (file != NULL && (c = getc(file)) != EOF)
		lines += c == '\n';
	if (file != NULL)
		fclose(file);
	return lines;
}

START_TEST(a_denied_restart_is_refused_in_the_loop)
{
	static const char *const deny[] = {"s?c", NULL};
	static enum service_verb verb = SERVICE_RESTART;

	open_it();
	services_set_policy(environment.services, deny, 0, 0);
	ask(service, SERVICE_RESTART, "a");
	ask(service, SERVICE_RESTART, "b");
	victim = ask(service, SERVICE_RESTART, "x");
	service_cancel(victim);
	await(2);
	ck_assert_str_eq(order, "ab");
	ck_assert_int_eq(last.fault, VIGIL_FAULT_REFUSED);
	ck_assert_int_eq(last.error, -EPERM);
	ck_assert_ptr_nonnull(strstr(last_text, "denies"));
	ck_assert_int_eq(last.refusal, VIGIL_REFUSAL_DENY);
	ck_assert_uint_eq(journal_lines(), 0);
	ask(service, SERVICE_QUERY, "q"); /* queries are not denied */
	await(3);
	ck_assert_int_eq(last.error, 0);
	ask_with(service, SERVICE_RESTART, insist, &verb);
	the_loop_goes_on();
}
END_TEST

START_TEST(a_denied_service_is_neither_started_nor_stopped)
{
	static const char *const deny[] = {"svc", NULL};

	open_it();
	services_set_policy(environment.services, deny, 0, 0);
	ask(service, SERVICE_START, "a");
	await(1);
	ck_assert_int_eq(last.refusal, VIGIL_REFUSAL_DENY);
	ck_assert_str_eq(last_text, "the configuration denies starting it");
	ask(service, SERVICE_STOP, "b");
	await(2);
	ck_assert_int_eq(last.refusal, VIGIL_REFUSAL_DENY);
	ck_assert_str_eq(last_text, "the configuration denies stopping it");
	ck_assert_uint_eq(journal_lines(), 0);
}
END_TEST

START_TEST(the_unit_behind_an_alias_is_denied_too)
{
	static const char *const deny[] = {"mariadb", NULL};

	unsigned lines;

	open_it();
	services_set_policy(environment.services, deny, 0, 0);
	ask(service, SERVICE_QUERY, "q");
	await(1);
	lines = journal_lines();
	free(service->monitor.cached.unit);
	service->monitor.cached.unit = strdup("mariadb.service");
	ask(service, SERVICE_RESTART, "a");
	await(2);
	ck_assert_int_eq(last.refusal, VIGIL_REFUSAL_DENY);
	ck_assert_uint_eq(journal_lines(), lines);
}
END_TEST

START_TEST(a_start_and_a_stop_are_no_restarts)
{
	services_set_policy(environment.services, NULL, 1, 3600);
	service = open_stand_in("svc");
	service->ran = true;
	let_back(3);
	ask(service, SERVICE_RESTART, "a");
	await(1);
	ck_assert_int_eq(last.error, 0);
	service->restarted = 0;
	/* restart_rate is reached, and neither counts for it nor is refused by it */
	answer = VIGIL_SERVICE_STOPPED;
	ask(service, SERVICE_STOP, "b");
	await(2);
	ck_assert_int_eq(last.error, 0);
	let_back(1);
	TURN_UNTIL(queries >= 1);
	ask(service, SERVICE_START, "c");
	TURN_UNTIL(queries >= 3);
	let_back(1);
	TURN_UNTIL(changes[MANAGER_START] == 1);
	answer = VIGIL_SERVICE_RUNNING;
	let_back(10);
	await(3);
	ck_assert_int_eq(last.error, 0);
	ck_assert_uint_eq(service->restarted, 0);
	ask(service, SERVICE_RESTART, "d");
	await(4);
	ck_assert_int_eq(last.refusal, VIGIL_REFUSAL_RATE);
}
END_TEST

START_TEST(what_forbids_a_start)
{
	service = open_stand_in("svc");
	service->monitor.cached.status = VIGIL_SERVICE_STOPPED;
	service->monitor.cached.hold = strdup("the unit is masked");
	ask(service, SERVICE_START, "a");
	await(1);
	ck_assert_int_eq(last.fault, VIGIL_FAULT_REFUSED);
	ck_assert_int_eq(last.refusal, VIGIL_REFUSAL_STATE);
	ck_assert_str_eq(last_text, "the unit is masked");
	free(service->monitor.cached.hold);
	service->monitor.cached.hold = NULL;
	/* a restart of an idle service would be a mistake, but an admin may start it */
	service->monitor.cached.idle = strdup("started by x.timer");
	ask(service, SERVICE_RESTART, "b");
	await(2);
	ck_assert_str_eq(last_text, "started by x.timer");
	let_back(10);
	ask(service, SERVICE_START, "c");
	await(3);
	ck_assert_int_eq(last.error, 0);
}
END_TEST

START_TEST(a_refusal_may_cancel_and_close)
{
	static const char *const deny[] = {"*", NULL};

	open_it();
	services_set_policy(environment.services, deny, 0, 0);
	ask_with(service, SERVICE_RESTART, cancel_victim, "a");
	victim = ask(service, SERVICE_RESTART, "x");
	ask_with(service, SERVICE_RESTART, close_it, "b");
	await(2);
	ck_assert_str_eq(order, "ab");
}
END_TEST

START_TEST(all_services_share_the_restart_rate)
{
	struct service *second;

	services_set_policy(environment.services, NULL, 2, 3600);
	service = open_stand_in("svc");
	second = open_stand_in("second");
	service->ran = second->ran = true; /* so that nothing is reserved for unexpected exits */
	ask(service, SERVICE_RESTART, "a");
	TURN_UNTIL(changes[MANAGER_RESTART] == 1);
	ask(service, SERVICE_RESTART, "b"); /* joins a and costs nothing */
	ask(second, SERVICE_RESTART, "c");
	TURN_UNTIL(changes[MANAGER_RESTART] == 2);
	let_back(4);
	await(3);
	ck_assert_int_eq(last.error, 0);
	ask(second, SERVICE_RESTART, "d");
	await(4);
	ck_assert_int_eq(last.fault, VIGIL_FAULT_REFUSED);
	ck_assert_ptr_nonnull(strstr(last_text, "restart_rate"));
	ck_assert_int_eq(last.refusal, VIGIL_REFUSAL_RATE);
	ck_assert_uint_eq(changes[MANAGER_RESTART], 2);
	service_close(second);
}
END_TEST

/* A restart that joins another one is not counted, nor is one that could not be made. */
START_TEST(only_restarts_that_are_made_are_counted)
{
	static const struct worker_pool_limits none = {
		.workers = 1, .workers_max = 1, .queue_max = 0, .grace = CLOCK_SECOND};
	static const struct worker_pool_limits some = {
		.workers = 1, .workers_max = 1, .queue_max = 10, .grace = CLOCK_SECOND};

	services_set_policy(environment.services, NULL, 1, 3600);
	service = open_stand_in("svc");
	worker_pool_set_limits(worker_pool, &none);
	ck_assert_ptr_null(ask_with(service, SERVICE_RESTART, note, "x"));
	ck_assert_int_eq(errno, EAGAIN);
	worker_pool_set_limits(worker_pool, &some);
	ask(service, SERVICE_QUERY, "q");
	ask(service, SERVICE_RESTART, "a");
	ask(service, SERVICE_RESTART, "b"); /* joins a */
	let_back(3);
	await(3);
	ck_assert_str_eq(order, "qab");
	ck_assert_int_eq(last.error, 0);
	ck_assert_uint_eq(changes[MANAGER_RESTART], 1);
}
END_TEST

/* A restart that waits behind another call has its part of the rate, which it returns when the last
 * of its callers cancels it. */
START_TEST(a_waiting_restart_that_is_cancelled_is_not_counted)
{
	struct service_call *first, *joined;

	services_set_policy(environment.services, NULL, 1, 3600);
	service = open_stand_in("svc");
	service->ran = true;
	ask(service, SERVICE_QUERY, "q");
	first = ask(service, SERVICE_RESTART, "x");
	joined = ask(service, SERVICE_RESTART, "y");
	service_cancel(first);
	ck_assert(environment.services->policy.tokens < 1);
	service_cancel(joined);
	ask(service, SERVICE_RESTART, "a");
	let_back(3);
	await(2);
	ck_assert_str_eq(order, "qa");
	ck_assert_int_eq(last.error, 0);
	ck_assert_uint_eq(changes[MANAGER_RESTART], 1);
}
END_TEST

START_TEST(a_restart_that_does_not_return_is_counted_as_made)
{
	spec.restart_timeout = 0.05;
	service = open_stand_in("svc");
	service->ran = true;
	ask(service, SERVICE_RESTART, "a");
	await(1); /* after its grace of one second */
	ck_assert_int_eq(last.fault, VIGIL_FAULT_TIMEOUT);
	ck_assert_uint_gt(service->restarted, 0);
	let_back(1);
}
END_TEST

SUITE("service_refusal", setup, teardown)
{
	TEST(a_denied_restart_is_refused_in_the_loop);
	TEST(a_refusal_may_cancel_and_close);
	TEST(all_services_share_the_restart_rate);
	TEST(only_restarts_that_are_made_are_counted);
	TEST(a_waiting_restart_that_is_cancelled_is_not_counted);
	TEST(a_restart_that_does_not_return_is_counted_as_made);
	TEST(a_denied_service_is_neither_started_nor_stopped);
	TEST(the_unit_behind_an_alias_is_denied_too);
	TEST(a_start_and_a_stop_are_no_restarts);
	TEST(what_forbids_a_start);
}
