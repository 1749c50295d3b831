/*
 * manager: the interface to the service managers, and the choice among them.
 *
 * Each service manager (systemd, OpenRC, runit, s6, lsb, command) is one struct manager. Its
 * functions run on workers. So do manager_query, manager_apply, manager_run and
 * manager_conclude. They may block until the request's deadline, and they access only the
 * request and the reply. manager_find, manager_names and manager_evaluate do not block, and the
 * loop thread calls them, too.
 */
#ifndef MANAGER_H
#define MANAGER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <vigil/vigil.h>

#include "service/death.h"
#include "service/evidence.h"
#include "service/pidfile.h"
#include "service/process_table.h"

struct listing;

/* What earlier queries found and a later query needs. The loop thread keeps it; a query gets a
 * copy and returns the updated copy. */
struct manager_memory {
	struct pidfile_memory seen;   /* pid 0: nothing, or nothing new */
	struct process_identity last; /* the service's process, if its manager does not watch it */
	bool found;                   /* only the process table named that process */
	uint64_t run; /* identifies its present run, if its manager does not; 0: not known */
	pid_t died; /* the loop saw this process exit, and no living one was found since; 0: none */
	uint64_t died_ticks;     /* the time of that exit, by process_ticks_now */
	bool had_processes;      /* its control group had processes */
	uint64_t entered;        /* the run in which it had them: when it became active */
	bool lost;               /* it was active without them, and they have not come back */
	bool by_part;            /* the process that was named last is that of a part */
	uint32_t respawns;       /* respawns by a supervisor that does not count them itself */
	unsigned char stamp[12]; /* of the supervisor's last status; zeroed: none */
	bool up;                 /* the service was up in that status */
	bool began;              /* vigild saw it starting or running, and not failed since */
	bool stop_seen;          /* vigild stopped it or saw it stopped since it last ran */
	char unmet[128];         /* condition that made systemd skip its last start; "": none */
};

/* A restart that the loop thread has requested of the manager, and whose outcome a worker must find
 * out. */
struct manager_job {
	bool requested;  /* else there is none, and the rest is not set */
	char path[64];   /* of systemd's job; "": the request was not answered */
	char result[24]; /* of the job; "": it has not ended, or that was not signalled */
	uint64_t began;  /* when the start before it began: CLOCK_MONOTONIC, microseconds */
};

/* Copied from a vigil_service_spec; owned by the job or by the struct service. */
struct manager_request {
	char *name;                             /* valid by text_is_service_name */
	const struct manager *manager;          /* NULL: auto */
	char *init_dir, *service_dir, *pidfile; /* NULL: the manager's default */
	char **status_command, **restart_command, **start_command, **stop_command, **reload_command;
	bool reset_failed;
	double query_timeout, restart_timeout; /* seconds; the latter is for every change */
	struct manager_memory memory;
	bool simple; /* as in the reply to the last query */
	/* what systemd has signalled about its last death; a worker need not read that again */
	enum death_kind heard;
	char heard_result[32];
	bool unexecuted;             /* that death is one of death_is_unexecuted */
	bool down;                   /* the change is requested while the service was found down */
	struct manager_job accepted; /* the outcome of this is to be found out */
	uint64_t deadline;           /* by clock_now; set when a worker starts the job */
};

#define MANAGER_TEXT    512
#define MANAGER_UNIT    256 /* a unit name of systemd has at most 255 bytes */
#define MANAGER_RELATED 1024

struct manager_reply {
	/* the manager that answered; NULL: no manager knows the service */
	const struct manager *manager;
	vigil_service_status status;
	int error; /* 0 or a negative errno */
	vigil_service_fault fault;
	pid_t pid;
	struct manager_memory memory;
	bool start_limit;
	uint32_t respawns;
	bool counts;       /* its manager counts all respawns itself */
	bool unclear_stop; /* as in vigil_service_reply */
	bool done;         /* as in vigil_service_reply */
	uint64_t run;      /* as in vigil_service_reply, for a running service; else any value */
	bool once;         /* it runs, and its supervisor would not start it again */
	/* 1: a program was started for this; negative errno: it could not be; 0: none was needed */
	int started;
	struct death death;      /* of its last run, or its last start; kind NONE: not known */
	char text[MANAGER_TEXT]; /* the reason, or the last output of a program; not escaped */

	/* As in vigil_service_reply; "": none. */
	char unit[MANAGER_UNIT], idle[MANAGER_TEXT], hold[MANAGER_TEXT], evidence[MANAGER_TEXT];
	double busy, busy_limit;
	bool in_progress; /* the manager has accepted the change and has not finished it */
	struct manager_job accepted; /* see enum unit_answer */

	/* Set by systemd only. main_pid is the process that systemd watches, which may differ
	 * from pid. load, active, sub and job are the columns of the unit list. A simple unit
	 * has no conflicts (except with shutdown.target, which it must have), triggers,
	 * conditions or parts and is not a oneshot, so that its state alone gives the
	 * status. A unit that is not unaided may be restarted by systemd itself after a crash;
	 * meaningful if a query has found it to be simple. */
	pid_t main_pid;
	char load[16], active[16], sub[32], job[24];
	bool simple, unaided;
	/* its status depends on things that systemd does not signal: a pidfile, a control group */
	bool outside;
	/* Units whose changes affect this one: NAME=ACTIVESTATE, each preceded by a space. */
	char related[MANAGER_RELATED];
};

/* What vigild may do to a service. */
enum manager_change { MANAGER_RESTART, MANAGER_START, MANAGER_STOP, MANAGER_RELOAD };

struct manager {
	const char *name;
	enum evidence_basis basis; /* of its report about a running service */
	/* Whether this manager is in use on this machine; cheap, about one stat. */
	bool (*present)(const struct manager_request *request);
	/* Queries the status. For a service that the manager does not know, the status is ABSENT
	 * and error is 0. If the manager cannot be asked, the status is UNKNOWN, and error and
	 * fault are set. */
	void (*query)(const struct manager_request *request, struct manager_reply *reply);
	/* Restarts, starts, stops or reloads the service and waits until the manager reports the
	 * result. Sets error and fault, but not status. A start is requested only if the service
	 * was found not running, a stop only if it was found not stopped, and a reload only if it
	 * was found running. */
	void (*apply)(enum manager_change change, const struct manager_request *request,
		struct manager_reply *reply);
	/* Called when a worker thread ends: frees what the thread owns, such as its bus
	 * connection. NULL: nothing to free. */
	void (*thread_end)(void);
	/* Adds all services of this manager to the listing, for as long as the deadline (by
	 * clock_now) permits, and records why the listing is not complete.  Does nothing if the
	 * manager is not in use on this machine. NULL: it cannot list services. */
	void (*list)(struct listing *listing, uint64_t deadline);
	/* The directories whose entries change when services are added, removed, enabled or
	 * disabled, terminated by NULL.  NULL: none. */
	const char *const *directories;
};

/* Finds a manager by its name in the configuration; NULL for "auto" and for unknown names. */
const struct manager *manager_find(const char *name);
/* The names, separated by spaces, "auto" first: the valid values of the option. Static. */
const char *manager_names(void);

/* The managers in the order in which "auto" asks them. Returns NULL after the last one. */
const struct manager *manager_at(size_t index);

/* Queries the manager that the request names. With "auto", queries the managers that are present
 * on the machine in a fixed order, until one knows the service. A manager that cannot be asked
 * ends the search with UNKNOWN. */
void manager_query(const struct manager_request *request, struct manager_reply *reply);
/* Restarts, starts, stops or reloads the service with the manager that knows it, then queries it:
 * status, pid and error are those after the change.
 *
 * A restart or a start has succeeded if the manager reported success and either the query finds
 * the service running, starting or idle, or the manager is still at work (in_progress). A stop
 * waits until the deadline for the end of the service. It has succeeded if the query finds the
 * service down, even if the manager calls that "failed", because the service ended by the signal
 * of the stop. A start of a running service and a stop of a stopped one do nothing and succeed. */
void manager_apply(enum manager_change change, const struct manager_request *request,
	struct manager_reply *reply);
/* Returns "restart", "start", "stop" or "reload". Static. */
const char *manager_change_name(enum manager_change change);
void manager_thread_end(void);
/* Adds the services of all managers to the listing. For workers. */
void manager_list(struct listing *listing, uint64_t deadline);

/* For a manager that does not identify the runs of a service. manager_end_run: forgets the run of a
 * service that does not run. manager_follow_run: sets the run of a running service in the reply and
 * in its memory, whose `last` is the process of the service now; last: its process at the previous
 * query. Another process is another run if it was started after the loop saw the last one exit. A
 * process that was started earlier may be a successor to which the last one has handed over. */
void manager_end_run(struct manager_reply *reply);
void manager_follow_run(struct manager_reply *reply, const struct process_identity *last);

/* For the managers: sets error and fault, and formats the text. */
void manager_fault(struct manager_reply *reply, int error, vigil_service_fault fault,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

struct spawn;
struct spawn_result;

/* For the managers that run programs: runs one until the request's deadline. Returns its exit
 * status, or -1 with the fault set if it could not be started, exceeded the deadline or was
 * killed by a signal. */
int manager_run(const struct manager_request *request, const struct spawn *spawn, bool spare_group,
	struct spawn_result *result, struct manager_reply *reply);
/* Converts err, the result of a trust function for a program, into a fault. Returns true if err
 * is 0. */
bool manager_trust(const char *what, int err, const char *why, struct manager_reply *reply);
/* Copies as many of the last lines of the output as fit. */
void manager_tail(char text[MANAGER_TEXT], const struct spawn_result *result);
/* Returns evidence with only the source and the results of earlier queries filled in. */
struct evidence manager_evidence(const struct manager_request *request, const char *witness);
/* Adds what the pidfile says, and stores the process that it names in the reply's memory. */
void manager_add_pidfile(
	struct manager_reply *reply, struct evidence *e, const struct pidfile *pidfile);
/* Derives status, pid, text, hold, idle and evidence, and updates the memory of a stop. An error
 * that is already set is kept, with its text, unless the evidence shows the status in spite of
 * it. This function reads no file, so that the loop thread may call it. */
void manager_evaluate(struct manager_reply *reply, const struct evidence *e);
/* For workers: searches the process table if the service is said to run and nothing else names a
 * living process. Then calls manager_evaluate and stores the identity of the process in the memory.
 * */
void manager_conclude(struct manager_reply *reply, const struct evidence *e);

extern const struct manager manager_command, manager_lsb, manager_openrc, manager_runit, manager_s6;
#ifdef HAVE_SYSTEMD
extern const struct manager manager_systemd;
#endif

#endif
