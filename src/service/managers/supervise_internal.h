/*
 * supervise_internal: shared by the query and the restart of supervise. See supervise.h.
 */
#ifndef SUPERVISE_INTERNAL_H
#define SUPERVISE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "service/manager.h"
#include "service/managers/supervise.h"

#define SUPERVISE_PATH    4096
#define SUPERVISE         "supervise" /* the supervisor's directory, which contains the next two */
#define SUPERVISE_CONTROL "control"
#define SUPERVISE_STATUS  "status"

/* A service directory. */
struct supervise_place {
	char path[SUPERVISE_PATH];
	int service; /* descriptor of the directory, opened with O_PATH */
};

/* Finds the service's directory and opens it. Returns 0; -ENOENT if no scan directory has such a
 * service; or another negative errno. After 0 the caller closes place->service. */
int supervise_place_open(const struct supervise_kind *kind, const struct manager_request *request,
	struct supervise_place *place);

/* Reads the status if the supervisor is alive. Returns 0, or -1 with the fault set: the error is
 * -ENXIO if the supervisor has died, and -ENOENT if no supervisor watches the directory. */
int supervise_read(const struct supervise_kind *kind, const struct manager_request *request,
	const struct supervise_place *place, struct supervise_status *status,
	struct manager_reply *reply);

/* Fills the evidence and the text of the reply from a status. */
void supervise_take(const struct supervise_kind *kind, const struct supervise_status *status,
	struct evidence *e, struct manager_reply *reply);

/* Opens a fifo for writing that only the supervisor reads. Returns the descriptor, or -1 with
 * the fault set. */
int supervise_fifo_open(const struct supervise_kind *kind, const struct supervise_place *place,
	const char *name, struct manager_reply *reply);

/* Sets the fault for an error with a file of the service. what: the name of the file in the
 * supervise directory, or "" for the service directory. Returns -1. */
int supervise_fail(struct manager_reply *reply, int error, const char *path, const char *what);

/* Formats how the service ended; "" if that is not known. wait_status: as in struct
 * supervise_status. */
void supervise_describe_end(int wait_status, char *text, size_t room);

/* Converts a timestamp to seconds since 1970; 0: there is none. */
double supervise_time(const struct supervise_kind *kind, const unsigned char *stamp);
/* Finds out how the service ended the last time; the kind NONE: the supervisor does not say. */
void supervise_death(const struct supervise_kind *kind, const struct supervise_place *place,
	const struct supervise_status *status, struct death *death);

/* Reads a file of the supervisor that it replaces as a whole: at most room bytes at that offset; if
 * that is negative, it counts from the end of the file.  Returns the number of bytes, or a negative
 * errno; with -EPERM, why has the reason. */
ssize_t supervise_file_read(const struct supervise_place *place, const char *name, off_t offset,
	unsigned char *bytes, size_t room, char *why, size_t size);

/* Checks whether the service directory was replaced while its supervisor still runs in the old
 * one. deleted_only: only if the old directory was also deleted, so that the supervisor cannot
 * act. Returns 1 if so; text then says so, and what the admin can do. Returns 0 if no such
 * supervisor is found, or a negative errno if vigild itself lacks descriptors or memory; text
 * then says so. Reads all of /proc. */
int supervise_find_replaced(const struct supervise_kind *kind, const struct supervise_place *place,
	bool deleted_only, char *text, size_t room);

#endif
