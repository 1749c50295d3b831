/*
 * vigilctl: sends a request to a running vigild and prints the reply.
 *
 * The verbs, their parameters and their help come from the same table that vigild uses.  Verbs with
 * local access run in this process.
 */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/diagnostic.h"
#include "base/memory.h"
#include "client/client.h"
#include "client/client_hang.h"
#include "client/print_text.h"
#include "client/services_register.h"
#include "client/verb.h"
#include "client/vigilctl_console.h"
#include "client/vigilctl_watch.h"
#include "command/command.h"
#include "config/config.h"
#include "config/config_load.h"
#include "module_tools/module_verb.h"

#define DEFAULT_FILE SYSCONFDIR "/vigil/vigil.conf"

enum { EXIT_DONE = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2, EXIT_UNKNOWN = 3, EXIT_UNREACHABLE = 4 };

struct request {
	char *socket; /* owned; NULL: use that of the configuration */
	const char *file;
	bool file_given; /* file is from -c */
	bool json, quiet;
	struct verb verb;
};

/* `check` behaves like a Nagios plugin: it prints even errors to stdout, and exits with 3 on an
 * error. */
static bool is_plugin;
static int plugin_status = EXIT_UNKNOWN;

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints an error message.  It is escaped, because its arguments are untrusted. */
static void say(const char *format, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	fputs(is_plugin ? "UNKNOWN - " : "vigilctl: ", is_plugin ? stdout : stderr);
	print_message(is_plugin ? stdout : stderr, text);
	fputc('\n', is_plugin ? stdout : stderr);
}

/* --- help ------------------------------------------------------------------------------------- */

static void print_usage(FILE *to)
{
	fputs("usage: vigilctl [-s SOCKET] [-c FILE] [-o table|json] [-q] VERB [ARGUMENT ...]\n\n",
		to);
	verb_list(to);
	fputs("\n"
	      "\"vigilctl help VERB\" prints the arguments of a verb.\n"
	      "\n"
	      "  -s, --socket SOCKET  use this control socket\n"
	      "  -c, --config FILE    find the socket in FILE; register and unregister change it\n"
	      "                       (default: " DEFAULT_FILE ")\n"
	      "  -o, --output FORM    print a table or json\n"
	      "  -r                   with get: print a string without its quotes\n"
	      "  -q, --quiet          print nothing but errors\n"
	      "  -V, --version        print the version\n"
	      "  -h, --help           print this help\n"
	      "\n"
	      "Exit status: 0 done, 1 refused or failed, 2 usage, 4 vigild cannot be reached.\n",
		to);
}

static int help(const char *word)
{
	const struct command *command = word != NULL ? command_find(word) : NULL;
	char why[160];

	if (word == NULL) {
		print_usage(stdout);
		return EXIT_DONE;
	}
	if (command != NULL) {
		verb_help(stdout, "vigilctl ", command);
		return EXIT_DONE;
	}
	verb_unknown(word, why, sizeof(why));
	say("%s", why);
	return EXIT_USAGE;
}

/* --- the socket ------------------------------------------------------------------------------- */

static char *find_socket(const char *file)
{
	struct diagnostics diagnostics = {0};
	struct config *config = config_load_untrusted(file, &diagnostics);
	char *socket = NULL;

	if (config != NULL)
		socket = memory_text(config_vigil(config, "socket")->text);
	else if (strcmp(file, DEFAULT_FILE) == 0)
		socket = memory_text(RUNSTATEDIR "/vigil/control.sock");
	for (size_t i = 0; socket == NULL && i < diagnostics.count; i++)
		fprintf(stderr, "%s\n", diagnostics.list[i].text);
	if (socket == NULL && is_plugin)
		say("%s", diagnostics.count > 0 ? diagnostics.list[0].text
						: "no socket is configured");
	diagnostics_clear(&diagnostics);
	config_free(config);
	return socket;
}

/* Finds the socket if it was not given. */
static bool has_socket(struct request *r)
{
	if (r->socket == NULL)
		r->socket = find_socket(r->file);
	return r->socket != NULL;
}

/* --- requests --------------------------------------------------------------------------------- */

static int follow(struct client *client)
{
	json_t *change;

	while ((change = client_next(client)) != NULL) {
		print_json_line(json_object_get(change, "params"));
		json_decref(change);
		if (fflush(stdout) != 0)
			return EXIT_REFUSED; /* main reports the error */
	}
	say("vigild has closed the connection");
	return EXIT_UNREACHABLE;
}

static int print_reply(const struct request *r, const struct command_reply *reply)
{
	if (reply->code != 0) {
		if (is_plugin)
			say("%s", reply->message);
		else
			verb_print_failure(stderr, "vigilctl: ", reply);
		return EXIT_REFUSED;
	}
	if (!r->quiet)
		verb_print(&r->verb, r->json, reply->result);
	if (is_plugin)
		plugin_status = verb_plugin_status(reply->result);
	return EXIT_DONE;
}

static int talk(struct client *client, const struct request *r)
{
	const char *verb = r->verb.command->verb;
	struct command_reply reply = {0};
	int status, err = client_ask(client, verb, json_incref(r->verb.params), &reply);
	char why[256];

	if (err != 0) {
		say("no answer from vigild: %s", client_hang_error(client, -err, why, sizeof(why)));
		return EXIT_UNREACHABLE;
	}
	if (reply.code == 0 && strcmp(verb, "watch") == 0)
		status = follow(client);
	else
		status = print_reply(r, &reply);
	command_reply_clear(&reply);
	return status;
}

/* Prints the notes or the failure of an edit, and clears the reply. */
static int print_edit(int err, struct command_reply *reply)
{
	json_t *note;
	size_t index;

	json_array_foreach(json_object_get(reply->data, "notes"), index, note)
		fprintf(stderr, "%s\n", json_string_value(note));
	if (err != 0)
		verb_print_failure(stderr, "vigilctl: ", reply);
	command_reply_clear(reply);
	return err != 0 ? EXIT_REFUSED : EXIT_DONE;
}

static int edit_files(const struct request *r, const char *file)
{
	struct command_reply reply = {0};
	int status = print_edit(verb_edit_files(&r->verb, file, &reply), &reply);

	if (status == EXIT_DONE && !r->quiet)
		printf("%s is %sed\n", json_string_value(json_object_get(r->verb.params, "name")),
			r->verb.command->verb);
	return status;
}

/* The configuration file that register and unregister change.  If only a socket was given, vigild
 * is asked for its configuration, because no other one must be changed.  NULL: unknown, and the
 * reason was printed. */
static char *find_file(const struct request *r)
{
	struct client *client;
	char why[320], *file;

	if (r->socket == NULL || r->file_given)
		return memory_text(r->file);
	client = client_open(r->socket);
	snprintf(why, sizeof(why), "vigild cannot be reached: %s", strerror(errno));
	file = client != NULL ? client_config_file(client, why, sizeof(why)) : NULL;
	if (file == NULL)
		say("%s: %s; nothing was changed; name the configuration to change with -c FILE",
			r->socket, why);
	client_close(client);
	return file;
}

/* Makes a running vigild reload after a change of the files.  If none runs, the next start reads
 * them. */
static int reload(struct request *r)
{
	struct client *client;
	int status;

	client = has_socket(r) ? client_open(r->socket) : NULL;
	if (client == NULL && r->socket != NULL && !client_is_absent(errno)) {
		say("%s: %s; the change takes effect at the next reload", r->socket,
			strerror(errno));
		return EXIT_UNREACHABLE;
	}
	if (client == NULL) {
		if (!r->quiet)
			puts("vigild is not running; the change takes effect at its next start");
		return EXIT_DONE;
	}
	json_decref(r->verb.params);
	r->verb.params = json_object();
	r->verb.command = command_find("reload");
	status = talk(client, r);
	client_close(client);
	return status;
}

static int edit(struct request *r)
{
	char *file = find_file(r);
	int status = file != NULL ? edit_files(r, file) : EXIT_UNREACHABLE;

	free(file);
	return status == EXIT_DONE ? reload(r) : status;
}

static int print_unreachable(const char *socket, int err)
{
	if (err == EACCES)
		say("%s: permission denied; ask root to add your user to vigil's group", socket);
	else
		say("vigild cannot be reached at %s: %s", socket, strerror(err));
	return EXIT_UNREACHABLE;
}

/* Runs status --watch until the connection is lost. */
static int look_on(const struct request *r)
{
	int err = vigilctl_watch(r->socket, &r->verb, r->json);

	if (err == -ECANCELED)
		return EXIT_REFUSED;
	if (err != -EPIPE && err != -ECONNRESET)
		return print_unreachable(r->socket, -err);
	say("vigild has closed the connection");
	return EXIT_UNREACHABLE;
}

static int ask(struct request *r)
{
	struct client *client;
	int status;

	if (!has_socket(r))
		return EXIT_REFUSED;
	if (r->verb.follow)
		return look_on(r);
	client = client_open(r->socket);
	if (client == NULL)
		return print_unreachable(r->socket, errno);
	status = talk(client, r);
	client_close(client);
	return status;
}

/* --- services --register ---------------------------------------------------------------------- */

/* NULL: it failed, which was printed. */
static json_t *make_plan(struct request *r, int *status)
{
	struct client *client = client_open(r->socket);
	struct command_reply reply = {0};
	json_t *plan;

	if (client == NULL) {
		*status = print_unreachable(r->socket, errno);
		return NULL;
	}
	plan = services_register_ask(client, r->verb.params, &reply);
	if (plan == NULL)
		verb_print_failure(stderr, "vigilctl: ", &reply);
	*status = plan == NULL ? EXIT_REFUSED : EXIT_DONE;
	command_reply_clear(&reply);
	client_close(client);
	return plan;
}

static int apply_plan(struct request *r, json_t *plan)
{
	struct command_reply reply = {0};
	char *file = find_file(r);
	int status = EXIT_UNREACHABLE;

	if (file != NULL)
		status = print_edit(services_register_apply(plan, file, &reply), &reply);
	free(file);
	return status == EXIT_DONE ? reload(r) : status;
}

/* Prints the plan before anything is changed. */
static int register_services(struct request *r)
{
	json_t *plan;
	int status;

	if (!r->verb.registers) {
		say("--dry-run needs --register");
		return EXIT_USAGE;
	}
	if (!r->verb.dry_run && geteuid() != 0)
		say("permission denied: only root may use --register; see --dry-run");
	if ((!r->verb.dry_run && geteuid() != 0) || !has_socket(r))
		return EXIT_REFUSED;
	plan = make_plan(r, &status);
	if (plan == NULL)
		return status;
	if (r->json && r->verb.dry_run)
		print_json(plan);
	else if (!r->quiet)
		services_register_print(r->json ? stderr : stdout, plan);
	if (json_array_size(json_object_get(plan, "register")) > 0 && !r->verb.dry_run)
		status = apply_plan(r, plan);
	json_decref(plan);
	return status;
}

/* --- the command line ------------------------------------------------------------------------- */

/* Exits if the options alone decide.  False: an option is invalid, which was reported. */
static bool read_options(int argc, char **argv, struct request *r, bool *bare)
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
	bool right = true;
	int c;

	while ((c = getopt_long(argc, argv, "+s:c:o:qrVh", longs, NULL)) != -1) {
		switch (c) {
		case 's': r->socket = memory_text(optarg); break;
		case 'c':
			r->file = optarg;
			r->file_given = true;
			break;
		case 'q': r->quiet = true; break;
		case 'r': *bare = true; break;
		case 'o': r->json = strcmp(optarg, "json") == 0; break;
		case 'V': puts("vigilctl " PACKAGE_VERSION); exit(EXIT_DONE);
		case 'h': print_usage(stdout); exit(EXIT_DONE);
		default: fputs("try: vigilctl --help\n", stderr); right = false;
		}
		if (c == 'o' && !r->json && strcmp(optarg, "table") != 0) {
			say("invalid value \"%s\" for -o; use table or json", optarg);
			right = false;
		}
	}
	return right;
}

static int console(struct request *r)
{
	bool by_socket = r->socket != NULL && !r->file_given;

	if (has_socket(r))
		vigilctl_console(r->socket, by_socket ? NULL : r->file, r->json, r->quiet);
	return EXIT_REFUSED;
}

static int module(struct request *r)
{
	char why[256] = "";
	int err = module_verb(r->verb.params, r->file, r->json, why, sizeof(why));

	if (why[0] != '\0')
		say("%s", why);
	return err == 0 ? EXIT_DONE : err == -EINVAL ? EXIT_USAGE : EXIT_REFUSED;
}

static int help_on(struct request *r)
{
	return help(json_string_value(json_object_get(r->verb.params, "verb")));
}

/* Runs the verbs that are not methods of vigild. */
static int do_here(struct request *r)
{
	static const struct {
		const char *verb;
		int (*run)(struct request *r);
	} verbs[] = {{"console", console}, {"module", module}, {"help", help_on}};

	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (strcmp(verbs[i].verb, r->verb.command->verb) == 0)
			return verbs[i].run(r);
	return EXIT_USAGE;
}

static bool read_verb(char **words, struct request *r)
{
	char why[160];

	if (verb_read(&r->verb, words, why, sizeof(why)) == 0)
		return true;
	say("%s", why);
	if (r->verb.command != NULL)
		fprintf(stderr, "usage: vigilctl %s%s%s\n", r->verb.command->verb,
			r->verb.command->usage[0] != '\0' ? " " : "", r->verb.command->usage);
	return false;
}

/* If the output could not be written, the exit status is an error. */
static int finish(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	say("the output could not be written: %s", strerror(errno));
	return is_plugin ? EXIT_UNKNOWN : status == EXIT_DONE ? EXIT_REFUSED : status;
}

int main(int argc, char **argv)
{
	struct request r = {.file = DEFAULT_FILE};
	bool bare = false;
	int status = EXIT_USAGE;
	bool right = read_options(argc, argv, &r, &bare);

	argv += optind;
	argc -= optind;
	if (argc == 0) {
		if (right)
			print_usage(stderr);
		free(r.socket);
		return EXIT_USAGE;
	}
	is_plugin = strcmp(argv[0], "check") == 0;
	if (!right && is_plugin)
		say("invalid options before check; see vigilctl --help");
	if (right && read_verb(argv, &r)) {
		r.verb.bare = r.verb.bare || bare;
		switch (r.verb.command->access) {
		case ACCESS_LOCAL: status = do_here(&r); break;
		case ACCESS_ROOT: status = edit(&r); break;
		default:
			status = r.verb.registers || r.verb.dry_run ? register_services(&r)
								    : ask(&r);
			break;
		}
	}
	verb_clear(&r.verb);
	free(r.socket);
	return finish(is_plugin ? plugin_status : status);
}
