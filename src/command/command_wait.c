/*
 * command_wait: verbs whose reply waits for daemons in processes of their own.
 *
 * A verb that makes a plan may have to ask modules first, and is then run again.  When it has done
 * its work, the reply waits until the processes have done theirs: started, taken their options, or
 * ticked.
 */
#include "command/command_internal.h"

#include <stdlib.h>

#include "base/memory.h"
#include "command/pending.h"
#include "daemon/daemon.h"
#include "host/host.h"

struct attempt {
	struct host *host;
	json_t *params;
	command_try_fn *try; /* NULL: it has done its work */
	bool waited;         /* for the daemons that were busy then */
	struct command_reply reply;
	struct pending *pending; /* NULL: the reply is not wanted any more */
};

/* Adds to the result the daemons that have failed since the reload. */
static void add_failed(struct host *host, json_t *result)
{
	static const char *const lists[] = {"started", "changed"};
	struct vigil_daemon *d;
	size_t index;
	json_t *name;

	for (size_t i = 0; i < 2; i++)
		json_array_foreach(json_object_get(result, lists[i]), index, name) {
			d = host_find(host, json_string_value(name));
			if (d != NULL && daemon_status(d) == DAEMON_FAILED)
				json_object_set_new(json_object_get(result, "failed"),
					daemon_name(d), json_string(daemon_reason(d)));
		}
}

/* A daemon in a process of its own refuses its new options after the reload.  Makes that the
 * reply. */
static void report_refusals(struct host *host, struct command_reply *reply)
{
	json_t *refused = json_array(), *name;
	const struct vigil_daemon *d;
	size_t index;

	json_array_foreach(json_object_get(reply->result, "changed"), index, name) {
		d = host_find(host, json_string_value(name));
		if (d == NULL || daemon_refusal(d)[0] == '\0')
			continue;
		json_array_append_new(
			refused, json_sprintf("the daemon \"%s\" refuses its new options: %s",
					 daemon_name(d), daemon_refusal(d)));
	}
	if (json_array_size(refused) > 0) {
		json_decref(reply->result);
		reply->result = NULL;
		command_fail(reply, COMMAND_REFUSED,
			"the configuration was reloaded, but not all daemons take their options");
		reply->data = json_pack("{s:O}", "complaints", refused);
	}
	json_decref(refused);
}

static host_again_fn on_again;

/* Returns true when the reply is complete.  Otherwise on_again follows. */
static bool advance(struct attempt *attempt)
{
	struct command_reply *reply = &attempt->reply;

	if (attempt->try != NULL && !attempt->try(attempt->host, attempt->params, reply)) {
		host_ask_modules(attempt->host, on_again, attempt);
		return false;
	}
	attempt->try = NULL;
	if (!attempt->waited && reply->code == 0) {
		attempt->waited = true;
		if (host_after_starts(attempt->host, on_again, attempt))
			return false;
	}
	if (reply->code == 0)
		add_failed(attempt->host, reply->result);
	if (reply->code == 0 && json_object_get(reply->result, "dry_run") == NULL)
		report_refusals(attempt->host, reply);
	return true;
}

static void attempt_free(struct attempt *attempt)
{
	command_reply_clear(&attempt->reply);
	json_decref(attempt->params);
	free(attempt);
}

static void on_again(void *arg)
{
	struct attempt *attempt = arg;

	if (!advance(attempt))
		return;
	if (attempt->pending != NULL)
		pending_complete(attempt->pending, &attempt->reply);
	attempt_free(attempt);
}

/* The verb goes on, for example when the pipe has asked for it, which reads no reply. */
static void on_unwanted(void *arg)
{
	((struct attempt *)arg)->pending = NULL;
}

/* Moves the reply of the attempt to the caller, now or later. */
static void begin(struct attempt *attempt, struct command_reply *reply)
{
	if (advance(attempt)) {
		attempt->reply.peer = reply->peer;
		attempt->reply.in_parts = reply->in_parts;
		*reply = attempt->reply;
		attempt->reply = (struct command_reply){0};
		attempt_free(attempt);
		return;
	}
	attempt->pending = pending_new(on_unwanted, attempt);
	reply->pending = attempt->pending;
}

void command_try(
	struct host *host, json_t *params, command_try_fn *try, struct command_reply *reply)
{
	struct attempt *attempt = memory_zero(sizeof(*attempt));

	*attempt = (struct attempt){.host = host, .params = json_deep_copy(params), .try = try};
	begin(attempt, reply);
}

void command_settle(struct host *host, struct command_reply *reply)
{
	struct attempt *attempt = memory_zero(sizeof(*attempt));

	*attempt = (struct attempt){.host = host, .reply = *reply};
	*reply = (struct command_reply){.peer = reply->peer, .in_parts = reply->in_parts};
	begin(attempt, reply);
}
