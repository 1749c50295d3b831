/*
 * child_output: reads the pipe from a child's stdout or stderr on the loop.
 *
 * The output is either collected, up to a limit, as its first or last bytes, or passed to a
 * callback line by line.  vigild reads at most 64 KiB in 100 ms, so that a child that prints
 * endlessly does not keep the loop busy.  After that the pipe is not read for 100 ms, and the child
 * blocks when it is full.
 */
#ifndef CHILD_OUTPUT_H
#define CHILD_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

struct event;
struct loop;
struct loop_timer;

/* line: without its newline, NUL-terminated, valid during the call.  The callback may close the
 * output. */
typedef void child_output_line_fn(const char *line, size_t length, void *arg);

struct child_output {
	struct loop *loop;
	int fd; /* -1: closed, or there is none */
	struct event *event;
	struct loop_timer *pace; /* NULL until it is needed */
	size_t budget;           /* bytes that may still be read in this 100 ms */

	/* The owner sets these before the first read. */
	size_t max;                    /* bytes kept at most */
	bool keep_last;                /* keep the last bytes of a longer output, else the first */
	child_output_line_fn *on_line; /* NULL: the output is collected */
	void (*on_eof)(void *arg);     /* called when the child has closed the pipe; NULL: none */
	void (*on_data)(void *arg);    /* called when output has been collected; NULL: none */
	void *arg;

	char *text; /* the output, or an incomplete line; NULL or NUL-terminated */
	size_t length, room;
	bool truncated;
	bool closed; /* the owner has closed it */
};

/* Starts to read the pipe.  The descriptor belongs to the output, also on failure.  Returns 0 or
 * -ENOMEM. */
int child_output_open(struct child_output *output, struct loop *loop, int fd);
/* Reads what is in the pipe now, and passes the last line to on_line even without a newline. */
void child_output_finish(struct child_output *output);
/* Stops reading and calling callbacks.  The collected output stays. */
void child_output_close(struct child_output *output);
/* Returns the collected output as a C string: each NUL has become a space.  Never NULL; valid until
 * the next read. */
const char *child_output_text(struct child_output *output);
/* Closes the output and frees the collected output. */
void child_output_clear(struct child_output *output);

#endif
