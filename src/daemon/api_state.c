/*
 * api_state: the state functions of vigil.h.  A daemon writes its own subtree and reads all the
 * rest.
 *
 * A daemon's change callback runs from the loop and never inside the write that caused the change,
 * because the callback may write again.  Each subscription therefore has a queue of changes.  The
 * queue holds references to the values: a scalar is the value that was written; a container may
 * have grown since then.  A large value is not queued, because the queue would keep many old values
 * alive; it is read from the state when the callback is called.
 *
 * Many changes may happen at once: when a service manager fails, thousands of daemons change their
 * health.  Once PENDING_MAX changes wait, a new change replaces an older one of the same address
 * that was queued since then.  So a subscriber always receives the latest value of each address,
 * unless more than PENDING_MOST changes wait: then the oldest ones are dropped.
 */
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "daemon/candidate.h"
#include "daemon/daemon_internal.h"
#include "daemon/stale.h"
#include "loop/loop.h"
#include "persist/store.h"
#include "state/state.h"

#define LARGE        1024 /* bytes of a value */
#define TURN_TIME    CLOCK_MS
#define PENDING_MAX  1024
#define PENDING_MOST 100000 /* changes; above this number the oldest ones are dropped */
#define KEPT         "kept" /* the section of the store for vigil_persist */

/* Writes the absolute JSON pointer of a path.  own: -EPERM unless it is in the daemon's own
 * subtree. */
static int resolve(vigil_daemon *d, const char *path, bool own, char pointer[STATE_POINTER_MAX])
{
	size_t root = 0, slash = 0, length;

	if (path == NULL)
		return -EINVAL;
	length = strlen(path);
	if (path[0] != '/' && (path[0] != '\0' || own)) {
		root = strlen(d->root);
		slash = length > 0;
	}
	if (root + slash + length >= STATE_POINTER_MAX)
		return -ENAMETOOLONG;
	/* Not snprintf, because this function runs for every value that a daemon writes. */
	memcpy(pointer, d->root, root);
	memcpy(pointer + root, "/", slash);
	memcpy(pointer + root + slash, path, length + 1);
	if (own && path[0] == '/' && !json_pointer_covers(d->root, pointer))
		return -EPERM;
	return 0;
}

/* --- values that survive a restart of the host ------------------------------------------------ */

/* One address that vigil_persist keeps.  Only the daemon itself writes there, so instead of
 * watching the state, each write of the daemon is compared with the address. */
struct kept {
	struct resource resource; /* must be the first member */
	SLIST_ENTRY(kept) link;
	char pointer[];
};

/* Returns the key in the store: the path below the daemon's root, however the module wrote it. */
static const char *kept_name(const vigil_daemon *d, const struct kept *kept)
{
	const char *rest = kept->pointer + strlen(d->root);

	return *rest == '/' ? rest + 1 : rest;
}

static void kept_free(struct resource *resource)
{
	struct kept *kept = (struct kept *)resource;

	SLIST_REMOVE(&resource->daemon->kept, kept, kept, link);
	free(kept);
}

static const struct resource_kind kept_kind = {.free = kept_free};

/* Names the daemon of a value that no client and no file could contain. */
static int log_refusal(vigil_daemon *d, const char *pointer, int err)
{
	bool of_value = err == -E2BIG || err == -EILSEQ || err == -EDOM;

	if (of_value)
		daemon_log(d, LEVEL_WARN, d->name, "the value at %s is not written: %s", pointer,
			json_value_problem(err));
	d->counts.refused += of_value;
	return err;
}

/* Called after each write with its result err, which is returned.  Stores the kept values that the
 * write changed. */
static int written(vigil_daemon *d, const char *pointer, int err)
{
	struct kept *kept;

	if (err != 0)
		return log_refusal(d, pointer, err);
	SLIST_FOREACH(kept, &d->kept, link) {
		if (!pointers_meet(kept->pointer, pointer))
			continue;
		/* The write may have been above or below the kept address. */
		store_put_new(d->environment->store, KEPT, d->name, kept_name(d, kept),
			state_get(d->environment->state, kept->pointer));
	}
	return 0;
}

/* A daemon may persist a value that comes and goes each time that it comes. */
static bool is_kept(const vigil_daemon *d, const char *pointer)
{
	const struct kept *kept;

	SLIST_FOREACH(kept, &d->kept, link)
		if (strcmp(kept->pointer, pointer) == 0)
			return true;
	return false;
}

int vigil_persist(vigil_daemon *d, const char *path)
{
	char pointer[STATE_POINTER_MAX];
	struct kept *kept;
	json_t *before;
	int err = resolve(d, path, true, pointer);

	if (daemon_is_candidate(d, "vigil_persist"))
		return -EPERM;
	if (err != 0 || json_pointer_check(pointer) != 0)
		return daemon_refuse(
			d, EINVAL, "vigil_persist: the path is not a value of this daemon");
	if (is_kept(d, pointer))
		return 0;
	kept = memory_zero(sizeof(*kept) + strlen(pointer) + 1);
	strcpy(kept->pointer, pointer);
	SLIST_INSERT_HEAD(&d->kept, kept, link);
	daemon_attach(d, &kept->resource, &kept_kind);
	before = store_get(d->environment->store, KEPT, d->name, kept_name(d, kept));
	if (before != NULL)
		state_set(d->environment->state, pointer, json_deep_copy(before));
	return 0;
}

/* --- reading and writing ---------------------------------------------------------------------- */

/* A module mostly hands over NULL because it has not checked what json_pack or json_string has
 * returned. */
static int refuse_null(vigil_daemon *d, const char *path)
{
	daemon_log(d, LEVEL_WARN, d->name,
		"the value at \"%s\" is not written: it is NULL, as json_pack and other functions "
		"of jansson return it when they fail",
		path != NULL ? path : "");
	d->counts.refused++;
	return -EINVAL;
}

char *vigil_pointer_token(char *text, size_t size, const char *token)
{
	size_t n = 0;

	for (; *token != '\0' && n + 2 < size; token++) {
		bool escaped = *token == '~' || *token == '/';

		if (escaped)
			text[n++] = '~';
		text[n++] = (char)(escaped ? (*token == '~' ? '0' : '1') : *token);
	}
	if (*token != '\0' && n + 1 < size && *token != '~' && *token != '/')
		text[n++] = *token++;
	if (size > 0)
		text[*token == '\0' ? n : 0] = '\0';
	return *token == '\0' && size > 0 ? text : NULL;
}

int vigil_state_set(vigil_daemon *d, const char *path, json_t *value)
{
	char pointer[STATE_POINTER_MAX];
	int err = resolve(d, path, true, pointer);

	if (daemon_is_candidate(d, "vigil_state_set")) {
		json_decref(value);
		return -EPERM;
	}
	if (value == NULL)
		return refuse_null(d, path);
	if (err == 0)
		return written(d, pointer, state_set(d->environment->state, pointer, value));
	json_decref(value);
	return err;
}

int vigil_state_add(vigil_daemon *d, const char *path, json_t *value)
{
	char pointer[STATE_POINTER_MAX];
	int err = resolve(d, path, true, pointer);

	if (daemon_is_candidate(d, "vigil_state_add")) {
		json_decref(value);
		return -EPERM;
	}
	if (value == NULL)
		return refuse_null(d, path);
	if (err == 0)
		return written(d, pointer, state_add(d->environment->state, pointer, value));
	json_decref(value);
	return err;
}

int vigil_state_unset(vigil_daemon *d, const char *path)
{
	char pointer[STATE_POINTER_MAX];
	int err = resolve(d, path, true, pointer);

	if (daemon_is_candidate(d, "vigil_state_unset"))
		return -EPERM;
	return err != 0 ? err : written(d, pointer, state_unset(d->environment->state, pointer));
}

/* Called before the daemon reads a value or subscribes to it. */
static void see(const vigil_daemon *d, const char *pointer, bool subscribes)
{
	const struct environment *environment = d->environment;

	if (environment->see != NULL && !json_pointer_covers(d->root, pointer))
		environment->see(pointer, subscribes);
}

const json_t *vigil_state_get(vigil_daemon *d, const char *path)
{
	char pointer[STATE_POINTER_MAX];

	if (daemon_is_candidate(d, "vigil_state_get"))
		return NULL;
	if (resolve(d, path, false, pointer) != 0)
		return NULL;
	see(d, pointer, false);
	return state_lend(d->environment->state, pointer);
}

bool vigil_state_stale(vigil_daemon *d, const char *path)
{
	char pointer[STATE_POINTER_MAX];

	if (daemon_is_candidate(d, "vigil_state_stale"))
		return false;
	if (resolve(d, path, false, pointer) != 0)
		return false;
	see(d, pointer, false);
	return stale_at(d->environment->state, pointer);
}

/* --- subscriptions ---------------------------------------------------------------------------- */

struct change {
	char *pointer; /* must be first, because compare_pointers reads it */
	json_t *value; /* NULL: removed, or large */
	bool large;    /* the value is read when the callback is called */
	bool indexed;
	TAILQ_ENTRY(change) link;
};

struct subscription {
	struct resource resource; /* must be the first member */
	struct state_watch *watch;
	struct loop_timer *soon;
	TAILQ_HEAD(, change) pending;
	void *index; /* by address: the changes that were added while PENDING_MAX or more waited */
	unsigned count;
	bool own;     /* the subscribed address is in the daemon's own subtree */
	bool flooded; /* a warning about dropped changes has been logged */
	bool *freed;  /* of the function that delivers changes now; NULL: none does */
	vigil_change_fn *fn;
	void *arg;
};

static void change_free(struct change *change)
{
	json_decref(change->value);
	free(change->pointer);
	free(change);
}

static int compare_pointers(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void unlink_change(struct subscription *sub, struct change *change)
{
	if (change->indexed)
		tdelete(change, &sub->index, compare_pointers);
	TAILQ_REMOVE(&sub->pending, change, link);
	sub->count--;
}

static struct change *take_change(struct subscription *sub)
{
	struct change *change = TAILQ_FIRST(&sub->pending);

	if (change != NULL)
		unlink_change(sub, change);
	return change;
}

/* Makes room for a new change: frees an indexed change of the same address, or the oldest change if
 * the queue is full. */
static void make_room(struct subscription *sub, const char *pointer)
{
	struct change **older = tfind(&pointer, &sub->index, compare_pointers);
	struct change *change = older != NULL ? *older : NULL;
	bool lost = change == NULL;

	if (change != NULL)
		unlink_change(sub, change);
	else if (sub->count >= PENDING_MOST)
		change = take_change(sub);
	else
		return;
	if (lost && !sub->flooded) {
		log_write(LEVEL_WARN, sub->resource.daemon->name,
			"more than %d changed values waited for this daemon; the oldest changes "
			"are lost",
			PENDING_MOST);
		sub->flooded = true;
	}
	change_free(change);
}

static void subscription_free(struct resource *resource)
{
	struct subscription *sub = (struct subscription *)resource;
	struct change *change;

	if (sub->freed != NULL)
		*sub->freed = true;
	state_unwatch(sub->watch);
	loop_timer_free(sub->soon);
	while ((change = take_change(sub)) != NULL)
		change_free(change);
	free(sub);
}

static const struct resource_kind subscription_kind = {.free = subscription_free};

/* Calls the callback.  Returns false if the callback has stopped the daemon, which frees the
 * subscription. */
static bool deliver(struct subscription *sub, struct change *change)
{
	struct vigil_daemon *d = sub->resource.daemon;
	bool freed = false;
	uint64_t entered;

	sub->freed = &freed;
	if (change->large)
		change->value = state_get(d->environment->state, change->pointer);
	entered = daemon_enter(d, "change");
	sub->fn(d, change->pointer, change->value, sub->arg);
	daemon_leave(d, entered);
	change_free(change);
	if (!freed)
		sub->freed = NULL;
	return !freed;
}

/* Delivers the changes that wait, for TURN_TIME at most.  What the callback writes may trigger it
 * again, and that must not starve other events, so changes that are added in the meantime wait for
 * the next iteration of the loop. */
static void on_soon(uint64_t missed, void *arg)
{
	struct subscription *sub = arg;
	uint64_t until = clock_now() + TURN_TIME;
	unsigned left = sub->count;
	struct change *change;

	for (; left > 0 && (change = take_change(sub)) != NULL; left--) {
		if (!deliver(sub, change))
			return;
		if (clock_now() >= until)
			break;
	}
	if (sub->count > 0)
		loop_timer_rearm(sub->soon, 0);
}

static bool is_large(const json_t *value)
{
	return json_string_length(value) > LARGE || json_object_size(value) > LARGE / 16 ||
	       json_array_size(value) > LARGE / 16;
}

static void on_state(uint64_t revision, const char *pointer, json_t *value, void *arg)
{
	struct subscription *sub = arg;
	struct change *change;

	/* A daemon's own writes are not reported to it, unless it subscribed to its own subtree.  A
	 * callback that writes about each change would otherwise call itself without end. */
	if (!sub->own && json_pointer_covers(sub->resource.daemon->root, pointer))
		return;
	if (sub->count >= PENDING_MAX)
		make_room(sub, pointer);
	change = memory_zero(sizeof(*change));
	change->pointer = memory_text(pointer);
	change->large = is_large(value);
	change->value = change->large ? NULL : json_incref(value);
	if (sub->count >= PENDING_MAX)
		change->indexed = tsearch(change, &sub->index, compare_pointers) != NULL;
	TAILQ_INSERT_TAIL(&sub->pending, change, link);
	if (sub->count++ == 0)
		loop_timer_rearm(sub->soon, 0);
}

int vigil_on_change(vigil_daemon *d, const char *path, vigil_change_fn *cb, void *arg)
{
	char pointer[STATE_POINTER_MAX];
	struct subscription *sub;
	int err = cb == NULL ? -EINVAL : resolve(d, path, false, pointer);

	if (daemon_is_candidate(d, "vigil_on_change"))
		return -EPERM;
	if (err != 0 || json_pointer_check(pointer) != 0)
		return daemon_refuse(d, EINVAL, "vigil_on_change: not a JSON pointer");
	see(d, pointer, true);
	sub = memory_zero(sizeof(*sub));
	TAILQ_INIT(&sub->pending);
	sub->fn = cb;
	sub->arg = arg;
	sub->own = json_pointer_covers(d->root, pointer);
	sub->soon = loop_once(d->environment->loop, on_soon, sub);
	sub->watch = state_watch(d->environment->state, pointer, on_state, sub);
	daemon_attach(d, &sub->resource, &subscription_kind);
	return 0;
}
