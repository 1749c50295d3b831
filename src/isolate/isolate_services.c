/*
 * isolate_services: the services of an isolated daemon, which vigild handles for it.
 *
 * The process never calls a service manager.  Its requests go through vigil.h with the rights of
 * the daemon, so that restart_rate, deny and all other refusals hold for it.  In addition it may
 * change only a service that the daemon's options name, and run only commands and use only paths
 * that they contain, because the process may belong to another user than vigild.
 */
#include "isolate/isolate_internal.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "service/service_call.h"

#define SERVICES_MAX 10000
#define GLOBS_MAX    1000 /* of one list of services */

struct isolated_call {
	struct isolated_service *service;
	json_int_t id;
};

struct isolated_service {
	struct isolated *p;
	json_int_t id;
	vigil_service *handle; /* NULL: it could not be opened */
	bool observed[2];      /* changes, stale */
	struct isolated_call calls[SERVICE_VERBS];
	SLIST_ENTRY(isolated_service) link;
};

/* --- what the options allow ------------------------------------------------------------------- */

static bool has_element(const struct option_value *value, const char *text)
{
	if (value->schema->type != VIGIL_LIST)
		return value->text != NULL && strcmp(value->text, text) == 0;
	for (char **element = value->list; *element != NULL; element++)
		if (text_glob(*element, text))
			return true;
	return false;
}

/* The module describes the defaults of its options itself.  So a list, a path and a command count
 * only if the configuration sets them. */

static const struct option_value *given(const struct vigil_daemon *d, size_t i)
{
	return d->options != NULL ? option_set_given(d->options, i) : NULL;
}

static bool is_given_name(const struct vigil_daemon *d, const char *text)
{
	const struct option_value *value;

	for (size_t i = 0; (value = given(d, i)) != NULL; i++)
		if (has_element(value, text))
			return true;
	return false;
}

static bool is_default(const struct vigil_daemon *d, const char *text)
{
	const vigil_option *row = d->descriptor->options;

	for (; row != NULL && row->name != NULL; row++)
		if (row->type == VIGIL_TEXT && row->value != NULL && strcmp(row->value, text) == 0)
			return true;
	return false;
}

static bool has_path(const struct vigil_daemon *d, const char *path)
{
	const struct option_value *value;

	for (size_t i = 0; (value = given(d, i)) != NULL; i++)
		if (value->schema->type != VIGIL_LIST && has_element(value, path))
			return true;
	return false;
}

static bool has_command(const struct vigil_daemon *d, const char *const *argv)
{
	const struct option_value *value;

	for (size_t i = 0; (value = given(d, i)) != NULL; i++)
		if (value->schema->type == VIGIL_COMMAND &&
			text_equal_lists((const char *const *)value->list, argv))
			return true;
	return false;
}

/* A name matches an element of a list, which may be a glob. */
static bool may_change(const struct isolated_service *service)
{
	const struct vigil_daemon *d = service->p->resource.daemon;
	const char *name = vigil_service_name(service->handle);

	return strcmp(name, d->name) == 0 || is_given_name(d, name) || is_default(d, name);
}

/* --- opening ---------------------------------------------------------------------------------- */

/* NULL: it is not an array of texts.  The caller frees the array; the texts are borrowed. */
static const char **argv_from(const json_t *list)
{
	const char **argv = memory_zero((json_array_size(list) + 1) * sizeof(*argv));

	for (size_t i = 0; i < json_array_size(list); i++) {
		argv[i] = json_string_value(json_array_get(list, i));
		if (argv[i] == NULL) {
			free(argv);
			return NULL;
		}
	}
	return argv;
}

/* Sets a command of the spec if the options contain it.  *argv is to be freed. */
static bool take_command(const struct vigil_daemon *d, const json_t *from, const char ***argv,
	const char *const **command)
{
	if (from == NULL)
		return true;
	*argv = argv_from(from);
	if (*argv == NULL || !has_command(d, *argv))
		return false;
	*command = *argv;
	return true;
}

static bool take_path(
	const struct vigil_daemon *d, const json_t *spec, const char *key, const char **path)
{
	*path = json_string_value(json_object_get(spec, key));
	return *path == NULL || has_path(d, *path);
}

static vigil_service *open_service(struct vigil_daemon *d, const json_t *from)
{
	vigil_service_spec spec = {.size = sizeof(spec),
		.name = json_string_value(json_object_get(from, "name")),
		.manager = json_string_value(json_object_get(from, "manager")),
		.query_timeout = json_number_value(json_object_get(from, "query_timeout")),
		.restart_timeout = json_number_value(json_object_get(from, "restart_timeout")),
		.reset_failed = json_is_true(json_object_get(from, "reset_failed")),
		.observe = json_is_true(json_object_get(from, "observe")),
		.one_of_many = json_is_true(json_object_get(from, "one_of_many"))};
	const struct {
		const char *key;
		const char *const **command;
	} commands[] = {{"status_command", &spec.status_command},
		{"restart_command", &spec.restart_command}, {"start_command", &spec.start_command},
		{"stop_command", &spec.stop_command}, {"reload_command", &spec.reload_command}};
	enum { COMMANDS = sizeof(commands) / sizeof(*commands) };
	const char **argv[COMMANDS] = {NULL};
	bool allowed = take_path(d, from, "init_dir", &spec.init_dir) &&
		       take_path(d, from, "service_dir", &spec.service_dir) &&
		       take_path(d, from, "pidfile", &spec.pidfile);
	vigil_service *handle = NULL;

	for (size_t i = 0; i < COMMANDS; i++)
		allowed = take_command(d, json_object_get(from, commands[i].key), &argv[i],
				  commands[i].command) &&
			  allowed;
	if (allowed)
		handle = vigil_service_open(d, &spec);
	else
		vigil_error(d, "its process asked for a service with a command or a path that is "
			       "not among its options");
	for (size_t i = 0; i < COMMANDS; i++)
		free(argv[i]);
	return handle;
}

static struct isolated_service *find(struct isolated *p, json_int_t id)
{
	struct isolated_service *service;

	SLIST_FOREACH(service, &p->services, link)
		if (service->id == id)
			return service;
	return NULL;
}

static size_t count_services(const struct isolated *p)
{
	const struct isolated_service *service;
	size_t count = 0;

	SLIST_FOREACH(service, &p->services, link)
		count++;
	return count;
}

bool isolate_on_open(struct isolated *p, const json_t *message)
{
	json_int_t id = isolate_number(message, 1);
	struct isolated_service *service;

	if (find(p, id) != NULL || count_services(p) >= SERVICES_MAX)
		return false;
	service = memory_zero(sizeof(*service));
	service->p = p;
	service->id = id;
	service->handle = open_service(p->resource.daemon, json_array_get(message, 2));
	for (size_t i = 0; i < SERVICE_VERBS; i++)
		service->calls[i].service = service;
	SLIST_INSERT_HEAD(&p->services, service, link);
	return true;
}

bool isolate_on_close(struct isolated *p, const json_t *message)
{
	struct isolated_service *service = find(p, isolate_number(message, 1));

	if (service == NULL)
		return false;
	if (service->handle != NULL)
		vigil_service_close(service->handle);
	SLIST_REMOVE(&p->services, service, isolated_service, link);
	free(service);
	return true;
}

void isolate_forget_services(struct isolated *p)
{
	struct isolated_service *service;

	while ((service = SLIST_FIRST(&p->services)) != NULL) {
		SLIST_REMOVE_HEAD(&p->services, link);
		free(service);
	}
}

/* --- calls ------------------------------------------------------------------------------------ */

/* A text of a service manager may have any bytes. */
static json_t *text_json(const char *text)
{
	char clean[1024];

	return text != NULL ? json_string(text_escape_keep(
				      clean, sizeof(clean), text, strlen(text), "\n\t"))
			    : json_null();
}

static json_t *death_json(const vigil_service_death *death)
{
	if (death == NULL)
		return json_null();
	return json_pack("{s:I,s:f,s:f,s:i,s:i,s:b,s:b,s:i,s:o,s:o,s:o}", "id",
		(json_int_t)death->id, "ended", death->ended, "ran", death->ran, "exit_status",
		death->exit_status, "signal", death->signal, "core", death->core, "oom", death->oom,
		"pid", (int)death->pid, "result", text_json(death->result), "text",
		text_json(death->text), "journal", text_json(death->journal));
}

static json_t *reply_json(const vigil_service_reply *r)
{
	return json_pack("{s:o,s:o,s:i,s:i,s:i,s:o,s:i,s:f,s:b,s:I,s:o,s:o,s:o,s:f,s:f,s:o,s:b,s:b,"
			 "s:i,s:b,s:I,s:o,s:f}",
		"name", text_json(r->name), "manager", text_json(r->manager), "status",
		(int)r->status, "error", r->error, "fault", (int)r->fault, "text",
		text_json(r->text), "pid", (int)r->pid, "seconds", r->seconds, "start_limit",
		r->start_limit, "respawns", (json_int_t)r->respawns, "unit", text_json(r->unit),
		"idle", text_json(r->idle), "hold", text_json(r->hold), "busy", r->busy,
		"busy_limit", isinf(r->busy_limit) ? -1.0 : r->busy_limit, "evidence",
		text_json(r->evidence), "counts", r->counts, "unclear_stop", r->unclear_stop,
		"refusal", (int)r->refusal, "done", r->done, "run", (json_int_t)r->run, "death",
		death_json(r->death), "started", r->started);
}

static void on_reply(vigil_service *handle, const vigil_service_reply *r, void *arg)
{
	const struct isolated_call *call = arg;

	isolate_send(call->service->p, json_pack("[s,I,o]", "reply", call->id, reply_json(r)));
}

static void refuse(const struct isolated_call *call, int error, const char *text)
{
	const vigil_service_reply reply = {.size = sizeof(reply),
		.name = call->service->handle != NULL ? vigil_service_name(call->service->handle)
						      : "",
		.manager = "",
		.error = error,
		.fault = VIGIL_FAULT_REFUSED,
		.refusal = error == -EAGAIN ? VIGIL_REFUSAL_QUEUE : VIGIL_REFUSAL_DENY,
		.text = text,
		.unit = "",
		.evidence = ""};

	isolate_send(call->service->p, json_pack("[s,I,o]", "reply", call->id, reply_json(&reply)));
}

bool isolate_on_ask(struct isolated *p, const json_t *message)
{
	static int (*const verbs[])(vigil_service *, vigil_service_fn *, void *) = {
		[SERVICE_QUERY] = vigil_service_query,
		[SERVICE_RESTART] = vigil_service_restart,
		[SERVICE_START] = vigil_service_start,
		[SERVICE_STOP] = vigil_service_stop,
		[SERVICE_RELOAD] = vigil_service_reload};
	struct isolated_service *service = find(p, isolate_number(message, 1));
	json_int_t verb = isolate_number(message, 3);
	struct isolated_call *call;
	int err;

	if (service == NULL || verb < 0 || verb >= SERVICE_VERBS)
		return false;
	call = &service->calls[verb];
	call->id = isolate_number(message, 2);
	if (service->handle == NULL)
		err = -EPERM;
	else if (verb != SERVICE_QUERY && !may_change(service))
		err = -EACCES;
	else
		err = verbs[verb](service->handle, on_reply, call);
	if (err != 0)
		refuse(call, err,
			err == -EPERM    ? "vigild does not open this service for the process"
			: err == -EACCES ? "the options of the daemon do not name this service"
			: err == -EAGAIN ? "too many calls wait or hang"
					 : strerror(-err));
	return true;
}

static void send_status(
	const struct isolated_service *service, bool stale, const vigil_service_reply *r)
{
	isolate_send(
		service->p, json_pack("[s,I,b,o]", "status", service->id, stale, reply_json(r)));
}

static void on_changed(vigil_service *handle, const vigil_service_reply *r, void *arg)
{
	send_status(arg, false, r);
}

static void on_stale(vigil_service *handle, const vigil_service_reply *r, void *arg)
{
	send_status(arg, true, r);
}

bool isolate_on_observe(struct isolated *p, const json_t *message)
{
	struct isolated_service *service = find(p, isolate_number(message, 1));
	bool stale = isolate_bool(message, 2);

	if (service == NULL)
		return false;
	if (service->handle == NULL || service->observed[stale])
		return true;
	service->observed[stale] = true;
	if (stale)
		return vigil_service_on_stale(service->handle, on_stale, service) == 0;
	return vigil_service_on_change(service->handle, on_changed, service) == 0;
}

bool isolate_on_answer(struct isolated *p, const json_t *message)
{
	const struct isolated_service *service = find(p, isolate_number(message, 1));
	bool taken = strcmp(isolate_text(message, 0), "taken") == 0;
	const char *answer = NULL;

	if (service == NULL)
		return false;
	if (service->handle != NULL)
		answer = (taken ? vigil_service_taken : vigil_service_deferred)(service->handle);
	isolate_send(p, json_pack("[s,s?]", "answer", answer));
	return true;
}

/* --- all services of the machine -------------------------------------------------------------- */

static void on_entry(vigil_daemon *d, const vigil_service_entry *e, void *arg)
{
	isolate_send(arg,
		json_pack("[s,{s:o,s:o,s:o,s:i,s:o,s:f,s:i,s:b,s:i,s:o,s:f,s:o,s:i,s:I}]", "entry",
			"name", text_json(e->name), "manager", text_json(e->manager), "unit",
			text_json(e->unit), "status", (int)e->status, "text", text_json(e->text),
			"since", e->since, "boot", (int)e->boot, "daemon", e->daemon, "crash",
			(int)e->crash, "crash_text", text_json(e->crash_text), "crash_delay",
			e->crash_delay, "hold", text_json(e->hold), "pid", (int)e->pid, "respawns",
			(json_int_t)e->respawns));
}

static void on_end(vigil_daemon *d, int error, const char *text, void *arg)
{
	isolate_send(arg, json_pack("[s,i,o]", "entries_end", error, text_json(text)));
}

bool isolate_on_list(struct isolated *p, const json_t *message)
{
	const json_t *only = json_object_get(json_array_get(message, 1), "only");
	vigil_services_spec spec = {.size = sizeof(spec),
		.timeout =
			json_number_value(json_object_get(json_array_get(message, 1), "timeout"))};
	const char **globs = json_array_size(only) <= GLOBS_MAX ? argv_from(only) : NULL;
	int err;

	if (globs == NULL)
		return false;
	spec.only = only != NULL ? globs : NULL;
	err = vigil_services_each(p->resource.daemon, &spec, on_entry, on_end, p);
	free(globs);
	if (err != 0)
		on_end(NULL, err, strerror(-err), p);
	return true;
}

static void on_set_change(vigil_daemon *d, const char *manager, const char *name, void *arg)
{
	isolate_send(arg, json_pack("[s,o,o]", "services", text_json(manager), text_json(name)));
}

bool isolate_on_watch_services(struct isolated *p, const json_t *message)
{
	if (p->watches_services)
		return false;
	p->watches_services = true;
	return vigil_services_on_change(p->resource.daemon, on_set_change, p) == 0;
}
