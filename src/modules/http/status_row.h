/*
 * status_row: the row of one daemon on the status page, as JSON and as HTML.
 */
#ifndef STATUS_ROW_H
#define STATUS_ROW_H

#include <stdbool.h>

#include <jansson.h>

#include <vigil/vigil.h>

struct evbuffer;

/* The severity of a daemon's state, which decides its colour and where it is counted. */
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
/* Returns the severity of a daemon.  account: the value at /runs/NAME. */
enum severity status_row_severity(const json_t *account);
/* Returns whether the daemon watches something.  The modules http, icinga and notify only pass on
 * what other daemons found. */
bool status_row_is_watch(const json_t *account);

/* Writes the sort key of a row: the severity, the worst first, then the name.  Returns order. */
#define STATUS_ROW_ORDER 160
char *status_row_order(char order[STATUS_ROW_ORDER], const char *name, enum severity severity);

/*
 * Returns a row as JSON, a new reference: {name, module, status, tone, level, text, since,
 * restarts, restart_errors, respawns, decision, next_retry, paused, paused_until, paused_reason,
 * paused_by, paused_health, day}.  tone is the name of the severity.  What is not known is absent.
 */
json_t *status_row_make(vigil_daemon *d, const char *name, const json_t *account);
/* Writes a row as <tr>.  row: from status_row_make; open: the details follow it; live: see
 * html_time. */
void status_row_put(struct evbuffer *out, const json_t *row, bool open, bool live);

#define STATUS_ROW_TEXT 480 /* bytes of a text in a row; the details show all of it */

/* Writes the cells of the table's heading. */
#define STATUS_ROW_COLUMNS 5
void status_row_put_heads(struct evbuffer *out);

/* Writes the row for one reason why vigild is degraded.  reason: an entry of /vigil/degraded. */
void status_row_put_degraded(struct evbuffer *out, const json_t *reason, bool live);

#endif
