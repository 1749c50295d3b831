/*
 * unit_cache: the cached status of the monitored units, found by their object path.
 *
 * Nothing here communicates with systemd.  Only the loop thread may use it.
 */
#ifndef UNIT_CACHE_H
#define UNIT_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "service/systemd/unit_info.h"

struct cached_unit;

/* One object path under which a unit is found: its own, or that of another unit that matters to
 * it. */
struct unit_path {
	struct cached_unit *unit;
	char *path;
	bool related;    /* the path belongs to another unit */
	char active[16]; /* if related: the last known ActiveState of that unit */
	LIST_ENTRY(unit_path) bucket;
	SLIST_ENTRY(unit_path) link; /* in the related paths of the unit */
};

struct cached_unit {
	char *name;           /* as requested; an alias has the path of the unit it stands for */
	char *id;             /* the name that systemd uses; NULL: unknown */
	struct unit_path own; /* the path for which systemd signals its changes */
	SLIST_HEAD(, unit_path) related;

	vigil_service_status status;
	char load[16], active[16], sub[32], job[24]; /* "": unknown */
	struct unit_properties properties;
	bool valid;     /* the cached status is valid: no event has invalidated it */
	bool pid_valid; /* systemd named this process and has not signalled another one since */
	bool simple, unaided, outside; /* see struct manager_reply */
	TAILQ_ENTRY(cached_unit) link;
};

LIST_HEAD(unit_bucket, unit_path);

struct unit_cache {
	TAILQ_HEAD(, cached_unit) all;
	size_t count, paths;
	struct unit_bucket *buckets;
	size_t bucket_count; /* a power of two */
};

void unit_cache_init(struct unit_cache *cache);
/* Frees the table.  All units must have been removed. */
void unit_cache_clear(struct unit_cache *cache);

/* Adds a unit, whose memory the caller has zeroed.  Returns 0, or -EINVAL if no unit can have such
 * a name. */
int unit_cache_add(struct unit_cache *cache, struct cached_unit *unit, const char *name);
void unit_cache_remove(struct unit_cache *cache, struct cached_unit *unit);

/* Returns the first entry of a path, and the next one of the same path; NULL: there is none. */
struct unit_path *unit_cache_find(struct unit_cache *cache, const char *path);
struct unit_path *unit_cache_next(struct unit_path *entry);

/* Changes the path of a unit, because systemd has reported another one than its name gave. */
void unit_cache_move(struct unit_cache *cache, struct cached_unit *unit, const char *path);
/* Replaces the related units.  names: NAME=ACTIVESTATE of each, followed by a blank. */
void unit_cache_relate(struct unit_cache *cache, struct cached_unit *unit, const char *names);

/* Copies the states of a row into the unit; nothing else changes. */
void cached_unit_take_row(struct cached_unit *unit, const struct unit_row *row);
/* Copies the result of a worker's query into the unit. */
void cached_unit_take_reply(struct cached_unit *unit, const struct manager_reply *reply);
/* Returns the cached states as a row without a path; the texts are borrowed from the unit. */
struct unit_row cached_unit_row(const struct cached_unit *unit);
/* Whether states that systemd has signalled differ from the cached ones.  NULL and -1: not
 * signalled. */
bool cached_unit_differs(
	const struct cached_unit *unit, const char *active, const char *sub, pid_t pid);
/* Whether the row has the same states as the cached ones. */
bool cached_unit_has_row(const struct cached_unit *unit, const struct unit_row *row);
/* Whether the name is the requested name of the unit or the one that systemd uses. */
bool cached_unit_is_named(const struct cached_unit *unit, const char *name);

#endif
