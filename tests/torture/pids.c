/*
 * pids: gives the pids of processes that have exited to other processes, which report each signal.
 *
 * Orders come on stdin, one a line: `take PID NAME` waits until the pid is free and starts a
 * process with this pid and name, called a stranger; `drop` ends all of them.  Each order is
 * answered with a line, and each signal that a stranger gets is a line as well, because it was
 * meant for the process that had the pid before.  A stranger leads a process group, so that a
 * signal to the group of that process reaches it, too.
 */
#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOST     4096
#define PATIENCE 10000 /* milliseconds until a number is free */

static pid_t strangers[MOST];
static int count;

static void stranger(const char *name)
{
	sigset_t all;
	siginfo_t info;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, name);
	setsid();
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	for (;;) {
		char line[96];
		int n, signo = sigwaitinfo(&all, &info);

		if (signo < 0)
			continue;
		n = snprintf(line, sizeof(line), "signal %d to %d (%s) from %d\n", signo,
			(int)getpid(), name, (int)info.si_pid);
		if (write(STDOUT_FILENO, line, (size_t)n) != n)
			_exit(1);
	}
}

/* Like fork, with this pid. */
static pid_t fork_as(pid_t pid)
{
#ifdef CLONE_ARGS_SIZE_VER1
	struct clone_args args = {
		.exit_signal = SIGCHLD, .set_tid = (uintptr_t)&pid, .set_tid_size = 1};

	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
#else
	errno = ENOSYS;
	return -1;
#endif
}

static void take(pid_t pid, const char *name)
{
	const struct timespec ms = {.tv_nsec = 1000000};
	pid_t got = -1;

	for (int i = 0; i < PATIENCE && count < MOST; i++) {
		got = fork_as(pid);
		if (got == 0)
			stranger(name);
		if (got > 0 || errno != EEXIST)
			break;
		nanosleep(&ms, NULL);
	}
	if (got > 0)
		strangers[count++] = got;
	printf(got > 0 ? "has %d\n" : "not %d: %s\n", (int)pid, strerror(errno));
}

static void drop(void)
{
	int status;

	for (int i = 0; i < count; i++) {
		if (waitpid(strangers[i], &status, WNOHANG | WUNTRACED) == strangers[i])
			printf("signal: %d was ended or stopped (%#x)\n", (int)strangers[i],
				status);
		kill(strangers[i], SIGKILL);
		waitpid(strangers[i], &status, 0);
	}
	printf("dropped %d\n", count);
	count = 0;
}

int main(void)
{
	char line[128], name[32];
	int pid;

	setvbuf(stdout, NULL, _IOLBF, 0);
	while (fgets(line, sizeof(line), stdin) != NULL) {
		if (sscanf(line, "take %d %31s", &pid, name) == 2)
			take((pid_t)pid, name);
		else if (strcmp(line, "drop\n") == 0)
			drop();
	}
	drop();
	return 0;
}
