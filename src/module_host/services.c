/* services: the part of service/services.h that daemons use, in vigil-module-host. */
#include "service/services.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "isolate/isolate_link.h"
#include "module_host/module_host.h"
#include "module_host/parent.h"

struct services_list_call {
	struct services_list_request request;
};

struct services_observer {
	services_change_fn *fn;
	void *arg;
	SLIST_ENTRY(services_observer) link;
};

static SLIST_HEAD(, services_observer) observers = SLIST_HEAD_INITIALIZER(observers);
static bool watched;
static struct services_list_call *listing; /* NULL: none, or it was cancelled */
static bool in_progress;                   /* vigild is listing */
static json_t *next;                       /* a request that waits for that listing to end */

static void begin(json_t *request)
{
	in_progress = true;
	parent_tell(json_pack("[s,o]", "list", request));
}

struct services_list_call *services_list(
	struct services *services, const struct services_list_request *request)
{
	json_t *only = request->only != NULL ? json_array() : NULL, *spec;

	for (const char *const *glob = request->only; glob != NULL && *glob != NULL; glob++)
		json_array_append_new(only, json_string(*glob));
	spec = json_pack("{s:o*,s:f}", "only", only, "timeout", clock_to_seconds(request->timeout));
	listing = memory_zero(sizeof(*listing));
	listing->request = *request;
	if (!in_progress) {
		begin(spec);
	} else {
		json_decref(next);
		next = spec;
	}
	return listing;
}

void services_list_cancel(struct services_list_call *call)
{
	if (call == NULL)
		return;
	json_decref(next);
	next = NULL;
	listing = NULL;
	free(call);
}

void module_host_on_entry(const json_t *message)
{
	const json_t *from = json_array_get(message, 1);
	const vigil_service_entry entry = {.size = sizeof(entry),
		.name = module_host_text(from, "name"),
		.manager = module_host_text(from, "manager"),
		.unit = module_host_text(from, "unit"),
		.status = (vigil_service_status)module_host_number(from, "status"),
		.text = module_host_text(from, "text"),
		.since = json_number_value(json_object_get(from, "since")),
		.boot = (vigil_service_boot)module_host_number(from, "boot"),
		.daemon = json_is_true(json_object_get(from, "daemon")),
		.crash = (vigil_service_crash)module_host_number(from, "crash"),
		.crash_text = module_host_text(from, "crash_text"),
		.crash_delay = json_number_value(json_object_get(from, "crash_delay")),
		.hold = module_host_text(from, "hold"),
		.pid = (pid_t)module_host_number(from, "pid"),
		.respawns = (uint32_t)module_host_number(from, "respawns")};

	if (listing != NULL && next == NULL)
		listing->request.on_entry(&entry, listing->request.arg);
}

void module_host_on_entries_end(const json_t *message)
{
	struct services_list_request request;
	json_t *waiting = next;

	in_progress = false;
	next = NULL;
	if (waiting != NULL) {
		begin(waiting);
	} else if (listing != NULL) {
		request = listing->request;
		services_list_cancel(listing);
		request.on_end(
			(int)isolate_number(message, 1), isolate_text(message, 2), request.arg);
	}
}

/* --- changes of the set ----------------------------------------------------------------------- */

struct services_observer *services_on_change(
	struct services *services, services_change_fn *fn, void *arg)
{
	struct services_observer *observer = memory_zero(sizeof(*observer));

	*observer = (struct services_observer){.fn = fn, .arg = arg};
	SLIST_INSERT_HEAD(&observers, observer, link);
	if (!watched)
		parent_tell(json_pack("[s]", "watch_services"));
	watched = true;
	return observer;
}

void services_observer_free(struct services_observer *observer)
{
	if (observer == NULL)
		return;
	SLIST_REMOVE(&observers, observer, services_observer, link);
	free(observer);
}

void module_host_on_services(const json_t *message)
{
	struct services_observer *observer, *following;

	for (observer = SLIST_FIRST(&observers); observer != NULL; observer = following) {
		following = SLIST_NEXT(observer, link);
		observer->fn(isolate_text(message, 1),
			json_string_value(json_array_get(message, 2)), observer->arg);
	}
}
