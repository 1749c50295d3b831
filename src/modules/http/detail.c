/*
 * detail: see detail.h.  Only an opened row has details.  The script of the page requests them one
 * by one.  Without a script, the link of the row leads to a page with that daemon and its details.
 */
#include "detail.h"

#include <string.h>

#include "day_bar.h"
#include "html.h"
#include "plot.h"
#include "state_reader.h"
#include "status_row.h"
#include "values.h"

/* --- facts ------------------------------------------------------------------------------------ */

static void put_fact(struct evbuffer *out, const char *label, const char *text)
{
	if (text[0] != '\0')
		html_put(out, "<dt>%s</dt><dd>%s</dd>", label, text);
}

static void put_count(struct evbuffer *out, const char *label, const json_t *from, const char *key)
{
	json_int_t count = json_integer_value(json_object_get(from, key));

	if (count > 0)
		html_put(out, "<dt>%s</dt><dd>%l</dd>", label, count);
}

static void put_moment(struct evbuffer *out, const char *label, const char *at, const char *way)
{
	if (at[0] == '\0')
		return;
	html_put(out, "<dt>%s</dt><dd>", label);
	html_time(out, at, way, false);
	html_put(out, "</dd>");
}

/* An error is a string, or an object {kind, text, time}. */
static void put_error(struct evbuffer *out, const char *label, const json_t *error)
{
	const char *text =
		json_is_string(error) ? json_string_value(error) : reader_text(error, "text");

	if (text[0] == '\0')
		return;
	html_put(out, "<dt>%s</dt><dd class=\"error\">%s ", label, text);
	html_time(out, reader_text(error, "time"), "ago", false);
	html_put(out, "</dd>");
}

static void put_service_facts(struct evbuffer *out, const struct reader_service *service)
{
	const json_t *pid = json_object_get(service->state, "pid");

	if (service->state == NULL)
		return;
	html_put(out, "<dt>Service</dt><dd>%s %s", service->name, service->value);
	if (service->manager[0] != '\0')
		html_put(out, ", run by %s", service->manager);
	if (json_is_integer(pid))
		html_put(out, ", pid %l", json_integer_value(pid));
	html_put(out, "</dd>");
	put_moment(out, "In this state", reader_text(service->state, "since"), "for");
	put_fact(out, "Decision", reader_text(service->state, "decision"));
	put_moment(out, "Next try", reader_text(service->state, "next_retry"), "in");
	put_fact(out, "Evidence", reader_text(service->state, "evidence"));
	put_error(out, "Last restart error", json_object_get(service->state, "last_error"));
}

static void put_facts(
	struct evbuffer *out, const json_t *account, const struct reader_service *service)
{
	html_put(out, "<dl>");
	put_service_facts(out, service);
	put_error(out, "Last error", json_object_get(account, "last_error"));
	put_count(out, "Errors", account, "errors");
	put_fact(out, "Status", reader_text(account, "status"));
	put_moment(out, "Started", reader_text(account, "since"), "ago");
	put_moment(out, "Last check", reader_text(account, "last_tick"), "ago");
	put_count(out, "Checks", account, "ticks");
	put_count(out, "Missed checks", account, "missed");
	html_put(out, "</dl>");
}

/* --- texts ------------------------------------------------------------------------------------ */

/* Writes the whole text if the row truncates it, and the long text below it, without changes.  The
 * long text of a service with deaths is the last one of them, which is shown with the others. */
static void put_texts(struct evbuffer *out, const json_t *account, const json_t *deaths)
{
	const json_t *paused = json_object_get(account, "paused_health");
	const json_t *health = paused != NULL ? paused : json_object_get(account, "health");
	const char *text = reader_text(health, "text"), *lines = reader_text(health, "long_text");

	if (json_array_size(deaths) > 0)
		lines = "";
	if (strlen(text) <= STATUS_ROW_TEXT && lines[0] == '\0')
		return;
	html_put(out, "<section class=\"texts\">");
	if (strlen(text) > STATUS_ROW_TEXT)
		html_put(out, "<p tabindex=\"0\">%s</p>", text);
	if (lines[0] != '\0')
		html_put(out, "<pre tabindex=\"0\">%s</pre>", lines);
	html_put(out, "</section>");
}

/* --- deaths ----------------------------------------------------------------------------------- */

#define DEATHS_SHOWN 3

static void put_death(struct evbuffer *out, const json_t *death)
{
	const json_t *lines = json_object_get(death, "output");
	const char *note = reader_text(death, "output_note");
	json_int_t more = json_integer_value(json_object_get(death, "more"));

	html_put(out, "<p>");
	html_time(out, reader_text(death, "time"), "at", false);
	html_put(out, " %s", reader_text(death, "reason"));
	if (more > 0) {
		html_put(out, ", and %l more in the same way until ", more);
		html_time(out, reader_text(death, "last"), "at", false);
	}
	html_put(out, "</p>");
	if (note[0] != '\0')
		html_put(out, "<p class=\"note\">%s</p>", note);
	if (json_array_size(lines) == 0)
		return;
	html_put(out, "<pre tabindex=\"0\">");
	for (size_t i = 0; i < json_array_size(lines); i++) {
		const char *line = json_string_value(json_array_get(lines, i));

		html_put(out, "%s\n", line != NULL ? line : "");
	}
	html_put(out, "</pre>");
}

/* Writes the last deaths of the service, newest first. */
static void put_deaths(struct evbuffer *out, const json_t *deaths)
{
	size_t count = json_array_size(deaths);

	if (count == 0)
		return;
	html_put(out, "<section class=\"texts deaths\"><h3>Last deaths</h3>");
	for (size_t i = count; i > 0 && count - i < DEATHS_SHOWN; i--)
		put_death(out, json_array_get(deaths, i - 1));
	html_put(out, "</section>");
}

static void put_history(struct evbuffer *out, const json_t *history)
{
	size_t count = json_array_size(history);

	html_put(out, "<section class=\"events\"><h3>History</h3>");
	if (count == 0)
		html_put(out, "<p class=\"note\">No events since vigild started.</p>");
	else
		html_put(out, "<ol tabindex=\"0\">");
	for (size_t i = count; i-- > 0;) {
		const json_t *event = json_array_get(history, i);

		html_put(out, "<li>");
		html_time(out, reader_text(event, "time"), "at", false);
		html_put(out, " <span>%s</span></li>", reader_text(event, "text"));
	}
	html_put(out, "%r</section>", count > 0 ? "</ol>" : "");
}

static void put_day(struct evbuffer *out, const json_t *day)
{
	if (!json_is_object(day))
		return;
	html_put(out, "<section class=\"last-day\"><h3>");
	day_bar_put_words(out, day);
	html_put(out, "</h3>");
	day_bar_put(out, day);
	html_put(out, "<div class=\"x\" aria-hidden=\"true\"><span>24 h ago</span><span>18 h</span>"
		      "<span>12 h</span><span>6 h</span><span>now</span></div></section>");
}

static void put_links(struct evbuffer *out, const char *name)
{
	html_put(out,
		"<p class=\"links\"><a href=\"?daemon=%s\">Link to this daemon</a> "
		"<a href=\"v1/state/runs/%s\">Account as JSON</a> "
		"<a href=\"v1/state/daemons/%s\">Values as JSON</a> "
		"<span>On the host: <code>vigilctl explain %s</code></span></p>",
		name, name, name, name);
}

void detail_put(struct evbuffer *out, vigil_daemon *d, const char *name, const json_t *account)
{
	struct reader_service service;
	const json_t *deaths;

	reader_service(d, name, &service);
	deaths = json_object_get(service.state, "deaths");
	html_put(out,
		"\n<tr role=\"row\" class=\"detail\" data-of=\"%s\"><td role=\"cell\" "
		"colspan=\"%d\"><div class=\"parts\">",
		name, STATUS_ROW_COLUMNS);
	put_texts(out, account, deaths);
	put_deaths(out, deaths);
	put_day(out, json_object_get(account, "day"));
	html_put(out, "<section class=\"about\">");
	put_facts(out, account, &service);
	html_put(out, "</section>");
	put_history(out, json_object_get(account, "history"));
	html_put(out, "<div class=\"plots\">");
	plot_put_all(out, d, name);
	html_put(out, "</div>");
	values_put(out, d, name);
	html_put(out, "</div>");
	put_links(out, name);
	html_put(out, "</td></tr>");
}
