/* queue: see queue.h. */
#include "queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <vigil/vigil.h>

#include "cut_text.h"
#include "news.h"

/* The size to which a full queue is reduced. A quarter of the queue is then free, so that the
 * expensive reduction is not needed for each change. */
#define ROOM(max) ((max) - (max) / 4)

const char *change_text(const json_t *change, const char *key)
{
	const char *text = json_string_value(json_object_get(change, key));

	return text != NULL ? text : "";
}

/* --- order ------------------------------------------------------------------------------------ */

static int severity(const struct queue_change *c)
{
	return news_severity(change_text(c->change, "to"));
}

static int compare_addresses(const void *a, const void *b)
{
	const struct queue_change *x = *(struct queue_change *const *)a,
				  *y = *(struct queue_change *const *)b;
	int order = strcmp(change_text(x->change, "pointer"), change_text(y->change, "pointer"));

	if (order == 0)
		order = strcmp(change_text(x->change, "what"), change_text(y->change, "what"));
	return order;
}

/* Orders by address, then the newest first. */
static int compare_places(const void *a, const void *b)
{
	const struct queue_change *x = *(struct queue_change *const *)a,
				  *y = *(struct queue_change *const *)b;
	int order = compare_addresses(a, b);

	return order != 0 ? order : x->id < y->id ? 1 : -1;
}

static int compare_needs(const void *a, const void *b)
{
	const struct queue_change *x = *(struct queue_change *const *)a,
				  *y = *(struct queue_change *const *)b;
	int order = y->latest - x->latest;

	if (order == 0)
		order = severity(y) - severity(x);
	return order != 0 ? order : x->id < y->id ? 1 : -1;
}

/* Marks the latest and the worst of each address in an array that is sorted by address. */
static void mark(struct queue_change **sorted, size_t count)
{
	struct queue_change *worst = NULL;

	for (size_t i = 0; i < count; i++) {
		sorted[i]->latest = i == 0 || compare_addresses(&sorted[i - 1], &sorted[i]) != 0;
		sorted[i]->worst = false;
		if (sorted[i]->latest)
			worst = NULL;
		if (worst != NULL && severity(sorted[i]) <= severity(worst))
			continue;
		if (worst != NULL)
			worst->worst = false;
		worst = sorted[i];
		worst->worst = true;
	}
}

/* Returns an array of the changes in the order of compare_places. NULL: there is no memory. */
static struct queue_change **sort_by_place(const struct queue *queue)
{
	struct queue_change **sorted = calloc(queue->count + 1, sizeof(*sorted)), *c;
	size_t n = 0;

	if (sorted == NULL)
		return NULL;
	TAILQ_FOREACH(c, &queue->list, link)
		sorted[n++] = c;
	qsort(sorted, n, sizeof(*sorted), compare_places);
	return sorted;
}

struct queue_change **queue_sorted(struct queue *queue)
{
	struct queue_change **sorted = sort_by_place(queue);

	if (sorted == NULL)
		return NULL;
	mark(sorted, queue->count);
	qsort(sorted, queue->count, sizeof(*sorted), compare_needs);
	return sorted;
}

/* --- dropping --------------------------------------------------------------------------------- */

static void change_free(struct queue *queue, struct queue_change *c)
{
	TAILQ_REMOVE(&queue->list, c, link);
	queue->count--;
	queue->bytes -= c->bytes;
	json_decref(c->change);
	json_decref(c->kept);
	free(c);
}

static void note_name(struct queue *queue, const json_t *change)
{
	const char *name = change_text(change, "daemon");
	json_t *known;
	size_t i;

	if (queue->names == NULL)
		queue->names = json_array();
	if (json_array_size(queue->names) >= QUEUE_NAMES)
		return;
	if (name[0] == '\0')
		name = change_text(change, "pointer");
	json_array_foreach(queue->names, i, known)
		if (strcmp(json_string_value(known), name) == 0)
			return;
	json_array_append_new(queue->names, json_string(name));
}

static void drop(struct queue *queue, struct queue_change *c)
{
	queue->gave_way++;
	change_free(queue, c);
}

/* Drops the changes that are neither the latest nor the worst of their address, and then the least
 * important ones. */
static void shorten(struct queue *queue)
{
	struct queue_change **sorted = queue_sorted(queue);
	size_t count = queue->count;

	for (size_t i = 0; sorted != NULL && i < count; i++) {
		if (sorted[i]->latest || sorted[i]->worst)
			continue;
		queue->superseded++;
		drop(queue, sorted[i]);
		sorted[i] = NULL;
	}
	while (sorted != NULL && queue->count > ROOM(QUEUE_MAX) && count-- > 0) {
		if (sorted[count] == NULL)
			continue;
		queue->dropped++;
		note_name(queue, sorted[count]->change);
		drop(queue, sorted[count]);
	}
	free(sorted);
}

void queue_supersede(struct queue *older, struct queue *newer)
{
	struct queue_change **sorted, *c, *next;

	if (older->count == 0)
		return;
	sorted = sort_by_place(newer);
	for (c = TAILQ_FIRST(&older->list); sorted != NULL && c != NULL; c = next) {
		next = TAILQ_NEXT(c, link);
		if (bsearch(&c, sorted, newer->count, sizeof(*sorted), compare_addresses) == NULL)
			continue;
		newer->superseded++;
		newer->gave_way++;
		change_free(older, c);
	}
	free(sorted);
	if (older->count == 0)
		queue_move(newer, older); /* its counts, so that the next message reports them */
}

static size_t size_of(const json_t *value)
{
	const char *key;
	size_t size = 32, i;
	json_t *member;

	if (json_is_string(value))
		return size + json_string_length(value);
	json_object_foreach((json_t *)value, key, member)
		size += strlen(key) + size_of(member);
	json_array_foreach((json_t *)value, i, member)
		size += size_of(member);
	return size;
}

/* Returns a copy with a text of at most QUEUE_TEXT bytes and without long text and value. The
 * member "cut" marks it. */
static json_t *lean_of(const json_t *change)
{
	json_t *lean = json_copy((json_t *)change);
	char text[QUEUE_TEXT + 8];
	const char *whole = change_text(change, "text");

	json_object_del(lean, "long_text");
	json_object_del(lean, "value");
	json_object_set_new(lean, "cut", json_true());
	if (strlen(whole) > QUEUE_TEXT) {
		cut_text(text, QUEUE_TEXT, whole);
		json_object_set_new(lean, "text", json_string(text));
	}
	return lean;
}

static void lighten(struct queue *queue)
{
	struct queue_change *c;
	json_t *lean;

	TAILQ_FOREACH(c, &queue->list, link) {
		if (queue->bytes <= ROOM(QUEUE_BYTES))
			return;
		if (json_object_get(c->change, "cut") != NULL)
			continue;
		lean = lean_of(c->change);
		json_decref(c->change);
		json_decref(c->kept);
		c->change = lean;
		c->kept = NULL;
		queue->bytes -= c->bytes;
		c->bytes = size_of(c->change);
		queue->bytes += c->bytes;
	}
	while (queue->bytes > QUEUE_BYTES && queue->count > 1) {
		queue->dropped++;
		note_name(queue, TAILQ_FIRST(&queue->list)->change);
		drop(queue, TAILQ_FIRST(&queue->list));
	}
}

/* --- contents --------------------------------------------------------------------------------- */

void queue_init(struct queue *queue)
{
	*queue = (struct queue){0};
	TAILQ_INIT(&queue->list);
}

void queue_clear(struct queue *queue)
{
	while (!TAILQ_EMPTY(&queue->list))
		change_free(queue, TAILQ_FIRST(&queue->list));
	json_decref(queue->names);
	queue->names = NULL;
	queue->superseded = queue->dropped = 0;
}

int queue_add(struct queue *queue, json_t *change, unsigned long id)
{
	struct queue_change *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		json_decref(change);
		return -ENOMEM;
	}
	c->change = change;
	c->id = id;
	c->bytes = size_of(change);
	TAILQ_INSERT_TAIL(&queue->list, c, link);
	queue->count++;
	queue->bytes += c->bytes;
	if (queue->count > QUEUE_MAX)
		shorten(queue);
	if (queue->bytes > QUEUE_BYTES)
		lighten(queue);
	return 0;
}

json_t *queue_kept(struct queue_change *c)
{
	char *text = c->kept == NULL ? vigil_json_text(c->change) : NULL;

	if (text != NULL)
		c->kept = json_string(text);
	free(text);
	return c->kept;
}

void queue_move(struct queue *to, struct queue *from)
{
	json_t *name;
	size_t i;

	TAILQ_CONCAT(&to->list, &from->list, link);
	to->count += from->count;
	to->bytes += from->bytes;
	to->superseded += from->superseded;
	to->dropped += from->dropped;
	to->gave_way += from->gave_way;
	if (from->names != NULL && to->names == NULL)
		to->names = json_array();
	json_array_foreach(from->names, i, name)
		if (json_array_size(to->names) < QUEUE_NAMES)
			json_array_append(to->names, name);
	from->count = from->bytes = from->gave_way = 0;
	queue_clear(from);
	if (to->count > QUEUE_MAX)
		shorten(to);
	if (to->bytes > QUEUE_BYTES)
		lighten(to);
}
