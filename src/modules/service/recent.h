/*
 * recent: what was done to one service lately: restarts, setbacks, and how often it came back.
 *
 * Burst, backoff and the judgement of crashes go by this.  It survives a reload and a restart of
 * vigild: it is kept in the state at service_state/recent, as times on CLOCK_BOOTTIME, which nobody
 * sets.  After a reboot the time of day says how long ago the record was written; a clock that was
 * set back counts as no time at all, so that no delay becomes longer than it was.
 */
#ifndef RECENT_H
#define RECENT_H

#include <vigil/vigil.h>

/* The most times of one kind that are remembered. */
#define RECENT_MAX 100

/* Times on the clock of vigil_now, the oldest first. */
struct times {
	double *list; /* NULL before the first */
	unsigned count;
};

struct recent {
	vigil_daemon *daemon;
	struct times restarts;   /* issued by vigild, for the burst */
	struct times recoveries; /* those that worked */
	struct times respawns;   /* by the service's manager */
	unsigned setbacks;       /* restarts in a row that failed or did not help */
	double next_try;         /* the earliest next restart, by the backoff; 0: at any time */
	double restarted;        /* when the last one worked that is yet to be judged; 0: none */
};

/* Takes up what an earlier daemon of the same name kept.  delay_max: no delay is longer. */
void recent_open(struct recent *recent, vigil_daemon *d, double delay_max);
/* Writes it to the state. */
void recent_save(struct recent *recent);

void recent_add(struct recent *recent, struct times *times, double when);
/* How many there are from a time on. */
unsigned recent_count(const struct times *times, double since);
/* The nth newest, from 1 on; 0 where there are not so many. */
double recent_nth(const struct times *times, unsigned n);

#endif
