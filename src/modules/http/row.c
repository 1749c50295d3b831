/*
 * row: one daemon as the status page shows it.
 *
 * What a daemon's account and its service say is put into words here and nowhere else.  The page is
 * made of rows, and the stream of the page sends rows that have changed, made by the same functions.
 */
#include "row.h"

#include <stdio.h>
#include <string.h>

#include <event2/buffer.h>

#include "day_bar.h"
#include "html.h"
#include "view.h"

static const char *const tone_names[TONES] = {
	[TONE_OK] = "ok",
	[TONE_WARN] = "warn",
	[TONE_BAD] = "bad",
	[TONE_UNKNOWN] = "unknown",
	[TONE_REST] = "rest",
	[TONE_NONE] = "none",
};

static const struct {
	const char *name, *head;
} columns[ROW_COLUMNS] = {
	{"daemon", "Daemon"},
	{"health", "Health"},
	{"since", "Duration"},
	{"restarts", "Restarts"},
	{"history", "Last 24 hours"},
};

const char *row_tone_name(enum tone tone)
{
	return tone_names[tone];
}

static bool is_status(const json_t *account, const char *status)
{
	return strcmp(view_text(account, "status"), status) == 0;
}

enum tone row_tone(const json_t *account)
{
	static const enum tone tones[] = {[VIEW_OK] = TONE_OK,
		[VIEW_WARNING] = TONE_WARN,
		[VIEW_CRITICAL] = TONE_BAD,
		[VIEW_UNKNOWN] = TONE_UNKNOWN,
		[VIEW_SILENT] = TONE_NONE};

	if (is_status(account, "failed"))
		return TONE_BAD;
	if (json_is_true(json_object_get(account, "paused")))
		return TONE_REST;
	return tones[view_level(account)];
}

bool row_is_watch(const json_t *account)
{
	static const char *const others[] = {"http", "icinga", "notify"};

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (strcmp(view_text(account, "module"), others[i]) == 0)
			return false;
	return true;
}

char *row_order(char order[ROW_ORDER], const char *name, enum tone tone)
{
	static const char ranks[TONES] = {[TONE_BAD] = '1',
		[TONE_WARN] = '2',
		[TONE_UNKNOWN] = '3',
		[TONE_NONE] = '4',
		[TONE_REST] = '5',
		[TONE_OK] = '6'};

	snprintf(order, ROW_ORDER, "%c %s", ranks[tone], name);
	return order;
}

/* --- JSON ----------------------------------------------------------------------------------------- */

static void copy(json_t *row, const char *key, const json_t *from, const char *its_key)
{
	json_t *value = json_object_get(from, its_key);

	if (value != NULL && !json_is_null(value))
		json_object_set(row, key, value);
}

json_t *row_make(vigil_daemon *d, const char *name, const json_t *account)
{
	static const char *const keys[] = {"module", "status", "paused", "paused_until",
		"paused_reason", "paused_by", "paused_health", "day"};
	static const char *const service_keys[] = {
		"restarts", "restart_errors", "respawns", "decision", "next_retry"};
	const json_t *health = json_object_get(account, "health");
	struct view_service service;
	json_t *row = json_pack("{s:s,s:s}", "name", name, "tone", tone_names[row_tone(account)]);

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		copy(row, keys[i], account, keys[i]);
	copy(row, "level", health, "level");
	copy(row, "text", health, "text");
	copy(row, "since", health, "since");
	if (is_status(account, "failed"))
		copy(row, "text", account, "reason");
	view_service(d, name, &service);
	for (size_t i = 0; i < sizeof(service_keys) / sizeof(*service_keys); i++)
		copy(row, service_keys[i], service.state, service_keys[i]);
	return row;
}

/* --- HTML ----------------------------------------------------------------------------------------- */

static void put_cell(struct evbuffer *out, size_t column)
{
	html_put(out, "<td role=\"cell\" class=\"%s\" data-label=\"%s\">", columns[column].name,
		columns[column].head);
}

static void put_level(struct evbuffer *out, const char *tone, const char *level)
{
	html_put(out, "<span class=\"level %s\">%s</span> ", tone, level);
}

static const char *level_of(const json_t *row)
{
	const char *level = view_text(row, "level");

	if (strcmp(view_text(row, "status"), "failed") == 0)
		return "FAILED";
	return level[0] != '\0' ? level : "NO DATA";
}

/* A text of a plugin that begins with its level, as in "CRITICAL - 14 mails": the level is there. */
static const char *after_level(const char *text, const char *level)
{
	size_t length = strlen(level);

	if (length == 0 || strncmp(text, level, length) != 0)
		return text;
	length += strspn(text + length, " ");
	if (strchr("-:", text[length]) == NULL || text[length] == '\0')
		return text;
	length += 1 + strspn(text + length + 1, " ");
	return text[length] != '\0' ? text + length : text;
}

/* Cuts a text that is longer than a row shows, between two characters. */
static void put_cut(struct evbuffer *out, const char *text)
{
	char cut[ROW_TEXT + 8];
	size_t length = ROW_TEXT;

	if (strlen(text) <= ROW_TEXT) {
		html_put(out, "%s", text);
		return;
	}
	while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
		length--;
	snprintf(cut, sizeof(cut), "%.*s\xe2\x80\xa6", (int)length, text);
	html_put(out, "%s", cut);
}

static void put_paused(struct evbuffer *out, const json_t *row, bool live)
{
	const json_t *health = json_object_get(row, "paused_health");
	const char *until = view_text(row, "paused_until"), *by = view_text(row, "paused_by");
	const char *reason = view_text(row, "paused_reason");

	put_level(out, "rest", "PAUSED");
	html_put(out, "<span class=\"text\">");
	html_time(out, until, "until", live);
	html_put(out, "%s%s%s%s%s</span>", until[0] == '\0' ? "until it is resumed" : "",
		by[0] != '\0' ? ", by " : "", by, reason[0] != '\0' ? ": " : "", reason);
	if (health == NULL)
		return;
	html_put(out, "<span class=\"note\">at present %s: ", view_text(health, "level"));
	put_cut(out, after_level(view_text(health, "text"), view_text(health, "level")));
	html_put(out, "</span>");
}

static void put_health(struct evbuffer *out, const json_t *row, bool live)
{
	const char *tone = view_text(row, "tone"), *retry = view_text(row, "next_retry");
	const char *text = view_text(row, "text");

	put_cell(out, 1);
	if (strcmp(tone, "rest") == 0) {
		put_paused(out, row, live);
	} else {
		put_level(out, tone, level_of(row));
		html_put(out, "<span class=\"text\">");
		put_cut(out, text[0] != '\0' ? after_level(text, level_of(row))
					     : view_text(row, "status"));
		html_put(out, "</span>");
	}
	if (retry[0] != '\0' && strcmp(tone, "ok") != 0) {
		html_put(out, "<span class=\"note\">next try ");
		html_time(out, retry, "in", live);
		html_put(out, "</span>");
	}
	html_put(out, "</td>");
}

static void put_restarts(struct evbuffer *out, const json_t *row)
{
	const json_t *restarts = json_object_get(row, "restarts");
	json_int_t count = json_integer_value(restarts);
	json_int_t errors = json_integer_value(json_object_get(row, "restart_errors"));
	json_int_t respawns = json_integer_value(json_object_get(row, "respawns"));

	put_cell(out, 3);
	if (restarts != NULL && (count > 0 || respawns == 0))
		html_put(out, "<span class=\"%s\">%l</span>", count > 0 ? "count" : "zero", count);
	if (errors > 0)
		html_put(out, "<span class=\"note\">%l failed</span>", errors);
	if (respawns > 0)
		html_put(out, "<span class=\"note\">%l by its manager</span>", respawns);
	html_put(out, "</td>");
}

/* The address of a daemon's details, relative to the page: ?daemon=NAME; its name needs no escape. */
void row_put(struct evbuffer *out, const json_t *row, bool open, bool live)
{
	const char *name = view_text(row, "name"), *tone = view_text(row, "tone");
	char order[ROW_ORDER];
	enum tone t = TONE_OK;

	while (t < TONE_NONE && strcmp(tone_names[t], tone) != 0)
		t++;
	html_put(out, "\n<tr role=\"row\" data-name=\"%s\" data-tone=\"%s\" data-order=\"%s\">",
		name, tone, row_order(order, name, t));
	html_put(out, "<th role=\"rowheader\" scope=\"row\" class=\"daemon\">");
	html_put(out, "<a href=\"?daemon=%s\" aria-expanded=\"%s\">%s</a>", name,
		open ? "true" : "false", name);
	html_put(out, "<span class=\"note\">%s</span></th>", view_text(row, "module"));
	put_health(out, row, live);
	put_cell(out, 2);
	html_time(out, view_text(row, "since"), "length", live);
	html_put(out, "</td>");
	put_restarts(out, row);
	put_cell(out, 4);
	day_bar_put(out, json_object_get(row, "day"));
	html_put(out, "</td></tr>");
}

void row_put_degraded(struct evbuffer *out, const json_t *reason, bool live)
{
	const char *what = view_text(reason, "what");

	html_put(out,
		"\n<tr role=\"row\" data-name=\"(vigild) %s\" data-tone=\"warn\" "
		"data-order=\"0 %s\">",
		what, what);
	html_put(out,
		"<th role=\"rowheader\" scope=\"row\" class=\"daemon\">(vigild)"
		"<span class=\"note\">%s</span></th>",
		what);
	put_cell(out, 1);
	put_level(out, "warn", "DEGRADED");
	html_put(out, "<span class=\"text\">%s</span></td>", view_text(reason, "text"));
	put_cell(out, 2);
	html_time(out, view_text(reason, "since"), "length", live);
	html_put(out, "</td>");
	put_cell(out, 3);
	html_put(out, "</td>");
	put_cell(out, 4);
	html_put(out, "</td></tr>");
}

void row_put_heads(struct evbuffer *out)
{
	for (size_t i = 0; i < ROW_COLUMNS; i++)
		html_put(out, "<th role=\"columnheader\" scope=\"col\" class=\"%s\">%s</th>",
			columns[i].name, columns[i].head);
}
