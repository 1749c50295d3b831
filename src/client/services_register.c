/*
 * services_register: see services_register.h.  The name of a service may be longer than that of a
 * daemon and may have other characters.  So the daemon gets a name of its own where that is
 * necessary, and the option `service` has the name of the service.
 */
#include "client/services_register.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "client/client.h"
#include "client/print_text.h"
#include "client/verb.h"
#include "state/json_text.h"

#define NAME_MAX_LENGTH 64 /* of a daemon */

/* --- the plan --------------------------------------------------------------------------------- */

/* The first daemon that watches the service and has a policy for it; NULL: none. */
static json_t *find_watcher(json_t *row)
{
	json_t *watcher;
	size_t index;

	json_array_foreach(json_object_get(row, "watched"), index, watcher)
		if (json_object_get(watcher, "restart_on") != NULL)
			return watcher;
	return NULL;
}

/* Why a daemon would not help the service; NULL: it would.  The caller frees the text. */
static char *why_skipped(json_t *row)
{
	const char *name = json_text(row, "name"), *hold = json_text(row, "hold");
	json_t *watcher = find_watcher(row);

	if (!text_is_service_name(name))
		return memory_format("%s: vigil cannot use this name", name);
	if (hold[0] != '\0')
		return memory_format("%s: %s", name, hold);
	if (json_is_true(json_object_get(row, "denied")))
		return memory_format("%s: the option deny forbids its restart", name);
	if (watcher != NULL)
		return memory_format("%s: the daemon %s watches it, but does not restart it (%s)",
			name, json_text(watcher, "daemon"), json_text(watcher, "not_restarted"));
	return NULL;
}

static bool is_taken(json_t *plan, json_t *daemons, const char *name)
{
	size_t index;
	json_t *row;

	json_array_foreach(daemons, index, row)
		if (strcmp(json_text(row, "name"), name) == 0)
			return true;
	json_array_foreach(plan, index, row)
		if (strcmp(json_text(row, "name"), name) == 0)
			return true;
	return false;
}

/* Makes the name of a daemon for the service.  The caller frees it. */
static char *daemon_name_for(json_t *plan, json_t *daemons, const char *service)
{
	static const char valid[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789_.@-";
	char *name = memory_format("%.*s", NAME_MAX_LENGTH, service), *numbered;

	for (char *p = name; *p != '\0'; p++)
		if (strchr(valid, *p) == NULL)
			*p = '_';
	if (!is_taken(plan, daemons, name))
		return name;
	for (unsigned number = 2;; number++) {
		numbered = memory_format("%.*s_%u", NAME_MAX_LENGTH - 8, name, number);
		if (!is_taken(plan, daemons, numbered))
			break;
		free(numbered);
	}
	free(name);
	return numbered;
}

static json_t *plan_row(json_t *plan, json_t *daemons, json_t *row)
{
	const char *service = json_text(row, "name"), *manager = json_text(row, "manager");
	char *name = daemon_name_for(plan, daemons, service);
	json_t *options = json_pack("[s,s+]", "module=service", "service=", service);

	/* runsv cannot tell a crash from a clean stop. */
	if (strcmp(manager, "runit") == 0)
		json_array_append_new(options, json_string("restart_on=stopped"));
	/* The other managers may know a service of the same name as systemd does. */
	if (strcmp(manager, "systemd") != 0)
		json_array_append_new(options, json_pack("s+", "manager=", manager));
	row = json_pack("{s:s,s:o}", "name", name, "options", options);
	free(name);
	return row;
}

json_t *services_register_plan(json_t *result, json_t *daemons)
{
	json_t *planned = json_array(), *skipped = json_array(), *row;
	size_t index;

	json_array_foreach(json_object_get(result, "services"), index, row) {
		char *why = why_skipped(row);

		if (why == NULL)
			json_array_append_new(planned, plan_row(planned, daemons, row));
		else
			json_array_append_new(skipped, json_string(why));
		free(why);
	}
	return json_pack("{s:o,s:o}", "register", planned, "skipped", skipped);
}

/* Sends a request.  Returns its result, a new reference; NULL: the reply has the error. */
static json_t *call(
	struct client *client, const char *method, json_t *params, struct command_reply *reply)
{
	int err = client_ask(client, method, params, reply);
	json_t *result;

	if (err != 0) {
		reply->code = COMMAND_INTERNAL;
		snprintf(reply->message, sizeof(reply->message), "no answer from vigild: %s",
			client_error(-err));
		return NULL;
	}
	result = reply->code == 0 ? json_incref(reply->result) : NULL;
	if (result != NULL)
		command_reply_clear(reply);
	return result;
}

json_t *services_register_ask(struct client *client, json_t *params, struct command_reply *reply)
{
	json_t *daemons = call(client, "list", NULL, reply), *services = NULL, *plan = NULL;

	json_object_set_new(params, "unprotected", json_true());
	if (daemons != NULL)
		services = call(client, "services", json_incref(params), reply);
	if (services != NULL)
		plan = services_register_plan(services, daemons);
	json_decref(daemons);
	json_decref(services);
	return plan;
}

/* --- printing --------------------------------------------------------------------------------- */

static void print_command(FILE *to, json_t *row)
{
	json_t *option;
	size_t index;

	fputs("vigilctl register ", to);
	print_message(to, json_text(row, "name"));
	json_array_foreach(json_object_get(row, "options"), index, option) {
		fputc(' ', to);
		print_message(to, json_string_value(option));
	}
	fputc('\n', to);
}

void services_register_print(FILE *to, json_t *plan)
{
	json_t *row;
	size_t index;

	json_array_foreach(json_object_get(plan, "register"), index, row)
		print_command(to, row);
	if (json_array_size(json_object_get(plan, "register")) == 0)
		fputs("there is nothing to register\n", to);
	json_array_foreach(json_object_get(plan, "skipped"), index, row) {
		fputs("not registered: ", to);
		print_message(to, json_string_value(row));
		fputc('\n', to);
	}
	fflush(to); /* before the first change */
}

/* --- the files -------------------------------------------------------------------------------- */

static int edit(const char *verb, json_t *row, const char *file, struct command_reply *reply)
{
	const struct verb command = {.command = command_find(verb), .params = row};

	return verb_edit_files(&command, file, reply);
}

/* Removes the first count daemons again. */
static void undo(json_t *rows, size_t count, const char *file)
{
	struct command_reply ignored = {0};

	while (count-- > 0) {
		edit("unregister", json_array_get(rows, count), file, &ignored);
		command_reply_clear(&ignored);
	}
}

int services_register_apply(json_t *plan, const char *file, struct command_reply *reply)
{
	json_t *rows = json_object_get(plan, "register"), *notes = json_array(), *row;
	size_t index;
	int err = 0;

	json_array_foreach(rows, index, row) {
		err = edit("register", row, file, reply);
		if (err != 0)
			break;
		json_array_extend(notes, json_object_get(reply->data, "notes"));
		json_decref(reply->data);
		reply->data = NULL;
	}
	if (err != 0) {
		undo(rows, index, file);
		json_decref(notes);
		return err;
	}
	reply->data = json_pack("{s:o}", "notes", notes);
	return 0;
}
