/*
 * child_output: collects the output of a pipe or splits it into lines, with a limit on the rate.
 */
#include "process/child_output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/memory.h"
#include "loop/loop.h"

#define CHUNK      16384
#define PACE_BYTES (64 * 1024)
#define PACE_TIME  (100 * CLOCK_MS)
#define REST_MAX   (1024 * 1024) /* the largest size of a pipe */

/* --- collecting ------------------------------------------------------------------------------- */

/* Drops the oldest bytes to make room for n more.  n is at most output->max. */
static void drop_oldest(struct child_output *output, size_t n)
{
	size_t drop = output->length + n - output->max;

	if (output->length == 0)
		return;
	memmove(output->text, output->text + drop, output->length - drop);
	output->length -= drop;
}

static void keep(struct child_output *output, const char *data, size_t n)
{
	size_t room = output->max - output->length;

	if (n > room) {
		output->truncated = true;
		if (output->keep_last && n > output->max) {
			data += n - output->max;
			n = output->max;
		}
		if (output->keep_last)
			drop_oldest(output, n);
		else
			n = room;
	}
	if (output->length + n + 1 > output->room) {
		while (output->room < output->length + n + 1)
			output->room = output->room > 0 ? 2 * output->room : 1024;
		output->text = memory_grow(output->text, output->room, 1);
	}
	memcpy(output->text + output->length, data, n);
	output->length += n;
	output->text[output->length] = '\0';
}

static void hand_out_line(struct child_output *output)
{
	size_t length = output->length;

	output->length = 0;
	output->on_line(output->text, length, output->arg);
}

static void take(struct child_output *output, const char *data, size_t n)
{
	const char *end;

	if (output->on_line == NULL) {
		keep(output, data, n);
		return;
	}
	while (n > 0 && !output->closed) {
		end = memchr(data, '\n', n);
		keep(output, data, end != NULL ? (size_t)(end - data) : n);
		if (end == NULL)
			return;
		hand_out_line(output);
		n -= (size_t)(end + 1 - data);
		data = end + 1;
	}
}

/* --- reading ---------------------------------------------------------------------------------- */

static void close_pipe(struct child_output *output)
{
	if (output->event != NULL)
		event_free(output->event);
	output->event = NULL;
	if (output->fd >= 0)
		close(output->fd);
	output->fd = -1;
	loop_timer_free(output->pace);
	output->pace = NULL;
}

/* Reads once, at most limit bytes.  Returns the number of bytes.  0: the pipe is empty now, or the
 * output has ended and the pipe has been closed. */
static size_t read_some(struct child_output *output, size_t limit)
{
	char chunk[CHUNK];
	ssize_t n;

	do
		n = read(output->fd, chunk, limit < sizeof(chunk) ? limit : sizeof(chunk));
	while (n < 0 && errno == EINTR);
	if (n > 0)
		take(output, chunk, (size_t)n);
	else if (n == 0 || errno != EAGAIN)
		close_pipe(output);
	return n > 0 ? (size_t)n : 0;
}

static void on_pace(uint64_t missed, void *arg)
{
	struct child_output *output = arg;

	output->budget = PACE_BYTES;
	event_add(output->event, NULL);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct child_output *output = arg;
	size_t n = read_some(output, output->budget);

	output->budget -= n;
	if (n > 0 && output->on_data != NULL)
		output->on_data(output->arg);
	if (output->fd < 0 && !output->closed && output->on_eof != NULL)
		output->on_eof(output->arg);
	if (output->fd < 0 || output->budget > 0)
		return;
	if (output->pace == NULL)
		output->pace = loop_after(output->loop, PACE_TIME, on_pace, output);
	else
		loop_timer_rearm(output->pace, PACE_TIME);
	event_del(output->event);
}

int child_output_open(struct child_output *output, struct loop *loop, int fd)
{
	output->loop = loop;
	output->fd = fd;
	output->budget = PACE_BYTES;
	output->event = event_new(loop_base(loop), fd, EV_READ | EV_PERSIST, on_readable, output);
	if (event_add(output->event, NULL) == 0)
		return 0;
	child_output_close(output);
	return -ENOMEM;
}

void child_output_finish(struct child_output *output)
{
	int waiting = 0;
	size_t left = 0, n;

	if (output->fd >= 0 && ioctl(output->fd, FIONREAD, &waiting) == 0 && waiting > 0)
		left = waiting > REST_MAX ? REST_MAX : (size_t)waiting;
	while (left > 0 && output->fd >= 0 && (n = read_some(output, left)) > 0)
		left -= n;
	if (output->on_line != NULL && output->length > 0 && !output->closed)
		hand_out_line(output);
}

void child_output_close(struct child_output *output)
{
	output->closed = true;
	close_pipe(output);
}

const char *child_output_text(struct child_output *output)
{
	for (size_t i = 0; i < output->length; i++)
		if (output->text[i] == '\0')
			output->text[i] = ' ';
	return output->text != NULL ? output->text : "";
}

void child_output_clear(struct child_output *output)
{
	child_output_close(output);
	free(output->text);
	output->text = NULL;
	output->length = output->room = 0;
}
