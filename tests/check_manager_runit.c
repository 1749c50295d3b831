/* check_manager_runit: services under the real runsvdir. */
#include "supervised_replaced.h"

START_TEST(a_service_that_was_stopped)
{
	stopped_cleanly("sv down");
}
END_TEST

START_TEST(a_service_that_was_paused)
{
	paused("sv pause");
}
END_TEST

START_TEST(a_slow_finish_script)
{
	finishing("sv -w 0 down");
}
END_TEST

START_TEST(a_service_that_was_started_once)
{
	once("sv once");
}
END_TEST

/* The service was told to stop and has not ended: it is neither running nor stopped. */
START_TEST(a_service_that_is_stopping)
{
	pid_t pid = run_it("trap '' TERM; : >ignores; while :; do sleep 1000; done");

	wait_file("scan/svc/ignores");
	tell("sv -w 0 down");
	wait_for(VIGIL_SERVICE_STOPPING);
	ck_assert_int_eq(reply.pid, pid);
	/* an admin has stopped it, and it takes long */
	ck_assert_int_eq(restart(5), -EBUSY);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_REFUSED);
	ck_assert_str_eq(reply.text, "it is being stopped");
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	wait_for(VIGIL_SERVICE_STOPPED);
}
END_TEST

START_TEST(a_run_script_that_cannot_be_executed)
{
	run_it(run_forever);
	put("run", 0644, "nothing\n");
	ck_assert_int_eq(restart(5), -EIO);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_FAILED);
	wait_for(VIGIL_SERVICE_STARTING);
}
END_TEST

static const struct {
	unsigned char pid[4], rest[4];
	vigil_service_status status;
} forged[] = {
	{{0}, {0, 'd', 0, 0}, VIGIL_SERVICE_STOPPED},
	{{0}, {0, 'u', 0, 0}, VIGIL_SERVICE_STARTING},
	{{0xff, 0xff, 0xff, 0x7f}, {0, 'u', 0, 1}, VIGIL_SERVICE_STARTING}, /* no such process */
	{{1}, {0, 'u', 0, 1}, VIGIL_SERVICE_RUNNING},
	{{1}, {1, 'u', 0, 1}, VIGIL_SERVICE_STOPPED},
	{{1}, {0, 'd', 0, 1}, VIGIL_SERVICE_RUNNING},
	{{1}, {0, 'd', 1, 1}, VIGIL_SERVICE_STOPPING},
	{{1}, {0, 'u', 1, 1}, VIGIL_SERVICE_RUNNING},
	{{1}, {0, 'u', 0, 2}, VIGIL_SERVICE_STARTING},
	{{1}, {0, 'd', 0, 2}, VIGIL_SERVICE_STOPPING},
	{{1}, {0, 'd', 0, 9}, VIGIL_SERVICE_STOPPED},
};

START_TEST(each_field_of_a_status_file)
{
	unsigned char bytes[20] = {0x40};
	int fifo;

	memcpy(bytes + 12, forged[_i].pid, 4);
	memcpy(bytes + 16, forged[_i].rest, 4);
	fifo = forge(bytes, sizeof(bytes), "scan/svc/supervise/ok");
	ck_assert_int_eq(query(), forged[_i].status);
	ck_assert(the_manager->present(&request));
	close(fifo);
}
END_TEST

/* The service has ended, and its pid belongs to another process before runsv has noticed. */
START_TEST(a_pid_that_now_belongs_to_another_process)
{
	unsigned char bytes[20] = {0x40};
	uint32_t pid = (uint32_t)getpid();
	int fifo;

	for (int i = 0; i < 4; i++)
		bytes[12 + i] = (unsigned char)(pid >> 8 * i);
	bytes[17] = 'u';
	bytes[19] = 1;
	fifo = forge(bytes, sizeof(bytes), "scan/svc/supervise/ok");
	ck_assert_int_eq(query(), VIGIL_SERVICE_STARTING);
	ck_assert_ptr_nonnull(strstr(reply.text, "has not noticed it yet"));
	close(fifo);
}
END_TEST

START_TEST(an_invalid_or_missing_status_file)
{
	static const size_t sizes[] = {0, 18, 19, 21, 35, 100};
	char bytes[100] = {0};
	size_t i;
	int fifo;

	for (i = 0; i < COUNT(sizes); i++) {
		fifo = forge(bytes, sizes[i], "scan/svc/supervise/ok");
		ck_assert_int_eq(query(), VIGIL_SERVICE_UNKNOWN);
		ck_assert_int_eq(reply.error, -EPROTO);
		ck_assert_ptr_nonnull(strstr(reply.text, "a format that vigild does not know"));
		ck_assert(!the_manager->present(&request));
		close(fifo);
	}
	fifo = forge(bytes, 20, "scan/svc/supervise/ok");
	ck_assert_int_eq(unlink(scratch_path("scan/svc/supervise/status")), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_UNKNOWN);
	ck_assert_int_eq(reply.error, -ENOENT);
	ck_assert_ptr_nonnull(strstr(reply.text, "supervise/status"));
	close(fifo);
	/* a plain file instead of the fifo */
	forge(bytes, 20, "scan/svc/supervise/ok");
	ck_assert_int_eq(unlink(scratch_path("scan/svc/supervise/ok")), 0);
	scratch_put("scan/svc/supervise/ok", 0600, "plain");
	ck_assert_int_eq(query(), VIGIL_SERVICE_UNKNOWN);
	ck_assert_ptr_nonnull(strstr(reply.text, "not a fifo"));
}
END_TEST

START_TEST(names_without_a_service)
{
	scratch_put("scan/svc", 0644, "a file, no directory");
	ck_assert_int_eq(query(), VIGIL_SERVICE_ABSENT);
	unlink(scratch_path("scan/svc"));
	ck_assert_int_eq(symlink("nowhere", scratch_path("scan/svc")), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_ABSENT);
	request.service_dir = NULL;
	request.name = "vigil-check-of-a-name-nobody-has";
	ck_assert_int_eq(query(), VIGIL_SERVICE_ABSENT);
	ck_assert_int_eq(restart(1), -ENOENT);
	request.service_dir = scratch_path("no-such-directory");
	ck_assert_int_eq(query(), VIGIL_SERVICE_ABSENT);
}
END_TEST

/* As on Debian, the scan directory has links to the service directories. */
START_TEST(a_linked_service_directory)
{
	put_run(run_forever);
	ck_assert_int_eq(rename(scratch_path("scan/svc"), scratch_path("real")), 0);
	ck_assert_int_eq(symlink("../real", scratch_path("scan/svc")), 0);
	scan();
	wait_for(VIGIL_SERVICE_RUNNING);
	ck_assert_int_eq(restart(30), 0);
	ck_assert_int_eq(unlink(scratch_path("scan/svc")), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_ABSENT);
}
END_TEST

static void distrusted(const char *words)
{
	ck_assert_int_eq(query(), VIGIL_SERVICE_UNKNOWN);
	ck_assert_int_eq(reply.error, -EPERM);
	ck_assert_msg(strstr(reply.text, words) != NULL, "%s", reply.text);
	ck_assert_int_ne(restart(5), 0);
	ck_assert_msg(strstr(reply.text, words) != NULL, "%s", reply.text);
}

/* Each file of the supervisor is checked before it is opened, and links are not followed. */
START_TEST(files_that_others_may_have_replaced_are_not_opened)
{
	const char *fifo = scratch_path("scan/svc/supervise/ok"), *away = scratch_path("away");
	const char *status = scratch_path("scan/svc/supervise/status");

	put_run(run_forever);
	scan();
	wait_for(VIGIL_SERVICE_RUNNING);
	ck_assert_int_eq(rename(fifo, away), 0);
	ck_assert_int_eq(symlink(away, fifo), 0);
	distrusted("ok is a symbolic link");
	ck_assert_int_eq(rename(away, fifo), 0);
	ck_assert_int_eq(rename(status, away), 0);
	ck_assert_int_eq(symlink(away, status), 0);
	distrusted("status is a symbolic link");
	ck_assert_int_eq(rename(away, status), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	ck_assert_int_eq(chmod(scratch_path("scan/svc"), 0777), 0);
	distrusted("scan/svc may be written by others");
	ck_assert_int_eq(chmod(scratch_path("scan/svc"), 0755), 0);
	if (geteuid() != 0)
		return;
	ck_assert_int_eq(chown(fifo, 12345, 12345), 0);
	distrusted("ok belongs to uid 12345, not to the owner of its directory");
	ck_assert_int_eq(chown(fifo, 0, 0), 0);
	/* a user's directory must not lead to the supervisor of a service of root */
	ck_assert_int_eq(chown(scratch_path("scan/svc"), 12345, 12345), 0);
	distrusted("scan/svc belongs to uid 12345");
	ck_assert_int_eq(chown(scratch_path("scan/svc"), 0, 0), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
}
END_TEST

SUITE("manager_runit", setup, teardown)
{
	the_manager = &manager_runit;
	the_scanner = "runsvdir";
	if (!installed("runsvdir") || !installed("runsv") || !installed("sv"))
		suite_skip("runit is not installed");
	TIMEOUT(120);
	add_common(tcase);
	TEST(files_that_others_may_have_replaced_are_not_opened);
	add_replaced(tcase);
	TEST(a_service_that_was_stopped);
	TEST(a_service_that_was_paused);
	TEST(a_slow_finish_script);
	TEST(a_service_that_was_started_once);
	TEST(a_service_that_is_stopping);
	TEST(a_run_script_that_cannot_be_executed);
	LOOP_TEST(each_field_of_a_status_file, COUNT(forged));
	TEST(a_pid_that_now_belongs_to_another_process);
	TEST(an_invalid_or_missing_status_file);
	TEST(names_without_a_service);
	TEST(a_linked_service_directory);
}
