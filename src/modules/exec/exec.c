/*
 * exec: runs a program of the admin: a Nagios plugin, a script that prints JSON, or any program
 * whose exit status is a result.
 *
 * In mode periodic (exec_periodic.c) the program runs at each tick and its exit is the result: the
 * exit status is the level (0 OK, 1 WARNING, 2 CRITICAL, anything else UNKNOWN), and the output
 * gives the details. In mode stream (exec_stream.c) the program keeps running. vigild never runs a
 * shell for it.
 */
#include "exec.h"

#include <errno.h>
#include <math.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* --- starting --------------------------------------------------------------------------------- */

/* Returns an explanation that the error code does not contain, or "". */
static const char *why_unstarted(vigil_daemon *d, const struct exec *x, int err)
{
	char why[EXEC_TEXT];

	if (err == ENOEXEC)
		return " (a script needs a first line that begins with #!)";
	if (err != ENOENT)
		return "";
	if (access(vigil_option_text(d, "directory"), X_OK) != 0)
		return " (its directory does not exist)";
	if (vigil_find_program(x->command[0], why, sizeof(why)) == 0)
		return " (the interpreter that its first line names does not exist)";
	return "";
}

static void put_unstarted(vigil_daemon *d, struct exec *x, int err, const char *why)
{
	static const char *const older[] = {
		"pid", "long_output", "perfdata", "duration_seconds", "timed_out", "stderr"};
	char clean[EXEC_TEXT];

	snprintf(x->text, sizeof(x->text), "%.160s cannot be started: %.256s%.70s", x->command[0],
		why, why_unstarted(d, x, err));
	if (x->start_error != err)
		vigil_error(d, "%s", x->text);
	x->start_error = err;
	/* The same exit statuses as in a shell: 127 for not found, 126 for not executable. */
	vigil_state_set(d, "exit_status", json_integer(err == ENOENT ? 127 : 126));
	vigil_state_set(d, "output", json_string(vigil_sanitize(clean, sizeof(clean), x->text)));
	for (size_t i = 0; i < sizeof(older) / sizeof(*older); i++)
		vigil_state_unset(d, older[i]);
}

/* Sets the members of the spec that the options determine. */
static void describe_command(vigil_daemon *d, vigil_child_spec *spec)
{
	const char *const *environment = vigil_option_list(d, "environment");

	spec->size = sizeof(*spec);
	spec->argv = vigil_option_list(d, "command");
	spec->environment = environment[0] != NULL ? environment : NULL;
	spec->directory = vigil_option_text(d, "directory");
	spec->user = vigil_option_text(d, "user");
	spec->end_session = true;
}

int exec_spawn(vigil_daemon *d, struct exec *x, vigil_child_spec *spec)
{
	char why[EXEC_TEXT] = "";

	describe_command(d, spec);
	spec->why = why;
	spec->why_size = sizeof(why);
	spec->arg = x;
	x->child = vigil_spawn(d, spec);
	if (x->child == NULL) {
		int err = errno;

		put_unstarted(d, x, err, why[0] != '\0' ? why : strerror(err));
		return -err;
	}
	x->start_error = 0;
	vigil_state_set(d, "pid", json_integer(vigil_child_pid(x->child)));
	return 0;
}

void exec_free_slot(struct exec *x)
{
	vigil_slot_free(x->slot);
	x->slot = NULL;
}

/* --- start and options ------------------------------------------------------------------------ */

static enum format format_of(const char *word)
{
	if (strcmp(word, "json") == 0)
		return FORMAT_JSON;
	return strcmp(word, "text") == 0 ? FORMAT_TEXT : FORMAT_NAGIOS;
}

static int check_environment(vigil_daemon *d)
{
	int err = 0;

	for (const char *const *entry = vigil_option_list(d, "environment"); *entry != NULL;
		entry++)
		if ((*entry)[strcspn(*entry, "= \t\"'")] != '=' || (*entry)[0] == '=')
			err = vigil_diagnose(d, "environment", "an element is not NAME=VALUE");
	return err;
}

/* A missing program is only a note, because it may be installed later. Until then the health
 * reports that it is missing. */
static void note_program(vigil_daemon *d)
{
	char why[512];

	if (vigil_find_program(vigil_option_list(d, "command")[0], why, sizeof(why)) != 0)
		vigil_note(d, "command", "%s", why);
}

static int check_trust(vigil_daemon *d)
{
	vigil_child_spec spec = {0};
	char why[512];

	describe_command(d, &spec);
	if (vigil_check_command(&spec, why, sizeof(why)) == 0)
		return 0;
	return vigil_diagnose(d, "command", "%s", why);
}

/* A stream has no runs that could be begun or left out. */
static int check_stream(vigil_daemon *d)
{
	static const struct {
		const char *option, *why;
	} rows[] = {
		{"only_during", "mode = stream has no windows of time"},
		{"not_during", "mode = stream has no windows of time"},
		{"every", "mode = stream has no runs; the program is always running"},
	};
	int err = 0;

	if (strcmp(vigil_option_text(d, "mode"), "stream") != 0)
		return 0;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (vigil_option_text(d, rows[i].option) != NULL)
			err = vigil_diagnose(d, rows[i].option, "%s", rows[i].why);
	return err;
}

/* It is only a note, because a configuration must not become invalid as time passes. */
static void note_every(vigil_daemon *d)
{
	char next[VIGIL_TIMES_TEXT];

	if (vigil_option_text(d, "every") != NULL && !vigil_next_time(d, "every", next))
		vigil_note(d, "every", "no such time comes any more, so the program is never run");
}

/* Checks what the schema cannot express. Every problem is reported with vigil_diagnose. Returns 0
 * or -EINVAL. */
static int check_options(vigil_daemon *d)
{
	const char *user = vigil_option_text(d, "user");
	int err = check_environment(d);

	if (check_stream(d) != 0)
		err = -EINVAL;
	if (user != NULL && getpwnam(user) == NULL)
		err = vigil_diagnose(d, "user", "no such user");
	if (vigil_option_given(d, "directory") &&
		access(vigil_option_text(d, "directory"), F_OK) < 0)
		vigil_note(d, "directory", "no such directory");
	note_program(d);
	note_every(d);
	return err;
}

static int check(vigil_daemon *d)
{
	int err = check_options(d);

	return check_trust(d) != 0 ? -EINVAL : err;
}

/* The trust check of the program is not repeated here, because `check` has made it and each spawn
 * makes it again. A program that is no longer trusted makes the daemon UNKNOWN, and it runs again
 * when this is corrected. */
static int start(vigil_daemon *d)
{
	struct exec *x = vigil_alloc(d, sizeof(*x));
	int err = check_options(d);

	if (err != 0)
		return err;
	x->format = format_of(vigil_option_text(d, "format"));
	x->interval = vigil_option_seconds(d, "interval");
	x->timeout = vigil_option_seconds(d, "timeout");
	x->scheduled = vigil_option_text(d, "every") != NULL;
	x->command = vigil_option_list(d, "command");
	x->merge.bytes_max = (size_t)vigil_option_int(d, "state_max");
	x->merge.member_max = (size_t)vigil_option_int(d, "member_max");
	x->backoff = vigil_option_seconds(d, "backoff");
	x->silence = vigil_option_given(d, "silence") ? vigil_option_seconds(d, "silence") : 0;
	x->backoff_max = fmax(x->backoff, vigil_option_seconds(d, "backoff_max"));
	if (strcmp(vigil_option_text(d, "mode"), "stream") == 0)
		return stream_start(d, x);
	return periodic_start(d, x);
}

static const vigil_option options[] = {
	VIGIL_OPTION("command", VIGIL_COMMAND, NULL,
		"the program and its arguments, in shell quoting; no shell is run",
		.flags = VIGIL_REQUIRED),
	VIGIL_OPTION("interval", VIGIL_DURATION, "60s", "the time between two runs", .min = 0.05,
		.max = 31536000),
	VIGIL_OPTION("every", VIGIL_TIMES, NULL,
		"points in time at which the program is run, instead of interval",
		.excludes = "interval"),
	VIGIL_OPTION("only_during", VIGIL_CALENDAR, NULL,
		"windows of time; outside them the program is not run"),
	VIGIL_OPTION("not_during", VIGIL_CALENDAR, NULL,
		"windows of time; inside them the program is not run"),
	VIGIL_OPTION(
		"group", VIGIL_LIST, NULL, "names for @NAME, which stands for all its daemons"),
	VIGIL_OPTION("timeout", VIGIL_DURATION, "10s",
		"how long a run may take before it is terminated", .min = 0.05, .max = 86400),
	VIGIL_OPTION("format", VIGIL_CHOICE, "nagios", "what the program prints in mode periodic",
		.choices = "nagios json text"),
	VIGIL_OPTION("mode", VIGIL_CHOICE, "periodic",
		"periodic: runs at each tick; stream: keeps running, prints one JSON object per "
		"line",
		.choices = "periodic stream"),
	VIGIL_OPTION("state_max", VIGIL_SIZE, "1MiB",
		"the maximum size of what the daemon keeps, as JSON", .min = 4096, .max = 67108864),
	VIGIL_OPTION("member_max", VIGIL_SIZE, "64KiB",
		"the maximum size of one top-level member, as JSON", .min = 1024, .max = 67108864),
	VIGIL_OPTION("user", VIGIL_TEXT, NULL,
		"the user that the program runs as, if vigild runs as root"),
	VIGIL_OPTION("directory", VIGIL_PATH, "/", "the working directory of the program"),
	VIGIL_OPTION("environment", VIGIL_LIST, NULL,
		"variables to add to the environment, as NAME=VALUE", .flags = VIGIL_SECRET),
	VIGIL_OPTION("silence", VIGIL_DURATION, NULL,
		"how long a stream may print no object before it is UNKNOWN; unset: no limit",
		.min = 0.1, .max = 31536000),
	VIGIL_OPTION("backoff", VIGIL_DURATION, "5s",
		"the delay before a stream that ended is started again; it doubles", .min = 0.1,
		.max = 86400),
	VIGIL_OPTION("backoff_max", VIGIL_DURATION, "5m",
		"the maximum of backoff; a stream that ran for so long resets the delay",
		.min = 0.1, .max = 86400),
	VIGIL_OPTION_END,
};

VIGIL_MODULE(.name = "exec", .summary = "runs a Nagios plugin or a program of your own",
	.options = options, .start = start, .check = check);
