/*
 * unit_cache: the units that are watched, as they were found last, by their object path.
 *
 * Pure data: nothing here talks to systemd.  All of it belongs to the loop thread.
 */
#ifndef UNIT_CACHE_H
#define UNIT_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "service/systemd/unit_info.h"

struct cached_unit;

/* One path that a unit is found by: its own, or that of another unit that matters to it. */
struct unit_path {
	struct cached_unit *unit;
	char *path;
	bool related;    /* it is another unit's */
	char active[16]; /* then: the ActiveState of that unit, as it is known */
	LIST_ENTRY(unit_path) bucket;
	SLIST_ENTRY(unit_path) link; /* the related ones of the unit */
};

struct cached_unit {
	char *name;           /* as it was asked for; an alias has the path of its unit */
	char *id;             /* the unit's own name; NULL: not known */
	struct unit_path own; /* where its changes are signalled */
	SLIST_HEAD(, unit_path) related;

	vigil_service_status status;
	char load[16], active[16], sub[32], job[24]; /* "": not known */
	struct unit_properties properties;
	bool valid;     /* that is how it is: no other word was heard since */
	bool pid_valid; /* systemd itself named its process, and none other since */
	bool simple;    /* as in struct manager_reply, like the next */
	bool outside;
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
/* All units must have been removed. */
void unit_cache_clear(struct unit_cache *cache);

/* Adds a unit, zeroed by the caller.  -EINVAL: no unit can have such a name. */
int unit_cache_add(struct unit_cache *cache, struct cached_unit *unit, const char *name);
void unit_cache_remove(struct unit_cache *cache, struct cached_unit *unit);

/* The first entry of a path, and the next one of the same path; NULL: there is none (more). */
struct unit_path *unit_cache_find(struct unit_cache *cache, const char *path);
struct unit_path *unit_cache_next(struct unit_path *entry);

/* The unit turned out to have this path. */
void unit_cache_move(struct unit_cache *cache, struct cached_unit *unit, const char *path);
/* Replaces the units that matter to this one: NAME=ACTIVESTATE, each before a blank. */
void unit_cache_relate(struct unit_cache *cache, struct cached_unit *unit, const char *names);

/* Takes in a row; everything else stays. */
void cached_unit_take_row(struct cached_unit *unit, const struct unit_row *row);
/* Takes in what a worker has found. */
void cached_unit_take_reply(struct cached_unit *unit, const struct manager_reply *reply);
/* The row, as it is known. */
struct unit_row cached_unit_row(const struct cached_unit *unit);
/* Whether systemd's words differ from what is known; NULL and -1: it does not say. */
bool cached_unit_differs(
	const struct cached_unit *unit, const char *active, const char *sub, pid_t pid);
/* Whether a row says no more than is known. */
bool cached_unit_has_row(const struct cached_unit *unit, const struct unit_row *row);
/* Whether the name is one of the unit's that are known. */
bool cached_unit_is_named(const struct cached_unit *unit, const char *name);

#endif
