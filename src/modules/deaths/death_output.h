/*
 * death_output: reads the last lines that a service has printed, in a child process.
 *
 * The journal is read by journalctl, with the invocation id of the run that ended, so that later
 * runs do not matter. A file is read by vigil-files, because a file system may hang. At most one
 * child of a service runs at a time, it takes one of the slots of [vigil] exec_max, and it has a
 * deadline.
 */
#ifndef DEATH_OUTPUT_H
#define DEATH_OUTPUT_H

#include <vigil/vigil.h>

#define DEATH_OUTPUT_MARK 48
#define DEATH_OUTPUT_NOTE 300

/* lines: an array of clean texts, a new reference, which the callback takes over. note: as for
 * death_set_output. last: false: the journal is read again, because more lines may arrive there. */
typedef void death_output_fn(json_t *lines, const char *note, bool last, void *arg);

struct death_output {
	vigil_daemon *d;
	death_output_fn *fn;
	void *arg;
	bool waiting;       /* fn will be called */
	vigil_child *child; /* NULL: none; it may outlast the deadline */
	vigil_slot *slot;   /* NULL: none */
	json_t *lines;      /* owned; NULL: none */
	json_t *before;     /* owned; the lines of the reading before; NULL: there was none */
	unsigned tries;
	bool hurry; /* the journal is not read again */
	/* Matches of journalctl: the invocation id ("": the file is read), and the unit and the
	 * pid. */
	char journal[64], unit[300], pid[32], boot[64];
	const char *log_file; /* borrowed */
	bool has_head;        /* vigil-files has printed its first line */
	/* Where the file ended when it was last read, as vigil-files prints it; "": not known. */
	char mark[DEATH_OUTPUT_MARK];
	char since[40]; /* when the run began, in seconds since 1970; "0": not known */
	char note[DEATH_OUTPUT_NOTE];
};

void death_output_open(
	struct death_output *output, vigil_daemon *d, death_output_fn *fn, void *arg);
/* No callback is called any more. */
void death_output_close(struct death_output *output);

/* Returns whether the text is an invocation id of systemd. */
bool death_output_is_invocation(const char *text);
/* The output of another death is to be read: ends the reading with what was found so far, or as
 * soon as something was. */
void death_output_hurry(struct death_output *output);
/* Begins to read. Each returns false if an earlier child still runs; otherwise fn is called, within
 * DEATH_OUTPUT_TIME seconds. */
#define DEATH_OUTPUT_TIME 10.0
struct death_output_run {
	const char *invocation, *unit;
	pid_t pid; /* of the main process; 0: not known */
};
bool death_output_read_journal(struct death_output *output, const struct death_output_run *run);
/* started: when the run began, in seconds since 1970; 0: not known. What was written before that,
 * or before the previous call, is not read. */
bool death_output_read_file(struct death_output *output, const char *path, double started);

#endif
