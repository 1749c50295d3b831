/*
 * control_pipe: the pipe: one verb a line, nothing answered.
 *
 * For `echo reload > control.pipe` from scripts that have no vigilctl.  It is 0600, so whoever
 * can write to it is root or vigild's own user; its verbs are those of the table that say so.
 * It is held open for writing too: otherwise it would be at its end whenever nobody writes.
 *
 * It is locked for as long as its vigild lives, and the kernel lets go of the lock whatever way
 * that life ends.  As nobody else can open it, nobody else can hold it: so the lock is what tells
 * a second vigild, be it started in the same moment, that there is a first.
 */
#include "control/control_pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/event.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "command/command.h"
#include "host/host.h"
#include "loop/loop.h"

#define LINE_SIZE 512
/* A burst of lines, such as many reloads, takes so much of each turn of the loop. */
#define TURN (5 * CLOCK_MS)

struct control_pipe {
	struct host *host;
	char *path;
	int fd;
	struct event *event;
	struct loop_timer *turn; /* armed while lines wait that were read; nothing is read then */
	struct evbuffer *in;
	bool skipping; /* the rest of a line that was too long */
};

/* --- lines ------------------------------------------------------------------------------------ */

#define WORDS_MAX 32

/* Cuts a line into words, ended by NULL. */
static void split(char *line, char *words[WORDS_MAX + 1])
{
	unsigned n = 0;
	char *word;

	while (n < WORDS_MAX && (word = strsep(&line, " \t\r")) != NULL)
		if (word[0] != '\0')
			words[n++] = word;
	words[n] = NULL;
}

static void run(struct control_pipe *pipe, const struct command *command, json_t *params)
{
	const struct peer self = {.uid = geteuid()};
	struct command_reply reply = {0};

	command_run(pipe->host, &self, command->verb, params, &reply);
	if (reply.code != 0)
		log_warn("pipe: %s: %s", command->verb, reply.message);
	json_decref(reply.result);
	json_decref(reply.data);
}

static void on_line(struct control_pipe *pipe, char *line)
{
	char *words[WORDS_MAX + 1], why[128];
	const struct command *command;
	json_t *params;

	split(line, words);
	if (words[0] == NULL)
		return;
	command = command_find(words[0]);
	if (command == NULL || !command->pipe) {
		log_warn("pipe: \"%.64s\" is not among its verbs", words[0]);
		return;
	}
	params = command_params(command, words + 1, why, sizeof(why));
	if (params != NULL)
		run(pipe, command, params);
	else
		log_warn("pipe: %s: %s", command->verb, why);
	json_decref(params);
}

/* Does the next line; false when there is no whole one. */
static bool take_line(struct control_pipe *pipe)
{
	size_t length;
	char *line = evbuffer_readln(pipe->in, &length, EVBUFFER_EOL_LF);

	if (line == NULL)
		return false;
	if (!pipe->skipping && length < LINE_SIZE)
		on_line(pipe, line);
	else if (!pipe->skipping)
		log_warn("pipe: a line is longer than %d bytes; dropped", LINE_SIZE);
	pipe->skipping = false;
	free(line);
	return true;
}

/* What is too long for a line is dropped up to its end, lest its tail be taken for a verb. */
static void mind_the_rest(struct control_pipe *pipe)
{
	if (evbuffer_get_length(pipe->in) < LINE_SIZE)
		return;
	evbuffer_drain(pipe->in, evbuffer_get_length(pipe->in));
	if (!pipe->skipping)
		log_warn("pipe: a line is longer than %d bytes; dropped", LINE_SIZE);
	pipe->skipping = true;
}

static void on_turn(uint64_t missed, void *arg)
{
	struct control_pipe *pipe = arg;
	uint64_t until = clock_now() + TURN;
	bool more;

	while ((more = take_line(pipe)) && clock_now() < until)
		continue;
	if (!more)
		mind_the_rest(pipe);
	if (more || event_add(pipe->event, NULL) < 0)
		loop_timer_rearm(pipe->turn, 0);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct control_pipe *pipe = arg;

	(void)evbuffer_read(pipe->in, pipe->fd, LINE_SIZE);
	event_del(pipe->event);
	on_turn(0, pipe);
}

/* --- life ------------------------------------------------------------------------------------- */

/* Ours to use: a pipe, of our own user, that nobody else may write. */
static int open_checked(const char *path)
{
	int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode) && st.st_uid == geteuid() &&
		(st.st_mode & 077) == 0)
		return fd;
	close(fd);
	return -EEXIST;
}

static int open_pipe(const char *path)
{
	int fd = open_checked(path);

	if (fd != -ENOENT)
		return fd;
	if (mkfifo(path, 0600) < 0 && errno != EEXIST)
		return -errno;
	return open_checked(path);
}

/* Whether the path still leads to what was opened: a vigild that stops removes its pipe. */
static bool is_at(int fd, const char *path)
{
	struct stat opened, found;

	return fstat(fd, &opened) == 0 && lstat(path, &found) == 0 &&
	       opened.st_ino == found.st_ino && opened.st_dev == found.st_dev;
}

static int open_locked(const char *path)
{
	uint64_t began = 0;
	int fd;

	while ((fd = open_pipe(path)) >= 0) {
		if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
			close(fd);
			if (clock_try_again(&began))
				continue;
			return -EADDRINUSE;
		}
		if (is_at(fd, path))
			break;
		close(fd);
	}
	return fd;
}

static const char *trouble(int err)
{
	if (err == -EEXIST)
		return "what is there is not a pipe of mode 0600 of our own; move it or set pipe = "
		       "elsewhere";
	if (err == -EADDRINUSE)
		return "another vigild reads it; stop that one, or set socket, pipe and state_dir "
		       "= elsewhere";
	return strerror(-err);
}

struct control_pipe *control_pipe_open(struct host *host, const char *path)
{
	struct control_pipe *pipe = memory_zero(sizeof(*pipe));
	int err = -ENOMEM;

	pipe->host = host;
	pipe->path = memory_text(path);
	pipe->in = evbuffer_new();
	pipe->fd = open_locked(path);
	if (pipe->fd < 0) {
		err = pipe->fd;
		log_error("pipe %s: %s", path, trouble(err));
		free(pipe->path);
		pipe->path = NULL;
		goto fail;
	}
	pipe->event = event_new(
		loop_base(host_loop(host)), pipe->fd, EV_READ | EV_PERSIST, on_readable, pipe);
	pipe->turn = loop_after(host_loop(host), 0, on_turn, pipe);
	if (pipe->turn != NULL)
		loop_timer_stop(pipe->turn);
	if (pipe->in != NULL && pipe->event != NULL && pipe->turn != NULL &&
		event_add(pipe->event, NULL) == 0)
		return pipe;
fail:
	control_pipe_close(pipe);
	errno = -err;
	return NULL;
}

void control_pipe_close(struct control_pipe *pipe)
{
	if (pipe == NULL)
		return;
	if (pipe->event != NULL)
		event_free(pipe->event);
	loop_timer_free(pipe->turn);
	if (pipe->in != NULL)
		evbuffer_free(pipe->in);
	/* Before the lock goes, lest it be another's. */
	if (pipe->path != NULL)
		unlink(pipe->path);
	if (pipe->fd >= 0)
		close(pipe->fd);
	free(pipe->path);
	free(pipe);
}
