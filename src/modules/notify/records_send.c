/*
 * records_send: makes the change of a record as a JSON object; see send.h.
 */
#include "records.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "last_death.h"
#include "local_time.h"
#include "watch.h"

void record_subject(const char *pointer, char *name, size_t size)
{
	static const char *const places[] = {"/daemons/", "/runs/"};

	name[0] = '\0';
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		size_t n = strlen(places[i]);

		if (strncmp(pointer, places[i], n) == 0)
			snprintf(name, size, "%.*s", (int)strcspn(pointer + n, "/"), pointer + n);
	}
}

static const char *member(const json_t *value, const char *key)
{
	return json_string_value(json_object_get(value, key));
}

/* Sets the pointer, the reason and the text of a change of vigild itself, whose record is
 * /vigil/degraded/WHAT. */
static void set_vigild(const struct record *r, json_t *change)
{
	const char *what = r->pointer + strlen(WATCH_DEGRADED "/");

	json_object_set_new(change, "pointer", json_string(WATCH_DEGRADED));
	json_object_set_new(change, "what", json_string(what));
	if (news_is_good(r->now))
		json_object_set_new(
			change, "text", json_sprintf("vigild is no longer degraded (%s)", what));
}

/* The text says that it is a reminder, because a chat message shows only the text. */
static void add_reminder(const struct record *r, json_t *change)
{
	char since[LOCAL_TIME];

	json_object_set_new(change, "text",
		json_sprintf("reminder, %s since %s: %s", r->now,
			local_time(since, json_string_value(json_object_get(change, "since"))),
			member(change, "text")));
}

static json_t *text_of(const struct record *r, const json_t *value)
{
	const char *said = member(value, "text");
	char *text = malloc(RECORD_WORD);
	json_t *made;

	if (text == NULL)
		return NULL;
	vigil_sanitize(text, RECORD_WORD, said != NULL ? said : r->now);
	made = json_string(text);
	free(text);
	return made;
}

/* Returns when the word began. A new word began at the time in its value, or now. The time of the
 * settled word is stored in the record. */
static json_t *since_of(const struct record *r, const char *event, const json_t *value)
{
	const char *since = member(value, "since");

	if (strcmp(event, "change") != 0)
		return json_string(r->since);
	return since != NULL ? json_string(since) : vigil_time();
}

void record_send(struct record *r, const char *event, const char *from, const json_t *value)
{
	const char *long_text = member(value, "long_text");
	char name[128];
	json_t *change;

	record_subject(r->pointer, name, sizeof(name));
	change = json_pack("{s:o,s:s,s:s,s:s,s:s,s:s,s:o,s:o}", "time", vigil_time(), "event",
		event, "pointer", r->pointer, "daemon", name, "from", from, "to", r->now, "text",
		text_of(r, value), "since", since_of(r, event, value));
	if (change == NULL)
		return;
	if (strcmp(event, "reminder") == 0)
		add_reminder(r, change);
	if (r->kind == NEWS_VIGILD)
		set_vigild(r, change);
	if (long_text != NULL)
		json_object_set_new(change, "long_text", json_string(long_text));
	if (value != NULL)
		json_object_set(change, "value", (json_t *)value);
	last_death_add(r->all->d, change); /* last, because value is borrowed from the state */
	r->told_at = vigil_now();
	send_change(r->all->send, change);
}

/* Used for a change that has waited. */
const json_t *record_present_value(const struct record *r)
{
	const json_t *value =
		vigil_state_get(r->all->d, r->kind == NEWS_VIGILD ? WATCH_DEGRADED : r->pointer);
	const char *what, *wanted = strrchr(r->pointer, '/') + 1;
	json_t *item;
	size_t i;

	if (r->kind != NEWS_VIGILD)
		return value;
	json_array_foreach((json_t *)value, i, item) {
		what = member(item, "what");
		if (what != NULL && strcmp(what, wanted) == 0)
			return item;
	}
	return NULL;
}
