/*
 * pause: maintenance mode: which daemons must not act, and until when.
 *
 * The pauses of admins are in the store, so they survive a restart of vigild.  A pause with a
 * duration expires by itself.  The option pause_during has windows of time in which a daemon is
 * paused.
 */
#ifndef PAUSE_H
#define PAUSE_H

#include <stdbool.h>
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
/* Ends the pause of a daemon, also the one of the window of pause_during that lasts at present.
 * Returns whether the daemon was paused. */
bool pause_stop(struct pauses *pauses, struct vigil_daemon *d);
/* The seconds that are left of the pause of an admin.  INFINITY: it lasts until it is resumed.  0:
 * no admin has paused the daemon. */
double pause_left(struct pauses *pauses, const struct vigil_daemon *d);
/* The reason that the admin gave, and the user who asked for the pause; "": none.  Valid until the
 * pause changes. */
const char *pause_reason(const struct pauses *pauses, const struct vigil_daemon *d);
const char *pause_by(const struct pauses *pauses, const struct vigil_daemon *d);
/* Ends the pause of an admin, and not that of pause_during. */
void pause_withdraw(struct pauses *pauses, struct vigil_daemon *d);
/* Applies a stored pause and pause_during to a daemon that has just been created or whose
 * pause_during has changed. */
void pause_refresh(struct pauses *pauses, struct vigil_daemon *d);

#endif
