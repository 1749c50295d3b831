/*
 * check_dependency: what a service waits for before it is restarted, with peers that the test makes
 * up: each condition of the option `after`, and each status of the other service.
 */
#include "../src/modules/service/dependency.h"
#include "../src/modules/service/options.h"
#include "fake_vigil.h"
#include "suite.h"

VIGIL_MODULE(.name = "service", .options = service_options, .start = NULL);

static struct vigil_daemon web_daemon = {.name = "web"}, db_daemon = {.name = "db"};
static struct peer web, db;
static unsigned web_checks, db_checks, db_hurries;

static void count(void *arg)
{
	++*(unsigned *)arg;
}

static void hurry(void *arg)
{
	db_hurries++;
}

static void setup(void)
{
	fake_begin();
	web_checks = db_checks = db_hurries = 0;
	web = (struct peer){.daemon = &web_daemon, .check = count, .arg = &web_checks};
	db = (struct peer){.daemon = &db_daemon, .check = count, .hurry = hurry, .arg = &db_checks};
	peer_join(&web);
	peer_join(&db);
}

static void teardown(void)
{
	dependency_end(&web);
	peer_leave(&db);
	peer_leave(&web);
	fake_end();
}

static void db_is(vigil_service_status status, bool runs, bool serves, bool done)
{
	const struct peer_status found = {.status = status, .fulfils = {runs, serves, done}};

	peer_publish(&db, &found);
}

/* Returns what "web" waits for with that value of the option, since a failure just now. */
static const char *waits(const char *after)
{
	const char *text;

	peer_leave(&web);
	fake_option("after", after);
	web.after = dependency_read_after(&fake.daemon);
	peer_join(&web);
	web_checks = 0;
	text = dependency_awaited(&web, vigil_now());
	return text != NULL ? text : "nobody";
}

static const struct {
	const char *label;
	vigil_service_status status;
	bool runs, serves, done;
	const char *words[AWAIT_WORDS]; /* what it waits for, by each condition */
} rows[] = {
	{"running, and its probe succeeds", VIGIL_SERVICE_RUNNING, true, true, false,
		{"nobody", "nobody",
			"db to be done first (db is running, so it has not ended yet)"}},
	{"running, and its probe does not succeed", VIGIL_SERVICE_RUNNING, true, false, false,
		{"nobody", "db to serve first (db is running, but its probe has not succeeded)",
			"db to be done first (db is running, so it has not ended yet)"}},
	{"running without a process", VIGIL_SERVICE_RUNNING, true, false, true,
		{"nobody", "db to serve first (db is running, but its probe has not succeeded)",
			"nobody"}},
	{"idle after a run that succeeded", VIGIL_SERVICE_STOPPED, true, true, true,
		{"nobody", "nobody", "nobody"}},
	{"idle before its first run", VIGIL_SERVICE_STOPPED, true, true, false,
		{"nobody", "nobody", "db to be done first (db is stopped, but has not run)"}},
	{"stopped", VIGIL_SERVICE_STOPPED, false, false, false,
		{"db to run first (db is stopped)", "db to serve first (db is stopped)",
			"db to be done first (db is stopped)"}},
	{"failed", VIGIL_SERVICE_FAILED, false, false, false,
		{"db to run first (db is failed)", "db to serve first (db is failed)",
			"db to be done first (db is failed)"}},
	{"starting", VIGIL_SERVICE_STARTING, false, false, false,
		{"db to run first (db is starting)", "db to serve first (db is starting)",
			"db to be done first (db is starting)"}},
	{"unknown", VIGIL_SERVICE_UNKNOWN, false, false, false,
		{"db to run first (db is unknown)", "db to serve first (db is unknown)",
			"db to be done first (db is unknown)"}},
	{"not installed", VIGIL_SERVICE_ABSENT, false, false, false,
		{"nobody", "nobody", "nobody"}},
};

START_TEST(each_condition_is_judged_by_the_status)
{
	static const char *const after[AWAIT_WORDS] = {"db", "db:serves", "db:done"};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		for (size_t await = 0; await < AWAIT_WORDS; await++) {
			db_is(rows[i].status, rows[i].runs, rows[i].serves, rows[i].done);
			ck_assert_msg(strcmp(waits(after[await]), rows[i].words[await]) == 0,
				"%s, %s: %s", rows[i].label, after[await], waits(after[await]));
		}
	}
	db_is(VIGIL_SERVICE_FAILED, false, false, false);
	ck_assert_str_eq(waits("db:runs"), "db to run first (db is failed)");
}
END_TEST

/* Both services died at once, and the other one has not been checked since. */
START_TEST(a_good_result_from_before_the_failure_does_not_count)
{
	ck_assert_str_eq(waits("db"), "db to run first (db is being checked)");
	ck_assert_uint_eq(db_checks, 1);
	db_is(VIGIL_SERVICE_RUNNING, true, true, false);
	ck_assert_uint_gt(web_checks, 0);
	ck_assert_str_eq(waits("db:serves"), "nobody");
	fake_pass(1);
	ck_assert_str_eq(waits("db:serves"), "db to serve first (db is being checked)");
	ck_assert_uint_eq(db_checks, 2);
	/* a bad result counts whatever its age */
	db_is(VIGIL_SERVICE_FAILED, false, false, false);
	fake_pass(1);
	ck_assert_str_eq(waits("db"), "db to run first (db is failed)");
	ck_assert_uint_eq(db_checks, 2);
}
END_TEST

START_TEST(the_first_of_several_is_named_and_all_are_waited_for)
{
	db_is(VIGIL_SERVICE_FAILED, false, false, false);
	ck_assert_str_eq(waits("nosuch, db, other"), "db to run first (db is failed)");
	db_is(VIGIL_SERVICE_RUNNING, true, false, false);
	ck_assert_str_eq(waits("db, db:serves"),
		"db to serve first (db is running, but its probe has not succeeded)");
	db_is(VIGIL_SERVICE_RUNNING, true, true, false);
	ck_assert_str_eq(waits("db, db:serves"), "nobody");
}
END_TEST

START_TEST(each_check_of_the_awaited_service_checks_the_waiting_one)
{
	db_is(VIGIL_SERVICE_RUNNING, true, false, false);
	ck_assert_uint_eq(web_checks, 0); /* it does not name "db" */
	waits("db:serves");
	ck_assert_uint_eq(db_hurries, 1); /* the next probe is made soon */
	db_is(VIGIL_SERVICE_RUNNING, true, false, false);
	ck_assert_uint_eq(web_checks, 1); /* also without a change */
	db_is(VIGIL_SERVICE_RUNNING, true, true, false);
	ck_assert_uint_eq(web_checks, 3); /* because it waits, and because of the change */
	waits("db:serves");
	db_is(VIGIL_SERVICE_RUNNING, true, true, false);
	ck_assert_uint_eq(web_checks, 0); /* it does not wait any more, and nothing has changed */
	ck_assert_uint_eq(db_hurries, 1);
	waits("db:done");
	peer_leave(&db); /* its daemon is stopped by a reload */
	ck_assert_uint_gt(web_checks, 0);
	peer_join(&db);
}
END_TEST

START_TEST(a_service_that_runs_says_what_it_lacks_and_does_not_wait)
{
	db_is(VIGIL_SERVICE_FAILED, false, false, false);
	waits("db:serves");
	dependency_end(&web);
	web_checks = 0;
	ck_assert_str_eq(dependency_lacking(&web), "db, which is failed");
	db_is(VIGIL_SERVICE_FAILED, false, false, false);
	ck_assert_uint_eq(web_checks, 0);
	db_is(VIGIL_SERVICE_RUNNING, true, false, false);
	ck_assert_uint_eq(web_checks, 1);
	ck_assert_str_eq(
		dependency_lacking(&web), "db, which is running, but its probe has not succeeded");
	db_is(VIGIL_SERVICE_RUNNING, true, true, false);
	ck_assert_ptr_null(dependency_lacking(&web));
}
END_TEST

/* The daemon belongs to another module, or has failed. Then the state is all there is. */
START_TEST(a_daemon_that_is_no_peer_is_judged_by_the_state)
{
	ck_assert_str_eq(waits("cache"), "nobody");
	fake_change("/runs/cache/module", json_string("exec"));
	ck_assert_str_eq(waits("cache"), "nobody");
	fake_change("/runs/cache/module", json_string("service"));
	ck_assert_str_eq(waits("cache"), "cache to run first (cache has not been checked)");
	fake_change("/daemons/cache/service_state/value", json_string("failed"));
	ck_assert_str_eq(waits("cache"), "cache to run first (cache is failed)");
	fake_change("/daemons/cache/service_state/value", json_string("running"));
	ck_assert_str_eq(waits("cache"), "nobody");
	ck_assert_str_eq(waits("cache:serves"), "cache to serve first (cache is running)");
}
END_TEST

SUITE("dependency", setup, teardown)
{
	TEST(each_condition_is_judged_by_the_status);
	TEST(a_good_result_from_before_the_failure_does_not_count);
	TEST(the_first_of_several_is_named_and_all_are_waited_for);
	TEST(each_check_of_the_awaited_service_checks_the_waiting_one);
	TEST(a_service_that_runs_says_what_it_lacks_and_does_not_wait);
	TEST(a_daemon_that_is_no_peer_is_judged_by_the_state);
}
