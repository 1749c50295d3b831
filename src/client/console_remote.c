/*
 * console_remote: a prompt whose verbs go to a vigild at the other end of its socket.
 *
 * The prompt stays when that vigild goes: each verb looks for one anew.  A verb whose answer was
 * lost with its connection is never sent a second time, since it may have been done.
 *
 * What takes long does not hold the prompt up: it waits on the loop for the answer, so that
 * Ctrl-C works.  A connection whose answer nobody wants any more is closed, which also is how a
 * watch ends.
 */
#include "client/console_remote.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "client/client.h"
#include "client/console.h"
#include "loop/loop.h"

#define LOOK_SECONDS 1.0 /* completion is not worth more */

struct remote {
	const struct console_remote_spec *spec;
	struct loop *loop;
	struct console *console;
	struct client *client; /* NULL: not connected */
	struct event *readable;
	struct loop_timer *deadline;
	int asked; /* the id of what is being answered; 0: nothing */
	bool watch, watching;
	bool was_lost; /* the connection, and nobody has been told of a new one */
	bool failed;
	struct loop_signal *signals[2];
	int signo; /* what ended it; 0: nothing did */
};

static void on_readable(evutil_socket_t fd, short what, void *arg);

/* --- the connection --------------------------------------------------------------------------- */

static void disconnect(struct remote *r)
{
	if (r->readable != NULL)
		event_free(r->readable);
	r->readable = NULL;
	client_close(r->client);
	r->client = NULL;
}

static int connect_to(struct remote *r)
{
	if (r->client != NULL)
		return 0;
	r->client = client_open(r->spec->socket);
	if (r->client == NULL)
		return -errno;
	r->readable = event_new(
		loop_base(r->loop), client_fd(r->client), EV_READ | EV_PERSIST, on_readable, r);
	if (r->readable == NULL || event_add(r->readable, NULL) < 0) {
		disconnect(r);
		return -ENOMEM;
	}
	if (r->was_lost && !r->spec->quiet)
		console_notice(r->console, "connected to vigild anew");
	r->was_lost = false;
	return 0;
}

/* --- answers ---------------------------------------------------------------------------------- */

static void answer(struct remote *r, const struct command_reply *reply)
{
	r->asked = 0;
	r->watching = false;
	loop_timer_stop(r->deadline);
	console_answer(r->console, reply);
}

static void fail(struct remote *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void fail(struct remote *r, const char *format, ...)
{
	struct command_reply reply = {.code = COMMAND_REFUSED};
	va_list ap;

	va_start(ap, format);
	vsnprintf(reply.message, sizeof(reply.message), format, ap);
	va_end(ap);
	answer(r, &reply);
}

static void on_reply(struct remote *r, json_t *object)
{
	struct command_reply reply = {0};

	client_read_reply(object, &reply);
	if (reply.code == 0 && r->watch) {
		r->watching = true;
		loop_timer_stop(r->deadline);
	} else {
		answer(r, &reply);
	}
	json_decref(reply.result);
	json_decref(reply.data);
}

static void on_object(struct remote *r, json_t *object)
{
	json_t *id = json_object_get(object, "id");

	if (json_object_get(object, "method") != NULL) {
		if (r->watching)
			console_change(r->console, json_object_get(object, "params"));
	} else if (r->asked != 0 && !r->watching &&
		   (json_is_null(id) || json_integer_value(id) == r->asked)) {
		on_reply(r, object);
	}
}

static void on_lost(struct remote *r, int err)
{
	disconnect(r);
	r->was_lost = true;
	if (r->asked != 0 && (err == EPROTO || err == EBADMSG || err == EMSGSIZE))
		fail(r, "no answer from vigild: %s", client_error(err));
	else if (r->watching)
		fail(r, "vigild has closed the connection");
	else if (r->asked != 0)
		fail(r, "vigild has closed the connection before it answered");
	else
		console_notice(r->console,
			"vigild has closed the connection; the next verb connects anew");
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct remote *r = arg;
	json_t *object;

	while (r->client != NULL && (object = client_take(r->client)) != NULL) {
		on_object(r, object);
		json_decref(object);
	}
	if (r->client != NULL && errno != EAGAIN)
		on_lost(r, errno);
}

static void on_deadline(uint64_t missed, void *arg)
{
	struct remote *r = arg;

	disconnect(r);
	fail(r, "no answer from vigild: %s", strerror(ETIMEDOUT));
}

/* --- asking ----------------------------------------------------------------------------------- */

static void send_verb(struct remote *r, const char *verb, json_t *params)
{
	double seconds = client_patience(verb);
	int id = client_send(r->client, verb, params, seconds);

	if (id < 0) {
		disconnect(r);
		fail(r, "%s cannot be asked: %s", verb, strerror(-id));
		return;
	}
	r->asked = id;
	r->watch = strcmp(verb, "watch") == 0;
	loop_timer_rearm(r->deadline, clock_from_seconds(seconds));
}

/* What has happened to the connection since nobody looked. */
static void catch_up(struct remote *r)
{
	if (r->client != NULL)
		on_readable(client_fd(r->client), EV_READ, r);
}

static void ask_method(struct remote *r, const char *verb, json_t *params)
{
	int err;

	catch_up(r);
	err = connect_to(r);
	if (err == 0) {
		send_verb(r, verb, json_incref(params));
	} else if (err == -EACCES) {
		fail(r, "%s: you may not; ask to be made a member of vigil's group",
			r->spec->socket);
	} else {
		fail(r, "vigild cannot be reached at %s: %s", r->spec->socket, strerror(-err));
	}
}

/* Which configuration register changes: where only a socket was named, that of its vigild.  NULL with
 * the reply failed. */
static char *find_file(struct remote *r, struct command_reply *reply)
{
	char why[320], *file = NULL;
	int err;

	if (r->spec->file != NULL)
		return memory_text(r->spec->file);
	err = connect_to(r);
	if (err == 0)
		file = client_config_file(r->client, why, sizeof(why));
	else
		snprintf(why, sizeof(why), "vigild cannot be reached: %s", strerror(-err));
	if (file == NULL) {
		reply->code = COMMAND_REFUSED;
		text_truncate(reply->message, sizeof(reply->message), why);
	}
	return file;
}

/* As on the command line: the files are written by whoever asks, then a vigild takes them up. */
static void edit(struct remote *r, const struct verb *verb)
{
	struct command_reply reply = {0};
	json_t *params = json_object();
	json_t *note;
	size_t index;
	char *text, *file;
	int err = -EIO;

	catch_up(r);
	file = find_file(r, &reply);
	if (file != NULL)
		err = verb_edit_files(verb, file, &reply);
	free(file);
	json_array_foreach(json_object_get(reply.data, "notes"), index, note)
		console_notice(r->console, json_string_value(note));
	if (err == 0 && !r->spec->quiet) {
		text = memory_format("%s is %sed",
			json_string_value(json_object_get(verb->params, "name")),
			verb->command->verb);
		console_notice(r->console, text);
		free(text);
	}
	if (err != 0) {
		answer(r, &reply);
	} else if (connect_to(r) == 0) {
		send_verb(r, "reload", json_incref(params));
	} else {
		if (!r->spec->quiet)
			console_notice(r->console,
				"vigild does not run; it is taken up at the next start");
		answer(r, &reply);
	}
	json_decref(params);
	json_decref(reply.data);
}

static void on_ask(const struct verb *verb, void *arg)
{
	struct remote *r = arg;

	if (verb->command->access == ACCESS_ROOT)
		edit(r, verb);
	else
		ask_method(r, verb->command->verb, verb->params);
}

static void on_give_up(void *arg)
{
	struct remote *r = arg;

	disconnect(r);
	loop_timer_stop(r->deadline);
	r->asked = 0;
	r->watching = false;
}

static json_t *on_look(const char *verb, json_t *params, void *arg)
{
	struct remote *r = arg;
	json_t *object = NULL, *result;

	catch_up(r);
	if (r->asked == 0 && connect_to(r) == 0)
		object = client_call(r->client, verb, json_incref(params), LOOK_SECONDS);
	result = json_incref(json_object_get(object, "result"));
	json_decref(object);
	json_decref(params);
	return result;
}

static const struct console_door door = {.ask = on_ask, .give_up = on_give_up, .look = on_look};

/* --- life ------------------------------------------------------------------------------------- */

static void on_end(bool failed, void *arg)
{
	struct remote *r = arg;

	r->failed = failed;
	loop_stop(r->loop);
}

/* Ctrl-C is the prompt's; what ends us finds the terminal as it was. */
static void on_signal(int signo, void *arg)
{
	struct remote *r = arg;

	if (signo == SIGINT && console_interrupt(r->console))
		return;
	r->signo = signo;
	loop_stop(r->loop);
}

static void greet(struct remote *r)
{
	if (!console_on_terminal(r->console) || r->spec->quiet)
		return;
	console_notice(r->console, "help says what there is, TAB completes, Ctrl-D leaves");
	if (connect_to(r) != 0)
		console_notice(
			r->console, "vigild cannot be reached yet; the next verb tries again");
}

static int serve(struct remote *r)
{
	int err;

	r->deadline = loop_after(r->loop, 0, on_deadline, r);
	r->console = console_open(&(struct console_spec){.loop = r->loop,
		.in = STDIN_FILENO,
		.out = STDOUT_FILENO,
		.err = STDERR_FILENO,
		.program = "vigilctl",
		.json = r->spec->json,
		.quiet = r->spec->quiet,
		.door = &door,
		.on_end = on_end,
		.arg = r});
	r->signals[0] = loop_on_signal(r->loop, SIGINT, on_signal, r);
	r->signals[1] = loop_on_signal(r->loop, SIGTERM, on_signal, r);
	if (r->deadline == NULL || r->console == NULL || r->signals[0] == NULL ||
		r->signals[1] == NULL)
		return -ENOMEM;
	loop_timer_stop(r->deadline);
	greet(r);
	err = loop_run(r->loop);
	return err == 0 && r->failed ? -EIO : err;
}

int console_remote(const struct console_remote_spec *spec)
{
	struct remote r = {.spec = spec, .loop = loop_new()};
	int err = -ENOMEM;

	signal(SIGPIPE, SIG_IGN);
	if (r.loop != NULL)
		err = serve(&r);
	console_close(r.console);
	disconnect(&r);
	if (r.loop != NULL)
		loop_timer_free(r.deadline);
	loop_signal_free(r.signals[0]);
	loop_signal_free(r.signals[1]);
	loop_free(r.loop);
	if (r.signo != 0) {
		signal(r.signo, SIG_DFL);
		raise(r.signo);
	}
	return err;
}
