/*
 * service_taker: one daemon that takes care of a service; see service.h.
 */
#ifndef SERVICE_TAKER_H
#define SERVICE_TAKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct service;

struct service_taker {
	struct service *service; /* NULL: it is not registered */
	const char *daemon;
	bool many;      /* the daemon takes care of many services */
	uint64_t order; /* of the registration */
	LIST_ENTRY(service_taker) link;
};

LIST_HEAD(service_takers, service_taker);

#endif
