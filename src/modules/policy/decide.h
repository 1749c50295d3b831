/*
 * decide: decides whether a service is restarted now, and describes the reason in words.
 *
 * decide() is a pure function of all facts about one service. It reads no clock and no state, and
 * it queries no service, so that a test can enumerate its inputs. health.h turns the same facts and
 * the decision into the health that vigild reports.
 */
#ifndef DECIDE_H
#define DECIDE_H

#include <stdbool.h>
#include <stddef.h>

#include <vigil/vigil.h>

enum restart_on { RESTART_ON_STOPPED, RESTART_ON_FAILED, RESTART_NEVER };

/* The result of a check. Times are seconds on the clock of vigil_now. Texts may be NULL. */
struct facts {
	const char *daemon; /* name of the daemon, for the commands that the words name */
	bool many; /* the daemon has many services, so that its verbs are not about this one */
	vigil_service_status status;
	bool unclear_stop; /* as in vigil_service_reply */
	bool torn;         /* a restart by vigild failed, and it has not run since */
	double now;
	double since;     /* when the status was first seen */
	const char *idle; /* it is meant to be stopped; how it is started, such as by a timer */
	const char *hold; /* why its manager requires that it stays down */
	double busy;      /* age of the work in progress, as the manager reports it; 0: not known */
	/* limit after which the manager ends that work; INFINITY: never; 0: the manager has no
	 * limit and does not end it */
	double busy_limit;
	/* it runs, and this problem has lasted longer than its tolerance */
	const char *sick;
	const char *ailing;   /* it runs, and this problem is within its tolerance */
	const char *unprobed; /* it runs, and vigild could not probe it for this reason */
	const char *
		unjudged; /* it runs, and a limit or a condition of restart_when cannot be judged */
	/* the history has its own lines about what ailing or unjudged says */
	bool by_condition;
	const char *broken;   /* it runs, and this problem is not cured by a restart */
	const char *expiring; /* it runs, and its certificate ends soon */
	/* what another service must do first and why it has not: "db to run first (db is failed)" */
	const char *awaited;
	double awaited_since; /* with restart_with: when it began to need a restart; 0: unset */
	/* it runs, and this other service was restarted, so that it is to be restarted, too; NULL:
	 * none. wave: how that showed, as a clause; wave_by: its daemon. */
	const char *wave, *wave_by;
	double wave_opens;       /* with wave: not before this time; 0: at any time */
	const char *deferred;    /* with wave: why restarts that can wait are not made at present */
	const char *lacking;     /* it runs, and this service that it needs is not ready */
	const char *refusal;     /* why vigild refused the last restart; vigild tries it again */
	bool refusal_deliberate; /* vigild refused because the service must be left alone */
	bool refusal_ends;       /* the refusal ends without an event: an upgrade, a rate */
	/* the backoff allows the next restart at this time; 0: at any time */
	double next_try;
	/* the burst limit allows the next restart at this time; 0: at any time */
	double burst_free;
	const char *closed; /* why the calendar permits no restart: only_during, not_during */
	double opens;       /* with closed: the calendar permits a restart at this time */
	bool paused;
	bool stopped_by_admin; /* `vigilctl stop` stopped it, and it has not run since */
	/* "restart", "start" or "stop": it was requested and has not been answered; NULL: none */
	const char *under_way;
};

struct rules {
	enum restart_on restart_on;
	double settle;
	unsigned burst;
	double burst_window;
	unsigned respawn_max; /* 0: crashes are not limited */
	double respawn_window;
	double backoff, backoff_max, healthy_after; /* see attempt.h */
};

/* Why a needed restart does not take place. */
enum withheld {
	WITHHELD_NOT,
	WITHHELD_STOPPED, /* an admin stopped it with vigilctl, which has paused the daemon */
	WITHHELD_PAUSED,
	WITHHELD_HOLD,       /* its manager must leave it alone: masked, a conflict, a shutdown */
	WITHHELD_NEVER,      /* restart_on = never */
	WITHHELD_CLEAN_STOP, /* restart_on = failed, and it was stopped cleanly */
	WITHHELD_CALENDAR,   /* only_during, not_during */
	/* vigild refused it: deny, restart_rate, an upgrade; vigild tries it again */
	WITHHELD_REFUSED,
	WITHHELD_BURST,
	WITHHELD_AWAITED, /* another service must run first */
	WITHHELD_BACKOFF,
	WITHHELD_UNSTABLE, /* restart_with: the other service is restarted again and again */
	WITHHELD_DEFERRED, /* restart_with: a package upgrade is in progress */
	WITHHELD_LAST = WITHHELD_DEFERRED
};

enum need {
	NEED_NOTHING, /* the service does what it should */
	NEED_TIME,    /* a problem or work in progress is within its tolerance */
	NEED_MANAGER, /* work in progress exceeds its limit, and only the manager may end it */
	NEED_RESTART,
	NEED_ADMIN,  /* a problem that a restart does not cure */
	NEED_UNKNOWN /* vigild cannot determine what the service needs */
};

struct decision {
	enum need need;
	enum withheld withheld;
	bool restart;   /* issue a restart now */
	bool with_peer; /* the service is well, and needs the restart because of restart_with */
	/* seconds until the next restart attempt is due, independent of the interval; 0: no attempt
	 * is planned */
	double wait;
	/* seconds until the next check is useful, independent of the interval; 0: the interval
	 * decides */
	double check;
	char words[256];
};

void decide(const struct rules *rules, const struct facts *facts, struct decision *decision);

/* The age of the work in progress, and the age that is tolerated, in seconds. */
double decide_busy_age(const struct facts *facts);
double decide_busy_tolerance(const struct rules *rules, const struct facts *facts);

/* Returns after how many seconds vigild checks again when work in progress has the given age in
 * seconds. The delay is short at first and grows with the age. 0: the status is not work in
 * progress, and the interval decides. */
double decide_next_check(vigil_service_status status, double age);

/* Returns a number that differs if the kind of the decision differs, so that it is worth a line of
 * the history. Never 0. */
unsigned decide_kind(const struct facts *facts, const struct decision *decision);

/* Returns the delay in seconds before the next restart attempt after `setbacks` consecutive
 * setbacks. 0 setbacks: no delay. */
double backoff_delay(double backoff, double backoff_max, unsigned setbacks);

#endif
