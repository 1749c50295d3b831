/*
 * dependency: finds the daemons whose services must run before another service is restarted (option
 * `after`).
 *
 * The daemons of this module in one vigild process know each other as peers. A peer that waits for
 * another peer makes that peer check at once, so that it does not rely on a status from before both
 * services died. The waiting peer checks again when the awaited peer has checked.
 */
#ifndef DEPENDENCY_H
#define DEPENDENCY_H

#include <sys/queue.h>

#include <vigil/vigil.h>

/* One daemon as its peers see it. The owner sets it to zero before peer_join and keeps it until
 * peer_leave. */
struct peer {
	vigil_daemon *daemon;
	void (*check)(void *arg); /* starts a check; the answer arrives later */
	void *arg;
	bool checked;       /* a check has been completed since the daemon started */
	double checked_at;  /* time of the last check, by vigil_now */
	bool good;          /* at the last check it was running, idle or not installed */
	bool asked;         /* a peer has requested the check that is in progress */
	const char *awaits; /* name of the daemon that it waits for; borrowed; NULL: none */
	SLIST_ENTRY(peer) link, waiting;
};

void peer_join(struct peer *peer);
void peer_leave(struct peer *peer);
/* Reports that a check of this peer has completed. Starts a check of each peer that waits for
 * it. */
void peer_checked(struct peer *peer, bool good);

/* Returns the first of the names whose service the peer must wait for, or NULL if there is none.
 * `names` ends with NULL. `since` is the time at which the peer's service went down, by vigil_now:
 * a good result from before that time does not count, and this function then starts a new check of
 * that daemon. */
const char *dependency_awaited(struct peer *peer, const char *const *names, double since);
/* The peer no longer waits. */
void dependency_end(struct peer *peer);

#endif
