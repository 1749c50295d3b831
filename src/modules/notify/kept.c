/*
 * kept: problems in the store, at /daemons/NAME/told, so that they outlive vigild.
 *
 * The key is the address of the problem.  Everything in it is a text or a truth, because numbers of
 * daemons become metrics.
 */
#include "records.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "local_time.h"

#define KEPT "told"

static const char *const ends[] = {
	[RECORD_OPEN] = "no", [RECORD_GAVE_UP] = "gave_up", [RECORD_FAILED] = "failed"};

/* What is good needs no memory, nor does a value whose first word would not be sent anyhow. */
static bool must_be_kept(const struct record *r)
{
	const struct news_rule *rule = &r->all->rule;

	return r->settled != NULL && !news_is_good(r->settled) &&
	       (r->kind != NEWS_PLAIN || rule->from[0] != NULL || rule->to[0] != NULL);
}

void kept_change(struct record *r)
{
	double ago = r->told_at - vigil_now();
	json_t *before = r->kept;

	r->kept = NULL;
	if (must_be_kept(r))
		r->kept = json_pack("{s:s,s:s,s:s*,s:s,s:o*}", "word", r->settled, "since",
			r->since, "told", r->told, "given_up", ends[r->told_end], "told_at",
			r->told != NULL ? vigil_time_in(ago) : NULL);
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

static void restore(struct records *all, const char *pointer, const json_t *kept)
{
	const char *word = json_string_value(json_object_get(kept, "word")),
		   *since = json_string_value(json_object_get(kept, "since")),
		   *end = json_string_value(json_object_get(kept, "given_up")),
		   *told = json_string_value(json_object_get(kept, "told")),
		   *told_at = json_string_value(json_object_get(kept, "told_at"));
	struct record *r = word != NULL ? record_of(all, pointer) : NULL;
	json_t *now = vigil_time();
	double ago = local_time_read(json_string_value(now)) - local_time_read(told_at);

	json_decref(now);
	if (r == NULL)
		return;
	r->settled = strdup(word);
	snprintf(r->since, sizeof(r->since), "%s", since != NULL ? since : "");
	r->kind = strncmp(pointer, WATCH_DEGRADED "/", strlen(WATCH_DEGRADED "/")) == 0
			  ? NEWS_VIGILD
			  : NEWS_PLAIN; /* the first value shows whether it is a level */
	r->told = told != NULL ? strdup(told) : NULL;
	for (size_t i = 0; end != NULL && i < sizeof(ends) / sizeof(*ends); i++)
		if (strcmp(ends[i], end) == 0)
			r->told_end = (enum record_end)i;
	/* A clock that was set must not put a reminder off for longer than `remind`. */
	r->told_at = vigil_now() - (told_at != NULL && ago > 0 ? ago : 0);
	r->absent_since = vigil_now();
	r->kept = json_incref((json_t *)kept);
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
		if (*pattern != NULL) /* else the configuration has changed */
			restore(all, pointer, kept);
	}
	json_decref(whole);
	send_on_save(all->send, kept_write, all);
	return 0;
}
