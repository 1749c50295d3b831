/*
 * odd: a module for tests, which behaves as its options say and writes what happens to it into a
 * journal.
 *
 * The journal is a file, because it must remain after the daemon ends. It has a line for each
 * start, stop, reconfigure and tick, with the name of the daemon and its option `word`.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vigil/vigil.h>

static void note(vigil_daemon *d, const char *what)
{
	FILE *journal = fopen(vigil_option_text(d, "journal"), "a");
	const char *word = vigil_option_text(d, "word");

	if (journal == NULL)
		return;
	fprintf(journal, "%s %s %s\n", what, vigil_name(d), word != NULL ? word : "-");
	fclose(journal);
}

static void on_tick(vigil_daemon *d, void *arg)
{
	note(d, "tick");
}

static void on_exited(vigil_daemon *d, vigil_child *child, const vigil_child_exit *e, void *arg)
{
	note(d, "exit");
}

static void on_restarted(vigil_service *svc, const vigil_service_reply *r, void *arg)
{
	note(vigil_service_daemon(svc), r->error == 0 ? "restarted" : "not-restarted");
}

/* Counts its starts in a value that remains after the host ends. */
static int count_starts(vigil_daemon *d)
{
	int err = vigil_persist(d, "starts");

	return err != 0 ? err
			: vigil_state_set(d, "starts",
				  json_integer(
					  1 + json_integer_value(vigil_state_get(d, "starts"))));
}

static int start_child(vigil_daemon *d)
{
	const char *const *argv = vigil_option_list(d, "child");

	if (argv[0] != NULL)
		vigil_spawn(d, &(vigil_child_spec){.size = sizeof(vigil_child_spec),
				       .argv = argv,
				       .on_exit = on_exited});
	return 0;
}

static int restart_service(vigil_daemon *d)
{
	const char *const *argv = vigil_option_list(d, "restart");
	vigil_service *service;

	if (argv[0] == NULL)
		return 0;
	service = vigil_service_open(d, &(vigil_service_spec){.size = sizeof(vigil_service_spec),
						.name = vigil_name(d),
						.manager = "command",
						.status_command = argv,
						.restart_command = argv});
	return vigil_service_restart(service, on_restarted, NULL);
}

static int start(vigil_daemon *d)
{
	const char *how = vigil_option_text(d, "start");

	note(d, "start");
	if (strcmp(how, "error") == 0)
		return -ENXIO;
	if (strcmp(how, "refuse") == 0)
		return vigil_fail(d, "the %s is refused", vigil_option_text(d, "word"));
	count_starts(d);
	start_child(d);
	restart_service(d);
	return vigil_every(d, vigil_option_seconds(d, "interval"), on_tick, NULL);
}

/* Calls all functions that it must not call, and reports if one of them succeeded. */
static void be_careless(vigil_daemon *d)
{
	vigil_child_spec child = {.size = sizeof(child),
		.argv = (const char *const[]){"/bin/false", NULL},
		.on_exit = on_exited};
	vigil_service_spec service = {.size = sizeof(service), .name = "odd"};

	if (vigil_every(d, 1, on_tick, NULL) != -EPERM ||
		vigil_after(d, 1, on_tick, NULL) != -EPERM ||
		vigil_cancel(d, on_tick, NULL) != -EPERM || vigil_spawn(d, &child) != NULL ||
		vigil_service_open(d, &service) != NULL || vigil_base(d) != NULL ||
		vigil_state_set(d, "x", json_integer(1)) != -EPERM ||
		vigil_state_add(d, "x", json_integer(1)) != -EPERM ||
		vigil_state_unset(d, "x") != -EPERM || vigil_state_get(d, "/vigil") != NULL ||
		vigil_persist(d, "x") != -EPERM ||
		vigil_watch_fd(d, 0, VIGIL_READ, NULL, NULL) != -EPERM ||
		vigil_unwatch_fd(d, 0) != -EPERM || vigil_on_verb(d, "x", NULL, NULL) != -EPERM ||
		vigil_on_change(d, "/vigil", NULL, NULL) != -EPERM || vigil_data(d) != NULL ||
		vigil_paused(d) || vigil_fail(d, "no") != -EPERM)
		vigil_diagnose(d, NULL, "a candidate was given something");
	vigil_set_data(d, d);
	vigil_log(d, VIGIL_ERROR, "a candidate speaks");
	vigil_health(d, VIGIL_OK, "a candidate is well");
	vigil_event(d, "a candidate acts");
	vigil_error(d, "a candidate errs");
}

static int check(vigil_daemon *d)
{
	const char *how = vigil_option_text(d, "check");
	char *memory = vigil_alloc(d, 16);

	memory[0] = how[0];
	if (vigil_option_given(d, "check"))
		note(d, "check");
	if (strcmp(how, "diagnose") == 0)
		return vigil_diagnose(d, "word", "the word of %s is wrong", vigil_name(d));
	if (strcmp(how, "diagnose-only") == 0)
		vigil_diagnose(d, NULL, "the section is wrong");
	if (strcmp(how, "note") == 0)
		vigil_note(d, "word", "the word looks wrong");
	if (strcmp(how, "careless") == 0)
		be_careless(d);
	if (strcmp(how, "abort") == 0)
		abort();
	return strcmp(how, "silent") == 0 ? -ENXIO : 0;
}

static void stop(vigil_daemon *d)
{
	note(d, "stop");
}

static int reconfigure(vigil_daemon *d)
{
	note(d, "reconfigure");
	if (strcmp(vigil_option_text(d, "start"), "refuse") == 0) {
		vigil_fail(d, "the word is kept");
		return VIGIL_REFUSED;
	}
	return vigil_option_bool(d, "reconfigure") ? 0 : -ENOTSUP;
}

static const vigil_option options[] = {
	VIGIL_OPTION("journal", VIGIL_PATH, NULL, "the file", .flags = VIGIL_REQUIRED),
	VIGIL_OPTION("word", VIGIL_TEXT, NULL, "any"),
	VIGIL_OPTION("token", VIGIL_TEXT, NULL, "any, but secret", .flags = VIGIL_SECRET),
	VIGIL_OPTION(
		"start", VIGIL_CHOICE, "ok", "how the start ends", .choices = "ok error refuse"),
	VIGIL_OPTION("check", VIGIL_CHOICE, "ok", "what the check of the options does",
		.choices = "ok diagnose diagnose-only note careless silent abort"),
	VIGIL_OPTION("peers", VIGIL_LIST, NULL, "other daemons", .flags = VIGIL_DAEMONS),
	VIGIL_OPTION("after", VIGIL_LIST, NULL, "other daemons, without a circle",
		.flags = VIGIL_DAEMONS | VIGIL_ACYCLIC, .choices = "serves done"),
	VIGIL_OPTION("reconfigure", VIGIL_BOOL, "no", "whether it accepts new options"),
	VIGIL_OPTION("interval", VIGIL_DURATION, "1h", "between two ticks"),
	VIGIL_OPTION("child", VIGIL_COMMAND, NULL, "the child to start"),
	VIGIL_OPTION("restart", VIGIL_COMMAND, NULL, "the command that restarts its service"),
	VIGIL_OPTION_END,
};

VIGIL_MODULE(.name = "odd", .summary = "behaves as its options say", .options = options,
	.start = start, .stop = stop, .reconfigure = reconfigure, .check = check);
