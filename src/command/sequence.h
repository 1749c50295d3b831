/*
 * sequence: runs one verb for several daemons, in the order of their dependencies.
 *
 * A step is one daemon.  The steps of the same rank are independent and run at the same time, up to
 * a limit.  The steps of the next rank begin when these have ended.  If a step fails, the steps
 * that depend on it do not begin, and all others do.
 *
 * The sequence goes on if its client leaves.  It ends early only with the connection's pending
 * reply, when vigild stops.
 */
#ifndef SEQUENCE_H
#define SEQUENCE_H

#include <stdbool.h>

#include <jansson.h>

struct command_reply;
struct host;
struct order;

/* The words and rules of a verb. */
struct sequence_verb {
	const char *verb;
	const char *done; /* "started", "stopped", "restarted" */
	bool reverse;     /* daemons come before those that they need */
	bool pauses;      /* the daemon is paused, so that nothing starts its service again */
	bool resumes;     /* a pause of the daemon ends */
};

/* Begins the steps for the chosen daemons of the order, and makes the reply pending.  Takes
 * ownership of the order.  by: the user who asked. */
void sequence_start(struct host *host, const struct sequence_verb *verb, struct order *order,
	const char *by, struct command_reply *reply);
/* The steps that sequence_start would run: [{"name","step"}], a new reference. */
json_t *sequence_plan(const struct order *order);

#endif
