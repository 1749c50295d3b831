/*
 * values: see values.h.  An object with a number `value` becomes one line, with its `unit` and
 * thresholds, as performance data is stored.  Arrays are left out, because rings are shown as plots
 * and other arrays are in the JSON.  Values that the details of a daemon show elsewhere are left
 * out, too.
 */
#include "values.h"

#include <stdio.h>
#include <string.h>

#include "amount.h"
#include "html.h"
#include "state_reader.h"

#define VALUES_MAX 100
#define LABEL      512

struct values {
	struct evbuffer *out;
	char label[LABEL];
	unsigned count, left_out;
};

/* Returns whether the details show the value elsewhere.  label: its path below /daemons/NAME. */
static bool is_elsewhere(const char *label)
{
	static const char *const places[] = {"long_output", "output", "perfdata_text",
		"restarted_services", "stale", "state", READER_SERVICE "/deaths",
		READER_SERVICE "/decision", READER_SERVICE "/evidence",
		READER_SERVICE "/last_error", READER_SERVICE "/manager",
		READER_SERVICE "/next_retry", READER_SERVICE "/pid", READER_SERVICE "/recent",
		READER_SERVICE "/service", READER_SERVICE "/since", READER_SERVICE "/value"};

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		if (strcmp(places[i], label) == 0)
			return true;
	return false;
}

static void put_number(struct evbuffer *out, const json_t *value, const char *unit)
{
	char scaled[AMOUNT_TEXT], exact[VIGIL_NUMBER_TEXT];
	double number = json_number_value(value);

	if (json_is_integer(value))
		snprintf(exact, sizeof(exact), "%lld", (long long)json_integer_value(value));
	else
		vigil_number(exact, number);
	amount_text(scaled, number, unit);
	if (strlen(exact) <= (strcmp(unit, "B") == 0 ? 4 : 7))
		html_put(out, "%s%s%s", exact, unit[0] != '\0' ? " " : "", unit);
	else
		html_put(out, "<span title=\"%s %s\">%s</span>", exact, unit, scaled);
}

static void put_scalar(struct evbuffer *out, const json_t *value, const char *unit)
{
	if (json_is_number(value))
		put_number(out, value, unit);
	else if (json_is_string(value))
		html_put(out, "%s", json_string_value(value));
	else
		html_put(out, "%s",
			json_is_true(value)    ? "yes"
			: json_is_false(value) ? "no"
					       : "none");
}

static void put_thresholds(struct evbuffer *out, const json_t *object)
{
	static const struct {
		const char *key, *words;
	} all[] = {{"warn", "WARNING at"}, {"crit", "CRITICAL at"}, {"min", "min"}, {"max", "max"}};
	const char *before = "";

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		const json_t *value = json_object_get(object, all[i].key);

		if (value == NULL || json_is_null(value) || json_is_object(value) ||
			(json_is_string(value) && json_string_length(value) == 0))
			continue;
		html_put(out, "%s%s ", before, all[i].words);
		put_scalar(out, value, reader_text(object, "unit"));
		before = ", ";
	}
}

/* Returns the label without a prefix that the reader does not need. */
static const char *short_label(const char *label)
{
	static const char *const places[] = {"perfdata/", "values/", READER_SERVICE "/"};

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		if (strncmp(label, places[i], strlen(places[i])) == 0)
			return label + strlen(places[i]);
	return label;
}

static bool begin_line(struct values *v)
{
	if (is_elsewhere(v->label))
		return false;
	if (v->count == VALUES_MAX) {
		v->left_out++;
		return false;
	}
	v->count++;
	html_put(v->out, "<tr role=\"row\"><th role=\"rowheader\" scope=\"row\">%s</th>",
		short_label(v->label));
	return true;
}

static void put_line(struct values *v, const json_t *value, const json_t *object)
{
	if (!begin_line(v))
		return;
	html_put(v->out, "<td role=\"cell\">");
	put_scalar(v->out, value, reader_text(object, "unit"));
	html_put(v->out, "</td><td role=\"cell\" class=\"note\">");
	put_thresholds(v->out, object);
	html_put(v->out, "</td></tr>");
}

/* Returns whether the object is a service of a daemon that has many, which the JSON shows. */
static bool is_one_of_many(const struct values *v, const json_t *object)
{
	return reader_is_service(object) && strcmp(v->label, READER_SERVICE) != 0;
}

static void put_object(struct values *v, const json_t *object)
{
	const json_t *own = json_object_get(object, "value");
	size_t length = strlen(v->label);
	const char *key;
	json_t *child;

	if (json_is_number(own) && length > 0) {
		put_line(v, own, object);
		return;
	}
	json_object_foreach((json_t *)object, key, child) {
		snprintf(v->label + length, LABEL - length, "%s%s", length > 0 ? "/" : "", key);
		if (json_is_object(child) && !is_elsewhere(v->label) && !is_one_of_many(v, child))
			put_object(v, child);
		else if (!json_is_array(child) && !json_is_object(child))
			put_line(v, child, NULL);
		v->label[length] = '\0';
	}
}

void values_put(struct evbuffer *out, vigil_daemon *d, const char *daemon)
{
	struct values v = {.out = out};
	char pointer[READER_POINTER] = "/daemons";
	const json_t *state;
	bool stale;

	if (!reader_step(pointer, daemon))
		return;
	state = vigil_state_get(d, pointer);
	if (json_object_size(state) == 0)
		return;
	stale = json_is_true(json_object_get(state, "stale"));
	html_put(out, "<section class=\"values%r\"><h3>Values%r</h3>", stale ? " stale" : "",
		stale ? " <span class=\"mark\">stale</span>" : "");
	if (stale)
		html_put(out, "<p class=\"note\">These are the last values known; they are not "
			      "current.</p>");
	html_put(out, "<table role=\"table\"><tbody role=\"rowgroup\">");
	put_object(&v, state);
	html_put(out, "</tbody></table>");
	if (v.left_out > 0)
		html_put(out, "<p class=\"note\">%d more values are in the JSON.</p>",
			(int)v.left_out);
	html_put(out, "</section>");
}
