/*
 * watchers: which daemons watch a service, and whether they would restart it.
 */
#ifndef WATCHERS_H
#define WATCHERS_H

#include <stdbool.h>

#include <jansson.h>

#include <vigil/vigil.h>

struct host;
struct watchers;

/* An index of the services that the daemons watch at present.  Daemons may be added and removed
 * while it exists. */
struct watchers *watchers_new(struct host *host);
void watchers_free(struct watchers *watchers);

/* The daemons that watch the service: [{"daemon","restart_on","not_restarted"}].  restart_on is
 * absent if the module has no such option.  not_restarted says why the daemon does not restart the
 * service after a crash, in one word, and is absent if it does.  *restarts: one of them restarts
 * it.  A new reference. */
json_t *watchers_of(
	const struct watchers *watchers, const vigil_service_entry *entry, bool *restarts);

#endif
