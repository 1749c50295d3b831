/* check_service: one call at a time to one service, shared by all who ask, refused where it must be. */
#include "service.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "loop.h"
#include "manager.h"
#include "offload.h"
#include "scratch.h"

static struct loop *loop;
static struct offload *offload;
static struct services *services;
static const char *status_command[4], *restart_command[4];

/* What a caller has been told. */
struct told {
	unsigned count;
	vigil_service_status status;
	int error;
	vigil_service_fault fault;
	char text[256];
	struct service *again; /* the callback asks it anew */
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

/* Scripts that count how often they are run and wait for the file `go`. */
static void setup(void)
{
	const struct offload_limits limits = {
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
	offload = offload_new(loop, &limits, manager_thread_end);
	services = services_new(loop, offload);
	ck_assert(loop != NULL && offload != NULL && services != NULL);
	services_set_policy(services, NULL, 0, 0);
}

static void teardown(void)
{
	offload_free(offload);
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
		loop_turn(loop, true);
	loop_timer_free(limit);
}

START_TEST(who_asks_for_the_same_shares_the_answer)
{
	struct service *a = open_one("x"), *b = open_one("x"), *c = open_one("y");
	struct told first = {0}, second = {0}, third = {0};

	ck_assert_ptr_eq(a, b);
	ck_assert_ptr_ne(a, c);
	ck_assert_ptr_nonnull(service_ask(a, SERVICE_QUERY, on_reply, &first));
	ck_assert_ptr_nonnull(service_ask(b, SERVICE_QUERY, on_reply, &second));
	loop_turn(loop, false);
	ck_assert_uint_eq(first.count + second.count, 0);
	go();
	until(&first, 1);
	ck_assert_uint_eq(second.count, 1); /* both at once */
	ck_assert_int_eq(first.status, VIGIL_SERVICE_STOPPED);
	calls_are("q");
	ck_assert_ptr_nonnull(service_ask(c, SERVICE_QUERY, on_reply, &third));
	until(&third, 1);
	calls_are("qq");
	service_close(a);
	service_close(b);
	service_close(c);
}
END_TEST

START_TEST(one_call_at_a_time_in_their_order)
{
	struct service *service = open_one("x");
	struct told query = {0}, restart = {0}, later = {0}, joined = {0};

	ck_assert_ptr_nonnull(service_ask(service, SERVICE_QUERY, on_reply, &query));
	ck_assert_ptr_nonnull(service_ask(service, SERVICE_RESTART, on_reply, &restart));
	ck_assert_ptr_nonnull(service_ask(service, SERVICE_QUERY, on_reply, &later));
	ck_assert_ptr_nonnull(service_ask(service, SERVICE_QUERY, on_reply, &joined));
	go();
	until(&query, 1);
	ck_assert_int_eq(query.status, VIGIL_SERVICE_STOPPED);
	ck_assert_uint_eq(restart.count + later.count, 0);
	until(&restart, 1);
	ck_assert_int_eq(restart.error, 0);
	ck_assert_int_eq(restart.status, VIGIL_SERVICE_RUNNING);
	until(&later, 1);
	ck_assert_int_eq(later.status, VIGIL_SERVICE_RUNNING);
	ck_assert_uint_eq(joined.count, 1);
	calls_are("qrqq"); /* the restart looks, too */
	service_close(service);
}
END_TEST

START_TEST(who_has_gone_is_not_told)
{
	struct service *service = open_one("x"), *closed = open_one("y");
	struct told stays = {0}, goes = {0};
	struct service_call *call;

	ck_assert_ptr_nonnull(service_ask(service, SERVICE_QUERY, on_reply, &stays));
	call = service_ask(service, SERVICE_QUERY, on_reply, &goes);
	service_cancel(call);
	service_cancel(NULL);
	call = service_ask(closed, SERVICE_QUERY, on_reply, &goes);
	service_cancel(call);
	service_close(closed); /* while a worker still asks for it */
	go();
	until(&stays, 1);
	for (int i = 0; i < 20; i++) {
		usleep(10000);
		loop_turn(loop, false);
	}
	ck_assert_uint_eq(goes.count, 0);
	service_close(service);
}
END_TEST

START_TEST(a_callback_may_ask_anew)
{
	struct service *service = open_one("x");
	struct told told = {.again = service}, change = {0};
	struct service_watch *watch = service_watch(service, on_reply, &change);

	go();
	ck_assert_ptr_nonnull(service_ask(service, SERVICE_QUERY, on_reply, &told));
	until(&told, 2);
	calls_are("qq");
	ck_assert_uint_eq(change.count, 1); /* the second look found what the first did */
	scratch_put("up", 0644, " ");
	ck_assert_ptr_nonnull(service_ask(service, SERVICE_QUERY, on_reply, &told));
	until(&told, 3);
	ck_assert_uint_eq(change.count, 2);
	ck_assert_int_eq(change.status, VIGIL_SERVICE_RUNNING);
	service_unwatch(watch);
	service_close(service);
}
END_TEST

START_TEST(what_the_configuration_forbids_is_refused)
{
	const char *const deny[] = {"db-*", NULL};
	struct service *denied = open_one("db-main"), *x = open_one("x"), *y = open_one("y");
	struct told told = {0};

	go();
	services_set_policy(services, deny, 1, 3600);
	ck_assert_ptr_nonnull(service_ask(denied, SERVICE_RESTART, on_reply, &told));
	ck_assert_uint_eq(told.count, 0); /* a refusal, too, comes from the loop */
	until(&told, 1);
	ck_assert_int_eq(told.error, -EPERM);
	ck_assert_int_eq(told.fault, VIGIL_FAULT_REFUSED);
	ck_assert_ptr_nonnull(strstr(told.text, "denies"));
	ck_assert_ptr_nonnull(service_ask(x, SERVICE_RESTART, on_reply, &told));
	until(&told, 2);
	ck_assert_int_eq(told.error, 0);
	ck_assert_ptr_nonnull(service_ask(y, SERVICE_RESTART, on_reply, &told));
	until(&told, 3);
	ck_assert_int_eq(told.fault, VIGIL_FAULT_REFUSED);
	ck_assert_ptr_nonnull(strstr(told.text, "restart_rate"));
	ck_assert_ptr_nonnull(service_ask(y, SERVICE_QUERY, on_reply, &told)); /* looks are free */
	until(&told, 4);
	ck_assert_int_eq(told.error, 0);
	service_close(denied);
	service_close(x);
	service_close(y);
}
END_TEST

START_TEST(names_and_managers_are_checked)
{
	static const char *const names[] = {
		"", "-H", "../x", "a/b", "a b", "a\nb", "a;b", "..", "a..b"};
	vigil_service_spec spec = {.size = sizeof(spec), .name = "x", .manager = "upstart"};

	ck_assert_ptr_null(service_open(services, &spec));
	ck_assert_int_eq(errno, ENOTSUP);
	spec.manager = NULL;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		spec.name = names[i];
		ck_assert_msg(service_open(services, &spec) == NULL, "\"%s\"", names[i]);
		ck_assert_int_eq(errno, EINVAL);
	}
}
END_TEST

START_TEST(a_full_queue_refuses_at_once)
{
	struct service *service[16];
	struct told told[16] = {{0}};
	unsigned refused = 0, taken = 0;
	bool is_taken[16];
	char name[8];

	for (unsigned i = 0; i < 16; i++) {
		snprintf(name, sizeof(name), "s%u", i);
		service[i] = open_one(name);
		is_taken[i] = service_ask(service[i], SERVICE_QUERY, on_reply, &told[i]) != NULL;
		if (is_taken[i]) {
			taken++;
		} else {
			ck_assert_int_eq(errno, EAGAIN);
			refused++;
		}
	}
	ck_assert_uint_gt(refused, 0);
	ck_assert_uint_ge(taken, 4);
	go();
	for (unsigned i = 0; i < 16; i++) {
		if (is_taken[i])
			until(&told[i], 1);
		service_close(service[i]);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("service");
	TCase *tcase = tcase_create("service");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, who_asks_for_the_same_shares_the_answer);
	tcase_add_test(tcase, one_call_at_a_time_in_their_order);
	tcase_add_test(tcase, who_has_gone_is_not_told);
	tcase_add_test(tcase, a_callback_may_ask_anew);
	tcase_add_test(tcase, what_the_configuration_forbids_is_refused);
	tcase_add_test(tcase, names_and_managers_are_checked);
	tcase_add_test(tcase, a_full_queue_refuses_at_once);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
