/*
 * module_test: tests a module in a child process.
 *
 * Parent and child share a page in which the child records its current phase, so that the parent
 * can report where the child failed.  The child is created by fork without exec, because this is a
 * small program with one thread.  An alarm kills the child if a callback does not return.
 */
#include "module_tools/module_test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diagnostic.h"
#include "base/log.h"
#include "base/memory.h"
#include "client/print.h"
#include "config/config.h"
#include "config/config_load.h"
#include "daemon/daemon.h"
#include "daemon/module.h"
#include "host/host.h"
#include "loop/loop.h"
#include "module_tools/module_test_print.h"
#include "state/state.h"

#define PATIENCE 10 /* seconds: limit for each callback, and for pending replies */

enum phase { LOADING, CHECKING, STARTING, TICKING, STOPPING, DONE };

/* In memory that both processes share. */
struct progress {
	enum phase phase;
	long tick;
};

struct place {
	char folder[PATH_MAX]; /* directory of NAME/; "": use the configuration */
	const char *name;
	char *scratch; /* temporary directory, owned */
};

static struct progress *progress;

static void enter(enum phase phase)
{
	fflush(stdout);
	progress->phase = phase;
	alarm(PATIENCE);
}

/* --- finding the module ----------------------------------------------------------------------- */

/* A text with a slash, "." or ".." is a path.  So is the name of an existing file.  Everything else
 * is the name of a module. */
static int find_place(const struct module_test *test, struct place *place)
{
	struct stat st;
	char *slash;

	if (strchr(test->module, '/') == NULL && strcmp(test->module, ".") != 0 &&
		strcmp(test->module, "..") != 0 && stat(test->module, &st) < 0) {
		place->name = test->module;
		return 0;
	}
	if (realpath(test->module, place->folder) == NULL || stat(place->folder, &st) < 0) {
		fprintf(stderr, "vigilctl: %s: %s\n", test->module, strerror(errno));
		return -errno;
	}
	if (!S_ISDIR(st.st_mode)) /* for the .so file itself, use its folder */
		*strrchr(place->folder, '/') = '\0';
	slash = strrchr(place->folder, '/');
	if (slash == NULL) {
		fprintf(stderr, "vigilctl: %s: a module must be in a directory of its own\n",
			test->module);
		return -EINVAL;
	}
	*slash = '\0';
	place->name = slash + 1;
	if (place->folder[0] == '\0')
		strcpy(place->folder, "/");
	return 0;
}

static void set_directories(
	struct modules *modules, const struct module_test *test, struct config **config)
{
	struct diagnostics diagnostics = {0};

	*config = config_load(test->file, &diagnostics);
	diagnostics_clear(&diagnostics);
	if (*config != NULL)
		modules_set_directories(
			modules, (const char *const *)config_vigil(*config, "modules")->list);
	else
		modules_set_directories(modules, (const char *const[]){MODULEDIR, NULL});
}

static struct module *load(struct modules *modules, const struct module_test *test,
	struct place *place, char *why, size_t size)
{
	struct config *config = NULL;
	struct module *module;
	char *slash;

	if (place->folder[0] != '\0')
		return module_load_from(modules, place->folder, place->name, why, size);
	set_directories(modules, test, &config);
	module = module_load(modules, place->name, why, size);
	if (module != NULL) { /* DIR/NAME/NAME.so: the host searches only DIR */
		snprintf(place->folder, sizeof(place->folder), "%s", module_path(module));
		for (int i = 0; i < 2 && (slash = strrchr(place->folder, '/')) != NULL; i++)
			*slash = '\0';
	}
	config_free(config);
	return module;
}

/* --- describing the module -------------------------------------------------------------------- */

static json_t *describe_options(const vigil_option *options)
{
	static const char *const types[] = {"text", "bool", "int", "number", "duration", "size",
		"choice", "list", "path", "command", "name", "calendar"};
	json_t *list = json_array();

	for (; options != NULL && options->name != NULL; options++)
		json_array_append_new(
			list, json_pack("{s:s,s:s,s:s,s:b,s:s}", "name", options->name, "type",
				      types[options->type], "default",
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

/* Writes a temporary configuration with the given options.  Without options, it includes the sample
 * file that is next to the module. */
static char *write_conf(const struct module_test *test, const struct place *place)
{
	char *path = memory_format("%s/vigil.conf", place->scratch);
	char *sample = memory_format("%s/%s/%s.conf", place->folder, place->name, place->name);
	char *dropin = memory_format("%s/conf.d", place->scratch);
	char *link = memory_format("%s/%s.conf", dropin, place->name);
	bool given = json_array_size(test->options) > 0 || access(sample, R_OK) < 0;
	FILE *file = fopen(path, "we");
	json_t *option;
	size_t index;

	if (file != NULL) {
		fprintf(file, "[vigil]\nmodules = %s\nstate_dir = %s/state\nlog = stderr\n",
			place->folder, place->scratch);
		if (given)
			fprintf(file, "[daemons]\n%s = yes\n[daemon:%s]\n", place->name,
				place->name);
		json_array_foreach(test->options, index, option)
			fprintf(file, "%s\n", json_string_value(option));
		fclose(file);
	}
	if (!given && (mkdir(dropin, 0700) < 0 || symlink(sample, link) < 0))
		fprintf(stderr, "vigilctl: %s: %s\n", link, strerror(errno));
	free(link);
	free(dropin);
	free(sample);
	return path;
}

/* Removes the temporary path from a diagnostic.  A diagnostic about the sample names the sample. */
static void print_diagnostic(const struct place *place, const char *text)
{
	size_t n = strlen(place->scratch);
	const char *rest = strncmp(text, place->scratch, n) == 0 ? text + n : NULL;

	fputs("vigilctl: ", stderr);
	if (rest != NULL && strncmp(rest, "/conf.d/", 8) == 0)
		fprintf(stderr, "%s/%s/%s\n", place->folder, place->name, rest + 8);
	else if (rest != NULL && (rest = strstr(rest, ": ")) != NULL)
		fprintf(stderr, "%s\n", rest + 2);
	else
		fprintf(stderr, "%s\n", text);
}

/* True: there are options to check, on the command line or in the sample. */
static bool has_options(const struct module_test *test, const struct place *place)
{
	char *sample = memory_format("%s/%s/%s.conf", place->folder, place->name, place->name);
	bool has = json_array_size(test->options) > 0 || access(sample, R_OK) == 0;

	free(sample);
	return has;
}

static void print_diagnostics(const struct place *place, struct diagnostics *diagnostics)
{
	for (size_t i = 0; i < diagnostics->count; i++)
		print_diagnostic(place, diagnostics->list[i].text);
	diagnostics_clear(diagnostics);
}

/* Checks the options like `vigild -t`, including the module's check. */
static int check_options(const struct module_test *test, const struct place *place)
{
	struct diagnostics diagnostics = {0};
	char *conf = write_conf(test, place);
	int err;

	enter(CHECKING);
	err = host_test(conf, NULL, &diagnostics);
	print_diagnostics(place, &diagnostics);
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

static json_int_t ticks_of(const struct vigil_daemon *d)
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
	while (timer != NULL && daemon_is_waiting(d) && !tired) {
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
		enter(TICKING);
		err = now == before ? -ENOENT : daemon_tick_now(d);
		if (err == -ENOENT) {
			fprintf(stderr, "vigilctl: the daemon has no timer, so it has no ticks\n");
			return err;
		}
		settle(host, d);
		if (daemon_status(d) == DAEMON_FAILED || err != 0) {
			fprintf(stderr, "vigilctl: the daemon has failed: %s\n", daemon_reason(d));
			return -EIO;
		}
	}
	return 0;
}

static json_t *outcome(struct host *host, const struct vigil_daemon *d)
{
	char pointer[STATE_POINTER_MAX] = "/daemons";
	json_t *account = daemon_account(d), *left;

	json_pointer_append(pointer, sizeof(pointer), daemon_name(d));
	left = state_get(host_state(host), pointer);
	json_object_set_new(account, "state", left != NULL ? left : json_object());
	return account;
}

static json_t *run(const struct module_test *test, const struct place *place)
{
	struct diagnostics diagnostics = {0};
	char *conf = write_conf(test, place);
	struct vigil_daemon *d;
	json_t *result = NULL;
	struct host *host;

	enter(CHECKING);
	host = host_new(conf, &diagnostics);
	print_diagnostics(place, &diagnostics);
	free(conf);
	if (host == NULL)
		return NULL;
	enter(STARTING);
	host_start(host);
	d = find_daemon(host, place->name);
	if (d == NULL)
		fprintf(stderr, "vigilctl: %s/%s/%s.conf enables no daemon of this module\n",
			place->folder, place->name, place->name);
	else if (daemon_status(d) == DAEMON_FAILED)
		fprintf(stderr, "vigilctl: the daemon does not start: %s\n", daemon_reason(d));
	else if (tick(host, d, test->ticks) == 0)
		result = outcome(host, d);
	enter(STOPPING);
	host_free(host);
	alarm(0); /* no time limit for printing, because the reader may be slow */
	return result;
}

/* --- output ----------------------------------------------------------------------------------- */

/* Prints the daemon's log lines and all warnings and errors.  Other lines of the host are not of
 * interest here. */
static void on_log(enum log_level level, const char *line, void *arg)
{
	const struct place *place = arg;
	size_t n = strlen(place->name);

	if (level <= LEVEL_WARN || (strncmp(line, place->name, n) == 0 && line[n] == ':'))
		fprintf(stderr, "%s\n", line);
}

/* Runs in the child.  Returns its exit status. */
static int try(const struct module_test *test, struct place *place)
{
	struct modules *modules = modules_new();
	struct module *module;
	json_t *what, *left = NULL;
	bool failed = false;
	char why[1024];

	enter(LOADING);
	module = load(modules, test, place, why, sizeof(why));
	if (module == NULL) {
		fprintf(stderr, "vigilctl: %s\n", why);
		return EXIT_FAILURE;
	}
	what = describe(module);
	if (!test->json)
		module_test_print_module(what);
	log_set_sink(on_log, place);
	if (test->ticks > 0)
		left = run(test, place);
	else if (has_options(test, place))
		failed = check_options(test, place) != 0;
	if (test->json && left != NULL)
		json_object_set(what, "run", left);
	if (test->json)
		print_json(what);
	else if (left != NULL)
		module_test_print_run(left);
	json_decref(what);
	/* The module is not freed, because its destructors may still use it. */
	return failed || (test->ticks > 0 && left == NULL) ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* --- the child process ------------------------------------------------------------------------ */

static void format_progress(char *text, size_t size)
{
	static const char *const phases[] = {
		[LOADING] = "while it was being loaded",
		[CHECKING] = "while its options were checked",
		[STARTING] = "in its start",
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

static int on_entry(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	return remove(path);
}

static int run_apart(const struct module_test *test, struct place *place)
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
	const char *tmp = getenv("TMPDIR");
	struct place place = {.scratch = NULL};
	int err = find_place(test, &place);

	if (err != 0)
		return err;
	place.scratch =
		memory_format("%s/vigil-trial.XXXXXX", tmp != NULL && *tmp == '/' ? tmp : P_tmpdir);
	progress = mmap(
		NULL, sizeof(*progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (progress == MAP_FAILED || mkdtemp(place.scratch) == NULL) {
		err = -errno;
		fprintf(stderr, "vigilctl: %s: %s\n", place.scratch, strerror(-err));
		free(place.scratch);
		return err;
	}
	fflush(stdout);
	err = run_apart(test, &place);
	nftw(place.scratch, on_entry, 16, FTW_DEPTH | FTW_PHYS);
	free(place.scratch);
	munmap(progress, sizeof(*progress));
	return err;
}
