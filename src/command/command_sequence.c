/*
 * command_sequence: the verbs start, stop and restart, for one or more services.
 */
#include "command/command_internal.h"

#include <stdlib.h>

#include "command/daemon_names.h"
#include "command/sequence.h"
#include "daemon/daemon.h"
#include "host/host.h"
#include "host/order.h"

/* Returns whether the text names the daemon without a pattern. */
static bool is_named(struct host *host, json_t *names, const struct vigil_daemon *d)
{
	size_t index;
	json_t *name;

	json_array_foreach(names, index, name)
		if (!daemon_names_is_pattern(json_string_value(name)) &&
			daemon_names_match(host, d, json_string_value(name)))
			return true;
	return false;
}

/* A pattern may match daemons without a service, such as those of the module exec.  They are
 * ignored, unless the request names them.  Returns whether any daemon is left. */
static bool drop_without_service(struct host *host, json_t *names, const char *verb, bool *chosen)
{
	struct vigil_daemon *d;
	bool left = false;

	for (size_t i = 0; (d = host_daemon(host, i)) != NULL; i++) {
		if (chosen[i] && !daemon_has_verb(d, verb))
			chosen[i] = is_named(host, names, d);
		left = left || chosen[i];
	}
	return left;
}

/* Returns whether each named daemon has a service, so that a mistake is reported before the first
 * step begins. */
static bool check_services(
	struct host *host, const char *verb, const bool *chosen, struct command_reply *reply)
{
	struct vigil_daemon *d;

	for (size_t i = 0; (d = host_daemon(host, i)) != NULL; i++) {
		if (!chosen[i] || daemon_has_verb(d, verb))
			continue;
		command_fail(reply, COMMAND_REFUSED, "%s is %s and has no service to %s",
			daemon_name(d), daemon_status_name(daemon_status(d)), verb);
		return false;
	}
	return true;
}

static void run(struct host *host, json_t *params, const struct sequence_verb *verb,
	struct command_reply *reply)
{
	json_t *names = json_object_get(params, "names");
	bool *chosen = daemon_names_choose(host, names, reply);
	struct order *order;
	char by[32];

	if (chosen == NULL)
		return;
	if (!drop_without_service(host, names, verb->verb, chosen)) {
		command_fail(reply, COMMAND_REFUSED, "none of these daemons has a service to %s",
			verb->verb);
	} else if (check_services(host, verb->verb, chosen, reply)) {
		order = order_new(host, chosen, verb->reverse);
		if (json_is_true(json_object_get(params, "dry_run"))) {
			reply->result =
				json_pack("{s:b,s:o}", "dry_run", 1, "steps", sequence_plan(order));
			order_free(order);
		} else {
			sequence_start(host, verb, order, command_client(reply, by), reply);
		}
	}
	free(chosen);
}

void command_start(struct host *host, json_t *params, struct command_reply *reply)
{
	static const struct sequence_verb start = {
		.verb = "start", .done = "started", .resumes = true};

	run(host, params, &start, reply);
}

void command_stop(struct host *host, json_t *params, struct command_reply *reply)
{
	static const struct sequence_verb stop = {
		.verb = "stop", .done = "stopped", .reverse = true, .pauses = true};

	run(host, params, &stop, reply);
}

void command_restart(struct host *host, json_t *params, struct command_reply *reply)
{
	static const struct sequence_verb restart = {.verb = "restart", .done = "restarted"};

	run(host, params, &restart, reply);
}
