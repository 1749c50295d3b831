/*
 * state: see state.h.  Only this file changes the tree and notifies the watchers.  The loop thread
 * owns the tree, so there are no locks.
 *
 * A write descends one level for each step of its address and then replaces one value.  Missing
 * parents are built outside the tree and inserted as a whole, so a write that fails changes
 * nothing.  The time of a write and of its notifications does not depend on the size of the tree.
 * A daemon usually writes several members of one object, so the object of the last write is
 * remembered, and the next write to a member of it looks up one step only.
 *
 * Watchers are called inside the write, with the address that was written, before anything else can
 * change.  A watcher must not write.  Code that reacts to a change records it and acts later, from
 * the loop.  A watcher may unwatch: a watch that is removed during a notification is only marked,
 * and freed after the notification.
 *
 * jansson compares, dumps and frees by recursion.  So that no value can exhaust the stack, the
 * depth of a value is limited when it is written, and a value that is rejected is freed without
 * recursion.
 */
#include "state/state.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/memory.h"

struct state_watch {
	struct state *state;
	char *pointer;
	state_change_fn *fn; /* NULL: unwatched during a notification */
	void *arg;
	uint64_t born; /* the revision at its creation; only later ones are notified */
	TAILQ_ENTRY(state_watch) link;
};

struct account {
	char *name; /* its only step */
	char *pointer;
	state_compute_fn *compute;
	void *arg;
	SLIST_ENTRY(account) link;
};

/* The object to which the last write was made, with its address. */
struct last_parent {
	json_t *object; /* borrowed from the tree; NULL: forgotten */
	size_t length;  /* of the address with a slash after it */
	char pointer[POINTER_MAX];
};

struct state {
	json_t *root;
	json_t *lent;
	struct last_parent last;
	uint64_t revision;
	unsigned telling; /* nested calls of changed, because a watcher may announce a change */
	bool dead_watches;
	TAILQ_HEAD(, state_watch) watches;
	SLIST_HEAD(, account) accounts;
};

struct state *state_new(void)
{
	struct state *state = memory_zero(sizeof(*state));

	state->root = json_object();
	TAILQ_INIT(&state->watches);
	SLIST_INIT(&state->accounts);
	return state;
}

static void watch_free(struct state_watch *watch)
{
	TAILQ_REMOVE(&watch->state->watches, watch, link);
	free(watch->pointer);
	free(watch);
}

void state_free(struct state *state)
{
	struct state_watch *watch;
	struct account *account;

	if (state == NULL)
		return;
	while ((watch = TAILQ_FIRST(&state->watches)) != NULL)
		watch_free(watch);
	while ((account = SLIST_FIRST(&state->accounts)) != NULL) {
		SLIST_REMOVE_HEAD(&state->accounts, link);
		free(account->name);
		free(account->pointer);
		free(account);
	}
	json_decref(state->lent);
	json_decref(state->root);
	free(state);
}

uint64_t state_revision(const struct state *state)
{
	return state->revision;
}

/* --- notifications ---------------------------------------------------------------------------- */

static void bury_watches(struct state *state)
{
	struct state_watch *watch, *next;

	for (watch = TAILQ_FIRST(&state->watches); watch != NULL; watch = next) {
		next = TAILQ_NEXT(watch, link);
		if (watch->fn == NULL)
			watch_free(watch);
	}
	state->dead_watches = false;
}

static void changed(struct state *state, const char *pointer, json_t *value)
{
	uint64_t revision = ++state->revision;
	struct state_watch *watch;

	if (TAILQ_EMPTY(&state->watches))
		return;
	state->telling++;
	TAILQ_FOREACH(watch, &state->watches, link)
		if (watch->fn != NULL && watch->born < revision &&
			pointers_meet(watch->pointer, pointer))
			watch->fn(revision, pointer, value, watch->arg);
	if (--state->telling == 0 && state->dead_watches)
		bury_watches(state);
}

struct state_watch *state_watch(
	struct state *state, const char *pointer, state_change_fn *fn, void *arg)
{
	struct state_watch *watch;

	if (json_pointer_check(pointer) != 0) {
		errno = EINVAL;
		return NULL;
	}
	watch = memory_zero(sizeof(*watch));
	watch->state = state;
	watch->pointer = memory_text(pointer);
	watch->fn = fn;
	watch->arg = arg;
	watch->born = state->revision;
	TAILQ_INSERT_TAIL(&state->watches, watch, link);
	return watch;
}

void state_unwatch(struct state_watch *watch)
{
	if (watch == NULL)
		return;
	if (watch->state->telling > 0) {
		watch->fn = NULL;
		watch->state->dead_watches = true;
		return;
	}
	watch_free(watch);
}

/* --- writing ---------------------------------------------------------------------------------- */

static const struct account *account_of(const struct state *state, const char *pointer)
{
	const struct account *account;

	SLIST_FOREACH(account, &state->accounts, link)
		if (json_pointer_covers(account->pointer, pointer))
			return account;
	return NULL;
}

static bool is_computed(const struct state *state, const char *first_step)
{
	const struct account *account;

	SLIST_FOREACH(account, &state->accounts, link)
		if (strcmp(account->name, first_step) == 0)
			return true;
	return false;
}

/* Returns the name of the member of the last parent that the pointer addresses.  NULL: it is
 * another address, or a name that has to be decoded or checked. */
static const char *member_of_last_parent(const struct last_parent *last, const char *pointer)
{
	const char *name, *end;

	if (last->object == NULL || strncmp(pointer, last->pointer, last->length) != 0)
		return NULL;
	name = pointer + last->length;
	end = name + json_pointer_plain(name);
	return *end == '\0' && end - pointer < POINTER_MAX ? name : NULL;
}

/* Remembers the object for the next write. */
static void set_last_parent(struct last_parent *last, const char *pointer, json_t *object)
{
	last->length = (size_t)(strrchr(pointer, '/') + 1 - pointer);
	memcpy(last->pointer, pointer, last->length);
	last->object = object;
}

/* Checks whether a write to this address is allowed.  Writes the container where the write begins,
 * and the steps of the address from there. */
static int begin_write(
	struct state *state, const char *pointer, json_t **from, struct json_pointer_path *path)
{
	const char *member = pointer != NULL && state->telling == 0
				     ? member_of_last_parent(&state->last, pointer)
				     : NULL;
	int err;

	if (member != NULL) {
		*from = state->last.object;
		path->step[0] = member;
		path->count = 1;
		return 0;
	}
	*from = state->root;
	err = json_pointer_split(path, pointer, STATE_DEPTH_MAX);
	if (err != 0)
		return err;
	if (path->count == 0)
		return -EINVAL;
	if (state->telling > 0)
		return -EBUSY;
	return is_computed(state, path->step[0]) ? -EPERM : 0;
}

/* Adds a container to the heap, because freeing it would recurse. */
static void heap_up(json_t *heap, json_t *value)
{
	if (json_is_container(value))
		json_array_append(heap, value);
}

/* Drops a reference to a value of any depth.  The containers without other references are collected
 * on a heap and emptied there one by one, so that freeing one never frees another by recursion. */
static void drop(json_t *value)
{
	json_t *heap = json_array(), *top, *child;
	const char *key;
	size_t i, k;

	heap_up(heap, value);
	json_decref(value);
	for (i = 0; i < json_array_size(heap); i++) {
		top = json_array_get(heap, i);
		if (top->refcount > 1)
			continue;
		json_object_foreach(top, key, child) {
			heap_up(heap, child);
		}
		json_array_foreach(top, k, child) {
			heap_up(heap, child);
		}
		json_object_clear(top);
		json_array_clear(top);
	}
	json_decref(heap);
}

/* The position of a path in the tree. */
struct spot {
	json_t *parent; /* the deepest existing container on the path */
	int depth;      /* its number of steps from the root */
	void *iter;     /* of the next step in an object; NULL: it has no such member */
	size_t index;   /* of the next step in an array */
	json_t *before; /* the value of that member or element; NULL: there is none */
};

static void descend(struct spot *spot, json_t *root, const struct json_pointer_path *path)
{
	const char *step;

	spot->parent = root;
	for (spot->depth = 0;; spot->depth++) {
		step = path->step[spot->depth];
		if (json_is_array(spot->parent)) {
			spot->index = json_pointer_index(step);
			spot->before = json_array_get(spot->parent, spot->index);
		} else {
			spot->iter = json_object_iter_at(spot->parent, step);
			spot->before = json_object_iter_value(spot->iter);
		}
		if (spot->depth == path->count - 1 || !json_is_container(spot->before))
			return;
		spot->parent = spot->before;
	}
}

/* An array has the addresses of its elements, and the one after the last element to append to it.
 * A write to any other address below it must not destroy the array. */
static bool is_beside_array(const struct spot *spot)
{
	return json_is_array(spot->parent) && spot->index > json_array_size(spot->parent);
}

/* Takes over the reference.  The step is valid UTF-8, because it was checked. */
static int put(const struct spot *spot, const struct json_pointer_path *path, json_t *value)
{
	if (json_is_array(spot->parent) && spot->before != NULL)
		return json_array_set_new(spot->parent, spot->index, value);
	if (json_is_array(spot->parent))
		return json_array_append_new(spot->parent, value);
	if (spot->iter != NULL)
		return json_object_iter_set_new(spot->parent, spot->iter, value);
	return json_object_set_new_nocheck(spot->parent, path->step[spot->depth], value);
}

/* Wraps a value in its missing parents, which are those below the step of that depth.  Takes over
 * the reference.  Returns NULL if there is no memory. */
static json_t *wrap(const struct json_pointer_path *path, int depth, json_t *value)
{
	int i;

	for (i = path->count - 1; i > depth; i--) {
		json_t *parent = json_object();

		if (json_object_set_new(parent, path->step[i], value) < 0) {
			json_decref(parent);
			return NULL;
		}
		value = parent;
	}
	return value;
}

/* Notifies the watchers of the address that the first `steps` steps form. */
static void changed_above(struct state *state, const char *pointer, int steps, json_t *value)
{
	const char *end = pointer;
	char place[POINTER_MAX];

	while (steps-- > 0)
		end = strchrnul(end + 1, '/');
	snprintf(place, sizeof(place), "%.*s", (int)(end - pointer), pointer);
	changed(state, place, value);
}

static int write_value(struct state *state, const char *pointer, json_t *value, bool only_new)
{
	struct json_pointer_path path;
	struct spot spot;
	json_t *from, *whole;
	bool in_way;
	int err;

	err = value == NULL ? -EINVAL : begin_write(state, pointer, &from, &path);
	if (err == 0)
		err = json_value_check(value, STATE_DEPTH_MAX);
	if (err != 0) {
		drop(value);
		return err;
	}
	descend(&spot, from, &path);
	if (is_beside_array(&spot)) {
		json_decref(value);
		return -EINVAL;
	}
	in_way = spot.before != NULL && spot.depth < path.count - 1;
	/* json_equal compares types and sizes first, and the members of containers only then. */
	if (spot.before != NULL && (only_new || (!in_way && json_equal(spot.before, value)))) {
		json_decref(value);
		return only_new ? -EEXIST : 0;
	}
	if (json_is_container(spot.before))
		state->last.object = NULL; /* it may be below the value that is replaced */
	whole = wrap(&path, spot.depth, value);
	if (put(&spot, &path, whole) < 0)
		return -ENOMEM;
	if (from == state->root && spot.depth == path.count - 1 && json_is_object(spot.parent))
		set_last_parent(&state->last, pointer, spot.parent);
	/* The watchers are notified of the address of the value that was replaced by an object. */
	if (in_way)
		changed_above(state, pointer, spot.depth + 1, whole);
	else
		changed(state, pointer, value);
	return 0;
}

int state_set(struct state *state, const char *pointer, json_t *value)
{
	return write_value(state, pointer, value, false);
}

int state_add(struct state *state, const char *pointer, json_t *value)
{
	return write_value(state, pointer, value, true);
}

int state_unset(struct state *state, const char *pointer)
{
	struct json_pointer_path path;
	struct spot spot;
	json_t *from;
	int err = begin_write(state, pointer, &from, &path);

	if (err != 0)
		return err;
	descend(&spot, from, &path);
	if (spot.before == NULL || spot.depth < path.count - 1 || json_is_array(spot.parent))
		return -ENOENT;
	if (json_is_container(spot.before))
		state->last.object = NULL;
	json_object_del(spot.parent, path.step[spot.depth]);
	changed(state, pointer, NULL);
	return 0;
}

/* --- reading ---------------------------------------------------------------------------------- */

/* Returns the whole state: the stored members, which are shared, and the computed subtrees. */
static json_t *whole(struct state *state)
{
	const struct account *account;
	json_t *all = json_copy(state->root), *computed;

	SLIST_FOREACH(account, &state->accounts, link) {
		computed = account->compute("", account->arg);
		if (computed != NULL && json_object_set_new(all, account->name, computed) < 0) {
			json_decref(all);
			return NULL;
		}
	}
	return all;
}

json_t *state_get(struct state *state, const char *pointer)
{
	const struct account *account;

	if (json_pointer_check(pointer) != 0)
		return NULL;
	if (pointer[0] == '\0')
		return whole(state);
	account = account_of(state, pointer);
	if (account != NULL)
		return account->compute(pointer + strlen(account->pointer), account->arg);
	return json_incref(json_pointer_follow(state->root, pointer));
}

const json_t *state_lend(struct state *state, const char *pointer)
{
	json_decref(state->lent);
	state->lent = state_get(state, pointer);
	return state->lent;
}

int state_mount(struct state *state, const char *pointer, state_compute_fn *compute, void *arg)
{
	struct account *account;
	struct json_pointer_path path;

	if (json_pointer_split(&path, pointer, 1) != 0 || path.count != 1)
		return -EINVAL;
	if (is_computed(state, path.step[0]) || json_object_get(state->root, path.step[0]) != NULL)
		return -EEXIST;
	account = memory_zero(sizeof(*account));
	account->name = memory_text(path.step[0]);
	account->pointer = memory_text(pointer);
	account->compute = compute;
	account->arg = arg;
	SLIST_INSERT_HEAD(&state->accounts, account, link);
	return 0;
}

void state_announce(struct state *state, const char *pointer, json_t *value)
{
	changed(state, pointer, value);
}
