/*
 * console: a prompt: lines in, verbs to whoever is behind it, answers out.
 *
 * One thing at a time: a line is taken when the one before is answered and its answer has been
 * taken, too.  So a script's answers never mix, and whoever reads slowly slows down the script
 * and nothing else.
 *
 * What is said by nobody's asking, a line of the log, comes whenever it comes.  When it piles up
 * before a terminal that stands still it is counted instead, like everywhere in this house.
 */
#include "console.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/event.h>

#include "console_stream.h"
#include "loop.h"
#include "memory.h"
#include "print.h"
#include "text.h"

#define LINE_MAX_BYTES (64 * 1024) /* as long as the socket takes */
#define READ_SIZE      4096
#define LINES_TURN     16            /* of a script, before the loop may do something else */
#define WAITING_MAX    (1024 * 1024) /* of what nobody asked for */

struct console {
	struct console_spec spec;
	struct console_stream *out, *err;
	struct evbuffer *in;
	struct event *readable; /* NULL: it is a file, which is always readable */
	struct loop_timer *turn;
	struct verb verb; /* being answered */
	bool busy, input_ended, failed, ended;
	unsigned long line, lost;
};

static void turn_soon(struct console *c)
{
	loop_timer_again(c->turn, 0);
}

/* --- saying ------------------------------------------------------------------------------------------ */

static FILE *out(struct console *c)
{
	return console_stream_file(c->out);
}

static void fail(struct console *c, const struct command_reply *reply)
{
	char who[64];

	snprintf(who, sizeof(who), "%s: line %lu: ", c->spec.program, c->line);
	verb_print_failure(console_stream_file(c->err), who, reply);
	console_stream_send(c->err);
	c->failed = true;
}

static void fail_text(struct console *c, const char *why)
{
	struct command_reply reply = {.code = COMMAND_PARAMS};

	text_cut(reply.message, sizeof(reply.message), why);
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
	print_message(out(c), line);
	putc('\n', out(c));
	console_stream_send(c->out);
}

/* --- verbs ------------------------------------------------------------------------------------------- */

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
		c->input_ended = true;
		evbuffer_drain(c->in, evbuffer_get_length(c->in));
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

	c->line++;
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

/* --- lines ------------------------------------------------------------------------------------------- */

/* The next line, the last of which may lack its end; NULL when there is none yet.  To be freed. */
static char *next_line(struct console *c, size_t *length)
{
	char *line = evbuffer_readln(c->in, length, EVBUFFER_EOL_LF);
	size_t left = evbuffer_get_length(c->in);

	if (line != NULL || left == 0 || (!c->input_ended && left <= LINE_MAX_BYTES))
		return line;
	*length = left;
	line = memory_zero(left + 1);
	evbuffer_remove(c->in, line, left);
	return line;
}

static bool take_line(struct console *c)
{
	size_t length;
	char *line;

	if (c->busy || console_stream_waiting(c->out) > 0 || console_stream_waiting(c->err) > 0)
		return false;
	line = next_line(c, &length);
	if (line == NULL)
		return false;
	if (length > LINE_MAX_BYTES) {
		c->line++;
		fail_text(c, "it is over 64 KiB; nothing more is read");
		c->input_ended = true;
		evbuffer_drain(c->in, evbuffer_get_length(c->in));
	} else if (strlen(line) != length) {
		c->line++;
		fail_text(c, "there is a NUL in it");
	} else {
		run_line(c, line);
	}
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
	if (n > 0)
		evbuffer_add(c->in, bytes, (size_t)n);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		c->input_ended = true;
}

static bool has_ended(struct console *c)
{
	return c->input_ended && !c->busy && evbuffer_get_length(c->in) == 0 &&
	       console_stream_waiting(c->out) == 0 && console_stream_waiting(c->err) == 0;
}

/* Does what there is to do, and sees to it that more of it wakes us. */
static void work(struct console *c)
{
	unsigned lines = 0;

	if (c->ended)
		return;
	if (console_stream_broken(c->out)) {
		c->failed = c->input_ended = true;
		evbuffer_drain(c->in, evbuffer_get_length(c->in));
	}
	while (lines < LINES_TURN && take_line(c))
		lines++;
	if (lines == LINES_TURN) {
		turn_soon(c);
	} else if (has_ended(c)) {
		c->ended = true;
		c->spec.on_end(c->failed, c->spec.arg);
	} else if (!c->input_ended && !c->busy && console_stream_waiting(c->out) == 0) {
		if (c->readable != NULL)
			event_add(c->readable, NULL);
		else
			loop_timer_again(c->turn, 0);
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

/* --- life -------------------------------------------------------------------------------------------- */

bool console_interrupt(struct console *c)
{
	return false;
}

/* epoll takes no files, nor /dev/null; neither ever makes a reader wait. */
static bool may_wait(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode) || isatty(fd));
}

static bool open_parts(struct console *c)
{
	const struct console_spec *spec = &c->spec;

	c->in = evbuffer_new();
	c->out = console_stream_open(spec->loop, spec->out, on_drained, c);
	c->err = console_stream_open(spec->loop, spec->err, on_drained, c);
	c->turn = loop_after(spec->loop, 0, on_turn, c);
	if (may_wait(spec->in))
		c->readable = event_new(loop_base(spec->loop), spec->in, EV_READ, on_readable, c);
	return c->in != NULL && c->out != NULL && c->err != NULL && c->turn != NULL &&
	       (c->readable != NULL || !may_wait(spec->in));
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
	if (c->busy && c->spec.door != NULL)
		c->spec.door->give_up(c->spec.arg);
	verb_clear(&c->verb);
	if (c->readable != NULL)
		event_free(c->readable);
	loop_timer_free(c->turn);
	console_stream_close(c->out);
	console_stream_close(c->err);
	if (c->in != NULL)
		evbuffer_free(c->in);
	free(c);
}
