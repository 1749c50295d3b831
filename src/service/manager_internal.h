/*
 * manager_internal: shared by manager.c and manager_change.c. See manager.h.
 */
#ifndef MANAGER_INTERNAL_H
#define MANAGER_INTERNAL_H

#include "service/manager.h"

/* Initializes a reply of that manager, with the memory of the request and an unknown status. */
void manager_reply_clear(struct manager_reply *reply, const struct manager_request *request,
	const struct manager *manager);
/* Queries that manager. */
void manager_ask(const struct manager *manager, const struct manager_request *request,
	struct manager_reply *reply);

#endif
