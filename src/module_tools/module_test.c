/*
 * module_test: tests a module in a child process.
 *
 * Parent and child share a page in which the child records its current phase, so that the parent
 * can report where the child failed.  The child is created by fork without exec, because this is a
 * small program with one thread.  An alarm kills the child if a callback does not return.
 */
#include "module_tools/module_test.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diagnostic.h"
#include "base/log.h"
#include "base/memory.h"
#include "client/print_text.h"
#include "daemon/daemon.h"
#include "daemon/module.h"
#include "host/host.h"
#include "loop/loop.h"
#include "module_tools/json_track.h"
#include "module_tools/module_place.h"
#include "module_tools/module_test_print.h"
#include "process/process_guard.h"
#include "state/state.h"

#define PATIENCE 10 /* seconds: limit for each callback, and for pending replies */

enum phase { LOADING, CHECKING, STARTING, TICKING, RUNNING, STOPPING, DONE };

/* In memory that both processes share. */
struct progress {
	enum phase phase;
	long tick;
};

static struct progress *progress;

static void enter(enum phase phase)
{
	fflush(stdout);
	progress->phase = phase;
	alarm(PATIENCE);
}

/* --- describing the module -------------------------------------------------------------------- */

static json_t *describe_options(const vigil_option *options)
{
	json_t *list = json_array();

	for (; options != NULL && options->name != NULL; options++)
		json_array_append_new(
			list, json_pack("{s:s,s:s,s:s,s:b,s:s}", "name", options->name, "type",
				      option_type_name(options->type), "default",
				      options->value != NULL ? options->value : "", "required",
				      (options->flags & VIGIL_REQUIRED) != 0, "help",
				      options->help != NULL ? options->help : ""));
	return list;
}

static json_t *describe(const struct module *module)
{
	const vigil_module *found = module_descriptor(module);

	return json_pack("{s:s,s:s,s:s,s:i,s:o}", "name", found->name, "summary",
		found->summary != NULL ? found->summary : "", "path", module_path(module), "abi",
		(int)found->abi, "options", describe_options(found->options));
}

/* --- running the module ----------------------------------------------------------------------- */

/* Checks the options like `vigild -t`, including the module's check. */
static int check_options(const struct module_place *place)
{
	struct diagnostics diagnostics = {0};
	char *conf = module_place_write_conf(place);
	int err;

	enter(CHECKING);
	err = host_test(conf, NULL, &diagnostics);
	module_place_print(place, &diagnostics);
	free(conf);
	return err;
}

static struct vigil_daemon *find_daemon(struct host *host, const char *module)
{
	struct vigil_daemon *d;

	for (size_t i = 0; (d = host_daemon(host, i)) != NULL; i++)
		if (strcmp(daemon_module(d), module) == 0)
			return d;
	return NULL;
}

static json_int_t ticks_of(struct vigil_daemon *d)
{
	json_t *account = daemon_account(d);
	json_int_t ticks = json_integer_value(json_object_get(account, "ticks"));

	json_decref(account);
	return ticks;
}

static void on_patience(uint64_t missed, void *arg)
{
	*(bool *)arg = true;
}

/* Runs the loop until the requests of the tick are answered, or the time limit has passed. */
static void settle(struct host *host, const struct vigil_daemon *d)
{
	struct loop *loop = host_loop(host);
	bool tired = false;
	struct loop_timer *timer =
		loop_after(loop, (uint64_t)PATIENCE * CLOCK_SECOND, on_patience, &tired);

	loop_run_once(loop, false);
	while (daemon_is_waiting(d) && !tired) {
		alarm(2 * PATIENCE);
		loop_run_once(loop, true);
	}
	loop_run_once(loop, false);
	loop_timer_free(timer);
	if (tired)
		fprintf(stderr, "vigilctl: the daemon still waits for an answer after %d s\n",
			PATIENCE);
}

/* Runs the daemon until it has had this number of ticks.  Ticks of its own timer count, too. */
static int tick(struct host *host, struct vigil_daemon *d, long ticks)
{
	int err;

	for (long before = -1, now; (now = (long)ticks_of(d)) < ticks; before = now) {
		progress->tick = now + 1;
		json_track_tick(now + 1);
		enter(TICKING);
		err = now == before ? -ENOENT : daemon_tick_now(d);
		if (err == -ENOENT) {
			fprintf(stderr, "vigilctl: the daemon has no timer, so it has no ticks\n");
			return err;
		}
		settle(host, d);
		if (json_track_state_broken(state_lend(host_state(host), "")))
			return -EIO;
		if (daemon_status(d) == DAEMON_FAILED || err != 0) {
			fprintf(stderr, "vigilctl: the daemon has failed: %s\n", daemon_reason(d));
			return -EIO;
		}
	}
	return 0;
}

/* Runs the loop for this time, for a module that reacts to events and may have no timer. */
static int serve(struct host *host, struct vigil_daemon *d, double seconds)
{
	bool over = false;
	struct loop_timer *timer;

	if (seconds <= 0)
		return 0;
	enter(RUNNING);
	alarm((unsigned)seconds + 1 + PATIENCE);
	timer = loop_after(host_loop(host), clock_from_seconds(seconds), on_patience, &over);
	while (!over)
		loop_run_once(host_loop(host), true);
	loop_timer_free(timer);
	if (json_track_state_broken(state_lend(host_state(host), "")))
		return -EIO;
	return daemon_status(d) == DAEMON_FAILED ? -EIO : 0;
}

static json_t *outcome(struct host *host, struct vigil_daemon *d)
{
	char pointer[STATE_POINTER_MAX] = "/daemons";
	json_t *account = daemon_account(d), *left;

	json_pointer_append(pointer, sizeof(pointer), daemon_name(d));
	left = state_get(host_state(host), pointer);
	json_object_set_new(account, "state", left != NULL ? left : json_object());
	return account;
}

/* Returns whether the module has written only values that can be kept.  The log names each other
 * value. */
static bool writes_well(const struct vigil_daemon *d)
{
	uint64_t refused = daemon_refused_writes(d);

	if (refused > 0)
		fprintf(stderr, "vigilctl: %ju value%s could not be written to the state\n",
			(uintmax_t)refused, refused == 1 ? "" : "s");
	return refused == 0;
}

static json_t *run(const struct module_test *test, const struct module_place *place)
{
	struct diagnostics diagnostics = {0};
	char *conf = module_place_write_conf(place);
	struct vigil_daemon *d;
	json_t *result = NULL;
	struct host *host;

	enter(CHECKING);
	host = host_new(conf, &diagnostics);
	module_place_print(place, &diagnostics);
	free(conf);
	if (host == NULL)
		return NULL;
	enter(STARTING);
	process_guard_start(true, true);
	host_start(host);
	d = find_daemon(host, place->name);
	if (d == NULL)
		fprintf(stderr, "vigilctl: %s/%s/%s.conf enables no daemon of this module\n",
			place->folder, place->name, place->name);
	else if (daemon_status(d) == DAEMON_FAILED)
		fprintf(stderr, "vigilctl: the daemon does not start: %s\n", daemon_reason(d));
	else if (tick(host, d, test->ticks) == 0 && serve(host, d, test->seconds) == 0 &&
		 writes_well(d))
		result = outcome(host, d);
	enter(STOPPING);
	process_guard_stop();
	json_track_tick(0);
	host_free(host);
	alarm(0); /* no time limit for printing, because the reader may be slow */
	return result;
}

/* --- output ----------------------------------------------------------------------------------- */

/* Prints the daemon's log lines and all warnings and errors.  Other lines of the host are not of
 * interest here. */
static void on_log(enum log_level level, const char *line, void *arg)
{
	const struct module_place *place = arg;
	size_t n = strlen(place->name);

	if (level <= LEVEL_WARN || (strncmp(line, place->name, n) == 0 && line[n] == ':'))
		fprintf(stderr, "%s\n", line);
}

static bool runs(const struct module_test *test)
{
	return test->ticks > 0 || test->seconds > 0;
}

/* Runs in the child.  Returns its exit status. */
static int try(const struct module_test *test, struct module_place *place)
{
	struct modules *modules = modules_new();
	struct module *module;
	json_t *what, *left = NULL;
	bool failed = false;
	char why[1024];

	enter(LOADING);
	json_track_start();
	module = module_place_load(place, modules, why, sizeof(why));
	if (module == NULL) {
		fprintf(stderr, "vigilctl: %s\n", why);
		return EXIT_FAILURE;
	}
	what = describe(module);
	if (!test->json)
		module_test_print_module(what);
	log_set_sink(on_log, place);
	loop_owner_checked = true;
	if (runs(test))
		left = run(test, place);
	else if (module_place_has_options(place))
		failed = check_options(place) != 0;
	if (test->json && left != NULL)
		json_object_set(what, "run", left);
	if (test->json)
		print_json(what);
	else if (left != NULL)
		module_test_print_run(left);
	json_decref(what);
	failed |= runs(test) && left == NULL;
	json_decref(left);
	/* The module is not freed, because its destructors may still use it. */
	failed |= process_guard_found() > 0;
	if (!failed)
		failed = json_track_leaked();
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* --- the child process ------------------------------------------------------------------------ */

static void format_progress(char *text, size_t size)
{
	static const char *const phases[] = {
		[LOADING] = "while it was being loaded",
		[CHECKING] = "while its options were checked",
		[STARTING] = "in its start",
		[RUNNING] = "while it ran",
		[STOPPING] = "in its stop",
		[DONE] = "afterwards",
	};

	if (progress->phase == TICKING)
		snprintf(text, size, "in tick %ld", progress->tick);
	else
		snprintf(text, size, "%s", phases[progress->phase]);
}

static int print_verdict(int status)
{
	char where[64];

	format_progress(where, sizeof(where));
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		fprintf(stderr, "vigilctl: the module did not return within %d s %s\n", PATIENCE,
			where);
	else if (WIFSIGNALED(status))
		fprintf(stderr, "vigilctl: the module crashed %s: signal %d (%s)\n", where,
			WTERMSIG(status), strsignal(WTERMSIG(status)));
	else if (progress->phase != DONE)
		fprintf(stderr, "vigilctl: the module called exit %s: status %d\n", where,
			WEXITSTATUS(status));
	else if (WEXITSTATUS(status) == EXIT_SUCCESS)
		return 0;
	return -EIO;
}

static int run_apart(const struct module_test *test, struct module_place *place)
{
	int status, code;
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		code = try(test, place);
		fflush(stdout);
		progress->phase = DONE;
		_exit(code);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return print_verdict(status);
}

int module_test_run(const struct module_test *test)
{
	struct module_place place;
	int err = module_place_open(&place, test->module, test->file, test->options);

	if (err != 0)
		return err;
	progress = mmap(
		NULL, sizeof(*progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (progress != MAP_FAILED) {
		fflush(stdout);
		err = run_apart(test, &place);
		munmap(progress, sizeof(*progress));
	} else {
		err = -errno;
		fprintf(stderr, "vigilctl: %s: %s\n", test->module, strerror(-err));
	}
	module_place_close(&place);
	return err;
}
