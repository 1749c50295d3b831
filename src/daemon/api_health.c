/*
 * api_health: the health that a daemon reports, kept at /runs/NAME/health.
 *
 * The text is one line of at most VIGIL_HEALTH_TEXT bytes.  The optional long text may have several
 * lines; each line is escaped separately.  A change of the text alone is announced, too, but
 * `since` is the time of the last change of the level.
 *
 * Both texts are formatted in static buffers, because a daemon reports its health at each tick and
 * it is mostly unchanged.  Then no memory is allocated.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "daemon/candidate.h"
#include "daemon/daemon_internal.h"
#include "loop/loop.h"

/* So many changes of the level within a period have a line of their own. */
#define CHANGES_MAX    8
#define CHANGES_PERIOD (600 * CLOCK_SECOND)

static bool is_equal(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* A level that changes often must not fill the history, so the later changes of a period share a
 * line.  vigild alone has the history. */
static void note_change(vigil_daemon *d, const char *before, const char *text)
{
	struct daemon_health *health = &d->health;
	uint64_t now = clock_now();
	char more[64] = "";

	if (d->environment->alone)
		return;
	if (health->period == 0 || now - health->period > CHANGES_PERIOD) {
		health->period = now;
		health->changes = 0;
	}
	if (++health->changes <= CHANGES_MAX + 1)
		health->line = 0;
	if (health->changes > CHANGES_MAX)
		snprintf(more, sizeof(more), ", change %u in %d min", health->changes,
			(int)(CHANGES_PERIOD / (60 * CLOCK_SECOND)));
	if (before != NULL)
		vigil_event_repeat(
			d, &health->line, "%s (was %s%s): %s", daemon_level(d), before, more, text);
	else if (health->level != VIGIL_OK)
		vigil_event_repeat(
			d, &health->line, "%s at first%s: %s", daemon_level(d), more, text);
}

/* Both texts are escaped already.  long_text: NULL: none. */
static void report(vigil_daemon *d, vigil_health_level level, bool status_line, const char *text,
	const char *long_text)
{
	struct daemon_health *health = &d->health;
	const char *before = health->said ? daemon_level(d) : NULL;
	bool changes;

	if ((unsigned)level > VIGIL_UNKNOWN)
		level = VIGIL_UNKNOWN;
	if (health->said && health->level == level && health->status_line == status_line &&
		strcmp(health->text, text) == 0 && is_equal(health->long_text, long_text))
		return;
	changes = !health->said || health->level != level;
	if (changes)
		clock_gettime(CLOCK_REALTIME, &health->since);
	health->said = true;
	health->level = level;
	health->status_line = status_line;
	free(health->text);
	health->text = memory_text(text);
	free(health->long_text);
	health->long_text = memory_text(long_text);
	if (changes)
		note_change(d, before, text);
	daemon_announce(d, "health", daemon_health_account(d));
}

void vigil_health(vigil_daemon *d, vigil_health_level level, const char *format, ...)
{
	/* raw is larger than text, so that only text_escape truncates, between two characters. */
	static char raw[VIGIL_HEALTH_TEXT + 16], text[VIGIL_HEALTH_TEXT];
	va_list ap;

	if (daemon_is_candidate(d, "vigil_health"))
		return;
	LOOP_ASSERT_OWNER();
	va_start(ap, format);
	vsnprintf(raw, sizeof(raw), format, ap);
	va_end(ap);
	report(d, level, false, text_escape(text, sizeof(text), raw, strlen(raw)), NULL);
}

void vigil_health_long(vigil_daemon *d, vigil_health_level level, unsigned flags, const char *text,
	const char *long_text)
{
	static char line[VIGIL_HEALTH_TEXT], lines[VIGIL_HEALTH_LONG_TEXT];

	if (daemon_is_candidate(d, "vigil_health_long"))
		return;
	LOOP_ASSERT_OWNER();
	text_escape_keep(line, sizeof(line), text, strlen(text), "\t");
	lines[0] = '\0';
	if (long_text != NULL)
		vigil_sanitize_lines(lines, sizeof(lines), long_text);
	report(d, level, (flags & VIGIL_STATUS_LINE) != 0, line, lines[0] != '\0' ? lines : NULL);
}

bool vigil_names_level(const char *text, const char *level)
{
	size_t length = strlen(level), head = strcspn(text, ":-|");

	for (const char *p = text; p + length <= text + head; p++)
		if (strncmp(p, level, length) == 0 &&
			(p == text || !isalnum((unsigned char)p[-1])) &&
			!isalnum((unsigned char)p[length]))
			return true;
	return false;
}
