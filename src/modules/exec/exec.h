/*
 * exec: what its files share: one struct for each daemon, and how a result is reported.
 */
#ifndef EXEC_H
#define EXEC_H

#include <stdbool.h>

#include <vigil/vigil.h>

#include "merge.h"

enum format { FORMAT_NAGIOS, FORMAT_JSON, FORMAT_TEXT };

#define EXEC_TEXT 256

struct exec {
	enum format format;
	double timeout;
	const char *const *command;
	vigil_child *child; /* NULL: none runs */
	struct merge merge;

	bool reported;
	vigil_health_level level;
	int start_error;      /* of the last start; 0: it could be started */
	char text[EXEC_TEXT]; /* why it could not, in words */
	bool truncated;       /* it was said that it prints too much */
	bool left_out;        /* the log has a line about output that was left out */

	/* A stream's. */
	double backoff, backoff_max;
	unsigned setbacks;
	bool healthy;      /* this child has printed an object, and nothing else since */
	double complained; /* when a line was last complained about */
};

/* Starts the command; what to be told of stands in the spec.  0, or -errno and why in text. */
int exec_spawn(vigil_daemon *d, struct exec *x, vigil_child_spec *spec);

/* Health, state, and a line in history and log where the level is another than before. */
void exec_report(vigil_daemon *d, struct exec *x, vigil_health_level level, const char *text);

/* "OK" ...; and back: false where it is none of the four. */
const char *exec_level_name(vigil_health_level level);
bool exec_level(const char *name, vigil_health_level *level);

/* How the child has ended: exit_status, duration_seconds, timed_out. */
void exec_put_exit(vigil_daemon *d, const vigil_child_exit *e);
/* In words: "exit status 2", "killed by signal 9 (Killed)". */
void exec_ending(const vigil_child_exit *e, char *words, size_t size);

/* How much of the last output could not be kept, and what: in the state at left_out while there is
 * something, and in the log the first time. */
void exec_put_left_out(vigil_daemon *d, struct exec *x, unsigned count, const char *text);

/* A long-lived child that prints a JSON object a line. */
int stream_start(vigil_daemon *d, struct exec *x);

#endif
