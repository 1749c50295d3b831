/* check_error: which errors of the kernel mean that vigild itself lacks a resource. */
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "suite.h"

static const int own[] = {EMFILE, ENFILE, ENOMEM, EAGAIN, ENOSPC, ENOBUFS, EUSERS};
static const int others[] = {0, EPERM, ENOENT, ESRCH, EINTR, EIO, ENOEXEC, EBADF, ECHILD, EACCES,
	EBUSY, EEXIST, ENOTDIR, EISDIR, EINVAL, ETXTBSY, EFBIG, EROFS, EPIPE, ELOOP, ENAMETOOLONG,
	ECONNREFUSED, ECONNRESET, ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, EADDRNOTAVAIL, ECANCELED,
	ENOTSUP, EPROTO, INT_MAX};

START_TEST(a_lack_of_resources_is_an_own_error)
{
	ck_assert(error_is_own(own[_i]));
	ck_assert(error_is_own(-own[_i]));
}
END_TEST

START_TEST(an_error_of_a_service_or_program_is_not_an_own_error)
{
	ck_assert(!error_is_own(others[_i]));
	ck_assert(!error_is_own(-others[_i]));
}
END_TEST

START_TEST(a_shell_that_cannot_fork_is_recognized)
{
	ck_assert(error_is_printed("x: 3: Cannot fork\n"));
	ck_assert(error_is_printed("sh: can't fork: Resource temporarily unavailable\n"));
	ck_assert(error_is_printed("x: fork: retry: Resource temporarily unavailable\n"));
	ck_assert(!error_is_printed("x is stopped\n"));
	ck_assert(!error_is_printed("x: accept: Too many open files\n"));
	ck_assert(!error_is_printed(""));
}
END_TEST

/* In a child, because the leak checker at the end of a test needs descriptors and processes. */
static void run_in_child(bool (*holds)(void))
{
	pid_t pid = fork();
	int status;

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(holds() ? EXIT_SUCCESS : EXIT_FAILURE);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
}

static bool descriptors_are_own(void)
{
	struct rlimit none = {0, 0};

	return setrlimit(RLIMIT_NOFILE, &none) == 0 &&
	       open("/dev/null", O_RDONLY | O_CLOEXEC) < 0 && error_is_own(errno) &&
	       syscall(SYS_pidfd_open, getpid(), 0) < 0 && error_is_own(errno);
}

START_TEST(a_full_descriptor_table_is_an_own_error)
{
	run_in_child(descriptors_are_own);
}
END_TEST

/* The limit does not apply to root. */
static bool processes_are_own(void)
{
	struct rlimit none = {0, 0};
	pid_t pid;

	if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
		return true;
	if (setrlimit(RLIMIT_NPROC, &none) != 0)
		return false;
	pid = fork();
	if (pid == 0)
		_exit(0);
	return pid < 0 && error_is_own(errno);
}

START_TEST(the_limit_of_processes_is_an_own_error)
{
	run_in_child(processes_are_own);
}
END_TEST

SUITE("error", NULL, NULL)
{
	LOOP_TEST(a_lack_of_resources_is_an_own_error, COUNT(own));
	LOOP_TEST(an_error_of_a_service_or_program_is_not_an_own_error, COUNT(others));
	TEST(a_shell_that_cannot_fork_is_recognized);
	TEST(a_full_descriptor_table_is_an_own_error);
	TEST(the_limit_of_processes_is_an_own_error);
}
