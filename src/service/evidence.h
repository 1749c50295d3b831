/*
 * evidence: combines what several sources say about a service into one status.
 *
 * The sources are a service manager, a pidfile, the process table, an admin's script and vigild
 * itself. Each of them knows only a part. A manager fills a struct evidence with what it found, and
 * evidence_evaluate derives the status from it. evidence_evaluate is a pure function: it reads no
 * clock, no file and no global variable, so that a test can enumerate its inputs.
 */
#ifndef EVIDENCE_H
#define EVIDENCE_H

#include <stdbool.h>
#include <sys/types.h>

#include <vigil/vigil.h>

/* What the manager reports ("the word"), in terms that all managers share. */
enum evidence_word {
	WORD_NONE, /* the manager gave no answer, or cannot give one */
	WORD_ABSENT,
	WORD_UP,
	WORD_DOWN,   /* stopped cleanly, or never started */
	WORD_FAILED, /* crashed, or could not be started */
	WORD_STARTING,
	WORD_STOPPING,
	WORD_RELOADING,
	WORDS
};

/* What the manager's report is based on. */
enum evidence_basis {
	BASIS_RECORD,  /* its last action: "started", "active (exited)" */
	BASIS_CHECKED, /* a check at the time of the query: the status command of a script */
	BASIS_WATCHED, /* it watches the process itself: systemd's main process, runit, s6 */
	BASES
};

/* The state of the process that a pidfile or the manager names. */
enum evidence_process {
	PROCESS_UNNAMED, /* no source names a process */
	PROCESS_ALIVE,
	PROCESS_DEAD,       /* it has exited, or its pid now belongs to another process */
	PROCESS_DISTRUSTED, /* a pidfile names one, but the pidfile is not trusted */
	PROCESSES
};

struct evidence {
	const char *witness; /* the source of the report: "systemd", "the script"; static */
	/* the text of the report: "active (exited)", "exit status 1"; "": none */
	const char *said;
	enum evidence_word word;
	enum evidence_basis basis;
	/* with WORD_NONE: it can never report a status, e.g. a script without "status" */
	bool mute;

	enum evidence_process process;
	pid_t pid;            /* set with ALIVE and DEAD */
	const char *named_by; /* "the pidfile", "systemd"; static */
	/* why the process is dead or the pidfile is not trusted: "has ended"; else "" */
	char why[128];
	/* the path of the pidfile is known, even if the file does not exist */
	bool place_known;

	/* vigild saw this process of the service exit, and has seen no living one since; 0: none */
	pid_t died;
	bool emptied;   /* its control group had processes and is empty now */
	bool stop_seen; /* vigild stopped it or saw it stopped since it last ran */
	/* vigild has seen a pidfile of it, so that it would have left one when it crashed */
	bool pidfile_seen;

	pid_t runner;            /* the process that runs its init script; 0: none */
	const char *runner_verb; /* the argument of that script; "": not known */
	int runner_error;        /* -errno: vigild cannot determine whether one runs; 0: it can */

	/* -errno: the query failed for lack of resources in vigild, see why; 0: it did not */
	int own_error;

	const char *hold; /* see vigil_service_reply; NULL: not held */
	const char *idle; /* see vigil_service_reply; NULL: it is not expected to exit on its own */
	bool succeeded;   /* with idle: it has run, and its last run succeeded */
};

#define VERDICT_TEXT 512

struct verdict {
	vigil_service_status status;
	bool restart;            /* whether the status justifies a restart */
	bool unclear_stop;       /* as in vigil_service_reply */
	bool done;               /* as in vigil_service_reply */
	pid_t pid;               /* the main process if it is known to be alive; 0: not known */
	char text[VERDICT_TEXT]; /* the reason; "": the manager's status needs no explanation */
};

void evidence_evaluate(const struct evidence *e, struct verdict *verdict);

/* Writes what each source said as one line of text for people. */
void evidence_describe(const struct evidence *e, char *text, size_t size);
/* Appends to that line whether a service that is down was stopped cleanly or has crashed. */
void evidence_describe_end(
	const struct evidence *e, const struct verdict *verdict, char *text, size_t size);

#endif
