/*
 * daemon_history: see daemon_history.h.  Most daemons have no event for a long time, so the history
 * is allocated, and the log is read, only when an event is added or the history is requested.
 */
#include "daemon/daemon_history.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/memory.h"
#include "persist/event_log.h"

struct event {
	STAILQ_ENTRY(event) link;
	char time[CLOCK_TEXT];
	uint32_t line;  /* number of the line; each daemon counts its lines from 1 */
	json_t *detail; /* NULL: none */
	char text[];
};

struct daemon_history {
	STAILQ_HEAD(, event) events; /* oldest first */
	unsigned count;
	uint32_t lines; /* number of the newest line */
};

static struct event *event_new(const char *time, const char *text, const json_t *detail)
{
	struct event *event = memory_zero(sizeof(*event) + strlen(text) + 1);

	strncpy(event->time, time, sizeof(event->time) - 1);
	event->detail = json_incref((json_t *)detail);
	strcpy(event->text, text);
	return event;
}

static void event_free(struct event *event)
{
	json_decref(event->detail);
	free(event);
}

static void drop_oldest(struct daemon_history *history)
{
	struct event *event = STAILQ_FIRST(&history->events);

	STAILQ_REMOVE_HEAD(&history->events, link);
	history->count--;
	event_free(event);
}

static void append(struct daemon_history *history, struct event *event)
{
	event->line = ++history->lines;
	STAILQ_INSERT_TAIL(&history->events, event, link);
	if (++history->count > DAEMON_HISTORY_MAX)
		drop_oldest(history);
}

static struct daemon_history *history_new(const struct event_log *log, const char *name)
{
	struct daemon_history *history = memory_zero(sizeof(*history));
	json_t *events = log != NULL ? event_log_read(log, name, "", DAEMON_HISTORY_MAX) : NULL;
	json_t *event;
	size_t index;

	STAILQ_INIT(&history->events);
	json_array_foreach(events, index, event)
		append(history, event_new(json_string_value(json_object_get(event, "time")),
					json_string_value(json_object_get(event, "text")),
					json_object_get(event, "detail")));
	json_decref(events);
	return history;
}

uint32_t daemon_history_add(struct daemon_history **history, struct event_log *log,
	const char *name, const char *text, const json_t *detail)
{
	char now[CLOCK_TEXT];

	if (*history == NULL)
		*history = history_new(log, name);
	append(*history, event_new(clock_text(now), text, detail));
	if (log != NULL)
		event_log_add(log, name, now, text, detail);
	return (*history)->lines;
}

bool daemon_history_rewrite(struct daemon_history *history, uint32_t line, const char *text)
{
	struct event *old = NULL, *event;

	if (history != NULL)
		STAILQ_FOREACH(old, &history->events, link)
			if (old->line == line)
				break;
	if (old == NULL)
		return false;
	event = event_new(old->time, text, old->detail);
	event->line = line;
	STAILQ_INSERT_AFTER(&history->events, old, event, link);
	STAILQ_REMOVE(&history->events, old, event, link);
	event_free(old);
	return true;
}

json_t *daemon_history_account(
	struct daemon_history **history, const struct event_log *log, const char *name)
{
	const struct event *event;
	json_t *list = json_array();

	if (*history == NULL)
		*history = history_new(log, name);
	STAILQ_FOREACH(event, &(*history)->events, link)
		json_array_append_new(list, json_pack("{s:s,s:s,s:O*}", "time", event->time, "text",
						    event->text, "detail", event->detail));
	return list;
}

void daemon_history_free(struct daemon_history *history)
{
	if (history == NULL)
		return;
	while (history->count > 0)
		drop_oldest(history);
	free(history);
}
