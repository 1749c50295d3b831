/*
 * order: in which order daemons are started, restarted and stopped.
 *
 * Options such as `after` name daemons that a daemon needs.  The schema marks these options with
 * VIGIL_DAEMONS and VIGIL_ACYCLIC.  Daemons that are not chosen themselves still pass the order on:
 * if a needs b, and b needs c, then a and c are in order even if b is not chosen.
 */
#ifndef ORDER_H
#define ORDER_H

#include <stdbool.h>
#include <stddef.h>

struct host;

struct order_node {
	char *name;
	bool chosen;
	/* The number of chosen daemons before this one on the longest path to it.  Chosen daemons
	 * with the same rank are independent of each other. */
	unsigned rank;
	size_t *earlier; /* indexes of the nodes that come before this one */
	size_t count;
};

/* All daemons, sorted so that each node comes after its earlier ones, and by rank. */
struct order {
	struct order_node *nodes;
	size_t count;
};

/* Sorts all daemons of the host.  reverse: daemons come before those that they need, to stop them.
 * chosen: one flag for each daemon, in the order of host_daemon.  The order keeps copies of the
 * names, so it stays valid over a reload. */
struct order *order_new(struct host *host, const bool *chosen, bool reverse);
void order_free(struct order *order);

#endif
