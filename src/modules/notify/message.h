/*
 * message: builds the input of the command: JSON for its standard input, and environment variables.
 *
 * The JSON contains everything. The environment is for commands that need lines of text. Its size
 * is limited, because the kernel refuses a variable of more than 128 KiB and an environment of more
 * than a quarter of the stack limit. A text that was cut says so.
 */
#ifndef MESSAGE_H
#define MESSAGE_H

#include <stddef.h>

#include <jansson.h>

#include "queue.h"

#define MESSAGE_VARIABLES 20
#define MESSAGE_LINES     (64 * 1024) /* bytes of VIGIL_LINES and of VIGIL_LONG_TEXT */
#define MESSAGE_LINES_MIN (4 * 1024)  /* used if the kernel has refused the larger size */
#define MESSAGE_WORD      1024        /* bytes of VIGIL_FROM and of VIGIL_TO */

struct message {
	const char *host, *daemon;
	struct queue *queue;          /* the changes of the message, at least one; borrowed */
	struct queue_change **sorted; /* the same changes, as returned by queue_sorted; borrowed */
};

/* Stores NAME=VALUE strings, followed by NULL. The caller frees each string. No string is much
 * longer than `lines` bytes. */
void message_environment(
	const struct message *m, size_t lines, char *environment[MESSAGE_VARIABLES + 1]);
/* Returns the JSON, which the caller frees. NULL: there is no memory. */
char *message_input(const struct message *m);

#endif
