/*
 * isolate_link: one end of the socket between vigild and the process of an isolated daemon.
 *
 * It converts messages to lines and back, and keeps what could not be written yet.  It does not
 * wait for the descriptor; the caller does.
 */
#ifndef ISOLATE_LINK_H
#define ISOLATE_LINK_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

struct isolate_buffer {
	char *bytes;
	size_t start, end, room; /* the content is from start to end */
};

struct isolate_link {
	int fd; /* -1: closed */
	struct isolate_buffer in, out;
	size_t searched; /* bytes of `in` that contain no newline */
	size_t line_max; /* ISOLATE_LINE_MAX; the process, which trusts vigild, may raise it */
	size_t length;   /* of the line of the last message */
	size_t taken;    /* bytes of all lines so far */
};

/* The link owns the descriptor, which must be non-blocking. */
void isolate_link_open(struct isolate_link *link, int fd);
void isolate_link_close(struct isolate_link *link);

/* Queues a message and takes the reference.  NULL is ignored. */
void isolate_link_add(struct isolate_link *link, json_t *message);
/* The bytes that wait to be written. */
size_t isolate_link_waiting(const struct isolate_link *link);
/* Writes what can be written now.  Returns 0 when all is written; -EAGAIN; or another negative
 * errno. */
int isolate_link_write(struct isolate_link *link);
/* Reads what is there, at most 64 KiB.  Returns the number of bytes, 0 at the end, or a negative
 * errno. */
int isolate_link_read(struct isolate_link *link);
/* Returns the next message that was read; NULL: none is complete.  *err: 0, or -EPROTO if a line is
 * not a message, or too long. */
json_t *isolate_link_next(struct isolate_link *link, int *err);

/* The elements of a message; a missing or wrong one is "", 0, or false. */
const char *isolate_text(const json_t *message, size_t index);
json_int_t isolate_number(const json_t *message, size_t index);
bool isolate_bool(const json_t *message, size_t index);

#endif
