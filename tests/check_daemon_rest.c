/*
 * check_daemon_rest: the ticks of a daemon that waits for a change of its service are counted and
 * not delivered.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/daemon.h"
#include "daemon/daemon_internal.h"
#include "fixture_daemon_module.h"

static vigil_service *service;
static unsigned delivered, replies;
static bool rests;
static vigil_service_status last;
static pid_t process;

static void on_reply(vigil_service *svc, const vigil_service_reply *r, void *arg)
{
	replies++;
	last = r->status;
	if (rests)
		vigil_service_rest(svc);
}

static void on_every(vigil_daemon *daemon, void *arg)
{
	delivered++;
	vigil_service_query(service, on_reply, NULL);
}

/* A service whose process vigild watches, so that its status is known without a query. */
static int start_watching(vigil_daemon *daemon)
{
	static const char *const status[] = {"/bin/true", NULL};
	FILE *file = fopen(scratch_path("pid"), "w");

	process = fork();
	if (process == 0)
		for (;;)
			pause();
	ck_assert_ptr_nonnull(file);
	fprintf(file, "%d\n", (int)process);
	fclose(file);
	service = vigil_service_open(daemon, &(vigil_service_spec){
						     .size = sizeof(vigil_service_spec),
						     .name = "rests",
						     .manager = "command",
						     .status_command = status,
						     .pidfile = scratch_path("pid"),
					     });
	ck_assert_ptr_nonnull(service);
	delivered = replies = 0;
	last = VIGIL_SERVICE_UNKNOWN;
	return vigil_every(daemon, 0.02, on_every, NULL);
}

static void begin(bool resting)
{
	rests = resting;
	in_start = start_watching;
	ck_assert_int_eq(daemon_start(d), 0);
	TURN_UNTIL(last == VIGIL_SERVICE_RUNNING);
}

static void end(void)
{
	kill(process, SIGKILL);
	waitpid(process, NULL, 0);
}

START_TEST(ticks_of_a_daemon_that_rests_are_counted_only)
{
	uint64_t ticked;
	unsigned before;

	begin(true);
	before = delivered;
	ticked = d->counts.ticks;
	TURN_UNTIL(d->counts.ticks >= ticked + 20);
	ck_assert_uint_le(delivered, before + 1); /* a query was in flight at one tick at most */
	end();
	/* its process has ended, so its status is not known any more */
	before = replies;
	TURN_UNTIL(replies > before && last != VIGIL_SERVICE_RUNNING);
}
END_TEST

START_TEST(a_daemon_that_does_not_rest_gets_each_tick)
{
	begin(false);
	TURN_UNTIL(d->counts.ticks >= 20);
	ck_assert_uint_eq(delivered, d->counts.ticks);
	end();
}
END_TEST

START_TEST(any_callback_ends_the_rest)
{
	unsigned before;

	begin(true);
	TURN_UNTIL(d->counts.ticks > delivered + 5);
	rests = false;
	before = delivered;
	ck_assert_int_eq(vigil_after(d, 0, on_tick, NULL), 0);
	TURN_UNTIL(delivered > before + 5);
	end();
}
END_TEST

START_TEST(a_requested_tick_and_a_closed_service_end_the_rest)
{
	unsigned before;

	begin(true);
	TURN_UNTIL(d->counts.ticks > delivered + 5);
	before = delivered;
	daemon_tick_now(d);
	ck_assert_uint_eq(delivered, before + 1);
	TURN_UNTIL(d->counts.ticks > delivered + 5);
	vigil_service_close(service);
	service = NULL;
	ck_assert_ptr_null(d->resting);
	vigil_service_rest(NULL);
	end();
}
END_TEST

SUITE("daemon_rest", setup, teardown)
{
	TEST(ticks_of_a_daemon_that_rests_are_counted_only);
	TEST(a_daemon_that_does_not_rest_gets_each_tick);
	TEST(any_callback_ends_the_rest);
	TEST(a_requested_tick_and_a_closed_service_end_the_rest);
}
