/*
 * census: see census.h.  A machine has at most some thousand services, so the items are in a
 * sorted array.  A list is sorted in the same way, so that a new item is mostly added at the end.
 */
#include "census.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A service that its supervisor starts again is down for a second, and a new service has no
 * supervisor for some seconds.  Only a status that lasts longer is judged. */
#define SETTLE 10.0

/* --- conditions ------------------------------------------------------------------------------- */

const char *condition_name(enum condition condition)
{
	static const char *const names[CONDITION_COUNT] = {
		[CONDITION_RUNNING] = "running",
		[CONDITION_IDLE] = "idle",
		[CONDITION_CHANGING] = "changing",
		[CONDITION_FAILED] = "failed",
		[CONDITION_CRASHING] = "crashing",
		[CONDITION_STOPPED] = "stopped",
		[CONDITION_SLOW] = "slow",
		[CONDITION_UNKNOWN] = "unknown",
	};

	return names[condition];
}

bool condition_is_bad(enum condition condition)
{
	return condition >= CONDITION_FAILED;
}

static bool is_settled(const struct item *item, double now)
{
	return now - item->since_now >= SETTLE;
}

static enum condition judge_stopped(const struct item *item, double now)
{
	if (!item->known || !item->daemon || !item->boot || item->idle || item->hold)
		return CONDITION_IDLE;
	if (item->supervised && item->unclear_stop && !is_settled(item, now))
		return CONDITION_CHANGING;
	/* Nothing shows that it was stopped on purpose, so it counts as crashed. */
	return item->unclear_stop ? CONDITION_FAILED : CONDITION_STOPPED;
}

static bool is_busy(const struct item *item)
{
	return item->status == VIGIL_SERVICE_STARTING || item->status == VIGIL_SERVICE_STOPPING ||
	       item->status == VIGIL_SERVICE_RELOADING;
}

/* OpenRC says so of a service whose start goes on when an event happens, such as a network link. */
static bool waits_for_event(const struct item *item)
{
	return item->text != NULL && strcmp(item->text, "inactive") == 0;
}

/* A oneshot is starting as long as it works, which may take hours. */
static enum condition judge_busy(const struct census *census, const struct item *item, double now)
{
	if (item->daemon && !waits_for_event(item) && now - item->since_now > census->rules.settle)
		return CONDITION_SLOW;
	return item->status == VIGIL_SERVICE_RELOADING ? CONDITION_RUNNING : CONDITION_CHANGING;
}

/* The condition without the restarts. */
static enum condition judge_status(const struct census *census, const struct item *item, double now)
{
	switch (item->status) {
	case VIGIL_SERVICE_RUNNING: return CONDITION_RUNNING;
	case VIGIL_SERVICE_STARTING:
	case VIGIL_SERVICE_STOPPING:
	case VIGIL_SERVICE_RELOADING: return judge_busy(census, item, now);
	case VIGIL_SERVICE_FAILED:
		return item->supervised && !is_settled(item, now) ? CONDITION_CHANGING
								  : CONDITION_FAILED;
	case VIGIL_SERVICE_STOPPED: return judge_stopped(item, now);
	case VIGIL_SERVICE_ABSENT: return CONDITION_IDLE;
	default: break;
	}
	if (item->service == NULL)
		return CONDITION_IDLE; /* nothing can be found out about it */
	return item->known && is_settled(item, now) ? CONDITION_UNKNOWN : CONDITION_CHANGING;
}

enum condition census_judge(const struct census *census, const struct item *item, double now)
{
	enum condition condition = judge_status(census, item, now);

	if (condition != CONDITION_FAILED && condition != CONDITION_STOPPED &&
		census->rules.respawn_max > 0 &&
		census_respawns(census, item, now) > census->rules.respawn_max)
		return CONDITION_CRASHING;
	return condition;
}

bool census_expires(const struct census *census, const struct item *item, double now, double *wait)
{
	bool unsettled = !is_settled(item, now) && item->service != NULL &&
			 (item->status == VIGIL_SERVICE_UNKNOWN ||
				 (item->supervised && vigil_service_is_down(item->status)));
	double slow = item->since_now + census->rules.settle, at = INFINITY;

	if (unsettled)
		at = item->since_now + SETTLE;
	if (is_busy(item) && now <= slow) /* a later list may say that it is a daemon */
		at = slow;
	if (census_judge(census, item, now) == CONDITION_CRASHING)
		at = fmin(at, item->respawns[0] + census->rules.respawn_window);
	*wait = fmax(at - now, 0);
	return isfinite(at);
}

/* --- the items -------------------------------------------------------------------------------- */

static int compare(const struct item *item, const char *name, const char *manager)
{
	int order = strcmp(item->name, name);

	return order != 0 ? order : strcmp(item->manager, manager);
}

/* Returns the index of the first item that is not before the service. */
static size_t place_of(const struct census *census, const char *name, const char *manager)
{
	size_t low = 0, high = census->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(census->items[middle], name, manager) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct item *census_find(const struct census *census, const char *name, const char *manager)
{
	size_t place = place_of(census, name, manager);

	if (place == census->count || compare(census->items[place], name, manager) != 0)
		return NULL;
	return census->items[place];
}

static bool make_room(struct census *census)
{
	size_t room = census->room > 0 ? 2 * census->room : 64;
	struct item **items;

	if (census->count < census->room)
		return true;
	items = realloc(census->items, room * sizeof(*items));
	if (items == NULL)
		return false;
	census->items = items;
	census->room = room;
	return true;
}

struct item *census_add(struct census *census, const char *name, const char *manager)
{
	size_t place = place_of(census, name, manager), length = strlen(name) + 1;
	struct item *item;

	if (census->count >= VIGIL_SERVICES_MAX || !make_room(census))
		return NULL;
	item = calloc(1, sizeof(*item) + length + strlen(manager) + 1);
	if (item == NULL)
		return NULL;
	item->name = memcpy(item->texts, name, length);
	item->manager = strcpy(item->texts + length, manager);
	memmove(census->items + place + 1, census->items + place,
		(census->count - place) * sizeof(*census->items));
	census->items[place] = item;
	census->count++;
	return item;
}

static void free_item(struct item *item)
{
	free(item->text);
	free(item->respawns);
	free(item->watcher);
	free(item);
}

void census_remove(struct census *census, struct item *item)
{
	size_t place = place_of(census, item->name, item->manager);

	census->count--;
	memmove(census->items + place, census->items + place + 1,
		(census->count - place) * sizeof(*census->items));
	free_item(item);
}

void census_free(struct census *census)
{
	for (size_t i = 0; i < census->count; i++)
		free_item(census->items[i]);
	free(census->items);
	*census = (struct census){.rules = census->rules};
}

/* --- what is known about a service ------------------------------------------------------------ */

/* Keeps the first line, because many services share one health text, and init scripts print
 * several lines. */
static void set_text(struct item *item, const char *text)
{
	size_t length;

	text += strspn(text, " \t\n*");
	length = strcspn(text, "\n");
	if (item->text != NULL && strlen(item->text) == length &&
		strncmp(item->text, text, length) == 0)
		return;
	free(item->text);
	item->text = length > 0 ? strndup(text, length) : NULL;
}

static void set_status(struct item *item, vigil_service_status status, double now, double since)
{
	if (item->status == status && item->since_now > 0)
		return;
	item->status = status;
	item->since_now = now;
	item->since = since;
}

bool census_take_entry(struct item *item, const vigil_service_entry *entry, double now, double wall)
{
	bool is_systemd = strcmp(entry->manager, "systemd") == 0, masked = entry->hold != NULL;
	/* As long as a query and the list disagree, the next list causes another query. */
	bool differs = masked != item->hold ||
		       (entry->status != item->status && entry->status != VIGIL_SERVICE_UNKNOWN);

	item->boot = entry->boot == VIGIL_BOOT_YES;
	item->daemon = entry->daemon;
	/* A list says little about a service that is neither in use nor enabled. */
	item->sorted = item->boot || entry->status != VIGIL_SERVICE_STOPPED;
	item->unused = entry->crash == VIGIL_CRASH_NONE;
	item->supervised = !is_systemd && entry->crash == VIGIL_CRASH_RESTARTED;
	if (item->known)
		return differs; /* a query says more than the list */
	set_status(item, entry->status, now, entry->since > 0 ? entry->since : wall);
	set_text(item, entry->text);
	item->hold = masked;
	item->pid = entry->pid;
	return false;
}

static void add_respawns(struct census *census, struct item *item, unsigned more, double now)
{
	unsigned room = census->rules.respawn_max + 1;

	if (item->respawns == NULL)
		item->respawns = calloc(room, sizeof(*item->respawns));
	if (item->respawns == NULL)
		return;
	for (unsigned i = 0; i < more && i < room; i++) {
		if (item->respawn_count == room)
			memmove(item->respawns, item->respawns + 1,
				--item->respawn_count * sizeof(*item->respawns));
		item->respawns[item->respawn_count++] = now;
	}
}

/* A manager that counts its restarts is believed.  Otherwise another pid shows a restart, unless
 * the service was down in between: then an admin or another daemon has started it. */
static void count_respawns(
	struct census *census, struct item *item, const vigil_service_reply *reply, double now)
{
	bool runs = reply->status == VIGIL_SERVICE_RUNNING && reply->pid > 0;
	unsigned more = runs && item->ran > 0 && item->ran != reply->pid;

	if (reply->status == VIGIL_SERVICE_UNKNOWN) /* it says nothing about the counter */
		return;
	if (reply->counts || reply->respawns > 0)
		more = item->counted && reply->respawns > item->by_manager
			       ? reply->respawns - item->by_manager
			       : 0;
	item->by_manager = reply->respawns;
	item->counted = true;
	if (runs)
		item->ran = reply->pid;
	else if (vigil_service_is_down(reply->status) && !item->supervised)
		item->ran = 0;
	if (more > 0 && census->rules.respawn_max > 0)
		add_respawns(census, item, more, now);
}

void census_add_respawn(struct census *census, struct item *item, double when)
{
	if (census->rules.respawn_max > 0)
		add_respawns(census, item, 1, when);
}

void census_take_reply(struct census *census, struct item *item, const vigil_service_reply *reply,
	double now, double wall)
{
	count_respawns(census, item, reply, now);
	set_status(item, reply->status, now, wall);
	set_text(item, reply->text);
	item->known = true;
	item->idle = reply->idle != NULL;
	item->hold = reply->hold != NULL;
	item->unclear_stop = reply->unclear_stop;
	item->pid = reply->pid;
}

unsigned census_respawns(const struct census *census, const struct item *item, double now)
{
	unsigned n = 0;

	while (n < item->respawn_count &&
		item->respawns[item->respawn_count - 1 - n] >= now - census->rules.respawn_window)
		n++;
	return n;
}
