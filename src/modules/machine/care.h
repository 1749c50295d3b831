/*
 * care: what the daemon keeps of a service that it restarts, and that needed something.
 *
 * It is written to the state at services/MANAGER/NAME, with the keys that a daemon of the module
 * service has at service_state. If the service was restarted, `restarted_services` names it, and
 * its values survive a restart of vigild. A service that needs nothing and was never restarted has
 * no care.
 */
#ifndef CARE_H
#define CARE_H

#include <sys/queue.h>

#include <vigil/vigil.h>

#include "modules/policy/attempt.h"
#include "modules/policy/health.h"

/* Enough for the name of a service with each character escaped. */
#define CARE_PATH 640
/* The object of the services that were restarted; the caller makes it persistent. */
#define CARE_KEPT "restarted_services"

struct care {
	vigil_daemon *daemon;
	char place[CARE_PATH];  /* services/MANAGER/NAME */
	char record[CARE_PATH]; /* the path of recent */
	char kept[CARE_PATH];   /* its member of `restarted_services` */
	bool is_kept;           /* its values survive a restart of vigild */

	struct attempt attempt;
	struct recent recent;
	bool torn; /* a restart by vigild failed, and it has not run since */
	json_int_t restarts, restart_errors;
	json_int_t restart_error; /* consecutive failures */

	bool seen; /* status is written */
	vigil_service_status status;
	struct decision decision;
	unsigned told;             /* the kind of the decision that the history has */
	json_t *words;             /* owned; the decision in the state; NULL: none */
	enum withheld retry_after; /* the reason for which next_retry was written */
	double retry_at;           /* next_retry in the state, by vigil_now; 0: there is none */
	char plan[HEALTH_TEXT];    /* what is done about it; "": nothing */
	bool gave_up;
	double due; /* when it must be queried again; 0: no time is set */
	SLIST_ENTRY(care) link;
};

/* Cares that were freed, for the next services: vigil_alloc frees no memory before the end. */
struct care_pool {
	vigil_daemon *daemon;
	SLIST_HEAD(, care) spare;
};

/* Whether the service was restarted, also by an earlier daemon of this name. */
bool care_is_kept(vigil_daemon *d, const char *name, const char *manager);
/* Reads what is kept of the service. delay_max: as for recent_open. */
struct care *care_new(
	struct care_pool *pool, const char *name, const char *manager, double delay_max);
/* Removes it from the state, unless the values are to be kept for the next daemon of this name. */
void care_free(struct care_pool *pool, struct care *care, bool keep);
/* From now on the values survive a restart of vigild. */
void care_keep(struct care *care);
/* Removes what is kept of all services for which `exists` returns false. */
void care_forget(vigil_daemon *d, bool (*exists)(const char *key, void *arg), void *arg);
/* Writes MANAGER/NAME to key, as `restarted_services` has it. */
void care_key(char key[CARE_PATH], const char *name, const char *manager);

/* Writes a member, and takes over the reference. NULL: removes it. */
void care_put(struct care *care, const char *member, json_t *value);
/* Sets torn, which the next vigild must know, too. */
void care_set_torn(struct care *care, bool torn);
void care_put_decision(struct care *care, const char *words);
void care_put_totals(struct care *care);

#endif
