/*
 * event_log: the events of each daemon, in files that survive vigild and the machine.
 *
 * The files are in the directory `events` of state_dir, one for each daemon, with one JSON object
 * on each line: {"time","text"}, and "detail" if there is one.  A file that has grown to
 * EVENT_LOG_FILE_MAX replaces the previous one, NAME~, so a daemon needs at most twice that size.
 * The files of daemons that were removed from the configuration are kept.
 *
 * The loop thread owns the log and appends to the files without fsync.  If a line cannot be
 * written, it is dropped, which is logged at most every ten minutes.
 */
#ifndef EVENT_LOG_H
#define EVENT_LOG_H

#include <stddef.h>

#include <jansson.h>

#define EVENT_LOG_FILE_MAX (32 * 1024)

struct event_log;

/* Opens the log in a directory that exists.  If that is not possible, the reason is logged, and the
 * log stays empty. */
struct event_log *event_log_open(const char *state_dir);
void event_log_close(struct event_log *log);

/* Appends an event of a daemon.  time: as clock_text writes it.  detail: NULL: none; borrowed. */
void event_log_add(struct event_log *log, const char *name, const char *time, const char *text,
	const json_t *detail);
/* Returns the newest events of a daemon, oldest first: at most max (0: all of them), and only those
 * at or after since, which is a time as clock_text writes it ("": all).  A new reference. */
json_t *event_log_read(
	const struct event_log *log, const char *name, const char *since, size_t max);

#endif
