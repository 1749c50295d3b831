/*
 * check_unit_monitor: queries of many units at once, answers of a slow systemd, and services that
 * use the unit monitor. The test runs itself again under a systemd in separate namespaces, so that
 * the systemd of the machine is not touched.
 */
#include "service/systemd/unit_monitor.h"

#include "fixture_unit_monitor.h"
#include "service/service.h"
#include "service/services.h"
#include "fake_systemd.h"
#include "worker/worker_pool.h"

/* --- queries ---------------------------------------------------------------------------------- */

START_TEST(the_result_equals_that_of_a_worker)
{
	static const struct {
		const char *name, *lines, *after;
		vigil_service_status status;
	} rows[] = {
		{"w-runs", "ExecStart=/bin/sleep 1000", "true", VIGIL_SERVICE_RUNNING},
		{"w-stopped", "ExecStart=/bin/sleep 1000", "systemctl stop w-stopped",
			VIGIL_SERVICE_STOPPED},
		{"w-failed", "ExecStart=/bin/sleep 1000", "systemctl kill -s KILL w-failed",
			VIGIL_SERVICE_FAILED},
		{"w-once", "Type=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true", "true",
			VIGIL_SERVICE_RUNNING},
		{"w-again", "Restart=always\nRestartSec=1h\nExecStart=/bin/sleep 1000",
			"systemctl kill -s KILL w-again", VIGIL_SERVICE_STARTING},
		{"w-masked", "ExecStart=/bin/sleep 1000",
			"systemctl stop w-masked; ln -sf /dev/null " UNITS "w-masked.service; "
			"systemctl daemon-reload",
			VIGIL_SERVICE_STOPPED},
		{"w-limit", "ExecStart=/bin/sleep 1000",
			"for i in 1 2 3 4 5 6; do systemctl restart w-limit; done 2>/dev/null",
			VIGIL_SERVICE_FAILED},
		{"w-queued", "ExecStart=/bin/sleep 1000\n[Unit]\nAfter=w-blocks.service",
			"systemctl stop w-queued; systemd-run -q --no-block -u w-blocks "
			"-p Type=oneshot sleep 1000; systemctl start --no-block w-queued",
			VIGIL_SERVICE_STARTING},
	};
	uint64_t late;
	struct seen seen;
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		start_unit(rows[i].name, rows[i].lines);
		shell("%s", rows[i].after);
		subscribe(&seen, rows[i].name);
		late = clock_now() + PATIENCE;
		while (look(&seen) != rows[i].status && clock_now() < late)
			;
		ck_assert_int_eq(seen.answer.status, rows[i].status);
		compare(&seen, rows[i].name);
		/* for the second query, ListUnitsByNames is enough */
		look(&seen);
		ck_assert(unit_monitor_is_valid(seen.unit));
		ck_assert_int_eq(look(&seen), rows[i].status);
		compare(&seen, rows[i].name);
		unsubscribe(&seen);
	}
}
END_TEST

START_TEST(a_missing_unit_is_left_to_the_worker)
{
	struct seen seen;

	subscribe(&seen, "w-none");
	ck_assert_int_eq(look(&seen), VIGIL_SERVICE_ABSENT);
	ck_assert(seen.none);
	ck_assert(!unit_monitor_is_valid(seen.unit));
	unsubscribe(&seen);
	ck_assert_ptr_null(unit_monitor_subscribe(monitor, "w-none.socket",
		&(struct unit_user){.on_stale = on_stale, .on_answer = on_answer}));
}
END_TEST

/* More units than fit in one message, which holds 256.  systemd loads each of them from its file
 * for a worker, which takes 30 ms on a busy machine. */
#define CROWD 300

static bool are_answered(const struct seen *seen)
{
	for (unsigned i = 0; i < CROWD; i++)
		if (seen[i].answers == 0)
			return false;
	return true;
}

START_TEST(many_units_are_queried_at_once)
{
	static struct seen crowd[CROWD];
	static char crowd_names[CROWD][32];
	struct unit_monitor_counts before, after;
	uint64_t late;

	put_unit("w-crowd@", "ExecStart=/bin/sleep 1000");
	for (unsigned i = 0; i < CROWD; i++) {
		snprintf(crowd_names[i], sizeof(crowd_names[i]), "w-crowd@%u", i);
		subscribe(&crowd[i], crowd_names[i]);
	}
	look(&crowd[0]); /* the first survey has ended */
	/* A worker queries each unit once. Its result is valid until systemd signals a change. */
	ask_worker(crowd, CROWD);
	/* The signal of a late reload may invalidate it once more. */
	late = clock_now() + PATIENCE;
	do
		look(&crowd[0]);
	while (!run(is_valid, &crowd[0], CLOCK_SECOND) && clock_now() < late);
	ck_assert(is_valid(&crowd[0]));
	unit_monitor_counts(monitor, &before);
	for (unsigned i = 0; i < CROWD; i++) {
		crowd[i].answers = 0;
		ck_assert_int_eq(unit_monitor_query(crowd[i].unit, false, CLOCK_SECOND * 60), 0);
	}
	ck_assert_uint_eq(crowd[0].answers, 0); /* never inside the call */
	ck_assert(run(are_answered, crowd, PATIENCE));
	unit_monitor_counts(monitor, &after);
	ck_assert_uint_eq(after.queries - before.queries, CROWD);
	ck_assert_uint_eq(after.messages - before.messages, 2);
	for (unsigned i = 0; i < CROWD; i++) {
		ck_assert(!crowd[i].none);
		ck_assert_int_eq(crowd[i].answer.status, VIGIL_SERVICE_STOPPED);
		ck_assert_uint_eq(crowd[i].answers, 1);
		unsubscribe(&crowd[i]);
	}
}
END_TEST

static void look_alive(struct seen *seen)
{
	seen->answers = 0;
	ck_assert_int_eq(unit_monitor_query(seen->unit, true, PATIENCE), 0);
	ck_assert(run(is_answered, seen, PATIENCE));
	ck_assert(!seen->none);
}

START_TEST(for_a_live_process_no_properties_are_queried)
{
	struct unit_monitor_counts before, after;
	struct seen seen;

	start_unit("w-lives", "ExecStart=/bin/sleep 1000");
	subscribe(&seen, "w-lives");
	look(&seen);
	unit_monitor_invalidate(seen.unit);
	unit_monitor_counts(monitor, &before);
	look_alive(&seen);
	unit_monitor_counts(monitor, &after);
	ck_assert_uint_eq(after.properties, before.properties);
	compare(&seen, "w-lives");

	/* The result of a worker is valid until systemd signals a change, and not longer. */
	seen.answer.main_pid = 77;
	unit_monitor_learn(seen.unit, &seen.answer);
	unit_monitor_invalidate(seen.unit);
	look(&seen);
	compare(&seen, "w-lives");
	unit_monitor_invalidate(seen.unit);
	look(&seen);
	compare(&seen, "w-lives");
	unsubscribe(&seen);
}
END_TEST

/* --- a slow systemd --------------------------------------------------------------------------- */

static bool try_ask_briefly(const struct seen *seen)
{
	return unit_monitor_query(seen->unit, false, CLOCK_SECOND) == 0;
}

START_TEST(a_query_that_joins_a_survey_has_its_own_deadline)
{
	struct seen seen;

	fake_systemd_start("w-late.service");
	fake_systemd_order("late 4000");
	subscribe(&seen, "w-late"); /* surveyed when the connection is established */
	ck_assert(run(try_ask_briefly, &seen, PATIENCE));
	ck_assert(run(is_answered, &seen, PATIENCE));
	ck_assert(!seen.none);
	ck_assert_int_eq(seen.answer.fault, VIGIL_FAULT_TIMEOUT); /* and not the late result */
	fake_systemd_order("well");
	ck_assert_int_eq(look(&seen), VIGIL_SERVICE_RUNNING);
	unsubscribe(&seen);
	fake_systemd_end();
}
END_TEST

START_TEST(a_query_that_waits_for_its_turn_has_its_own_deadline)
{
	static struct seen others[32];
	char units[1024] = "w-impatient.service", name[32];
	struct seen seen;

	for (unsigned i = 0; i < 32; i++)
		snprintf(units + strlen(units), sizeof(units) - strlen(units), " w-other%u.service",
			i);
	fake_systemd_start(units);
	for (unsigned i = 0; i < 32; i++) {
		snprintf(name, sizeof(name), "w-other%u", i);
		subscribe(&others[i], name);
	}
	subscribe(&seen, "w-impatient");
	ck_assert(run(try_ask, &seen, PATIENCE));
	ck_assert(run(is_answered, &seen, PATIENCE));
	unit_monitor_invalidate(seen.unit);
	seen.answers = 0;

	/* the rows come after 3 s; the properties of 32 units, which are queried at once, after 6
	 * s */
	fake_systemd_order("late 3000");
	for (unsigned i = 0; i < 32; i++)
		ck_assert_int_eq(unit_monitor_query(others[i].unit, false, PATIENCE), 0);
	ck_assert_int_eq(unit_monitor_query(seen.unit, false, 9 * CLOCK_SECOND / 2), 0);
	ck_assert(run(is_answered, &seen, PATIENCE));
	ck_assert_int_eq(seen.answer.fault, VIGIL_FAULT_TIMEOUT);
	for (unsigned i = 0; i < 32; i++)
		ck_assert_uint_eq(others[i].answers, 0);
	ck_assert(run(is_answered, &others[31], PATIENCE));
	ck_assert_int_eq(others[31].answer.status, VIGIL_SERVICE_RUNNING);
	for (unsigned i = 0; i < 32; i++)
		unsubscribe(&others[i]);
	unsubscribe(&seen);
	fake_systemd_end();
}
END_TEST

/* --- services --------------------------------------------------------------------------------- */

static struct services *services;
static struct worker_pool *worker_pool;
static vigil_service_status status;
static unsigned replies;

static void services_open(void)
{
	const struct worker_pool_limits limits = {
		.workers = 2, .workers_max = 4, .queue_max = 100, .grace = CLOCK_SECOND};

	worker_pool = worker_pool_new(loop, &limits, manager_thread_end);
	services = services_new(loop, worker_pool);
	ck_assert_ptr_nonnull(services);
	replies = 0;
}

static void services_close(void)
{
	worker_pool_free(worker_pool);
	services_free(services);
}

static struct service *open_one(const char *name)
{
	return service_open(
		services, &(vigil_service_spec){.size = sizeof(vigil_service_spec), .name = name});
}

static void on_reply(const vigil_service_reply *reply, void *arg)
{
	replies++;
	status = reply->status;
	loop_stop(loop);
}

static struct service_counts query(struct service *service)
{
	struct service_counts counts;

	ck_assert_ptr_nonnull(service_ask(service, SERVICE_QUERY, on_reply, NULL));
	loop_run(loop);
	services_counts(services, &counts);
	return counts;
}

/* Queries until the reply comes from the monitor, without a worker. */
static uint64_t query_until_batched(struct service *service)
{
	struct service_counts before, after = query(service);

	do {
		before = after;
		after = query(service);
		ck_assert_uint_lt(after.workers + after.cached, 1000);
	} while (after.workers != before.workers || after.batched == before.batched);
	return after.workers;
}

START_TEST(services_use_the_monitor_and_then_workers_again)
{
	struct service *service;
	uint64_t workers;

	put_unit("w-service", "ExecStart=/bin/sleep 1000");
	services_open();
	service = open_one("w-service");
	workers = query_until_batched(service);
	ck_assert_uint_gt(workers, 0);
	ck_assert_int_eq(status, VIGIL_SERVICE_STOPPED);

	/* it is uninstalled: systemd does not know it, and a worker asks the other managers */
	ck_assert_int_eq(shell("rm " UNITS "w-service.service; systemctl daemon-reload"), 0);
	ck_assert_uint_eq(query(service).workers, workers + 1);
	ck_assert_int_eq(status, VIGIL_SERVICE_ABSENT);
	service_close(service);
	services_close();
}
END_TEST

START_TEST(services_may_be_closed_during_a_query)
{
	struct service *service;

	put_unit("w-air", "ExecStart=/bin/sleep 1000");
	services_open();
	service = open_one("w-air");
	query_until_batched(service);
	replies = 0;
	service_cancel(service_ask(service, SERVICE_QUERY, on_reply, NULL));
	service_close(service);
	run(is_never, NULL, CLOCK_SECOND / 10);
	ck_assert_uint_eq(replies, 0);

	/* also if the pool and the services are freed */
	service = open_one("w-air");
	query_until_batched(service);
	replies = 0;
	service_cancel(service_ask(service, SERVICE_QUERY, on_reply, NULL));
	service_close(service);
	services_close();
	ck_assert_uint_eq(replies, 0);
}
END_TEST

SUITE("unit_monitor", setup, teardown)
{
	TIMEOUT(300);
	in_systemd();
	TEST(the_result_equals_that_of_a_worker);
	TEST(a_missing_unit_is_left_to_the_worker);
	TEST(many_units_are_queried_at_once);
	TEST(for_a_live_process_no_properties_are_queried);
	TEST(a_query_that_joins_a_survey_has_its_own_deadline);
	TEST(a_query_that_waits_for_its_turn_has_its_own_deadline);
	TEST(services_use_the_monitor_and_then_workers_again);
	TEST(services_may_be_closed_during_a_query);
}
