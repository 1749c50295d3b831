/*
 * syscalls: fails the Nth of one system call of a vigild, for one N after the other.
 *
 *     syscalls VIGILD STRACE WORK PHASE once|on CALL ERROR FIRST STEP LAST
 *
 * strace is laid around it at its boot, or attached to it for a phase, and gives the error in the
 * call's place, in any of its threads; to the programs that it starts as well.  What becomes of it
 * is judge.c's to say.  Goes through the N until one is more than the phase has calls, or LAST.
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
	char trace[4096]; /* what strace writes down */
	char inject[256]; /* what it is to do */
	char filter[64];  /* and to which calls */
	pid_t pid;        /* of the one attached; 0: none */
	int said;
	char text[1 << 20]; /* what that one says */
	size_t length;
	char *plain[8];    /* vigild, as it is started */
	char *wrapped[20]; /* and with strace around it from the first */
} tracer;

static void plan(void)
{
	snprintf(tracer.filter, sizeof(tracer.filter), "trace=%s,accept4", tracer.call);
	snprintf(tracer.inject, sizeof(tracer.inject), "inject=%s:error=%s:when=%llu%s",
		tracer.call, tracer.error, (unsigned long long)judge.plan,
		strcmp(judge.mode, "on") == 0 ? "+" : "");
	unlink(tracer.trace);
}

static void arm_boot(void)
{
	plan();
	judge.subject.command = tracer.wrapped;
}

/* What an attached strace says goes to a pipe, since it keeps back what goes to a file. */
static void read_said(const char *until)
{
	struct pollfd fds = {.fd = tracer.said, .events = POLLIN};
	ssize_t n = 1;

	while (n > 0 && tracer.length < sizeof(tracer.text) - 1 &&
		(until == NULL || strstr(tracer.text, until) == NULL) &&
		poll(&fds, 1, SUBJECT_PATIENCE) > 0) {
		n = read(tracer.said, tracer.text + tracer.length,
			sizeof(tracer.text) - 1 - tracer.length);
		tracer.length += n > 0 ? (size_t)n : 0;
		tracer.text[tracer.length] = '\0';
	}
}

/* --- which writes at stop --------------------------------------------------------------------- */

/* What is written first at stop is the signal, by libevent to itself over a pair of sockets, where no
 * error can befall it.  So there it is files, the log and eventfds whose writes fail. */
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
	if (strcmp(judge.phase, "stop") != 0 || strcmp(tracer.call, "write") != 0)
		return;
	snprintf(path, sizeof(path), "%s/state/state.json.new", judge.subject.work);
	select_path(path);
	snprintf(path, sizeof(path), "/proc/%ld/fd/2", (long)judge.subject.pid);
	n = readlink(path, log, sizeof(log) - 1);
	log[n > 0 ? n : 0] = '\0';
	select_path(log);
	select_path("anon_inode:[eventfd]");
}

/* --- laying strace around it ------------------------------------------------------------------ */

__attribute__((noreturn)) static void become_strace(int said)
{
	char pid[16];
	char *argv[16 + 2 * SELECT_MAX] = {(char *)"strace", (char *)"-f", (char *)"-s",
		(char *)"8", (char *)"-e", tracer.filter, (char *)"-e", tracer.inject, (char *)"-p",
		pid};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0); /* it has helpers of its own */
	snprintf(pid, sizeof(pid), "%ld", (long)judge.subject.pid);
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
	/* It is at work somewhat later: when it has seen a connection being accepted, or where it looks
	 * at certain writes alone, one of these. */
	sign = selected_count > 0 ? "write(" : "accept4(";
	ping = vigild_connect(&judge.subject);
	if (selected_count > 0)
		vigild_send(ping, "pause", "{\"names\":[\"plugin\"]}");
	read_said(sign);
	if (strstr(tracer.text, sign) == NULL)
		judge_broken("strace cannot be attached: %s", tracer.text);
	if (ping >= 0)
		close(ping);
}

/* Who traces the subject; 0: nobody. */
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

/* The kernel lets go of all that is traced when the tracer is no more. */
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

/* The one that was there from the first writes to a file, if it comes to that. */
static bool disarm(void)
{
	pid_t pid;

	judge.subject.command = tracer.plain;
	if (tracer.pid > 0)
		return detach();
	for (int i = 0; judge.subject.pid > 0 && (pid = tracer_of(judge.subject.pid)) > 0; i++) {
		if (i == 0 || i == 1000)
			kill(pid, i == 0 ? SIGTERM : SIGKILL);
		if (i == SUBJECT_PATIENCE) {
			judge_broken("strace does not let go");
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
	judge.fault = &fault;
	judge.subject = (struct vigild){.work = argv[3], .command = tracer.plain};
	judge.phase = argv[4];
	judge.mode = argv[5];
	snprintf(what, sizeof(what), "%s-%s", argv[6], argv[7]);
	judge.what = what;
	judge.plan = strtoull(argv[8], NULL, 10);
	step = strtoull(argv[9], NULL, 10);
	last = strtoull(argv[10], NULL, 10);
	for (; judge.plan <= last && judge_point(); judge.plan += step)
		judge.points++;
	judge_stop();
	printf("%s %s %s: %u points, %u lived, %u ended, %u broken\n", judge.phase, what,
		judge.mode, judge.points, judge.lived, judge.ended, judge.broken);
	return judge.broken > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
