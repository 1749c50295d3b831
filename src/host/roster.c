/*
 * roster: the daemons there are, in the order of their names.
 *
 * A sorted array: it is read with every request and changed only by a reload.
 */
#include "host/roster.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "daemon/daemon.h"

/* Where a name stands, or would. */
static size_t seat_of(const struct roster *roster, const char *name)
{
	size_t low = 0, high = roster->count, middle;

	while (low < high) {
		middle = (low + high) / 2;
		if (strcmp(daemon_name(roster->daemons[middle]), name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct vigil_daemon *roster_find(const struct roster *roster, const char *name)
{
	struct vigil_daemon *d = roster_at(roster, seat_of(roster, name));

	return d != NULL && strcmp(daemon_name(d), name) == 0 ? d : NULL;
}

struct vigil_daemon *roster_after(const struct roster *roster, const char *name)
{
	size_t at = seat_of(roster, name);
	struct vigil_daemon *d = roster_at(roster, at);

	return d != NULL && strcmp(daemon_name(d), name) == 0 ? roster_at(roster, at + 1) : d;
}

struct vigil_daemon *roster_at(const struct roster *roster, size_t index)
{
	return index < roster->count ? roster->daemons[index] : NULL;
}

void roster_add(struct roster *roster, struct vigil_daemon *d)
{
	size_t at = seat_of(roster, daemon_name(d));

	roster->daemons = memory_grow(roster->daemons, roster->count + 1, sizeof(*roster->daemons));
	memmove(&roster->daemons[at + 1], &roster->daemons[at],
		(roster->count - at) * sizeof(*roster->daemons));
	roster->daemons[at] = d;
	roster->count++;
}

void roster_remove(struct roster *roster, struct vigil_daemon *d)
{
	size_t at = seat_of(roster, daemon_name(d));

	if (roster_at(roster, at) != d)
		return;
	roster->count--;
	memmove(&roster->daemons[at], &roster->daemons[at + 1],
		(roster->count - at) * sizeof(*roster->daemons));
}

void roster_clear(struct roster *roster)
{
	free(roster->daemons);
	*roster = (struct roster){0};
}
