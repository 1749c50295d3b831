/*
 * console_host: a prompt in front of the host that runs in the same process.
 *
 * For whoever writes a daemon: start, look, change, reload, without a second terminal.  The
 * socket is open as ever, so that others can look, too.
 */
#include "client/console_host.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "client/console.h"
#include "control/control_console.h"
#include "host/host.h"

struct console_host {
	struct console *console;
	struct control_console *door;
	void (*on_end)(bool failed, void *arg);
	void *arg;
};

static void on_ask(const struct verb *verb, void *arg)
{
	struct console_host *ch = arg;
	struct command_reply reply = {0};

	if (control_console_run(ch->door, verb->command, verb->params, &reply))
		console_answer(ch->console, &reply);
	json_decref(reply.result);
	json_decref(reply.data);
}

static void on_give_up(void *arg)
{
	struct console_host *ch = arg;

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
	if (ch->console != NULL) {
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
	console_close(ch->console);
	control_console_close(ch->door);
	free(ch);
}

bool console_host_interrupt(struct console_host *ch)
{
	return console_interrupt(ch->console);
}
