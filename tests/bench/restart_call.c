/*
 * restart_call: how long it takes from the death of a service until its manager is called to
 * restart it, without the time of the scripts that were asked for the status in between.
 *
 *     restart_call calls|control FIFO PIDFILE KILLS READY [COMMAND [ARGUMENT...] [, COMMAND...]]
 *
 * calls: FIFO has the reports of call.c.  control: FIFO is the one on which a supervisor (runsv
 * or s6-supervise) receives its orders, and a letter in it is the call.  Before each kill the
 * supervisor gets the order not to restart the service itself.
 *
 * With a COMMAND, this program is the one that restarts: it waits for the end of the process
 * (pidfd) and runs the command, and after it the others, which are separated by commas.  Under
 * control, the command is the letter that it writes.
 *
 * The process in PIDFILE is killed KILLS times, each time after the command READY, with its pid
 * as the argument, has succeeded and nothing has happened for a moment.  Prints two numbers of
 * microseconds for each kill: until the call, without the scripts; and the time of the scripts.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE 60000 /* milliseconds */

extern char **environ;

static bool controls;
static int fifo, calls; /* calls: what becomes readable after a call */
static char **command;

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(EXIT_FAILURE);
}

static long long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (long long)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* Waits until the file names a living process that is not `old`. */
static pid_t next_pid(const char *path, pid_t old)
{
	long long until = now() + PATIENCE * 1000000LL;
	int pid;

	for (; now() < until; usleep(2000)) {
		FILE *file = fopen(path, "r");

		pid = 0;
		if (file != NULL && fscanf(file, "%d", &pid) != 1)
			pid = 0;
		if (file != NULL)
			fclose(file);
		if (pid > 1 && pid != old && kill(pid, 0) == 0)
			return pid;
	}
	die("%s: the service does not run again", path);
}

/* Runs a program until its end, without its output.  Returns its exit status. */
static int run(char **argv)
{
	posix_spawn_file_actions_t actions;
	int status;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	errno = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (errno != 0 || waitpid(pid, &status, 0) != pid)
		die("%s: %s", argv[0], strerror(errno));
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void wait_ready(char *ready, pid_t pid)
{
	long long until = now() + PATIENCE * 1000000LL;
	char text[16], *argv[] = {ready, text, NULL};

	snprintf(text, sizeof(text), "%d", (int)pid);
	while (run(argv) != 0)
		if (now() > until)
			die("%s %s fails", ready, text);
}

/* Runs the commands, one after the other. */
static void restart(void)
{
	char **argv = command, **end;
	bool more = true;

	if (controls) {
		if (write(fifo, *command, 1) != 1)
			die("the supervisor takes no letter: %s", strerror(errno));
		return;
	}
	for (; more; argv = end + 1) {
		for (end = argv; *end != NULL && strcmp(*end, ",") != 0; end++)
			;
		more = *end != NULL;
		*end = NULL;
		run(argv);
		if (more)
			*end = (char *)",";
	}
}

static void drain(void)
{
	struct pollfd fd = {.fd = calls, .events = POLLIN};
	char text[4096];

	while (poll(&fd, 1, 0) > 0 && read(calls, text, sizeof(text)) > 0)
		;
}

/* Reads the reports until the first call that is not a query.  Returns when that was made, and adds
 * up the time of the queries before it. */
static long long read_call(long long *scripts)
{
	long long began = 0, when;
	char verb[64], text[128];
	size_t n;

	*scripts = 0;
	for (;;) {
		struct pollfd fd = {.fd = calls, .events = POLLIN};

		for (n = 0; n == 0 || text[n - 1] != '\n'; n++)
			if (n == sizeof(text) - 1 || poll(&fd, 1, PATIENCE) <= 0 ||
				read(calls, text + n, 1) != 1)
				die("there is no call to restart the service");
		text[n] = '\0';
		if (sscanf(text, "%63s %lld", verb, &when) != 2)
			die("this is no report: %s", text);
		if (strcmp(verb, "end") == 0)
			*scripts += began != 0 ? when - began : 0;
		else if (strcmp(verb, "status") != 0)
			return when;
		began = strcmp(verb, "end") != 0 ? when : 0;
	}
}

static void kill_once(pid_t pid)
{
	struct pollfd fds[2] = {{.fd = calls, .events = POLLIN},
		{.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN}};
	long long begun, called = 0, scripts = 0;

	if (fds[1].fd < 0)
		die("process %d: %s", (int)pid, strerror(errno));
	drain();
	begun = now();
	if (kill(pid, SIGKILL) != 0)
		die("process %d: %s", (int)pid, strerror(errno));
	if (command != NULL) {
		if (poll(&fds[1], 1, PATIENCE) <= 0)
			die("process %d does not end", (int)pid);
		restart();
	}
	if (poll(fds, 1, PATIENCE) <= 0)
		die("there is no call to restart the service");
	called = now();
	if (!controls)
		called = read_call(&scripts);
	close(fds[1].fd);
	printf("%lld %lld\n", (called - begun - scripts) / 1000, scripts / 1000);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	pid_t pid = 0;

	if (argc < 6)
		die("usage: %s calls|control FIFO PIDFILE KILLS READY [COMMAND...]", argv[0]);
	controls = strcmp(argv[1], "control") == 0;
	command = argc > 6 ? argv + 6 : NULL;
	calls = fifo = open(argv[2], O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (controls) {
		calls = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
		if (inotify_add_watch(calls, argv[2], IN_MODIFY) < 0)
			calls = -1;
	}
	if (fifo < 0 || calls < 0)
		die("%s: %s", argv[2], strerror(errno));
	for (int left = atoi(argv[4]); left > 0; left--) {
		pid = next_pid(argv[3], pid);
		wait_ready(argv[5], pid);
		if (controls && write(fifo, "o", 1) != 1)
			die("%s: %s", argv[2], strerror(errno));
		usleep(50000);
		kill_once(pid);
	}
	next_pid(argv[3], pid);
	return EXIT_SUCCESS;
}
