/*
 * message: what the command is handed: the JSON on its standard input and the variables of its
 * environment.
 *
 * The input has everything.  The environment is for commands that want lines of text: it is bounded,
 * because the kernel refuses a variable of more than 128 KiB and an environment of more than a quarter
 * of the stack limit, and a text that was cut says so.
 */
#ifndef MESSAGE_H
#define MESSAGE_H

#include <stddef.h>

#include <jansson.h>

#include "queue.h"

#define MESSAGE_VARIABLES 20
#define MESSAGE_LINES     (64 * 1024) /* bytes of VIGIL_LINES, of VIGIL_LONG_TEXT */
#define MESSAGE_LINES_MIN (4 * 1024)  /* where the kernel has refused that */
#define MESSAGE_SUMMARY   512
#define MESSAGE_WORD      1024 /* bytes of VIGIL_FROM, of VIGIL_TO */

struct message {
	const char *host, *daemon;
	struct queue *queue;          /* what the message is about; at least one change */
	struct queue_change **sorted; /* the same, as queue_sorted gives it */
};

/* One line: the change that a recipient needs first, "web: OK -> CRITICAL (and 3 more)". */
void message_summarize(const struct message *m, char summary[MESSAGE_SUMMARY]);
/* NAME=VALUE texts, each to be freed, the last followed by NULL.  No text is much longer than lines
 * bytes. */
void message_environment(
	const struct message *m, size_t lines, char *environment[MESSAGE_VARIABLES + 1]);
/* The JSON, to be freed; NULL: no memory. */
char *message_input(const struct message *m);

#endif
