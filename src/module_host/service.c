/*
 * service: the implementation of service/service.h in vigil-module-host.  vigild makes the calls;
 * see isolate/isolate_services.c.
 */
#include "service/service.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "isolate/isolate_link.h"
#include "module_host/module_host.h"
#include "module_host/parent.h"
#include "service/manager.h"

struct service {
	json_int_t id;
	char *name;
	unsigned refs; /* one for its owner, and one while observers are called */
	bool observed[2];
	struct observer_list observers[2]; /* of changes, of stale statuses */
	SLIST_ENTRY(service) link;
};

struct service_call {
	json_int_t id;
	service_reply_fn *fn;
	void *arg;
	SLIST_ENTRY(service_call) link;
};

static SLIST_HEAD(, service) services = SLIST_HEAD_INITIALIZER(services);
static SLIST_HEAD(, service_call) calls = SLIST_HEAD_INITIALIZER(calls);
static json_int_t last_service, last_call;

/* --- opening ---------------------------------------------------------------------------------- */

static bool is_manager(const char *name)
{
	size_t length = strlen(name);

	for (const char *p = manager_names(); (p = strstr(p, name)) != NULL; p += length)
		if ((p == manager_names() || p[-1] == ' ') &&
			(p[length] == ' ' || p[length] == '\0'))
			return true;
	return false;
}

static json_t *argv_json(const char *const *argv)
{
	json_t *list = argv != NULL ? json_array() : NULL;

	for (; argv != NULL && *argv != NULL; argv++)
		json_array_append_new(list, json_string(*argv));
	return list;
}

static json_t *spec_json(const vigil_service_spec *spec)
{
	return json_pack("{s:s,s:s*,s:s*,s:s*,s:s*,s:o*,s:o*,s:o*,s:o*,s:o*,s:f,s:f,s:b,s:b,s:b}",
		"name", spec->name, "manager", spec->manager, "init_dir", spec->init_dir,
		"service_dir", spec->service_dir, "pidfile", spec->pidfile, "status_command",
		argv_json(spec->status_command), "restart_command",
		argv_json(spec->restart_command), "start_command", argv_json(spec->start_command),
		"stop_command", argv_json(spec->stop_command), "reload_command",
		argv_json(spec->reload_command), "query_timeout", spec->query_timeout,
		"restart_timeout", spec->restart_timeout, "reset_failed", spec->reset_failed,
		"observe", spec->observe, "one_of_many", spec->one_of_many);
}

struct service *service_open(struct services *unused, const vigil_service_spec *given)
{
	vigil_service_spec spec = {0};
	struct service *service;

	memcpy(&spec, given, given->size < sizeof(spec) ? given->size : sizeof(spec));
	if (!text_is_service_name(spec.name)) {
		errno = EINVAL;
		return NULL;
	}
	if (spec.manager != NULL && !is_manager(spec.manager)) {
		errno = ENOTSUP;
		return NULL;
	}
	service = memory_zero(sizeof(*service));
	service->id = ++last_service;
	service->name = memory_text(spec.name);
	service->refs = 1;
	TAILQ_INIT(&service->observers[0]);
	TAILQ_INIT(&service->observers[1]);
	SLIST_INSERT_HEAD(&services, service, link);
	parent_tell(json_pack("[s,I,o]", "open", service->id, spec_json(&spec)));
	return service;
}

static void unref(struct service *service)
{
	if (--service->refs > 0)
		return;
	free(service->name);
	free(service);
}

void service_close(struct service *service)
{
	if (service == NULL)
		return;
	SLIST_REMOVE(&services, service, service, link);
	parent_tell(json_pack("[s,I]", "close", service->id));
	unref(service);
}

const char *service_name(const struct service *service)
{
	return service->name;
}

/* --- who else takes care of it ---------------------------------------------------------------- */

/* vigild registers the daemon when it opens the service. */
void service_taker_add(
	struct service_taker *taker, struct service *service, const char *daemon, bool many)
{
	*taker = (struct service_taker){.service = service, .daemon = daemon, .many = many};
}

void service_taker_remove(struct service_taker *taker)
{
	taker->service = NULL;
}

/* The result is valid until the next call. */
const struct service_taker *service_taker_before(const struct service_taker *taker)
{
	static struct service_taker other;
	static json_t *name;

	if (taker->service == NULL)
		return NULL;
	json_decref(name);
	name = parent_ask(json_pack("[s,I]", "taken", taker->service->id));
	other.daemon = json_string_value(name);
	return other.daemon != NULL ? &other : NULL;
}

/* --- calls ------------------------------------------------------------------------------------ */

struct service_call *service_ask(
	struct service *service, enum service_verb verb, service_reply_fn *fn, void *arg)
{
	struct service_call *call = memory_zero(sizeof(*call));

	*call = (struct service_call){.id = ++last_call, .fn = fn, .arg = arg};
	SLIST_INSERT_HEAD(&calls, call, link);
	parent_tell(json_pack("[s,I,I,i]", "ask", service->id, call->id, (int)verb));
	return call;
}

void service_cancel(struct service_call *call)
{
	if (call == NULL)
		return;
	SLIST_REMOVE(&calls, call, service_call, link);
	free(call);
}

static bool is_set(const json_t *reply, const char *key)
{
	return json_is_true(json_object_get(reply, key));
}

/* NULL: none.  The result is valid until the next call. */
static const vigil_service_death *death_from(const json_t *from)
{
	static vigil_service_death death;

	if (!json_is_object(from))
		return NULL;
	death = (vigil_service_death){.size = sizeof(death),
		.id = (uint64_t)module_host_number(from, "id"),
		.ended = json_number_value(json_object_get(from, "ended")),
		.ran = json_number_value(json_object_get(from, "ran")),
		.exit_status = (int)module_host_number(from, "exit_status"),
		.signal = (int)module_host_number(from, "signal"),
		.core = is_set(from, "core"),
		.oom = is_set(from, "oom"),
		.pid = (pid_t)module_host_number(from, "pid"),
		.result = module_host_text(from, "result"),
		.text = module_host_text(from, "text"),
		.journal = module_host_text(from, "journal")};
	return &death;
}

/* The texts are borrowed from the message. */
static vigil_service_reply reply_from(const json_t *from)
{
	double limit = json_number_value(json_object_get(from, "busy_limit"));

	return (vigil_service_reply){.size = sizeof(vigil_service_reply),
		.name = module_host_text(from, "name"),
		.manager = module_host_text(from, "manager"),
		.status = (vigil_service_status)module_host_number(from, "status"),
		.error = (int)module_host_number(from, "error"),
		.fault = (vigil_service_fault)module_host_number(from, "fault"),
		.text = module_host_text(from, "text"),
		.pid = (pid_t)module_host_number(from, "pid"),
		.seconds = json_number_value(json_object_get(from, "seconds")),
		.start_limit = is_set(from, "start_limit"),
		.respawns = (uint32_t)module_host_number(from, "respawns"),
		.unit = module_host_text(from, "unit"),
		.idle = module_host_text(from, "idle"),
		.hold = module_host_text(from, "hold"),
		.busy = json_number_value(json_object_get(from, "busy")),
		.busy_limit = limit < 0 ? INFINITY : limit,
		.evidence = module_host_text(from, "evidence"),
		.counts = is_set(from, "counts"),
		.unclear_stop = is_set(from, "unclear_stop"),
		.refusal = (vigil_refusal)module_host_number(from, "refusal"),
		.done = is_set(from, "done"),
		.run = (uint64_t)module_host_number(from, "run"),
		.death = death_from(json_object_get(from, "death")),
		.started = json_number_value(json_object_get(from, "started"))};
}

void module_host_on_reply(const json_t *message)
{
	vigil_service_reply reply = reply_from(json_array_get(message, 2));
	struct service_call *call;
	service_reply_fn *fn;
	void *arg;

	SLIST_FOREACH(call, &calls, link)
		if (call->id == isolate_number(message, 1))
			break;
	if (call == NULL)
		return; /* it was cancelled meanwhile */
	fn = call->fn;
	arg = call->arg;
	service_cancel(call);
	fn(&reply, arg);
}

/* The few texts that vigild may return, each kept for ever. */
static const char *intern(const char *text)
{
	static json_t *texts;
	void *iter;

	if (texts == NULL)
		texts = json_object();
	json_object_set_new(texts, text, json_true());
	iter = json_object_iter_at(texts, text);
	return json_object_iter_key(iter);
}

const char *service_deferred(struct service *service)
{
	json_t *answer = parent_ask(json_pack("[s,I]", "deferred", service->id));
	const char *text = answer != NULL ? intern(json_string_value(answer)) : NULL;

	json_decref(answer);
	return text;
}

/* --- observers -------------------------------------------------------------------------------- */

static struct service_observer *observe(
	struct service *service, bool stale, service_reply_fn *fn, void *arg)
{
	if (!service->observed[stale])
		parent_tell(json_pack("[s,I,b]", "observe", service->id, stale));
	service->observed[stale] = true;
	return service_observer_new(&service->observers[stale], fn, arg);
}

struct service_observer *service_on_change(struct service *service, service_reply_fn *fn, void *arg)
{
	return observe(service, false, fn, arg);
}

struct service_observer *service_on_stale(struct service *service, service_reply_fn *fn, void *arg)
{
	return observe(service, true, fn, arg);
}

void module_host_on_status(const json_t *message)
{
	vigil_service_reply reply = reply_from(json_array_get(message, 3));
	struct service *service;

	SLIST_FOREACH(service, &services, link)
		if (service->id == isolate_number(message, 1))
			break;
	if (service == NULL)
		return;
	service->refs++; /* because a callback may close the service */
	service_observers_notify(&service->observers[isolate_bool(message, 2)], &reply);
	unref(service);
}

/* vigild does not tell the process that a status is still valid, so its daemon never rests. */
uint64_t service_known_since(const struct service *service)
{
	return 0;
}

bool service_is_as_known(struct service *service, uint64_t since)
{
	return false;
}
