/* objects: the daemons whose results are sent to the master; see objects.h. */
#include "objects.h"

#include <math.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "phase.h"

struct item {
	struct object public; /* must be the first member */
	double next;          /* when its next phase comes */
	TAILQ_ENTRY(item) link;
	TAILQ_ENTRY(item) due_link; /* in the queue, while it is due */
	char name[];
};

struct objects {
	char *host;
	double interval, start;
	void *tree; /* the same items by name, for tsearch */
	TAILQ_HEAD(, item) all;
	TAILQ_HEAD(due_list, item) due;
	size_t due_count;
	uint64_t replaced;
};

/* --- phases ----------------------------------------------------------------------------------- */

/* Returns the first time of the item's phase that is later than `now`. */
static double phase_after(const struct objects *o, const struct item *item, double now)
{
	double first = o->start + phase_of(o->host, item->name) * o->interval;

	return first > now ? first : first + (floor((now - first) / o->interval) + 1) * o->interval;
}

static bool was_sent(const struct objects *o, const struct object *object, double now)
{
	return object->told > 0 && object->told > now - o->interval / 2;
}

double objects_advance(struct objects *o, double now)
{
	double soonest = now + o->interval;
	struct item *item;

	TAILQ_FOREACH(item, &o->all, link) {
		if (item->next <= now) {
			if (!was_sent(o, &item->public, now))
				objects_want(o, &item->public, now);
			item->next = phase_after(o, item, now);
		}
		if (item->next < soonest)
			soonest = item->next;
	}
	return soonest;
}

/* --- the queue -------------------------------------------------------------------------------- */

void objects_want(struct objects *o, struct object *object, double now)
{
	struct item *item = (struct item *)object;

	if (object->due) {
		o->replaced++;
		return;
	}
	object->due = true;
	object->due_since = now;
	TAILQ_INSERT_TAIL(&o->due, item, due_link);
	o->due_count++;
}

void objects_want_again(struct objects *o, struct object *object, double since)
{
	objects_unwant(o, object);
	object->due = true;
	object->due_since = since;
	object->told = 0;
	TAILQ_INSERT_HEAD(&o->due, (struct item *)object, due_link);
	o->due_count++;
}

void objects_unwant(struct objects *o, struct object *object)
{
	if (!object->due)
		return;
	object->due = false;
	TAILQ_REMOVE(&o->due, (struct item *)object, due_link);
	o->due_count--;
}

void objects_postpone(struct objects *o)
{
	struct object *object, *next;

	for (object = objects_first_due(o); object != NULL; object = next) {
		next = objects_next_due(object);
		if (object->level <= 0 && !object->changed)
			objects_unwant(o, object);
	}
}

struct object *objects_first_due(const struct objects *o)
{
	return TAILQ_EMPTY(&o->due) ? NULL : &TAILQ_FIRST(&o->due)->public;
}

struct object *objects_next_due(const struct object *object)
{
	struct item *next = TAILQ_NEXT((const struct item *)object, due_link);

	return next != NULL ? &next->public : NULL;
}

size_t objects_due(const struct objects *o)
{
	return o->due_count;
}

uint64_t objects_replaced(const struct objects *o)
{
	return o->replaced;
}

/* --- by name ---------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct object *)a)->name, ((const struct object *)b)->name);
}

struct object *objects_find(const struct objects *o, const char *name)
{
	const struct object key = {.name = name};
	void *found = tfind(&key, &o->tree, by_name);

	return found != NULL ? *(struct object **)found : NULL;
}

struct object *objects_add(struct objects *o, const char *name, double now)
{
	struct object *object = objects_find(o, name);
	struct item *item;

	if (object != NULL)
		return object;
	item = calloc(1, sizeof(*item) + strlen(name) + 1);
	if (item == NULL)
		return NULL;
	item->public.name = strcpy(item->name, name);
	item->public.level = -1;
	if (tsearch(item, &o->tree, by_name) == NULL) {
		free(item);
		return NULL;
	}
	item->next = now + phase_of(o->host, name) * o->interval;
	TAILQ_INSERT_TAIL(&o->all, item, link);
	return &item->public;
}

static void item_free(struct objects *o, struct item *item)
{
	objects_unwant(o, &item->public);
	tdelete(item, &o->tree, by_name);
	TAILQ_REMOVE(&o->all, item, link);
	free(item);
}

void objects_remove(struct objects *o, const char *name)
{
	struct object *object = objects_find(o, name);

	if (object != NULL)
		item_free(o, (struct item *)object);
}

struct objects *objects_new(const char *host, double interval, double now)
{
	struct objects *o = calloc(1, sizeof(*o));

	if (o == NULL)
		return NULL;
	TAILQ_INIT(&o->all);
	TAILQ_INIT(&o->due);
	o->host = strdup(host);
	o->interval = interval;
	o->start = now;
	if (o->host != NULL)
		return o;
	free(o);
	return NULL;
}

void objects_free(struct objects *o)
{
	if (o == NULL)
		return;
	while (!TAILQ_EMPTY(&o->all))
		item_free(o, TAILQ_FIRST(&o->all));
	free(o->host);
	free(o);
}
