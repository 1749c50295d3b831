/*
 * exec: what its files share: one struct for each daemon, and how a result is reported.
 *
 * exec.c has the options and starts programs, periodic.c runs one at each tick, stream.c keeps one
 * running, and report.c writes the outcome to health and state.
 */
#ifndef EXEC_H
#define EXEC_H

#include <stdbool.h>
#include <stdint.h>

#include <vigil/vigil.h>

#include "merge.h"

enum format { FORMAT_NAGIOS, FORMAT_JSON, FORMAT_TEXT };

#define EXEC_TEXT   512
#define EXEC_OUTPUT 65536 /* bytes of a run, or of a line of a stream, that are kept */

struct exec {
	enum format format;
	double interval, timeout;
	const char *const *command;
	vigil_slot *slot;   /* NULL: it neither waits for one nor has one */
	vigil_child *child; /* NULL: none runs */
	struct merge merge;

	bool reported;
	vigil_health_level level;
	int start_error;      /* of the last start; 0: it could be started */
	char text[EXEC_TEXT]; /* why it could not, in words */
	bool truncated;       /* the log has a line about output that was cut */
	bool left_out;        /* the log has a line about output that was left out */
	bool late;            /* the run has not ended by its deadline */
	bool waited;          /* the run has waited for a slot for too long */
	uint64_t skipped;     /* runs that were not made */
	unsigned overdue;     /* of them, those since the last run began */

	/* A stream's. */
	double backoff, backoff_max;
	double silence; /* so long it may print nothing; 0: for ever */
	unsigned setbacks;
	bool says;               /* this child has said a level */
	vigil_health_level said; /* which it was last */
	double silent_at;        /* when it has been silent for too long */
	double complained;       /* when a line was last complained about */
};

/* --- exec.c ----------------------------------------------------------------------------------- */

/* Starts the command; the callbacks are in the spec.  0, or -errno and why in text. */
int exec_spawn(vigil_daemon *d, struct exec *x, vigil_child_spec *spec);
/* Gives the slot back; nothing where there is none. */
void exec_free_slot(struct exec *x);

/* --- report.c --------------------------------------------------------------------------------- */

/* Reports health, and adds a line to history and log where the level is another than before.  The
 * numbers of the daemon are stale while it is UNKNOWN.  long_text: NULL for none. */
void exec_report(vigil_daemon *d, struct exec *x, vigil_health_level level, unsigned flags,
	const char *text, const char *long_text);
/* Marks the numbers of the daemon as stale, or as current. */
void exec_set_stale(vigil_daemon *d, bool stale);

/* "OK" ...; and back: false where it is none of the four. */
const char *exec_level_name(vigil_health_level level);
bool exec_level(const char *name, vigil_health_level *level);

/* How the child has ended: exit_status, duration_seconds, timed_out, stderr. */
void exec_put_exit(vigil_daemon *d, const vigil_child_exit *e);
/* In words: "exit status 2", "killed by signal 9 (Killed)". */
void exec_ending(const vigil_child_exit *e, char *words, size_t size);
/* Appends ": " and the last line that a child wrote to stderr, clean; nothing where there is none. */
void exec_append_error(char *text, size_t size, const char *errors);
/* "process 12 is in uninterruptible sleep", or what else is known of a process that KILL did not
 * end. */
void exec_describe_given_up(pid_t pid, char *text, size_t size);

/* How much of the last output could not be kept, and what: in the state at left_out while there is
 * something, and in the log the first time. */
void exec_put_left_out(vigil_daemon *d, struct exec *x, unsigned count, const char *text);

/* --- periodic.c and stream.c ------------------------------------------------------------------ */

/* Runs the program at each tick. */
int periodic_start(vigil_daemon *d, struct exec *x);
/* Keeps one long-lived child running that prints a JSON object a line. */
int stream_start(vigil_daemon *d, struct exec *x);

#endif
