/*
 * check_service_observer: notifications of the observers of a service, and services whose process
 * is monitored.
 */
#include "service/service_internal.h"

#include <math.h>
#include <unistd.h>

#include "children.h"
#include "fixture_service.h"

/* --- observers -------------------------------------------------------------------------------- */

static struct service_observer *watches[3];

static void unwatch_all(const vigil_service_reply *reply, void *arg)
{
	note(reply, arg);
	for (int i = 0; i < 3; i++) {
		service_observer_free(watches[i]);
		watches[i] = NULL;
	}
}

START_TEST(an_observer_is_notified_only_of_changes)
{
	struct service_observer *watch;

	open_it();
	watch = service_on_change(service, note, "w");
	ask(service, SERVICE_QUERY, "a");
	await(2);
	ck_assert_str_eq(order, "wa"); /* the first query is a change */
	ask(service, SERVICE_QUERY, "a");
	await(3);
	scratch_put("answer", 0644, "3\n");
	ask(service, SERVICE_QUERY, "a");
	await(5);
	ask(service, SERVICE_RESTART, "r");
	await(7);
	ck_assert_str_eq(order, "waawawr");
	service_observer_free(watch);
	for (int i = 0; i < 3; i++)
		watches[i] = service_on_change(service, unwatch_all, "u");
	scratch_put("answer", 0644, "3\n");
	ask(service, SERVICE_QUERY, "a");
	await(9);
	ck_assert_str_eq(order, "waawawrua");
}
END_TEST

/* --- a monitored process ---------------------------------------------------------------------- */

static pid_t begin_process(void)
{
	const char *argv[] = {"/bin/sleep", "1000", NULL};
	int out, pidfd;
	pid_t pid = spawn_start(&(struct spawn){.argv = argv}, &out, NULL, &pidfd);

	ck_assert_int_gt(pid, 0);
	close(out);
	close(pidfd);
	return pid;
}

START_TEST(while_its_process_is_monitored_the_manager_is_not_queried)
{
	static enum service_verb verb = SERVICE_QUERY;
	pid_t pid = begin_process();

	answer_pid = pid;
	service = open_stand_in("svc");
	ask(service, SERVICE_QUERY, "a");
	let_back(1);
	await(1);
	ask(service, SERVICE_QUERY, "b");
	victim = ask(service, SERVICE_QUERY, "x");
	service_cancel(victim);
	await(2);
	ck_assert_int_eq(last.status, VIGIL_SERVICE_RUNNING);
	ck_assert_int_eq(last.pid, pid);
	ck_assert(fabs(last.started - clock_seconds(CLOCK_REALTIME)) < 3600);
	ck_assert_double_gt(last.started, 0);
	ck_assert_str_eq(last_manager, "stand-in");
	ck_assert_uint_eq(queries, 1);
	/* a caller who queries in each reply does not block the loop */
	ask_with(service, SERVICE_QUERY, insist, &verb);
	the_loop_goes_on();
	ck_assert_uint_eq(queries, 1);
	kill_and_reap(pid);
}
END_TEST

START_TEST(the_exit_of_its_process_is_reported_immediately)
{
	pid_t pid = begin_process();

	answer_pid = pid;
	service = open_stand_in("svc");
	watches[0] = service_on_stale(service, note, "s");
	watches[1] = service_on_stale(service, unwatch_all, "t");
	watches[2] = service_on_stale(service, note, "u");
	ask(service, SERVICE_QUERY, "a");
	let_back(1);
	await(1);
	turn_for(20 * CLOCK_MS);
	ck_assert_str_eq(order, "a");
	kill_and_reap(pid);
	await(3);
	ck_assert_str_eq(order, "ast");  /* t has freed u */
	ck_assert_int_eq(last.pid, pid); /* the pid of the last query */
	ask(service, SERVICE_QUERY, "b");
	turn_for(20 * CLOCK_MS);
	ck_assert_str_eq(order, "ast"); /* now the manager is queried */
	answer = VIGIL_SERVICE_FAILED;
	answer_pid = 0;
	let_back(1);
	await(4);
	ck_assert_int_eq(last.status, VIGIL_SERVICE_FAILED);
}
END_TEST

static void look_at_each_sign(const vigil_service_reply *reply, void *arg)
{
	ck_assert_ptr_nonnull(service_ask(service, SERVICE_QUERY, note, arg));
}

/* A manager that still reports a dead process is queried again, but not for ever. */
START_TEST(a_manager_that_reports_a_dead_process_is_not_queried_for_ever)
{
	pid_t pid = begin_process();
	size_t answers;

	answer_pid = pid;
	service = open_stand_in("svc");
	watches[0] = service_on_stale(service, look_at_each_sign, "s");
	ask(service, SERVICE_QUERY, "a");
	let_back(100000);
	await(1);
	kill_and_reap(pid);
	do {
		answers = strlen(order);
		ck_assert_uint_lt(answers, sizeof(order) - 5);
		turn_for(300 * CLOCK_MS);
	} while (strlen(order) > answers);
	ck_assert_uint_ge(answers, 3);
	ck_assert_uint_le(queries, 250);
	service_observer_free(watches[0]);
}
END_TEST

static void close_at_sign(const vigil_service_reply *reply, void *arg)
{
	service_observer_free(watches[0]);
	service_observer_free(watches[1]);
	close_it(reply, arg);
}

START_TEST(a_stale_callback_may_close_the_service)
{
	pid_t pid = begin_process();

	answer_pid = pid;
	service = open_stand_in("svc");
	watches[0] = service_on_stale(service, close_at_sign, "s");
	watches[1] = service_on_stale(service, note, "x");
	ask(service, SERVICE_QUERY, "a");
	let_back(1);
	await(1);
	kill_and_reap(pid);
	await(2);
	ck_assert_str_eq(order, "as");
	turn_for(30 * CLOCK_MS);
	ck_assert(TAILQ_EMPTY(&environment.services->all));
}
END_TEST

SUITE("service_observer", setup, teardown)
{
	TEST(an_observer_is_notified_only_of_changes);
	TEST(while_its_process_is_monitored_the_manager_is_not_queried);
	TEST(the_exit_of_its_process_is_reported_immediately);
	TEST(a_manager_that_reports_a_dead_process_is_not_queried_for_ever);
	TEST(a_stale_callback_may_close_the_service);
}
