/*
 * child_output: the pipe from a child's stdout or stderr, read on the loop.
 *
 * Output is gathered up to a limit, the first or the last bytes of it, or handed out line by line.
 * A child that prints without end costs no more than 64 KiB in 100 ms: after them its pipe stays full
 * for the rest of that time, and the child waits.
 */
#ifndef CHILD_OUTPUT_H
#define CHILD_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

struct event;
struct loop;
struct loop_timer;

/* A line without its newline, NUL-terminated and lent for the call, which may close the output. */
typedef void child_output_line_fn(const char *line, size_t length, void *arg);

struct child_output {
	struct loop *loop;
	int fd; /* -1: closed, or there is none */
	struct event *event;
	struct loop_timer *pace; /* NULL until it is needed */
	size_t budget;           /* bytes that may still be read in this 100 ms */

	/* Set by the owner before the first read. */
	size_t max;                    /* bytes kept at most */
	bool keep_last;                /* of more output the last bytes are kept, else the first */
	child_output_line_fn *on_line; /* NULL: output is gathered */
	void (*on_eof)(void *arg);     /* the other end was closed; NULL: nobody wants to know */
	void *arg;

	char *text; /* gathered, or the line that has begun; NULL or NUL-terminated */
	size_t length, room;
	bool truncated;
	bool closed; /* by its owner */
};

/* Begins to read the pipe; takes the descriptor, also when it fails.  0 or -ENOMEM. */
int child_output_open(struct child_output *output, struct loop *loop, int fd);
/* Reads what is in the pipe now, and hands out the last line, also without its newline. */
void child_output_finish(struct child_output *output);
/* Nothing is read or handed out from here on; what was gathered stays. */
void child_output_close(struct child_output *output);
/* Closes it and frees what was gathered. */
void child_output_clear(struct child_output *output);

#endif
