/*
 * evidence: what all witnesses say about a service, and the status that follows.
 *
 * A service manager, a pidfile, the process table, an admin's script and vigild itself each know
 * a part.  A manager fills a struct evidence with what it found; evidence_judge weighs it.  The
 * function is pure: it reads no clock, no file and no global, so a test enumerates its inputs.
 */
#ifndef EVIDENCE_H
#define EVIDENCE_H

#include <stdbool.h>
#include <sys/types.h>

#include <vigil/vigil.h>

/* The manager's word, in the terms that all managers share. */
enum evidence_word {
	WORD_NONE, /* the manager gave no answer, or has none */
	WORD_ABSENT,
	WORD_UP,
	WORD_DOWN,   /* stopped cleanly, or never started */
	WORD_FAILED, /* crashed, or could not be started */
	WORD_STARTING,
	WORD_STOPPING,
	WORD_RELOADING,
	WORDS
};

/* What the manager's word rests on. */
enum evidence_basis {
	BASIS_RECORD,  /* it repeats what was done last: "started", "active (exited)" */
	BASIS_CHECKED, /* it looked when it was asked: the status command of a script */
	BASIS_WATCHED, /* it watches the process itself: systemd's main process, runit, s6 */
	BASES
};

/* What is known of the process that a pidfile or the manager names. */
enum evidence_process {
	PROCESS_UNNAMED, /* nothing names a process */
	PROCESS_ALIVE,
	PROCESS_DEAD,       /* it has ended, or its pid belongs to another process by now */
	PROCESS_DISTRUSTED, /* a pidfile names one, but the pidfile is not believed */
	PROCESSES
};

struct evidence {
	const char *witness; /* the subject of what was said: "systemd", "the script"; static */
	const char *said;    /* its words: "active (exited)", "exit status 1"; "": none */
	enum evidence_word word;
	enum evidence_basis basis;
	bool mute; /* with WORD_NONE: it can never say, as a script that knows no status */

	enum evidence_process process;
	pid_t pid;            /* with ALIVE and DEAD */
	const char *named_by; /* "the pidfile", "systemd"; static */
	char why[128];        /* why it is dead, or a pidfile distrusted: "has ended"; else "" */
	bool place_known;     /* it is known where the pidfile is, even while there is none */

	pid_t died;     /* vigild saw this process of the service end, and none was seen since */
	bool emptied;   /* its control group had processes and has none */
	bool stop_seen; /* an admin, or a package, was seen stopping it since it last ran */

	pid_t runner;            /* the process that runs its script; 0: none */
	const char *runner_verb; /* the script's argument then; "": not known */
	int runner_error;        /* -errno: whether one runs cannot be seen; 0: it can */

	int own_error; /* -errno: vigild itself could not look, as why says; 0: it could */

	const char *hold; /* see vigil_service_reply; NULL: nothing */
	const char *idle; /* likewise; NULL: it is not meant to end by itself */
};

#define VERDICT_TEXT 512

struct verdict {
	vigil_service_status status;
	bool restart;            /* whether the status justifies one */
	pid_t pid;               /* the main process, where it is known to live; 0: it is not */
	char text[VERDICT_TEXT]; /* why, in words; "": the manager's words say it all */
};

void evidence_judge(const struct evidence *e, struct verdict *verdict);

/* What each witness said, as one line for people. */
void evidence_describe(const struct evidence *e, char *text, size_t size);

#endif
