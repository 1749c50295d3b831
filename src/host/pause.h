/*
 * pause: maintenance: which daemons are to withhold action, and until when.
 *
 * Kept in the store, so a pause outlives the host; it ends by itself when its time has come.
 */
#ifndef PAUSE_H
#define PAUSE_H

#include <stddef.h>

struct loop;
struct store;
struct pauses;
struct vigil_daemon;

/* The daemons there are, one after the other; NULL at the end. */
typedef struct vigil_daemon *pause_daemon_fn(size_t index, void *arg);

struct pauses *pauses_new(
	struct loop *loop, struct store *store, pause_daemon_fn *daemon_at, void *arg);
void pauses_free(struct pauses *pauses);

/* For so many seconds (0: until it is resumed); reason may be "".  by: the user who asked for it, as
 * it is shown; "": not known. */
void pause_start(struct pauses *pauses, struct vigil_daemon *d, double seconds, const char *reason,
	const char *by);
void pause_stop(struct pauses *pauses, struct vigil_daemon *d);
/* A daemon has been made: what the store says of its name holds for it. */
void pause_restore(struct pauses *pauses, struct vigil_daemon *d);

#endif
