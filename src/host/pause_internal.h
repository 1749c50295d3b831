/*
 * pause_internal: what pause.c and pause_window.c share.
 */
#ifndef PAUSE_INTERNAL_H
#define PAUSE_INTERNAL_H

#include <stdbool.h>
#include <time.h>

#include <jansson.h>

#include "host/pause.h"

#define PAUSE_SECTION "paused" /* of the store */

struct pauses {
	pause_daemon_fn *daemon_at;
	void *arg;
	struct loop *loop;
	struct store *store;
	struct loop_timer *timer;
	struct loop_clock_watch *clock_watch;
	json_t *boot; /* boot ID, owned; NULL: unknown */
	/* The last search in a calendar, because the daemons of a module mostly have the same. */
	struct {
		struct calendar *calendar; /* owned; NULL: none yet */
		time_t now;
		bool inside;
		time_t change; /* at least a year after now: not found */
	} last;
};

/* What the option pause_during means for a daemon at a time. */
struct pause_window {
	double end;       /* of the pause, by the time of day; 0: the option does not pause it */
	double change;    /* when to look again; INFINITY: never, because there are no windows */
	const char *text; /* the value of the option; valid as long as the options */
};

struct pause_window pause_window_at(
	struct pauses *pauses, const struct vigil_daemon *d, time_t now);
/* The daemon is not paused any more in the window that contains this time. */
void pause_window_skip(struct pauses *pauses, const struct vigil_daemon *d, time_t now);

#endif
