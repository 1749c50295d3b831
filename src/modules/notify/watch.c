/*
 * watch: which changes are to be told of.
 *
 * For each address there is a record of the word that was settled last.  A change is news once
 * it has lasted for `for`: what comes and goes in between, and ends where it began, is none.
 *
 * A value counts as a word: a text as it is, a number or truth as JSON writes it, nothing and
 * null as "absent".  An object that a pattern means itself counts by its `level`, as a daemon's health
 * has one; of any other, its members are looked at.  Lists are passed over.
 */
#include <fnmatch.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "notify.h"

#define WORD_MAX    128
#define TEXT_MAX    512
#define POINTER_MAX WATCH_POINTER_MAX
#define RECORDS_MAX 20000
#define ABSENT      "absent"
#define AFTER_PAUSE 2.0 /* seconds, between two looks whether it is over */

struct watch {
	vigil_daemon *d;
	struct send *send;
	const char *const *patterns, *const *from, *const *to;
	double lasting;
	bool begun; /* what is seen before is how things are, not news */
	void *tree; /* of records, by address */
	LIST_HEAD(, record) records;
	size_t count;
};

struct record {
	const char *pointer; /* first: what the tree compares; text below */
	struct watch *watch;
	LIST_ENTRY(record) link;
	char settled[WORD_MAX], now[WORD_MAX];
	bool pending;
	json_t *value; /* what stands there; NULL: nothing */
	char text[];
};

/* --- what is meant ------------------------------------------------------------------------------ */

/* The end of the address that the pattern means, in pointer; NULL: another is meant. */
static const char *meant_end(const char *pattern, const char *pointer)
{
	size_t step, length;

	while (*pattern == '/') {
		if (*pointer++ != '/')
			return NULL;
		pattern++;
		step = strcspn(pattern, "/");
		length = strcspn(pointer, "/");
		if (!(step == 1 && *pattern == '*') &&
			(step != length || strncmp(pattern, pointer, step) != 0))
			return NULL;
		pattern += step;
		pointer += length;
	}
	return *pattern == '\0' ? pointer : NULL;
}

bool watch_matches(const char *pattern, const char *pointer)
{
	return meant_end(pattern, pointer) != NULL;
}

static bool names(const char *const *words, const char *word)
{
	for (; *words != NULL; words++)
		if (fnmatch(*words, word, FNM_NOESCAPE) == 0)
			return true;
	return false;
}

/* That something is there for the first time is news where `to` names what it is; that it is
 * gone, where `to` names that. */
bool watch_wants(
	const char *const *from, const char *const *to, const char *before, const char *now)
{
	bool from_any = strcmp(before, ABSENT) != 0 || to[0] != NULL;
	bool to_any = strcmp(now, ABSENT) != 0;

	return (from[0] != NULL ? names(from, before) : from_any) &&
	       (to[0] != NULL ? names(to, now) : to_any);
}

static void word_of(const json_t *value, char word[WORD_MAX])
{
	const char *text =
		json_string_value(json_is_object(value) ? json_object_get(value, "level") : value);
	char *dumped = NULL;

	if (value == NULL || json_is_null(value))
		text = ABSENT;
	else if (text == NULL)
		text = dumped = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(6));
	vigil_clean(word, WORD_MAX, text != NULL ? text : "?");
	free(dumped);
}

/* --- news -------------------------------------------------------------------------------------- */

/* The daemon that an address is about: NAME of /daemons/NAME and /runs/NAME; else "". */
static void subject_of(const char *pointer, char name[WORD_MAX])
{
	static const char *const places[] = {"/daemons/", "/runs/"};

	name[0] = '\0';
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		size_t n = strlen(places[i]);

		if (strncmp(pointer, places[i], n) == 0)
			snprintf(name, WORD_MAX, "%.*s", (int)strcspn(pointer + n, "/"),
				pointer + n);
	}
}

/* Maintenance: its own, or that of the daemon it would tell of. */
static bool is_paused(vigil_daemon *d, const char *about)
{
	char paused[WORD_MAX + 16];
	const json_t *value;

	if (vigil_paused(d))
		return true;
	snprintf(paused, sizeof(paused), "/runs/%s/paused", about);
	value = about[0] != '\0' ? vigil_state_get(d, paused) : NULL;
	return json_is_true(value);
}

static json_t *change_of(const struct record *r, const char *about)
{
	const char *said = json_string_value(json_object_get(r->value, "text"));
	char text[TEXT_MAX];

	vigil_clean(text, sizeof(text), said != NULL ? said : r->now);
	return json_pack("{s:o,s:s,s:s,s:s,s:s,s:s,s:O?}", "time", vigil_time(), "pointer",
		r->pointer, "daemon", about, "from", r->settled, "to", r->now, "text", text,
		"value", r->value);
}

static void on_lasted(vigil_daemon *d, void *arg);
static void shed(struct record *r);

static void settle(struct record *r)
{
	struct watch *w = r->watch;
	char about[WORD_MAX];

	if (strcmp(r->now, r->settled) == 0)
		return;
	subject_of(r->pointer, about);
	if (w->begun && watch_wants(w->from, w->to, r->settled, r->now)) {
		if (is_paused(w->d, about)) { /* what outlasts the pause is told of after it */
			r->pending = vigil_after(w->d, AFTER_PAUSE, on_lasted, r) == 0;
			return;
		}
		send_change(w->send, change_of(r, about));
	}
	memcpy(r->settled, r->now, sizeof(r->settled));
}

static void on_lasted(vigil_daemon *d, void *arg)
{
	struct record *r = arg;

	r->pending = false;
	settle(r);
	shed(r);
}

/* What is there for the first time, and is no news, is at once what later changes are from. */
static bool has_to_last(const struct record *r)
{
	const struct watch *w = r->watch;

	return w->begun && w->lasting > 0 && strcmp(r->now, r->settled) != 0 &&
	       (strcmp(r->settled, ABSENT) != 0 || watch_wants(w->from, w->to, r->settled, r->now));
}

static void take(struct record *r, const json_t *value)
{
	struct watch *w = r->watch;
	char word[WORD_MAX];

	word_of(value, word);
	json_decref(r->value);
	r->value = value != NULL ? json_deep_copy(value) : NULL;
	if (strcmp(word, r->now) == 0)
		return;
	memcpy(r->now, word, sizeof(word));
	if (r->pending)
		vigil_cancel(w->d, on_lasted, r);
	r->pending = has_to_last(r) && vigil_after(w->d, w->lasting, on_lasted, r) == 0;
	if (!r->pending)
		settle(r);
}

/* --- records ------------------------------------------------------------------------------------ */

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void record_free(struct record *r)
{
	tdelete(r, &r->watch->tree, compare);
	LIST_REMOVE(r, link);
	r->watch->count--;
	json_decref(r->value);
	free(r);
}

/* Of what is gone, and was told of, nothing need be known. */
static void shed(struct record *r)
{
	if (!r->pending && strcmp(r->now, ABSENT) == 0 && strcmp(r->settled, ABSENT) == 0)
		record_free(r);
}

/* The record of an address, made where there is none.  NULL: there are too many. */
static struct record *record_of(struct watch *w, const char *pointer)
{
	size_t size = strlen(pointer) + 1;
	struct record *r;
	void *found = tfind(&pointer, &w->tree, compare);

	if (found != NULL)
		return *(struct record **)found;
	if (w->count >= RECORDS_MAX)
		return NULL;
	r = calloc(1, sizeof(*r) + size);
	if (r == NULL)
		return NULL;
	r->pointer = memcpy(r->text, pointer, size);
	r->watch = w;
	strcpy(r->settled, ABSENT);
	strcpy(r->now, ABSENT);
	if (tsearch(r, &w->tree, compare) == NULL) {
		free(r);
		return NULL;
	}
	LIST_INSERT_HEAD(&w->records, r, link);
	if (++w->count == RECORDS_MAX)
		vigil_log(w->d, VIGIL_WARN, "it watches %d values, and no more: narrow its `watch`",
			RECORDS_MAX);
	return r;
}

/* --- what has changed --------------------------------------------------------------------------- */

static void see(struct watch *w, const char *pointer, const json_t *value)
{
	struct record *r = record_of(w, pointer);

	if (r == NULL)
		return;
	take(r, value);
	shed(r);
}

/* Whether it is meant; if an object that a pattern means itself stands there or above, by its
 * level, then *whole is how much of the address leads to it. */
static bool is_meant(struct watch *w, const char *pointer, size_t *whole)
{
	char at[POINTER_MAX];
	const char *end;
	bool meant = false;

	*whole = 0;
	for (const char *const *pattern = w->patterns; *pattern != NULL; pattern++) {
		end = meant_end(*pattern, pointer);
		if (end == NULL)
			continue;
		meant = true;
		snprintf(at, sizeof(at), "%.*s", (int)(end - pointer), pointer);
		if (json_is_string(json_object_get(vigil_state_get(w->d, at), "level")))
			*whole = (size_t)(end - pointer);
	}
	return meant;
}

static void visit(struct watch *w, const char *pointer, const json_t *value);

static void visit_members(struct watch *w, const char *pointer, const json_t *object)
{
	char below[POINTER_MAX];
	const char *name;
	json_t *member;
	size_t n = (size_t)snprintf(below, sizeof(below), "%s/", pointer);

	json_object_foreach((json_t *)object, name, member)
	{
		size_t at = n;

		for (const char *p = name; *p != '\0' && at + 2 < sizeof(below); p++) {
			if (*p == '~' || *p == '/')
				below[at++] = '~';
			below[at++] = (char)(*p == '~' ? '0' : *p == '/' ? '1' : *p);
		}
		below[at] = '\0';
		if (at + 2 < sizeof(below))
			visit(w, below, member);
	}
}

/* The tree nests 16 deep at most, and so does this. */
static void visit(struct watch *w, const char *pointer, const json_t *value)
{
	char at[POINTER_MAX];
	size_t whole;
	bool meant = is_meant(w, pointer, &whole);

	if (whole > 0) {
		snprintf(at, sizeof(at), "%.*s", (int)whole, pointer);
		value = vigil_state_get(w->d, at);
		see(w, at, value);
	} else if (json_is_object(value)) {
		visit_members(w, pointer, value);
	} else if (meant && value != NULL && !json_is_array(value)) {
		see(w, pointer, value);
	}
}

/* What stood at or below an address and no longer does. */
static void miss(struct watch *w, const char *below)
{
	struct record *r, *next;
	size_t n = strlen(below);

	for (r = LIST_FIRST(&w->records); r != NULL; r = next) {
		next = LIST_NEXT(r, link);
		if (strncmp(r->pointer, below, n) != 0 ||
			(r->pointer[n] != '\0' && r->pointer[n] != '/') ||
			vigil_state_get(w->d, r->pointer) != NULL)
			continue;
		take(r, NULL);
		shed(r);
	}
}

static void on_change(vigil_daemon *d, const char *pointer, const json_t *value, void *arg)
{
	struct watch *w = arg;

	if (value == NULL || json_is_object(value))
		miss(w, pointer);
	visit(w, pointer, value);
}

/* --- life ----------------------------------------------------------------------------------------- */

/* Subscribes as near as a pattern without its stars allows, and takes in how things are. */
static int subscribe(struct watch *w, const char *pattern)
{
	char pointer[POINTER_MAX];
	const char *star = strstr(pattern, "/*");
	size_t length = star != NULL ? (size_t)(star - pattern) : strlen(pattern);
	json_t *copy;
	int err;

	snprintf(pointer, sizeof(pointer), "%.*s", (int)length, pattern); /* it was checked */
	err = vigil_on_change(w->d, pointer, on_change, w);
	if (err != 0)
		return err;
	copy = json_deep_copy(vigil_state_get(w->d, pointer));
	visit(w, pointer, copy);
	json_decref(copy);
	return 0;
}

static int subscribe_all(struct watch *w)
{
	int err = 0;

	for (const char *const *pattern = w->patterns; *pattern != NULL && err == 0; pattern++)
		err = subscribe(w, *pattern);
	return err;
}

struct watch *watch_start(vigil_daemon *d, struct send *send)
{
	struct watch *w = vigil_alloc(d, sizeof(*w));

	*w = (struct watch){.d = d,
		.send = send,
		.patterns = vigil_option_list(d, "watch"),
		.from = vigil_option_list(d, "from"),
		.to = vigil_option_list(d, "to"),
		.lasting = vigil_option_seconds(d, "for")};
	if (subscribe_all(w) != 0) {
		watch_stop(w);
		return NULL;
	}
	w->begun = true;
	return w;
}

void watch_stop(struct watch *w)
{
	while (!LIST_EMPTY(&w->records))
		record_free(LIST_FIRST(&w->records));
}
