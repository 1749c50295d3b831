/*
 * board: see board.h.  A row is rendered once for all pages, and only after something has changed.
 * The list `entries` is ordered by the version of the events, the newest last.  A page knows the
 * version of the last event that it was sent, and is sent all later ones.  So a slow page misses
 * only the intermediate states.
 *
 * There are three kinds of entries: the rows of the daemons, the rows named "(vigild) REASON" while
 * vigild is degraded, and the head of the page.
 */
#include "board.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>

#include "head.h"
#include "html.h"
#include "state_reader.h"
#include "status_row.h"

#define HEAD   "" /* the entry of the page's head; no daemon has this name */
#define VIGILD "(vigild) "

struct shown {
	TAILQ_ENTRY(shown) link;   /* in the order of the versions */
	STAILQ_ENTRY(shown) touch; /* the queue of entries to be rendered */
	uint64_t version;          /* of the text; 0: there is no text yet */
	char *text;                /* the event; owned */
	bool touched, gone;
	enum severity severity;
	bool watch;
	char name[];
};

struct board {
	vigil_daemon *d;
	void *tree; /* for tsearch, by name */
	TAILQ_HEAD(entries, shown) entries;
	STAILQ_HEAD(, shown) touched;
	uint64_t version;
};

/* --- entries ---------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	const struct shown *one = a, *other = b;

	return strcmp(one->name, other->name);
}

static struct shown *shown_new(const char *name)
{
	struct shown *entry = calloc(1, sizeof(*entry) + strlen(name) + 1);

	if (entry != NULL)
		strcpy(entry->name, name);
	return entry;
}

static void shown_free(struct shown *entry)
{
	free(entry->text);
	free(entry);
}

/* Returns the entry of that name, and creates it if there is none.  NULL: out of memory. */
static struct shown *find(struct board *board, const char *name)
{
	struct shown *entry = shown_new(name), **found;

	if (entry == NULL)
		return NULL;
	found = tsearch(entry, &board->tree, compare);
	if (found == NULL || *found != entry) {
		shown_free(entry);
		return found != NULL ? *found : NULL;
	}
	TAILQ_INSERT_HEAD(&board->entries, entry, link);
	return entry;
}

static void touch(struct board *board, struct shown *entry)
{
	if (entry == NULL || entry->touched)
		return;
	entry->touched = true;
	STAILQ_INSERT_TAIL(&board->touched, entry, touch);
}

void board_touch(struct board *board, const char *name)
{
	struct shown *entry;

	if (name[0] != '\0') {
		touch(board, find(board, name));
	} else {
		TAILQ_FOREACH(entry, &board->entries, link)
			touch(board, entry);
	}
}

void board_touch_head(struct board *board)
{
	touch(board, find(board, HEAD));
}

/* --- events ----------------------------------------------------------------------------------- */

char *board_text(const char *event, json_t *data)
{
	char *json = json_dumps(data, JSON_COMPACT), *text = NULL;

	if (json != NULL && asprintf(&text, "event: %s\ndata: %s\n\n", event, json) < 0)
		text = NULL;
	free(json);
	json_decref(data);
	return text;
}

/* Takes ownership of the text.  An event that equals the previous one is dropped. */
static void set_text(struct board *board, struct shown *entry, char *text)
{
	if (text == NULL || (entry->text != NULL && strcmp(entry->text, text) == 0)) {
		free(text);
		return;
	}
	free(entry->text);
	entry->text = text;
	entry->version = ++board->version;
	TAILQ_REMOVE(&board->entries, entry, link);
	TAILQ_INSERT_TAIL(&board->entries, entry, link);
}

static char *event_html(const char *event, const char *name, struct evbuffer *html)
{
	size_t length = evbuffer_get_length(html);

	return board_text(event, json_pack("{s:s,s:s%}", "name", name, "html",
					 (const char *)evbuffer_pullup(html, -1), length));
}

static void set_gone(struct board *board, struct shown *entry)
{
	entry->gone = true;
	set_text(board, entry, board_text("gone", json_pack("{s:s}", "name", entry->name)));
}

/* --- the head, and the rows of vigild --------------------------------------------------------- */

static void make_head(struct board *board, struct shown *entry, struct evbuffer *html)
{
	json_t *vigil = json_incref((json_t *)vigil_state_get(board->d, "/vigil"));
	const struct shown *each;
	struct head head = {0};

	TAILQ_FOREACH(each, &board->entries, link)
		if (each->version > 0 && !each->gone && each->name[0] != '\0' &&
			each->name[0] != '(')
			head_count(&head, each->severity, each->watch);
	head_put(html, &head, vigil, true);
	set_text(board, entry, event_html("head", "", html));
	json_decref(vigil);
}

/* Marks the entries for the reasons why vigild is or was degraded. */
static void find_degraded(struct board *board)
{
	const json_t *list = vigil_state_get(board->d, "/vigil/degraded"), *reason;
	struct shown *entry;
	char name[128];
	size_t i;

	json_array_foreach(list, i, reason) {
		snprintf(name, sizeof(name), VIGILD "%.64s", reader_text(reason, "what"));
		find(board, name);
	}
	TAILQ_FOREACH(entry, &board->entries, link)
		if (entry->name[0] == '(')
			touch(board, entry);
}

static void make_degraded(struct board *board, struct shown *entry, struct evbuffer *html)
{
	const json_t *list = vigil_state_get(board->d, "/vigil/degraded"), *reason;
	const char *what = entry->name + strlen(VIGILD);
	size_t i;

	entry->gone = true;
	json_array_foreach(list, i, reason) {
		if (strcmp(reader_text(reason, "what"), what) != 0)
			continue;
		entry->gone = false;
		status_row_put_degraded(html, reason, true);
		set_text(board, entry, event_html("row", entry->name, html));
	}
	if (entry->gone)
		set_gone(board, entry);
}

/* --- the rows of daemons ---------------------------------------------------------------------- */

static void make_row(struct board *board, struct shown *entry, struct evbuffer *html)
{
	char pointer[READER_POINTER] = "/runs";
	json_t *account = NULL, *row;

	if (reader_step(pointer, entry->name))
		account = json_incref((json_t *)vigil_state_get(board->d, pointer));
	if (account == NULL) {
		set_gone(board, entry);
		return;
	}
	entry->gone = false;
	entry->severity = status_row_severity(account);
	entry->watch = status_row_is_watch(account);
	row = status_row_make(board->d, entry->name, account);
	status_row_put(html, row, false, true);
	set_text(board, entry, event_html("row", entry->name, html));
	json_decref(row);
	json_decref(account);
}

bool board_make(struct board *board)
{
	struct shown *entry = STAILQ_FIRST(&board->touched);
	uint64_t before = board->version;
	struct evbuffer *html;

	if (entry == NULL)
		return false;
	STAILQ_REMOVE_HEAD(&board->touched, touch);
	entry->touched = false;
	html = evbuffer_new();
	if (html == NULL)
		return true;
	if (entry->name[0] == '\0')
		make_head(board, entry, html);
	else if (entry->name[0] == '(')
		make_degraded(board, entry, html);
	else
		make_row(board, entry, html);
	evbuffer_free(html);
	if (entry->name[0] == '\0')
		find_degraded(board);
	else if (board->version != before)
		touch(board, find(board, HEAD)); /* the head counts the rows */
	return true;
}

/* --- what a page is sent ---------------------------------------------------------------------- */

const char *board_event(const struct board *board, uint64_t *version)
{
	const struct shown *entry, *first = NULL;

	TAILQ_FOREACH_REVERSE(entry, &board->entries, entries, link)
	{
		if (entry->version <= *version)
			break;
		first = entry;
	}
	if (first == NULL)
		return NULL;
	*version = first->version;
	return first->text;
}

char *board_names(const struct board *board)
{
	json_t *names = json_array();
	const struct shown *entry;

	TAILQ_FOREACH(entry, &board->entries, link)
		if (entry->version > 0 && !entry->gone && entry->name[0] != '\0')
			json_array_append_new(names, json_string(entry->name));
	return board_text("all", json_pack("{s:o}", "names", names));
}

/* --- start and end ---------------------------------------------------------------------------- */

struct board *board_new(vigil_daemon *d)
{
	struct board *board = vigil_alloc(d, sizeof(*board));

	board->d = d;
	TAILQ_INIT(&board->entries);
	STAILQ_INIT(&board->touched);
	return board;
}

void board_start(struct board *board, const json_t *names)
{
	const json_t *name;
	size_t i;

	json_array_foreach(names, i, name)
		board_touch(board, json_string_value(name));
	board_touch_head(board);
}

void board_free_rows(struct board *board)
{
	struct shown *entry;

	while ((entry = TAILQ_FIRST(&board->entries)) != NULL) {
		TAILQ_REMOVE(&board->entries, entry, link);
		tdelete(entry, &board->tree, compare);
		shown_free(entry);
	}
	STAILQ_INIT(&board->touched);
}
