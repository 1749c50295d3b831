/*
 * service: the data of one daemon of this module. Five files share it: service.c checks and
 * decides, service_record.c writes results to the state, service_restart.c restarts the service and
 * reports the outcome, service_admin.c has the verbs of an admin, and service_peers.c exchanges
 * results with the other daemons.
 *
 * Times are seconds on the clock of vigil_now.
 */
#ifndef SERVICE_MODULE_H
#define SERVICE_MODULE_H

#include <vigil/vigil.h>

#include "conditions.h"
#include "modules/deaths/deaths.h"
#include "modules/policy/attempt.h"
#include "peer.h"
#include "run.h"
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
	bool counted;        /* by_manager is known */
};

/* What an admin has requested. */
struct admin {
	const char *verb;        /* "start" or "restart", whose end is to be reported; NULL: none */
	bool answered;           /* its manager has answered; it ends when the service serves */
	double late;             /* after this time, a service that is still starting is an error */
	bool starting, stopping; /* the call to the manager is in flight */
	bool stopped;            /* it was stopped, and has not run since; kept in the state */
};

struct totals {
	json_int_t restarts, restart_errors, respawns;
	json_int_t restart_error; /* consecutive failures */
};

/* What the daemon knows for its peers and through them; see service_peers.c. */
struct peers {
	struct run run;
	double tried;  /* the last restart by vigild that worked; 0: none */
	bool torn;     /* the last restart by vigild failed, and it has not run since */
	bool news;     /* a peer has changed since the last decision */
	bool due;      /* the last decision was to restart the service */
	bool withheld; /* the last decision was that a restart is needed and may not be made soon */
	/* Why it is restarted because of restart_with, PEER_TEXT bytes; NULL: not needed yet. */
	char *why;
};

struct instance {
	vigil_daemon *daemon;
	vigil_service *service;
	struct rules rules;

	struct seen seen;
	struct attempt attempt;
	struct admin admin;
	struct totals totals;
	struct recent recent;
	struct usage *usage;
	struct serving *serving;       /* NULL: no option for it is set */
	struct conditions *conditions; /* NULL: restart_when is not set */
	struct peer peer;
	struct peers peers;
	struct deaths deaths;
	bool ok;        /* the last reported health is OK and the service runs */
	bool gave_up;   /* the health says that vigild gave up; also at /daemons/NAME/gave_up */
	bool retry_set; /* a timer for a check before the next tick is set */
	enum withheld retry_after; /* the reason for which next_retry was written */
	json_t *decision;          /* owned; the last decision in words; NULL: none */
	unsigned told;             /* identifies the last decision in the history; see service.c */
};

/* service.c */
/* Returns whether it takes more than the status to know that the running service is healthy. */
static inline bool instance_is_tested(const struct instance *self)
{
	return self->serving != NULL || self->conditions != NULL;
}
/* Returns how a line of the log refers to the service. vigild puts the name of the daemon before
 * the line, so if the service has the same name, this is "the service". */
const char *instance_subject(const struct instance *self, const char *service);
void instance_check(struct instance *self);
/* The service is being restarted: drops what was counted and measured. */
void instance_reset(struct instance *self);
/* Decides from the reply and reports the decision and the health. Issues a restart only if `act` is
 * true. */
void instance_review(struct instance *self, const vigil_service_reply *r, bool act);

/* service_record.c */
void record_text(struct instance *self, const char *path, const char *text);
void record_reply(struct instance *self, const vigil_service_reply *r);
void record_decision(struct instance *self, const char *words);
void record_error(struct instance *self, const vigil_service_reply *r);
void record_totals(struct instance *self);

/* service_peers.c */
void peers_join(struct instance *self);
void peers_leave(struct instance *self);
/* An admin has stopped the service: that is no work of a restart that failed. */
void peers_forget_restart(struct instance *self);
/* Takes the result of a check, before the decision. */
void peers_observe(struct instance *self, const vigil_service_reply *r);
/* Takes the reply to a restart that was not refused, before peers_observe. */
void peers_restarted(struct instance *self, const vigil_service_reply *r);
/* Adds what the peers of this service say to the facts, which must be complete otherwise. */
void peers_add_facts(struct instance *self, struct facts *facts);
void peers_decided(struct instance *self, const struct decision *decision);
/* Publishes the result of a check and of the decision, if it has changed or a peer needs it. */
void peers_notify(struct instance *self, const vigil_service_reply *r);

/* service_restart.c */
/* Issues a restart. Returns false if the queue is full and the restart was not issued. */
bool restart_begin(struct instance *self);
/* Evaluates the last restart from the result of a check: it helped, it did not help, or this is not
 * known yet. */
void restart_evaluate(
	struct instance *self, const vigil_service_reply *r, const struct verdict *verdict);
/* Increases the backoff. */
void restart_step_back(struct instance *self);

/* service_admin.c */
/* Registers the verbs. */
void admin_open(struct instance *self);
/* "restart", "start" or "stop" if such a call to the manager is in flight, by an admin or by vigil;
 * else NULL. Static. */
static inline const char *admin_under_way(const struct instance *self)
{
	if (self->admin.stopping)
		return "stop";
	if (self->admin.starting)
		return "start";
	return self->attempt.under_way ? "restart" : NULL;
}
/* The manager has answered a restart that an admin requested. */
void admin_restarted(struct instance *self, const vigil_service_reply *r);
/* Reports the end of a start or restart if the result of a check shows it. */
void admin_evaluate(
	struct instance *self, const vigil_service_reply *r, const struct verdict *verdict);
/* The service is no longer to be left alone because of a stop. */
void admin_forget_stop(struct instance *self);

#endif
