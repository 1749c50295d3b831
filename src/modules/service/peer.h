/*
 * peer: how the daemons of this module in one vigild process know each other.
 *
 * Each daemon is a peer. After each check it publishes its status, and the peers that wait for it
 * or that depend on it check again.
 */
#ifndef PEER_H
#define PEER_H

#include <sys/queue.h>

#include <vigil/vigil.h>

/* What another service must do before a service is restarted. The first three are the words of the
 * option `after`. SETTLED is for `restart_with`: no restart of it is due or under way. */
enum await { AWAIT_RUNS, AWAIT_SERVES, AWAIT_DONE, AWAIT_SETTLED };
#define AWAIT_WORDS 3

/* One element of an option that names peers. */
struct dependency {
	const char *name; /* of the daemon; NULL after the last element */
	enum await await;
	struct peer *owner; /* the peer that has the option */
	LIST_ENTRY(dependency) link;
};

/* What the last check of a peer has found. Times are on the clock of vigil_now. */
struct peer_status {
	vigil_service_status status;
	/* Whether it fulfils the words of `after`. It RUNS if it is running or idle, it SERVES if
	 * it is idle or its last probe succeeded, and it is DONE as in vigil_service_reply. */
	bool fulfils[AWAIT_WORDS];
	/* A restart of it is due or under way, or its manager is starting it. */
	bool coming;
	/* A restart that it needs is withheld for a reason that may last. */
	bool withheld;
	double started;   /* when it was started; never earlier than that */
	double before;    /* when the restart before the last one began; 0: there was none */
	double restarted; /* when its last restart began; never later than that; 0: none */
};

#define PEER_HOW  96
#define PEER_TEXT 256

/* One daemon as its peers see it. The owner sets it to zero before peer_join and keeps it until
 * peer_leave. */
struct peer {
	vigil_daemon *daemon;
	void (*check)(void *arg); /* starts a check; the answer arrives later */
	void (*hurry)(void *arg); /* a peer waits until this one serves */
	void *arg;
	/* The options `after` and `restart_with`; NULL: none. Set before peer_join. */
	struct dependency *after, *restart_with;

	bool checked;      /* a check has been completed since the daemon started */
	double checked_at; /* time of the last check, by vigil_now */
	struct peer_status status;
	char how[PEER_HOW];    /* how its last restart showed */
	bool asked;            /* a peer has requested the check that is in progress */
	const char *awaits;    /* name of the daemon that it waits for; borrowed; NULL: none */
	char *text;            /* PEER_TEXT bytes, of dependency.c; NULL: it was not needed yet */
	unsigned visit;        /* used by wave.c */
	struct peer *to_visit; /* used by wave.c */
	SLIST_ENTRY(peer) link, waiting;
};

void peer_join(struct peer *peer);
void peer_leave(struct peer *peer);
/* Returns the peer of that name; NULL: there is none in this process. */
struct peer *peer_find(const char *name);

/* Publishes the result of a check. Starts a check of each peer that waits for this one, and, if the
 * status has changed, of each peer that names it in an option. */
void peer_publish(struct peer *peer, const struct peer_status *status);
bool peer_status_equals(const struct peer_status *a, const struct peer_status *b);

/* The peer waits for the daemon of that name (borrowed), or for none if it is NULL. */
void peer_wait(struct peer *peer, const char *name);

#endif
