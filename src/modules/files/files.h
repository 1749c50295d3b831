/*
 * files: what the files of the module share. files.c has the options and the start,
 * files_options.c reads them, files_child.c runs the program vigil-files, and files_report.c turns
 * its reports into state and health. The other files of the folder belong to that program.
 */
#ifndef FILES_H
#define FILES_H

#include <stdbool.h>
#include <stdint.h>

#include <vigil/vigil.h>

#include "alarm.h"

#define FILES_PATHS 64
#define FILES_TEXT  1024

/* What the daemon knows of one path. */
struct files_path {
	const char *pattern; /* as configured */
	char *place;         /* its address in the state, "paths/..." */
	json_t *problems;    /* of the last report; NULL: there was no report */
	json_int_t problem_count;
	struct alarm matches, changes;
	json_t *last_match, *last_change; /* {time,text}, last_match with `lines`; NULL: none */
	json_int_t match_count;           /* lines since the problem began */
	uint32_t match_line;              /* of the history; see vigil_event_repeat */
	json_t *bookmarks, *sums;         /* as the program reported them */
	char unwatched[160];
};

struct files {
	vigil_daemon *d;
	struct files_path *paths; /* at most FILES_PATHS */
	size_t count;
	vigil_health_level match_level, change_level;

	vigil_child *child; /* NULL: the program does not run */
	vigil_slot *slot;
	unsigned setbacks;
	bool heard_any; /* the child has printed a line */
	bool asked;     /* the child has not reported all paths since it was asked */
	bool hangs;
	double heard, asked_at, timeout; /* by vigil_now; seconds */
	char at[FILES_TEXT];             /* the path that the child scans */
	char text[FILES_TEXT];           /* the last health, for the history */
};

/* --- files_options.c --- */

/* Reads the paths, for check and start. Returns 0, or -EINVAL after vigil_diagnose. */
int files_read_options(struct files *f);
/* Returns the watch list of the program (watchlist.h) as a new reference. */
json_t *files_watchlist(const struct files *f);

/* --- files_child.c --- */

int files_start_child(struct files *f);
/* Asks the program for a scan of all paths. */
void files_ask(struct files *f);

/* --- files_report.c --- */

/* Reads what an earlier run has kept. */
void files_load(struct files *f);
void files_take_report(struct files *f, const json_t *report);
/* Reports the health of all paths. */
void files_report_health(struct files *f);
/* Reports that nothing is known, and marks the numbers as stale. */
void files_report_unknown(struct files *f, const char *text);

#endif
