/* isolate_link: see isolate_link.h. */
#include "isolate/isolate_link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "isolate/isolate_protocol.h"

#define PIECE     (64 * 1024)
#define KEPT_ROOM (128 * 1024) /* an empty buffer that is larger is freed */

void isolate_link_open(struct isolate_link *link, int fd)
{
	*link = (struct isolate_link){.fd = fd, .line_max = ISOLATE_LINE_MAX};
}

void isolate_link_close(struct isolate_link *link)
{
	if (link->fd >= 0)
		close(link->fd);
	free(link->in.bytes);
	free(link->out.bytes);
	*link = (struct isolate_link){.fd = -1};
}

/* --- buffers ---------------------------------------------------------------------------------- */

static char *make_room(struct isolate_buffer *buffer, size_t more)
{
	size_t used = buffer->end - buffer->start;

	if (buffer->room - buffer->end >= more)
		return buffer->bytes + buffer->end;
	if (buffer->start > 0 && used > 0)
		memmove(buffer->bytes, buffer->bytes + buffer->start, used);
	buffer->start = 0;
	buffer->end = used;
	if (buffer->room - used < more) {
		size_t room = buffer->room > 0 ? buffer->room : 4096;

		while (room - used < more)
			room *= 2;
		buffer->bytes = memory_grow(buffer->bytes, room, 1);
		buffer->room = room;
	}
	return buffer->bytes + buffer->end;
}

static void consume(struct isolate_buffer *buffer, size_t bytes)
{
	buffer->start += bytes;
	if (buffer->start < buffer->end)
		return;
	buffer->start = buffer->end = 0;
	if (buffer->room > KEPT_ROOM) {
		free(buffer->bytes);
		*buffer = (struct isolate_buffer){0};
	}
}

static int append(const char *text, size_t size, void *arg)
{
	struct isolate_buffer *out = arg;

	memcpy(make_room(out, size), text, size);
	out->end += size;
	return 0;
}

/* --- messages --------------------------------------------------------------------------------- */

void isolate_link_add(struct isolate_link *link, json_t *message)
{
	if (message == NULL || link->fd < 0) {
		json_decref(message);
		return;
	}
	json_dump_callback(message, append, &link->out, JSON_COMPACT);
	append("\n", 1, &link->out);
	json_decref(message);
}

size_t isolate_link_waiting(const struct isolate_link *link)
{
	return link->out.end - link->out.start;
}

int isolate_link_write(struct isolate_link *link)
{
	struct isolate_buffer *out = &link->out;
	ssize_t n;

	while (out->start < out->end) {
		n = send(link->fd, out->bytes + out->start, out->end - out->start, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		consume(out, (size_t)n);
	}
	return 0;
}

int isolate_link_read(struct isolate_link *link)
{
	char *to = make_room(&link->in, PIECE);
	ssize_t n;

	do
		n = recv(link->fd, to, PIECE, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	link->in.end += (size_t)n;
	return (int)n;
}

json_t *isolate_link_next(struct isolate_link *link, int *err)
{
	struct isolate_buffer *in = &link->in;
	size_t length = in->end - in->start;
	char *line, *end;
	json_t *message;

	*err = 0;
	if (length == link->searched)
		return NULL;
	line = in->bytes + in->start;
	end = memchr(line + link->searched, '\n', length - link->searched);
	if (end == NULL) {
		link->searched = length;
		*err = length > link->line_max ? -EPROTO : 0;
		return NULL;
	}
	memory_untrusted_begin();
	message = json_loadb(line, (size_t)(end - line), JSON_REJECT_DUPLICATES, NULL);
	if (memory_untrusted_end() || !json_is_string(json_array_get(message, 0))) {
		json_decref(message);
		message = NULL;
		*err = -EPROTO;
	}
	link->searched = 0;
	link->length = (size_t)(end - line);
	link->taken += link->length;
	consume(in, (size_t)(end - line) + 1);
	return message;
}

const char *isolate_text(const json_t *message, size_t index)
{
	const char *text = json_string_value(json_array_get(message, index));

	return text != NULL ? text : "";
}

json_int_t isolate_number(const json_t *message, size_t index)
{
	return json_integer_value(json_array_get(message, index));
}

bool isolate_bool(const json_t *message, size_t index)
{
	return json_is_true(json_array_get(message, index));
}
