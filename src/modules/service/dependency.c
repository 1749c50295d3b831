/*
 * dependency: see dependency.h.
 *
 * A peer does not wait for a daemon that is not enabled, nor for a service that is not installed.
 * It waits for a daemon that has not been checked yet.
 */
#include "dependency.h"

#include <stdio.h>
#include <string.h>

#define BUCKETS 256

SLIST_HEAD(peer_list, peer);

static struct peer_list peers[BUCKETS]; /* hashed by daemon name */
static struct peer_list waiting = SLIST_HEAD_INITIALIZER(waiting);

static struct peer_list *bucket_of(const char *name)
{
	unsigned hash = 5381;

	for (; *name != '\0'; name++)
		hash = hash * 33 + (unsigned char)*name;
	return &peers[hash % BUCKETS];
}

static struct peer *find(const char *name)
{
	struct peer *peer;

	SLIST_FOREACH(peer, bucket_of(name), link)
		if (strcmp(vigil_name(peer->daemon), name) == 0)
			return peer;
	return NULL;
}

void peer_join(struct peer *peer)
{
	SLIST_INSERT_HEAD(bucket_of(vigil_name(peer->daemon)), peer, link);
}

/* The peers that wait for this one check again, because they need not wait for it any more. */
void peer_leave(struct peer *peer)
{
	dependency_end(peer);
	SLIST_REMOVE(bucket_of(vigil_name(peer->daemon)), peer, peer, link);
	peer_checked(peer, false);
}

void peer_checked(struct peer *peer, bool good)
{
	struct peer *other, *next;

	peer->checked = true;
	peer->checked_at = vigil_now();
	peer->good = good;
	peer->asked = false;
	for (other = SLIST_FIRST(&waiting); other != NULL; other = next) {
		next = SLIST_NEXT(other, waiting);
		if (strcmp(other->awaits, vigil_name(peer->daemon)) == 0)
			other->check(other->arg);
	}
}

void dependency_end(struct peer *peer)
{
	if (peer->awaits != NULL)
		SLIST_REMOVE(&waiting, peer, peer, waiting);
	peer->awaits = NULL;
}

/* Returns the text at PLACE/NAME/KEY in the state; NULL: there is none. */
static const char *state_text(
	struct peer *peer, const char *place, const char *name, const char *key)
{
	char pointer[160];

	snprintf(pointer, sizeof(pointer), "%s/%s/%s", place, name, key);
	return json_string_value(vigil_state_get(peer->daemon, pointer));
}

/* Handles a daemon that is not a peer: it belongs to another module, has failed, or runs in another
 * process. The state then tells whether its service runs. */
static bool is_awaited_elsewhere(struct peer *peer, const char *name)
{
	const char *value = state_text(peer, "/daemons", name, "service_state/value");
	const char *module;

	if (value != NULL)
		return strcmp(value, "running") != 0;
	module = state_text(peer, "/runs", name, "module");
	return module != NULL && strcmp(module, "service") == 0;
}

static bool is_awaited(struct peer *peer, const char *name, double since)
{
	struct peer *other = find(name);

	if (other == peer)
		return false;
	if (other == NULL)
		return is_awaited_elsewhere(peer, name);
	if (other->checked && (!other->good || other->checked_at >= since))
		return !other->good;
	other->asked = true;
	other->check(other->arg);
	return true;
}

const char *dependency_awaited(struct peer *peer, const char *const *names, double since)
{
	for (; *names != NULL; names++) {
		if (!is_awaited(peer, *names, since))
			continue;
		if (peer->awaits == NULL)
			SLIST_INSERT_HEAD(&waiting, peer, waiting);
		peer->awaits = *names;
		return *names;
	}
	dependency_end(peer);
	return NULL;
}
