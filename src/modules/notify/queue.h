/*
 * queue: a bounded queue of changes in the order of their arrival.
 *
 * Above QUEUE_MAX changes, the least important ones are dropped: first the changes of an address
 * that are neither its worst nor its latest, then the least severe and oldest. Above QUEUE_BYTES,
 * long texts and values are dropped, oldest first, and then whole changes, oldest first. The queue
 * counts the dropped changes and keeps the names of their daemons.
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
#define QUEUE_NAMES 20 /* maximum number of names of daemons whose changes were dropped */

struct queue_change {
	TAILQ_ENTRY(queue_change) link;
	json_t *change;
	json_t *kept;     /* owned; see queue_kept; NULL: not made yet */
	unsigned long id; /* increases with each change */
	size_t bytes;
	/* Only valid after queue_sorted. */
	bool latest, worst;
};

struct queue {
	TAILQ_HEAD(queue_list, queue_change) list;
	size_t count, bytes;
	/* Since the queue was last cleared or moved: */
	/* dropped: neither the worst nor the latest of their address, or see queue_supersede */
	size_t superseded;
	size_t dropped; /* dropped because of the limits */
	/* owned; names of daemons with dropped changes, at most QUEUE_NAMES; NULL: none */
	json_t *names;
	/* superseded + dropped; queue_clear does not reset it */
	size_t gave_way;
};

void queue_init(struct queue *queue);
void queue_clear(struct queue *queue);
/* Adds a change and takes the reference to it, also on failure. id is higher than all before.
 * Returns 0 or -ENOMEM. */
int queue_add(struct queue *queue, json_t *change, unsigned long id);
/* Returns the change as a JSON text in a JSON string; borrowed. The store needs a string, because a
 * number in an object would become a metric. NULL: there is no memory. */
json_t *queue_kept(struct queue_change *change);
/* Moves all changes and counts of `from` to the end of `to`. */
void queue_move(struct queue *to, struct queue *from);
/* Drops the changes of `older` whose address has a change in `newer`, and counts them there. */
void queue_supersede(struct queue *older, struct queue *newer);
/* Returns the changes by importance: the latest of each address before older ones, then the worst
 * first, then the newest first. The caller frees the array, which has queue->count elements. NULL:
 * there is no memory. */
struct queue_change **queue_sorted(struct queue *queue);

/* Returns the text of a member, or "". */
const char *change_text(const json_t *change, const char *key);

#endif
