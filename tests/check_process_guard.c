/*
 * check_process_guard: a module that changes signals, the directory or the umask of the process,
 * forks, or calls vigil.h on another thread.
 */
#include "fixture_abuse.h"

static void ignore_signals(vigil_daemon *daemon)
{
	signal(SIGTERM, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
}

static void block_term(vigil_daemon *daemon)
{
	sigset_t term;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
}

START_TEST(the_signals_of_vigild_are_restored)
{
	struct sigaction before, now;
	sigset_t mask;

	sigaction(SIGTERM, NULL, &before);
	process_guard_start(false, false);
	call(ignore_signals);
	ck_assert_int_eq(sigaction(SIGTERM, NULL, &now), 0);
	/* The first callback after the start is checked at once; a later one in 100 ms. */
	ck_assert(now.sa_handler == before.sa_handler);
	ck_assert_uint_eq(log_holds("changed the action of SIGTERM, the action of"), 1);
	call(block_term);
	sigprocmask(SIG_BLOCK, NULL, &mask);
	ck_assert(!sigismember(&mask, SIGTERM));
	ck_assert_uint_eq(log_holds("a callback of this daemon has changed the signal mask"), 1);
	process_guard_stop();
}
END_TEST

static void leave_places(vigil_daemon *daemon)
{
	umask(0);
	ck_assert_int_eq(chdir(scratch_path(".")), 0);
	signal(SIGUSR2, SIG_IGN);
}

START_TEST(a_strict_guard_also_checks_the_directory_and_the_umask)
{
	umask(0022);
	process_guard_start(false, true);
	call(leave_places);
	ck_assert_uint_eq(log_holds("the working directory"), 0);
	process_guard_stop();
	umask(0022);
	ck_assert_int_eq(chdir("/"), 0);
	process_guard_start(true, true);
	call(leave_places);
	ck_assert_uint_eq(log_holds("the working directory, the umask"), 1);
	ck_assert_uint_eq(process_guard_found(), 1);
	ck_assert_uint_eq(umask(0022), 0022);
	process_guard_stop();
}
END_TEST

static pid_t forked;

static void fork_and_return(vigil_daemon *daemon)
{
	forked = fork();
}

START_TEST(a_forked_child_does_not_return_into_the_loop)
{
	int status;

	process_guard_start(false, false);
	call(fork_and_return);
	ck_assert_int_gt(forked, 0);
	ck_assert_int_eq(waitpid(forked, &status, 0), forked);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 70);
	process_guard_stop();
}
END_TEST

static void *set_on_thread(void *arg)
{
	vigil_state_set(d, "v", json_integer(1));
	return NULL;
}

START_TEST(another_thread_is_ended_with_a_message)
{
	char text[256] = "";
	int status, out[2];
	pthread_t thread;
	pid_t pid;

	ck_assert_int_eq(pipe(out), 0);
	pid = fork();
	if (pid == 0) {
		loop_owner_checked = true;
		dup2(out[1], STDERR_FILENO);
		pthread_create(&thread, NULL, set_on_thread, NULL);
		pthread_join(thread, NULL);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGABRT);
	ck_assert_int_gt(read(out[0], text, sizeof(text) - 1), 0);
	ck_assert_ptr_nonnull(
		strstr(text, "vigild: daemon test called vigil_state_set on another thread"));
}
END_TEST

SUITE("process_guard", up, down)
{
	TEST(the_signals_of_vigild_are_restored);
	TEST(a_strict_guard_also_checks_the_directory_and_the_umask);
	TEST(a_forked_child_does_not_return_into_the_loop);
	TEST(another_thread_is_ended_with_a_message);
}
