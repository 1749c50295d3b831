/*
 * daemon_list: see daemon_list.h.  The list is a sorted array, because each request reads it and
 * only a reload changes it.
 */
#include "host/daemon_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "daemon/daemon.h"

/* The index of the name, or the index at which it would be inserted. */
static size_t index_of(const struct daemon_list *daemon_list, const char *name)
{
	size_t low = 0, high = daemon_list->count, middle;

	while (low < high) {
		middle = (low + high) / 2;
		if (strcmp(daemon_name(daemon_list->daemons[middle]), name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct vigil_daemon *daemon_list_find(const struct daemon_list *daemon_list, const char *name)
{
	struct vigil_daemon *d = daemon_list_at(daemon_list, index_of(daemon_list, name));

	return d != NULL && strcmp(daemon_name(d), name) == 0 ? d : NULL;
}

struct vigil_daemon *daemon_list_after(const struct daemon_list *daemon_list, const char *name)
{
	size_t at = index_of(daemon_list, name);
	struct vigil_daemon *d = daemon_list_at(daemon_list, at);

	return d != NULL && strcmp(daemon_name(d), name) == 0 ? daemon_list_at(daemon_list, at + 1)
							      : d;
}

struct vigil_daemon *daemon_list_at(const struct daemon_list *daemon_list, size_t index)
{
	return index < daemon_list->count ? daemon_list->daemons[index] : NULL;
}

void daemon_list_add(struct daemon_list *daemon_list, struct vigil_daemon *d)
{
	size_t at = index_of(daemon_list, daemon_name(d));

	daemon_list->daemons = memory_grow(
		daemon_list->daemons, daemon_list->count + 1, sizeof(*daemon_list->daemons));
	memmove(&daemon_list->daemons[at + 1], &daemon_list->daemons[at],
		(daemon_list->count - at) * sizeof(*daemon_list->daemons));
	daemon_list->daemons[at] = d;
	daemon_list->count++;
}

void daemon_list_remove(struct daemon_list *daemon_list, struct vigil_daemon *d)
{
	size_t at = index_of(daemon_list, daemon_name(d));

	if (daemon_list_at(daemon_list, at) != d)
		return;
	daemon_list->count--;
	memmove(&daemon_list->daemons[at], &daemon_list->daemons[at + 1],
		(daemon_list->count - at) * sizeof(*daemon_list->daemons));
}

void daemon_list_clear(struct daemon_list *daemon_list)
{
	free(daemon_list->daemons);
	*daemon_list = (struct daemon_list){0};
}
