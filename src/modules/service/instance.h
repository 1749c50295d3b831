/*
 * instance: all that one daemon of this module keeps, for the three files that share it: service.c, which
 * checks and decides; record.c, which writes down what was found; and restart.c, which restarts and
 * judges what came of it.
 */
#ifndef INSTANCE_H
#define INSTANCE_H

#include <vigil/vigil.h>

#include "decide.h"
#include "dependency.h"
#include "recent.h"
#include "serving.h"

/* Below the daemon's own place in the state. */
#define PLACE "service_state/"

/* What the last check found. */
struct seen {
	bool any;    /* there was one that found the service installed */
	bool absent; /* not installed, and that was logged */
	bool fell;   /* down, and it was not at the check before */
	vigil_service_status status;
	double since;        /* when the status was first seen */
	double when;         /* the check itself */
	char manager[16];    /* that answered */
	pid_t pid;           /* 0: not known */
	pid_t pid_before;    /* of the check before */
	pid_t ran;           /* as which it ran last; 0: it was down, or restarted, since */
	uint32_t by_manager; /* respawns as the manager counts them */
};

/* The restart that is under way, or the last one. */
struct attempt {
	bool under_way; /* issued, and not answered */
	bool starting;  /* answered: its manager is still at it */
	bool by_admin;
	bool denied; /* the last one that failed was not allowed */
	double began;
	double well_since; /* since then the service has been proven well; 0: it has not */
	double well_for;   /* the longest time it was so since the restart */
	json_t *refusal;   /* why vigild refused the last one; NULL: it did not */
	bool deliberate;   /* to leave the service alone was the reason */
	bool ends;         /* without an event */
};

struct totals {
	json_int_t restarts, restart_errors, respawns;
	json_int_t restart_error; /* failures in a row */
};

struct instance {
	vigil_daemon *daemon;
	vigil_service *service;
	struct rules rules;
	double backoff, backoff_max, healthy_after;
	const char *const *after; /* ended by NULL */

	struct seen seen;
	struct attempt attempt;
	struct totals totals;
	struct recent recent;
	struct serving *serving; /* NULL: it is not asked for */
	struct peer peer;
	bool ok;          /* the last health that was said is that of a service that runs well */
	bool gave_up;     /* and /daemons/NAME/gave_up says so */
	bool retry_set;   /* a check is due before the interval says so */
	json_t *decision; /* the last one, in words; NULL: none */
	unsigned told;    /* which decision the history has last; see service.c */
};

/* service.c */
void instance_check(struct instance *self);
/* Decides by what the reply says and tells what follows; acts only where it is asked to. */
void instance_review(struct instance *self, const vigil_service_reply *r, bool act);

/* Tells those that wait for this service what was found. */
void instance_tell_peers(struct instance *self, const vigil_service_reply *r);

/* record.c */
void record_text(struct instance *self, const char *path, const char *text);
void record_reply(struct instance *self, const vigil_service_reply *r);
void record_decision(struct instance *self, const char *words);
void record_error(struct instance *self, const vigil_service_reply *r);
void record_totals(struct instance *self);

/* restart.c */
/* Whether it was issued. */
bool restart_begin(struct instance *self);
/* What the check says about the last restart: it helped, it did not, or not yet. */
void restart_judge(
	struct instance *self, const vigil_service_reply *r, const struct verdict *verdict);
/* `vigilctl restart`. */
int restart_by_admin(vigil_daemon *d, void *arg);

#endif
