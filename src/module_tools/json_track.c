/*
 * json_track: see json_track.h.
 *
 * A record is kept for each block of memory that jansson has.  Only the loop thread makes values in
 * callbacks of a module; the lock is for the other threads, which may make values of their own.
 *
 * Not each block is a value: jansson also allocates the members of an object and texts.  A module
 * may release the text of json_dumps by free, which is not noticed.  So a block counts as a value
 * only if it has the size of a value of its type and a plausible count of references.  A value to
 * which a variable of the module points is kept on purpose and has not leaked.
 */
#include "module_tools/json_track.h"

#include <link.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "daemon/daemon.h"
#include "loop/loop.h"
#include "state/json_pointer.h"
#include "state/state.h"

#define BUCKETS  65536
#define KEPT_MAX (64 * 1024 * 1024) /* bytes of freed blocks that are kept */
#define FREED    0xDD               /* what a freed block is overwritten with */
#define MANY     1000000            /* references; more are not plausible */
#define KINDS    (JSON_REAL + 1)    /* types whose values are allocated */
#define SHOWN    120                /* bytes that are printed of a value */

struct block {
	SLIST_ENTRY(block) link;
	TAILQ_ENTRY(block) freed_link;
	unsigned char *memory;
	size_t size;
	const char *callback; /* in which it was allocated; NULL: in none */
	long tick;
	bool freed;
	bool inner; /* another value or a variable refers to it */
};

static struct {
	pthread_mutex_t lock;
	SLIST_HEAD(, block) buckets[BUCKETS];
	TAILQ_HEAD(, block) freed; /* the oldest first */
	size_t kept;
	size_t sizes[KINDS];
	long tick;
	const struct block *misused; /* was used after its release */
} all = {.lock = PTHREAD_MUTEX_INITIALIZER, .freed = TAILQ_HEAD_INITIALIZER(all.freed)};

static size_t bucket_of(const void *memory)
{
	return ((size_t)memory >> 4) * 2654435761u % BUCKETS;
}

static struct block *find(const void *memory)
{
	struct block *block;

	SLIST_FOREACH(block, &all.buckets[bucket_of(memory)], link)
		if (block->memory == memory)
			return block;
	return NULL;
}

static void forget(struct block *block)
{
	SLIST_REMOVE(&all.buckets[bucket_of(block->memory)], block, block, link);
	free(block);
}

/* --- the functions that jansson calls --------------------------------------------------------- */

static void record(void *memory, size_t size)
{
	struct block *block = find(memory);

	if (block == NULL) {
		block = calloc(1, sizeof(*block));
		if (block == NULL)
			return;
		block->memory = memory;
		SLIST_INSERT_HEAD(&all.buckets[bucket_of(memory)], block, link);
	} /* else the module has released a text by free */
	block->size = size;
	block->callback = loop_is_owner() ? daemon_current_callback() : NULL;
	block->tick = all.tick;
}

static void *allocate(size_t size)
{
	void *memory = malloc(size);

	if (memory == NULL)
		return NULL;
	pthread_mutex_lock(&all.lock);
	record(memory, size);
	pthread_mutex_unlock(&all.lock);
	return memory;
}

static bool is_intact(const struct block *block)
{
	for (size_t i = 0; i < block->size; i++)
		if (block->memory[i] != FREED)
			return false;
	return true;
}

/* A block that was used after its release is kept for the report. */
static void drop_oldest(void)
{
	struct block *block = TAILQ_FIRST(&all.freed);

	TAILQ_REMOVE(&all.freed, block, freed_link);
	all.kept -= block->size;
	if (!is_intact(block)) {
		if (all.misused == NULL)
			all.misused = block;
		return;
	}
	free(block->memory);
	forget(block);
}

static void keep_freed(struct block *block)
{
	memset(block->memory, FREED, block->size);
	block->freed = true;
	TAILQ_INSERT_TAIL(&all.freed, block, freed_link);
	all.kept += block->size;
	while (all.kept > KEPT_MAX)
		drop_oldest();
}

static void release(void *memory)
{
	struct block *block;

	pthread_mutex_lock(&all.lock);
	block = memory != NULL ? find(memory) : NULL;
	if (block == NULL)
		free(memory); /* it was allocated before the start */
	else if (!block->freed)
		keep_freed(block);
	else if (all.misused == NULL)
		all.misused = block;
	pthread_mutex_unlock(&all.lock);
}

/* --- the checks ------------------------------------------------------------------------------- */

static void learn(json_t *value)
{
	const struct block *block = find(value);

	if (block != NULL)
		all.sizes[json_typeof(value)] = block->size;
	json_decref(value);
}

void json_track_start(void)
{
	json_set_alloc_funcs(allocate, release);
	learn(json_object());
	learn(json_array());
	learn(json_string("text"));
	learn(json_integer(1));
	learn(json_real(1));
}

void json_track_tick(long tick)
{
	all.tick = tick;
}

/* Returns the address of a value that has been released, and writes its pointer.  The depth is
 * limited by that of the state. */
static const json_t *find_released(const json_t *value, char *pointer, size_t size)
{
	const struct block *block = find(value);
	size_t length = strlen(pointer), i;
	const json_t *found;
	const char *key;
	json_t *member;

	if (block != NULL && block->freed)
		return value;
	json_object_foreach((json_t *)value, key, member) {
		json_pointer_append(pointer, size, key);
		found = find_released(member, pointer, size);
		if (found != NULL)
			return found;
		pointer[length] = '\0';
	}
	json_array_foreach(value, i, member) {
		snprintf(pointer + length, size - length, "/%zu", i);
		found = find_released(member, pointer, size);
		if (found != NULL)
			return found;
		pointer[length] = '\0';
	}
	return NULL;
}

bool json_track_state_broken(const json_t *tree)
{
	char pointer[STATE_POINTER_MAX] = "";
	bool broken;

	pthread_mutex_lock(&all.lock);
	broken = tree != NULL && find_released(tree, pointer, sizeof(pointer)) != NULL;
	pthread_mutex_unlock(&all.lock);
	if (broken)
		fprintf(stderr,
			"vigilctl: the module has released the value at %s, which belongs to the "
			"state (json_decref of a borrowed or a handed over reference)\n",
			pointer);
	return broken;
}

/* Reads memory that the module may have released by free. */
__attribute__((no_sanitize("address"))) static bool is_value(const struct block *block)
{
	const json_t *value = (const json_t *)(const void *)block->memory;

	return !block->freed && block->callback != NULL && block->size >= sizeof(*value) &&
	       (unsigned)value->type < KINDS && block->size == all.sizes[value->type] &&
	       value->refcount > 0 && value->refcount < MANY;
}

/* Calls fn for each value that is left. */
static void each_leaked(void (*fn)(struct block *block, void *arg), void *arg)
{
	struct block *block;

	for (size_t i = 0; i < BUCKETS; i++)
		SLIST_FOREACH(block, &all.buckets[i], link)
			if (is_value(block))
				fn(block, arg);
}

static void mark_member(const void *member)
{
	struct block *block = find(member);

	if (block != NULL)
		block->inner = true;
}

static void mark_members(struct block *block, void *arg)
{
	const json_t *value = (const json_t *)(const void *)block->memory;
	json_t *member;
	const char *key;
	size_t i;

	(void)arg;
	json_object_foreach((json_t *)value, key, member)
		mark_member(member);
	json_array_foreach(value, i, member)
		mark_member(member);
}

/* A variable of a module may keep a value as long as the process runs, such as a cache. */
__attribute__((no_sanitize("address"))) static void mark_variables(uintptr_t begin, uintptr_t end)
{
	uintptr_t at = (begin + sizeof(void *) - 1) & ~(uintptr_t)(sizeof(void *) - 1);

	for (; at + sizeof(void *) <= end; at += sizeof(void *))
		mark_member(*(const void *const *)at);
}

static int on_object(struct dl_phdr_info *info, size_t size, void *arg)
{
	const ElfW(Phdr) * segment;

	(void)size;
	(void)arg;
	for (unsigned i = 0; i < info->dlpi_phnum; i++) {
		segment = &info->dlpi_phdr[i];
		if (segment->p_type == PT_LOAD && (segment->p_flags & PF_W) != 0)
			mark_variables(info->dlpi_addr + segment->p_vaddr,
				info->dlpi_addr + segment->p_vaddr + segment->p_memsz);
	}
	return 0;
}

struct leaks {
	size_t count;
	const struct block *first; /* the earliest that no other one refers to */
};

static void count_leaked(struct block *block, void *arg)
{
	struct leaks *leaks = arg;

	if (block->inner)
		return;
	leaks->count++;
	if (leaks->first == NULL || block->tick < leaks->first->tick)
		leaks->first = block;
}

static void describe_place(const struct block *block, char *text, size_t size)
{
	if (block->tick > 0)
		snprintf(text, size, "the callback \"%s\" of tick %ld",
			block->callback != NULL ? block->callback : "", block->tick);
	else
		snprintf(text, size, "the callback \"%s\"",
			block->callback != NULL ? block->callback : "");
}

static void print_leaks(const struct leaks *leaks)
{
	const json_t *value = (const json_t *)(const void *)leaks->first->memory;
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	size_t length = text != NULL ? strlen(text) : 0;
	char place[128];

	describe_place(leaks->first, place, sizeof(place));
	fprintf(stderr,
		"vigilctl: the module has leaked %zu reference%s (json_decref is missing); the "
		"first value was made in %s: %.*s%s\n",
		leaks->count, leaks->count == 1 ? "" : "s", place,
		(int)(length > SHOWN ? SHOWN : length), text != NULL ? text : "",
		length > SHOWN ? "..." : "");
	release(text);
}

static void print_misuse(const struct block *block)
{
	char place[128];

	describe_place(block, place, sizeof(place));
	fprintf(stderr,
		"vigilctl: the module has used a value of jansson after it had released it, or "
		"has released it twice; the value was made in %s\n",
		place);
}

bool json_track_leaked(void)
{
	struct leaks leaks = {0};
	struct block *block;

	pthread_mutex_lock(&all.lock);
	TAILQ_FOREACH(block, &all.freed, freed_link)
		if (all.misused == NULL && !is_intact(block))
			all.misused = block;
	dl_iterate_phdr(on_object, NULL);
	each_leaked(mark_members, NULL);
	each_leaked(count_leaked, &leaks);
	pthread_mutex_unlock(&all.lock);
	if (all.misused != NULL)
		print_misuse(all.misused);
	else if (leaks.first != NULL)
		print_leaks(&leaks);
	return all.misused != NULL || leaks.first != NULL;
}
