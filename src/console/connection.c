/*
 * connection: see connection.h.  There are two kinds of connections.  `vigilctl console` connects
 * to the control socket.  The console continues when vigild ends, and the next verb connects again.
 * If the connection is lost before the reply to a verb arrives, the verb is not sent again, because
 * vigild may have run it.  `vigild -C` gives the console its only connection, on which vigild also
 * sends its log.
 *
 * A reply that is no longer wanted is dropped when it arrives.  On the socket, the connection is
 * closed instead, which also works if vigild hangs.
 */
#include "console/connection.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "client/client.h"
#include "client/client_hang.h"
#include "state/json_text.h"

#define ASK_SECONDS 1.0 /* seconds; completion must not wait longer */

struct connection {
	struct connection_spec spec;
	struct client *client; /* NULL: not connected */
	bool watching;         /* a watch is running */
	bool was_lost;         /* report the next successful connection */
};

/* --- connecting ------------------------------------------------------------------------------- */

static void notice(struct connection *c, const char *line)
{
	if (!c->spec.quiet)
		c->spec.on_notice(line, c->spec.arg);
}

static void disconnect(struct connection *c)
{
	client_close(c->client);
	c->client = NULL;
}

int connection_open(struct connection *c)
{
	if (c->client != NULL)
		return 0;
	if (c->spec.socket == NULL)
		return -EPIPE;
	c->client = client_open(c->spec.socket);
	if (c->client == NULL)
		return -errno;
	if (c->was_lost)
		notice(c, "connected to vigild again");
	c->was_lost = false;
	return 0;
}

int connection_fd(const struct connection *c)
{
	return c->client != NULL ? client_fd(c->client) : -1;
}

bool connection_ended(const struct connection *c)
{
	return c->spec.socket == NULL && c->client == NULL;
}

static void fail(struct command_reply *reply, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void fail(struct command_reply *reply, const char *format, ...)
{
	va_list ap;

	reply->code = COMMAND_REFUSED;
	va_start(ap, format);
	vsnprintf(reply->message, sizeof(reply->message), format, ap);
	va_end(ap);
}

/* --- notifications and replies ---------------------------------------------------------------- */

static void on_notification(struct connection *c, const char *method, json_t *params)
{
	char *line;

	if (strcmp(method, "changed") == 0) {
		if (c->watching)
			c->spec.on_change(params, c->spec.arg);
		return;
	}
	if (strcmp(method, "log") == 0)
		line = memory_format("%s %-7s %s", json_text(params, "time"),
			json_text(params, "level"), json_text(params, "text"));
	else if (strcmp(method, "lost") == 0)
		line = memory_format(
			"(%lld lines were lost, because the console did not read them in time)",
			(long long)json_integer_value(json_object_get(params, "lines")));
	else
		return;
	c->spec.on_notice(line, c->spec.arg);
	free(line);
}

/* The reply to this request.  NULL and errno: EAGAIN, or the connection is lost.  Notifications
 * before the reply are handled.  A rejected connection gets a reply with a null id. */
static json_t *take_reply(struct connection *c, int id)
{
	json_t *object, *its_id;
	const char *method;

	while ((object = client_take(c->client)) != NULL) {
		method = json_string_value(json_object_get(object, "method"));
		its_id = json_object_get(object, "id");
		if (method != NULL)
			on_notification(c, method, json_object_get(object, "params"));
		else if (id != 0 && (json_is_null(its_id) || json_integer_value(its_id) == id))
			return object;
		json_decref(object);
	}
	return NULL;
}

void connection_read(struct connection *c)
{
	json_t *object;

	if (c->client == NULL)
		return;
	object = take_reply(c, 0);
	json_decref(object);
	if (errno == EAGAIN)
		return;
	disconnect(c);
	c->was_lost = true;
	if (c->spec.socket != NULL)
		c->spec.on_notice("vigild has closed the connection; the next verb connects again",
			c->spec.arg);
}

/* --- verbs ------------------------------------------------------------------------------------ */

static void on_lost(struct connection *c, int err, bool watching, struct command_reply *reply)
{
	disconnect(c);
	c->was_lost = true;
	if (err == EPROTO || err == EBADMSG || err == EMSGSIZE)
		fail(reply, "no answer from vigild: %s", client_error(err));
	else if (watching)
		fail(reply, "vigild has closed the connection");
	else
		fail(reply, "vigild has closed the connection before it answered");
}

/* Called when the reply is no longer wanted. */
static void give_up(struct connection *c, bool watching)
{
	if (c->spec.socket != NULL)
		disconnect(c);
	else if (watching)
		client_send(c->client, "unwatch", NULL, ASK_SECONDS);
}

/* Waits for the reply to a request that was sent. */
static void await(
	struct connection *c, int id, bool watch, uint64_t deadline, struct command_reply *reply)
{
	json_t *object;
	bool watching = false;
	char why[256];
	int err;

	for (;;) {
		object = take_reply(c, id);
		if (object == NULL && errno != EAGAIN) {
			on_lost(c, errno, watching, reply);
			return;
		}
		if (object != NULL) {
			client_read_reply(object, reply);
			json_decref(object);
			if (!watch || reply->code != 0)
				return;
			command_reply_clear(reply);
			c->watching = watching = true;
			deadline = 0;
			continue;
		}
		err = c->spec.wait(client_fd(c->client), deadline, c->spec.arg);
		if (err == 0)
			continue;
		if (err == -ETIMEDOUT)
			client_hang_error(c->client, ETIMEDOUT, why, sizeof(why));
		give_up(c, watching);
		if (err == -ETIMEDOUT)
			fail(reply, "no answer from vigild: %s", why);
		return;
	}
}

/* Sends a request and waits for the reply.  Takes the reference to params. */
static void call(struct connection *c, const char *verb, json_t *params, double seconds,
	struct command_reply *reply)
{
	int id = client_send(c->client, verb, params, seconds);

	if (id < 0) {
		disconnect(c);
		fail(reply, "%s: the request could not be sent: %s", verb, strerror(-id));
		return;
	}
	await(c, id, strcmp(verb, "watch") == 0,
		seconds > 0 ? clock_now() + clock_from_seconds(seconds) : 0, reply);
	c->watching = false;
}

static void run_method(struct connection *c, const struct verb *verb, struct command_reply *reply)
{
	const char *name = verb->command->verb;
	int err = connection_open(c);

	if (err == 0)
		call(c, name, json_incref(verb->params), client_patience(name), reply);
	else if (err == -EACCES)
		fail(reply, "%s: permission denied; ask root to add your user to vigil's group",
			c->spec.socket);
	else if (c->spec.socket == NULL)
		fail(reply, "vigild has exited");
	else
		fail(reply, "vigild cannot be reached at %s: %s", c->spec.socket, strerror(-err));
}

json_t *connection_ask(struct connection *c, const char *verb, json_t *params)
{
	struct command_reply reply = {0};

	if (connection_open(c) == 0)
		call(c, verb, params, ASK_SECONDS, &reply);
	else
		json_decref(params);
	json_decref(reply.data);
	return reply.result;
}

/* --- register and unregister ------------------------------------------------------------------ */

/* The path of the configuration to change, which the caller frees.  NULL: the reply has the
 * error. */
static char *find_file(struct connection *c, struct command_reply *reply)
{
	char why[320], *file = NULL;
	int err;

	if (c->spec.file != NULL)
		return memory_text(c->spec.file);
	err = connection_open(c);
	if (err == 0)
		file = client_config_file(c->client, why, sizeof(why));
	else
		snprintf(why, sizeof(why), "vigild cannot be reached: %s", strerror(-err));
	if (file == NULL)
		fail(reply, "%s", why);
	return file;
}

static int edit_files(struct connection *c, const struct verb *verb, struct command_reply *reply)
{
	char *file = find_file(c, reply), *text;
	json_t *note;
	size_t index;
	int err = -EIO;

	if (file != NULL)
		err = verb_edit_files(verb, file, reply);
	free(file);
	json_array_foreach(json_object_get(reply->data, "notes"), index, note)
		c->spec.on_notice(json_string_value(note), c->spec.arg);
	if (err != 0)
		return err;
	text = memory_format("%s is %sed", json_text(verb->params, "name"), verb->command->verb);
	notice(c, text);
	free(text);
	command_reply_clear(reply);
	return 0;
}

/* Like the command line of vigilctl: this process writes the files with the user's rights, then
 * vigild reloads. */
static void edit(struct connection *c, const struct verb *verb, struct command_reply *reply)
{
	int err;

	if (edit_files(c, verb, reply) != 0)
		return;
	err = connection_open(c);
	if (err == 0)
		call(c, "reload", NULL, client_patience("reload"), reply);
	else if (client_is_absent(-err))
		notice(c, "vigild is not running; the change takes effect at its next start");
	else
		fail(reply, "%s: %s; the change takes effect at the next reload", c->spec.socket,
			strerror(-err));
}

/* With `vigild -C`, vigild runs register and unregister itself, because the console has its
 * rights. */
void connection_run(struct connection *c, const struct verb *verb, struct command_reply *reply)
{
	connection_read(c);
	if (verb->command->access == ACCESS_ROOT && c->spec.socket != NULL)
		edit(c, verb, reply);
	else
		run_method(c, verb, reply);
}

/* --- creating and freeing --------------------------------------------------------------------- */

struct connection *connection_new(const struct connection_spec *spec)
{
	struct connection *c = memory_zero(sizeof(*c));

	c->spec = *spec;
	if (spec->socket == NULL)
		c->client = client_adopt(spec->fd);
	return c;
}

void connection_free(struct connection *c)
{
	if (c == NULL)
		return;
	disconnect(c);
	free(c);
}
