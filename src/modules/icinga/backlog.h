/*
 * backlog: counts what the sender sends, refuses and drops, and reports it in the state, the log
 * and the health of the daemon.
 */
#ifndef BACKLOG_H
#define BACKLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vigil/vigil.h>

struct backlog {
	vigil_daemon *d;
	const char *queue; /* the path of the spool; borrowed */
	char away[512];    /* why the master accepts no results; "": it accepts them */
	char refusal[512]; /* about the service that was refused last */
	uint64_t sent, refused;
	json_t *missing; /* the services that the master refuses, each with the time */
	bool missing_changed;
	int store_error; /* -errno of the last write of the spool; 0: it can be written */
	uint64_t unstored;
	uint64_t dropped;  /* results dropped when this was last checked */
	double dropped_at; /* by vigil_now; 0: nothing was dropped recently */
};

struct backlog_figures {
	size_t changes, repetitions; /* that wait */
	uint64_t replaced, dropped;
	double oldest; /* seconds that the oldest of them has waited */
	const char *address, *fault;
};

void backlog_init(struct backlog *b, vigil_daemon *d, const char *queue);
void backlog_clear(struct backlog *b);

/* The master accepted a result of the service, or refused it.  repetition: the result was made when
 * it was sent.  code: as verdict_read sets it. */
void backlog_sent(struct backlog *b, const char *service);
void backlog_refused(
	struct backlog *b, const char *service, bool repetition, int code, const char *why);
void backlog_forget(struct backlog *b, const char *service);
/* A change was stored (0), or could not be stored (-errno) and was lost. */
void backlog_stored(struct backlog *b, int err);
/* Whether the spool can be written (0 or -errno), after a failure; no change was lost. */
void backlog_probed(struct backlog *b, int err);
/* why: the reason why the master accepts no results; NULL: it accepts them. */
void backlog_away(struct backlog *b, const char *why);

/* Writes all figures into the state and sets the health of the daemon. */
void backlog_account(struct backlog *b, const struct backlog_figures *f);

#endif
