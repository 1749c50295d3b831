/*
 * listing: see listing.h.  Entries and texts are never freed one by one.  So they are cut from
 * blocks, and 10,000 services need a few hundred allocations.
 */
#include "service/listing.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define BLOCK_SIZE 8192
#define TEXT_MAX   1024 /* longer texts are truncated */

struct block {
	struct block *next;
	size_t used;
	_Alignas(max_align_t) char bytes[BLOCK_SIZE];
};

struct listing {
	struct block *blocks;
	vigil_service_entry **entries;
	size_t count, room;
	int error;
	char text[512]; /* why the listing is not complete */
};

struct listing *listing_new(void)
{
	return memory_zero(sizeof(struct listing));
}

void listing_free(struct listing *listing)
{
	struct block *block;

	if (listing == NULL)
		return;
	while ((block = listing->blocks) != NULL) {
		listing->blocks = block->next;
		free(block);
	}
	free(listing->entries);
	free(listing);
}

/* Cuts a piece from a block.  size: at most BLOCK_SIZE. */
static void *cut(struct listing *listing, size_t size, size_t align)
{
	struct block *block = listing->blocks;
	size_t begin = block != NULL ? (block->used + align - 1) / align * align : 0;

	if (block == NULL || begin + size > BLOCK_SIZE) {
		block = memory_zero(sizeof(*block));
		block->next = listing->blocks;
		listing->blocks = block;
		begin = 0;
	}
	block->used = begin + size;
	return block->bytes + begin;
}

static const char *copy(struct listing *listing, const char *text)
{
	size_t n = strlen(text) + 1;

	return memcpy(cut(listing, n, 1), text, n);
}

vigil_service_entry *listing_add(struct listing *listing, const char *manager, const char *name)
{
	vigil_service_entry *entry;

	if (listing->count == VIGIL_SERVICES_MAX || strlen(name) >= TEXT_MAX) {
		listing_fault(listing, -E2BIG,
			"the machine has more services; the list has the first %d",
			VIGIL_SERVICES_MAX);
		return NULL;
	}
	if (listing->count == listing->room) {
		listing->room = listing->room != 0 ? 2 * listing->room : 64;
		listing->entries =
			memory_grow(listing->entries, listing->room, sizeof(*listing->entries));
	}
	entry = cut(listing, sizeof(*entry), _Alignof(vigil_service_entry));
	*entry = (vigil_service_entry){.size = sizeof(*entry),
		.name = copy(listing, name),
		.manager = manager,
		.unit = "",
		.text = "",
		.crash_text = ""};
	listing->entries[listing->count++] = entry;
	return entry;
}

const char *listing_text(struct listing *listing, const char *format, ...)
{
	char text[TEXT_MAX];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	return text[0] != '\0' ? copy(listing, text) : "";
}

void listing_fault(struct listing *listing, int error, const char *format, ...)
{
	va_list ap;

	if (listing->error != 0)
		return;
	listing->error = error;
	va_start(ap, format);
	vsnprintf(listing->text, sizeof(listing->text), format, ap);
	va_end(ap);
}

bool listing_has(const struct listing *listing, const char *manager, const char *name)
{
	for (size_t i = 0; i < listing->count; i++)
		if (strcmp(listing->entries[i]->name, name) == 0 &&
			strcmp(listing->entries[i]->manager, manager) == 0)
			return true;
	return false;
}

static int compare(const void *left, const void *right)
{
	const vigil_service_entry *a = *(vigil_service_entry *const *)left;
	const vigil_service_entry *b = *(vigil_service_entry *const *)right;
	int order = strcmp(a->name, b->name);

	return order != 0 ? order : strcmp(a->manager, b->manager);
}

void listing_sort(struct listing *listing)
{
	if (listing->count > 1)
		qsort(listing->entries, listing->count, sizeof(*listing->entries), compare);
}

size_t listing_count(const struct listing *listing)
{
	return listing->count;
}

const vigil_service_entry *listing_at(const struct listing *listing, size_t index)
{
	return index < listing->count ? listing->entries[index] : NULL;
}

int listing_error(const struct listing *listing, const char **text)
{
	*text = listing->text;
	return listing->error;
}
