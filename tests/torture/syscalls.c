/*
 * syscalls: fails the Nth call of one system call of a vigild, for one N after the other.
 *
 *     syscalls VIGILD STRACE WORK PHASE once|on CALL ERROR FIRST STEP LAST
 *
 * strace starts vigild, or is attached to it for a phase, and makes the call return the error, in
 * each thread of vigild and in the programs that it starts.  fault.c checks the consequences.  It
 * runs the phase for each N until the phase has fewer than N calls, or N is LAST.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fault.h"

static struct {
	const char *strace, *call, *error;
	char trace[4096]; /* the output file of strace */
	char inject[256]; /* the option with the error */
	char filter[64];  /* the option with the calls */
	pid_t pid;        /* of an attached strace; 0: none */
	int said;
	char text[1 << 20]; /* the output of the attached strace */
	size_t length;
	char *plain[8];    /* the command of vigild */
	char *wrapped[20]; /* the same, started by strace */
} tracer;

static void plan(void)
{
	snprintf(tracer.filter, sizeof(tracer.filter), "trace=%s,accept4", tracer.call);
	snprintf(tracer.inject, sizeof(tracer.inject), "inject=%s:error=%s:when=%llu%s",
		tracer.call, tracer.error, (unsigned long long)test.plan,
		strcmp(test.mode, "on") == 0 ? "+" : "");
	unlink(tracer.trace);
}

static void arm_boot(void)
{
	plan();
	test.vigild.command = tracer.wrapped;
}

/* An attached strace writes to a pipe, because it buffers its output to a file. */
static void read_said(const char *until)
{
	struct pollfd fds = {.fd = tracer.said, .events = POLLIN};
	size_t used;
	ssize_t n = 1;

	while (n > 0 && (until == NULL || strstr(tracer.text, until) == NULL) &&
		poll(&fds, 1, VIGILD_PATIENCE) > 0) {
		used = tracer.length;
		if (used >= sizeof(tracer.text) - 1)
			break;
		n = read(tracer.said, tracer.text + used, sizeof(tracer.text) - 1 - used);
		tracer.length += n > 0 ? (size_t)n : 0;
		tracer.text[tracer.length] = '\0';
	}
}

/* --- the writes that fail at a stop ----------------------------------------------------------- */

/* The first write at a stop is libevent's, which writes the signal to its socket pair and ignores
 * errors.  So only writes to files, the log and eventfds fail in that phase. */
#define SELECT_MAX 16
static char *selected[2 * SELECT_MAX + 1]; /* "-P", PATH, ... NULL */
static size_t selected_count;

static void select_path(const char *path)
{
	if (selected_count >= 2 * SELECT_MAX)
		return;
	selected[selected_count++] = strdup("-P");
	selected[selected_count++] = strdup(path);
}

static void select_writes(void)
{
	char path[4096], log[64];
	ssize_t n;

	while (selected_count > 0)
		free(selected[--selected_count]);
	memset(selected, 0, sizeof(selected));
	if (strcmp(test.phase, "stop") != 0 || strcmp(tracer.call, "write") != 0)
		return;
	snprintf(path, sizeof(path), "%s/state/state.json.new", test.vigild.work);
	select_path(path);
	snprintf(path, sizeof(path), "/proc/%ld/fd/2", (long)test.vigild.pid);
	n = readlink(path, log, sizeof(log) - 1);
	log[n > 0 ? n : 0] = '\0';
	select_path(log);
	select_path("anon_inode:[eventfd]");
}

/* --- strace ----------------------------------------------------------------------------------- */

__attribute__((noreturn)) static void become_strace(int said)
{
	char pid[16];
	char *argv[16 + 2 * SELECT_MAX] = {(char *)"strace", (char *)"-f", (char *)"-s",
		(char *)"8", (char *)"-e", tracer.filter, (char *)"-e", tracer.inject, (char *)"-p",
		pid};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0); /* so that its child processes can be killed, too */
	snprintf(pid, sizeof(pid), "%ld", (long)test.vigild.pid);
	memcpy(argv + 10, selected, selected_count * sizeof(*selected));
	dup2(said, STDERR_FILENO);
	execv(tracer.strace, argv);
	_exit(127);
}

static void arm(void)
{
	const char *sign;
	int said[2], ping;

	plan();
	select_writes();
	if (pipe2(said, O_CLOEXEC) < 0)
		abort();
	fcntl(said[1], F_SETPIPE_SZ, sizeof(tracer.text));
	tracer.pid = fork();
	if (tracer.pid == 0)
		become_strace(said[1]);
	close(said[1]);
	tracer.said = said[0];
	tracer.length = 0;
	tracer.text[0] = '\0';
	read_said("attached");
	/* It works only when it has printed a call: that of a connection that is accepted, or, if
	 * it only traces some writes, one of these. */
	sign = selected_count > 0 ? "write(" : "accept4(";
	ping = vigild_connect(&test.vigild);
	if (selected_count > 0)
		vigild_send(ping, "pause", "{\"names\":[\"plugin\"]}");
	read_said(sign);
	if (strstr(tracer.text, sign) == NULL)
		fault_broken("strace cannot be attached: %s", tracer.text);
	if (ping >= 0)
		close(ping);
}

/* The process that traces vigild; 0: none. */
static pid_t tracer_of(pid_t pid)
{
	char path[64], line[256];
	long found = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%ld/status", (long)pid);
	file = fopen(path, "re");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		if (sscanf(line, "TracerPid: %ld", &found) == 1)
			break;
	if (file != NULL)
		fclose(file);
	return (pid_t)found;
}

static bool was_injected(void)
{
	char line[4096];
	FILE *file = fopen(tracer.trace, "re");
	bool found = false;

	while (file != NULL && !found && fgets(line, sizeof(line), file) != NULL)
		found = strstr(line, "(INJECTED)") != NULL;
	if (file != NULL)
		fclose(file);
	return found;
}

/* When the tracer exits, the kernel detaches the traced processes. */
static bool detach(void)
{
	kill(-tracer.pid, SIGKILL);
	kill(tracer.pid, SIGKILL);
	waitpid(tracer.pid, NULL, 0);
	tracer.pid = 0;
	read_said(NULL);
	close(tracer.said);
	return strstr(tracer.text, "(INJECTED)") != NULL;
}

/* A strace that has started vigild writes to a file, an attached one to a pipe. */
static bool disarm(void)
{
	pid_t pid;

	test.vigild.command = tracer.plain;
	if (tracer.pid > 0)
		return detach();
	for (int i = 0; test.vigild.pid > 0 && (pid = tracer_of(test.vigild.pid)) > 0; i++) {
		if (i == 0 || i == 1000)
			kill(pid, i == 0 ? SIGTERM : SIGKILL);
		if (i == VIGILD_PATIENCE) {
			fault_broken("strace does not detach");
			break;
		}
		usleep(1000);
	}
	return was_injected();
}

static void set_commands(char **argv)
{
	static char file[4096];
	char *const wrapped[] = {argv[2], (char *)"-D", (char *)"-I2", (char *)"-f", (char *)"-o",
		tracer.trace, (char *)"-e", tracer.filter, (char *)"-e", tracer.inject, argv[1],
		(char *)"-c", file, NULL};
	char *const plain[] = {argv[1], (char *)"-c", file, NULL};

	snprintf(file, sizeof(file), "%s/vigil.conf", argv[3]);
	snprintf(tracer.trace, sizeof(tracer.trace), "%s/trace", argv[3]);
	memcpy(tracer.wrapped, wrapped, sizeof(wrapped));
	memcpy(tracer.plain, plain, sizeof(plain));
}

int main(int argc, char **argv)
{
	struct fault fault = {.arm_boot = arm_boot, .arm = arm, .disarm = disarm};
	char what[64];
	uint64_t step, last;

	if (argc != 11)
		return 2;
	set_commands(argv);
	tracer.strace = argv[2];
	tracer.call = argv[6];
	tracer.error = argv[7];
	fault.may_be_speechless = strstr(tracer.call, "write") != NULL;
	test.fault = &fault;
	test.vigild = (struct vigild){.work = argv[3], .command = tracer.plain};
	test.phase = argv[4];
	test.mode = argv[5];
	snprintf(what, sizeof(what), "%s-%s", argv[6], argv[7]);
	test.what = what;
	test.plan = strtoull(argv[8], NULL, 10);
	step = strtoull(argv[9], NULL, 10);
	last = strtoull(argv[10], NULL, 10);
	for (; test.plan <= last && fault_point(); test.plan += step)
		test.points++;
	fault_stop_vigild();
	printf("%s %s %s: %u points, %u lived, %u ended, %u broken\n", test.phase, what, test.mode,
		test.points, test.lived, test.ended, test.broken);
	return test.broken > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
