/*
 * watch: observes the watched addresses and gives their values to records.c as words.
 *
 * A string is a word as it is, a number or boolean as JSON text, and a missing value or null is
 * "absent". An object that a pattern matches exactly counts by its `level`, such as a daemon's
 * health. Of any other object the members are examined. Lists are ignored, except the list of the
 * reasons why vigild is degraded.
 *
 * A number of a daemon whose numbers are stale is "UNKNOWN". The subtree of the notify daemon
 * itself is ignored, because a message about it would cause the next message.
 */
#include "watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "records.h"

#define POINTER_MAX WATCH_POINTER_MAX

struct watch {
	vigil_daemon *d;
	struct records *records;
	const char *const *patterns;
};

/* --- patterns --------------------------------------------------------------------------------- */

/* Returns the end of the part of the address that the pattern matches. NULL: the pattern does not
 * match. */
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

static bool is_level(const json_t *value)
{
	return json_is_string(json_object_get(value, "level"));
}

/* Returns whether a pattern matches the address or one above it. If the object that the pattern
 * matches has a level, *whole is the length of that object's address; otherwise 0. */
static bool is_meant(struct watch *w, const char *pointer, const json_t *value, size_t *whole)
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
		if (is_level(*end == '\0' ? value : vigil_state_get(w->d, at)))
			*whole = (size_t)(end - pointer);
	}
	return meant;
}

/* Returns whether the address is /daemons/NAME or /runs/NAME of this daemon itself, or below. */
static bool is_own(struct watch *w, const char *pointer)
{
	char name[128];

	record_subject(pointer, name, sizeof(name));
	return strcmp(name, vigil_name(w->d)) == 0;
}

/* --- words ------------------------------------------------------------------------------------ */

static char *word_of(const json_t *value)
{
	const char *text =
		json_string_value(is_level(value) ? json_object_get(value, "level") : value);
	char *made = text == NULL ? vigil_json_text(value) : NULL, *word = malloc(RECORD_WORD);

	if (word != NULL)
		vigil_sanitize(word, RECORD_WORD, text != NULL ? text : made != NULL ? made : "?");
	free(made);
	return word;
}

static void see(struct watch *w, const char *pointer, const json_t *value)
{
	bool level = is_level(value) || watch_matches("/runs/*/health/level", pointer);
	/* a borrowed value is only valid until the next read */
	json_t *held = json_incref((json_t *)value);
	char *word;

	if (value == NULL || json_is_null(value)) {
		records_see(w->records, pointer, NEWS_PLAIN, NEWS_ABSENT, true, NULL);
	} else if (json_is_number(value) && vigil_state_stale(w->d, pointer)) {
		records_see(w->records, pointer, NEWS_PLAIN, "UNKNOWN", true, held);
	} else {
		word = word_of(held);
		if (word != NULL)
			records_see(w->records, pointer, level ? NEWS_LEVEL : NEWS_PLAIN, word,
				false, held);
		free(word);
	}
	json_decref(held);
}

/* --- vigild itself ---------------------------------------------------------------------------- */

static void see_reason(struct watch *w, const json_t *reason)
{
	const char *what = json_string_value(json_object_get(reason, "what"));
	char pointer[128];

	if (what == NULL)
		return;
	snprintf(pointer, sizeof(pointer), WATCH_DEGRADED "/%s", what);
	records_see(w->records, pointer, NEWS_VIGILD, "WARNING", false, reason);
}

static bool is_reason(const json_t *reasons, const char *what)
{
	const char *text;
	json_t *reason;
	size_t i;

	json_array_foreach((json_t *)reasons, i, reason) {
		text = json_string_value(json_object_get(reason, "what"));
		if (text != NULL && strcmp(text, what) == 0)
			return true;
	}
	return false;
}

/* Reports the present reasons. The other known reasons have ended and are reported as OK. */
static void see_degraded(struct watch *w, const json_t *reasons)
{
	json_t *held = json_incref((json_t *)reasons), *reason;
	struct record *r, *next;
	size_t i;

	json_array_foreach(held, i, reason)
		see_reason(w, reason);
	for (r = LIST_FIRST(&w->records->list); r != NULL; r = next) {
		next = LIST_NEXT(r, link);
		if (r->kind == NEWS_VIGILD && !is_reason(held, strrchr(r->pointer, '/') + 1))
			records_see(w->records, r->pointer, NEWS_VIGILD, "OK", false, NULL);
	}
	json_decref(held);
}

/* --- changes ---------------------------------------------------------------------------------- */

static void visit(struct watch *w, const char *pointer, const json_t *value);

static void visit_members(struct watch *w, const char *pointer, const json_t *object)
{
	char below[POINTER_MAX];
	const char *name;
	json_t *member;
	size_t n = (size_t)snprintf(below, sizeof(below), "%s/", pointer);

	json_object_foreach((json_t *)object, name, member) {
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

/* The recursion is limited, because the state nests at most 16 levels deep. */
static void visit(struct watch *w, const char *pointer, const json_t *value)
{
	char at[POINTER_MAX];
	size_t whole;
	bool meant = is_meant(w, pointer, value, &whole);

	if (is_own(w, pointer))
		return;
	if (meant && strcmp(pointer, WATCH_DEGRADED) == 0) {
		see_degraded(w, value);
	} else if (whole > 0) {
		snprintf(at, sizeof(at), "%.*s", (int)whole, pointer);
		see(w, at, pointer[whole] == '\0' ? value : vigil_state_get(w->d, at));
	} else if (json_is_object(value)) {
		visit_members(w, pointer, value);
	} else if (meant && value != NULL && !json_is_array(value)) {
		see(w, pointer, value);
	}
}

static bool covers(const char *outer, const char *inner)
{
	size_t n = strlen(outer);

	return strncmp(outer, inner, n) == 0 && (inner[n] == '\0' || inner[n] == '/');
}

/* Reads the values of the records below an address again. missing: only of those whose value is
 * gone; otherwise also of those whose value is a number. */
static void see_again(struct watch *w, const char *below, bool missing)
{
	struct record *r, *next;
	const json_t *value;

	for (r = LIST_FIRST(&w->records->list); r != NULL; r = next) {
		next = LIST_NEXT(r, link);
		if (r->kind == NEWS_VIGILD || !covers(below, r->pointer))
			continue;
		value = vigil_state_get(w->d, r->pointer);
		if (value == NULL || (!missing && json_is_number(value)))
			see(w, r->pointer, value);
	}
}

/* /daemons/NAME/stale has changed, which concerns the numbers below NAME. */
static void on_stale(vigil_daemon *d, const char *pointer, const json_t *value, void *arg)
{
	const char *end = strrchr(pointer, '/');
	char below[POINTER_MAX];

	(void)d, (void)value;
	if (end == NULL || strcmp(end, "/stale") != 0)
		return;
	snprintf(below, sizeof(below), "%.*s", (int)(end - pointer), pointer);
	see_again(arg, below, false);
}

static void on_change(vigil_daemon *d, const char *pointer, const json_t *value, void *arg)
{
	struct watch *w = arg;

	if (watch_matches("/daemons/*/stale", pointer))
		on_stale(d, pointer, value, w);
	if ((value == NULL || (json_is_object(value) && !is_level(value))) &&
		strcmp(pointer, WATCH_DEGRADED) != 0)
		see_again(w, pointer, true);
	visit(w, pointer, value);
}

/* --- start and stop --------------------------------------------------------------------------- */

/* Subscribes to the key that tells whether a value is stale, because the subscription to one value
 * does not include it. */
static int subscribe_stale(struct watch *w, const char *pointer)
{
	char at[192];
	size_t name;

	if (!watch_matches("/daemons/*", pointer))
		return 0;
	name = strlen("/daemons/") + strcspn(pointer + strlen("/daemons/"), "/");
	if (pointer[name] == '\0')
		return 0;
	snprintf(at, sizeof(at), "%.*s/stale", (int)name, pointer);
	return vigil_on_change(w->d, at, on_stale, w);
}

/* Subscribes to the part of the pattern before its first star, and reads the present values. */
static int subscribe(struct watch *w, const char *pattern)
{
	char pointer[POINTER_MAX];
	const char *star = strstr(pattern, "/*");
	size_t length = star != NULL ? (size_t)(star - pattern) : strlen(pattern);
	json_t *copy;
	int err;

	/* watch_check has checked the length */
	snprintf(pointer, sizeof(pointer), "%.*s", (int)length, pattern);
	err = vigil_on_change(w->d, pointer, on_change, w);
	if (err == 0)
		err = subscribe_stale(w, pointer);
	if (err != 0)
		return err;
	copy = json_deep_copy(vigil_state_get(w->d, pointer));
	visit(w, pointer, copy);
	json_decref(copy);
	return 0;
}

struct watch *watch_start(vigil_daemon *d, struct send *send)
{
	struct watch *w = vigil_alloc(d, sizeof(*w));
	int err;

	*w = (struct watch){
		.d = d, .records = records_new(d, send), .patterns = vigil_option_list(d, "watch")};
	err = kept_load(w->records, w->patterns);
	if (err == 0)
		err = remind_start(w->records);
	for (const char *const *pattern = w->patterns; *pattern != NULL && err == 0; pattern++)
		err = subscribe(w, *pattern);
	if (err == 0)
		return w;
	watch_stop(w);
	return NULL;
}

void watch_stop(struct watch *w)
{
	records_free(w->records);
}

void watch_resumed(struct watch *w)
{
	records_resumed(w->records);
}
