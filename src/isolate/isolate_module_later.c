/*
 * isolate_module_later: asks modules in processes without waiting for them.
 *
 * A plan that collects lists its questions.  When all of them are answered, or have failed to be,
 * the plan is made again and finds the answers.
 */
#include "isolate/isolate_module_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "isolate/isolate_ask.h"
#include "loop/loop.h"

#define AT_ONCE 4 /* processes that are asked */

/* --- what is to be asked ---------------------------------------------------------------------- */

static struct wanted *want(struct isolate_modules *all, const struct isolate_query *query)
{
	struct wanted *w = memory_zero(sizeof(*w));

	w->query = *query;
	w->query.user = w->user = memory_text(query->user);
	w->query.daemon = w->daemon = memory_text(query->daemon);
	json_incref(w->query.options);
	STAILQ_INSERT_TAIL(&all->wanted, w, link);
	return w;
}

static void wanted_free(struct wanted *w)
{
	if (w->ask != NULL)
		isolate_ask_cancel(w->ask);
	if (w->described != NULL)
		isolate_described_free(w->described);
	json_decref(w->query.options);
	json_decref(w->identity);
	free(w->key);
	free(w->user);
	free(w->daemon);
	free(w);
}

static bool is_wanted(const struct isolate_modules *all, const char *key)
{
	const struct wanted *w;

	STAILQ_FOREACH(w, &all->wanted, link)
		if (strcmp(w->key, key) == 0)
			return true;
	return false;
}

void isolate_want_description(
	struct described *d, const struct option_set *options, const struct reason *why)
{
	struct isolate_modules *all = &isolate_module_all;
	char *key = memory_format("%s/%s", d->dir, d->name);
	const char *failed = json_string_value(json_object_get(all->failed, key));
	struct wanted *w;

	reason_set(why, 0, "%s", failed != NULL ? failed : "it is being asked");
	if (failed != NULL || is_wanted(all, key)) {
		isolate_described_free(d);
		free(key);
		return;
	}
	w = want(all, &(struct isolate_query){.dir = d->dir,
			      .module = d->name,
			      .user = isolate_user_of(options),
			      .memory = isolate_memory_of(options)});
	w->key = key;
	w->described = d;
}

json_t *isolate_want_check(
	const struct isolate_query *query, json_t *identity, const struct reason *why)
{
	struct isolate_modules *all = &isolate_module_all;
	char *key = memory_format("check %s", query->daemon);
	const char *failed = json_string_value(json_object_get(all->failed, key));
	struct wanted *w;

	if (failed != NULL)
		reason_set(why, 0, "%s", failed);
	if (failed != NULL || is_wanted(all, key)) {
		free(key);
		return failed != NULL ? NULL : json_array();
	}
	w = want(all, query);
	w->key = key;
	w->identity = json_incref(identity);
	return json_array();
}

/* --- without waiting -------------------------------------------------------------------------- */

void isolate_module_collect(bool collect)
{
	isolate_module_all.collects = collect;
}

bool isolate_module_is_wanted(void)
{
	return !STAILQ_EMPTY(&isolate_module_all.wanted);
}

static void start_some(struct isolate_modules *all);

/* why is from the process, and may have been cut inside a character. */
static void note_failure(struct isolate_modules *all, const struct wanted *w, const char *why)
{
	char clean[1024];

	text_escape(clean, sizeof(clean), why, strlen(why));
	json_object_set_new(all->failed, w->key, json_string(clean));
}

static void on_answered(json_t *messages, const char *why, void *arg)
{
	struct isolate_modules *all = &isolate_module_all;
	char text[512];
	const struct reason reason = {text, sizeof(text)};
	struct wanted *w = arg;

	w->ask = NULL; /* it frees itself */
	snprintf(text, sizeof(text), "%s", why);
	if (messages != NULL && w->described == NULL) {
		json_object_set_new(all->checks, w->daemon,
			json_pack("{s:O,s:O}", "query", w->identity, "messages", messages));
	} else if (messages != NULL &&
		   isolate_described_take(w->described, messages, &reason) == 0) {
		SLIST_INSERT_HEAD(&all->list, w->described, link);
		w->described = NULL;
	} else {
		note_failure(all, w, text);
	}
	STAILQ_REMOVE(&all->wanted, w, wanted, link);
	wanted_free(w);
	all->running--;
	start_some(all);
}

static void on_all_answered(uint64_t missed, void *arg)
{
	struct isolate_modules *all = arg;

	loop_timer_free(all->timer);
	all->timer = NULL;
	all->ready(all->ready_arg);
}

/* Keeps a few processes running.  Reports from the loop when none is left. */
static void start_some(struct isolate_modules *all)
{
	struct wanted *w, *next;
	char why[512];

	for (w = STAILQ_FIRST(&all->wanted); w != NULL && all->running < AT_ONCE; w = next) {
		next = STAILQ_NEXT(w, link);
		if (w->ask != NULL)
			continue;
		w->ask = isolate_ask_start(all->loop, &w->query, on_answered, w, why, sizeof(why));
		if (w->ask != NULL) {
			all->running++;
			continue;
		}
		note_failure(all, w, why);
		STAILQ_REMOVE(&all->wanted, w, wanted, link);
		wanted_free(w);
	}
	if (all->running == 0 && all->timer == NULL)
		all->timer = loop_after(all->loop, 0, on_all_answered, all);
}

void isolate_module_ask(struct loop *loop, void (*ready)(void *arg), void *arg)
{
	isolate_module_all.loop = loop;
	isolate_module_all.ready = ready;
	isolate_module_all.ready_arg = arg;
	start_some(&isolate_module_all);
}

void isolate_module_settle(void)
{
	json_object_clear(isolate_module_all.failed);
}

void isolate_module_cancel(void)
{
	struct wanted *w;

	while ((w = STAILQ_FIRST(&isolate_module_all.wanted)) != NULL) {
		STAILQ_REMOVE_HEAD(&isolate_module_all.wanted, link);
		wanted_free(w);
	}
	isolate_module_all.running = 0;
	loop_timer_free(isolate_module_all.timer);
	isolate_module_all.timer = NULL;
	isolate_module_settle();
}
