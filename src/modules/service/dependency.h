/*
 * dependency: what a service waits for before it is restarted (options `after` and `restart_with`).
 *
 * A peer that waits for another peer makes that peer check at once, so that it does not rely on a
 * status from before both services died. The waiting peer checks again when the awaited peer has
 * checked.
 */
#ifndef DEPENDENCY_H
#define DEPENDENCY_H

#include "peer.h"

/* Reads the list option `after`, with the elements NAME and NAME:WORD, or `restart_with`, with the
 * elements NAME. The result is freed with the daemon. */
struct dependency *dependency_read_after(vigil_daemon *d);
struct dependency *dependency_read_restart_with(vigil_daemon *d);

/* Returns what the peer must wait for, and why, such as "db to run first (db is failed)", or NULL
 * if there is nothing. The text is valid until the next call for this peer. `since` is the time at
 * which the peer began to need a restart, by vigil_now: a good result from before that time does
 * not count, and this function then starts a new check of that daemon. */
const char *dependency_awaited(struct peer *peer, double since);
/* The peer no longer waits. */
void dependency_end(struct peer *peer);

/* Returns which element of `after` is not fulfilled at present, such as "db, which is failed"; NULL:
 * none. The peer does not wait for it. The text is valid until the next call for this peer. */
const char *dependency_lacking(struct peer *peer);

#endif
