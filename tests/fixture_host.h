/*
 * fixture_host: a host with the configuration of a test, its reloads, and the journal of the module
 * "odd" of tests/modules.
 */
#ifndef FIXTURE_HOST_H
#define FIXTURE_HOST_H

#include <signal.h>
#include <sys/wait.h>

#include "base/diagnostic.h"
#include "fixture_loop.h"
#include "host/host.h"
#include "scratch.h"

#define turn_for(ns)          run_for(host_loop(host), ns)
#define TURN_UNTIL(condition) RUN_UNTIL(host_loop(host), condition)
#define state_at(pointer)     state_text(host_state(host), pointer)

static struct host *host;
static struct diagnostics diagnostics;
static json_t *result; /* of the last reload */

UNUSED static void setup(void)
{
	ck_assert_ptr_nonnull(getenv("top_builddir"));
	scratch_setup();
	ck_assert_int_eq(mkdir(scratch_path("conf.d"), 0755), 0);
	log_set_sink(on_log, NULL);
	logged_lines = 0;
}

UNUSED static void teardown(void)
{
	json_decref(result);
	diagnostics_clear(&diagnostics);
	host_free(host);
	log_set_sink(NULL, NULL);
	log_close();
	scratch_teardown();
}

/* --- configurations --------------------------------------------------------------------------- */

/* Writes a new vigil.conf with these lines in [vigil], and removes all daemons. */
UNUSED static void config_vigil_lines(const char *lines)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -f %s/conf.d/*.conf", scratch);
	ck_assert_int_eq(system(command), 0);
	scratch_put("vigil.conf", 0644,
		"[vigil]\nmodules = %s/tests/modules, %s/src/modules\nstate_dir = %s\n%s",
		getenv("top_builddir"), getenv("top_builddir"), scratch_path("state"), lines);
}

/* Adds a file for one daemon with these lines in its section. */
UNUSED static void config_daemon_lines(const char *name, const char *lines)
{
	char file[64];

	snprintf(file, sizeof(file), "conf.d/%s.conf", name);
	scratch_put(file, 0644, "[daemons]\n%s = yes\n[daemon:%s]\n%s\n", name, name, lines);
}

/* Adds a daemon of the module "odd". */
UNUSED static void config_odd(const char *name, const char *lines)
{
	char more[512];

	snprintf(more, sizeof(more), "module = odd\njournal = %s\n%s", scratch_path("journal"),
		lines);
	config_daemon_lines(name, more);
}

UNUSED static bool make(void)
{
	diagnostics_clear(&diagnostics);
	host = host_new(scratch_path("vigil.conf"), &diagnostics);
	ck_assert_int_eq(host == NULL, diagnostics.errors > 0);
	return host != NULL;
}

UNUSED static void bring_up(void)
{
	ck_assert_msg(make(), "%s", diagnostics.count > 0 ? diagnostics.list[0].text : "");
	host_start(host);
}

/* Starts vigild in a child that aborts, because the check of a daemon does. */
UNUSED static void start_in_a_child(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		signal(SIGABRT, SIG_DFL);
		host_new(scratch_path("vigil.conf"), &diagnostics);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

typedef int plan_fn(struct host *host, json_t **result, struct diagnostics *diagnostics);
static plan_fn *plan_with;
static int planned;

static void on_again(void *arg)
{
	planned = plan_with(host, &result, &diagnostics);
	if (planned == -EAGAIN)
		host_ask_modules(host, on_again, NULL);
}

/* Calls host_reload or host_dry_run until no module has to be tried in another process. */
UNUSED static int plan_by(plan_fn *fn)
{
	diagnostics_clear(&diagnostics);
	json_decref(result);
	result = NULL;
	plan_with = fn;
	on_again(NULL);
	while (planned == -EAGAIN)
		loop_run_once(host_loop(host), true);
	ck_assert_int_eq(planned == 0, diagnostics.errors == 0);
	ck_assert_int_eq(planned == 0, result != NULL);
	return planned;
}

UNUSED static int reload(void)
{
	return plan_by(host_reload);
}

/* Returns the key of the last reload's result as JSON, valid until the next call. */
UNUSED static const char *said(const char *key)
{
	static char *text;

	free(text);
	text = json_dumps(json_object_get(result, key), JSON_ENCODE_ANY | JSON_COMPACT);
	ck_assert_ptr_nonnull(text);
	return text;
}

/* --- journal ---------------------------------------------------------------------------------- */

/* Returns the journal of the module "odd", valid until the next call; "": there is none. */
UNUSED static const char *journal(void)
{
	static char text[8192];
	FILE *file = fopen(scratch_path("journal"), "r");
	size_t n = file != NULL ? fread(text, 1, sizeof(text) - 1, file) : 0;

	if (file != NULL)
		fclose(file);
	text[n] = '\0';
	return text;
}

UNUSED static void forget_journal(void)
{
	unlink(scratch_path("journal"));
}

UNUSED static unsigned journal_holds(const char *line)
{
	unsigned count = 0;

	for (const char *at = journal(); (at = strstr(at, line)) != NULL; at++)
		count++;
	return count;
}

#endif
