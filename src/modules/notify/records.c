/*
 * records: see records.h.
 *
 * A word settles when it has lasted for the option `for`. A change that is reverted before that is
 * not sent. A problem that changes its level has not ended, so its time does not begin again, and
 * the level at the end of the time settles. During a pause no word settles, so that only changes
 * that outlast the pause are sent.
 */
#include "records.h"

#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECORDS_MAX 20000
/* Seconds after which the pause of another daemon is checked again. */
#define AFTER_PAUSE 2.0
/* Seconds after the start of vigild until it is certain that vigild is no longer degraded. */
#define AFTER_START 30.0
/* Seconds without a value after which an address is forgotten. */
#define FORGET_AFTER 86400.0
#define FORGET_EVERY 3600.0

/* --- the tree --------------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void wait_no_more(struct record *r)
{
	if (r->line != NULL)
		TAILQ_REMOVE(&r->line->waiting, r, wait);
	r->line = NULL;
}

static void record_free(struct record *r)
{
	wait_no_more(r);
	tdelete(r, &r->all->tree, compare);
	LIST_REMOVE(r, link);
	r->all->count--;
	free(r->settled);
	free(r->now);
	free(r->told);
	json_decref(r->kept);
	free(r);
}

struct record *record_of(struct records *all, const char *pointer)
{
	size_t size = strlen(pointer) + 1;
	struct record *r;
	void *found = tfind(&pointer, &all->tree, compare);

	if (found != NULL)
		return *(struct record **)found;
	if (all->count >= RECORDS_MAX)
		return NULL;
	r = calloc(1, sizeof(*r) + size);
	if (r == NULL)
		return NULL;
	r->pointer = memcpy(r->text, pointer, size);
	r->all = all;
	if (tsearch(r, &all->tree, compare) == NULL) {
		free(r);
		return NULL;
	}
	LIST_INSERT_HEAD(&all->list, r, link);
	if (++all->count == RECORDS_MAX)
		vigil_log(all->d, VIGIL_WARN,
			"the limit of %d watched values is reached: narrow `watch`", RECORDS_MAX);
	return r;
}

/* --- other facts about the daemon ------------------------------------------------------------- */

/* Returns the value at PLACE/NAME/KEY of the daemon that the record is about. */
static const json_t *about(const struct record *r, const char *place, const char *key)
{
	char name[128], pointer[192];

	record_subject(r->pointer, name, sizeof(name));
	if (name[0] == '\0')
		return NULL;
	snprintf(pointer, sizeof(pointer), "%s/%s/%s", place, name, key);
	return vigil_state_get(r->all->d, pointer);
}

bool record_is_paused(const struct record *r)
{
	return vigil_paused(r->all->d) || json_is_true(about(r, "/runs", "paused"));
}

static enum record_end end_of(const struct record *r)
{
	const char *status;

	if (r->kind != NEWS_LEVEL)
		return RECORD_OPEN;
	status = json_string_value(about(r, "/runs", "status"));
	if (status != NULL && strcmp(status, "failed") == 0)
		return RECORD_FAILED;
	return json_is_true(about(r, "/daemons", "gave_up")) ? RECORD_GAVE_UP : RECORD_OPEN;
}

/* --- a word settles --------------------------------------------------------------------------- */

static void wait_in(struct record *r, struct record_line *line);

static void hold(struct record *r)
{
	r->held = true;
	/* The health is announced when a pause ends, but other values are not, so they need a
	 * timer. */
	if (r->kind == NEWS_PLAIN)
		wait_in(r, &r->all->paused);
}

static bool replace(char **word, const char *by)
{
	char *copy = strdup(by);

	if (copy == NULL)
		return false;
	free(*word);
	*word = copy;
	return true;
}

/* Makes the present word the settled one. sent: the change is sent to the recipients. */
static void take_settled(struct record *r, bool sent, const json_t *value)
{
	const char *since = json_string_value(json_object_get(value, "since"));
	json_t *now = NULL;

	if (!replace(&r->settled, r->now))
		return;
	if (since == NULL)
		since = json_string_value(now = vigil_time());
	snprintf(r->since, sizeof(r->since), "%s", since != NULL ? since : "");
	json_decref(now);
	if (news_is_good(r->now)) {
		free(r->told);
		r->told = NULL;
		r->told_end = RECORD_OPEN;
	} else if (sent) {
		replace(&r->told, r->now);
		r->told_end = end_of(r);
	}
	r->restored = false;
	kept_change(r);
}

/* Sends, once for each problem, that vigil no longer tries to solve a problem that was sent. */
static void review_end(struct record *r, const json_t *value)
{
	enum record_end end;
	json_t *held;

	if (r->told == NULL || r->kind != NEWS_LEVEL || r->told_end == RECORD_FAILED)
		return;
	held = json_incref((json_t *)value);
	end = end_of(r);
	if (end > r->told_end && news_may_be(&r->all->rule, r->kind, r->settled) &&
		!record_is_paused(r)) {
		record_send(r, end == RECORD_FAILED ? "failed" : "gave_up", r->settled, held);
		replace(&r->told, r->settled);
		r->told_end = end;
		kept_change(r);
	}
	json_decref(held);
}

static void settle(struct record *r, const json_t *value)
{
	const struct news_change change = {
		.kind = r->kind, .before = r->settled, .now = r->now, .told = r->told};
	/* a borrowed value is only valid until the next read */
	json_t *held = json_incref((json_t *)value);
	bool wanted;

	if (record_is_paused(r)) {
		hold(r);
		json_decref(held);
		return;
	}
	r->held = false;
	wanted = news_is_wanted(&r->all->rule, &change);
	if (wanted)
		record_send(r, "change", r->settled != NULL ? r->settled : NEWS_ABSENT, held);
	take_settled(r, wanted, held);
	if (!wanted)
		review_end(r, held);
	json_decref(held);
}

/* --- waiting ---------------------------------------------------------------------------------- */

static void on_line(vigil_daemon *d, void *arg);

static void arm(struct record_line *line)
{
	const struct record *first = TAILQ_FIRST(&line->waiting);
	double delay = first->due - vigil_now();

	vigil_after(line->records->d, delay > 0 ? delay : 0, on_line, line);
}

static void wait_in(struct record *r, struct record_line *line)
{
	bool idle = TAILQ_EMPTY(&line->waiting);

	wait_no_more(r);
	r->due = vigil_now() + line->delay;
	r->line = line;
	TAILQ_INSERT_TAIL(&line->waiting, r, wait);
	if (idle)
		arm(line);
}

/* All records of a line wait for the same delay, so the first one is always due first. Records that
 * wait again are added at the end. */
static void on_line(vigil_daemon *d, void *arg)
{
	struct record_line *line = arg;
	double now = vigil_now();
	struct record *r;

	/* a second timer exists if the line was empty for a moment */
	vigil_cancel(d, on_line, line);
	while ((r = TAILQ_FIRST(&line->waiting)) != NULL && r->due <= now) {
		wait_no_more(r);
		settle(r, record_present_value(r));
	}
	if (!TAILQ_EMPTY(&line->waiting)) {
		vigil_cancel(d, on_line, line);
		arm(line);
	}
}

/* Returns the line in which the record waits before its word settles. NULL: the word settles at
 * once. That is so if `for` is 0, and for a first word that is not sent, because later changes are
 * compared with it. The end of a degradation of vigild that was loaded from the store waits for at
 * least AFTER_START. */
static struct record_line *line_for(struct record *r)
{
	struct records *all = r->all;
	const struct news_change change = {.kind = r->kind, .now = r->now};

	if (r->settled == NULL && !news_is_wanted(&all->rule, &change))
		return NULL;
	if (r->kind == NEWS_VIGILD && r->restored && news_is_good(r->now))
		return &all->restarted;
	return all->lasting.delay > 0 ? &all->lasting : NULL;
}

/* --- present words ---------------------------------------------------------------------------- */

/* Handles an unknown value. The settled word stays, and later changes are compared with it. */
static void see_nothing(struct record *r)
{
	wait_no_more(r);
	r->held = false;
	if (r->now != NULL)
		r->absent_since = vigil_now();
	free(r->now);
	r->now = NULL;
	if (r->settled == NULL)
		record_free(r);
}

static bool is_problem(const struct record *r, const char *word)
{
	return !news_is_good(word) && news_may_be(&r->all->rule, r->kind, word);
}

/* Returns whether the record waits to settle and the new word only changes the level of its
 * problem. Values that are not levels are problems only if `to` names them, and only until the
 * problem settles, so that a number that changes all the time is not sent again and again. */
static bool goes_on(const struct record *r, const char *word)
{
	if (r->line != &r->all->lasting)
		return false;
	if (r->kind == NEWS_PLAIN &&
		(r->all->rule.to[0] == NULL || (r->settled != NULL && is_problem(r, r->settled))))
		return false;
	return is_problem(r, r->now) && is_problem(r, word);
}

static void see_word(struct record *r, const char *word, const json_t *value)
{
	struct record_line *line;
	bool reverted = r->settled != NULL && strcmp(r->settled, word) == 0;
	bool waits_on = !reverted && goes_on(r, word);

	if (r->now != NULL && strcmp(word, r->now) == 0) {
		if (r->held)
			settle(r, value);
		else if (r->line == NULL)
			review_end(r, value);
		return;
	}
	if (!replace(&r->now, word) || waits_on)
		return;
	wait_no_more(r);
	r->held = false;
	if (reverted) {
		r->restored = false;
		review_end(r, value);
		return;
	}
	line = line_for(r);
	if (line != NULL)
		wait_in(r, line);
	else
		settle(r, value);
}

/* Returns whether a vague word counts. It counts if the options name it. A word other than "absent"
 * also counts if both options are empty. */
static bool counts(const struct records *all, const char *word)
{
	return news_names(&all->rule, word) ||
	       (strcmp(word, NEWS_ABSENT) != 0 && all->rule.from[0] == NULL &&
		       all->rule.to[0] == NULL);
}

void records_see(struct records *all, const char *pointer, enum news_kind kind, const char *word,
	bool vague, const json_t *value)
{
	bool absent = strcmp(word, NEWS_ABSENT) == 0, nothing = vague && !counts(all, word);
	void *found = tfind(&pointer, &all->tree, compare);
	struct record *r;

	if (found == NULL && (nothing || absent))
		return;
	r = record_of(all, pointer);
	if (r == NULL)
		return;
	if (absent)
		nothing = nothing || r->settled == NULL;
	else
		r->kind = kind;
	if (nothing)
		see_nothing(r);
	else
		see_word(r, word, value);
}

void records_resumed(struct records *all)
{
	struct record *r, *next;

	for (r = LIST_FIRST(&all->list); r != NULL; r = next) {
		next = LIST_NEXT(r, link);
		if (!r->held)
			continue;
		wait_no_more(r);
		settle(r, record_present_value(r));
	}
}

/* --- creation --------------------------------------------------------------------------------- */

static void on_forget(vigil_daemon *d, void *arg)
{
	struct records *all = arg;
	double before = vigil_now() - FORGET_AFTER;
	struct record *r, *next;

	for (r = LIST_FIRST(&all->list); r != NULL; r = next) {
		next = LIST_NEXT(r, link);
		if (r->now != NULL || r->absent_since > before)
			continue;
		free(r->settled);
		r->settled = NULL;
		kept_change(r);
		record_free(r);
	}
	vigil_after(d, FORGET_EVERY, on_forget, all);
}

static void line_init(struct records *all, struct record_line *line, double delay)
{
	line->records = all;
	line->delay = delay;
	TAILQ_INIT(&line->waiting);
}

struct records *records_new(vigil_daemon *d, struct send *send)
{
	struct records *all = vigil_alloc(d, sizeof(*all));
	double lasting = vigil_option_seconds(d, "for");

	all->d = d;
	all->send = send;
	all->rule = (struct news_rule){
		.from = vigil_option_list(d, "from"), .to = vigil_option_list(d, "to")};
	all->remind = vigil_option_seconds(d, "remind");
	line_init(all, &all->lasting, lasting);
	line_init(all, &all->paused, AFTER_PAUSE);
	line_init(all, &all->restarted, lasting > AFTER_START ? lasting : AFTER_START);
	vigil_after(d, FORGET_EVERY, on_forget, all);
	return all;
}

void records_free(struct records *all)
{
	while (!LIST_EMPTY(&all->list))
		record_free(LIST_FIRST(&all->list));
}
