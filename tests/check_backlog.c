/* check_backlog: what the module icinga reports about results that the master refuses. */
#include "fake_vigil.h"
#include "modules/icinga/backlog.h"
#include "suite.h"

#define SERVICE "web1!disk"

static const vigil_option options[] = {
	VIGIL_OPTION("interval", VIGIL_DURATION, "60s", ""), VIGIL_OPTION_END};

static int start(vigil_daemon *d)
{
	return 0;
}

VIGIL_MODULE(.name = "icinga", .summary = "", .options = options, .start = start);

static struct backlog backlog;

static void set_up(void)
{
	fake_begin();
	fake.daemon.name = "master";
	backlog_init(&backlog, &fake.daemon, "/queue");
	backlog_sent(&backlog, SERVICE);
}

static void tear_down(void)
{
	backlog_clear(&backlog);
	fake_end();
}

static bool is_missing(void)
{
	return json_object_get(json_object_get(fake.state, "missing"), SERVICE) != NULL;
}

static void assert_health(vigil_health_level level, const char *text)
{
	backlog_account(&backlog, &(struct backlog_figures){.address = "127.0.0.1:5665"});
	ck_assert_str_eq(fake.health, text);
	ck_assert_int_eq(fake.level, level);
}

static const char clocks[] =
	"the master refuses 1 services, such as \"" SERVICE "\": it has a newer result: the clocks "
	"differ, or another sender uses this service";

/* A repetition was made a moment ago, so no result that was made in time is newer. */
START_TEST(a_repetition_that_is_older_than_a_result_of_the_master_is_a_warning)
{
	backlog_refused(&backlog, SERVICE, true, 409, "the master answers 409: Conflict");
	assert_health(VIGIL_WARNING, clocks);
	ck_assert(is_missing());
	ck_assert(strstr(fake.log, "WARN master: the master refuses \"" SERVICE "\": it has a "
				   "newer result") != NULL);
	ck_assert_uint_eq(backlog.refused, 1);
	backlog_sent(&backlog, SERVICE);
	assert_health(VIGIL_OK, "the master takes results at 127.0.0.1:5665");
	ck_assert(!is_missing());
}
END_TEST

START_TEST(a_change_that_waited_may_be_older_than_a_result_of_the_master)
{
	backlog_refused(&backlog, SERVICE, false, 409, "the master answers 409: Conflict");
	assert_health(VIGIL_OK, "the master takes results at 127.0.0.1:5665");
	ck_assert(!is_missing());
	ck_assert_str_eq(fake.log, "");
	ck_assert_uint_eq(backlog.refused, 1);
}
END_TEST

START_TEST(any_other_refusal_is_a_warning)
{
	backlog_refused(&backlog, SERVICE, false, 404, "the master answers 404: x");
	assert_health(VIGIL_WARNING,
		"the master refuses 1 services, such as \"" SERVICE "\": it has no such service");
	ck_assert(is_missing());
	backlog_refused(&backlog, SERVICE, true, 500, "the master answers 500: x");
	assert_health(VIGIL_WARNING, "the master refuses 1 services, such as \"" SERVICE
				     "\": the master answers 500: x");
}
END_TEST

SUITE("backlog", set_up, tear_down)
{
	TEST(a_repetition_that_is_older_than_a_result_of_the_master_is_a_warning);
	TEST(a_change_that_waited_may_be_older_than_a_result_of_the_master);
	TEST(any_other_refusal_is_a_warning);
}
