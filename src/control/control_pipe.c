/*
 * control_pipe: see control_pipe.h.  The pipe is for scripts without vigilctl: `echo reload >
 * control.pipe`.  Its mode is 0600, so only root and vigild's own user can write to it.  It accepts
 * the verbs that the table allows on the pipe.  The process also holds the pipe open for writing,
 * because otherwise the pipe would be at end of file whenever no other process writes.
 *
 * A running vigild locks the pipe, and the kernel releases the lock however vigild exits.  Only
 * root and the same user can open the pipe, so no other user can hold the lock.  So the lock tells
 * a second vigild that the first one runs, even if both start at the same time.
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
/* The time for lines in one run of the loop, because a burst of lines, such as many reloads, must
 * not block it. */
#define TURN (5 * CLOCK_MS)

struct control_pipe {
	struct host *host;
	char *path;
	int fd;
	struct event *event;
	struct loop_timer *turn; /* armed while complete lines wait; reading is off then */
	struct evbuffer *in;
	bool skipping; /* the rest of a line that is too long is being dropped */
};

/* --- lines ------------------------------------------------------------------------------------ */

#define WORDS_MAX 32

/* Splits a line into words, ended by NULL. */
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
	command_reply_clear(&reply);
}

/* Returns the option that is useless without a reply, as a word; NULL: there is none. */
static const char *answer_option(
	const struct command *command, json_t *params, char name[COMMAND_OPTION_NAME])
{
	const struct command_param *p;
	const char *key;
	json_t *value;

	json_object_foreach(params, key, value) {
		p = command_param(command, key);
		if (p->no_pipe)
			return command_option_name(p, name);
	}
	return NULL;
}

static void on_line(struct control_pipe *pipe, char *line)
{
	char *words[WORDS_MAX + 1], why[128], name[COMMAND_OPTION_NAME];
	const struct command *command;
	json_t *params;

	split(line, words);
	if (words[0] == NULL)
		return;
	command = command_find(words[0]);
	if (command == NULL || !command->pipe) {
		log_warn("pipe: unknown verb \"%.64s\"", words[0]);
		return;
	}
	params = command_params(command, words + 1, why, sizeof(why));
	if (params == NULL)
		log_warn("pipe: %s: %s", command->verb, why);
	else if (answer_option(command, params, name) != NULL)
		log_warn("pipe: %s: %s is not allowed here, because the pipe sends no reply",
			command->verb, name);
	else
		run(pipe, command, params);
	json_decref(params);
}

/* Runs the next line.  False: there is no complete line. */
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

/* Drops a line that is too long up to its newline, so that its end is not taken for a verb. */
static void drop_long_line(struct control_pipe *pipe)
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
		drop_long_line(pipe);
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

/* --- opening and closing ---------------------------------------------------------------------- */

/* Opens the path if it is a pipe of vigild's own user that no other user may access. */
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

/* True: the path still names the opened pipe.  A vigild that exits removes its pipe. */
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
		return "the file there is not a fifo of vigild's user with mode 0600; move it, or "
		       "set another path with pipe =";
	if (err == -EADDRINUSE)
		return "another vigild reads it; stop that vigild, or set other paths with socket "
		       "=, pipe = and state_dir =";
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
	pipe->turn = loop_once(host_loop(host), on_turn, pipe);
	if (event_add(pipe->event, NULL) == 0)
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
	evbuffer_free(pipe->in);
	/* The path is removed before the lock is released, because afterwards it may belong to
	 * another vigild. */
	if (pipe->path != NULL)
		unlink(pipe->path);
	if (pipe->fd >= 0)
		close(pipe->fd);
	free(pipe->path);
	free(pipe);
}
