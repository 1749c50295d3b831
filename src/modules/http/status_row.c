/*
 * status_row: the row of one daemon on the status page; see status_row.h.
 *
 * Only this file turns a daemon's account and the state of its service into the words of a row.
 * The status page and the stream of changed rows use the same functions.
 */
#include "status_row.h"

#include <stdio.h>
#include <string.h>

#include <event2/buffer.h>

#include "day_bar.h"
#include "html.h"
#include "state_reader.h"

static const char *const severity_names[SEVERITIES] = {
	[SEVERITY_OK] = "ok",
	[SEVERITY_WARN] = "warn",
	[SEVERITY_BAD] = "bad",
	[SEVERITY_UNKNOWN] = "unknown",
	[SEVERITY_REST] = "rest",
	[SEVERITY_NONE] = "none",
};

static const struct {
	const char *name, *head;
} columns[STATUS_ROW_COLUMNS] = {
	{"daemon", "Daemon"},
	{"health", "Health"},
	{"since", "Duration"},
	{"restarts", "Restarts"},
	{"history", "Last 24 hours"},
};

const char *status_row_severity_name(enum severity severity)
{
	return severity_names[severity];
}

static bool is_status(const json_t *account, const char *status)
{
	return strcmp(reader_text(account, "status"), status) == 0;
}

enum severity status_row_severity(const json_t *account)
{
	static const enum severity severities[] = {[READER_OK] = SEVERITY_OK,
		[READER_WARNING] = SEVERITY_WARN,
		[READER_CRITICAL] = SEVERITY_BAD,
		[READER_UNKNOWN] = SEVERITY_UNKNOWN,
		[READER_SILENT] = SEVERITY_NONE};

	if (is_status(account, "failed"))
		return SEVERITY_BAD;
	if (json_is_true(json_object_get(account, "paused")))
		return SEVERITY_REST;
	return severities[reader_level(account)];
}

bool status_row_is_watch(const json_t *account)
{
	static const char *const others[] = {"http", "icinga", "notify"};

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (strcmp(reader_text(account, "module"), others[i]) == 0)
			return false;
	return true;
}

char *status_row_order(char order[STATUS_ROW_ORDER], const char *name, enum severity severity)
{
	static const char ranks[SEVERITIES] = {[SEVERITY_BAD] = '1',
		[SEVERITY_WARN] = '2',
		[SEVERITY_UNKNOWN] = '3',
		[SEVERITY_NONE] = '4',
		[SEVERITY_REST] = '5',
		[SEVERITY_OK] = '6'};

	snprintf(order, STATUS_ROW_ORDER, "%c %s", ranks[severity], name);
	return order;
}

/* --- JSON ------------------------------------------------------------------------------------- */

static void copy(json_t *row, const char *key, const json_t *from, const char *its_key)
{
	json_t *value = json_object_get(from, its_key);

	if (value != NULL && !json_is_null(value))
		json_object_set(row, key, value);
}

json_t *status_row_make(vigil_daemon *d, const char *name, const json_t *account)
{
	static const char *const keys[] = {"module", "status", "paused", "paused_until",
		"paused_reason", "paused_by", "paused_health", "day"};
	static const char *const service_keys[] = {
		"restarts", "restart_errors", "respawns", "decision", "next_retry"};
	const json_t *health = json_object_get(account, "health");
	struct reader_service service;
	json_t *row = json_pack(
		"{s:s,s:s}", "name", name, "tone", severity_names[status_row_severity(account)]);

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		copy(row, keys[i], account, keys[i]);
	copy(row, "level", health, "level");
	copy(row, "text", health, "text");
	copy(row, "since", health, "since");
	if (is_status(account, "failed"))
		copy(row, "text", account, "reason");
	reader_service(d, name, &service);
	for (size_t i = 0; i < sizeof(service_keys) / sizeof(*service_keys); i++)
		copy(row, service_keys[i], service.state, service_keys[i]);
	return row;
}

/* --- HTML ------------------------------------------------------------------------------------- */

static void put_cell(struct evbuffer *out, size_t column)
{
	html_put(out, "<td role=\"cell\" class=\"%s\" data-label=\"%s\">", columns[column].name,
		columns[column].head);
}

static void put_level(struct evbuffer *out, const char *severity, const char *level)
{
	html_put(out, "<span class=\"level %s\">%s</span> ", severity, level);
}

static const char *level_of(const json_t *row)
{
	const char *level = reader_text(row, "level");

	if (strcmp(reader_text(row, "status"), "failed") == 0)
		return "FAILED";
	return level[0] != '\0' ? level : "NO DATA";
}

/* Skips the level at the start of a plugin's text, as in "CRITICAL - 14 mails", because the row
 * shows the level already. */
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

/* Writes a text and truncates it if it is longer than a row shows, between two characters. */
static void put_cut(struct evbuffer *out, const char *text)
{
	char cut[STATUS_ROW_TEXT + 8];
	size_t length = STATUS_ROW_TEXT;

	if (strlen(text) <= STATUS_ROW_TEXT) {
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
	const char *until = reader_text(row, "paused_until"), *by = reader_text(row, "paused_by");
	const char *reason = reader_text(row, "paused_reason");

	put_level(out, "rest", "PAUSED");
	html_put(out, "<span class=\"text\">");
	html_time(out, until, "until", live);
	html_put(out, "%s%s%s%s%s</span>", until[0] == '\0' ? "until it is resumed" : "",
		by[0] != '\0' ? ", by " : "", by, reason[0] != '\0' ? ": " : "", reason);
	if (health == NULL)
		return;
	html_put(out, "<span class=\"note\">at present %s: ", reader_text(health, "level"));
	put_cut(out, after_level(reader_text(health, "text"), reader_text(health, "level")));
	html_put(out, "</span>");
}

static void put_health(struct evbuffer *out, const json_t *row, bool live)
{
	const char *severity = reader_text(row, "tone"), *retry = reader_text(row, "next_retry");
	const char *text = reader_text(row, "text");

	put_cell(out, 1);
	if (strcmp(severity, "rest") == 0) {
		put_paused(out, row, live);
	} else {
		put_level(out, severity, level_of(row));
		html_put(out, "<span class=\"text\">");
		put_cut(out, text[0] != '\0' ? after_level(text, level_of(row))
					     : reader_text(row, "status"));
		html_put(out, "</span>");
	}
	if (retry[0] != '\0' && strcmp(severity, "ok") != 0) {
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

/* The row links to ?daemon=NAME, relative to the page; the name needs no escape in a URL. */
void status_row_put(struct evbuffer *out, const json_t *row, bool open, bool live)
{
	const char *name = reader_text(row, "name"), *severity = reader_text(row, "tone");
	char order[STATUS_ROW_ORDER];
	enum severity t = SEVERITY_OK;

	while (t < SEVERITY_NONE && strcmp(severity_names[t], severity) != 0)
		t++;
	html_put(out, "\n<tr role=\"row\" data-name=\"%s\" data-tone=\"%s\" data-order=\"%s\">",
		name, severity, status_row_order(order, name, t));
	html_put(out, "<th role=\"rowheader\" scope=\"row\" class=\"daemon\">");
	html_put(out, "<a href=\"?daemon=%s\" aria-expanded=\"%s\">%s</a>", name,
		open ? "true" : "false", name);
	html_put(out, "<span class=\"note\">%s</span></th>", reader_text(row, "module"));
	put_health(out, row, live);
	put_cell(out, 2);
	html_time(out, reader_text(row, "since"), "length", live);
	html_put(out, "</td>");
	put_restarts(out, row);
	put_cell(out, 4);
	day_bar_put(out, json_object_get(row, "day"));
	html_put(out, "</td></tr>");
}

void status_row_put_degraded(struct evbuffer *out, const json_t *reason, bool live)
{
	const char *what = reader_text(reason, "what");

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
	html_put(out, "<span class=\"text\">%s</span></td>", reader_text(reason, "text"));
	put_cell(out, 2);
	html_time(out, reader_text(reason, "since"), "length", live);
	html_put(out, "</td>");
	put_cell(out, 3);
	html_put(out, "</td>");
	put_cell(out, 4);
	html_put(out, "</td></tr>");
}

void status_row_put_heads(struct evbuffer *out)
{
	for (size_t i = 0; i < STATUS_ROW_COLUMNS; i++)
		html_put(out, "<th role=\"columnheader\" scope=\"col\" class=\"%s\">%s</th>",
			columns[i].name, columns[i].head);
}
