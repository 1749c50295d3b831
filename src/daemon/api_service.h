/*
 * api_service: the services that a daemon has opened, for the layers above.
 */
#ifndef API_SERVICE_H
#define API_SERVICE_H

struct service;
struct vigil_daemon;

/* Calls fn for each service that the daemon has opened, except those that it only observes. */
void api_service_each(const struct vigil_daemon *d,
	void (*fn)(const struct service *service, void *arg), void *arg);

#endif
