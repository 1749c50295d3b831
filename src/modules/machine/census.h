/*
 * census: the services of the machine and what is known about each of them.
 *
 * The functions keep no time and query nothing.  The caller passes the seconds of vigil_now and the
 * time of day.
 */
#ifndef CENSUS_H
#define CENSUS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include <vigil/vigil.h>

#include "modules/policy/decide.h"

/* The conditions of a service.  Those from CONDITION_FAILED on need a human; the worst is first. */
enum condition {
	CONDITION_RUNNING,
	CONDITION_IDLE,     /* it does not run, as intended */
	CONDITION_CHANGING, /* a transition is in progress, or its status is too new to be judged */
	CONDITION_FAILED,
	CONDITION_CRASHING, /* its manager restarts it too often */
	CONDITION_STOPPED,  /* a daemon that is enabled at boot was stopped */
	CONDITION_SLOW,     /* a daemon is starting, stopping or reloading for too long */
	CONDITION_UNKNOWN,
	CONDITION_COUNT
};

/* Returns "running", "failed" and so on, as static text. */
const char *condition_name(enum condition condition);
bool condition_is_bad(enum condition condition);

struct care;

struct item {
	char *name, *manager;
	vigil_service *service; /* NULL: it is not followed */
	bool unusable;          /* vigil_service_open has refused its name */

	vigil_service_status status;
	char *text;       /* more about the status; NULL: nothing */
	double since;     /* when the status began, in seconds since 1970; 0: unknown */
	double since_now; /* the same by vigil_now, at the earliest when it was first seen */
	bool known;       /* a query was answered */
	bool idle, hold, unclear_stop; /* as in vigil_service_reply */
	bool boot, daemon;             /* it is enabled at boot; it runs all the time */
	bool unused;                   /* it has no process and no supervisor */
	bool supervised; /* its manager starts it again at once, and sends no signals */
	pid_t pid;

	pid_t ran;           /* the pid with which it ran last; 0: it was down since */
	uint32_t by_manager; /* the respawns that the manager has counted */
	bool counted;        /* by_manager is known */
	double *respawns;    /* the last respawn_max + 1 of them, oldest first; NULL: none */
	unsigned respawn_count;

	bool sorted;       /* boot and daemon are known: a list had it while it was in use */
	bool covered;      /* the option `restart` chooses it */
	struct care *care; /* NULL: it has needed nothing; see care.h */

	enum condition condition; /* as reported last */
	char *watcher;            /* the daemon of another module that watches it; NULL: none */
	unsigned listed;          /* the number of the last list that had it */

	bool waiting, asked, again, late; /* see machine_follow.c */
	double asked_at;
	TAILQ_ENTRY(item) link;
	char texts[]; /* name and manager */
};

struct census {
	struct rules rules;
	struct item **items; /* sorted by name and manager */
	size_t count, room;
};

struct item *census_find(const struct census *census, const char *name, const char *manager);
/* Adds a service that the census does not have.  Returns NULL if there is no memory or the census
 * is full. */
struct item *census_add(struct census *census, const char *name, const char *manager);
/* Frees the item.  Its service must be closed. */
void census_remove(struct census *census, struct item *item);
void census_free(struct census *census);

/* Takes what a list says.  wall: the time of day, in seconds since 1970.  Returns whether the list
 * differs from what the last query found, so that the service must be queried again. */
bool census_take_entry(
	struct item *item, const vigil_service_entry *entry, double now, double wall);
void census_take_reply(struct census *census, struct item *item, const vigil_service_reply *reply,
	double now, double wall);

/* Counts a restart by vigil at that time like one by its manager. */
void census_add_respawn(struct census *census, struct item *item, double when);

/* The restarts by its manager within the window. */
unsigned census_respawns(const struct census *census, const struct item *item, double now);
enum condition census_judge(const struct census *census, const struct item *item, double now);
/* Whether the passing of time alone may change the condition.  *wait: in how many seconds. */
bool census_expires(const struct census *census, const struct item *item, double now, double *wait);

#endif
