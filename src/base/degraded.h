/*
 * degraded: what vigild itself cannot do at present, and since when.
 *
 * Code that fails because a shared resource is exhausted (descriptors, processes, disk space) sets
 * a reason here and continues.  When the same operation succeeds again, it clears the reason.  The
 * reasons are shown in /vigil/degraded and in `vigilctl status`.  vigild logs when a reason is set
 * and when it is cleared.
 *
 * Only the loop thread may call these functions.
 */
#ifndef DEGRADED_H
#define DEGRADED_H

#include <time.h>

enum degraded {
	DEGRADED_STATE,       /* the state cannot be stored */
	DEGRADED_LOSS,        /* the stored state could not be read */
	DEGRADED_CONNECTIONS, /* no connection can be accepted */
	DEGRADED_PROCESSES,   /* no process can be started */
	DEGRADED_TASKS,       /* so few tasks are left that plugins are not run */
	DEGRADED_WORKERS,     /* so many workers hang that no new one can be started */
	DEGRADED_LOG,         /* lines of the log are lost */
	DEGRADED_KINDS
};

#define DEGRADED_TEXT 256

struct degraded_reason {
	const char *what; /* "state", "connections", ... */
	char text[DEGRADED_TEXT];
	struct timespec since; /* CLOCK_REALTIME */
};

/* Sets a reason.  If it is already set, only its text is replaced. */
void degraded_set(enum degraded what, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void degraded_clear(enum degraded what);
/* Sets a callback that is called on the loop thread whenever a reason is set or cleared.  It must
 * not log.  NULL: none. */
typedef void degraded_change_fn(void *arg);
void degraded_on_change(degraded_change_fn *fn, void *arg);
/* Returns the reason, or NULL if it is not set.  The result is valid until the reason is set or
 * cleared. */
const struct degraded_reason *degraded_get(enum degraded what);

/* Reports the result of starting a process: its pid, or a negative errno.  -EOPNOTSUPP: the kernel
 * has no pidfds.  An errno that does not mean an exhausted resource, such as that of a missing
 * program, changes nothing. */
void degraded_started(int pid);

/* Sets DEGRADED_LOG while lines of the log are lost: the callback for log_on_lost. */
void degraded_log_lost(unsigned long lost, int err);

#endif
