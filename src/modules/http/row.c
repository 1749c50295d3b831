/*
 * row: one daemon as the status page shows it.
 *
 * What a daemon's account and its service say is put into words here and nowhere else: the page is
 * written from rows, and its script fetches rows and shows them as they are.
 */
#include "row.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "plot.h"
#include "view.h"

#define WORDS 512

static const char *const tone_names[TONES] = {
	[TONE_OK] = "ok",
	[TONE_WARN] = "warn",
	[TONE_BAD] = "bad",
	[TONE_UNKNOWN] = "unknown",
	[TONE_REST] = "rest",
	[TONE_NONE] = "none",
};

const struct column row_columns[] = {
	{"daemon", "Daemon"},
	{"health", "Health"},
	{"service", "Service"},
	{"restarts", "Restarts"},
	{"errors", "Errors"},
	{"tick", "Last look"},
	{"next", "What comes next"},
};
const size_t row_column_count = sizeof(row_columns) / sizeof(*row_columns);

const char *row_tone_name(enum tone tone)
{
	return tone_names[tone];
}

static bool is_status(const json_t *account, const char *status)
{
	return strcmp(view_text(account, "status"), status) == 0;
}

static enum tone tone_of_health(const json_t *account)
{
	static const enum tone tones[] = {[VIEW_OK] = TONE_OK,
		[VIEW_WARNING] = TONE_WARN,
		[VIEW_CRITICAL] = TONE_BAD,
		[VIEW_UNKNOWN] = TONE_UNKNOWN,
		[VIEW_SILENT] = TONE_NONE};

	return tones[view_level(account)];
}

enum tone row_tone(const json_t *account)
{
	if (is_status(account, "failed"))
		return TONE_BAD;
	if (json_is_true(json_object_get(account, "paused")))
		return TONE_REST;
	return tone_of_health(account);
}

/* --- times -------------------------------------------------------------------------------------- */

/* Seconds since; negative: it is to come.  0 where it is no time. */
static double age_of(const char *at)
{
	struct tm tm = {0};
	const char *rest = strptime(at, "%Y-%m-%dT%H:%M:%S", &tm);
	struct timespec now;

	if (rest == NULL)
		return 0;
	clock_gettime(CLOCK_REALTIME, &now);
	return difftime(now.tv_sec, timegm(&tm));
}

static void span(char *words, size_t size, double seconds)
{
	long s = seconds > 0 ? (long)seconds : 0;

	if (s < 60)
		snprintf(words, size, "%ld s", s);
	else if (s < 3600)
		snprintf(words, size, "%ld min", s / 60);
	else if (s < 48 * 3600)
		snprintf(words, size, "%ld h %ld min", s / 3600, s / 60 % 60);
	else
		snprintf(words, size, "%ld d", s / 86400);
}

char *row_time_words(char *words, size_t size, const char *at, const char *way)
{
	double age = age_of(at);
	char length[32];

	span(length, sizeof(length), age < 0 ? -age : age);
	if (strcmp(way, "ago") == 0)
		snprintf(words, size, "%s ago", length);
	else if (strcmp(way, "for") == 0)
		snprintf(words, size, "for %s", length);
	else if (strcmp(way, "in") == 0)
		snprintf(words, size, age >= 0 ? "now" : "in %s", length);
	else
		snprintf(words, size, age >= 0 ? "until now" : "for %s more", length);
	return words;
}

/* --- cells --------------------------------------------------------------------------------------- */

struct cell {
	enum tone tone; /* of the text */
	const char *text, *note;
	const char *at, *way;
};

static void put_text(json_t *object, const char *key, const char *text)
{
	if (text != NULL && text[0] != '\0')
		json_object_set_new(object, key, json_string(text));
}

static json_t *cell_json(size_t column, const struct cell *cell)
{
	json_t *object = json_pack("{s:s}", "column", row_columns[column].name);

	if (cell->tone != TONE_NONE)
		put_text(object, "tone", tone_names[cell->tone]);
	put_text(object, "text", cell->text);
	put_text(object, "note", cell->note);
	put_text(object, "at", cell->at);
	if (cell->at != NULL && cell->at[0] != '\0')
		put_text(object, "way", cell->way);
	return object;
}

struct look {
	const char *name;
	const json_t *account;
	bool kept; /* a service is */
	struct view_service service;
	char words[WORDS], more[WORDS];
};

static struct cell show_daemon(struct look *l)
{
	return (struct cell){
		.tone = TONE_NONE, .text = l->name, .note = view_text(l->account, "module")};
}

static struct cell show_health(struct look *l)
{
	const json_t *health = json_object_get(l->account, "health");

	if (is_status(l->account, "failed"))
		return (struct cell){.tone = TONE_BAD,
			.text = "failed",
			.note = view_text(l->account, "reason"),
			.at = view_text(l->account, "since"),
			.way = "for"};
	if (!json_is_object(health))
		return (struct cell){.tone = TONE_NONE, .note = view_text(l->account, "status")};
	return (struct cell){.tone = row_tone(l->account),
		.text = view_text(health, "level"),
		.note = view_text(health, "text"),
		.at = view_text(health, "since"),
		.way = "for"};
}

static enum tone tone_of_service(const char *value)
{
	static const struct {
		const char *value;
		enum tone tone;
	} tones[] = {
		{"running", TONE_OK},
		{"stopped", TONE_BAD},
		{"failed", TONE_BAD},
		{"starting", TONE_WARN},
		{"stopping", TONE_WARN},
		{"reloading", TONE_WARN},
	};

	for (size_t i = 0; i < sizeof(tones) / sizeof(*tones); i++)
		if (strcmp(tones[i].value, value) == 0)
			return tones[i].tone;
	return TONE_UNKNOWN;
}

static struct cell show_service(struct look *l)
{
	const json_t *pid = json_object_get(l->service.state, "pid");
	int n;

	if (!l->kept)
		return (struct cell){.tone = TONE_NONE};
	n = snprintf(l->words, WORDS, "%.200s, %.60s", l->service.name, l->service.manager);
	if (json_is_integer(pid))
		snprintf(l->words + n, WORDS - (size_t)n, ", pid %lld",
			(long long)json_integer_value(pid));
	return (struct cell){.tone = tone_of_service(l->service.value),
		.text = l->service.value,
		.note = l->words,
		.at = view_text(l->service.state, "since"),
		.way = "for"};
}

static struct cell show_restarts(struct look *l)
{
	json_int_t respawns = json_integer_value(json_object_get(l->service.state, "respawns"));

	if (l->service.state == NULL)
		return (struct cell){.tone = TONE_NONE};
	snprintf(l->words, WORDS, "%lld", (long long)l->service.restarts);
	l->more[0] = '\0';
	if (l->service.restart_errors > 0)
		snprintf(l->more, WORDS, "%lld failed", (long long)l->service.restart_errors);
	else if (respawns > 0)
		snprintf(l->more, WORDS, "and %lld by its manager", (long long)respawns);
	return (struct cell){.tone = TONE_NONE, .text = l->words, .note = l->more};
}

static struct cell show_errors(struct look *l)
{
	json_int_t errors = json_integer_value(json_object_get(l->account, "errors"));

	snprintf(l->words, WORDS, "%lld", (long long)errors);
	return (struct cell){.tone = TONE_NONE,
		.text = l->words,
		.note = errors > 0 ? view_text(l->account, "last_error") : NULL};
}

static struct cell show_tick(struct look *l)
{
	json_int_t missed = json_integer_value(json_object_get(l->account, "missed"));

	snprintf(l->words, WORDS, "%lld missed", (long long)missed);
	return (struct cell){.tone = TONE_NONE,
		.note = missed > 0 ? l->words : NULL,
		.at = view_text(l->account, "last_tick"),
		.way = "ago"};
}

static struct cell show_next(struct look *l)
{
	const char *until = view_text(l->account, "paused_until");

	if (json_is_true(json_object_get(l->account, "paused"))) {
		snprintf(l->words, WORDS, "%.300s%s", view_text(l->account, "paused_reason"),
			until[0] == '\0' ? " (until it is resumed)" : "");
		return (struct cell){.tone = TONE_REST,
			.text = "paused",
			.note = l->words + (l->words[0] == ' '),
			.at = until,
			.way = "left"};
	}
	if (!l->kept)
		return (struct cell){.tone = TONE_NONE};
	/* That there is nothing to do shall not draw the eye. */
	return (struct cell){.tone = TONE_NONE,
		.note = tone_of_health(l->account) != TONE_OK
				? view_text(l->service.state, "decision")
				: NULL,
		.at = view_text(l->service.state, "next_retry"),
		.way = "in"};
}

static struct cell (*const shows[])(struct look *l) = {
	show_daemon, show_health, show_service, show_restarts, show_errors, show_tick, show_next};

json_t *row_make(vigil_daemon *d, const char *name, const json_t *account)
{
	struct look look = {.name = name, .account = account};
	json_t *cells = json_array();

	look.kept = view_service(d, name, &look.service);
	for (size_t i = 0; i < row_column_count; i++) {
		struct cell cell = shows[i](&look);

		json_array_append_new(cells, cell_json(i, &cell));
	}
	return json_pack("{s:s,s:s,s:o,s:o}", "name", name, "tone", tone_names[row_tone(account)],
		"cells", cells, "plots", plot_list(d, name));
}
