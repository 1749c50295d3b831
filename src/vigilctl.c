/*
 * vigilctl: asks a running vigild, and prints its answer.
 *
 * The verbs, their arguments and their help come from the same table that vigild serves them
 * from.  Each argument is one parameter of the verb, in the table's order.
 */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "command.h"
#include "complaint.h"
#include "config.h"
#include "memory.h"
#include "print.h"
#include "registry.h"

enum { EXIT_DONE = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2, EXIT_UNREACHABLE = 4 };

#define SECONDS        10.0
#define SECONDS_RELOAD 120.0

struct request {
	char *socket; /* NULL: by the configuration */
	const char *file;
	bool json, quiet, bare;
	const struct command *command;
	json_t *params;
};

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* To whoever called; arguments may hold anything. */
static void say(const char *format, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	fputs("vigilctl: ", stderr);
	print_message(stderr, text);
	fputc('\n', stderr);
}

/* --- help ------------------------------------------------------------------------------------------ */

static void print_usage(FILE *to)
{
	fputs("usage: vigilctl [-s SOCKET] [-c FILE] [-o table|json] [-q] VERB [ARGUMENT ...]\n\n",
		to);
	for (const struct command *c = commands; c->verb != NULL; c++)
		fprintf(to, "  %-8s %-10s %s\n", c->verb, strlen(c->usage) <= 10 ? c->usage : "...",
			c->help);
	fputs("\n"
	      "  -s, --socket SOCKET  the control socket of vigild\n"
	      "  -c, --config FILE    find the socket in this configuration\n"
	      "  -o, --output FORM    table or json\n"
	      "  -r                   with get: a string without its quotes\n"
	      "  -q, --quiet          print nothing but errors\n"
	      "  -V, --version        print the version\n"
	      "  -h, --help           print this\n"
	      "\n"
	      "Exit: 0 done, 1 refused or failed, 2 usage, 4 vigild cannot be reached.\n",
		to);
}

static void complain_verb(const char *verb)
{
	const char *near = command_suggest(verb);

	if (near != NULL)
		say("there is no verb \"%s\"; did you mean \"%s\"?", verb, near);
	else
		say("there is no verb \"%s\"; see vigilctl help", verb);
}

static int help(int argc, char **argv)
{
	const struct command *command;

	if (argc == 0) {
		print_usage(stdout);
		return EXIT_DONE;
	}
	command = command_find(argv[0]);
	if (command == NULL) {
		complain_verb(argv[0]);
		return EXIT_USAGE;
	}
	printf("usage: vigilctl %s%s%s\n\n%s\n", command->verb, command->usage[0] ? " " : "",
		command->usage, command->help);
	return EXIT_DONE;
}

/* --- where to ------------------------------------------------------------------------------------------- */

static char *find_socket(const char *file)
{
	struct complaints complaints = {0};
	const char *where = file != NULL ? file : SYSCONFDIR "/vigil/vigil.conf";
	struct config *config = config_load(where, &complaints);
	char *socket = NULL;

	if (config != NULL)
		socket = memory_text(config_vigil(config, "socket")->text);
	else if (file == NULL)
		socket = memory_text(RUNSTATEDIR "/vigil/control.sock");
	for (size_t i = 0; socket == NULL && i < complaints.count; i++)
		fprintf(stderr, "%s\n", complaints.list[i].text);
	complaints_clear(&complaints);
	config_free(config);
	return socket;
}

/* --- asking -------------------------------------------------------------------------------------------- */

static int print_error(json_t *error)
{
	json_t *complaints = json_object_get(json_object_get(error, "data"), "complaints");
	const char *message = json_string_value(json_object_get(error, "message"));
	size_t index;
	json_t *complaint;

	json_array_foreach(complaints, index, complaint)
	{
		print_message(stderr, json_string_value(complaint));
		fputc('\n', stderr);
	}
	say("%s", message != NULL ? message : "it failed");
	return EXIT_REFUSED;
}

static void print_answer(const struct request *r, json_t *result)
{
	if (r->quiet)
		return;
	if (r->bare && json_is_string(result)) {
		print_bare(json_string_value(result));
	} else if (r->json) {
		print_json(result);
	} else {
		print_result(r->command->verb, result);
	}
}

static int follow(struct client *client)
{
	json_t *change;

	while ((change = client_next(client)) != NULL) {
		print_json_line(json_object_get(change, "params"));
		json_decref(change);
		if (fflush(stdout) != 0)
			return EXIT_REFUSED; /* main says it */
	}
	say("vigild has closed the connection");
	return EXIT_UNREACHABLE;
}

static int talk(struct client *client, const struct request *r)
{
	bool watch = strcmp(r->command->verb, "watch") == 0;
	double seconds = strcmp(r->command->verb, "reload") == 0 ? SECONDS_RELOAD : SECONDS;
	json_t *reply = client_call(client, r->command->verb, json_incref(r->params), seconds);
	json_t *error = json_object_get(reply, "error");
	int status = EXIT_DONE;

	if (reply == NULL) {
		say("no answer from vigild: %s", strerror(errno));
		return EXIT_UNREACHABLE;
	}
	if (error != NULL)
		status = print_error(error);
	else if (watch)
		status = follow(client);
	else
		print_answer(r, json_object_get(reply, "result"));
	json_decref(reply);
	return status;
}

/* The complaints of what was done here, without a vigild. */
static int print_complaints(struct complaints *complaints)
{
	for (size_t i = 0; i < complaints->count; i++)
		fprintf(stderr, "%s\n", complaints->list[i].text);
	complaints_clear(complaints);
	fputs("vigilctl: nothing was changed\n", stderr);
	return EXIT_REFUSED;
}

/* register and unregister write files, for which no vigild need run: here, as whoever asks. */
static int edit_files(const struct request *r)
{
	const char *file = r->file != NULL ? r->file : SYSCONFDIR "/vigil/vigil.conf";
	const char *name = json_string_value(json_object_get(r->params, "name"));
	json_t *options = json_object_get(r->params, "options"), *option;
	char **pairs = memory_zero((json_array_size(options) + 1) * sizeof(*pairs));
	struct complaints complaints = {0};
	size_t index;
	int err;

	json_array_foreach(options, index, option) pairs[index] = (char *)json_string_value(option);
	if (strcmp(r->command->verb, "register") == 0)
		err = registry_add(file, name, pairs, &complaints);
	else
		err = registry_remove(file, name, &complaints);
	free(pairs);
	if (err != 0)
		return print_complaints(&complaints);
	if (!r->quiet)
		printf("%s is %sed\n", name, r->command->verb);
	return EXIT_DONE;
}

/* Has a vigild that runs take it up; where none runs, the next start will. */
static int edit(struct request *r)
{
	int status = edit_files(r);
	struct client *client;

	if (status != EXIT_DONE)
		return status;
	if (r->socket == NULL)
		r->socket = find_socket(r->file);
	client = r->socket != NULL ? client_open(r->socket) : NULL;
	if (client == NULL && r->socket != NULL && errno != ENOENT && errno != ECONNREFUSED) {
		say("%s: %s; it is taken up at the next reload", r->socket, strerror(errno));
		return EXIT_UNREACHABLE;
	}
	if (client == NULL) {
		if (!r->quiet)
			puts("vigild does not run; it is taken up at the next start");
		return EXIT_DONE;
	}
	json_decref(r->params);
	r->params = json_object();
	r->command = command_find("reload");
	status = talk(client, r);
	client_close(client);
	return status;
}

static int ask(struct request *r)
{
	struct client *client;
	int status;

	if (r->socket == NULL)
		r->socket = find_socket(r->file);
	if (r->socket == NULL)
		return EXIT_REFUSED;
	client = client_open(r->socket);
	if (client == NULL && errno == EACCES) {
		say("%s: you may not; ask to be made a member of vigil's group", r->socket);
		return EXIT_UNREACHABLE;
	}
	if (client == NULL) {
		say("vigild cannot be reached at %s: %s", r->socket, strerror(errno));
		return EXIT_UNREACHABLE;
	}
	status = talk(client, r);
	client_close(client);
	return status;
}

/* --- the command line ------------------------------------------------------------------------------------- */

/* Exits where the options alone decide. */
static void read_options(int argc, char **argv, struct request *r)
{
	static const struct option longs[] = {
		{"socket", required_argument, NULL, 's'},
		{"config", required_argument, NULL, 'c'},
		{"output", required_argument, NULL, 'o'},
		{"quiet", no_argument, NULL, 'q'},
		{"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "+s:c:o:qrVh", longs, NULL)) != -1) {
		switch (c) {
		case 's': r->socket = memory_text(optarg); break;
		case 'c': r->file = optarg; break;
		case 'q': r->quiet = true; break;
		case 'r': r->bare = true; break;
		case 'o': r->json = strcmp(optarg, "json") == 0; break;
		case 'V': puts("vigilctl " PACKAGE_VERSION); exit(EXIT_DONE);
		case 'h': print_usage(stdout); exit(EXIT_DONE);
		default: fputs("try: vigilctl --help\n", stderr); exit(EXIT_USAGE);
		}
		if (c == 'o' && !r->json && strcmp(optarg, "table") != 0) {
			say("-o is table or json, not \"%s\"", optarg);
			exit(EXIT_USAGE);
		}
	}
}

static bool read_arguments(char **words, struct request *r)
{
	char why[128];

	/* An answer's form is ours to know, not vigild's. */
	if (strcmp(r->command->verb, "get") == 0 && words[0] != NULL &&
		strcmp(words[0], "-r") == 0) {
		r->bare = true;
		words++;
	}
	r->params = command_params(r->command, words, why, sizeof(why));
	if (r->params != NULL)
		return true;
	say("%s", why);
	fprintf(stderr, "usage: vigilctl %s %s\n", r->command->verb, r->command->usage);
	return false;
}

/* An answer that could not be written is no success. */
static int finish(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	say("the answer could not be written: %s", strerror(errno));
	return status == EXIT_DONE ? EXIT_REFUSED : status;
}

int main(int argc, char **argv)
{
	struct request r = {0};
	int status = EXIT_USAGE;

	read_options(argc, argv, &r);
	argv += optind;
	argc -= optind;
	if (argc == 0) {
		print_usage(stderr);
		return EXIT_USAGE;
	}
	r.command = command_find(argv[0]);
	if (r.command == NULL)
		complain_verb(argv[0]);
	else if (r.command->access == ACCESS_LOCAL)
		status = help(argc - 1, argv + 1);
	else if (read_arguments(argv + 1, &r))
		status = r.command->access == ACCESS_ROOT ? edit(&r) : ask(&r);
	json_decref(r.params);
	free(r.socket);
	return finish(status);
}
