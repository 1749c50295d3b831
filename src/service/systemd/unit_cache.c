/*
 * unit_cache: see unit_cache.h.  systemd signals the changes of all its units, so a hash table by
 * object path finds the units that are monitored.  A unit can also be found by the paths of other
 * units that matter to it, such as a unit that conflicts with it.
 */
#include "service/systemd/unit_cache.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

#define BUCKETS_MIN 64

/* --- the hash table --------------------------------------------------------------------------- */

static struct unit_bucket *bucket_of(const struct unit_cache *cache, const char *path)
{
	return &cache->buckets[text_hash(path, TEXT_HASH) & (cache->bucket_count - 1)];
}

static void insert(struct unit_cache *cache, struct unit_path *entry)
{
	LIST_INSERT_HEAD(bucket_of(cache, entry->path), entry, bucket);
}

static void grow(struct unit_cache *cache)
{
	struct cached_unit *unit;
	struct unit_path *entry;

	if (cache->paths < cache->bucket_count)
		return;
	cache->bucket_count = cache->bucket_count != 0 ? cache->bucket_count * 2 : BUCKETS_MIN;
	free(cache->buckets);
	cache->buckets = memory_zero(cache->bucket_count * sizeof(*cache->buckets));
	TAILQ_FOREACH(unit, &cache->all, link) {
		insert(cache, &unit->own);
		SLIST_FOREACH(entry, &unit->related, link)
			insert(cache, entry);
	}
}

void unit_cache_init(struct unit_cache *cache)
{
	*cache = (struct unit_cache){.count = 0};
	TAILQ_INIT(&cache->all);
	grow(cache);
}

void unit_cache_clear(struct unit_cache *cache)
{
	free(cache->buckets);
	cache->buckets = NULL;
}

int unit_cache_add(struct unit_cache *cache, struct cached_unit *unit, const char *name)
{
	char *path = NULL;

	if (sd_bus_path_encode(SYSTEMD_OBJECT "/unit", name, &path) < 0)
		return -EINVAL;
	unit->name = memory_text(name);
	unit->own = (struct unit_path){.unit = unit, .path = path};
	SLIST_INIT(&unit->related);
	grow(cache);
	cache->count++;
	cache->paths++;
	TAILQ_INSERT_TAIL(&cache->all, unit, link);
	insert(cache, &unit->own);
	return 0;
}

static void forget_related(struct unit_cache *cache, struct cached_unit *unit)
{
	struct unit_path *entry;

	while ((entry = SLIST_FIRST(&unit->related)) != NULL) {
		SLIST_REMOVE_HEAD(&unit->related, link);
		LIST_REMOVE(entry, bucket);
		free(entry->path);
		free(entry);
		cache->paths--;
	}
}

void unit_cache_remove(struct unit_cache *cache, struct cached_unit *unit)
{
	forget_related(cache, unit);
	LIST_REMOVE(&unit->own, bucket);
	TAILQ_REMOVE(&cache->all, unit, link);
	cache->count--;
	cache->paths--;
	free(unit->name);
	free(unit->id);
	free(unit->own.path);
}

/* --- searching -------------------------------------------------------------------------------- */

static struct unit_path *from(struct unit_path *entry, const char *path)
{
	while (entry != NULL && strcmp(entry->path, path) != 0)
		entry = LIST_NEXT(entry, bucket);
	return entry;
}

struct unit_path *unit_cache_find(struct unit_cache *cache, const char *path)
{
	return from(LIST_FIRST(bucket_of(cache, path)), path);
}

struct unit_path *unit_cache_next(struct unit_path *entry)
{
	return from(LIST_NEXT(entry, bucket), entry->path);
}

void unit_cache_move(struct unit_cache *cache, struct cached_unit *unit, const char *path)
{
	if (strcmp(path, unit->own.path) == 0)
		return;
	LIST_REMOVE(&unit->own, bucket);
	free(unit->own.path);
	unit->own.path = memory_text(path);
	insert(cache, &unit->own);
}

static void relate(
	struct unit_cache *cache, struct cached_unit *unit, const char *name, const char *active)
{
	struct unit_path *entry;
	char *path = NULL;

	if (sd_bus_path_encode(SYSTEMD_OBJECT "/unit", name, &path) < 0)
		return;
	entry = memory_zero(sizeof(*entry));
	*entry = (struct unit_path){.unit = unit, .path = path, .related = true};
	snprintf(entry->active, sizeof(entry->active), "%s", active);
	grow(cache);
	cache->paths++;
	SLIST_INSERT_HEAD(&unit->related, entry, link);
	insert(cache, entry);
}

void unit_cache_relate(struct unit_cache *cache, struct cached_unit *unit, const char *names)
{
	char name[MANAGER_UNIT], active[16];
	int n = 0;

	forget_related(cache, unit);
	for (; sscanf(names, "%255[^= ]=%15[^ ] %n", name, active, &n) == 2; names += n)
		relate(cache, unit, name, active);
}

/* --- one unit --------------------------------------------------------------------------------- */

static void set_words(struct cached_unit *unit, const char *load, const char *active,
	const char *sub, const char *job)
{
	snprintf(unit->load, sizeof(unit->load), "%s", load);
	snprintf(unit->active, sizeof(unit->active), "%s", active);
	snprintf(unit->sub, sizeof(unit->sub), "%s", sub);
	snprintf(unit->job, sizeof(unit->job), "%s", job);
}

void cached_unit_take_row(struct cached_unit *unit, const struct unit_row *row)
{
	set_words(unit, row->load, row->active, row->sub, row->job);
}

void cached_unit_take_reply(struct cached_unit *unit, const struct manager_reply *reply)
{
	set_words(unit, reply->load, reply->active, reply->sub, reply->job);
	unit->status = reply->status;
	unit->properties = (struct unit_properties){
		.pid = reply->main_pid, .respawns = reply->respawns, .entered = reply->run};
	if (!unit->simple) /* else a worker has not read it again */
		unit->unaided = reply->unaided;
	unit->simple = reply->simple;
	unit->outside = reply->outside;
	if (reply->unit[0] == '\0' || cached_unit_is_named(unit, reply->unit))
		return;
	free(unit->id);
	unit->id = memory_text(reply->unit);
}

struct unit_row cached_unit_row(const struct cached_unit *unit)
{
	return (struct unit_row){.name = unit->id != NULL ? unit->id : unit->name,
		.load = unit->load,
		.active = unit->active,
		.sub = unit->sub,
		.job = unit->job};
}

bool cached_unit_differs(
	const struct cached_unit *unit, const char *active, const char *sub, pid_t pid)
{
	if (active != NULL && unit->active[0] == '\0' && unit_status(active) != unit->status)
		return true;
	if (active != NULL && unit->active[0] != '\0' && strcmp(active, unit->active) != 0)
		return true;
	if (sub != NULL && unit->sub[0] != '\0' && strcmp(sub, unit->sub) != 0)
		return true;
	return pid >= 0 && pid != unit->properties.pid;
}

bool cached_unit_has_row(const struct cached_unit *unit, const struct unit_row *row)
{
	return strcmp(row->active, unit->active) == 0 && strcmp(row->sub, unit->sub) == 0 &&
	       strcmp(row->load, unit->load) == 0 && strcmp(row->job, unit->job) == 0;
}

bool cached_unit_is_named(const struct cached_unit *unit, const char *name)
{
	return strcmp(name, unit->name) == 0 || (unit->id != NULL && strcmp(name, unit->id) == 0);
}
