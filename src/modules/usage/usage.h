/*
 * usage: measures what a service takes: memory, CPU time, tasks, open descriptors and I/O of all
 * its processes.
 *
 * The numbers come from the control group of the service (usage_group.h). Those that it does not
 * have are sums over its processes (usage_sum.h), which are the members of the group or, without
 * one, a tree (usage_tree.h). A service with many processes is measured in slices.
 *
 * Everything is measured once per usage_interval and kept at service_state/usage. The numbers for
 * which there is a limit are measured at each check.
 */
#ifndef USAGE_H
#define USAGE_H

#include <vigil/vigil.h>

#include "usage_group.h"

struct usage;

/* Creates the measurements of a daemon from the options usage_interval and interval. Freed with the
 * daemon. */
struct usage *usage_new(vigil_daemon *d);
/* Frees what the daemon does not own. */
void usage_close(struct usage *usage);

/* A measurement is complete. what: the numbers that were wanted. A number that is -1 is not known;
 * why: the reason, "" if there is none, as for the CPU at the first measurement. values and why are
 * borrowed. later: the measurement took more than one callback. */
typedef void usage_measured_fn(
	unsigned what, const struct usage_values *values, const char *why, bool later, void *arg);
/* Measures these numbers at each check. */
void usage_limit(struct usage *usage, unsigned what, usage_measured_fn *on_measured, void *arg);

/* Takes the result of a check, and measures if it is time to. */
void usage_check(struct usage *usage, const vigil_service_reply *r);
/* Whether it is of no use to take the results of checks for the next minute. */
bool usage_may_rest(const struct usage *usage);
/* The service is being restarted: forgets and removes its numbers. */
void usage_reset(struct usage *usage);

/* Finds the control groups of a running service. Returns 0 or -errno. */
int usage_find_groups(const vigil_service_reply *r, struct usage_group *group);

#endif
