/*
 * row: one daemon as the status page shows it.
 */
#ifndef ROW_H
#define ROW_H

#include <stdbool.h>

#include <jansson.h>

#include <vigil/vigil.h>

struct evbuffer;

/* How severe its state is: the colours and the counts of the page. */
enum tone { TONE_OK, TONE_WARN, TONE_BAD, TONE_UNKNOWN, TONE_REST, TONE_NONE, TONES };

const char *row_tone_name(enum tone tone);
/* Of a daemon, by its account at /runs/NAME. */
enum tone row_tone(const json_t *account);
/* Whether the daemon watches something: http, icinga and notify only pass on what others found. */
bool row_is_watch(const json_t *account);

/* What the list of rows is sorted by: the severity, the worst first, then the name. */
#define ROW_ORDER 160
char *row_order(char order[ROW_ORDER], const char *name, enum tone tone);

/*
 * A row as JSON: {name, module, status, tone, level, text, since, restarts, restart_errors, respawns,
 * decision, next_retry, paused, paused_until, paused_reason, paused_by, paused_health, day}; what is
 * not known is absent.
 */
json_t *row_make(vigil_daemon *d, const char *name, const json_t *account);
/* The same as <tr>; open: it is followed by its details; live: as html_time has it. */
void row_put(struct evbuffer *out, const json_t *row, bool open, bool live);

#define ROW_TEXT 480 /* bytes of a text in a row; the details have all of it */

/* The cells of the heading, and how many columns there are. */
#define ROW_COLUMNS 5
void row_put_heads(struct evbuffer *out);

/* A row for each reason why vigild itself is degraded, an entry of /vigil/degraded. */
void row_put_degraded(struct evbuffer *out, const json_t *reason, bool live);

#endif
