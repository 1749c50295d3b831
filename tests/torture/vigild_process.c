/*
 * vigild_process: starts and stops a vigild for a torture test, and talks to it.  See
 * vigild_process.h.
 *
 * Its log is read during each wait, so that vigild never blocks on a full pipe.
 */
#include "vigild_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* --- its log ---------------------------------------------------------------------------------- */

static void take_log(struct vigild *s)
{
	size_t room;
	char drop[4096];
	ssize_t n;

	do {
		room = sizeof(s->said) - 1 - s->length;
		n = read(s->log, room > 0 ? s->said + s->length : drop,
			room > 0 ? room : sizeof(drop));
		if (n > 0 && room > 0)
			s->length += (size_t)n;
	} while (n > 0);
	s->said[s->length] = '\0';
}

void vigild_forget(struct vigild *s)
{
	take_log(s);
	s->length = 0;
	s->said[0] = '\0';
}

bool vigild_said(struct vigild *s, const char *text)
{
	take_log(s);
	return strstr(s->said, text) != NULL;
}

/* --- its life --------------------------------------------------------------------------------- */

__attribute__((noreturn)) static void become(struct vigild *s, int log)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(log, STDERR_FILENO);
	dup2(open("/dev/null", O_RDWR), STDIN_FILENO);
	dup2(STDIN_FILENO, STDOUT_FILENO);
	for (char *const *e = s->extra; e != NULL && *e != NULL; e++)
		putenv(*e);
	execv(s->command[0], s->command);
	_exit(127);
}

static void reap(struct vigild *s)
{
	take_log(s);
	waitpid(s->pid, &s->status, 0);
	close(s->pidfd);
	close(s->log);
	s->pid = 0;
}

/* Waits once for its log, its exit or the descriptor; false: it has exited. */
static bool turn(struct vigild *s, int fd, int wait)
{
	struct pollfd fds[] = {{.fd = s->pidfd, .events = POLLIN}, {.fd = s->log, .events = POLLIN},
		{.fd = fd, .events = POLLIN}};

	poll(fds, fd >= 0 ? 3 : 2, wait);
	take_log(s);
	return fds[0].revents == 0;
}

static void unlink_door(struct vigild *s, const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", s->work, name);
	unlink(path);
}

bool vigild_boot(struct vigild *s, bool *hung)
{
	long until = now_ms() + VIGILD_PATIENCE;
	int ends[2], fd = -1;

	*hung = false;
	/* A child of the vigild before may hold its socket until the child has executed its
	 * program. */
	if (!s->keeps_doors) {
		unlink_door(s, "control.sock");
		unlink_door(s, "control.pipe");
	}
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		abort();
	fcntl(ends[1], F_SETFL, 0);
	s->length = 0;
	s->log = ends[0];
	s->pid = fork();
	if (s->pid == 0)
		become(s, ends[1]);
	close(ends[1]);
	s->pidfd = (int)syscall(SYS_pidfd_open, s->pid, 0);
	while (now_ms() < until) {
		if (!turn(s, -1, 100)) {
			reap(s);
			return false;
		}
		if (vigild_said(s, " is up with "))
			return true;
		/* The fault may have prevented this message. */
		fd = vigild_connect(s);
		if (fd >= 0) {
			close(fd);
			return true;
		}
	}
	*hung = true;
	return false;
}

bool vigild_await_end(struct vigild *s, int patience)
{
	long until = now_ms() + patience;

	while (s->pid > 0 && now_ms() < until)
		if (!turn(s, -1, 1000))
			reap(s);
	return s->pid == 0;
}

bool vigild_has_ended(struct vigild *s)
{
	return s->pid == 0 || vigild_await_end(s, 0) || (!turn(s, -1, 0) && (reap(s), true));
}

void vigild_kill(struct vigild *s)
{
	if (s->pid == 0)
		return;
	kill(s->pid, SIGKILL);
	reap(s);
}

/* --- requests --------------------------------------------------------------------------------- */

bool vigild_await(struct vigild *s, int fd)
{
	long until = now_ms() + VIGILD_PATIENCE;
	struct pollfd readable = {.fd = fd, .events = POLLIN};

	while (now_ms() < until) {
		turn(s, fd, (int)(until - now_ms()));
		if (poll(&readable, 1, 0) > 0)
			return true;
	}
	return false;
}

int vigild_connect_to(struct vigild *s, const char *door)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(to.sun_path, sizeof(to.sun_path), "%s/%s", s->work, door);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

int vigild_connect(struct vigild *s)
{
	return vigild_connect_to(s, "control.sock");
}

int vigild_send(int fd, const char *method, const char *params)
{
	char line[4096];
	int n = snprintf(line, sizeof(line),
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":%s}\n", method, params);

	return send(fd, line, (size_t)n, MSG_NOSIGNAL) == n ? 0 : -1;
}

enum vigild_answer vigild_read(struct vigild *s, int fd, int patience, json_t **line)
{
	static char text[4 << 20];
	long until = now_ms() + patience;
	size_t length = 0;
	ssize_t n;

	*line = NULL;
	while (now_ms() < until && length < sizeof(text)) {
		turn(s, fd, (int)(until - now_ms()));
		n = recv(fd, text + length, sizeof(text) - length, MSG_PEEK | MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0)
			return length > 0 ? TORN : CLOSED;
		char *end = memchr(text + length, '\n', (size_t)n);
		if (end != NULL)
			n = end - (text + length) + 1;
		if (recv(fd, text + length, (size_t)n, 0) != n)
			return TORN;
		length += (size_t)n;
		if (end == NULL)
			continue;
		*line = json_loadb(text, length - 1, 0, NULL);
		return *line != NULL ? ANSWERED : TORN;
	}
	return SILENT;
}

enum vigild_answer vigild_ask(
	struct vigild *s, const char *method, const char *params, json_t **reply)
{
	int fd = vigild_connect(s);
	enum vigild_answer answer = CLOSED;

	*reply = NULL;
	if (fd < 0)
		return CLOSED;
	if (vigild_send(fd, method, params) == 0)
		answer = vigild_read(s, fd, VIGILD_PATIENCE, reply);
	close(fd);
	return answer;
}
