/*
 * deaths: the last deaths of one service, with their evidence.
 *
 * A death is the end of a run that nobody requested, an unclean end of a run, or a start that
 * failed. The last DEATHS_MAX records (death.h) are in the state at service_state/deaths, oldest
 * first, and survive a restart of vigild. Each record is also an event with the detail {"death":
 * record}.
 *
 * If a service keeps dying for the same cause, all but the first DEATHS_ROW deaths share records,
 * which count them in `more` and have the time of the last one in `last`. The time within which
 * they share one doubles, up to an hour.
 */
#ifndef DEATHS_H
#define DEATHS_H

#include <vigil/vigil.h>

#include "death_output.h"

#define DEATHS_MAX   8
#define DEATHS_BYTES 24576 /* bytes of all records as JSON */
#define DEATHS_ROW   3
#define DEATHS_SHOWN 3600.0 /* seconds for which the last death is shown while the service runs */

/* Who has requested a restart or a stop of the running service. */
enum deaths_request { DEATHS_BY_NOBODY, DEATHS_BY_VIGIL, DEATHS_BY_ADMIN };

struct deaths {
	vigil_daemon *d;
	void (*changed)(void *arg);
	void *arg;
	struct death_output *output; /* NULL: none was read */

	json_t *list;        /* owned; the records; NULL: there is none */
	json_t *reading;     /* owned; the record whose output is being read; NULL: none */
	json_t *next;        /* owned; the record whose output is read after that; NULL: none */
	double next_started; /* when its run began; as for death_output_read_file */
	char *text;          /* owned; the newest record in words; NULL: there is none */
	bool changed_text;
	bool known;    /* a check has been made */
	bool reported; /* the manager reports deaths */
	uint64_t id;   /* of the last death that was reported; 0: none */
	char *unit;    /* owned; of systemd; NULL: none */
	char *words;   /* owned; how the manager described it; NULL: none */
	enum deaths_request request;

	/* The run that the last check found. */
	bool ran;
	bool down; /* the last check found the service down */
	pid_t pid;
	uint64_t run;
	uint32_t respawns;
	double since; /* by vigil_now */

	double noted;    /* when the newest record was made, by vigil_now; 0: before this daemon */
	double latest;   /* the last death, by vigil_now; 0: none */
	unsigned row;    /* records of the same cause in a row */
	double tokens;   /* how often output may be read now */
	double refilled; /* when tokens was computed, by vigil_now */
};

/* changed: called when the newest record has its output. */
void deaths_open(struct deaths *deaths, vigil_daemon *d, void (*changed)(void *arg), void *arg);
/* Writes the record that waits for its output without it. */
void deaths_close(struct deaths *deaths);

/* A restart or a stop was issued. */
void deaths_request(struct deaths *deaths, enum deaths_request by);
/* Takes a reply. calling: a restart, a start or a stop is in flight. */
void deaths_observe(struct deaths *deaths, const vigil_service_reply *r, bool calling);

/* Returns the last death in words, with its output, or NULL: there is none, or it is too long ago
 * to matter. Borrowed. Clears deaths_have_news. */
const char *deaths_text(struct deaths *deaths);
/* Returns whether deaths_text returns another text than before. */
bool deaths_have_news(const struct deaths *deaths);

#endif
