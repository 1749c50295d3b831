/*
 * vigil-module-host: runs the module of one daemon in a process of its own, for vigild.
 *
 * vigild starts it for a daemon with isolate = yes, and talks to it over a socket
 * (isolate/isolate_protocol.h).  With the first message `load` it only describes the module and
 * checks options, and exits.
 */
#include "module_host/module_host.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "daemon/module.h"
#include "isolate/isolate_link.h"
#include "loop/loop.h"
#include "module_host/parent.h"
#include "process/child.h"
#include "state/json_text.h"
#include "state/state.h"

#define EXIT_USAGE 2
#define NICE       10
#define PATIENCE   (3 * CLOCK_SECOND / 2) /* for the programs of a daemon that stops */

static struct {
	struct loop *loop;
	struct environment environment;
	const vigil_module *real; /* the descriptor of the module */
	vigil_module descriptor;  /* the same, with a stop that reports */
	struct vigil_daemon *daemon;
	char *name; /* of the daemon */
	json_t *kept;
	bool ending;
} host;

const char *module_host_callback(void)
{
	return host.daemon != NULL && host.daemon->callback != NULL ? host.daemon->callback
								    : "check";
}

json_t *module_host_kept(void)
{
	return host.kept;
}

/* --- starting --------------------------------------------------------------------------------- */

static void limit_memory(double bytes)
{
	const struct rlimit limit = {.rlim_cur = (rlim_t)bytes, .rlim_max = (rlim_t)bytes};

	if (bytes > 0)
		setrlimit(RLIMIT_DATA, &limit);
}

__attribute__((noreturn)) static void fail(const char *why)
{
	parent_tell(json_pack("[s,s]", "failed", why));
	parent_flush();
	_exit(EXIT_FAILURE);
}

static void load(const json_t *request)
{
	struct modules *modules = modules_new();
	struct module *module;
	char why[512];

	limit_memory(json_number_value(json_object_get(request, "memory")));
	module = module_load_from(
		modules, json_text(request, "dir"), json_text(request, "module"), why, sizeof(why));
	if (module == NULL)
		fail(why);
	host.real = module_descriptor(module);
}

static void describe(const json_t *request)
{
	const json_t *options = json_object_get(request, "options");

	load(request);
	parent_tell(module_host_describe(host.real));
	if (options != NULL)
		module_host_check(json_text(request, "module"), host.real,
			json_text(request, "daemon"), options);
	parent_flush();
	_exit(EXIT_SUCCESS); /* without the destructors of the module */
}

/* The values that the module writes in its stop may be persistent, and vigild must get them before
 * they are removed with the daemon. */
static void on_stop(vigil_daemon *d)
{
	if (host.real->stop != NULL)
		host.real->stop(d);
	report_collect();
}

static void on_child(pid_t pid, bool running)
{
	parent_tell(json_pack("[s,i,b]", "child", (int)pid, running));
}

static void open_environment(void)
{
	host.loop = loop_new();
	if (host.loop == NULL)
		fail("the loop cannot be created");
	host.environment = (struct environment){
		.loop = host.loop, .state = state_new(), .see = view_see, .alone = true};
	child_observe(on_child);
}

static void create_daemon(const json_t *request)
{
	struct option_set *options =
		module_host_options(host.real, host.name, json_object_get(request, "options"));

	if (options == NULL) {
		parent_flush();
		_exit(EXIT_FAILURE);
	}
	host.descriptor = *host.real;
	host.descriptor.stop = on_stop;
	host.daemon = daemon_new(&host.environment, host.name, json_text(request, "module"),
		&host.descriptor, options);
	option_set_unref(options);
	report_open(host.daemon, host.environment.state);
	view_open(host.daemon, host.environment.state);
}

/* --- messages of vigild ----------------------------------------------------------------------- */

static void end(void)
{
	host.ending = true;
}

/* vigild replies to its client then, who may read what has changed. */
static void tell_done(void)
{
	report_collect();
	parent_tell(json_pack("[s]", "done"));
}

static void on_options(const json_t *message)
{
	struct option_set *options =
		module_host_options(host.real, host.name, json_array_get(message, 1));
	int err;

	if (options == NULL) {
		end();
		return;
	}
	err = daemon_reconfigure(host.daemon, options);
	if (err != 0 && err != VIGIL_REFUSED) {
		parent_tell(json_pack("[s,s]", "failed", daemon_reason(host.daemon)));
		end();
	} else {
		parent_tell(err == 0 ? json_pack("[s]", "accepted")
				     : json_pack("[s,s]", "refused", daemon_refusal(host.daemon)));
		tell_done();
	}
	option_set_unref(options);
}

static void on_stop_message(const json_t *message)
{
	end();
}

static void on_tick(const json_t *message)
{
	daemon_tick_now(host.daemon);
	tell_done();
}

static void on_verb_done(int error, const json_t *answer, void *arg)
{
	parent_tell(
		json_pack("[s,s,i,O?]", "verb_done", (const char *)arg, error, (json_t *)answer));
	free(arg);
}

static int call(char *name, const json_t *words, json_t **answer)
{
	size_t count = json_array_size(words);
	const char **arguments = memory_zero((count + 1) * sizeof(*arguments));
	int err;

	for (size_t i = 0; i < count; i++)
		arguments[i] = isolate_text(words, i);
	err = daemon_call(host.daemon, name, arguments, answer, on_verb_done, name);
	free(arguments);
	return err;
}

static void on_verb(const json_t *message)
{
	const json_t *words = json_array_get(message, 2);
	char *name = memory_text(isolate_text(message, 1));
	json_t *answer = NULL;
	int err = json_is_array(words) ? call(name, words, &answer)
				       : daemon_verb(host.daemon, name, on_verb_done, name);

	if (err == VIGIL_VERB_STARTED)
		return;
	if (answer == NULL && err != 0)
		answer = json_string(strerror(-err));
	on_verb_done(err, answer, name);
	json_decref(answer);
}

static void on_paused(const json_t *message)
{
	if (isolate_bool(message, 1))
		daemon_pause(host.daemon, 0, "", "");
	else
		daemon_resume(host.daemon);
}

static void on_change(const json_t *message)
{
	view_change(isolate_text(message, 1), json_array_get(message, 2));
}

static void on_granted(const json_t *message)
{
	module_host_on_granted(isolate_number(message, 1));
}

static void on_ping(const json_t *message)
{
	parent_tell(json_pack("[s]", "pong"));
}

static const struct {
	const char *name;
	void (*apply)(const json_t *message);
} messages[] = {{"reply", module_host_on_reply}, {"status", module_host_on_status},
	{"change", on_change}, {"gone", on_change}, {"granted", on_granted}, {"ping", on_ping},
	{"entry", module_host_on_entry}, {"entries_end", module_host_on_entries_end},
	{"services", module_host_on_services}, {"paused", on_paused}, {"tick", on_tick},
	{"verb", on_verb}, {"options", on_options}, {"stop", on_stop_message}};

static void on_message(const json_t *message)
{
	const char *name = isolate_text(message, 0);

	for (size_t i = 0; i < sizeof(messages) / sizeof(*messages) && !host.ending; i++)
		if (strcmp(messages[i].name, name) == 0)
			messages[i].apply(message);
}

static void on_term(int signo, void *arg)
{
	end();
}

/* --- running ---------------------------------------------------------------------------------- */

static void on_patience(uint64_t missed, void *arg)
{
	*(bool *)arg = true;
}

static void on_drained(void *arg)
{
	*(bool *)arg = true;
}

/* Waits for the programs that the daemon has started, and kills those that do not end. */
static void end_programs(void)
{
	bool over = false;

	loop_after(host.loop, PATIENCE, on_patience, &over);
	child_drain(host.loop, on_drained, &over);
	while (!over)
		loop_run_once(host.loop, true);
	child_kill_detached();
}

/* Ends without what exit does, because destructors of the module may use what is gone. */
static void stop(void)
{
	daemon_stop(host.daemon);
	report_close();
	parent_flush();
	end_programs();
	parent_flush();
	_exit(EXIT_SUCCESS);
}

static void start(const json_t *request)
{
	host.name = memory_text(json_text(request, "daemon"));
	host.kept = json_deep_copy(json_object_get(request, "kept"));
	if (host.kept == NULL)
		host.kept = json_object();
	module_host_set_managers(json_text(request, "managers"));
	open_environment();
	load(request);
	create_daemon(request);
	if (json_is_true(json_object_get(request, "paused")))
		daemon_pause(host.daemon, 0, "", "");
}

static void serve(const json_t *request)
{
	static const struct parent_user user = {
		.on_message = on_message, .collect = report_collect};

	start(request);
	parent_attach(host.loop, &user);
	loop_on_signal(host.loop, SIGTERM, on_term, NULL);
	if (daemon_start(host.daemon) != 0) {
		report_close();
		fail(daemon_reason(host.daemon));
	}
	report_collect();
	parent_tell(json_pack("[s]", "started"));
	parent_turn();
	while (!host.ending) {
		loop_run_once(host.loop, true);
		parent_turn();
	}
	stop();
}

/* Runs before the process exits because there is no memory. */
static void on_no_memory(void *arg, const char *why)
{
	parent_note_memory();
	log_error("%s", why);
	parent_flush();
}

static void print_usage(void)
{
	puts("usage: vigil-module-host MODULE [DAEMON]\n"
	     "\n"
	     "Runs the module of one daemon in a process of its own.  vigild starts this program\n"
	     "for each daemon with isolate = yes; it does nothing else.  See vigil.conf(5).");
}

static bool is_started_by_vigild(void)
{
	struct stat st;

	return fstat(ISOLATE_SOCKET, &st) == 0 && S_ISSOCK(st.st_mode);
}

int main(int argc, char **argv)
{
	json_t *message;

	if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		print_usage();
		return EXIT_SUCCESS;
	}
	if (argc == 2 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)) {
		puts("vigil-module-host " PACKAGE_VERSION);
		return EXIT_SUCCESS;
	}
	if (!is_started_by_vigild() || parent_open() != 0) {
		fputs("vigil-module-host: only vigild starts this program; try: vigil-module-host "
		      "--help\n",
			stderr);
		return EXIT_USAGE;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpriority(PRIO_PROCESS, 0, NICE); /* vigild and its other daemons come first */
	signal(SIGPIPE, SIG_IGN);
	umask(0022);
#ifdef M_ARENA_MAX
	mallopt(M_ARENA_MAX, 1);
#endif
	json_set_alloc_funcs(memory_library_alloc, free);
	json_object_seed(0);
	module_host_catch_signals();
	memory_on_end(on_no_memory, NULL);
	message = parent_wait();
	if (message == NULL)
		return EXIT_SUCCESS;
	if (strcmp(isolate_text(message, 0), "start") == 0)
		serve(json_array_get(message, 1));
	else
		describe(json_array_get(message, 1));
	return EXIT_SUCCESS;
}
