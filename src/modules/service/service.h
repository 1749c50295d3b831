/*
 * service: the data of one daemon of this module. Three files share it: service.c checks and
 * decides, service_record.c writes results to the state, and service_restart.c restarts the service
 * and evaluates the outcome.
 *
 * Times are seconds on the clock of vigil_now.
 */
#ifndef SERVICE_MODULE_H
#define SERVICE_MODULE_H

#include <vigil/vigil.h>

#include "decide.h"
#include "dependency.h"
#include "recent.h"
#include "serving.h"

/* Relative to the daemon's subtree in the state. */
#define PLACE "service_state/"

/* The result of the last check. */
struct seen {
	bool any;    /* a check has found the service installed */
	bool absent; /* not installed, and this was logged */
	bool fell;   /* down at the last check, not down at the check before */
	vigil_service_status status;
	double since;        /* when the status was first seen */
	double when;         /* when the last check was made */
	char manager[16];    /* name of the manager that answered */
	pid_t pid;           /* 0: not known */
	pid_t pid_before;    /* the pid at the check before */
	pid_t ran;           /* pid with which it last ran; 0: it was down or restarted since */
	uint32_t by_manager; /* respawns, as counted by the manager */
};

/* The restart that is in progress, or else the last one. */
struct attempt {
	bool under_way; /* issued and not answered */
	bool starting;  /* answered, but the manager has not finished it */
	bool by_admin;
	bool denied; /* the last failed restart was denied */
	double began;
	/* start of the present period in which all tests passed; 0: they do not pass */
	double well_since;
	double well_for; /* seconds: the longest such period since the restart */
	json_t *refusal; /* owned; why vigild refused the last restart; NULL: it did not */
	bool deliberate; /* vigild refused because the service must be left alone */
	bool ends;       /* the refusal ends without an event */
};

struct totals {
	json_int_t restarts, restart_errors, respawns;
	json_int_t restart_error; /* consecutive failures */
};

struct instance {
	vigil_daemon *daemon;
	vigil_service *service;
	struct rules rules;
	double backoff, backoff_max, healthy_after;
	const char *const *after; /* borrowed; ends with NULL */

	struct seen seen;
	struct attempt attempt;
	struct totals totals;
	struct recent recent;
	struct serving *serving; /* NULL: no option for it is set */
	struct peer peer;
	bool ok;        /* the last reported health is OK and the service runs */
	bool gave_up;   /* the health says that vigild gave up; also at /daemons/NAME/gave_up */
	bool retry_set; /* a timer for a check before the next tick is set */
	enum withheld retry_after; /* the reason for which next_retry was written */
	json_t *decision;          /* owned; the last decision in words; NULL: none */
	unsigned told;             /* identifies the last decision in the history; see service.c */
};

/* service.c */
void instance_check(struct instance *self);
/* Decides from the reply and reports the decision and the health. Issues a restart only if `act` is
 * true. */
void instance_review(struct instance *self, const vigil_service_reply *r, bool act);

/* Reports the result of the check to the peers that wait for this service. */
void instance_notify_peers(struct instance *self, const vigil_service_reply *r);

/* service_record.c */
void record_text(struct instance *self, const char *path, const char *text);
void record_reply(struct instance *self, const vigil_service_reply *r);
void record_decision(struct instance *self, const char *words);
void record_error(struct instance *self, const vigil_service_reply *r);
void record_totals(struct instance *self);

/* service_restart.c */
/* Issues a restart. Returns false if the queue is full and the restart was not issued. */
bool restart_begin(struct instance *self);
/* Evaluates the last restart from the result of a check: it helped, it did not help, or this is not
 * known yet. */
void restart_evaluate(
	struct instance *self, const vigil_service_reply *r, const struct verdict *verdict);
/* The callback of `vigilctl restart`; `arg` is the instance. Returns 0, -EALREADY if a restart is
 * in progress, or -EAGAIN if the queue is full. */
int restart_by_admin(vigil_daemon *d, void *arg);

#endif
