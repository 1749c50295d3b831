/*
 * supervise: the code that runit and s6 share, because both are modelled on daemontools.
 *
 * A service is a directory. Each service has a supervisor process, which keeps a status file in
 * that directory and reads single-letter commands from a fifo. struct supervise_kind describes
 * one manager: where its directories are and what its status file means. The query and the
 * changes are implemented here. They start no process, unless the status file has an unknown
 * size and the manager provides a program that reads it.
 */
#ifndef SUPERVISE_H
#define SUPERVISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "service/manager.h"

struct listing;

enum supervise_state { SUPERVISE_DOWN, SUPERVISE_UP, SUPERVISE_FINISH };

#define SUPERVISE_STAMP 12 /* a TAI64N timestamp: when the current state began */

struct supervise_status {
	enum supervise_state state;
	pid_t pid; /* of the service or of its finish script; 0: down */
	bool want_up;
	bool paused;
	bool stopping;   /* it was sent a signal to stop */
	bool unready;    /* it is expected to report readiness and has not yet */
	int wait_status; /* of its last exit, as from waitpid; -1: not known */
	unsigned char stamp[SUPERVISE_STAMP];
};

struct supervise_kind {
	const char *supervisor;         /* the program's name, for messages */
	const char *const *directories; /* the scan directories, terminated by NULL */
	/* in the supervise directory; only a living supervisor has it open for reading */
	const char *fifo;
	const size_t *sizes; /* the valid sizes of the status file, terminated by 0 */
	/* Decodes a status file that has one of these sizes. service: a descriptor of the
	 * service's directory. */
	void (*decode)(int service, const unsigned char *bytes, size_t length,
		struct supervise_status *status);
	/* For a status file of another size: runs a program that reads the status. Returns 0, or
	 * -1 with the fault set. NULL: there is no such program. */
	int (*ask)(const struct manager_request *request, int service, const char *path,
		struct supervise_status *status, struct manager_reply *reply);
	/* A file in the supervise directory with the deaths of the service: for each one a
	 * timestamp, its exit status as in a shell, and the signal.  NULL: there is none. */
	const char *tally;
	/* What a TAI64N timestamp of this supervisor is ahead of the time since 1970, in seconds,
	 * without the 2^62 that every such timestamp has. */
	uint64_t ahead;
	/* Finds out from the text of the script `finish` whether it prevents that the supervisor
	 * starts the service again: VIGIL_CRASH_DOWN, VIGIL_CRASH_RESTARTED, or
	 * VIGIL_CRASH_UNKNOWN if it depends on the script. */
	vigil_service_crash (*finish)(const char *script);
	/* Returns the letter that stops the service so that the supervisor starts it again. */
	char (*restart_letter)(int service);
};

/* Whether the service's directory has a status file of this kind. Also true if the file may not
 * be accessed, because the query then reports the reason. */
bool supervise_present(const struct supervise_kind *kind, const struct manager_request *request);
void supervise_query(const struct supervise_kind *kind, const struct manager_request *request,
	struct manager_reply *reply);
void supervise_apply(const struct supervise_kind *kind, enum manager_change change,
	const struct manager_request *request, struct manager_reply *reply);

/* Lists the services in the scan directories. */
void supervise_list(const struct supervise_kind *kind, const struct manager *manager,
	struct listing *listing, uint64_t deadline);

#endif
