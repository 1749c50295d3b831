/*
 * queue: changes in the order they came, within a bound.
 *
 * Above QUEUE_MAX changes, those give way that a recipient needs least: first the changes of an
 * address that are neither its worst nor its latest, then the least severe and oldest.  Above
 * QUEUE_BYTES, long texts and values give way, oldest first.  What gave way is counted and named.
 */
#ifndef QUEUE_H
#define QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include <jansson.h>

#define QUEUE_MAX   5000
#define QUEUE_BYTES (4 * 1024 * 1024)
#define QUEUE_TEXT  400
#define QUEUE_NAMES 20 /* of daemons whose changes were dropped */

struct queue_change {
	TAILQ_ENTRY(queue_change) link;
	json_t *change;
	json_t *kept;     /* see queue_kept; NULL: not made yet */
	unsigned long id; /* grows */
	size_t bytes;
	/* Of use while queue.c and message.c sort. */
	bool latest, worst;
};

struct queue {
	TAILQ_HEAD(queue_list, queue_change) list;
	size_t count, bytes;
	/* Since they were taken last: */
	size_t superseded; /* neither the worst nor the latest of their address */
	size_t dropped;    /* for want of room */
	json_t *names;     /* of whom changes were dropped, at most QUEUE_NAMES; NULL: of nobody */
	size_t gave_way;   /* both, since queue_init */
};

void queue_init(struct queue *queue);
void queue_clear(struct queue *queue);
/* Takes the reference; id is higher than all before.  0 or -ENOMEM. */
int queue_add(struct queue *queue, json_t *change, unsigned long id);
/* The change as a text of JSON, for the store, where a number would become a metric; borrowed.
 * NULL: no memory. */
json_t *queue_kept(struct queue_change *change);
/* All of from to the end of to, with its counts. */
void queue_move(struct queue *to, struct queue *from);
/* The changes, those first that a recipient needs first: the latest of each address before older
 * ones, the worst first, the newest first.  An array of queue->count to be freed; NULL: no memory. */
struct queue_change **queue_sorted(struct queue *queue);

/* A member's text, or "". */
const char *change_text(const json_t *change, const char *key);

#endif
