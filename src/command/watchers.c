/*
 * watchers: see watchers.h.
 *
 * The index is sorted by the names of the services, so that a machine with thousands of services
 * and daemons does not block the loop.  A daemon is found again by its name, because a reload may
 * have removed it.
 */
#include "command/watchers.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "command/daemon_names.h"
#include "daemon/api_service.h"
#include "daemon/daemon.h"
#include "host/host.h"
#include "service/service.h"
#include "service/services.h"

#define SUFFIX ".service"

struct watcher {
	char *service; /* without the suffix .service; also the text that is sorted */
	char *daemon;
	const char *manager; /* static text; "auto": unknown */
};

struct watchers {
	struct host *host;
	struct watcher *list;
	size_t count, room;
	const struct vigil_daemon *adding; /* while the index is made */
	bool added;                        /* it has opened a service */
};

/* Copies the name without its suffix; the caller frees it. */
static char *base_name(const char *service)
{
	size_t length = strlen(service), suffix = strlen(SUFFIX);

	if (length > suffix && strcmp(service + length - suffix, SUFFIX) == 0)
		length -= suffix;
	return memory_format("%.*s", (int)length, service);
}

static void add(struct watchers *w, const char *service, const char *manager)
{
	if (w->count == w->room) {
		w->room = w->room != 0 ? 2 * w->room : 64;
		w->list = memory_grow(w->list, w->room, sizeof(*w->list));
	}
	w->list[w->count++] = (struct watcher){.service = base_name(service),
		.daemon = memory_text(daemon_name(w->adding)),
		.manager = manager};
}

static void add_service(const struct service *service, void *arg)
{
	struct watchers *w = arg;

	add(w, service_name(service), service_manager(service));
	if (service_unit(service)[0] != '\0') /* the name may be an alias of the unit */
		add(w, service_unit(service), service_manager(service));
	w->added = true;
}

static int compare(const void *a, const void *b)
{
	const struct watcher *left = a, *right = b;
	int order = strcmp(left->service, right->service);

	return order != 0 ? order : strcmp(left->daemon, right->daemon);
}

struct watchers *watchers_new(struct host *host)
{
	struct watchers *w = memory_zero(sizeof(*w));
	struct vigil_daemon *d;

	w->host = host;
	for (size_t i = 0; (d = host_daemon(host, i)) != NULL; i++) {
		w->adding = d;
		w->added = false;
		api_service_each(d, add_service, w);
		if (!w->added && daemon_names_service(d) != NULL)
			add(w, daemon_names_service(d), "auto");
	}
	if (w->count > 1)
		qsort(w->list, w->count, sizeof(*w->list), compare);
	return w;
}

void watchers_free(struct watchers *w)
{
	if (w == NULL)
		return;
	for (size_t i = 0; i < w->count; i++) {
		free(w->list[i].service);
		free(w->list[i].daemon);
	}
	free(w->list);
	free(w);
}

/* --- one service ------------------------------------------------------------------------------ */

/* The index of the first watcher of the service, or of a later one. */
static size_t find(const struct watchers *w, const char *service)
{
	size_t low = 0, high = w->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (strcmp(w->list[middle].service, service) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The option; NULL: the module has no such option. */
static const struct option_value *option_of(const struct vigil_daemon *d, const char *name)
{
	return daemon_options(d) != NULL ? option_get(daemon_options(d), name) : NULL;
}

static const char *restart_on(const struct vigil_daemon *d)
{
	return option_of(d, "restart_on") != NULL ? option_of(d, "restart_on")->text : NULL;
}

/* Whether the daemon watches many services.  The index has those that its option `restart`
 * chooses. */
static bool has_many(const struct vigil_daemon *d)
{
	const struct option_value *value = option_of(d, "restart");

	return value != NULL && value->schema->type == VIGIL_LIST;
}

/* Why the daemon does not restart the service after a crash; NULL: it does.  taken: another daemon
 * takes care of this service alone. */
static const char *not_restarted(struct host *host, const struct vigil_daemon *d,
	const vigil_service_entry *entry, bool taken)
{
	const char *on = restart_on(d);

	if (daemon_status(d) == DAEMON_PAUSED)
		return "paused";
	if (daemon_status(d) != DAEMON_RUNNING)
		return daemon_status_name(daemon_status(d));
	if (on == NULL)
		return "observed";
	if (has_many(d) && taken)
		return "taken";
	if (has_many(d) && !entry->daemon)
		return "withheld";
	if (on != NULL && strcmp(on, "never") == 0)
		return "never";
	/* runsv does not store how a service has ended, so that a crash looks like a clean stop. */
	if (on != NULL && strcmp(on, "failed") == 0 && entry->crash == VIGIL_CRASH_DOWN &&
		strcmp(entry->manager, "runit") == 0)
		return "failed";
	if (services_deny(host_services(host), entry->name))
		return "denied";
	return entry->hold != NULL ? "withheld" : NULL;
}

static json_t *describe(const struct vigil_daemon *d, const char *why)
{
	json_t *row = json_pack("{s:s}", "daemon", daemon_name(d));

	/* A daemon that has many services leaves one of them to a daemon that has it alone. */
	if (restart_on(d) != NULL && !has_many(d))
		json_object_set_new(row, "restart_on", json_string(restart_on(d)));
	if (why != NULL)
		json_object_set_new(row, "not_restarted", json_string(why));
	return row;
}

/* Whether the watcher at the index watches this service, and has not been the last one, too. */
static struct vigil_daemon *watcher_at(
	const struct watchers *w, size_t i, const vigil_service_entry *entry, const char *last)
{
	const struct watcher *watcher = &w->list[i];

	if (strcmp(last, watcher->daemon) == 0 ||
		!service_managers_meet(watcher->manager, entry->manager))
		return NULL;
	return host_find(w->host, watcher->daemon);
}

static bool is_taken(const struct watchers *w, const char *name, const vigil_service_entry *entry)
{
	for (size_t i = find(w, name); i < w->count && strcmp(w->list[i].service, name) == 0; i++) {
		const struct vigil_daemon *d = watcher_at(w, i, entry, "");

		if (d != NULL && !has_many(d))
			return true;
	}
	return false;
}

json_t *watchers_of(const struct watchers *w, const vigil_service_entry *entry, bool *restarts)
{
	json_t *rows = json_array();
	const char *last = "";
	char *name = base_name(entry->name);
	bool taken = is_taken(w, name, entry);

	*restarts = false;
	for (size_t i = find(w, name); i < w->count && strcmp(w->list[i].service, name) == 0; i++) {
		struct vigil_daemon *d = watcher_at(w, i, entry, last);
		const char *why;

		if (d == NULL)
			continue;
		last = w->list[i].daemon;
		why = not_restarted(w->host, d, entry, taken);
		*restarts |= why == NULL;
		json_array_append_new(rows, describe(d, why));
	}
	free(name);
	return rows;
}
