/*
 * recent: the recent history of one service: restarts, setbacks, and how often the service came
 * back.
 *
 * The burst limit, the backoff and the detection of crashes use it. It survives a reload and a
 * restart of vigild, because it is stored in the state. The stored times
 * are on CLOCK_BOOTTIME, which cannot be set. After a reboot, the time of day tells how long ago
 * the record was written. If the clock was set back, no time counts as passed, so that no delay
 * becomes longer than it was.
 */
#ifndef RECENT_H
#define RECENT_H

#include <vigil/vigil.h>

/* The maximum number of times of one kind that are kept. */
#define RECENT_MAX 100

/* Times on the clock of vigil_now, oldest first. */
struct times {
	double *list; /* NULL: none was added yet; freed with the daemon */
	unsigned count;
};

struct recent {
	vigil_daemon *daemon;
	const char *place;       /* the path of the record in the state */
	struct times restarts;   /* issued by vigild; for the burst limit */
	struct times recoveries; /* restarts by vigild that worked */
	struct times respawns;   /* restarts by the service's manager */
	unsigned setbacks;       /* consecutive restarts that failed or did not help */
	/* the backoff allows the next restart at this time; 0: at any time */
	double next_try;
	/* when the last restart worked, until its outcome is known; 0: none */
	double restarted;
};

/* Initializes `recent`, which is zeroed or was used for another service, and loads what an earlier
 * daemon of the same name stored at this path of its subtree. The path must be persistent and
 * remain valid. delay_max: upper limit in seconds for the remaining backoff. */
void recent_open(struct recent *recent, vigil_daemon *d, const char *place, double delay_max);
/* Returns the kernel's ID of this boot, or "" if it cannot be read. The file is read once. */
const char *recent_boot_id(void);
/* Writes the record to the state. */
void recent_save(struct recent *recent);

void recent_add(struct recent *recent, struct times *times, double when);
/* Returns the number of times at or after `since`. */
unsigned recent_count(const struct times *times, double since);
/* Returns the nth newest time; n = 1 is the newest. 0: there are fewer than n. */
double recent_nth(const struct times *times, unsigned n);
/* Returns when a limit of so many restarts in the window allows another one; 0: now. */
double recent_burst_free(const struct recent *recent, unsigned burst, double window);

#endif
