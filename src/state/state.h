/*
 * state: the tree of JSON values that the daemons share.
 *
 * The loop thread owns the tree, so there are no locks.  Only state.c changes it and notifies the
 * watchers.  Addresses are JSON Pointers (RFC 6901).
 *
 * Some subtrees are accounts: they are computed when they are read (state_mount), and never stored.
 * The watchers are notified of changes in an account only by state_announce.
 *
 * A value that is written belongs to the tree from then on.  A caller that keeps a reference must
 * not change the value any more.  A value that is already in the tree must be copied
 * (json_deep_copy) before it is written at another address, because otherwise a write to one
 * address would also change the other without a notification.  A value that was read belongs to the
 * tree as well: a container shows later writes below it.
 */
#ifndef STATE_H
#define STATE_H

#include <stdint.h>

#include <jansson.h>

#include "state/json_pointer.h"
#include "state/json_value.h"

#define STATE_DEPTH_MAX   16
#define STATE_POINTER_MAX POINTER_MAX

struct state;
struct state_watch;

struct state *state_new(void);
void state_free(struct state *state);

/* Returns the revision, which each change increases by 1. */
uint64_t state_revision(const struct state *state);

/* Writes a value.  Parents that are missing are created.  A parent that is
 * neither an object nor an array is replaced by an object, and the watchers are then notified of
 * the address of that parent.  A step below an array is the index of an element, which is replaced,
 * or the number of its elements, to append one; any other step is refused with -EINVAL.  Takes over
 * the caller's reference, even if it fails. Returns 0, also if the value equals the present one.
 * -EINVAL: NULL, a malformed pointer, or the whole tree. -E2BIG: a value or an address of more than
 * STATE_DEPTH_MAX levels. -EILSEQ, -EDOM: the value cannot be written as JSON (json_value_check).
 * -EPERM: at or below an account. -EBUSY: in the callback of a watcher.  -ENOMEM: no memory.  A
 * write that fails changes nothing. */
int state_set(struct state *state, const char *pointer, json_t *value);
/* Writes a value only if the address has none and no parent is a scalar; otherwise returns
 * -EEXIST. */
int state_add(struct state *state, const char *pointer, json_t *value);
/* Removes a value.  Its parent remains, even if it becomes empty.  Returns 0; -ENOENT if there is
 * no value (an element of an array cannot be removed); or -EINVAL, -E2BIG, -EPERM and -EBUSY like
 * state_set. */
int state_unset(struct state *state, const char *pointer);
/* Returns a new reference to the value, stored or computed, or NULL if there is none.  The caller
 * must not change the value. */
json_t *state_get(struct state *state, const char *pointer);

/* The same, but borrowed until the next write or the next state_lend. */
const json_t *state_lend(struct state *state, const char *pointer);

/* Creates an account at a pointer of one step, such as "/runs".  compute returns a new reference to
 * the value at rest ("" for the whole account, otherwise "/..." below it), or NULL.  It must not
 * write.  Returns 0; -EINVAL for any other pointer; or -EEXIST if there is a value or an
 * account. */
typedef json_t *state_compute_fn(const char *rest, void *arg);
int state_mount(struct state *state, const char *pointer, state_compute_fn *compute, void *arg);
/* Notifies the watchers of a change at or below an account.  value (NULL: removed) is borrowed.  If
 * a watcher calls it from its callback, this notification is complete before that of the first
 * change continues. */
void state_announce(struct state *state, const char *pointer, json_t *value);

/* Called at once for each change at the pointer, below it or above it, with the address that was
 * written.  The value is borrowed; NULL: removed.  The callback must not write (-EBUSY).  It may
 * remove its own watch and others, and add new ones, which are called from the next change on. */
typedef void state_change_fn(uint64_t revision, const char *pointer, json_t *value, void *arg);
/* Adds a watch.  Returns NULL and sets errno to EINVAL if the pointer is malformed.  state_free
 * frees all remaining watches. */
struct state_watch *state_watch(
	struct state *state, const char *pointer, state_change_fn *fn, void *arg);
/* Removes a watch.  Its callback is not called any more.  Does nothing if watch is NULL. */
void state_unwatch(struct state_watch *watch);

#endif
