/*
 * peer: see peer.h.
 */
#include "peer.h"

#include <string.h>

#define BUCKETS 256

SLIST_HEAD(peer_list, peer);
LIST_HEAD(dependency_list, dependency);

static struct peer_list peers[BUCKETS];            /* hashed by daemon name */
static struct dependency_list dependents[BUCKETS]; /* hashed by the name that they contain */
static struct peer_list waiting = SLIST_HEAD_INITIALIZER(waiting);

static unsigned hash_of(const char *name)
{
	unsigned hash = 5381;

	for (; *name != '\0'; name++)
		hash = hash * 33 + (unsigned char)*name;
	return hash % BUCKETS;
}

struct peer *peer_find(const char *name)
{
	struct peer *peer;

	SLIST_FOREACH(peer, &peers[hash_of(name)], link)
		if (strcmp(vigil_name(peer->daemon), name) == 0)
			return peer;
	return NULL;
}

static void add_dependencies(struct peer *peer, struct dependency *list)
{
	for (; list != NULL && list->name != NULL; list++) {
		list->owner = peer;
		LIST_INSERT_HEAD(&dependents[hash_of(list->name)], list, link);
	}
}

static void remove_dependencies(struct dependency *list)
{
	for (; list != NULL && list->name != NULL; list++)
		LIST_REMOVE(list, link);
}

void peer_join(struct peer *peer)
{
	SLIST_INSERT_HEAD(&peers[hash_of(vigil_name(peer->daemon))], peer, link);
	add_dependencies(peer, peer->after);
	add_dependencies(peer, peer->restart_with);
}

/* The peers that wait for this one check again, because they need not wait for it any more. */
void peer_leave(struct peer *peer)
{
	static const struct peer_status unknown = {.status = VIGIL_SERVICE_UNKNOWN};

	peer_wait(peer, NULL);
	remove_dependencies(peer->after);
	remove_dependencies(peer->restart_with);
	SLIST_REMOVE(&peers[hash_of(vigil_name(peer->daemon))], peer, peer, link);
	peer_publish(peer, &unknown);
}

/* --- the status ------------------------------------------------------------------------------- */

bool peer_status_equals(const struct peer_status *a, const struct peer_status *b)
{
	return a->status == b->status && a->coming == b->coming && a->withheld == b->withheld &&
	       a->started == b->started && a->restarted == b->restarted &&
	       memcmp(a->fulfils, b->fulfils, sizeof(a->fulfils)) == 0;
}

static void check_waiting(const char *name)
{
	struct peer *other, *next;

	for (other = SLIST_FIRST(&waiting); other != NULL; other = next) {
		next = SLIST_NEXT(other, waiting);
		if (strcmp(other->awaits, name) == 0)
			other->check(other->arg);
	}
}

static void check_dependents(const char *name)
{
	struct dependency *dependency;

	LIST_FOREACH(dependency, &dependents[hash_of(name)], link)
		if (strcmp(dependency->name, name) == 0)
			dependency->owner->check(dependency->owner->arg);
}

void peer_publish(struct peer *peer, const struct peer_status *status)
{
	const char *name = vigil_name(peer->daemon);
	bool changed = !peer->checked || !peer_status_equals(&peer->status, status);

	peer->checked = true;
	peer->checked_at = vigil_now();
	peer->status = *status;
	peer->asked = false;
	check_waiting(name);
	if (changed)
		check_dependents(name);
}

void peer_wait(struct peer *peer, const char *name)
{
	if (peer->awaits != NULL && name == NULL)
		SLIST_REMOVE(&waiting, peer, peer, waiting);
	else if (peer->awaits == NULL && name != NULL)
		SLIST_INSERT_HEAD(&waiting, peer, waiting);
	peer->awaits = name;
}
