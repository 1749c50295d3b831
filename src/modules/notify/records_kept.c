/*
 * records_kept: stores problems at /daemons/NAME/told, so that they survive a restart of vigild.
 *
 * The key is the address of the problem. All values are strings, because numbers of daemons become
 * metrics.
 */
#include "records.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "local_time.h"
#include "watch.h"

#define KEPT "told"

static const char *const ends[] = {
	[RECORD_OPEN] = "no", [RECORD_GAVE_UP] = "gave_up", [RECORD_FAILED] = "failed"};

/* Returns whether the record must be stored. A good word need not be stored, nor a plain value if
 * neither `from` nor `to` is set, because its first word would not be sent anyway. */
static bool must_be_kept(const struct record *r)
{
	const struct news_rule *rule = &r->all->rule;

	return r->settled != NULL && !news_is_good(r->settled) &&
	       (r->kind != NEWS_PLAIN || rule->from[0] != NULL || rule->to[0] != NULL);
}

static json_t *kept_of(const struct record *r)
{
	double ago = r->told_at - vigil_now();

	return json_pack("{s:s,s:s,s:s*,s:s,s:o*}", "word", r->settled, "since", r->since, "told",
		r->told, "given_up", ends[r->told_end], "told_at",
		r->told != NULL ? vigil_time_in(ago) : NULL);
}

void kept_change(struct record *r)
{
	json_t *before = r->kept;

	r->kept = must_be_kept(r) ? kept_of(r) : NULL;
	if (before != NULL || r->kept != NULL)
		send_save_soon(r->all->send);
	json_decref(before);
}

void kept_write(void *arg)
{
	struct records *all = arg;
	json_t *whole = json_object();
	struct record *r;

	LIST_FOREACH(r, &all->list, link) {
		if (r->kept != NULL)
			json_object_set(whole, r->pointer, r->kept);
	}
	vigil_state_set(all->d, KEPT, whole);
}

/* Returns a copy of the word at the key. NULL: there is none, it is a good word, or it is longer
 * than the words that kept_write stores. */
static char *word_of(const json_t *kept, const char *key)
{
	const char *text = json_string_value(json_object_get(kept, key));

	return text != NULL && strlen(text) < RECORD_WORD && !news_is_good(text) ? strdup(text)
										 : NULL;
}

/* Restores the time at which the word began; if it is damaged, the present time. */
static void restore_since(struct record *r, const char *since, const char *now)
{
	bool known =
		since != NULL && strlen(since) < sizeof(r->since) && local_time_read(since) >= 0;

	vigil_sanitize(r->since, sizeof(r->since), known ? since : now);
}

/* Restores one record. The file may be damaged or may have been edited, so only values that this
 * file could have written are accepted, and r->kept has them in the form in which they are
 * written. */
static void restore(struct records *all, const char *pointer, const json_t *kept)
{
	const char *end = json_string_value(json_object_get(kept, "given_up")),
		   *told_at = json_string_value(json_object_get(kept, "told_at"));
	char *word = word_of(kept, "word");
	struct record *r = word != NULL ? record_of(all, pointer) : NULL;
	json_t *now = vigil_time();
	double ago = local_time_read(json_string_value(now)) - local_time_read(told_at);

	if (r == NULL) {
		json_decref(now);
		free(word);
		return;
	}
	r->settled = word;
	restore_since(r, json_string_value(json_object_get(kept, "since")), json_string_value(now));
	json_decref(now);
	r->kind = strncmp(pointer, WATCH_DEGRADED "/", strlen(WATCH_DEGRADED "/")) == 0
			  ? NEWS_VIGILD
			  : NEWS_PLAIN; /* the first value tells whether it is a level */
	r->told = word_of(kept, "told");
	for (size_t i = 0; end != NULL && i < sizeof(ends) / sizeof(*ends); i++)
		if (strcmp(ends[i], end) == 0)
			r->told_end = (enum record_end)i;
	/* A clock step must not delay a reminder for longer than `remind`. */
	r->told_at = vigil_now() - (local_time_read(told_at) >= 0 && ago > 0 ? ago : 0);
	r->absent_since = vigil_now();
	r->kept = kept_of(r);
	r->restored = true;
}

int kept_load(struct records *all, const char *const *patterns)
{
	int err = vigil_persist(all->d, KEPT);
	const char *pointer;
	json_t *whole, *kept;

	if (err != 0)
		return err;
	whole = json_copy((json_t *)vigil_state_get(all->d, KEPT));
	json_object_foreach(whole, pointer, kept) {
		const char *const *pattern = patterns;

		while (*pattern != NULL && !watch_matches(*pattern, pointer))
			pattern++;
		if (*pattern != NULL) /* otherwise the configuration has changed */
			restore(all, pointer, kept);
	}
	json_decref(whole);
	send_on_save(all->send, kept_write, all);
	return 0;
}
