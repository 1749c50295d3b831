/*
 * console_stream: what a prompt writes, without ever waiting for whoever reads it.
 */
#ifndef CONSOLE_STREAM_H
#define CONSOLE_STREAM_H

#include <stdbool.h>
#include <stdio.h>

struct console_stream;
struct loop;

/* The descriptor stays its owner's, and as it was.  on_drained: all that was written has been
 * taken, or never will be.  NULL and errno. */
struct console_stream *console_stream_open(
	struct loop *loop, int fd, void (*on_drained)(void *arg), void *arg);
/* What is left is written as far as the other side takes it within a second. */
void console_stream_close(struct console_stream *stream);

/* To be written to, then flushed by console_stream_send. */
FILE *console_stream_file(struct console_stream *stream);
void console_stream_send(struct console_stream *stream);
/* Bytes that the other side has not yet taken. */
size_t console_stream_waiting(const struct console_stream *stream);
/* Nobody reads any more, or there is no room. */
bool console_stream_broken(const struct console_stream *stream);

#endif
