/*
 * backlog: the figures of the sender, in the state, the log and the health of the daemon.
 */
#ifndef BACKLOG_H
#define BACKLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <vigil/vigil.h>

struct backlog {
	vigil_daemon *d;
	const char *queue; /* the path of the spool */
	char away[512];    /* why the master takes nothing; "": it does */
	char refusal[512]; /* of the service that was refused last */
	uint64_t sent, refused;
	json_t *missing; /* the services that the master refuses, each with the time */
	bool missing_changed;
	int store_error; /* of the last change that was stored */
	uint64_t unstored;
	uint64_t dropped;  /* that were logged */
	double dropped_at; /* by vigil_now; 0: nothing was dropped lately */
};

struct backlog_figures {
	size_t changes, repetitions; /* that wait */
	uint64_t replaced, dropped;
	double oldest; /* seconds that the oldest of them has waited */
	const char *address, *fault;
};

void backlog_init(struct backlog *b, vigil_daemon *d, const char *queue);
void backlog_clear(struct backlog *b);

/* The master took a result of the service, or refused it. */
void backlog_sent(struct backlog *b, const char *service);
void backlog_refused(struct backlog *b, const char *service, int status, const char *why);
void backlog_forget(struct backlog *b, const char *service);
/* Whether a change could be stored: 0 or -errno. */
void backlog_stored(struct backlog *b, int err);
/* The same after a failure, when no change was lost. */
void backlog_probed(struct backlog *b, int err);
/* why: the master takes nothing; NULL: it does. */
void backlog_away(struct backlog *b, const char *why);

/* Writes all of it into the state, and sets the health. */
void backlog_account(struct backlog *b, const struct backlog_figures *f);

#endif
