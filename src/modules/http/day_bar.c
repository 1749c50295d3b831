/*
 * day_bar: see day_bar.h.  Consecutive equal slots become one rectangle.  A worse level has a
 * higher rectangle, so that the bar can be read without its colours.  The label says the same in
 * words.
 */
#include "day_bar.h"

#include <stdio.h>
#include <string.h>

#include "html.h"
#include "state_reader.h"

#define HEIGHT 20

static const struct level {
	char letter;
	const char *severity;
	int height;
	const char *words;
} levels[] = {
	{'C', "bad", HEIGHT, "CRITICAL"},
	{'W', "warn", 15, "WARNING"},
	{'U', "unknown", 12, "UNKNOWN"},
	{'P', "rest", 8, "paused"},
	{'O', "ok", 5, "OK"},
	{'.', "none", 1, "no data"},
};

static const struct level *find_level(char letter)
{
	size_t count = sizeof(levels) / sizeof(*levels);

	for (size_t i = 0; i < count; i++)
		if (levels[i].letter == letter)
			return &levels[i];
	return &levels[count - 1];
}

static void put_hours(struct evbuffer *out, double seconds)
{
	char text[32];

	if (seconds < 3600)
		snprintf(text, sizeof(text), "%.0f min", seconds / 60);
	else
		snprintf(text, sizeof(text), "%.3g h", seconds / 3600);
	html_put(out, "%s", text);
}

/* Writes, for example, "Last 24 hours: CRITICAL 20 min, OK 23.7 h". */
static void put_words(struct evbuffer *out, const char *slots, double seconds)
{
	const char *before = ": ";

	html_put(out, "Last 24 hours");
	for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++) {
		int count = 0;

		for (const char *at = slots; *at != '\0'; at++)
			count += *at == levels[i].letter;
		if (count == 0)
			continue;
		html_put(out, "%s%s ", before, levels[i].words);
		put_hours(out, count * seconds);
		before = ", ";
	}
}

void day_bar_put_words(struct evbuffer *out, const json_t *day)
{
	put_words(out, reader_text(day, "levels"),
		json_number_value(json_object_get(day, "slot_seconds")));
}

void day_bar_put(struct evbuffer *out, const json_t *day)
{
	const char *slots = reader_text(day, "levels");
	double seconds = json_number_value(json_object_get(day, "slot_seconds"));
	size_t length = strlen(slots);

	if (length == 0)
		return;
	html_put(out,
		"<svg class=\"day\" viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" "
		"role=\"img\" aria-label=\"",
		(int)length, HEIGHT);
	put_words(out, slots, seconds);
	html_put(out, "\"><title>");
	put_words(out, slots, seconds);
	html_put(out, "</title>");
	for (size_t at = 0, run; at < length; at += run) {
		const struct level *level = find_level(slots[at]);

		for (run = 1; at + run < length && slots[at + run] == slots[at]; run++)
			;
		html_put(out, "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>",
			level->severity, (int)at, HEIGHT - level->height, (int)run, level->height);
	}
	html_put(out, "</svg>");
}
