/*
 * pause: maintenance mode: which daemons must not act, and until when.
 *
 * The pauses are in the store, so they survive a restart of vigild.  A pause with a duration
 * expires by itself.
 */
#ifndef PAUSE_H
#define PAUSE_H

#include <stddef.h>

struct loop;
struct store;
struct pauses;
struct vigil_daemon;

/* Returns the daemon at this index.  NULL: no more daemons. */
typedef struct vigil_daemon *pause_daemon_fn(size_t index, void *arg);

struct pauses *pauses_new(
	struct loop *loop, struct store *store, pause_daemon_fn *daemon_at, void *arg);
void pauses_free(struct pauses *pauses);

/* Pauses a daemon for a number of seconds (0: until it is resumed). reason may be "". by: the user
 * who asked for the pause, as text; "": unknown. */
void pause_start(struct pauses *pauses, struct vigil_daemon *d, double seconds, const char *reason,
	const char *by);
void pause_stop(struct pauses *pauses, struct vigil_daemon *d);
/* Applies a stored pause to a daemon that has just been created. */
void pause_restore(struct pauses *pauses, struct vigil_daemon *d);

#endif
