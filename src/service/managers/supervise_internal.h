/*
 * supervise_internal: what the query and the restart of supervise share.  See supervise.h.
 */
#ifndef SUPERVISE_INTERNAL_H
#define SUPERVISE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "service/manager.h"
#include "service/managers/supervise.h"

#define SUPERVISE_PATH    4096
#define SUPERVISE         "supervise" /* the supervisor's directory, with the next two in it */
#define SUPERVISE_CONTROL "control"
#define SUPERVISE_STATUS  "status"

/* A service directory. */
struct supervise_place {
	char path[SUPERVISE_PATH];
	int service; /* its descriptor, opened as a path only */
};

/* Finds the service's directory and opens it.  Returns 0; -ENOENT where no scan directory has such a
 * service; or another negative errno.  The caller closes place->service after 0. */
int supervise_place_open(const struct supervise_kind *kind, const struct manager_request *request,
	struct supervise_place *place);

/* Reads the status, from a living supervisor only.  Returns 0, or -1 with the fault set: the error is
 * -ENXIO where the supervisor has died and -ENOENT where none watches the directory. */
int supervise_read(const struct supervise_kind *kind, const struct manager_request *request,
	const struct supervise_place *place, struct supervise_status *status,
	struct manager_reply *reply);

/* Opens a fifo that only the supervisor reads, for writing.  Returns the descriptor, or -1 with the
 * fault set. */
int supervise_fifo_open(const struct supervise_kind *kind, const struct supervise_place *place,
	const char *name, struct manager_reply *reply);

/* Sets the fault for a file of the service.  Returns -1. */
int supervise_fail(struct manager_reply *reply, int error, const char *path, const char *what);

/* Says in words how the service ended; "" where it is not known.  wait_status: as in struct
 * supervise_status. */
void supervise_describe_end(int wait_status, char *text, size_t room);

/* Whether the directory was replaced while its supervisor lives on in the old one; deleted_only: and
 * the old one was deleted, so that the supervisor cannot act.  Returns 1 where
 * text says so and what to do; 0 where no such supervisor is found; or a negative errno where vigild
 * itself lacks descriptors or memory, which text says.  Goes through all of /proc. */
int supervise_find_replaced(const struct supervise_kind *kind, const struct supervise_place *place,
	bool deleted_only, char *text, size_t room);

#endif
