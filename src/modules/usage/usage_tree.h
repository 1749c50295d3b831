/*
 * usage_tree: finds the processes of a service that has no control group of its own.
 *
 * All services share one scan of /proc. A large scan is made in slices, and the services that need
 * it wait for its end. Scans take at most one percent of the time.
 *
 * The processes of a service are its main process, the descendants of it, the processes in a
 * session or a process group that one of them leads, and those that belonged to it at its last
 * measurement, with their descendants.
 */
#ifndef USAGE_TREE_H
#define USAGE_TREE_H

#include <sys/queue.h>

#include <vigil/vigil.h>

#include "usage_process.h"

/* A service that waits for a scan. Initialize with zeros, daemon, on_scanned and arg. */
struct usage_waiter {
	vigil_daemon *daemon;
	void (*on_scanned)(void *arg);
	void *arg;
	bool waiting;
	TAILQ_ENTRY(usage_waiter) link;
};

enum usage_tree_answer {
	USAGE_TREE_READY, /* usage_tree_collect may be called now */
	USAGE_TREE_WAIT,  /* on_scanned is called later */
	USAGE_TREE_LATER  /* a new scan is not allowed yet; call again at the next check */
};
/* Requests a scan that is newer than the time `last`, by vigil_now. */
enum usage_tree_answer usage_tree_request(struct usage_waiter *waiter, double last);
/* Ends the wait. Does nothing if the service does not wait. */
void usage_tree_leave(struct usage_waiter *waiter);

struct usage_tree_sum {
	double when; /* time of the scan, by vigil_now */
	int64_t ticks, threads;
};
/* Adds the processes of the service to `found`, and their CPU time and threads to *sum. before: the
 * processes at the last measurement. Returns 0, or -ESRCH if the scan has not found the main
 * process. */
int usage_tree_collect(pid_t pid, const struct usage_members *before, struct usage_members *found,
	struct usage_tree_sum *sum);
/* Frees the scan. For tests. */
void usage_tree_forget(void);

#endif
