/*
 * manager: one small struct for each service manager, and the choice among them.
 *
 * Everything here runs on workers: it may block up to the request's deadline, and it touches
 * nothing but the request and the reply.
 */
#ifndef MANAGER_H
#define MANAGER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <vigil/vigil.h>

#include "service/pidfile.h"

/* All copied from a vigil_service_spec; owned by the job. */
struct manager_request {
	char *name;                             /* passed text_is_service_name */
	const struct manager *manager;          /* NULL: auto */
	char *init_dir, *service_dir, *pidfile; /* NULL: the manager's own */
	char **status_command, **restart_command;
	bool reset_failed;
	struct pidfile_memory seen; /* by the last look at its pidfile */
	uint64_t deadline;          /* by clock_now; set when a worker begins */
};

#define MANAGER_TEXT 512

struct manager_reply {
	const struct manager *manager; /* who answered; NULL: nobody knows the service */
	vigil_service_status status;
	int error; /* 0 or a negative errno */
	vigil_service_fault fault;
	pid_t pid;
	struct pidfile_memory seen; /* with pid 0: nothing, or nothing new */
	bool start_limit;
	bool masked;
	uint32_t respawns;
	int started; /* 1: a program was, for this; a negative errno: it could not be; 0: none */
	char text[MANAGER_TEXT]; /* why, or the end of what was printed; not escaped */
};

struct manager {
	const char *name;
	/* Whether it runs this machine; cheap, a stat or so. */
	bool (*present)(const struct manager_request *request);
	/* How the service is.  A service it does not know is ABSENT, with error 0; a manager that
	 * cannot be asked is UNKNOWN with error and fault. */
	void (*query)(const struct manager_request *request, struct manager_reply *reply);
	/* Restarts, and waits for the manager's word: error and fault; status is not set. */
	void (*restart)(const struct manager_request *request, struct manager_reply *reply);
	/* A worker ends: let go of what the thread holds, such as its bus connection. */
	void (*thread_end)(void);
};

/* By the word of the config; NULL for "auto" and for words that are not there. */
const struct manager *manager_find(const char *name);
/* The words, parted by a space, "auto" first: the choices of the option. */
const char *manager_names(void);

/* Asks the one named, or with auto: those present on the machine, in their order, until one
 * knows the service.  One that cannot be asked ends the search with UNKNOWN. */
void manager_query(const struct manager_request *request, struct manager_reply *reply);
/* Restarts by the one that knows it, then looks: status, pid and error are those after it.  It
 * worked when the manager said so and the look finds it running or starting. */
void manager_restart(const struct manager_request *request, struct manager_reply *reply);
void manager_thread_end(void);

/* For the managers: sets error and fault and formats the text. */
void manager_fault(struct manager_reply *reply, int error, vigil_service_fault fault,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

struct spawn;
struct spawn_result;

/* For the managers that run programs: runs one until the request's deadline.  Its exit status;
 * or -1 with the fault set, when it could not be started, ran out of time or died of a signal. */
int manager_run(const struct manager_request *request, const struct spawn *spawn, bool spare_group,
	struct spawn_result *result, struct manager_reply *reply);
/* The last lines of what it printed that fit. */
void manager_tail(char text[MANAGER_TEXT], const struct spawn_result *result);
/* What a pidfile adds to what was said: a live pid, or a dead one, which outranks it. */
void manager_judge_pid(struct manager_reply *reply, const struct pidfile *pidfile);

extern const struct manager manager_command, manager_lsb, manager_openrc, manager_runit, manager_s6;
#ifdef HAVE_SYSTEMD
extern const struct manager manager_systemd;
#endif

#endif
