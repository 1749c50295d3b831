/* wheel: a list of events for each millisecond; see wheel.h. */
#include "wheel.h"

#include <stdio.h>
#include <stdlib.h>

#define NONE UINT32_MAX

struct slot {
	uint32_t first, last;
};

struct entry {
	struct wheel_event event;
	uint32_t next;
};

struct wheel {
	struct slot *slots;
	uint32_t count, now;
	struct entry *entries;
	uint32_t used, size, unused; /* unused: the first of a list of free entries */
};

static void *checked(void *memory)
{
	if (memory != NULL)
		return memory;
	fprintf(stderr, "simulate: out of memory\n");
	exit(EXIT_FAILURE);
}

struct wheel *wheel_new(double end)
{
	struct wheel *w = checked(calloc(1, sizeof(*w)));

	w->count = (uint32_t)(end * 1000) + 1;
	w->slots = checked(malloc(w->count * sizeof(*w->slots)));
	for (uint32_t i = 0; i < w->count; i++)
		w->slots[i] = (struct slot){NONE, NONE};
	w->unused = NONE;
	return w;
}

void wheel_free(struct wheel *w)
{
	free(w->slots);
	free(w->entries);
	free(w);
}

static uint32_t take_entry(struct wheel *w)
{
	uint32_t index = w->unused;

	if (index != NONE) {
		w->unused = w->entries[index].next;
		return index;
	}
	if (w->used == w->size) {
		w->size = w->size * 2 + 1024;
		w->entries = checked(realloc(w->entries, w->size * sizeof(*w->entries)));
	}
	return w->used++;
}

void wheel_add(struct wheel *w, struct wheel_event event)
{
	uint32_t at = w->now, index;

	if (event.time * 1000 >= w->count)
		return;
	if (event.time * 1000 > at)
		at = (uint32_t)(event.time * 1000);
	index = take_entry(w);
	w->entries[index] = (struct entry){.event = event, .next = NONE};
	if (w->slots[at].first == NONE)
		w->slots[at].first = index;
	else
		w->entries[w->slots[at].last].next = index;
	w->slots[at].last = index;
}

bool wheel_next(struct wheel *w, struct wheel_event *event)
{
	struct entry *entry;
	uint32_t index;

	while (w->now < w->count && w->slots[w->now].first == NONE)
		w->now++;
	if (w->now == w->count)
		return false;
	index = w->slots[w->now].first;
	entry = &w->entries[index];
	w->slots[w->now].first = entry->next;
	*event = entry->event;
	if (event->time * 1000 < w->now)
		event->time = w->now / 1000.0;
	entry->next = w->unused;
	w->unused = index;
	return true;
}
