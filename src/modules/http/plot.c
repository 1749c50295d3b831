/*
 * plot: see plot.h.  The axis ends at round numbers.  Its labels are HTML next to the image,
 * because text inside an image that is stretched would be stretched, too.  A missing number is a
 * gap in the line.
 */
#include "plot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "amount.h"
#include "html.h"
#include "state_reader.h"

#define PLOTS_MAX  12  /* for one daemon */
#define POINTS_MAX 240 /* the newest numbers; a screen shows no more */
#define WIDTH      240.0
#define HEIGHT     60.0
#define STEPS      3 /* of the axis, approximately */

struct plot {
	char label[READER_POINTER];
	char unit[32];
	double value[POINTS_MAX]; /* NAN: missing */
	size_t count;
	double low, high, last;
	double axis_low, axis_step;
	int steps;
	double span; /* seconds; 0: not known */
	bool stale;
};

/* --- reading ---------------------------------------------------------------------------------- */

/* Returns false if the value is not an array of numbers and nulls, or has fewer than two
 * numbers. */
static bool read_ring(const json_t *ring, struct plot *p)
{
	size_t size = json_array_size(ring), numbers = 0;

	p->count = 0;
	p->last = NAN;
	for (size_t i = size > POINTS_MAX ? size - POINTS_MAX : 0; i < size; i++) {
		const json_t *number = json_array_get(ring, i);
		double value = json_is_number(number) ? json_number_value(number) : NAN;

		if (!json_is_number(number) && !json_is_null(number))
			return false;
		p->value[p->count++] = value;
		p->last = value;
		if (isnan(value))
			continue;
		p->low = numbers == 0 ? value : fmin(p->low, value);
		p->high = numbers == 0 ? value : fmax(p->high, value);
		numbers++;
	}
	return numbers >= 2;
}

/* Returns the smallest number that is not less than step and is 1, 2 or 5 times a power of ten. */
static double round_up(double step)
{
	double power = pow(10, floor(log10(step)));
	double digit = step / power;

	return power * (digit <= 1.0001 ? 1 : digit <= 2.0001 ? 2 : digit <= 5.0001 ? 5 : 10);
}

static void choose_axis(struct plot *p)
{
	double low = p->low, high = p->high, ends;

	if (high - low <= fabs(high) * 1e-12) { /* it never changed: a line in the middle */
		double margin = high != 0 ? fabs(high) / 2 : 1;

		low -= margin;
		high += margin;
	} else if (low > 0 && low <= high - low) {
		low = 0;
	}
	p->axis_step = round_up((high - low) / STEPS);
	p->axis_low = floor(low / p->axis_step + 1e-9) * p->axis_step;
	ends = ceil((high - p->axis_low) / p->axis_step - 1e-9);
	p->steps = ends > 1 ? (int)ends : 1;
}

/* Reads the unit next to the source of the numbers, and whether the source is stale. */
static void read_source(vigil_daemon *d, const char *source, struct plot *p)
{
	char pointer[READER_POINTER], *step;
	const char *unit;

	if (source[0] != '/' || strlen(source) + sizeof("/unit") > sizeof(pointer))
		return;
	p->stale = p->stale || vigil_state_stale(d, source);
	strcpy(pointer, source);
	step = strrchr(pointer, '/');
	strcpy(step, "/unit");
	unit = json_string_value(vigil_state_get(d, pointer));
	if (p->unit[0] == '\0' && unit != NULL)
		snprintf(p->unit, sizeof(p->unit), "%.31s", unit);
}

/* --- writing ---------------------------------------------------------------------------------- */

static void put_path(struct evbuffer *out, const struct plot *p)
{
	double top = p->axis_step * p->steps;
	bool drawing = false;

	html_put(out, "<path d=\"");
	for (size_t i = 0; i < p->count; i++) {
		double x = WIDTH * (double)i / (double)(p->count - 1);
		double y = HEIGHT - (p->value[i] - p->axis_low) / top * HEIGHT;
		char point[32];

		if (!isnan(p->value[i])) {
			snprintf(point, sizeof(point), "%s%.1f,%.1f", drawing ? "L" : "M", x,
				fabs(y) < 0.05 ? 0 : y);
			html_put(out, "%r", point);
		}
		drawing = !isnan(p->value[i]);
	}
	html_put(out, "\"/>");
}

static void put_axis(struct evbuffer *out, const struct plot *p)
{
	char text[AMOUNT_TEXT];

	html_put(out, "<div class=\"y\" aria-hidden=\"true\">");
	for (int i = p->steps; i >= 0; i--)
		html_put(out, "<span>%s</span>",
			amount_text(text, p->axis_low + i * p->axis_step, p->unit));
	html_put(out, "</div>");
}

static void put_image(struct evbuffer *out, const struct plot *p, const char *span)
{
	char text[AMOUNT_TEXT], low[AMOUNT_TEXT], high[AMOUNT_TEXT];

	html_put(out,
		"<svg viewBox=\"0 0 240 60\" preserveAspectRatio=\"none\" role=\"img\" "
		"aria-label=\"%s: now %s, lowest %s, highest %s, %s\">",
		p->label, isnan(p->last) ? "not known" : amount_text(text, p->last, p->unit),
		amount_text(low, p->low, p->unit), amount_text(high, p->high, p->unit), span);
	for (int i = 0; i <= p->steps; i++) {
		char y[16];

		snprintf(y, sizeof(y), "%.1f", HEIGHT * i / p->steps);
		html_put(out, "<line x1=\"0\" x2=\"240\" y1=\"%r\" y2=\"%r\"/>", y, y);
	}
	put_path(out, p);
	html_put(out, "</svg>");
}

static void put_plot(struct evbuffer *out, const struct plot *p)
{
	char text[AMOUNT_TEXT], span[AMOUNT_TEXT + 16], ago[AMOUNT_TEXT + 16];

	if (p->span > 0) {
		amount_span(text, p->span);
		snprintf(span, sizeof(span), "over %s", text);
		snprintf(ago, sizeof(ago), "%s ago", text);
	} else {
		snprintf(span, sizeof(span), "%zu values", p->count);
		snprintf(ago, sizeof(ago), "%zu values", p->count);
	}
	html_put(out, "<figure%r data-plot=\"%s\"><figcaption><span class=\"what\">%s</span> ",
		p->stale ? " class=\"stale\"" : "", p->label, p->label);
	html_put(out, "<span class=\"last\">%s</span>%r</figcaption>",
		isnan(p->last) ? "not known" : amount_text(text, p->last, p->unit),
		p->stale ? " <span class=\"mark\">stale</span>" : "");
	put_axis(out, p);
	put_image(out, p, span);
	html_put(out, "<div class=\"x\" aria-hidden=\"true\"><span>%s</span><span>now</span></div>",
		ago);
	html_put(out, "</figure>");
}

/* --- finding ---------------------------------------------------------------------------------- */

struct search {
	struct evbuffer *out;
	vigil_daemon *d;
	char pointer[READER_POINTER];
	size_t root; /* length of "/daemons/NAME" */
	unsigned count;
	bool stale; /* all values of the daemon are stale */
	struct plot plot;
};

static void add_plot(struct search *s, const json_t *object)
{
	struct plot *p = &s->plot;
	double seconds = json_number_value(json_object_get(object, "ring_seconds"));
	bool deeper = strlen(s->pointer) > s->root;
	const char *label;

	label = deeper ? s->pointer + s->root + 1 : "ring";
	if (strncmp(label, "values/", 7) == 0) /* the module average keeps its series there */
		label += 7;
	snprintf(p->label, sizeof(p->label), "%s", label);
	snprintf(p->unit, sizeof(p->unit), "%.31s", reader_text(object, "unit"));
	p->span = seconds > 0 ? seconds * (double)(p->count - 1) : 0;
	p->stale = s->stale;
	read_source(s->d, reader_text(object, "source"), p);
	choose_axis(p);
	put_plot(s->out, p);
	s->count++;
}

static void find(struct search *s, const json_t *object)
{
	size_t length = strlen(s->pointer);
	const char *key;
	json_t *child;

	if (s->count < PLOTS_MAX && read_ring(json_object_get(object, "ring"), &s->plot))
		add_plot(s, object);
	json_object_foreach((json_t *)object, key, child) {
		if (json_is_object(child) && reader_step(s->pointer, key))
			find(s, child);
		s->pointer[length] = '\0';
	}
}

void plot_put_all(struct evbuffer *out, vigil_daemon *d, const char *daemon)
{
	struct search *s = calloc(1, sizeof(*s));
	json_t *state;

	if (s == NULL)
		return;
	s->out = out;
	s->d = d;
	strcpy(s->pointer, "/daemons");
	if (reader_step(s->pointer, daemon)) {
		s->root = strlen(s->pointer);
		state = json_incref((json_t *)vigil_state_get(d, s->pointer));
		s->stale = vigil_state_stale(d, s->pointer);
		find(s, state);
		json_decref(state);
	}
	free(s);
}
