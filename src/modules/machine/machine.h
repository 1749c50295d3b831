/*
 * machine: the data of one daemon of this module.  Its files share it: machine.c has the options
 * and the start, machine_list.c lists the services, machine_follow.c follows each of them,
 * machine_restart.c restarts some of them, and machine_report.c reports what is known.
 *
 * Times are seconds on the clock of vigil_now.
 */
#ifndef MACHINE_H
#define MACHINE_H

#include <vigil/vigil.h>

#include "care.h"
#include "census.h"

struct machine {
	vigil_daemon *daemon;
	struct census census;
	const char *const *only, *const *ignore, *const *restart; /* globs; end with NULL */
	vigil_health_level stopped_level;

	/* machine_list.c */
	unsigned list;   /* the number of the last list that was started */
	bool listing;    /* a list is in progress */
	bool list_again; /* the set has changed since it was started */
	bool newcomers;  /* the list has new services that are not followed */
	double list_began, list_ended;
	bool listed;          /* a list was complete */
	char list_error[256]; /* why the last list is not complete; "": it is */
	bool *matched;        /* for each glob of restart: the last list has such a service */
	char unknown[256];    /* names in restart that no service has; "": none */

	/* machine_follow.c */
	TAILQ_HEAD(, item) queue; /* items to query */
	unsigned in_flight;       /* queries without an answer */
	double recheck_at;        /* when on_recheck is due; 0: it is not set */

	/* machine_restart.c */
	struct care_pool cares;
	json_int_t restarts, restart_errors; /* of all services */
	double due_at;                       /* when on_due is due; 0: it is not set */

	/* machine_events.c */
	double events_since;
	unsigned events, events_left_out;

	/* machine_report.c */
	bool gave_up;    /* also at /daemons/NAME/gave_up */
	bool report_set; /* on_report is due */
	bool reported;   /* the state of the services was reported once */
};

/* machine.c */
/* The time of day in seconds since 1970. */
double machine_wall(void);

/* machine_list.c */
/* Lists the services now, or again after the list that is in progress. */
void list_start(struct machine *m);
/* Lists the services soon, but not all the time. */
void list_request(struct machine *m);
/* The callback of vigil_services_on_change; arg is the machine. */
void list_on_change(vigil_daemon *d, const char *manager, const char *name, void *arg);

/* Whether a glob of the list matches the name. */
bool list_matches(const char *const *globs, const char *name);

/* machine_follow.c */
/* Opens the service, if it is worth it and not open yet, and queries it. */
void follow_open(struct machine *m, struct item *item);
/* Queries the service soon.  Does nothing if it is not followed. */
void follow_query(struct machine *m, struct item *item);
/* Closes the service, removes the item from the census and frees it. */
void follow_drop(struct machine *m, struct item *item);

/* machine_restart.c */
/* Decides from the reply to a query whether the service is restarted, and restarts it. */
void restart_review(struct machine *m, struct item *item, const vigil_service_reply *reply);
/* Whether the service needs a restart that is not made yet, or that has not helped so far. */
bool restart_is_pending(const struct item *item);
/* Reads what earlier daemons of this name have kept of the service, if it is there. */
void restart_recall(struct machine *m, struct item *item);
/* Queries each service that needed something, because what withholds its restart may have ended. */
void restart_query_all(struct machine *m);

/* machine_events.c */
/* Adds a line to the history: "NAME (MANAGER)", and the text.  Of many lines in a short time, some
 * are left out. */
void events_add(struct machine *m, const struct item *item, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* machine_report.c */
/* Reports health, numbers and the bad services soon.  Changes that follow at once share one
 * report. */
void report_soon(struct machine *m);

#endif
