/*
 * daemon_history: the last events of a daemon.
 *
 * They are in memory, for the state, and in the event log, from which a new daemon of the same name
 * gets them again.
 */
#ifndef DAEMON_HISTORY_H
#define DAEMON_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

struct event_log;
struct daemon_history;

#define DAEMON_HISTORY_MAX 64

/* Adds an event to *history (NULL: it was not needed before) and to the log (NULL: there is none).
 * text is clean.  detail: NULL: none; borrowed.  Returns the number of the line. */
uint32_t daemon_history_add(struct daemon_history **history, struct event_log *log,
	const char *name, const char *text, const json_t *detail);
/* Replaces the text of one line, but not in the log.  Returns false if that line has been removed
 * already. */
bool daemon_history_rewrite(struct daemon_history *history, uint32_t line, const char *text);
/* Returns [{"time","text","detail"}], oldest first: a new reference. */
json_t *daemon_history_account(
	struct daemon_history **history, const struct event_log *log, const char *name);
void daemon_history_free(struct daemon_history *history);

#endif
