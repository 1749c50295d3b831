/*
 * degraded: what vigild itself cannot do at present, and since when.
 *
 * Whoever fails for want of something that is everybody's (descriptors, processes, space) sets
 * its reason here and goes on; whoever succeeds again ends it.  It is told in /vigil/degraded,
 * in `vigilctl status`, and in the log as it begins and ends.
 *
 * Owned by the loop's thread, like all that is told.
 */
#ifndef DEGRADED_H
#define DEGRADED_H

#include <stdbool.h>
#include <time.h>

enum degraded {
	DEGRADED_STATE,       /* the state cannot be kept */
	DEGRADED_CONNECTIONS, /* nobody can come in */
	DEGRADED_PROCESSES,   /* no process can be started */
	DEGRADED_TASKS,       /* so few tasks can be started that plugins are not run */
	DEGRADED_WORKERS,     /* so many workers hang that none can be had for the next */
	DEGRADED_LOG,         /* lines of the log are lost */
	DEGRADED_KINDS
};

#define DEGRADED_TEXT 256

struct degraded_reason {
	const char *what; /* "state", "connections", ... */
	char text[DEGRADED_TEXT];
	struct timespec since; /* CLOCK_REALTIME */
};

/* From now on; when it was so already, only the text is the newer one. */
void degraded_set(enum degraded what, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void degraded_clear(enum degraded what);
/* Called on the loop's thread whenever a reason is set or ended; it must not log.  NULL: nobody. */
typedef void degraded_change_fn(void *arg);
void degraded_on_change(degraded_change_fn *fn, void *arg);
/* NULL: it is not.  Good until it is set or ended. */
const struct degraded_reason *degraded_get(enum degraded what);

/* A process was started, or (a negative errno) could not be.  Errors that are not for want of
 * what is everybody's, such as a program that is missing, say nothing here. */
void degraded_started(int pid);

#endif
