/*
 * console_host: a prompt in front of the host that runs in the same process.
 *
 * For whoever writes a daemon: start, look, change, reload, without a second terminal.  The
 * socket is open as ever, so that others can look, too.
 *
 * A large value is printed in pieces, a member on a line, in several turns of the loop, because the
 * daemons run on the same thread.
 */
#include "client/console_host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "client/console.h"
#include "command/command_handlers.h"
#include "command/reply_stream.h"
#include "control/control_console.h"
#include "state/json_pieces.h"
#include "host/host.h"
#include "loop/loop.h"

#define TURN_TIME (5 * CLOCK_MS)
/* After this it is tried again, where the reader is behind. */
#define AGAIN (20 * CLOCK_MS)

struct console_host {
	struct console *console;
	struct reply_stream *stream; /* the answer that is being printed; NULL: none */
	char *part;                  /* of it, what found no room yet */
	struct loop_timer *turn;
	struct control_console *door;
	void (*on_end)(bool failed, void *arg);
	void *arg;
};

static void drop_stream(struct console_host *ch)
{
	reply_stream_free(ch->stream);
	ch->stream = NULL;
	free(ch->part);
	ch->part = NULL;
}

/* Prints the next part; false when the reader is behind, or all is printed. */
static bool print_part(struct console_host *ch)
{
	struct command_reply done = {0};
	bool failed = false;

	if (ch->part == NULL)
		ch->part = reply_stream_next(ch->stream, &failed);
	if (ch->part == NULL) {
		drop_stream(ch);
		if (failed)
			command_fail(&done, COMMAND_INTERNAL, "there is no memory for the rest");
		console_answer(ch->console, &done);
		return false;
	}
	if (ch->part[0] != '\0' && !console_part(ch->console, ch->part))
		return false;
	free(ch->part);
	ch->part = NULL;
	return true;
}

static void on_turn(uint64_t missed, void *arg)
{
	struct console_host *ch = arg;
	uint64_t until = clock_now() + TURN_TIME;
	bool more = true;

	while (ch->stream != NULL && more && clock_now() < until)
		more = print_part(ch);
	if (ch->stream != NULL)
		loop_timer_rearm(ch->turn, more ? 0 : AGAIN);
}

/* Only JSON is printed in parts: a table needs all its rows first. */
static void on_ask(const struct verb *verb, void *arg)
{
	struct console_host *ch = arg;
	struct command_reply reply = {.in_parts = strcmp(verb->command->verb, "get") == 0};
	bool done = control_console_run(ch->door, verb->command, verb->params, &reply);

	if (reply.in_parts && (json_is_object(reply.result) || json_is_array(reply.result)) &&
		!json_is_small(reply.result))
		reply.stream = reply_stream_of(json_incref(reply.result));
	ch->stream = reply.stream;
	if (ch->stream != NULL)
		loop_timer_rearm(ch->turn, 0);
	else if (done)
		console_answer(ch->console, &reply);
	json_decref(reply.result);
	json_decref(reply.data);
}

static void on_give_up(void *arg)
{
	struct console_host *ch = arg;

	drop_stream(ch);
	control_console_stop(ch->door);
}

static json_t *on_look(const char *verb, json_t *params, void *arg)
{
	struct console_host *ch = arg;
	struct command_reply reply = {0};

	control_console_run(ch->door, command_find(verb), params, &reply);
	json_decref(params);
	json_decref(reply.data);
	return reply.result;
}

static const struct console_door door = {.ask = on_ask, .give_up = on_give_up, .look = on_look};

static void on_change(json_t *change, void *arg)
{
	struct console_host *ch = arg;

	console_change(ch->console, change);
}

/* In the form that they have on stderr, which is where they would go else. */
static void on_log(vigil_level level, const char *line, void *arg)
{
	struct console_host *ch = arg;
	char when[CLOCK_TEXT], *text;

	text = memory_format("%s %-7s %s", clock_text(when), log_level_name(level), line);
	console_notice(ch->console, text);
	free(text);
}

/* What would tear the prompt goes around it. */
static void greet(struct console_host *ch)
{
	if (!console_on_terminal(ch->console))
		return;
	if (isatty(STDERR_FILENO))
		log_set_sink(on_log, ch);
	console_notice(ch->console,
		"vigild " PACKAGE_VERSION
		" with a prompt; help says what there is, TAB completes, Ctrl-D stops it");
}

static void on_end(bool failed, void *arg)
{
	struct console_host *ch = arg;

	ch->on_end(failed, ch->arg);
}

struct console_host *console_host_open(
	struct host *host, void (*ended)(bool failed, void *arg), void *arg)
{
	struct console_host *ch = memory_zero(sizeof(*ch));

	ch->turn = loop_after(host_loop(host), 0, on_turn, ch);
	ch->on_end = ended;
	ch->arg = arg;
	ch->door = control_console_open(host, on_change, ch);
	ch->console = console_open(&(struct console_spec){.loop = host_loop(host),
		.in = STDIN_FILENO,
		.out = STDOUT_FILENO,
		.err = STDERR_FILENO,
		.program = "vigild",
		.door = &door,
		.on_end = on_end,
		.arg = ch});
	if (ch->console != NULL && ch->turn != NULL) {
		greet(ch);
		return ch;
	}
	console_host_close(ch);
	errno = ENOMEM;
	return NULL;
}

void console_host_close(struct console_host *ch)
{
	if (ch == NULL)
		return;
	log_set_sink(NULL, NULL);
	drop_stream(ch);
	loop_timer_free(ch->turn);
	console_close(ch->console);
	control_console_close(ch->door);
	free(ch);
}

bool console_host_interrupt(struct console_host *ch)
{
	return console_interrupt(ch->console);
}
