/* message: see message.h. */
#include "message.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vigil/vigil.h>

#include "cut_text.h"
#include "local_time.h"
#include "news.h"

#define LINE_MIN     240 /* minimum bytes of a line, for any number of lines */
#define SUMMARY      512
#define SUMMARY_WORD 60 /* bytes of a word in the summary */
#define WHO          200
#define MESSAGE_END  2048 /* bytes for the lines that tell what is left out */

/* --- texts ------------------------------------------------------------------------------------ */

/* A text buffer with a limit. A piece that does not fit is left out as a whole. */
struct text {
	char *text;
	size_t length, max;
};

static bool text_init(struct text *t, size_t max)
{
	*t = (struct text){.text = malloc(max + 1), .max = max};
	if (t->text != NULL)
		t->text[0] = '\0';
	return t->text != NULL;
}

static bool add(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool add(struct text *t, const char *format, ...)
{
	size_t left = t->max - t->length;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(t->text + t->length, left + 1, format, ap);
	va_end(ap);
	if (n < 0 || (size_t)n > left) {
		t->text[t->length] = '\0';
		return false;
	}
	t->length += (size_t)n;
	return true;
}

/* --- one change ------------------------------------------------------------------------------- */

/* Sanitizes a text of a change, which may come from a plugin. A variable may be printed to a
 * terminal, a log or the header of a mail. So this removes control characters, marks that reorder
 * text, and bytes that are not UTF-8. dst has room for max + 4 bytes. */
static char *clean(char *dst, size_t max, const char *text)
{
	return vigil_sanitize(dst, max + 4, text);
}

/* Formats a time for humans. A text that is not a time is sanitized and copied. */
static char *clean_time(char text[LOCAL_TIME], const char *rfc3339)
{
	char local[LOCAL_TIME];

	return vigil_sanitize(text, LOCAL_TIME, local_time(local, rfc3339));
}

static const char *who(const json_t *change, char text[WHO + 4])
{
	const char *what = change_text(change, "what"), *name = change_text(change, "daemon");

	char cut[104];

	if (what[0] != '\0')
		snprintf(text, WHO, "vigild (%s)", clean(cut, 100, what));
	else
		clean(text, WHO, name[0] != '\0' ? name : change_text(change, "pointer"));
	return text;
}

/* Describes a change, such as "OK -> CRITICAL". */
static void describe(const json_t *change, char *text, size_t size)
{
	const char *event = change_text(change, "event");
	bool vigild = change_text(change, "what")[0] != '\0';
	char from[SUMMARY_WORD + 4], to[SUMMARY_WORD + 4], since[LOCAL_TIME];

	clean(from, SUMMARY_WORD, change_text(change, "from"));
	clean(to, SUMMARY_WORD, change_text(change, "to"));
	if (vigild)
		strcpy(to, news_is_good(to) ? "no longer degraded" : "degraded");
	if (strcmp(event, "reminder") == 0)
		snprintf(text, size, "still %s since %s (reminder)", to,
			clean_time(since, change_text(change, "since")));
	else if (strcmp(event, "test") == 0)
		snprintf(text, size, "test");
	else if (vigild)
		snprintf(text, size, "%s", to);
	else if (strcmp(event, "gave_up") == 0)
		snprintf(text, size, "still %s, vigil gave up", to);
	else if (strcmp(event, "failed") == 0)
		snprintf(text, size, "still %s, the daemon has failed", to);
	else if (strcmp(from, NEWS_ABSENT) == 0 && news_severity(to) > 2)
		snprintf(text, size, "%s at the first check", to);
	else
		snprintf(text, size, "%s -> %s", from, to);
}

/* Returns the address of the value, such as " (/daemons/web/exit_status)". Returns "" if the value
 * is the health of the daemon, because the daemon's name is then sufficient. */
static const char *which(const json_t *change, char text[WHO + 8])
{
	const char *name = change_text(change, "daemon"), *pointer = change_text(change, "pointer");
	char cut[WHO + 4], health[WHO];

	snprintf(health, sizeof(health), "/runs/%.100s/health", name);
	text[0] = '\0';
	if (name[0] != '\0' && strcmp(pointer, health) != 0)
		snprintf(text, WHO + 8, " (%s)", clean(cut, WHO, pointer));
	return text;
}

/* Adds a line such as "2026-11-29 04:12:07 CET web: OK -> CRITICAL: icinga2 is failed", with about
 * max bytes at most. The text of a reminder contains its description, so the description is left
 * out. A text that equals the new word is left out too. Returns false if the line does not fit. */
static bool add_line(struct text *t, const json_t *change, size_t max)
{
	const char *text = change_text(change, "text");
	bool reminder = strcmp(change_text(change, "event"), "reminder") == 0;
	char when[LOCAL_TIME], name[WHO + 4], value[WHO + 8], described[256] = "";
	char *cut = malloc(max + 4);
	bool fits;

	if (cut == NULL)
		return false;
	if (!reminder)
		describe(change, described, sizeof(described));
	if (strcmp(text, change_text(change, "to")) == 0)
		text = "";
	fits = add(t, "%s  %s%s: %s%s%s\n", clean_time(when, change_text(change, "time")),
		who(change, name), which(change, value), described,
		reminder || text[0] == '\0' ? "" : ": ", clean(cut, max, text));
	free(cut);
	return fits;
}

/* --- all changes ------------------------------------------------------------------------------ */

/* Writes one line with the most important change, such as "web: OK -> CRITICAL (and 3 more)". */
static void summarize(const struct message *m, char summary[SUMMARY])
{
	char name[WHO + 4], described[256];

	describe(m->sorted[0]->change, described, sizeof(described));
	snprintf(summary, SUMMARY, "%s: %s", who(m->sorted[0]->change, name), described);
	if (m->queue->count > 1)
		snprintf(summary + strlen(summary), SUMMARY - strlen(summary), " (and %zu more)",
			m->queue->count - 1);
}

static void add_losses(struct text *t, const struct queue *q)
{
	char cut[68];
	json_t *name;
	size_t i;

	if (q->superseded > 0)
		add(t, "%zu older changes are left out; the latest of each daemon is here\n",
			q->superseded);
	if (q->dropped == 0)
		return;
	add(t, "%zu changes were lost because more than %d waited; they were of: ", q->dropped,
		QUEUE_MAX);
	json_array_foreach(q->names, i, name)
		add(t, "%s%s", i > 0 ? ", " : "", clean(cut, 64, json_string_value(name)));
	add(t, "%s\n", json_array_size(q->names) >= QUEUE_NAMES ? " ..." : "");
}

/* Returns one line for each change. If not all lines fit, each line is cut to its share, and the
 * remaining changes are left out. */
static char *make_lines(const struct message *m, size_t lines)
{
	size_t share = lines / m->queue->count, shown = 0;
	struct text t;
	char *longer;

	if (!text_init(&t, lines))
		return NULL;
	if (share < LINE_MIN)
		share = LINE_MIN;
	while (shown < m->queue->count && add_line(&t, m->sorted[shown]->change, share))
		shown++;
	longer = realloc(t.text, lines + MESSAGE_END + 1);
	if (longer == NULL)
		return t.text;
	t.text = longer;
	t.max = lines + MESSAGE_END;
	if (shown < m->queue->count)
		add(&t, "%zu more changes are in the JSON on the standard input only\n",
			m->queue->count - shown);
	add_losses(&t, m->queue);
	if (t.length > 0)
		t.text[t.length - 1] = '\0';
	return t.text;
}

/* An escape is at most this many times as long as the character that it replaces. */
#define ESCAPED 4

/* Returns whether all changes are of one address. */
static bool is_one_address(const struct message *m)
{
	const char *pointer = change_text(m->sorted[0]->change, "pointer");

	for (size_t i = 1; i < m->queue->count; i++)
		if (strcmp(change_text(m->sorted[i]->change, "pointer"), pointer) != 0)
			return false;
	return true;
}

/* Returns the long text of the latest change, with its newlines and tabs, if all changes are of one
 * address; otherwise NULL. */
static char *make_long_text(const struct message *m, size_t max)
{
	const char *whole = change_text(m->sorted[0]->change, "long_text");
	size_t length = strlen(whole);
	char *text, *escaped;

	if (length == 0 || !is_one_address(m))
		return NULL;
	text = malloc(max + 128);
	escaped = malloc(ESCAPED * length + 1);
	if (text == NULL || escaped == NULL) {
		free(text);
		free(escaped);
		return NULL;
	}
	vigil_sanitize_lines(escaped, ESCAPED * length + 1, whole);
	cut_text(text, max, escaped);
	if (strlen(escaped) > max)
		sprintf(text + strlen(text),
			"\n(cut; all %zu bytes are in the JSON on the standard input)", length);
	free(escaped);
	return text;
}

/* --- the environment -------------------------------------------------------------------------- */

struct environment {
	char **next, **end;
};

/* Adds the variable and frees the value. */
static void put(struct environment *e, const char *name, char *value)
{
	if (value != NULL && e->next < e->end && asprintf(e->next, "%s=%s", name, value) >= 0)
		e->next++;
	free(value);
}

static void put_text(struct environment *e, const char *name, size_t max, const char *text)
{
	char *value = malloc(max + 4);

	if (value != NULL)
		clean(value, max, text);
	put(e, name, value);
}

static void put_number(struct environment *e, const char *name, size_t number)
{
	char text[32];

	snprintf(text, sizeof(text), "%zu", number);
	put_text(e, name, sizeof(text), text);
}

static void put_first_change(struct environment *e, const json_t *change, size_t lines)
{
	static const struct {
		const char *variable, *key;
		size_t max;
	} table[] = {{"VIGIL_TIME", "time", 64}, {"VIGIL_EVENT", "event", 64},
		{"VIGIL_POINTER", "pointer", 4096}, {"VIGIL_DAEMON", "daemon", 128},
		{"VIGIL_FROM", "from", MESSAGE_WORD}, {"VIGIL_TO", "to", MESSAGE_WORD},
		{"VIGIL_SINCE", "since", 64}, {"VIGIL_TEXT", "text", 8192}};

	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		put_text(e, table[i].variable, table[i].max < lines ? table[i].max : lines,
			change_text(change, table[i].key));
}

void message_environment(
	const struct message *m, size_t lines, char *environment[MESSAGE_VARIABLES + 1])
{
	struct environment e = {environment, environment + MESSAGE_VARIABLES};
	char summary[SUMMARY];

	put_first_change(&e, m->sorted[0]->change, lines);
	summarize(m, summary);
	put_text(&e, "VIGIL_SUMMARY", sizeof(summary), summary);
	put_text(&e, "VIGIL_HOST", 256, m->host);
	put_number(&e, "VIGIL_COUNT", m->queue->count);
	put_number(&e, "VIGIL_DROPPED", m->queue->superseded + m->queue->dropped);
	put(&e, "VIGIL_LINES", make_lines(m, lines));
	put(&e, "VIGIL_LONG_TEXT", make_long_text(m, lines));
	*e.next = NULL;
}

/* --- the input -------------------------------------------------------------------------------- */

char *message_input(const struct message *m)
{
	const struct queue *q = m->queue;
	json_t *changes = json_array(), *whole;
	char *text;

	for (size_t i = 0; i < q->count; i++)
		json_array_append(changes, m->sorted[i]->change);
	whole = json_pack("{s:s,s:s,s:I,s:I,s:I,s:O*,s:o}", "host", m->host, "daemon", m->daemon,
		"count", (json_int_t)q->count, "superseded", (json_int_t)q->superseded, "dropped",
		(json_int_t)q->dropped, "dropped_of", q->names, "changes", changes);
	text = vigil_json_text(whole);
	json_decref(whole);
	return text;
}
