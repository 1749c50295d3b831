/* check_manager_s6: services under the real s6-svscan. */
#include <math.h>

#include "supervised_replaced.h"

START_TEST(a_service_that_was_stopped)
{
	stopped_cleanly("s6-svc -wD -d");
}
END_TEST

/* s6-supervise notes each death, before it starts the service again. */
START_TEST(the_last_death_is_read)
{
	double began = clock_seconds(CLOCK_REALTIME);

	put_run("if [ -e ../../again ]; then exec sleep 1000; fi; : >../../again; kill -KILL $$");
	scan();
	wait_for(VIGIL_SERVICE_RUNNING);
	while (reply.death.kind == DEATH_NONE || reply.status != VIGIL_SERVICE_RUNNING)
		query();
	ck_assert_int_eq(reply.death.kind, DEATH_END);
	ck_assert_int_eq(reply.death.signal, SIGKILL);
	ck_assert_int_eq(reply.death.exit_status, -1);
	/* The clock of this machine may be corrected during the test. */
	ck_assert_double_lt(fabs(reply.death.ended - began), 120);
}
END_TEST

START_TEST(a_service_that_was_paused)
{
	paused("s6-svc -p");
}
END_TEST

START_TEST(a_slow_finish_script)
{
	finishing("s6-svc -d");
}
END_TEST

START_TEST(a_service_that_was_started_once)
{
	once("s6-svc -O");
}
END_TEST

/* With a file notification-fd, the service is up only when it has reported that. */
START_TEST(a_service_that_starts_slowly)
{
	pid_t pid;
	int fifo;

	ck_assert_int_eq(mkfifo(scratch_path("fifo"), 0600), 0);
	fifo = open(scratch_path("fifo"), O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(fifo, 0);
	put("notification-fd", 0644, "3\n");
	put_run("read go <../../fifo; echo >&3; exec sleep 1000 3>&-");
	scan();
	pid = scratch_number("started");
	do /* the pid is known before s6-supervise has written the status */
		wait_for(VIGIL_SERVICE_STARTING);
	while (reply.pid == 0);
	ck_assert_int_eq(reply.pid, pid);
	let_go(fifo);
	wait_for(VIGIL_SERVICE_RUNNING);
	ck_assert_int_eq(reply.pid, pid);

	/* a restart waits until the service is ready */
	ck_assert_int_eq(restart(3), -ETIMEDOUT); /* s6-supervise waits for 1 s */
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_TIMEOUT);
	ck_assert_ptr_nonnull(strstr(reply.text, "not ready"));
	ck_assert_int_eq(query(), VIGIL_SERVICE_STARTING);
	let_go(fifo); /* for that start */
	wait_for(VIGIL_SERVICE_RUNNING);
	let_go(fifo); /* and for the next one */
	ck_assert_int_eq(restart(30), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	close(fifo);
}
END_TEST

/* If the finish script exits with 125, s6-supervise does not restart the service. */
START_TEST(a_permanent_failure)
{
	put("finish", 0755, "#!/bin/sh\nexit 125\n");
	put_run("exit 3");
	scan();
	wait_for(VIGIL_SERVICE_FAILED);
	ck_assert_str_eq(reply.text, "exited with status 3");
	ck_assert_int_eq(reply.pid, 0);
	ck_assert_int_eq(restart(30), -EIO);
	ck_assert_str_eq(reply.text, "it was started and at once exited with status 3");
	wait_for(VIGIL_SERVICE_FAILED);

	put_run("kill -SEGV $$");
	ck_assert_int_eq(restart(30), -EIO);
	ck_assert_ptr_nonnull(strstr(reply.text, "SIGSEGV"));
	wait_for(VIGIL_SERVICE_FAILED);
	put_run(run_forever);
	ck_assert_int_eq(restart(30), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	ck_assert_int_eq(kill(reply.pid, SIGKILL), 0);
	wait_for(VIGIL_SERVICE_FAILED);
	ck_assert_str_eq(reply.text, "killed by SIGKILL");
}
END_TEST

/* The file down-signal names the signal that stops the service instead of TERM. */
START_TEST(a_service_with_its_own_stop_signal)
{
	put("down-signal", 0644, "USR1\n");
	run_it("trap 'echo 1 >../../usr1; exit' USR1; trap '' TERM; : >traps\n"
	       "while :; do sleep 0.1; done");
	wait_file("scan/svc/traps");
	ck_assert_int_eq(restart(30), 0);
	ck_assert_int_eq(scratch_number("usr1"), 1);
}
END_TEST

/* --- status files of other releases ----------------------------------------------------------- */

#define NO_ONE 0x7f /* no process has this pid */
#define READY  2    /* it became ready after its start, else before */

static const struct {
	unsigned char pid, fresh;
	unsigned short wait_status;
	unsigned char flags;
	vigil_service_status status;      /* in a status file of 35 bytes */
	vigil_service_status status_2_13; /* and of 43 bytes */
} forged[] = {
	/* up: paused 1, finishing 2, wanted up 4, ready 8 */
	{1, READY, 0, 4 | 8, VIGIL_SERVICE_RUNNING, VIGIL_SERVICE_RUNNING},
	{1, 0, 0, 4, VIGIL_SERVICE_STARTING, VIGIL_SERVICE_STARTING},
	{1, READY, 0, 8, VIGIL_SERVICE_RUNNING, VIGIL_SERVICE_RUNNING},
	{1, READY, 0, 1 | 4 | 8, VIGIL_SERVICE_STOPPED, VIGIL_SERVICE_STOPPED},
	{1, READY, 0, 2 | 4, VIGIL_SERVICE_STARTING, VIGIL_SERVICE_STARTING},
	{1, READY, 0, 2, VIGIL_SERVICE_STOPPING, VIGIL_SERVICE_STOPPING},
	{NO_ONE, READY, 0, 4 | 8, VIGIL_SERVICE_STARTING, VIGIL_SERVICE_STARTING},
	/* up, in the old layout: wanted up 8, ready 16, and always 4 */
	{1, 0, 0, 4 | 8, VIGIL_SERVICE_STARTING, VIGIL_SERVICE_RUNNING},
	{1, READY, 0, 4 | 8 | 16, VIGIL_SERVICE_RUNNING, VIGIL_SERVICE_RUNNING},
	/* down: ready when the finish script has ended */
	{0, READY, 0, 4 | 8, VIGIL_SERVICE_STARTING, VIGIL_SERVICE_STARTING},
	{0, READY, 0, 8, VIGIL_SERVICE_STOPPED, VIGIL_SERVICE_STOPPED},
	{0, READY, 15, 8, VIGIL_SERVICE_STOPPED, VIGIL_SERVICE_STOPPED},
	{0, READY, 2, 8, VIGIL_SERVICE_STOPPED, VIGIL_SERVICE_STOPPED},
	{0, READY, 143 << 8, 8, VIGIL_SERVICE_STOPPED, VIGIL_SERVICE_STOPPED},
	{0, READY, 1 << 8, 8, VIGIL_SERVICE_FAILED, VIGIL_SERVICE_FAILED},
	{0, READY, 9, 8, VIGIL_SERVICE_FAILED, VIGIL_SERVICE_FAILED},
	{0, READY, 11 | 128, 8, VIGIL_SERVICE_FAILED, VIGIL_SERVICE_FAILED},
	{0, READY, 0, 4 | 16, VIGIL_SERVICE_STOPPED, VIGIL_SERVICE_STARTING},
	{0, READY, 0, 4 | 8 | 16, VIGIL_SERVICE_STARTING, VIGIL_SERVICE_STARTING},
};

START_TEST(each_field_of_a_status_file)
{
	unsigned char bytes[43] = {0}, *rest;
	bool grown = _i % 2;
	size_t i = (size_t)_i / 2;
	int fifo;

	bytes[0] = bytes[12] = 0x40;
	bytes[11] = 1;
	bytes[23] = forged[i].fresh;
	bytes[31] = forged[i].pid;
	if (forged[i].pid == NO_ONE)
		memset(bytes + 28, NO_ONE, 3);
	rest = bytes + (grown ? 40 : 32);
	rest[0] = (unsigned char)(forged[i].wait_status >> 8);
	rest[1] = (unsigned char)forged[i].wait_status;
	rest[2] = forged[i].flags;
	fifo = forge(bytes, grown ? 43 : 35, "scan/svc/supervise/control");
	put("notification-fd", 0644, "3\n");
	ck_assert_int_eq(query(), grown ? forged[i].status_2_13 : forged[i].status);
	ck_assert(the_manager->present(&request));
	unlink(scratch_path("scan/svc/notification-fd"));
	/* without notification-fd the service is ready when it is up */
	if (forged[i].pid == 1 && !(forged[i].flags & 3))
		ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	close(fifo);
}
END_TEST

/* vigild asks s6-svstat about a status file of an unknown size. Here, s6-svstat returns the status
 * of a service that the real one knows. */
START_TEST(a_status_file_of_a_later_release)
{
	char bytes[64] = {0}, path[512];
	pid_t pid = run_it(run_forever);
	int fifo;

	snprintf(path, sizeof(path), "%s:%s", scratch, getenv("PATH"));
	scratch_put("s6-svstat", 0755,
		"#!/bin/sh\nPATH=${PATH#*:}\ntest \"$3\" = %s/scan/later || exit 9\n"
		"exec s6-svstat \"$1\" \"$2\" %s/scan/svc\n",
		scratch, scratch);
	ck_assert_int_eq(setenv("PATH", path, 1), 0);
	ck_assert_int_eq(rename(scratch_path("scan/svc"), scratch_path("aside")), 0);
	fifo = forge(bytes, sizeof(bytes), "scan/svc/supervise/control");
	ck_assert_int_eq(rename(scratch_path("scan/svc"), scratch_path("scan/later")), 0);
	ck_assert_int_eq(rename(scratch_path("aside"), scratch_path("scan/svc")), 0);

	request.name = "later";
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	ck_assert_int_eq(reply.pid, pid);
	ck_assert_int_eq(tell("s6-svc -wD -d"), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_STOPPED);
	ck_assert_int_eq(tell("s6-svc -O"), 0);
	ck_assert_int_eq(tell("s6-svc -wu -o"), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	ck_assert_int_eq(kill(reply.pid, SIGKILL), 0);
	wait_for(VIGIL_SERVICE_FAILED);
	ck_assert_str_eq(reply.text, "killed by SIGKILL");
	request.name = "svc";
	wait_for(VIGIL_SERVICE_FAILED); /* according to its own status file */

	request.name = "later";
	scratch_put("s6-svstat", 0755, "#!/bin/sh\necho cannot read it; exit 111\n");
	ck_assert_int_eq(query(), VIGIL_SERVICE_UNKNOWN);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_FAILED);
	ck_assert_str_eq(reply.text, "s6-svstat exited with status 111: cannot read it");
	close(fifo);
}
END_TEST

SUITE("manager_s6", setup, teardown)
{
	the_manager = &manager_s6;
	the_scanner = "s6-svscan";
	if (!installed("s6-svscan") || !installed("s6-supervise") || !installed("s6-svc"))
		suite_skip("s6 is not installed");
	TIMEOUT(120);
	add_common(tcase);
	add_replaced(tcase);
	TEST(a_service_that_was_stopped);
	TEST(the_last_death_is_read);
	TEST(a_service_that_was_paused);
	TEST(a_slow_finish_script);
	TEST(a_service_that_was_started_once);
	TEST(a_service_that_starts_slowly);
	TEST(a_permanent_failure);
	TEST(a_service_with_its_own_stop_signal);
	LOOP_TEST(each_field_of_a_status_file, 2 * COUNT(forged));
	TEST(a_status_file_of_a_later_release);
}
