/*
 * state: the tree of JSON values that the daemons share.
 *
 * The loop thread owns it; nothing is locked.  state.c is the one file that changes it and the
 * one that tells of a change.  Addresses are JSON Pointers (RFC 6901).
 *
 * Some subtrees are accounts: computed when they are read (state_mount), never stored.  Of
 * those only what is announced reaches the watchers.
 *
 * A value that is written belongs to the tree from then on: who kept a reference must not
 * change it any more, and what stands in the tree already must not be written a second time but
 * copied (json_deep_copy), or one place would change with the other, untold.  What was read is
 * the tree's own too: a container shows what later writes change below it.
 */
#ifndef STATE_H
#define STATE_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "state/json_pointer.h"

#define STATE_DEPTH_MAX   16
#define STATE_POINTER_MAX POINTER_MAX

struct state;
struct state_watch;

struct state *state_new(void);
void state_free(struct state *state);

/* Raised by one with every change. */
uint64_t state_revision(const struct state *state);

/* Writes; parents that are missing or no objects are made: an array is a value, written whole,
 * and a write below one puts an object in its place, which is then the place told.  Takes the
 * reference, also when it fails.  0 (also when nothing changed); -EINVAL for NULL, a malformed
 * pointer, and the whole tree; -E2BIG for a value or an address of more than STATE_DEPTH_MAX
 * levels; -EPERM at or below an account; -EBUSY inside a watcher's callback.  A write that fails
 * has changed nothing. */
int state_set(struct state *state, const char *pointer, json_t *value);
/* Writes where nothing stands yet, neither there nor in the way; -EEXIST otherwise. */
int state_add(struct state *state, const char *pointer, json_t *value);
/* Removes; the parent stays, also when that was the last in it.  0; -ENOENT where nothing stood
 * (what is in an array cannot be removed alone); -EINVAL, -EPERM and -EBUSY as above. */
int state_unset(struct state *state, const char *pointer);
/* A new reference to what stands there, stored or computed; NULL where nothing stands.  Not to
 * be changed. */
json_t *state_get(struct state *state, const char *pointer);

/* The same, lent until the next write or the next state_lend. */
const json_t *state_lend(struct state *state, const char *pointer);

/* Makes an account at a pointer of one step, such as "/runs": compute returns a new reference
 * to what stands at rest ("" for all of it, else "/..." below), or NULL.  It must
 * not write.  0; -EINVAL for another pointer; -EEXIST where something stands. */
typedef json_t *state_compute_fn(const char *rest, void *arg);
int state_mount(struct state *state, const char *pointer, state_compute_fn *compute, void *arg);
/* Tells the watchers of a change at or below an account; value (NULL: gone) is borrowed.  From a
 * watcher's callback, it is told before the change that the callback was told of is told on. */
void state_announce(struct state *state, const char *pointer, json_t *value);

/* Told at once of each change at the pointer, below it, or above it: of the place that was
 * written.  The value is borrowed; NULL means removed.  The callback must not write (-EBUSY); it
 * may unwatch itself and others, and watch: a new watch is told from the next change on. */
typedef void state_change_fn(uint64_t revision, const char *pointer, json_t *value, void *arg);
/* NULL and errno: EINVAL for a malformed pointer.  Ends with the state at the latest. */
struct state_watch *state_watch(
	struct state *state, const char *pointer, state_change_fn *fn, void *arg);
/* It is told nothing from here on.  NULL is nothing. */
void state_unwatch(struct state_watch *watch);

#endif
