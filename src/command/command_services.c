/*
 * command_services: the verb services.
 *
 * A worker lists the services, so the reply is pending until then.  The rows of the reply are made
 * in the portions in which the list is delivered.
 */
#include "command/command_internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "command/pending.h"
#include "command/watchers.h"
#include "host/host.h"
#include "service/services.h"

/* A name or a glob of the request. */
struct wanted {
	char *glob;
	bool found; /* it matches a service */
	struct text_suggest suggest;
};

struct request {
	struct host *host;
	struct pending *pending;
	struct services_list_call *call;
	struct watchers *watchers; /* NULL: no entry has been delivered */
	struct wanted *wanted;
	size_t wanted_count;
	bool unprotected; /* only services that are not protected */
	bool no_memory;
	json_t *rows;
};

static void request_free(struct request *r)
{
	services_list_cancel(r->call);
	watchers_free(r->watchers);
	for (size_t i = 0; i < r->wanted_count; i++)
		free(r->wanted[i].glob);
	free(r->wanted);
	json_decref(r->rows);
	free(r);
}

static void on_cancel(void *arg)
{
	request_free(arg);
}

/* --- the names -------------------------------------------------------------------------------- */

/* Whether the request asks for this service. */
static bool is_wanted(struct request *r, const vigil_service_entry *entry)
{
	bool is = r->wanted_count == 0;

	for (size_t i = 0; i < r->wanted_count; i++) {
		struct wanted *w = &r->wanted[i];

		if (text_glob(w->glob, entry->name) || text_glob(w->glob, entry->unit))
			is = w->found = true;
		else if (!w->found)
			text_suggest_add(&w->suggest, entry->name);
	}
	return is;
}

/* The first name or glob that matches no service; NULL: none. */
static struct wanted *find_unknown(struct request *r)
{
	for (size_t i = 0; i < r->wanted_count; i++)
		if (!r->wanted[i].found)
			return &r->wanted[i];
	return NULL;
}

static void fail_unknown(struct wanted *w, struct command_reply *reply)
{
	const char *nearest = text_suggest_get(&w->suggest);

	if (nearest != NULL)
		command_fail(reply, COMMAND_NOT_FOUND,
			"no such service: \"%.64s\"; did you mean \"%.64s\"?", w->glob, nearest);
	else
		command_fail(reply, COMMAND_NOT_FOUND, "no service matches \"%.64s\"", w->glob);
}

/* --- rows ------------------------------------------------------------------------------------- */

static bool is_in_use(const vigil_service_entry *entry)
{
	switch (entry->status) {
	case VIGIL_SERVICE_RUNNING:
	case VIGIL_SERVICE_STARTING:
	case VIGIL_SERVICE_RELOADING: return true;
	default: return entry->boot == VIGIL_BOOT_YES;
	}
}

/* Whether the service would stay down after a crash, although it is in use. */
static bool is_unprotected(const vigil_service_entry *entry, bool restarts)
{
	return entry->daemon && entry->crash == VIGIL_CRASH_DOWN && is_in_use(entry) && !restarts;
}

/* JSON allows only UTF-8, but the name of a directory may be anything. */
static json_t *text_value(const char *text)
{
	char clean[1024];
	json_t *value = json_string(text);

	return value != NULL ? value
			     : json_string(text_escape(clean, sizeof(clean), text, strlen(text)));
}

/* A time in the format of RFC 3339; null: unknown. */
static json_t *time_value(double seconds)
{
	char text[CLOCK_TEXT];

	return seconds > 0 ? json_string(clock_text_of(text, seconds)) : json_null();
}

static json_t *make_row(
	struct request *r, const vigil_service_entry *entry, json_t *watchers, bool unprotected)
{
	json_t *row = json_pack("{s:o,s:s,s:s,s:s,s:o,s:o,s:s,s:b,s:s,s:o,s:f,s:i,s:I,s:O,s:b}",
		"name", text_value(entry->name), "manager", entry->manager, "unit", entry->unit,
		"state", vigil_service_status_name(entry->status), "text", text_value(entry->text),
		"since", time_value(entry->since), "boot", vigil_service_boot_name(entry->boot),
		"daemon", entry->daemon, "after_crash", vigil_service_crash_name(entry->crash),
		"after_crash_text", text_value(entry->crash_text), "restart_delay",
		entry->crash_delay, "pid", (int)entry->pid, "respawns", (json_int_t)entry->respawns,
		"watched", watchers, "unprotected", unprotected);

	if (entry->hold != NULL)
		json_object_set_new(row, "hold", text_value(entry->hold));
	if (services_deny(host_services(r->host), entry->name))
		json_object_set_new(row, "denied", json_true());
	return row;
}

static void add_row(struct request *r, const vigil_service_entry *entry)
{
	bool restarts, unprotected;
	json_t *watchers = watchers_of(r->watchers, entry, &restarts);

	unprotected = is_unprotected(entry, restarts);
	if (unprotected || !r->unprotected)
		json_array_append_new(r->rows, make_row(r, entry, watchers, unprotected));
	json_decref(watchers);
}

/* If memory runs out, vigild does not exit because of a client's request. */
static void on_entry(const vigil_service_entry *entry, void *arg)
{
	struct request *r = arg;

	if (r->watchers == NULL)
		r->watchers = watchers_new(r->host);
	if (r->no_memory || !is_wanted(r, entry))
		return;
	memory_untrusted_begin();
	add_row(r, entry);
	r->no_memory = memory_untrusted_end();
}

/* --- the reply -------------------------------------------------------------------------------- */

static void on_end(int error, const char *text, void *arg)
{
	struct request *r = arg;
	struct command_reply reply = {0};
	struct wanted *unknown = find_unknown(r);

	r->call = NULL;
	if (r->no_memory) {
		command_fail(&reply, COMMAND_INTERNAL, "services: out of memory for the reply");
	} else if (unknown != NULL && error == 0) {
		fail_unknown(unknown, &reply);
	} else if (error != 0 && json_array_size(r->rows) == 0) {
		command_fail(&reply, COMMAND_REFUSED, "the services could not be listed: %s", text);
	} else {
		reply.result = json_pack("{s:O,s:b,s:b}", "services", r->rows, "unprotected",
			r->unprotected, "complete", error == 0);
		if (error != 0)
			json_object_set_new(reply.result, "notes",
				json_pack("[s+]", "the list is not complete: ", text));
	}
	pending_complete(r->pending, &reply);
	command_reply_clear(&reply);
	request_free(r);
}

static bool take_names(struct request *r, json_t *names, struct command_reply *reply)
{
	json_t *name;
	size_t index;

	r->wanted = memory_zero((json_array_size(names) + 1) * sizeof(*r->wanted));
	json_array_foreach(names, index, name) {
		struct wanted *w = &r->wanted[index];

		if (!json_is_string(name)) {
			command_fail(reply, COMMAND_PARAMS, "services: a name is not a text");
			return false;
		}
		w->glob = memory_text(json_string_value(name));
		text_suggest_init(&w->suggest, w->glob);
		r->wanted_count++;
	}
	return true;
}

void command_services(struct host *host, json_t *params, struct command_reply *reply)
{
	struct services_list_request list = {.on_entry = on_entry, .on_end = on_end};
	struct request *r = memory_zero(sizeof(*r));

	r->host = host;
	r->unprotected = json_is_true(json_object_get(params, "unprotected"));
	r->rows = json_array();
	list.arg = r;
	if (json_is_true(json_object_get(params, "register")) ||
		json_is_true(json_object_get(params, "dry_run"))) {
		command_fail(reply, COMMAND_PARAMS,
			"services: \"register\" works only on the command line of vigilctl");
	} else if (take_names(r, json_object_get(params, "names"), reply)) {
		r->call = services_list(host_services(host), &list);
		if (r->call != NULL) {
			r->pending = reply->pending = pending_new(on_cancel, r);
			return;
		}
		command_fail(reply, COMMAND_BUSY,
			"the services cannot be listed now: the workers are busy");
	}
	request_free(r);
}
