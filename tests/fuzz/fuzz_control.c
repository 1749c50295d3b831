/*
 * fuzz_control: clients of the socket and of the pipe, with a real host.
 *
 * Host and client share one thread, so the loop of the host runs until everything is answered.
 */
#include "fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <jansson.h>

#include "base/diagnostic.h"
#include "control/control_conn.h"
#include "control/control_pipe.h"
#include "control/control_work.h"
#include "host/host.h"
#include "loop/loop.h"

static struct host *the_host(void)
{
	static struct host *host;
	static pid_t owner;
	struct diagnostics diagnostics = {0};
	char conf[512];

	if (owner == getpid())
		return host;
	owner = getpid();
	snprintf(conf, sizeof(conf),
		"[vigil]\nstate_dir = %s/state\nlog = stderr\nmodules = /nowhere\n"
		"[daemons]\na = yes\nb = yes\n",
		fuzz_directory());
	host = host_new(fuzz_file("host.conf", (const uint8_t *)conf, strlen(conf)), &diagnostics);
	FUZZ_HOLDS(host != NULL);
	host_start(host);
	return host;
}

static void turn(void)
{
	loop_run_once(host_loop(the_host()), false);
}

static void on_gone(struct conn *conn, void *arg)
{
	*(bool *)arg = true;
}

static void reply_holds(const char *line, size_t length)
{
	json_t *reply = json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL);
	bool result = json_object_get(reply, "result") != NULL;
	bool error = json_object_get(reply, "error") != NULL;
	bool told = json_object_get(reply, "method") != NULL;

	FUZZ_HOLDS(result + error + told == 1);
	FUZZ_HOLDS(told || json_object_get(reply, "id") != NULL);
	json_decref(reply);
}

static void replies_hold(const char *text, size_t length)
{
	const char *end;

	while (length > 0) {
		end = memchr(text, '\n', length);
		FUZZ_HOLDS(end != NULL);
		reply_holds(text, (size_t)(end - text));
		length -= (size_t)(end - text) + 1;
		text = end + 1;
	}
}

void fuzz_control(const uint8_t *data, size_t size)
{
	static char answer[4 * 1024 * 1024];
	const struct peer peer = {.uid = geteuid()};
	struct control_work *work;
	size_t length = 0;
	bool gone = false;
	int fds[2];
	ssize_t n;

	the_host();
	FUZZ_HOLDS(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == 0);
	work = control_work_new(the_host());
	FUZZ_HOLDS(conn_new(work, fds[0], &peer, on_gone, &gone) != NULL);
	FUZZ_HOLDS(write(fds[1], data, size) == (ssize_t)size);
	shutdown(fds[1], SHUT_WR);
	do {
		turn();
		while ((n = read(fds[1], answer + length, sizeof(answer) - length)) > 0)
			length += (size_t)n;
		FUZZ_HOLDS(length < sizeof(answer));
	} while (!gone);
	control_work_free(work);
	close(fds[1]);
	replies_hold(answer, length);
}

void fuzz_pipe(const uint8_t *data, size_t size)
{
	static struct control_pipe *pipe;
	static pid_t owner;
	static char path[128];
	int fd, left = 0;

	the_host();
	if (owner != getpid()) {
		owner = getpid();
		snprintf(path, sizeof(path), "%s/control.pipe", fuzz_directory());
		pipe = control_pipe_open(the_host(), path);
		FUZZ_HOLDS(pipe != NULL);
	}
	fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	FUZZ_HOLDS(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	FUZZ_HOLDS(write(fd, "\n", 1) == 1); /* ends the line, before the next input */
	do
		turn();
	while (ioctl(fd, FIONREAD, &left) == 0 && left > 0);
	turn();
	close(fd);
}
