/* check_process: the information in /proc about one process. */
#include "process/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "suite.h"

static const struct {
	const char *text, *comm;
	char state;
	pid_t parent, group;
	uint64_t ticks;
} lines[] = {
	{"7 (sh) S 3 6 7 0 -1 4 1 2 3 4 5 6 7 8 20 0 1 0 4711 9 10", "sh", 'S', 3, 6, 4711},
	{"7 (sh) Z 0 -1 -1 0 -1 4 1 2 3 4 5 6 7 8 20 0 1 0 4711 9 10", "sh", 'Z', 0, -1, 4711},
	{"7 () Z 0 7 7 0 -1 4 1 2 3 4 5 6 7 8 20 0 1 0 1", "", 'Z', 0, 7, 1},
	{"7 (a) R 9 (b) R 3 7 7 0 -1 4 1 2 3 4 5 6 7 8 20 0 1 0 2 9", "a) R 9 (b", 'R', 3, 7, 2},
	{"7 (a b) R 3 7 7 0 -1 4 1 2 3 4 5 6 7 8 20 0 1 0 18446744073709551615 9", "a b", 'R', 3, 7,
		UINT64_MAX},
};

START_TEST(a_line_of_the_kernel_is_parsed)
{
	struct process process;
	char text[256];

	snprintf(text, sizeof(text), "%s", lines[_i].text);
	ck_assert(process_parse(text, &process));
	ck_assert_str_eq(process.comm, lines[_i].comm);
	ck_assert_int_eq(process.state, lines[_i].state);
	ck_assert_int_eq(process.parent, lines[_i].parent);
	ck_assert_int_eq(process.group, lines[_i].group);
	ck_assert(process.ticks == lines[_i].ticks);
}
END_TEST

static const char *const others[] = {"", "7", "7 (sh", "7 sh) S 3", ")(", "7 (sh) S 3 7",
	"7 (sh) S x 7 7 0 -1 4 1 2 3 4 5 6 7 8 20 0 1 0 4711",
	"7 (sh) S 3 7 7 0 -1 4 1 2 3 4 5 6 7 8 20 0 1 0",
	"7 (sh) S 3 7 7 0 -1 4 1 2 3 4 5 6 7 8 20 0 1 0 -1",
	"7 (sh) S 3 7 7 0 -1 4 1 2 3 4 5 6 7 8 20 0 1 0 18446744073709551616",
	"7 (sh) S -3 7 7 0 -1 4 1 2 3 4 5 6 7 8 20 0 1 0 4711",
	"7 (sh) S 3 -2 7 0 -1 4 1 2 3 4 5 6 7 8 20 0 1 0 4711",
	"7 (sh) S 4294967299 7 7 0 -1 4 1 2 3 4 5 6 7 8 20 0 1 0 4711",
	"7 (sh) S 3 7 4294967303 0 -1 4 1 2 3 4 5 6 7 8 20 0 1 0 4711",
	"7 (sh) 3 3 7 7 0 -1 4 1 2 3 4 5 6 7 8 20 0 1 0 4711"};

START_TEST(an_invalid_line_is_refused)
{
	struct process process;
	char text[256];

	snprintf(text, sizeof(text), "%s", others[_i]);
	ck_assert(!process_parse(text, &process));
}
END_TEST

START_TEST(a_living_process_and_its_parent_are_read)
{
	struct process process;

	ck_assert_int_eq(prctl(PR_SET_NAME, "some) S 1 (name"), 0);
	ck_assert_int_eq(process_read(getpid(), &process), 0);
	ck_assert_str_eq(process.comm, "some) S 1 (name");
	ck_assert_int_eq(process.state, 'R');
	ck_assert_int_eq(process.parent, getppid());
	ck_assert_int_eq(process.group, getpgrp());
	ck_assert(process.ticks > 0);
	ck_assert(process.ticks <= process_ticks_now());
	ck_assert_int_eq(process_look(getpid(), &process), 1);
	ck_assert(process_lives(getpid()));
}
END_TEST

START_TEST(a_zombie_and_a_process_that_is_gone_are_not_alive)
{
	struct process process;
	siginfo_t info;
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	ck_assert_int_eq(process_look(pid, &process), 0);
	ck_assert_int_eq(process.state, 'Z');
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_int_eq(process_look(pid, &process), 0);
	ck_assert_int_eq(process_read(pid, &process), 0);
	ck_assert_int_eq(process.state, '\0');
	ck_assert(!process_lives(pid));
}
END_TEST

/* -1: the process kills itself. */
static const int ends[] = {0, 1, 255, -1};

START_TEST(how_a_zombie_has_ended_is_known)
{
	siginfo_t info;
	pid_t pid = fork();
	int told, status;

	if (pid == 0) {
		if (ends[_i] < 0)
			kill(getpid(), SIGKILL);
		_exit(ends[_i]);
	}
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	told = process_zombie_status(pid);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(told, status);
	ck_assert_int_eq(process_zombie_status(pid), -ESRCH);
	ck_assert_int_eq(process_zombie_status(getpid()), -ESRCH);
}
END_TEST

START_TEST(a_lack_of_descriptors_is_an_error)
{
	struct rlimit enough, few;
	struct process process;
	int lowest = dup(STDOUT_FILENO);

	close(lowest);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &enough), 0);
	few = enough;
	few.rlim_cur = (rlim_t)lowest;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	ck_assert_int_eq(process_read(getpid(), &process), -EMFILE);
	ck_assert_int_eq(process.state, '\0');
	ck_assert_int_eq(process_look(getppid(), &process), -EMFILE);
	ck_assert(process_lives(getppid()));
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &enough), 0);
}
END_TEST

SUITE("process", NULL, NULL)
{
	LOOP_TEST(a_line_of_the_kernel_is_parsed, COUNT(lines));
	LOOP_TEST(an_invalid_line_is_refused, COUNT(others));
	TEST(a_living_process_and_its_parent_are_read);
	TEST(a_zombie_and_a_process_that_is_gone_are_not_alive);
	LOOP_TEST(how_a_zombie_has_ended_is_known, COUNT(ends));
	TEST(a_lack_of_descriptors_is_an_error);
}
