/*
 * decide: whether a service is restarted now, and why, in words.
 *
 * A pure function of all facts about one service: it reads no clock, no state and asks no service,
 * so that a test can enumerate its inputs.  health.h turns the same facts and the decision into
 * what an admin is told.
 */
#ifndef DECIDE_H
#define DECIDE_H

#include <stdbool.h>
#include <stddef.h>

#include <vigil/vigil.h>

enum restart_on { RESTART_ON_STOPPED, RESTART_ON_FAILED, RESTART_NEVER };

/* What a check found; times are seconds on the clock of vigil_now.  Texts may be NULL. */
struct facts {
	vigil_service_status status;
	double now;
	double since;     /* when the status was first seen */
	const char *idle; /* stopped as it is meant to be: how it is started */
	const char *hold; /* why its manager says that it must stay down */
	double busy;      /* work in progress: for so long by the manager's clock; 0: not known */
	double busy_limit; /* after which the manager ends that work; INFINITY: never; 0: nobody does */
	const char *sick;        /* it runs, but this is wrong for longer than its tolerance */
	const char *ailing;      /* it runs, and this is wrong, within its tolerance */
	const char *unprobed;    /* it runs, and vigild could not probe it for this reason */
	const char *awaited;     /* the daemon whose service must run first, and does not */
	const char *refusal;     /* why vigild refused the last restart, which is tried again */
	bool refusal_deliberate; /* to leave the service alone was the reason */
	bool refusal_ends;       /* without any event: an upgrade, a rate */
	double next_try;         /* the earliest restart by the backoff; 0: at any time */
	double burst_free;       /* the earliest restart by the burst; 0: at any time */
	bool paused;
	bool restarting; /* a restart has been issued and not been answered */
};

struct rules {
	enum restart_on restart_on;
	double settle;
	unsigned burst;
	double burst_window;
	unsigned respawn_max; /* 0: crashes are not judged */
	double respawn_window;
};

/* Why a restart that is needed is not made. */
enum withheld {
	WITHHELD_NOT,
	WITHHELD_PAUSED,
	WITHHELD_HOLD,       /* its manager must leave it alone: masked, a conflict, a shutdown */
	WITHHELD_NEVER,      /* restart_on = never */
	WITHHELD_CLEAN_STOP, /* restart_on = failed, and it was stopped cleanly */
	WITHHELD_REFUSED, /* vigild refused it: deny, restart_rate, an upgrade; it is tried again */
	WITHHELD_BURST,
	WITHHELD_AWAITED, /* another service must run first */
	WITHHELD_BACKOFF
};

enum need {
	NEED_NOTHING, /* the service does what it should */
	NEED_TIME,    /* something is wrong or under way, within its tolerance */
	NEED_MANAGER, /* work in progress takes longer than it may, and the manager must end it */
	NEED_RESTART,
	NEED_UNKNOWN /* nobody can tell what the service needs */
};

struct decision {
	enum need need;
	enum withheld withheld;
	bool restart; /* issue a restart now */
	double wait;  /* seconds until the next try is due, whatever the interval is; 0: none is */
	double check; /* seconds until the next check is worth it, likewise; 0: the interval decides */
	char words[160];
};

void decide(const struct rules *rules, const struct facts *facts, struct decision *decision);

/* How long work in progress has taken, and may take: seconds. */
double decide_busy_age(const struct facts *facts);
double decide_busy_tolerance(const struct rules *rules, const struct facts *facts);

/* In how many seconds to check again on work in progress that has taken so many: soon at first, then
 * ever less often.  0: the status is no work in progress, and the interval decides. */
double decide_next_check(vigil_service_status status, double age);

/* The delay before the next try after so many setbacks in a row (1 and up). */
double backoff_delay(double backoff, double backoff_max, unsigned setbacks);

#endif
