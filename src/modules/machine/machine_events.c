/*
 * machine_events: the lines of the history.  The history has 64 lines, so that the lines of many
 * services that change at the same moment would remove all others.
 */
#include <stdarg.h>
#include <stdio.h>

#include "machine.h"

/* The most lines in so many seconds. */
#define EVENTS 16
#define WINDOW 10.0

static void on_window_end(vigil_daemon *d, void *arg)
{
	struct machine *m = arg;

	if (m->events_left_out > 0)
		vigil_event(d, "%u more lines are left out; the log has them", m->events_left_out);
	m->events_left_out = 0;
}

/* Whether a line more is too much. */
static bool is_flood(struct machine *m)
{
	double now = vigil_now();

	if (m->events == 0 || now - m->events_since >= WINDOW) {
		m->events_since = now;
		m->events = 0;
	}
	if (m->events++ < EVENTS)
		return false;
	if (m->events_left_out++ == 0)
		vigil_after(m->daemon, m->events_since + WINDOW - now, on_window_end, m);
	return true;
}

void events_add(struct machine *m, const struct item *item, const char *format, ...)
{
	char text[512];
	va_list ap;

	if (is_flood(m))
		return;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	vigil_event(m->daemon, "%s (%s)%s", item->name, item->manager, text);
}
