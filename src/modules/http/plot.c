/*
 * plot: numbers that a daemon keeps over time.
 *
 * Whatever module keeps them: an object with an array of numbers called `ring` is a plot, labelled
 * by where it stands; a `unit` beside it is shown, too.
 */
#include "plot.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "view.h"

#define PLOTS_MAX  12  /* of one daemon */
#define POINTS_MAX 240 /* the newest; a screen shows no more */
#define WIDTH      240.0
#define HEIGHT     56.0
#define MARGIN     2.0

struct series {
	double value[POINTS_MAX];
	size_t count;
	double low, high;
};

/* False where it is not an array of at least two numbers. */
static bool take_ring(const json_t *ring, struct series *s)
{
	size_t size = json_array_size(ring);

	s->count = 0;
	for (size_t i = size > POINTS_MAX ? size - POINTS_MAX : 0; i < size; i++) {
		const json_t *number = json_array_get(ring, i);
		double value = json_number_value(number);

		if (json_is_null(number))
			continue;
		if (!json_is_number(number))
			return false;
		s->low = s->count == 0 || value < s->low ? value : s->low;
		s->high = s->count == 0 || value > s->high ? value : s->high;
		s->value[s->count++] = value;
	}
	return s->count >= 2;
}

static char *draw(const struct series *s)
{
	double range = s->high > s->low ? s->high - s->low : 1;
	char *points = malloc(s->count * 16 + 1), *at = points;

	if (points == NULL)
		return NULL;
	*at = '\0';
	for (size_t i = 0; i < s->count; i++) {
		double x = WIDTH * (double)i / (double)(s->count - 1);
		/* What never changes is a line through the middle. */
		double up = s->high > s->low ? (s->value[i] - s->low) / range : 0.5;
		double y = HEIGHT - MARGIN - up * (HEIGHT - 2 * MARGIN);

		at += snprintf(at, 16, "%s%.1f,%.1f", i > 0 ? " " : "", x, y);
	}
	return points;
}

static const char *number_text(char *text, size_t size, double number, const char *unit)
{
	static const char *const scales[] = {"", " k", " M", " G", " T"};
	size_t scale = 0;

	while (scale < 4 && (number >= 1e5 || number <= -1e5)) {
		number /= 1000;
		scale++;
	}
	snprintf(text, size, "%.4g%s%s%.16s", number, scales[scale],
		unit[0] != '\0' && scale == 0 ? " " : "", unit);
	return text;
}

static json_t *plot_json(const char *label, const struct series *s, const char *unit)
{
	char last[64], low[64], high[64];
	char *points = draw(s);
	json_t *plot;

	plot = json_pack("{s:s,s:s,s:s,s:s,s:s*}", "label", label, "last",
		number_text(last, sizeof(last), s->value[s->count - 1], unit), "low",
		number_text(low, sizeof(low), s->low, unit), "high",
		number_text(high, sizeof(high), s->high, unit), "points", points);
	free(points);
	return plot;
}

static void find(json_t *plots, char pointer[VIEW_POINTER], size_t root, const json_t *object)
{
	size_t length = strlen(pointer);
	const char *key;
	struct series s;
	json_t *child;

	if (json_array_size(plots) == PLOTS_MAX)
		return;
	if (take_ring(json_object_get(object, "ring"), &s))
		json_array_append_new(plots, plot_json(length > root ? pointer + root + 1 : "ring",
						     &s, view_text(object, "unit")));
	json_object_foreach((json_t *)object, key, child)
	{
		if (json_is_object(child) && view_step(pointer, key))
			find(plots, pointer, root, child);
		pointer[length] = '\0';
	}
}

json_t *plot_list(vigil_daemon *d, const char *daemon)
{
	char pointer[VIEW_POINTER] = "/daemons";
	json_t *plots = json_array();

	if (view_step(pointer, daemon))
		find(plots, pointer, strlen(pointer), vigil_state_get(d, pointer));
	return plots;
}
