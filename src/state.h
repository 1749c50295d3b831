/*
 * state: the tree of JSON values that the daemons share.
 *
 * The loop thread owns it; nothing is locked.  state.c is the one file that changes it and the
 * one that tells of a change.  Addresses are JSON Pointers (RFC 6901).
 *
 * Some subtrees are accounts: computed when they are read (state_mount), never stored.  Of
 * those only what is announced reaches the watchers.
 */
#ifndef STATE_H
#define STATE_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "pointer.h"

#define STATE_DEPTH_MAX   16
#define STATE_POINTER_MAX POINTER_MAX

struct state;
struct state_watch;

struct state *state_new(void);
void state_free(struct state *state);

/* Raised by one with every change. */
uint64_t state_revision(const struct state *state);

/* Writes; parents that are missing or no objects are made.  Takes the reference, also when it
 * fails.  0 (also when nothing changed); -EINVAL for NULL or a malformed pointer; -E2BIG for a
 * value or an address that nests too deep; -EPERM below an account; -EBUSY inside a watcher's callback. */
int state_set(struct state *state, const char *pointer, json_t *value);
/* Writes where nothing stands yet; -EEXIST otherwise. */
int state_add(struct state *state, const char *pointer, json_t *value);
/* 0, or -ENOENT where nothing stood. */
int state_unset(struct state *state, const char *pointer);
/* A new reference to what stands there, stored or computed; NULL where nothing stands.  Not to
 * be changed. */
json_t *state_get(struct state *state, const char *pointer);

/* The same, lent until the next write or the next state_lend. */
const json_t *state_lend(struct state *state, const char *pointer);

/* Makes an account at a pointer of one step, such as "/runs": compute returns a new reference
 * to what stands at rest ("" for all of it, else "/..." below), or NULL. */
typedef json_t *state_compute_fn(const char *rest, void *arg);
int state_mount(struct state *state, const char *pointer, state_compute_fn *compute, void *arg);
/* Tells the watchers of a change below an account; value (NULL: gone) is borrowed. */
void state_announce(struct state *state, const char *pointer, json_t *value);

/* Told of each change at the pointer, below it, or above it: of the place that was written.
 * The value is borrowed; NULL means removed.  The callback must not write (-EBUSY). */
typedef void state_change_fn(uint64_t revision, const char *pointer, json_t *value, void *arg);
struct state_watch *state_watch(
	struct state *state, const char *pointer, state_change_fn *fn, void *arg);
void state_unwatch(struct state_watch *watch);

#endif
