/* check_manager_s6: services under the real s6-svscan. */
#include "supervised_replaced.h"

START_TEST(taken_down)
{
	stopped_cleanly("s6-svc -wD -d");
}
END_TEST

START_TEST(put_on_hold)
{
	paused("s6-svc -p");
}
END_TEST

START_TEST(with_a_slow_finish)
{
	finishing("s6-svc -d");
}
END_TEST

START_TEST(run_once)
{
	once("s6-svc -O");
}
END_TEST

/* With a file notification-fd it is up only when it says so. */
START_TEST(starting_slowly)
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
	do /* it is there before s6-supervise has written that down */
		wait_for(VIGIL_SERVICE_STARTING);
	while (reply.pid == 0);
	ck_assert_int_eq(reply.pid, pid);
	let_go(fifo);
	wait_for(VIGIL_SERVICE_RUNNING);
	ck_assert_int_eq(reply.pid, pid);

	/* a restart waits for it */
	ck_assert_int_eq(restart(3), -ETIMEDOUT); /* s6-supervise takes one of them itself */
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_TIMEOUT);
	ck_assert_ptr_nonnull(strstr(reply.text, "not ready"));
	ck_assert_int_eq(query(), VIGIL_SERVICE_STARTING);
	let_go(fifo); /* for that one, */
	wait_for(VIGIL_SERVICE_RUNNING);
	let_go(fifo); /* and for the next */
	ck_assert_int_eq(restart(30), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	close(fifo);
}
END_TEST

/* A finish script that exits 125 tells s6-supervise to leave it at that. */
START_TEST(failed_for_good)
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
	ck_assert_ptr_nonnull(strstr(reply.text, "signal 11"));
	wait_for(VIGIL_SERVICE_FAILED);
	put_run(run_forever);
	ck_assert_int_eq(restart(30), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	ck_assert_int_eq(kill(reply.pid, SIGKILL), 0);
	wait_for(VIGIL_SERVICE_FAILED);
	ck_assert_str_eq(reply.text, "killed by signal 9");
}
END_TEST

/* One that ends by another signal than TERM says so in its directory. */
START_TEST(a_signal_of_its_own)
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

#define NO_ONE 0x7f /* a pid past all that there are */
#define READY  2    /* became ready after it was started; else before */

static const struct {
	unsigned char pid, fresh;
	unsigned short wait_status;
	unsigned char flags;
	vigil_service_status status;      /* where such a flag byte stands in 35 bytes */
	vigil_service_status status_2_13; /* and in 43 */
} forged[] = {
	/* up: paused 1, finishing 2, wanted up 4, ready 8 */
	{1, READY, 0, 4 | 8, VIGIL_SERVICE_RUNNING, VIGIL_SERVICE_RUNNING},
	{1, 0, 0, 4, VIGIL_SERVICE_STARTING, VIGIL_SERVICE_STARTING},
	{1, READY, 0, 8, VIGIL_SERVICE_RUNNING, VIGIL_SERVICE_RUNNING},
	{1, READY, 0, 1 | 4 | 8, VIGIL_SERVICE_STOPPED, VIGIL_SERVICE_STOPPED},
	{1, READY, 0, 2 | 4, VIGIL_SERVICE_STARTING, VIGIL_SERVICE_STARTING},
	{1, READY, 0, 2, VIGIL_SERVICE_STOPPING, VIGIL_SERVICE_STOPPING},
	{NO_ONE, READY, 0, 4 | 8, VIGIL_SERVICE_STARTING, VIGIL_SERVICE_STARTING},
	/* up, the old layout: wanted up 8, ready 16, and always 4 */
	{1, 0, 0, 4 | 8, VIGIL_SERVICE_STARTING, VIGIL_SERVICE_RUNNING},
	{1, READY, 0, 4 | 8 | 16, VIGIL_SERVICE_RUNNING, VIGIL_SERVICE_RUNNING},
	/* down: it is ready whenever finish is done */
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

START_TEST(each_bit_of_a_status_file)
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
	/* where nothing will say that it is ready, it is as soon as it is up */
	if (forged[i].pid == 1 && !(forged[i].flags & 3))
		ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	close(fifo);
}
END_TEST

/* Of a size that no release known here writes: s6-svstat is asked, here one that has itself
 * shown a service that the real one does know. */
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
	ck_assert_str_eq(reply.text, "killed by signal 9");
	request.name = "svc";
	wait_for(VIGIL_SERVICE_FAILED); /* which is what its own file says */

	request.name = "later";
	scratch_put("s6-svstat", 0755, "#!/bin/sh\necho cannot read it; exit 111\n");
	ck_assert_int_eq(query(), VIGIL_SERVICE_UNKNOWN);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_FAILED);
	ck_assert_str_eq(reply.text, "s6-svstat exited with status 111: cannot read it");
	close(fifo);
}
END_TEST

int main(void)
{
	TCase *tcase = tcase_create("manager_s6");

	the_manager = &manager_s6;
	the_scanner = "s6-svscan";
	if (!installed("s6-svscan") || !installed("s6-supervise") || !installed("s6-svc")) {
		printf("SKIP: s6 is not installed\n");
		return 77;
	}
	add_common(tcase);
	add_replaced(tcase);
	tcase_add_test(tcase, taken_down);
	tcase_add_test(tcase, put_on_hold);
	tcase_add_test(tcase, with_a_slow_finish);
	tcase_add_test(tcase, run_once);
	tcase_add_test(tcase, starting_slowly);
	tcase_add_test(tcase, failed_for_good);
	tcase_add_test(tcase, a_signal_of_its_own);
	tcase_add_loop_test(
		tcase, each_bit_of_a_status_file, 0, (int)(2 * sizeof(forged) / sizeof(forged[0])));
	tcase_add_test(tcase, a_status_file_of_a_later_release);
	return run_suite(tcase);
}
