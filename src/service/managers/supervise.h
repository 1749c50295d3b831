/*
 * supervise: what runit and s6 have in common, as heirs of daemontools.
 *
 * A service is a directory; a supervisor of its own watches it, keeps a status file there and
 * reads single letters from a fifo.  A manager says where such directories lie and what its
 * status file means; looking and restarting is done here, without starting a process.
 */
#ifndef SUPERVISE_H
#define SUPERVISE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct manager_reply;
struct manager_request;

enum supervise_state { SUPERVISE_DOWN, SUPERVISE_UP, SUPERVISE_FINISH };

#define SUPERVISE_STAMP 12 /* a TAI64N label: when it came into that state */

struct supervise_status {
	enum supervise_state state;
	pid_t pid; /* of the service, or of its finish script; 0 when it is down */
	bool want_up;
	bool paused;
	bool stopping;   /* it was told to end */
	bool unready;    /* it is to say when it is ready, and has not */
	int wait_status; /* how it ended, as waitpid gives it; -1: not known */
	unsigned char stamp[SUPERVISE_STAMP];
};

struct supervise_kind {
	const char *supervisor;         /* the program's name, for texts */
	const char *const *directories; /* where services lie, ended by NULL */
	const char *fifo;    /* in its supervise directory; read by a living supervisor alone */
	const size_t *sizes; /* that its status file may have, ended by 0 */
	/* What the status file says; it is of one of the sizes. */
	void (*decode)(int service, const unsigned char *bytes, size_t length,
		struct supervise_status *status);
	/* For another size: asks a program.  0, or -1 with the fault set.  NULL: there is none. */
	int (*ask)(const struct manager_request *request, int service, const char *path,
		struct supervise_status *status, struct manager_reply *reply);
	/* The letter that ends the service so that it is started again. */
	char (*restart_letter)(int service);
};

/* Whether the service's directory has a status file of this kind. */
bool supervise_present(const struct supervise_kind *kind, const struct manager_request *request);
void supervise_query(const struct supervise_kind *kind, const struct manager_request *request,
	struct manager_reply *reply);
void supervise_restart(const struct supervise_kind *kind, const struct manager_request *request,
	struct manager_reply *reply);

#endif
