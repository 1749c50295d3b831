/*
 * status_row: one daemon as the status page shows it.
 */
#ifndef STATUS_ROW_H
#define STATUS_ROW_H

#include <stdbool.h>

#include <jansson.h>

#include <vigil/vigil.h>

struct evbuffer;

/* How severe its state is: the colours and the counts of the page. */
enum severity {
	SEVERITY_OK,
	SEVERITY_WARN,
	SEVERITY_BAD,
	SEVERITY_UNKNOWN,
	SEVERITY_REST,
	SEVERITY_NONE,
	SEVERITIES
};

const char *status_row_severity_name(enum severity severity);
/* Of a daemon, by its account at /runs/NAME. */
enum severity status_row_severity(const json_t *account);
/* Whether the daemon watches something: http, icinga and notify only pass on what others found. */
bool status_row_is_watch(const json_t *account);

/* What the list of rows is sorted by: the severity, the worst first, then the name. */
#define STATUS_ROW_ORDER 160
char *status_row_order(char order[STATUS_ROW_ORDER], const char *name, enum severity severity);

/*
 * A row as JSON: {name, module, status, severity, level, text, since, restarts, restart_errors, respawns,
 * decision, next_retry, paused, paused_until, paused_reason, paused_by, paused_health, day}; what is
 * not known is absent.
 */
json_t *status_row_make(vigil_daemon *d, const char *name, const json_t *account);
/* The same as <tr>; open: it is followed by its details; live: as html_time has it. */
void status_row_put(struct evbuffer *out, const json_t *row, bool open, bool live);

#define STATUS_ROW_TEXT 480 /* bytes of a text in a row; the details have all of it */

/* The cells of the heading, and how many columns there are. */
#define STATUS_ROW_COLUMNS 5
void status_row_put_heads(struct evbuffer *out);

/* A row for each reason why vigild itself is degraded, an entry of /vigil/degraded. */
void status_row_put_degraded(struct evbuffer *out, const json_t *reason, bool live);

#endif
