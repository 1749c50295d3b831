/*
 * objects: the daemons whose results are sent to the master, and which of them must be sent again.
 *
 * Each object becomes due once an interval, at a phase that is a hash of the names of the host and
 * the object.  So neither the objects of one host nor those of two hosts become due at the same
 * time.  An object does not become due if its result was sent less than half an interval before.
 * An object that is due is in a queue once, however long it waits there.  Its result is made only
 * when it is sent, so a newer result replaces an older one.
 */
#ifndef OBJECTS_H
#define OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct objects;

struct object {
	const char *name; /* the name of the daemon */
	int level;        /* of the newest result that was made; -1: there was none */
	double told;      /* when a result was last sent or queued; 0: never, or in vain */
	bool changed;     /* its newest change was not stored, so it must not wait */
	bool due;
	double due_since;
};

/* now, here and below: seconds on a monotonic clock.  Returns NULL if out of memory. */
struct objects *objects_new(const char *host, double interval, double now);
void objects_free(struct objects *objects);

/* Returns the object of that name and creates it if there is none; NULL: out of memory.  The first
 * phase of a new object comes within one interval. */
struct object *objects_add(struct objects *objects, const char *name, double now);
/* Returns NULL if there is no such object. */
struct object *objects_find(const struct objects *objects, const char *name);
void objects_remove(struct objects *objects, const char *name);

/* Appends the object to the queue.  If it is in the queue already, only objects_replaced counts
 * this. */
void objects_want(struct objects *objects, struct object *object, double now);
/* Removes the object from the queue, because it is being sent or a newer result replaces it. */
void objects_unwant(struct objects *objects, struct object *object);
/* Puts the object at the front of the queue, because it could not be sent; it has waited since
 * `since`. */
void objects_want_again(struct objects *objects, struct object *object, double since);

/* Removes the objects that are OK and not changed from the queue.  They become due again at their
 * phases. */
void objects_postpone(struct objects *objects);

/* Appends the objects whose phase has come to the queue, except those that were sent within the
 * last half interval.  Returns the time of the next phase. */
double objects_advance(struct objects *objects, double now);

/* Iterates over the queue: the first object, and the next one; NULL: the end. */
struct object *objects_first_due(const struct objects *objects);
struct object *objects_next_due(const struct object *object);
size_t objects_due(const struct objects *objects);
/* Returns how often an object became due while it was still in the queue, since objects_new. */
uint64_t objects_replaced(const struct objects *objects);

#endif
