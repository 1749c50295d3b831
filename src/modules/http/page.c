/*
 * page: the status page, and the rows that keep it up to date.
 *
 * page.html is the whole of it, style and script included; where it says {{word}} something is put
 * in.  The table is written here, row by row, so the page tells all it has to without a script; its
 * own script then fetches rows as they change.
 *
 * All that strangers may have written goes through put_text.  Should anything slip through all the
 * same, no script runs but that which bears the nonce of this one answer.
 */
#include "page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/util.h>

#include "reply.h"
#include "row.h"
#include "view.h"

#define NONCE_BYTES 18

struct page {
	struct site *site;
	json_t *runs;            /* the daemons' accounts; ours, so that they stay as they are */
	void *at;                /* the next of them, while rows or plots are written */
	const char *where;       /* what of page.html is next */
	const struct mark *mark; /* which is being filled */
	bool some;               /* a row has been written */
	char nonce[2 * NONCE_BYTES + 1];
	unsigned count[TONES];
};

struct mark {
	const char *name;
	void (*fill)(struct page *page, struct evbuffer *out);
	void (*fill_row)(struct page *page, struct evbuffer *out, const json_t *row);
};

/* --- writing HTML --------------------------------------------------------------------------------- */

static void put(struct evbuffer *out, const char *html)
{
	evbuffer_add(out, html, strlen(html));
}

static void put_text(struct evbuffer *out, const char *text)
{
	static const struct {
		char c;
		const char *html;
	} escapes[] = {
		{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};

	while (*text != '\0') {
		size_t plain = strcspn(text, "&<>\"'");

		evbuffer_add(out, text, plain);
		text += plain;
		for (size_t i = 0; i < sizeof(escapes) / sizeof(*escapes); i++)
			if (*text == escapes[i].c)
				put(out, escapes[i].html);
		text += *text != '\0';
	}
}

/* <NAME class="CLASSES">TEXT</NAME>, or nothing where there is no text. */
static void put_element(
	struct evbuffer *out, const char *name, const char *classes, const char *text)
{
	if (text[0] == '\0')
		return;
	evbuffer_add_printf(out, "<%s class=\"%s\">", name, classes);
	put_text(out, text);
	evbuffer_add_printf(out, "</%s>", name);
}

/* --- rows ------------------------------------------------------------------------------------------- */

static void put_time(struct evbuffer *out, const json_t *cell)
{
	const char *at = view_text(cell, "at"), *way = view_text(cell, "way");
	char words[64];

	if (at[0] == '\0')
		return;
	evbuffer_add_printf(out, "<time data-way=\"%s\" datetime=\"", way);
	put_text(out, at);
	put(out, "\" title=\"");
	put_text(out, at);
	put(out, "\">");
	put_text(out, row_time_words(words, sizeof(words), at, way));
	put(out, "</time>");
}

static void put_cell(struct evbuffer *out, size_t i, const json_t *cell)
{
	const char *tone = view_text(cell, "tone");
	const char *name = i == 0 ? "th" : "td";
	char classes[64];
	const char *manner = "";

	if (json_object_size(cell) == 1) /* nothing but its column */
		manner = " blank";
	else if (strcmp(view_text(cell, "text"), "0") == 0)
		manner = " quiet";
	evbuffer_add_printf(out, "<%s role=\"%s\" class=\"%s%s\" data-label=\"%s\">", name,
		i == 0 ? "rowheader\" scope=\"row" : "cell", row_columns[i].name, manner,
		row_columns[i].head);
	snprintf(classes, sizeof(classes), tone[0] != '\0' ? "tone %s" : "text", tone);
	put_element(out, "span", classes, view_text(cell, "text"));
	put_time(out, cell);
	put_element(out, "span", "note", view_text(cell, "note"));
	evbuffer_add_printf(out, "</%s>", name);
}

static void fill_row(struct page *page, struct evbuffer *out, const json_t *row)
{
	const json_t *cells = json_object_get(row, "cells"), *cell;
	size_t i;

	put(out, "\n<tr role=\"row\" data-name=\"");
	put_text(out, view_text(row, "name"));
	evbuffer_add_printf(out, "\" data-tone=\"%s\">", view_text(row, "tone"));
	json_array_foreach(cells, i, cell)
	{
		put_cell(out, i, cell);
	}
	put(out, "</tr>");
}

static void put_plot(struct evbuffer *out, const char *name, const json_t *plot)
{
	const char *label = view_text(plot, "label"), *last = view_text(plot, "last");
	const char *low = view_text(plot, "low"), *high = view_text(plot, "high");

	put(out, "\n<figure data-daemon=\"");
	put_text(out, name);
	put(out, "\" data-plot=\"");
	put_text(out, name);
	put(out, " ");
	put_text(out, label);
	put(out, "\"><figcaption><span class=\"label\"><span class=\"whose\">");
	put_text(out, name);
	put(out, " </span>");
	put_element(out, "span", "what", label);
	put(out, "</span>");
	put_element(out, "span", "last", last);
	put(out, "</figcaption><svg viewBox=\"0 0 240 56\" preserveAspectRatio=\"none\" "
		 "role=\"img\" "
		 "aria-label=\"");
	put_text(out, label);
	put(out, ": now ");
	put_text(out, last);
	put(out, ", lowest ");
	put_text(out, low);
	put(out, ", highest ");
	put_text(out, high);
	evbuffer_add_printf(out, "\"><polyline points=\"%s\"/></svg><span class=\"note\">",
		view_text(plot, "points"));
	put_element(out, "span", "low", low);
	put_element(out, "span", "high", high);
	put(out, "</span></figure>");
}

static void fill_plots(struct page *page, struct evbuffer *out, const json_t *row)
{
	const json_t *plots = json_object_get(row, "plots"), *plot;
	size_t i;

	json_array_foreach(plots, i, plot)
	{
		put_plot(out, view_text(row, "name"), plot);
	}
}

/* --- the rest of it ------------------------------------------------------------------------------------ */

static enum tone worst(const struct page *page)
{
	static const enum tone order[] = {TONE_BAD, TONE_WARN, TONE_UNKNOWN};

	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++)
		if (page->count[order[i]] > 0)
			return order[i];
	return TONE_OK;
}

static void fill_colour(struct page *page, struct evbuffer *out)
{
	static const char *const colours[TONES] = {[TONE_OK] = "2e9e5b",
		[TONE_WARN] = "d98e04",
		[TONE_BAD] = "d3302f",
		[TONE_UNKNOWN] = "7a87a3"};

	put(out, colours[worst(page)]);
}

static void fill_tone(struct page *page, struct evbuffer *out)
{
	put(out, row_tone_name(worst(page)));
}

static void fill_headline(struct page *page, struct evbuffer *out)
{
	unsigned troubled =
		page->count[TONE_BAD] + page->count[TONE_WARN] + page->count[TONE_UNKNOWN];

	if (json_object_size(page->runs) == 0)
		put(out, "Nothing is watched");
	else if (troubled == 0)
		put(out, "All is well");
	else
		evbuffer_add_printf(out, "%u need%s a look", troubled, troubled == 1 ? "s" : "");
}

static void fill_detail(struct page *page, struct evbuffer *out)
{
	static const struct {
		enum tone tone;
		const char *word;
	} words[] = {{TONE_BAD, "critical"}, {TONE_WARN, "warning"}, {TONE_UNKNOWN, "unknown"},
		{TONE_REST, "paused"}, {TONE_OK, "well"}, {TONE_NONE, "silent"}};
	const char *comma = "";

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (page->count[words[i].tone] == 0)
			continue;
		evbuffer_add_printf(
			out, "%s%u %s", comma, page->count[words[i].tone], words[i].word);
		comma = ", ";
	}
}

static void fill_heads(struct page *page, struct evbuffer *out)
{
	for (size_t i = 0; i < row_column_count; i++)
		evbuffer_add_printf(out,
			"<th role=\"columnheader\" scope=\"col\" class=\"%s\">%s</th>",
			row_columns[i].name, row_columns[i].head);
}

static void fill_host(struct page *page, struct evbuffer *out)
{
	char host[256] = "", clean[512];

	gethostname(host, sizeof(host) - 1);
	put_text(out, vigil_clean(clean, sizeof(clean), host));
}

static void fill_nonce(struct page *page, struct evbuffer *out)
{
	put(out, page->nonce);
}

static void fill_time(struct page *page, struct evbuffer *out)
{
	json_t *now = vigil_time();

	put_text(out, json_string_value(now));
	json_decref(now);
}

static void fill_version(struct page *page, struct evbuffer *out)
{
	const char *version = json_string_value(vigil_state_get(page->site->d, "/vigil/version"));

	put_text(out, version != NULL ? version : "");
}

static const struct mark marks[] = {
	{"colour", fill_colour, NULL},
	{"detail", fill_detail, NULL},
	{"headline", fill_headline, NULL},
	{"heads", fill_heads, NULL},
	{"host", fill_host, NULL},
	{"nonce", fill_nonce, NULL},
	{"plots", NULL, fill_plots},
	{"rows", NULL, fill_row},
	{"time", fill_time, NULL},
	{"tone", fill_tone, NULL},
	{"version", fill_version, NULL},
};

/* --- in slices ------------------------------------------------------------------------------------------- */

static const struct mark *find_mark(const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++)
		if (strlen(marks[i].name) == length && memcmp(marks[i].name, name, length) == 0)
			return &marks[i];
	return NULL;
}

/* Writes up to the next mark, which is then to be filled; false at the end. */
static bool next_mark(struct page *page, struct evbuffer *out)
{
	const char *end = (const char *)page_html + page_html_size;
	size_t left = (size_t)(end - page->where);
	const char *open = memmem(page->where, left, "{{", 2);
	const char *close = open != NULL ? memmem(open, (size_t)(end - open), "}}", 2) : NULL;

	if (close == NULL) {
		evbuffer_add(out, page->where, left);
		return false;
	}
	evbuffer_add(out, page->where, (size_t)(open - page->where));
	page->mark = find_mark(open + 2, (size_t)(close - open) - 2);
	page->where = close + 2;
	page->at = json_object_iter(page->runs);
	return true;
}

static json_t *next_row(struct page *page)
{
	json_t *row = row_make(
		page->site->d, json_object_iter_key(page->at), json_object_iter_value(page->at));

	page->at = json_object_iter_next(page->runs, page->at);
	return row;
}

static bool on_slice(struct evbuffer *out, void *arg)
{
	struct page *page = arg;
	json_t *row;

	if (page->mark == NULL)
		return next_mark(page, out);
	if (page->mark->fill != NULL) {
		page->mark->fill(page, out);
		page->mark = NULL;
	} else if (page->at != NULL) {
		row = next_row(page);
		page->mark->fill_row(page, out, row);
		json_decref(row);
	} else {
		page->mark = NULL;
	}
	return true;
}

static bool on_slice_json(struct evbuffer *out, void *arg)
{
	struct page *page = arg;
	json_t *row;
	char *text;

	if (page->at == NULL) {
		put(out, page->some ? "]}\n" : "{\"rows\":[]}\n");
		return false;
	}
	row = next_row(page);
	text = json_dumps(row, JSON_COMPACT);
	put(out, page->some ? "," : "{\"rows\":[");
	put(out, text != NULL ? text : "null");
	page->some = true;
	free(text);
	json_decref(row);
	return true;
}

/* --- requests ------------------------------------------------------------------------------------------ */

static void page_free(void *arg)
{
	struct page *page = arg;

	json_decref(page->runs);
	free(page);
}

/* Takes the reference. */
static struct page *page_new(const struct visit *visit, json_t *runs)
{
	struct page *page = calloc(1, sizeof(*page));
	const char *key;
	json_t *account;

	if (page == NULL) {
		json_decref(runs);
		reply_error(visit, 503, "there is no memory", NULL);
		return NULL;
	}
	page->site = visit->site;
	page->runs = runs;
	page->at = json_object_iter(runs);
	page->where = (const char *)page_html;
	json_object_foreach(runs, key, account)
	{
		page->count[row_tone(account)]++;
	}
	return page;
}

static json_t *all_runs(const struct visit *visit)
{
	return json_incref((json_t *)vigil_state_get(visit->site->d, "/runs"));
}

static void choose_nonce(struct page *page)
{
	unsigned char bytes[NONCE_BYTES];

	evutil_secure_rng_get_bytes(bytes, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(page->nonce + 2 * i, 3, "%02x", bytes[i]);
}

void page_reply(const struct visit *visit)
{
	struct page *page = page_new(visit, all_runs(visit));
	char policy[512];

	if (page == NULL)
		return;
	choose_nonce(page);
	snprintf(policy, sizeof(policy),
		"default-src 'none'; style-src 'nonce-%s'; script-src 'nonce-%s'; "
		"connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
		"frame-ancestors 'none'",
		page->nonce, page->nonce);
	reply_header(visit, "Content-Security-Policy", policy);
	reply_sliced(visit, "text/html; charset=utf-8", on_slice, page_free, page);
}

/* The one that is named, as if there were no other; that it is no more is an answer, too. */
static json_t *one_run(const struct visit *visit)
{
	char pointer[VIEW_POINTER] = "/runs";
	const char *name = visit->rest + 1;
	const json_t *account = NULL;

	if (view_step(pointer, name))
		account = vigil_state_get(visit->site->d, pointer);
	return account != NULL ? json_pack("{s:O}", name, account) : json_object();
}

void page_reply_rows(const struct visit *visit)
{
	json_t *runs = visit->rest[0] != '\0' ? one_run(visit) : all_runs(visit);
	struct page *page = page_new(visit, runs);

	if (page != NULL)
		reply_sliced(visit, "application/json", on_slice_json, page_free, page);
}
