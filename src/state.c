/*
 * state: the tree of JSON values that the daemons share.
 *
 * The one file that changes the tree and the one that tells of a change.  The loop thread owns
 * it, so nothing is locked.
 *
 * A value given to the tree is the tree's: the giver must not change it afterwards.  What the
 * tree lends is read-only; a container that was lent shows later writes below it.
 *
 * Watchers are told inside the write, with the place that was written.  They may not write in
 * turn: whoever wants to act on a change takes note and acts from the loop.
 */
#include "state.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "memory.h"

struct state_watch {
	struct state *state;
	char *pointer;
	state_change_fn *fn; /* NULL: unwatched while they are being told */
	void *arg;
	TAILQ_ENTRY(state_watch) link;
};

struct account {
	char *name; /* its one step */
	char *pointer;
	state_compute_fn *compute;
	void *arg;
	SLIST_ENTRY(account) link;
};

struct state {
	json_t *root;
	json_t *lent;
	uint64_t revision;
	bool telling;
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

/* --- telling ------------------------------------------------------------------------------------- */

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
	struct state_watch *watch;

	state->revision++;
	if (TAILQ_EMPTY(&state->watches))
		return;
	state->telling = true;
	TAILQ_FOREACH(watch, &state->watches, link)
	if (watch->fn != NULL && (pointer_covers(watch->pointer, pointer) ||
					 pointer_covers(pointer, watch->pointer)))
		watch->fn(state->revision, pointer, value, watch->arg);
	state->telling = false;
	if (state->dead_watches)
		bury_watches(state);
}

struct state_watch *state_watch(
	struct state *state, const char *pointer, state_change_fn *fn, void *arg)
{
	struct state_watch *watch;

	if (pointer_check(pointer) != 0) {
		errno = EINVAL;
		return NULL;
	}
	watch = memory_zero(sizeof(*watch));
	watch->state = state;
	watch->pointer = memory_text(pointer);
	watch->fn = fn;
	watch->arg = arg;
	TAILQ_INSERT_TAIL(&state->watches, watch, link);
	return watch;
}

void state_unwatch(struct state_watch *watch)
{
	if (watch == NULL)
		return;
	if (watch->state->telling) {
		watch->fn = NULL;
		watch->state->dead_watches = true;
		return;
	}
	watch_free(watch);
}

/* --- writing ---------------------------------------------------------------------------------------- */

static const struct account *account_of(const struct state *state, const char *pointer)
{
	const struct account *account;

	SLIST_FOREACH(account, &state->accounts, link)
	if (pointer_covers(account->pointer, pointer))
		return account;
	return NULL;
}

/* Walks to the object that holds the last step, and makes what is missing on the way where
 * make says so.  NULL where there is none; *deep: how many steps there are. */
static json_t *walk(struct state *state, const char *pointer, char *last, bool make, int *deep)
{
	json_t *at = state->root, *next;
	const char *rest = pointer_step(pointer, last, POINTER_MAX);

	for (*deep = 1; rest != NULL && *rest != '\0'; ++*deep) {
		if (*deep > STATE_DEPTH_MAX)
			return NULL;
		next = json_object_get(at, last);
		if (!json_is_object(next)) {
			if (!make)
				return NULL;
			next = json_object();
			if (next == NULL || json_object_set_new(at, last, next) < 0)
				return NULL;
		}
		at = next;
		rest = pointer_step(rest, last, POINTER_MAX);
	}
	return at;
}

static int count_steps(const char *pointer)
{
	int steps = 0;

	for (; *pointer != '\0'; pointer++)
		steps += *pointer == '/';
	return steps;
}

/* Whether a write may go there at all. */
static int check_write(const struct state *state, const char *pointer, const json_t *value)
{
	int steps;

	if (pointer_check(pointer) != 0 || pointer[0] == '\0')
		return -EINVAL;
	if (state->telling)
		return -EBUSY;
	if (account_of(state, pointer) != NULL)
		return -EPERM;
	steps = count_steps(pointer);
	if (steps > STATE_DEPTH_MAX || steps + json_depth(value, STATE_DEPTH_MAX) > STATE_DEPTH_MAX)
		return -E2BIG;
	return 0;
}

static bool same(const json_t *a, const json_t *b)
{
	return a != NULL && json_typeof(a) == json_typeof(b) && json_equal(a, b);
}

static int write_value(struct state *state, const char *pointer, json_t *value, bool only_new)
{
	char last[POINTER_MAX];
	json_t *parent, *before;
	int err = value == NULL ? -EINVAL : check_write(state, pointer, value), deep;

	if (err != 0) {
		json_decref(value);
		return err;
	}
	/* Looked up first: an equal write, or one refused, must not make parents. */
	before = pointer_follow(state->root, pointer);
	if (before != NULL && (only_new || same(before, value))) {
		json_decref(value);
		return only_new ? -EEXIST : 0;
	}
	parent = walk(state, pointer, last, true, &deep);
	if (parent == NULL || json_object_set_new(parent, last, json_incref(value)) < 0) {
		json_decref(value);
		return -ENOMEM;
	}
	changed(state, pointer, value);
	json_decref(value);
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
	char last[POINTER_MAX];
	int err = check_write(state, pointer, NULL), deep;
	json_t *parent;

	if (err != 0)
		return err;
	parent = walk(state, pointer, last, false, &deep);
	if (parent == NULL || json_object_del(parent, last) < 0)
		return -ENOENT;
	changed(state, pointer, NULL);
	return 0;
}

/* --- reading ------------------------------------------------------------------------------------------- */

/* All of it: the stored members, shared, and the accounts beside them. */
static json_t *whole(struct state *state)
{
	const struct account *account;
	json_t *all = json_copy(state->root), *computed;

	SLIST_FOREACH(account, &state->accounts, link)
	{
		computed = account->compute("", account->arg);
		if (computed != NULL)
			json_object_set_new(all, account->name, computed);
	}
	return all;
}

json_t *state_get(struct state *state, const char *pointer)
{
	const struct account *account;

	if (pointer_check(pointer) != 0)
		return NULL;
	if (pointer[0] == '\0')
		return whole(state);
	account = account_of(state, pointer);
	if (account != NULL)
		return account->compute(pointer + strlen(account->pointer), account->arg);
	return json_incref(pointer_follow(state->root, pointer));
}

const json_t *state_lend(struct state *state, const char *pointer)
{
	json_decref(state->lent);
	state->lent = state_get(state, pointer);
	return state->lent;
}

int state_mount(struct state *state, const char *pointer, state_compute_fn *compute, void *arg)
{
	char name[POINTER_MAX];
	const char *rest = pointer_step(pointer, name, sizeof(name));
	struct account *account;

	if (rest == NULL || *rest != '\0')
		return -EINVAL;
	account = memory_zero(sizeof(*account));
	account->name = memory_text(name);
	account->pointer = memory_text(pointer);
	account->compute = compute;
	account->arg = arg;
	SLIST_INSERT_HEAD(&state->accounts, account, link);
	return 0;
}

void state_announce(struct state *state, const char *pointer, json_t *value)
{
	if (!state->telling)
		changed(state, pointer, value);
}
