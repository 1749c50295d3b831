/* check_loop_clock: a step of the clock is reported.  The test sets the clock of the machine
 * forward and back by a microsecond.  Without the capability for that, only the calls are
 * tested. */
#include <errno.h>
#include <string.h>
#include <sys/timex.h>

#include "fixture_loop.h"
#include "suite.h"

static struct loop *loop;
static unsigned reports[3];

static void setup(void)
{
	loop = loop_new();
	ck_assert_ptr_nonnull(loop);
	memset(reports, 0, sizeof(reports));
}

static void teardown(void)
{
	loop_free(loop);
}

static void on_set(void *arg)
{
	++*(unsigned *)arg;
}

/* Returns false if this process may not set the clock. */
static bool step_clock(bool back)
{
	struct timex step = {.modes = ADJ_SETOFFSET,
		.time = {.tv_sec = back ? -1 : 0, .tv_usec = back ? 999999 : 1}};
	int result = adjtimex(&step);

	ck_assert_msg(result >= 0 || errno == EPERM, "%s", strerror(errno));
	return result >= 0;
}

START_TEST(each_step_is_reported_to_each_watch)
{
	struct loop_clock_watch *watches[3];

	for (size_t i = 0; i < 3; i++)
		watches[i] = loop_on_clock_set(loop, on_set, &reports[i]);
	run_for(loop, 20 * CLOCK_MS);
	loop_clock_watch_free(watches[1]);
	for (unsigned round = 1; round <= 4 && step_clock(round % 2 == 0); round++) {
		RUN_UNTIL(loop, reports[0] >= round && reports[2] >= round);
		ck_assert_uint_eq(reports[1], 0);
	}
	loop_clock_watch_free(watches[0]);
	loop_clock_watch_free(watches[2]);
	loop_clock_watch_free(NULL);
}
END_TEST

SUITE("loop_clock", setup, teardown)
{
	TEST(each_step_is_reported_to_each_watch);
}
