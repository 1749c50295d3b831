/*
 * objects: the daemons whose results go to the master, and which of them are due to be told again.
 *
 * Each object is due once an interval, at a phase that a hash of the host's and the object's name gives
 * it, unless a result was sent for another reason less than half an interval before.  So neither the
 * objects of one host nor those of two hosts are due at the same moment.  An object that is due stands in
 * a queue once, however long it waits there: what is sent is made when it is sent, so a newer result
 * replaces an older one.
 */
#ifndef OBJECTS_H
#define OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct objects;

struct object {
	const char *name; /* the daemon's */
	int level;        /* of the newest result that was made; -1: there was none */
	double told;      /* when a result was sent or queued last; 0: never */
	bool due;
	double due_since;
};

/* now, here and below: seconds on a clock that never jumps. */
struct objects *objects_new(const char *host, double interval, double now);
void objects_free(struct objects *objects);

/* NULL: out of memory.  A new object's first phase comes within `within` seconds, or its interval. */
struct object *objects_add(struct objects *objects, const char *name, double now, double within);
/* NULL: there is no such object. */
struct object *objects_find(const struct objects *objects, const char *name);
void objects_remove(struct objects *objects, const char *name);

/* Makes the object due at the end of the queue, unless it is due already. */
void objects_want(struct objects *objects, struct object *object, double now);
/* It was taken out of the queue, or something newer replaces it. */
void objects_unwant(struct objects *objects, struct object *object);
/* It could not be sent: it waits at the front of the queue since then. */
void objects_want_again(struct objects *objects, struct object *object, double since);

/* Makes those due whose phase has come, apart from those that were told within half an interval.  Returns
 * when the next phase comes. */
double objects_advance(struct objects *objects, double now);

/* The queue: the first object, the next after it; NULL: the end. */
struct object *objects_first_due(const struct objects *objects);
struct object *objects_next_due(const struct object *object);
size_t objects_due(const struct objects *objects);
/* How often an object became due while it was still in the queue, since the start. */
uint64_t objects_replaced(const struct objects *objects);

/* The place of a name in the interval, 0 to 1. */
double objects_phase(const char *host, const char *name);

#endif
