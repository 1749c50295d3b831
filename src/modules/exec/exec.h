/*
 * exec: the data that the files of this module share, and how they report a result.
 *
 * exec.c has the options and starts programs, exec_periodic.c runs a program at each tick,
 * exec_stream.c keeps one program running, and exec_report.c writes the outcome to the health and
 * the state. Each daemon has one struct exec, which is freed with the daemon.
 */
#ifndef EXEC_H
#define EXEC_H

#include <stdbool.h>
#include <stdint.h>

#include <vigil/vigil.h>

#include "merge.h"

enum format { FORMAT_NAGIOS, FORMAT_JSON, FORMAT_TEXT };

#define EXEC_TEXT   512
#define EXEC_OUTPUT 65536 /* bytes that are kept of a run or of a line of a stream */

struct exec {
	enum format format;
	double interval, timeout;
	const char *const *command;
	vigil_slot *slot;   /* NULL: the daemon neither has a slot nor waits for one */
	vigil_child *child; /* NULL: no child runs */
	struct merge merge;

	bool reported;
	vigil_health_level level;
	int start_error; /* errno of the last start; 0: the start succeeded */
	bool scheduled;  /* runs at the points of `every`, and not once an interval */
	/* The result is old, and this was reported: the calendar forbids to run the program, or it
	 * has not run since the daemon was started. */
	bool closed;
	/* The last run has printed no object that was merged (format json), or the stream has ended
	 * and the next child has printed no object yet. The numbers are those of an earlier run. */
	bool outdated;
	/* why the last start failed or how the last child of a stream ended, in words; while
	 * closed: the health before that */
	char text[EXEC_TEXT];
	bool truncated;   /* the last output was too long, and this was logged */
	bool left_out;    /* left_out was logged once */
	bool late;        /* the run did not end before its deadline */
	bool waited;      /* the run has waited too long for a slot */
	uint64_t skipped; /* number of skipped runs */
	unsigned overdue; /* skipped runs since the last run began */

	/* Only for mode stream. Times are seconds; points in time are by vigil_now. */
	double backoff, backoff_max;
	double silence; /* the child may print nothing for so long; 0: without limit */
	unsigned setbacks;
	unsigned lines;            /* lines that this child has printed */
	unsigned lost;             /* lines and values of this child that were not kept */
	char lost_text[EXEC_TEXT]; /* describes the last of them */
	bool refusing;             /* the last line was refused */
	double refused_at;         /* when a refused line was last reported */
	bool says;                 /* this child has reported a level */
	vigil_health_level said;   /* the level that it reported last */
	bool ended_well;           /* the last child has exited with status 0 */
	double silent_at;          /* when the silence becomes too long */
	double start_at;           /* when the next child is started */
	double complained;         /* when an invalid line was last logged; 0: never */
};

/* --- exec.c ----------------------------------------------------------------------------------- */

/* Starts the command. The caller sets the callbacks and limits in `spec`, and this function sets
 * the rest. Returns 0, or -errno with the reason in x->text. A failure is written to the state, and
 * logged if the error differs from that of the last start. */
int exec_spawn(vigil_daemon *d, struct exec *x, vigil_child_spec *spec);
/* Frees the slot. Does nothing if the daemon has none. */
void exec_free_slot(struct exec *x);

/* --- exec_report.c ---------------------------------------------------------------------------- */

/* Reports the health and writes the level to the state. If the level differs from the last one,
 * this adds a line to the history and the log. The first report adds a line to the history, and to
 * the log unless it is OK. The numbers of the daemon are stale while it is UNKNOWN, closed or
 * outdated. long_text: NULL: none. */
void exec_report(vigil_daemon *d, struct exec *x, vigil_health_level level, unsigned flags,
	const char *text, const char *long_text);

/* The name of a level ("OK", "WARNING", "CRITICAL", "UNKNOWN"), and the level of a name in any
 * case. exec_level returns false if the name is NULL or none of the four. */
const char *exec_level_name(vigil_health_level level);
bool exec_level(const char *name, vigil_health_level *level);

/* Writes the last part of stderr to the state. Removes it from there if there is none. */
void exec_put_stderr(vigil_daemon *d, const char *errors);
/* Writes to the state how the child ended: exit_status, duration_seconds, timed_out, stderr. */
void exec_put_exit(vigil_daemon *d, const vigil_child_exit *e);
/* Describes how the child ended: "exit status 2", "killed by signal 9 (Killed)". */
void exec_ending(const vigil_child_exit *e, char *words, size_t size);
/* Appends ": " and the last line that a child wrote to stderr, sanitized. Does nothing if there is
 * none. A line that has no room ends with "...". */
void exec_append_error(char *text, size_t size, const char *errors);
/* Describes a process that SIGKILL did not end: "process 12 is in uninterruptible sleep" or
 * "process 12 still exists". */
void exec_describe_given_up(pid_t pid, char *text, size_t size);

/* Returns whether the process is in uninterruptible sleep. */
bool exec_is_blocked(pid_t pid);

/* Writes to the state at left_out how many items of the last output could not be kept, and a
 * description. count 0 removes left_out. The first time, this is also logged. */
void exec_put_left_out(vigil_daemon *d, struct exec *x, unsigned count, const char *text);

/* --- exec_periodic.c and exec_stream.c -------------------------------------------------------- */

/* Runs the program at each tick. Returns 0 or -errno. */
int periodic_start(vigil_daemon *d, struct exec *x);
/* Keeps one long-lived child running, which prints one JSON object per line. Returns 0 or
 * -errno. */
int stream_start(vigil_daemon *d, struct exec *x);

#endif
