/*
 * dependency: which daemons' services must run before another is restarted (option `after`).
 *
 * The daemons of this module know each other: one that waits has the awaited one check at once, so
 * that it does not go by a status from before both services died; and it is called when the awaited
 * one has been checked.
 */
#ifndef DEPENDENCY_H
#define DEPENDENCY_H

#include <sys/queue.h>

#include <vigil/vigil.h>

/* One daemon as the others see it; zeroed by the owner before peer_join. */
struct peer {
	vigil_daemon *daemon;
	void (*check)(void *arg); /* starts a check; its answer comes later */
	void *arg;
	bool checked;       /* there was a check since the start */
	double checked_at;  /* the last one; by vigil_now */
	bool good;          /* by the last check: it runs, or is idle, or is not installed */
	bool asked;         /* another has had it check */
	const char *awaits; /* the one that it waits for; NULL: none */
	SLIST_ENTRY(peer) link, waiting;
};

void peer_join(struct peer *peer);
void peer_leave(struct peer *peer);
/* A check has ended: those that wait are checked. */
void peer_checked(struct peer *peer, bool good);

/* The first of the names whose service must be waited for; NULL: none, nothing is awaited.  since:
 * when the need arose; what the others found before does not count.  Starts checks where that is the
 * case. */
const char *dependency_awaited(struct peer *peer, const char *const *names, double since);
/* It waits no more. */
void dependency_end(struct peer *peer);

#endif
