/*
 * vigil-console: runs the verbs of vigilctl at a prompt or from a script.
 *
 * The program is started by vigilctl and vigild, not by users.  It is a separate process, so it may
 * wait for a key, for a reply, or for a terminal that accepts no output.  It handles one line at a
 * time: the next line is read after the reply to the previous one has been printed, so the replies
 * of a script never mix.
 *
 * Notifications, such as lines of the log, are printed when they arrive.  At a prompt, the line
 * that is being typed is moved below them.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "client/print_text.h"
#include "console/connection.h"
#include "console/prompt.h"
#include "console/script.h"
#include "console/terminal.h"

#define READ_SIZE  4096
#define EXIT_USAGE 2

struct console {
	struct connection_spec spec;
	bool json;
	struct connection *connection;
	struct prompt *prompt; /* NULL: the lines come from a script */
	struct script script;
	unsigned long line; /* line number in the script */
	bool interrupted;   /* Ctrl-C was pressed and has not been handled */
	bool ended, failed;
};

/* --- printing --------------------------------------------------------------------------------- */

/* The program name for error messages, as the user knows it. */
static const char *program(const struct console *c)
{
	return c->spec.socket == NULL ? "vigild" : "vigilctl";
}

static void fail(struct console *c, const struct command_reply *reply)
{
	char who[64] = "";

	if (c->prompt == NULL)
		snprintf(who, sizeof(who), "%s: line %lu: ", program(c), c->line);
	verb_print_failure(c->prompt != NULL ? stdout : stderr, who, reply);
	c->failed = true;
}

static void fail_text(struct console *c, const char *why)
{
	struct command_reply reply = {.code = COMMAND_PARAMS};

	text_truncate(reply.message, sizeof(reply.message), why);
	fail(c, &reply);
}

/* Flushes the output.  If it cannot be written, the console ends. */
static void flush(struct console *c)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return;
	c->failed = c->ended = true;
}

static void on_notice(const char *line, void *arg)
{
	struct console *c = arg;

	if (c->prompt != NULL)
		prompt_hide(c->prompt);
	print_line(line);
	if (c->prompt != NULL)
		prompt_show(c->prompt);
	flush(c);
}

static void on_change(json_t *change, void *arg)
{
	print_json_line(change);
	flush(arg);
}

/* --- waiting ---------------------------------------------------------------------------------- */

/* Handles the events that are the same while a line is typed and while a verb runs. */
static void on_terminal_event(struct console *c, unsigned what)
{
	if ((what & TERMINAL_RESIZE) != 0)
		prompt_resize(c->prompt);
	if ((what & TERMINAL_STOP) != 0)
		prompt_stop(c->prompt);
}

static int on_wait(int fd, uint64_t deadline, void *arg)
{
	struct console *c = arg;
	unsigned what;

	for (;;) {
		if (c->ended)
			return -EPIPE;
		what = terminal_wait(false, fd, deadline);
		on_terminal_event(c, what);
		if ((what & TERMINAL_INTERRUPT) != 0) {
			c->interrupted = true;
			return -EINTR;
		}
		if ((what & TERMINAL_VIGILD) != 0)
			return 0;
		if (what == 0)
			return -ETIMEDOUT;
	}
}

/* Waits for standard input, and prints what vigild sends in the meantime.  False: Ctrl-C, or vigild
 * has ended. */
static bool await_input(struct console *c)
{
	unsigned what;

	for (;;) {
		if (c->interrupted) {
			prompt_drop(c->prompt);
			return false;
		}
		fflush(stdout);
		what = terminal_wait(true, connection_fd(c->connection), 0);
		on_terminal_event(c, what);
		c->interrupted = (what & TERMINAL_INTERRUPT) != 0;
		/* Typed input is handled first, because without an editor it is a whole line that
		 * is already displayed. */
		if (!c->interrupted && (what & TERMINAL_INPUT) != 0)
			return true;
		if ((what & TERMINAL_VIGILD) != 0)
			connection_read(c->connection);
		if (connection_ended(c->connection) || c->ended) {
			c->ended = true;
			return false;
		}
	}
}

/* --- verbs ------------------------------------------------------------------------------------ */

static void help(struct console *c, const char *word)
{
	const struct command *command = word != NULL ? command_find(word) : NULL;
	char why[160];

	if (word == NULL) {
		verb_list(stdout);
		printf("  %-10s %-10s %s\n", "quit", "", "leave; exit does, too");
	} else if (command != NULL) {
		verb_help(stdout, "", command);
	} else {
		verb_unknown(word, why, sizeof(why));
		fail_text(c, why);
	}
}

/* Runs the verbs that need no vigild.  False: the verb is another one. */
static bool is_own(struct console *c, const struct verb *verb)
{
	const char *name = verb->command->verb;

	if (strcmp(name, "help") == 0)
		help(c, json_string_value(json_object_get(verb->params, "verb")));
	else if (strcmp(name, "console") == 0)
		puts("this is the console");
	else if (verb->command->access == ACCESS_LOCAL)
		fail_text(c, "this verb works only on the command line of vigilctl");
	else if (verb->follow)
		fail_text(c, "--watch works only on the command line of vigilctl; use watch here");
	else if (verb->registers || verb->dry_run)
		fail_text(c, "--register works only on the command line of vigilctl");
	else
		return false;
	return true;
}

static void run_verb(struct console *c, const struct verb *verb)
{
	struct command_reply reply = {0};

	connection_run(c->connection, verb, &reply);
	if (c->interrupted)
		prompt_drop(c->prompt);
	c->interrupted = false;
	if (reply.code != 0)
		fail(c, &reply);
	else if (reply.result != NULL && !c->spec.quiet)
		verb_print(verb, c->json, reply.result);
	command_reply_clear(&reply);
	if (connection_ended(c->connection))
		c->ended = true;
}

static void run_words(struct console *c, char **words)
{
	struct verb verb;
	char why[160];

	if (strcmp(words[0], "quit") == 0 || strcmp(words[0], "exit") == 0) {
		c->ended = true;
		return;
	}
	if (verb_read(&verb, words, why, sizeof(why)) != 0)
		fail_text(c, why);
	else if (!is_own(c, &verb))
		run_verb(c, &verb);
	verb_clear(&verb);
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

/* Reads a typed byte.  -1: the line or the input has ended. */
static int on_next(void *arg)
{
	struct console *c = arg;
	unsigned char byte;
	ssize_t n;

	do {
		if (!await_input(c))
			return -1;
		n = read(STDIN_FILENO, &byte, 1);
	} while (n < 0 && (errno == EAGAIN || errno == EINTR));
	c->ended = c->ended || n <= 0;
	return n == 1 ? byte : -1;
}

static json_t *on_ask(const char *verb, json_t *params, void *arg)
{
	struct console *c = arg;

	return connection_ask(c->connection, verb, params);
}

/* Reads and runs a typed line.  Ctrl-C ends the line, Ctrl-D ends the input. */
static void run_typed(struct console *c)
{
	char *line = prompt_read(c->prompt);

	if (line != NULL) {
		run_line(c, line);
	} else if (!c->interrupted) {
		putchar('\n');
		c->ended = true;
	}
	c->interrupted = false;
	free(line);
	flush(c);
}

static char *script_line(struct console *c, const char **why)
{
	char bytes[READ_SIZE], *line;
	ssize_t n;

	while ((line = script_next(&c->script, why)) == NULL && !c->script.ended) {
		if (!await_input(c))
			return NULL;
		n = read(STDIN_FILENO, bytes, sizeof(bytes));
		if (n >= 0 || (errno != EINTR && errno != EAGAIN))
			script_feed(&c->script, bytes, n > 0 ? (size_t)n : 0);
	}
	return line;
}

static void run_script_line(struct console *c)
{
	const char *why = NULL;
	char *line = script_line(c, &why);

	if (line == NULL) {
		c->ended = true;
		return;
	}
	c->line++;
	if (why != NULL)
		fail_text(c, why);
	else
		run_line(c, line);
	free(line);
	flush(c);
}

/* --- main program ----------------------------------------------------------------------------- */

static void greet(struct console *c)
{
	if (c->spec.socket == NULL) {
		puts("vigild " PACKAGE_VERSION
		     ": help lists the verbs, TAB completes, Ctrl-D stops vigild");
		return;
	}
	if (c->spec.quiet)
		return;
	puts("help lists the verbs, TAB completes, Ctrl-D leaves");
	if (connection_open(c->connection) != 0)
		puts("vigild cannot be reached yet; the next verb tries again");
}

static bool open_prompt(struct console *c)
{
	const struct prompt_spec spec = {.next = on_next, .ask = on_ask, .arg = c};
	pid_t host = c->spec.socket == NULL ? getppid() : 0;
	const char *why;
	int err = terminal_open(host, c->spec.socket == NULL ? c->spec.fd : -1);

	if (err != 0) {
		fprintf(stderr, "%s: no prompt is possible on this terminal: %s\n", program(c),
			strerror(-err));
		return false;
	}
	c->prompt = prompt_open(&spec, &why);
	if (why != NULL)
		fprintf(stderr, "%s: the prompt has no line editing: %s\n", program(c), why);
	greet(c);
	return true;
}

static int run(struct console *c)
{
	bool terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);

	c->connection = connection_new(&c->spec);
	if (terminal && !open_prompt(c))
		c->ended = c->failed = true;
	while (!c->ended) {
		if (c->prompt != NULL)
			run_typed(c);
		else
			run_script_line(c);
	}
	prompt_close(c->prompt);
	terminal_close();
	connection_free(c->connection);
	script_clear(&c->script);
	return c->failed && (!terminal || c->prompt == NULL) ? EXIT_FAILURE : EXIT_SUCCESS;
}

static const char usage[] =
	"usage: vigil-console -s SOCKET | -F DESCRIPTOR [-c FILE] [-o table|json] [-q]\n"
	"\n"
	"vigilctl console and vigild -C start this program; see vigilctl(8) and vigild(8).\n";

int main(int argc, char **argv)
{
	struct console c = {.spec = {.fd = -1,
				    .wait = on_wait,
				    .on_notice = on_notice,
				    .on_change = on_change,
				    .arg = &c}};
	int option;

	while ((option = getopt(argc, argv, "s:F:c:o:qh")) != -1) {
		switch (option) {
		case 's': c.spec.socket = optarg; break;
		case 'F': c.spec.fd = atoi(optarg); break;
		case 'c': c.spec.file = optarg; break;
		case 'o': c.json = strcmp(optarg, "json") == 0; break;
		case 'q': c.spec.quiet = true; break;
		case 'h': fputs(usage, stdout); return EXIT_SUCCESS;
		default: fputs(usage, stderr); return EXIT_USAGE;
		}
	}
	if (optind < argc || (c.spec.socket == NULL) == (c.spec.fd <= STDERR_FILENO)) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	signal(SIGPIPE, SIG_IGN);
	return run(&c);
}
