/*
 * everything: a module that uses each part of vigil.h and writes the results to the state, so that
 * tests/system/isolate.sh can compare a daemon in vigild with one in a process of its own.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vigil/vigil.h>

struct all {
	vigil_service *service, *foreign;
	vigil_slot *slot;
	long entries;
	uint32_t line;
	int ends[2], client;
	long resumed, pauses, reconfigured;
};

static void set_text(vigil_daemon *d, const char *path, const char *text)
{
	vigil_state_set(d, path, json_string(text));
}

/* --- services --------------------------------------------------------------------------------- */

static void on_foreign(vigil_service *svc, const vigil_service_reply *r, void *arg)
{
	set_text(arg, "service/foreign", vigil_service_fault_name(r->fault));
}

static void on_reload(vigil_service *svc, const vigil_service_reply *r, void *arg)
{
	vigil_state_set(arg, "service/reload_error", json_integer(r->error));
}

static void on_restart(vigil_service *svc, const vigil_service_reply *r, void *arg)
{
	struct all *all = vigil_data(arg);

	vigil_state_set(arg, "service/restart_error", json_integer(r->error));
	set_text(arg, "service/after", vigil_service_status_name(r->status));
	vigil_service_reload(svc, on_reload, arg);
	vigil_service_restart(all->foreign, on_foreign, arg);
}

static void on_query(vigil_service *svc, const vigil_service_reply *r, void *arg)
{
	set_text(arg, "service/name", r->name);
	vigil_state_set(arg, "service/started", json_boolean(r->started >= 0));
	vigil_state_set(arg, "service/taken", json_boolean(vigil_service_taken(svc) != NULL));
	vigil_state_set(arg, "service/death", json_boolean(r->death != NULL));
	set_text(arg, "service/manager", r->manager);
	set_text(arg, "service/status", vigil_service_status_name(r->status));
	vigil_service_restart(svc, on_restart, arg);
}

static void on_entry(vigil_daemon *d, const vigil_service_entry *entry, void *arg)
{
	((struct all *)arg)->entries++;
}

static void on_end(vigil_daemon *d, int error, const char *text, void *arg)
{
	vigil_state_set(d, "services",
		json_pack("{s:b,s:i}", "any", ((struct all *)arg)->entries >= 0, "error", error));
}

static void open_services(vigil_daemon *d, struct all *all)
{
	vigil_service_spec spec = {.size = sizeof(spec),
		.name = vigil_option_text(d, "service"),
		.manager = "command",
		.status_command = vigil_option_list(d, "status_command"),
		.restart_command = vigil_option_list(d, "restart_command"),
		.reload_command = vigil_option_list(d, "restart_command")};
	vigil_service_spec foreign = spec;

	foreign.name = "not-named-by-an-option";
	all->service = vigil_service_open(d, &spec);
	all->foreign = vigil_service_open(d, &foreign);
	vigil_service_query(all->service, on_query, d);
	vigil_state_set(d, "service/busy",
		json_integer(vigil_service_query(all->service, on_query, d) == -EBUSY));
	vigil_services_each(d, NULL, on_entry, on_end, all);
}

/* --- children, slots and descriptors ---------------------------------------------------------- */

static void on_line(vigil_daemon *d, vigil_child *child, const char *line, size_t length, void *arg)
{
	set_text(d, "child/line", line);
}

static void on_exit_of(vigil_daemon *d, vigil_child *child, const vigil_child_exit *e, void *arg)
{
	vigil_state_set(d, "child/status", json_integer(e->status));
	if (arg != NULL)
		vigil_verb_done(d, arg, -EIO, "it has run and failed");
}

static void spawn(vigil_daemon *d, void *verb)
{
	static const char *const argv[] = {"/bin/echo", "a line", NULL};

	vigil_spawn(d, &(vigil_child_spec){.size = sizeof(vigil_child_spec),
			       .argv = argv,
			       .on_line = on_line,
			       .on_exit = on_exit_of,
			       .arg = verb});
}

static void on_slot(vigil_daemon *d, void *arg)
{
	struct all *all = arg;

	vigil_state_set(d, "slot", json_true());
	vigil_slot_free(all->slot);
	all->slot = NULL;
	spawn(d, NULL);
}

static void on_fd(vigil_daemon *d, int fd, unsigned what, void *arg)
{
	char byte = 0;

	if (read(fd, &byte, 1) == 1)
		vigil_state_set(d, "descriptor", json_stringn(&byte, 1));
	vigil_unwatch_fd(d, fd);
}

/* A program that does not end by itself, to see that it ends with the daemon. */
static void on_end_of_sleep(
	vigil_daemon *d, vigil_child *child, const vigil_child_exit *e, void *arg)
{
}

static void start_sleep(vigil_daemon *d)
{
	static const char *const argv[] = {"/bin/sleep", "1000", NULL};
	vigil_child *child = vigil_spawn(d, &(vigil_child_spec){.size = sizeof(vigil_child_spec),
						    .argv = argv,
						    .on_exit = on_end_of_sleep});

	vigil_state_set(d, "sleep", json_integer(vigil_child_pid(child)));
}

/* --- sockets, parts and memory ---------------------------------------------------------------- */

static void on_accept(vigil_daemon *d, int fd, void *arg)
{
	vigil_state_set(d, "accepted", json_true());
	close(fd);
}

static void use_socket(vigil_daemon *d, struct all *all)
{
	const vigil_listen_spec spec = {
		.size = sizeof(spec), .address = "127.0.0.1:0", .on_accept = on_accept};
	struct sockaddr_storage sa;
	socklen_t size = sizeof(sa);
	int fd = vigil_listen(d, &spec);

	all->client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || getsockname(fd, (struct sockaddr *)&sa, &size) != 0 ||
		connect(all->client, (struct sockaddr *)&sa, size) != 0)
		vigil_fail(d, "the socket does not work");
	vigil_state_set(d, "socket", json_boolean(fd >= 0));
}

static void use_token(vigil_daemon *d)
{
	char path[64] = "tokens/", *text = vigil_alloc(d, 10);

	strcpy(text, "a/~");
	vigil_pointer_token(path + strlen(path), sizeof(path) - strlen(path), text);
	vigil_free(d, text);
	vigil_state_set(d, path, json_true());
}

/* --- verbs ------------------------------------------------------------------------------------ */

static int on_start_verb(vigil_daemon *d, void *arg)
{
	spawn(d, "start");
	return VIGIL_VERB_STARTED;
}

static int on_stop_verb(vigil_daemon *d, void *arg)
{
	vigil_state_set(d, "stopped_by_verb", json_true());
	return 0;
}

static int on_add(vigil_daemon *d, const char *const *arguments, json_t **answer, void *arg)
{
	if (arguments[0] == NULL || arguments[1] == NULL) {
		*answer = json_string("two numbers are needed");
		return -EINVAL;
	}
	*answer = json_pack("{s:i}", "sum", atoi(arguments[0]) + atoi(arguments[1]));
	return 0;
}

static void on_later(vigil_daemon *d, void *arg)
{
	vigil_call_done(d, "later", 0, json_string("the answer"));
}

static int on_call_later(vigil_daemon *d, const char *const *arguments, json_t **answer, void *arg)
{
	return vigil_after(d, 0.05, on_later, NULL) == 0 ? VIGIL_VERB_STARTED : -EAGAIN;
}

/* --- the daemon ------------------------------------------------------------------------------- */

static void on_change(vigil_daemon *d, const char *pointer, const json_t *value, void *arg)
{
	set_text(d, "seen/pointer", pointer);
	vigil_state_set(d, "seen/any", json_boolean(value != NULL));
}

static void on_health_change(vigil_daemon *d, const char *pointer, const json_t *value, void *arg)
{
	set_text(d, "seen/level", json_string_value(json_object_get(value, "level")));
}

static void read_others(vigil_daemon *d)
{
	const json_t *x = vigil_state_get(d, "/daemons/source/x");

	vigil_state_set(d, "read/x", json_boolean(json_is_integer(x)));
	if (json_integer_value(x) > 0)
		vigil_state_set(d, "read/moves", json_true());
	vigil_state_set(d, "read/stale", json_boolean(vigil_state_stale(d, "/daemons/source/x")));
	set_text(d, "read/status", json_string_value(vigil_state_get(d, "/runs/source/status")));
	vigil_state_set(d, "read/root",
		json_boolean(json_object_get(json_object_get(vigil_state_get(d, ""), "daemons"),
				     "source") != NULL));
	vigil_state_set(d, "read/own",
		json_boolean(
			json_object_get(vigil_state_get(d, "/daemons"), vigil_name(d)) != NULL));
	vigil_state_set(
		d, "read/none", json_boolean(vigil_state_get(d, "/daemons/nobody") == NULL));
}

static void on_tick(vigil_daemon *d, void *arg)
{
	vigil_state_set(d, "paused", json_boolean(vigil_paused(d)));
	vigil_event_repeat(d, &((struct all *)arg)->line, "this line repeats");
	read_others(d);
}

static void report(vigil_daemon *d)
{
	json_t *detail = json_pack("{s:[s]}", "output", "more about it");

	vigil_event(d, "it has started");
	vigil_event_detail(d, detail, "it has details");
	vigil_error(d, "an error");
	vigil_log(d, VIGIL_WARN, "a warning of %s", "everything");
	vigil_health_long(
		d, VIGIL_WARNING, VIGIL_STATUS_LINE, "EVERYTHING WARNING: a line", "long\nlines");
}

static void show_options(vigil_daemon *d)
{
	json_t *list = json_array();
	vigil_range range = {.end = -1};

	for (const char *const *word = vigil_option_list(d, "list"); *word != NULL; word++)
		json_array_append_new(list, json_string(*word));
	vigil_option_range(d, "limit", &range);
	vigil_state_set(d, "types",
		json_pack("{s:f,s:b,s:s}", "end", range.end, "matches",
			vigil_option_matches(d, "match", vigil_option_text(d, "word")), "path",
			vigil_option_list(d, "paths")[1]));
	vigil_state_set(d, "options",
		json_pack("{s:s,s:o,s:f,s:b,s:b}", "word", vigil_option_text(d, "word"), "list",
			list, "seconds", vigil_option_seconds(d, "seconds"), "given",
			vigil_option_given(d, "seconds"), "not_given",
			vigil_option_given(d, "list")));
}

static int start(vigil_daemon *d)
{
	struct all *all = vigil_alloc(d, sizeof(*all));
	char own[128];

	if (strcmp(vigil_option_text(d, "word"), "fails") == 0)
		return vigil_fail(d, "the word is %s", vigil_option_text(d, "word"));
	snprintf(own, sizeof(own), "/daemons/%s/kept/starts", vigil_name(d));
	vigil_set_data(d, all);
	vigil_persist(d, "kept/starts");
	vigil_persist(d, "kept/stopped");
	vigil_state_set(
		d, "kept/starts", json_integer(1 + json_integer_value(vigil_state_get(d, own))));
	show_options(d);
	report(d);
	open_services(d, all);
	vigil_on_change(d, "/daemons/source", on_change, NULL);
	vigil_on_change(d, "/runs/source/health", on_health_change, NULL);
	vigil_on_verb(d, "start", on_start_verb, NULL);
	vigil_on_verb(d, "stop", on_stop_verb, NULL);
	vigil_on_call(d, "add", "NUMBER NUMBER: adds them", on_add, NULL);
	vigil_on_call(d, "later", ": answers later", on_call_later, NULL);
	all->slot = vigil_slot_request(d, 1, on_slot, all);
	start_sleep(d);
	use_socket(d, all);
	use_token(d);
	if (pipe(all->ends) == 0 && write(all->ends[1], "x", 1) == 1)
		vigil_watch_fd(d, all->ends[0], VIGIL_READ, on_fd, NULL);
	vigil_state_set(d, "base", json_boolean(vigil_base(d) != NULL));
	vigil_state_set(
		d, "refused", json_integer(vigil_state_set(d, "/daemons/source/x", json_null())));
	return vigil_every(d, 0.2, on_tick, all);
}

static void stop(vigil_daemon *d)
{
	struct all *all = vigil_data(d);

	close(all->ends[0]);
	close(all->ends[1]);
	close(all->client);
	vigil_state_set(d, "kept/stopped", json_true());
}

static int reconfigure(vigil_daemon *d)
{
	struct all *all = vigil_data(d);

	if (strcmp(vigil_option_text(d, "word"), "unwanted") == 0) {
		vigil_fail(d, "it does not want this word");
		return VIGIL_REFUSED;
	}
	if (strcmp(vigil_option_text(d, "word"), "again") == 0 ||
		strcmp(vigil_option_text(d, "word"), "fails") == 0)
		return -EINVAL; /* so that it is stopped and started */
	vigil_state_set(d, "reconfigured", json_integer(++all->reconfigured));
	show_options(d);
	return 0;
}

static void on_pause(vigil_daemon *d)
{
	vigil_state_set(d, "pauses", json_integer(++((struct all *)vigil_data(d))->pauses));
}

static void resumed(vigil_daemon *d)
{
	vigil_state_set(d, "resumed", json_integer(++((struct all *)vigil_data(d))->resumed));
}

static int check(vigil_daemon *d)
{
	const char *word = vigil_option_text(d, "word");

	if (strcmp(word, "odd") == 0)
		vigil_note(d, "word", "looks like a mistake");
	if (strcmp(word, "bad") == 0)
		return vigil_diagnose(d, "word", "must not be bad");
	return strcmp(word, "worse") == 0 ? -ERANGE : 0;
}

static const vigil_option options[] = {
	VIGIL_OPTION("word", VIGIL_TEXT, "good", "a word"),
	VIGIL_OPTION("list", VIGIL_LIST, "a, b", "a list"),
	VIGIL_OPTION("limit", VIGIL_RANGE, "5:20", "a range"),
	VIGIL_OPTION("match", VIGIL_REGEX, "^(good|new)$", "what the word may match"),
	VIGIL_OPTION("paths", VIGIL_PATHS, "/etc, /var/lib", "paths"),
	VIGIL_OPTION("seconds", VIGIL_DURATION, "1s", "a time", .min = 0.5, .max = 100),
	VIGIL_OPTION("service", VIGIL_NAME, NULL, "a service", .flags = VIGIL_OWN_NAME),
	VIGIL_OPTION("status_command", VIGIL_COMMAND, "/bin/true", "tells the status"),
	VIGIL_OPTION("restart_command", VIGIL_COMMAND, "/bin/true", "restarts it"),
	VIGIL_OPTION_END,
};

VIGIL_MODULE(.name = "everything", .summary = "uses all of vigil.h", .options = options,
	.start = start, .stop = stop, .reconfigure = reconfigure, .check = check,
	.resumed = resumed, .paused = on_pause);
