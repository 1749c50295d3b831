/*
 * api_parts: the health of a daemon that has many parts.
 *
 * The texts are formatted in static buffers, as in api_health.c.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "daemon/candidate.h"
#include "daemon/daemon_internal.h"

/* How many parts the text names; the long text names all. */
#define NAMED     5
#define NAMED_MAX 700 /* bytes of the name and of the text of each of them */

static const vigil_health_level order[] = {VIGIL_CRITICAL, VIGIL_WARNING, VIGIL_UNKNOWN};
#define LEVELS (sizeof(order) / sizeof(*order))

static size_t count_bad(const vigil_part *parts, size_t count, vigil_health_level *worst)
{
	size_t bad = 0, rank = LEVELS;

	for (size_t i = 0; i < count; i++)
		for (size_t r = 0; r < LEVELS; r++)
			if (parts[i].level == order[r]) {
				bad++;
				rank = r < rank ? r : rank;
			}
	*worst = bad > 0 ? order[rank] : VIGIL_OK;
	return bad;
}

/* Appends a part, with at most so many bytes of its name and of its text.  A part that does not fit
 * is cut. */
static void append(char *text, size_t size, const char *separator, const vigil_part *part, int most)
{
	size_t used = strlen(text);

	snprintf(text + used, size - used, "%s%.*s%s%.*s", used > 0 ? separator : "", most,
		part->name != NULL ? part->name : "", part->name != NULL ? ": " : "", most,
		part->text != NULL ? part->text : "");
}

vigil_health_level vigil_health_parts(
	vigil_daemon *d, const vigil_part *parts, size_t count, const char *what, const char *good)
{
	static char named[VIGIL_HEALTH_TEXT], all[VIGIL_HEALTH_LONG_TEXT];
	char head[128] = "", tail[64] = "";
	vigil_health_level worst;
	size_t bad, done = 0;

	if (daemon_is_candidate(d, "vigil_health_parts"))
		return VIGIL_UNKNOWN;
	bad = count_bad(parts, count, &worst);
	named[0] = all[0] = '\0';
	for (size_t r = 0; r < LEVELS; r++)
		for (size_t i = 0; i < count; i++) {
			if (parts[i].level != order[r])
				continue;
			if (done++ < NAMED)
				append(named, sizeof(named) - 256, "; ", &parts[i], NAMED_MAX);
			append(all, sizeof(all), "\n", &parts[i], INT_MAX);
		}
	if (count > 1)
		snprintf(head, sizeof(head), "%zu of %zu %.64s: ", bad, count, what);
	if (bad > NAMED)
		snprintf(tail, sizeof(tail), "; and %zu more", bad - NAMED);
	memmove(named + strlen(head), named, strlen(named) + 1);
	memcpy(named, head, strlen(head));
	strcat(named, tail);
	vigil_health_long(d, worst, 0, bad > 0 ? named : good, bad > NAMED ? all : NULL);
	return worst;
}
