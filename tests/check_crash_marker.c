/*
 * check_crash_marker: a mapped page that records how vigild ended, and is read by the next vigild.
 * Each process that shall end is a child of the test.
 */
#include "persist/crash_marker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/log.h"
#include "scratch.h"
#include "suite.h"

static struct crash before;

static void reopen(void)
{
	ck_assert_int_eq(crash_marker_open(scratch, &before), 0);
}

/* Runs the function in a child that has opened the page. Returns the wait status. */
static int ends(void (*what)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
		signal(SIGSEGV, SIG_DFL); /* the test framework may have set a handler */
		signal(SIGABRT, SIG_DFL);
		if (crash_marker_open(scratch, &before) == 0)
			what();
		_exit(99);
	}
	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

static void enter(const char *name)
{
	crash_marker_enter(name, clock_now());
}

static void says(bool clean, const char *name, int signo)
{
	reopen();
	ck_assert_int_eq(before.clean, clean);
	ck_assert_str_eq(before.name, name);
	ck_assert_int_eq(before.signo, signo);
	crash_marker_close();
}

START_TEST(the_first_start_is_clean)
{
	reopen();
	ck_assert(before.clean);
	ck_assert_str_eq(before.name, "");
	ck_assert(scratch_has("running"));
	crash_marker_close();
	crash_marker_close(); /* a second close does nothing */
	says(true, "", 0);
}
END_TEST

static void do_crash(void)
{
	enter("culprit");
	raise(SIGSEGV);
}

static void do_abort_between(void)
{
	enter("innocent");
	crash_marker_leave();
	abort();
}

static void do_exit(void)
{
	enter("culprit");
	exit(0);
}

static void do_exit_between(void)
{
	enter("innocent");
	crash_marker_leave();
	exit(3);
}

static void do_leave(void)
{
	enter("culprit");
	_exit(0);
}

static void do_kill(void)
{
	enter("culprit");
	raise(SIGKILL);
}

static void do_close(void)
{
	enter("innocent");
	crash_marker_close();
	_exit(0);
}

/* After a stack overflow there is no room for a signal handler on the stack. */
static int deep(volatile char *from)
{
	volatile char more[4096];

	more[0] = *from;
	return *from > 100 ? 0 : deep(more) + more[0];
}

static void do_overflow(void)
{
	volatile char c = 0;

	enter("culprit");
	deep(&c);
}

START_TEST(the_signal_that_ended_vigild_is_recorded)
{
	int status = ends(do_crash);

	/* The process still ends by the signal. */
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGSEGV);
	says(false, "culprit", SIGSEGV);
	says(true, "", 0); /* it is reported once */

	status = ends(do_abort_between);
	ck_assert_int_eq(WTERMSIG(status), SIGABRT);
	says(false, "", SIGABRT);

	status = ends(do_kill);
	ck_assert_int_eq(WTERMSIG(status), SIGKILL);
	says(false, "culprit", 0);
}
END_TEST

START_TEST(a_stack_overflow_is_recorded)
{
#ifdef __SANITIZE_ADDRESS__
	return; /* AddressSanitizer watches the stack */
#endif
	ck_assert_int_eq(WTERMSIG(ends(do_overflow)), SIGSEGV);
	says(false, "culprit", SIGSEGV);
}
END_TEST

START_TEST(an_unexpected_exit_is_recorded)
{
	int status = ends(do_exit);

	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
	says(false, "culprit", -1);
	ck_assert_int_eq(WEXITSTATUS(ends(do_exit_between)), 3);
	says(false, "", 0); /* the end was not clean, and no daemon's callback ran */
	ends(do_leave);
	says(false, "culprit", 0);
	ends(do_close);
	says(true, "", 0);
}
END_TEST

static void do_crash_late(void)
{
	crash_marker_enter("culprit", clock_now() + 100 * CLOCK_SECOND);
	raise(SIGSEGV);
}

START_TEST(the_time_that_vigild_lived_is_recorded)
{
	ends(do_crash);
	reopen();
	ck_assert_double_lt(before.lived, 60);
	crash_marker_close();
	ends(do_crash_late);
	reopen();
	ck_assert_double_ge(before.lived, 100);
	ck_assert_double_lt(before.lived, 160);
	crash_marker_close();
}
END_TEST

static void do_crash_loading(void)
{
	crash_marker_load("module");
	raise(SIGSEGV);
}

static void do_crash_loaded(void)
{
	crash_marker_load("module");
	crash_marker_loaded();
	enter("daemon");
	raise(SIGSEGV);
}

START_TEST(a_crash_while_a_module_is_loaded_is_recorded)
{
	ends(do_crash_loading);
	reopen();
	ck_assert_str_eq(before.name, "module");
	ck_assert(before.loading);
	crash_marker_close();
	ends(do_crash_loaded);
	reopen();
	ck_assert_str_eq(before.name, "daemon");
	ck_assert(!before.loading);
	crash_marker_close();
}
END_TEST

/* Without a page, the functions do nothing. */
START_TEST(without_a_page_nothing_is_recorded)
{
	ck_assert_int_lt(crash_marker_open(scratch_path("missing"), &before), 0);
	ck_assert(before.clean);
	crash_marker_enter("x", 1);
	crash_marker_leave();
	crash_marker_load("x");
	crash_marker_loaded();
	crash_marker_close();
}
END_TEST

static char logged[1024];

static void on_log(enum log_level level, const char *line, void *arg)
{
	snprintf(logged, sizeof(logged), "%s", line);
}

/* The log line must name the file and the reason. */
static void refused(int error, const char *path, const char *why)
{
	logged[0] = '\0';
	log_set_sink(on_log, NULL);
	ck_assert_int_eq(crash_marker_open(scratch, &before), error);
	log_set_sink(NULL, NULL);
	ck_assert(before.clean);
	ck_assert_msg(strstr(logged, path) != NULL, "%s", logged);
	ck_assert_msg(strstr(logged, why) != NULL, "%s", logged);
}

START_TEST(a_marker_that_is_refused_is_logged_with_its_path)
{
	const char *path = scratch_path("running");

	scratch_put("precious", 0644, "precious");
	ck_assert_int_eq(symlink(scratch_path("precious"), path), 0);
	refused(-ELOOP, path, strerror(ELOOP));
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	refused(-EINVAL, path, "is not a regular file with one name");
	if (geteuid() != 0)
		return;
	ck_assert_int_eq(unlink(path), 0);
	scratch_put("running", 0600, "short");
	ck_assert_int_eq(chown(path, 12345, 12345), 0);
	refused(-EPERM, path, "belongs to uid 12345");
}
END_TEST

START_TEST(a_file_that_is_not_a_marker_of_this_user_is_not_read)
{
	/* A file of another kind or of another version is ignored. */
	scratch_put("running", 0600, "short");
	says(true, "", 0);
	scratch_put("running", 0600, "vigil 9\n%0300d", 7);
	says(true, "", 0);

	/* A file that may belong to someone else is neither read nor written. */
	scratch_put("precious", 0644, "precious");
	ck_assert_int_eq(unlink(scratch_path("running")), 0);
	ck_assert_int_eq(symlink(scratch_path("precious"), scratch_path("running")), 0);
	ck_assert_int_eq(crash_marker_open(scratch, &before), -ELOOP);
	ck_assert(before.clean);
	ck_assert_int_eq(unlink(scratch_path("running")), 0);
	ck_assert_int_eq(link(scratch_path("precious"), scratch_path("running")), 0);
	ck_assert_int_eq(crash_marker_open(scratch, &before), -EINVAL);
	ck_assert_int_eq(unlink(scratch_path("running")), 0);
	ck_assert_int_eq(mkfifo(scratch_path("running"), 0600), 0);
	ck_assert_int_eq(crash_marker_open(scratch, &before), -EINVAL);
}
END_TEST

/* Each byte of a valid page is set to each value, and the page is cut to each length. */
START_TEST(a_damaged_page_yields_no_value_out_of_range)
{
	unsigned char page[256];
	FILE *file;
	size_t n;

	ends(do_crash);
	file = fopen(scratch_path("running"), "r");
	ck_assert_ptr_nonnull(file);
	n = fread(page, 1, sizeof(page), file);
	fclose(file);
	crash_marker_parse(page, n, &before);
	ck_assert(!before.clean);
	ck_assert_int_eq(before.signo, SIGSEGV);
	for (size_t i = 0; i < 256 * n; i++) {
		unsigned char kept = page[i / 256];

		page[i / 256] = (unsigned char)(i % 256);
		crash_marker_parse(page, n, &before);
		page[i / 256] = kept;
		ck_assert_int_ge(before.signo, -1);
		ck_assert_int_le(before.signo, 64);
		ck_assert(before.lived >= 0);
		ck_assert_ptr_nonnull(memchr(before.name, '\0', sizeof(before.name)));
	}
	for (size_t i = 0; i < n; i++) {
		crash_marker_parse(page, i, &before);
		ck_assert(before.clean);
	}
}
END_TEST

/* A name of the maximum length, and a longer one. */
static void do_crash_long(void)
{
	enter("0123456789012345678901234567890123456789012345678901234567890123456789");
	raise(SIGSEGV);
}

START_TEST(a_long_name_is_cut)
{
	ends(do_crash_long);
	says(false, "0123456789012345678901234567890123456789012345678901234567890123", SIGSEGV);
}
END_TEST

static void do_cut_short(void)
{
	if (truncate(scratch_path("running"), 0) != 0)
		_exit(1);
	enter("other");
	crash_marker_leave();
	enter("last");
	crash_marker_close();
	_exit(0);
}

/* The owner of the file may truncate it at any time. */
START_TEST(truncating_the_file_while_it_is_mapped_does_not_end_vigild)
{
	int status = ends(do_cut_short);

	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
	says(true, "", 0);
}
END_TEST

START_TEST(a_file_that_others_may_write_is_refused)
{
	ends(do_crash);
	ck_assert_int_eq(chmod(scratch_path("running"), 0666), 0);
	refused(-EPERM, scratch_path("running"), "may be written by others (mode 0666)");
	ck_assert_int_eq(chmod(scratch_path("running"), 0600), 0);
	ck_assert_int_eq(chmod(scratch, 0777), 0);
	refused(-EPERM, scratch, "may be written by others (mode 0777)");
	ck_assert_int_eq(chmod(scratch, 0755), 0);
	says(false, "culprit", SIGSEGV);
}
END_TEST

static void do_look(void)
{
	_exit(before.clean ? 0 : 1);
}

/* A second vigild neither reads nor changes the page of the first one. */
START_TEST(a_second_vigild_does_not_get_the_page)
{
	int status;

	reopen();
	enter("busy");
	status = ends(do_look);
	ck_assert_int_eq(WEXITSTATUS(status), 99); /* it has no page */
	if (fork() == 0) {
		/* A child with the same descriptor ends. The lock must remain. */
		_exit(0);
	}
	ck_assert_int_gt(wait(&status), 0);
	ck_assert_int_eq(WEXITSTATUS(ends(do_look)), 99);
	crash_marker_close();
	ck_assert_int_eq(WEXITSTATUS(ends(do_look)), 0); /* the first process ended cleanly */
	says(false, "", 0);                              /* the second did not */
}
END_TEST

static void do_leave_a_process(void)
{
	enter("busy");
	if (fork() == 0) {
		usleep(200 * 1000);
		_exit(0);
	}
	raise(SIGKILL);
}

/* A program that was being started when vigild was killed holds the lock until its execve. */
START_TEST(a_lock_that_is_released_soon_is_waited_for)
{
	ends(do_leave_a_process);
	says(false, "busy", 0);
}
END_TEST

SUITE("crash_marker", scratch_setup, scratch_teardown)
{
	TEST(the_first_start_is_clean);
	TEST(the_signal_that_ended_vigild_is_recorded);
	TEST(a_stack_overflow_is_recorded);
	TEST(an_unexpected_exit_is_recorded);
	TEST(the_time_that_vigild_lived_is_recorded);
	TEST(a_crash_while_a_module_is_loaded_is_recorded);
	TEST(without_a_page_nothing_is_recorded);
	TEST(a_file_that_is_not_a_marker_of_this_user_is_not_read);
	TEST(a_damaged_page_yields_no_value_out_of_range);
	TEST(a_marker_that_is_refused_is_logged_with_its_path);
	TEST(a_long_name_is_cut);
	TEST(truncating_the_file_while_it_is_mapped_does_not_end_vigild);
	TEST(a_file_that_others_may_write_is_refused);
	TEST(a_second_vigild_does_not_get_the_page);
	TEST(a_lock_that_is_released_soon_is_waited_for);
}
