/*
 * console: a prompt: lines in, verbs to whoever is behind it, answers out.
 *
 * One thing at a time: a line is taken when the one before is answered and its answer has been
 * taken, too.  So a script's answers never mix, and whoever reads slowly slows down the script
 * and nothing else.
 *
 * What is said by nobody's asking, a line of the log, comes whenever it comes; on a terminal the
 * prompt makes room for it.  When it piles up before a reader that stands still it is counted
 * instead, like everywhere in this house.
 */
#include "client/console.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "client/console_script.h"
#include "client/console_stream.h"
#include "client/console_terminal.h"
#include "client/print.h"
#include "loop/loop.h"

#define TYPED_MAX   (64 * 1024) /* before it is taken */
#define READ_SIZE   4096
#define LINES_TURN  16            /* of a script, before the loop may do something else */
#define WAITING_MAX (1024 * 1024) /* of what nobody asked for */
#define CHOICES_MAX 100           /* that are shown */
#define PROMPT      "vigil> "
/* A terminal tells nobody when it has taken its output. */
#define AGAIN (20 * CLOCK_MS)

struct console {
	struct console_spec spec;
	struct console_stream *out, *err; /* one and the same on a terminal */
	struct console_terminal *terminal;
	struct loop_signal *resized, *suspended;
	struct console_script *script; /* NULL: it is a terminal */
	struct event *readable;        /* NULL: it is a file, which is always readable */
	struct loop_timer *turn;
	struct verb verb; /* being answered */
	bool busy, input_ended, failed, ended;
	unsigned long line, lost;
};

static void turn_soon(struct console *c)
{
	loop_timer_rearm(c->turn, 0);
}

/* Nothing more is read, nor taken of what was. */
static void end_input(struct console *c)
{
	c->input_ended = true;
	if (c->script != NULL)
		console_script_drop(c->script);
}

/* --- saying ----------------------------------------------------------------------------------- */

static FILE *out(struct console *c)
{
	return console_stream_file(c->out);
}

static void fail(struct console *c, const struct command_reply *reply)
{
	char who[64] = "";

	if (c->terminal == NULL)
		snprintf(who, sizeof(who), "%s: line %lu: ", c->spec.program, c->line);
	verb_print_failure(console_stream_file(c->err), who, reply);
	console_stream_send(c->err);
	c->failed = true;
}

static void fail_text(struct console *c, const char *why)
{
	struct command_reply reply = {.code = COMMAND_PARAMS};

	text_truncate(reply.message, sizeof(reply.message), why);
	fail(c, &reply);
}

void console_answer(struct console *c, const struct command_reply *reply)
{
	if (reply->code != 0)
		fail(c, reply);
	else if (reply->result != NULL && !c->spec.quiet)
		verb_print(&c->verb, c->spec.json, reply->result);
	console_stream_send(c->out);
	verb_clear(&c->verb);
	c->busy = false;
	turn_soon(c);
}

bool console_part(struct console *c, char *text)
{
	if (console_stream_waiting(c->out) > WAITING_MAX)
		return false;
	print_json_part(text);
	console_stream_send(c->out);
	return true;
}

/* False: it is dropped, and that is said as soon as something can be. */
static bool has_room(struct console *c)
{
	if (console_stream_waiting(c->out) > WAITING_MAX) {
		c->lost++;
		return false;
	}
	if (c->lost > 0)
		fprintf(out(c), "(%lu lines were lost, as nobody took them)\n", c->lost);
	c->lost = 0;
	return true;
}

void console_change(struct console *c, json_t *change)
{
	if (!has_room(c))
		return;
	print_json_line(change);
	console_stream_send(c->out);
}

void console_notice(struct console *c, const char *line)
{
	if (!has_room(c))
		return;
	if (c->terminal != NULL)
		console_terminal_hide(c->terminal);
	print_message(out(c), line);
	putc('\n', out(c));
	if (c->terminal != NULL)
		console_terminal_show(c->terminal);
	console_stream_send(c->out);
}

/* --- verbs ------------------------------------------------------------------------------------ */

static void help(struct console *c, const char *word)
{
	const struct command *command = word != NULL ? command_find(word) : NULL;
	char why[160];

	if (word == NULL) {
		verb_list(out(c));
		fprintf(out(c), "  %-10s %-10s %s\n", "quit", "", "leave; exit does, too");
	} else if (command != NULL) {
		verb_help(out(c), "", command);
	} else {
		verb_unknown(word, why, sizeof(why));
		fail_text(c, why);
	}
}

/* What is done here, and nobody behind needs to be asked for. */
static bool is_own(struct console *c, const struct verb *verb)
{
	const char *name = verb->command->verb;

	if (strcmp(name, "help") == 0)
		help(c, json_string_value(json_object_get(verb->params, "verb")));
	else if (strcmp(name, "console") == 0)
		fprintf(out(c), "this is it\n");
	else if (verb->command->access == ACCESS_LOCAL)
		fail_text(c, "that is for the command line of vigilctl");
	else if (verb->follow)
		fail_text(c, "--watch is for the command line of vigilctl; here there is watch");
	else
		return false;
	console_stream_send(c->out);
	return true;
}

static void run_words(struct console *c, char **words)
{
	char why[160];
	int err;

	if (strcmp(words[0], "quit") == 0 || strcmp(words[0], "exit") == 0) {
		end_input(c);
		return;
	}
	err = verb_read(&c->verb, words, why, sizeof(why));
	if (err != 0) {
		fail_text(c, why);
	} else if (!is_own(c, &c->verb)) {
		c->busy = true;
		c->spec.door->ask(&c->verb, c->spec.arg);
		return;
	}
	verb_clear(&c->verb);
}

static void run_line(struct console *c, const char *line)
{
	const char *why;
	char **words;

	line += strspn(line, " \t\r");
	if (line[0] == '\0' || line[0] == '#')
		return;
	if (text_split_command(line, &words, &why) != 0) {
		fail_text(c, why);
		return;
	}
	run_words(c, words);
	text_free_list(words);
}

/* --- lines ------------------------------------------------------------------------------------ */

static char *typed_line(struct console *c)
{
	char *line = NULL;

	if (!console_terminal_begin(c->terminal)) {
		loop_timer_rearm(c->turn, AGAIN);
		return NULL;
	}
	if (console_terminal_next(c->terminal, &line) == EDITOR_END) {
		putc('\n', out(c));
		end_input(c);
	}
	console_stream_send(c->out);
	return line;
}

static bool is_taken(const struct console *c)
{
	return console_stream_waiting(c->out) == 0 && console_stream_waiting(c->err) == 0;
}

static bool take_line(struct console *c)
{
	const char *why = NULL;
	char *line = NULL;

	if (c->busy || !is_taken(c) || console_stream_broken(c->out))
		return false;
	if (c->script != NULL)
		line = console_script_next(c->script, &why);
	else if (!c->input_ended)
		line = typed_line(c);
	if (line == NULL)
		return false;
	c->line++;
	if (why == NULL)
		run_line(c, line);
	else
		fail_text(c, why);
	if (c->script != NULL)
		c->input_ended = c->input_ended || console_script_ended(c->script);
	free(line);
	return true;
}

static void read_some(struct console *c)
{
	struct pollfd p = {.fd = c->spec.in, .events = POLLIN};
	char bytes[READ_SIZE];
	ssize_t n;

	/* Somebody else may have read what woke us. */
	if (poll(&p, 1, 0) <= 0)
		return;
	n = read(c->spec.in, bytes, sizeof(bytes));
	if (n > 0 && c->script != NULL)
		console_script_feed(c->script, bytes, (size_t)n);
	else if (n > 0)
		console_terminal_feed(c->terminal, bytes, (size_t)n);
	if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
		return;
	c->input_ended = true;
	if (c->script != NULL)
		console_script_end(c->script);
	else
		console_terminal_end(c->terminal);
}

static void give_up(struct console *c)
{
	if (c->busy)
		c->spec.door->give_up(c->spec.arg);
	c->busy = false;
	verb_clear(&c->verb);
}

/* Nobody sits there any more, or nobody reads. */
static void mind_who_left(struct console *c)
{
	if (console_stream_broken(c->out)) {
		c->failed = true;
		end_input(c);
		give_up(c);
	} else if (c->input_ended && c->terminal != NULL) {
		give_up(c);
	}
}

static bool has_ended(struct console *c)
{
	return c->input_ended && !c->busy && is_taken(c) &&
	       (c->script == NULL || console_script_waiting(c->script) == 0);
}

/* What is typed early waits here, so that it is noticed when the terminal goes; of a script no
 * more is read than is being done. */
static void await_more(struct console *c)
{
	if (c->terminal != NULL ? console_terminal_waiting(c->terminal) > TYPED_MAX
				: c->busy || !is_taken(c))
		return;
	if (c->readable != NULL)
		event_add(c->readable, NULL);
	else
		turn_soon(c);
}

/* Does what there is to do, and sees to it that more of it wakes us. */
static void work(struct console *c)
{
	unsigned lines = 0;

	if (c->ended)
		return;
	mind_who_left(c);
	while (lines < LINES_TURN && take_line(c))
		lines++;
	if (lines == LINES_TURN) {
		turn_soon(c);
	} else if (has_ended(c)) {
		c->ended = true;
		c->spec.on_end(c->failed && c->terminal == NULL, c->spec.arg);
	} else if (!c->input_ended) {
		await_more(c);
	}
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct console *c = arg;

	read_some(c);
	work(c);
}

static void on_turn(uint64_t missed, void *arg)
{
	struct console *c = arg;

	if (c->readable == NULL && !c->busy && !c->input_ended)
		read_some(c);
	work(c);
}

static void on_drained(void *arg)
{
	turn_soon(arg);
}

/* --- life ------------------------------------------------------------------------------------- */

bool console_on_terminal(const struct console *c)
{
	return c->terminal != NULL;
}

bool console_interrupt(struct console *c)
{
	if (c->terminal == NULL || c->ended)
		return false;
	give_up(c);
	console_terminal_drop(c->terminal);
	console_stream_send(c->out);
	turn_soon(c);
	return true;
}

static void on_resized(int signo, void *arg)
{
	struct console *c = arg;

	console_terminal_resize(c->terminal);
	console_stream_send(c->out);
}

/* Ctrl-Z: whoever gets the terminal finds it as it was. */
static void on_suspended(int signo, void *arg)
{
	struct console *c = arg;

	console_terminal_hide(c->terminal);
	console_stream_send(c->out);
	console_terminal_leave(c->terminal);
	raise(SIGSTOP);
	console_terminal_return(c->terminal);
	console_terminal_show(c->terminal);
	console_stream_send(c->out);
}

/* epoll takes no files, nor /dev/null; neither ever makes a reader wait. */
static bool may_wait(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) || isatty(fd));
}

static bool open_terminal(struct console *c)
{
	const struct console_spec *spec = &c->spec;
	const char *why = NULL;

	c->err = c->out;
	c->resized = loop_on_signal(spec->loop, SIGWINCH, on_resized, c);
	c->suspended = loop_on_signal(spec->loop, SIGTSTP, on_suspended, c);
	c->terminal = console_terminal_open(&(struct console_terminal_spec){.fd = spec->in,
						    .to = out(c),
						    .prompt = PROMPT,
						    .look = spec->door->look,
						    .arg = spec->arg},
		&why);
	if (why != NULL)
		dprintf(spec->err, "%s: a plain prompt: %s\n", spec->program, why);
	return c->resized != NULL && c->suspended != NULL;
}

static bool open_parts(struct console *c)
{
	const struct console_spec *spec = &c->spec;

	c->out = console_stream_open(spec->loop, spec->out, on_drained, c);
	c->turn = loop_after(spec->loop, 0, on_turn, c);
	if (c->out == NULL || c->turn == NULL)
		return false;
	if (may_wait(spec->in)) {
		c->readable = event_new(loop_base(spec->loop), spec->in, EV_READ, on_readable, c);
		if (c->readable == NULL)
			return false;
	}
	if (isatty(spec->in) && isatty(spec->out))
		return open_terminal(c);
	c->script = console_script_new();
	c->err = console_stream_open(spec->loop, spec->err, on_drained, c);
	return c->err != NULL;
}

struct console *console_open(const struct console_spec *spec)
{
	struct console *c = memory_zero(sizeof(*c));

	c->spec = *spec;
	if (!open_parts(c)) {
		console_close(c);
		errno = ENOMEM;
		return NULL;
	}
	print_to(out(c));
	return c;
}

void console_close(struct console *c)
{
	if (c == NULL)
		return;
	print_to(NULL);
	give_up(c);
	console_terminal_close(c->terminal);
	loop_signal_free(c->resized);
	loop_signal_free(c->suspended);
	if (c->readable != NULL)
		event_free(c->readable);
	loop_timer_free(c->turn);
	if (c->err != c->out)
		console_stream_close(c->err);
	console_stream_close(c->out);
	console_script_free(c->script);
	free(c);
}
