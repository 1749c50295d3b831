/*
 * service_counts: how the status queries of all services were answered.
 */
#ifndef SERVICE_COUNTS_H
#define SERVICE_COUNTS_H

#include <stdint.h>

struct service_counts {
	uint64_t cached;  /* immediately, from the cached status */
	uint64_t workers; /* by a worker; includes restarts, starts and stops */
	uint64_t batched; /* over the loop's connection to systemd, many units in one call */
	uint64_t calls;   /* the number of these calls */
	uint64_t signals; /* changes signalled by systemd that invalidated a cached status */
};

#endif
