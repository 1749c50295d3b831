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

#include "service/evidence.h"
#include "service/pidfile.h"
#include "service/process_table.h"

/* What earlier queries found, and a later one needs to judge.  The loop thread keeps it; a query
 * gets a copy and returns what it has learnt. */
struct manager_memory {
	struct pidfile_memory seen;   /* with pid 0: nothing, or nothing new */
	struct process_identity last; /* the process that ran it, where its manager watches none */
	bool found;                   /* the process table named that one, and nothing else did */
	pid_t died; /* the loop saw it end, and no living process was found since; 0: none */
	uint64_t died_ticks;     /* when that was, by process_ticks_now */
	bool had_processes;      /* its control group had some */
	uint32_t respawns;       /* by a supervisor that does not count them itself */
	unsigned char stamp[12]; /* of the supervisor\'s last word; zeroed: there is none */
	bool up;                 /* that the service was up, by that word */
	bool stop_seen;          /* somebody was seen stopping it since it last ran */
	char unmet[128];         /* the condition for which its last start was skipped; "": none */
};

/* All copied from a vigil_service_spec; owned by the job. */
struct manager_request {
	char *name;                             /* passed text_is_service_name */
	const struct manager *manager;          /* NULL: auto */
	char *init_dir, *service_dir, *pidfile; /* NULL: the manager's own */
	char **status_command, **restart_command;
	bool reset_failed;
	double query_timeout, restart_timeout; /* seconds */
	struct manager_memory memory;
	bool simple;       /* as the reply to the last query said */
	bool down;         /* a restart is asked for because it was found down */
	uint64_t deadline; /* by clock_now; set when a worker begins */
};

#define MANAGER_TEXT    512
#define MANAGER_UNIT    256 /* a unit of systemd has at most 255 bytes */
#define MANAGER_RELATED 1024

struct manager_reply {
	const struct manager *manager; /* who answered; NULL: nobody knows the service */
	vigil_service_status status;
	int error; /* 0 or a negative errno */
	vigil_service_fault fault;
	pid_t pid;
	struct manager_memory memory;
	bool start_limit;
	uint32_t respawns;
	bool counts; /* its manager counts every respawn itself */
	int started; /* 1: a program was, for this; a negative errno: it could not be; 0: none */
	char text[MANAGER_TEXT]; /* why, or the end of what was printed; not escaped */

	/* As in vigil_service_reply; "": not said. */
	char unit[MANAGER_UNIT], idle[MANAGER_TEXT], hold[MANAGER_TEXT], evidence[MANAGER_TEXT];
	double busy, busy_limit;
	bool in_progress; /* the restart was begun, and its manager is still at it */

	/* Of systemd.  main_pid is the process that it watches, which need not be pid; the words
	 * are those of its row.  A simple unit has no conflicts, triggers, conditions or parts and
	 * is no oneshot, so its state tells all. */
	pid_t main_pid;
	char load[16], active[16], sub[32], job[24];
	bool simple;
	bool outside; /* it is judged by what systemd does not signal: a pidfile, a control group */
	/* Units whose changes matter to this one: NAME=ACTIVESTATE, each before a blank. */
	char related[MANAGER_RELATED];
};

struct manager {
	const char *name;
	enum evidence_basis basis; /* of its word about a running service */
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
/* Turns the outcome of trust for what is about to be run into the fault: true where err is 0. */
bool manager_trust(const char *what, int err, const char *why, struct manager_reply *reply);
/* The last lines of what it printed that fit. */
void manager_tail(char text[MANAGER_TEXT], const struct spawn_result *result);
/* Evidence with nothing in it but the subject, and what earlier queries found. */
struct evidence manager_evidence(const struct manager_request *request, const char *witness);
/* Adds what a pidfile says, and remembers the process that it names. */
void manager_add_pidfile(
	struct manager_reply *reply, struct evidence *e, const struct pidfile *pidfile);
/* Judges: status, pid, text, hold, idle, evidence, and what is remembered of a stop.  An error that
 * is set already stays, with its text, unless the status is known all the same.  Reads no file, so the
 * loop thread may call it. */
void manager_judge(struct manager_reply *reply, const struct evidence *e);
/* For workers: asks the process table where nothing else names a living process though the service is
 * said to run; then judges, and remembers the process. */
void manager_conclude(struct manager_reply *reply, const struct evidence *e);

extern const struct manager manager_command, manager_lsb, manager_openrc, manager_runit, manager_s6;
#ifdef HAVE_SYSTEMD
extern const struct manager manager_systemd;
#endif

#endif
