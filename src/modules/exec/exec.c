/*
 * exec: runs a program of yours: a Nagios plugin, a script that prints JSON, or whatever says by
 * its exit status how things are.
 *
 * In mode periodic each tick starts it, unless it still runs, and its exit is the answer: the
 * status says how things are (0 OK, 1 WARNING, 2 CRITICAL, anything else UNKNOWN), the output
 * says more.  Mode stream is in stream.c.  No shell is ever run.
 */
#include "exec.h"

#include <errno.h>
#include <math.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nagios.h"

#define REASON_MAX 512

/* --- reporting ------------------------------------------------------------------------------- */

static const char *const level_names[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};

const char *exec_level_name(vigil_health_level level)
{
	return level_names[level];
}

bool exec_level(const char *name, vigil_health_level *level)
{
	for (unsigned i = 0; name != NULL && i < 4; i++) {
		if (strcmp(name, level_names[i]) == 0) {
			*level = (vigil_health_level)i;
			return true;
		}
	}
	return false;
}

void exec_report(vigil_daemon *d, struct exec *x, vigil_health_level level, const char *text)
{
	const char *now = exec_level_name(level);

	vigil_health(d, level, "%s", text);
	vigil_state_set(d, "state", json_string(now));
	if (!x->reported)
		vigil_event(d, "%s at first: %s", now, text);
	else if (x->level != level)
		vigil_event(d, "%s (was %s): %s", now, exec_level_name(x->level), text);
	if ((x->reported && x->level != level) || (!x->reported && level != VIGIL_OK))
		vigil_log(d, level == VIGIL_OK ? VIGIL_NOTICE : VIGIL_WARN, "%s: %s", now, text);
	x->reported = true;
	x->level = level;
}

void exec_ending(const vigil_child_exit *e, char *words, size_t size)
{
	if (WIFSIGNALED(e->status))
		snprintf(words, size, "killed by signal %d (%s)", WTERMSIG(e->status),
			strsignal(WTERMSIG(e->status)));
	else
		snprintf(words, size, "exit status %d", WEXITSTATUS(e->status));
}

void exec_put_exit(vigil_daemon *d, const vigil_child_exit *e)
{
	/* A signal is counted as shells do. */
	int status = WIFSIGNALED(e->status) ? 128 + WTERMSIG(e->status) : WEXITSTATUS(e->status);

	vigil_state_set(d, "exit_status", json_integer(status));
	vigil_state_set(d, "duration_seconds", json_real(round(e->seconds * 1e3) / 1e3));
	vigil_state_set(d, "timed_out", json_boolean(e->timed_out));
}

void exec_put_left_out(vigil_daemon *d, struct exec *x, unsigned count, const char *text)
{
	if (count == 0) {
		vigil_state_unset(d, "left_out");
		return;
	}
	vigil_state_set(d, "left_out", json_pack("{s:i,s:s}", "count", (int)count, "text", text));
	if (!x->left_out)
		vigil_log(d, VIGIL_WARN, "left out of its output: %s", text);
	x->left_out = true;
}

/* --- starting -------------------------------------------------------------------------------- */

static void put_unstarted(vigil_daemon *d, struct exec *x, int err)
{
	char clean[EXEC_TEXT];

	snprintf(x->text, sizeof(x->text), "%.180s cannot be started: %s%s", x->command[0],
		strerror(err),
		err == ENOEXEC ? " (a script needs a first line that begins with #!)" : "");
	if (x->start_error != err)
		vigil_error(d, "%s", x->text);
	x->start_error = err;
	/* As a shell has it: 127 not found, 126 not to be executed. */
	vigil_state_set(d, "exit_status", json_integer(err == ENOENT ? 127 : 126));
	vigil_state_set(d, "output", json_string(vigil_clean(clean, sizeof(clean), x->text)));
	vigil_state_unset(d, "pid");
}

int exec_spawn(vigil_daemon *d, struct exec *x, vigil_child_spec *spec)
{
	const char *const *environment = vigil_option_list(d, "environment");

	spec->size = sizeof(*spec);
	spec->argv = x->command;
	spec->environment = environment[0] != NULL ? environment : NULL;
	spec->directory = vigil_option_text(d, "directory");
	spec->user = vigil_option_text(d, "user");
	spec->arg = x;
	x->child = vigil_spawn(d, spec);
	if (x->child == NULL) {
		int err = errno;

		put_unstarted(d, x, err);
		return -err;
	}
	x->start_error = 0;
	vigil_state_set(d, "pid", json_integer(vigil_child_pid(x->child)));
	return 0;
}

/* --- periodic -------------------------------------------------------------------------------- */

static vigil_health_level level_of(const vigil_child_exit *e)
{
	if (e->timed_out || !WIFEXITED(e->status) || WEXITSTATUS(e->status) > VIGIL_UNKNOWN)
		return VIGIL_UNKNOWN;
	return (vigil_health_level)WEXITSTATUS(e->status);
}

/* What the exit alone has to say; empty where the output says it. */
static void reason_of(const struct exec *x, const vigil_child_exit *e, const char *output,
	char reason[REASON_MAX])
{
	char ending[64];

	exec_ending(e, ending, sizeof(ending));
	if (e->timed_out)
		snprintf(reason, REASON_MAX, "it did not end within %g s", x->timeout);
	else if (!WIFEXITED(e->status))
		snprintf(reason, REASON_MAX, "%s", ending);
	else if (output[0] == '\0')
		snprintf(reason, REASON_MAX, "%s, without output", ending);
	else if (WEXITSTATUS(e->status) > VIGIL_UNKNOWN)
		snprintf(reason, REASON_MAX, "%s: %.200s", ending, output);
	else
		reason[0] = '\0';
}

static void report_exit(
	vigil_daemon *d, struct exec *x, const vigil_child_exit *e, const char *output)
{
	char reason[REASON_MAX];

	reason_of(x, e, output, reason);
	exec_report(d, x, level_of(e), reason[0] != '\0' ? reason : output);
}

static void put_refused(vigil_daemon *d, struct exec *x, const struct nagios *parsed)
{
	char text[EXEC_TEXT];

	snprintf(text, sizeof(text),
		"performance data that cannot be read: %u items, %u thresholds; the first is "
		"\"%s\"",
		parsed->refused, parsed->limits_refused, parsed->first);
	exec_put_left_out(d, x, parsed->refused + parsed->limits_refused, text);
}

static void take_text(vigil_daemon *d, struct exec *x, const vigil_child_exit *e)
{
	bool nagios = x->format == FORMAT_NAGIOS;
	struct nagios parsed;

	if ((nagios ? nagios_parse : nagios_parse_text)(e->output, e->length, &parsed) != 0)
		return;
	vigil_state_set(d, "output", json_string(parsed.output));
	vigil_state_set(d, "long_output", json_string(parsed.long_output));
	if (nagios)
		vigil_state_set(d, "perfdata", json_incref(parsed.perfdata));
	put_refused(d, x, &parsed);
	report_exit(d, x, e, parsed.output);
	nagios_clear(&parsed);
}

/* What is no object is kept as output, for whoever has to find out why. */
static void take_no_json(
	vigil_daemon *d, struct exec *x, const vigil_child_exit *e, const char *why)
{
	vigil_health_level level = level_of(e);
	struct nagios parsed;
	char reason[REASON_MAX];

	if (nagios_parse_text(e->output, e->length, &parsed) != 0)
		return;
	vigil_state_set(d, "output", json_string(parsed.output));
	vigil_state_set(d, "long_output", json_string(parsed.long_output));
	if (level == VIGIL_OK) {
		snprintf(reason, sizeof(reason), "its output is no JSON object: %.300s%s", why,
			e->truncated ? " (it was cut at 64 KiB)" : "");
		exec_report(d, x, VIGIL_UNKNOWN, reason);
	} else {
		report_exit(d, x, e, parsed.output);
	}
	nagios_clear(&parsed);
}

static void take_json(vigil_daemon *d, struct exec *x, const vigil_child_exit *e)
{
	char why[REASON_MAX], output[REASON_MAX] = "";
	struct lenient changed;
	json_t *object = merge_read(e->output, e->length, why, sizeof(why), &changed);
	const json_t *said;
	int err;

	if (object == NULL) {
		exec_put_left_out(d, x, 0, "");
		take_no_json(d, x, e, why);
		return;
	}
	said = json_object_get(object, "output");
	if (json_is_string(said))
		vigil_clean(output, sizeof(output), json_string_value(said));
	json_object_del(object, "state"); /* the exit status says it */
	err = merge_set(&x->merge, d, object);
	exec_put_left_out(d, x, changed.count, changed.text);
	if (err != 0)
		exec_report(d, x, VIGIL_UNKNOWN, merge_error(err));
	else if (output[0] == '\0' && level_of(e) == VIGIL_OK)
		exec_report(d, x, VIGIL_OK, "exit status 0");
	else
		report_exit(d, x, e, output);
}

static void on_exit_told(vigil_daemon *d, vigil_child *child, const vigil_child_exit *e, void *arg)
{
	struct exec *x = arg;

	(void)child;
	x->child = NULL;
	if (e->truncated && !x->truncated)
		vigil_log(d, VIGIL_WARN, "it printed more than 64 KiB; the rest is dropped");
	x->truncated = e->truncated;
	exec_put_exit(d, e);
	if (x->format == FORMAT_JSON)
		take_json(d, x, e);
	else
		take_text(d, x, e);
}

static void on_tick(vigil_daemon *d, void *arg)
{
	struct exec *x = arg;
	vigil_child_spec spec = {.timeout = x->timeout,
		.on_exit = on_exit_told,
		/* What stderr says would spoil JSON; of a plugin it is often the reason. */
		.merge_stderr = x->format != FORMAT_JSON};

	if (x->child != NULL)
		vigil_log(d, VIGIL_DEBUG, "it still runs, pid %d; not started a second time",
			(int)vigil_child_pid(x->child));
	else if (exec_spawn(d, x, &spec) != 0)
		exec_report(d, x, VIGIL_UNKNOWN, x->text);
}

/* --- life ------------------------------------------------------------------------------------ */

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
			err = vigil_diagnose(d, "environment", "\"%s\" is not NAME=VALUE", *entry);
	return err;
}

/* A program may come later than its daemon, and until then the health says that it is missing. */
static void note_program(vigil_daemon *d)
{
	char why[512];

	if (vigil_find_program(vigil_option_list(d, "command")[0], why, sizeof(why)) != 0)
		vigil_note(d, "command", "%s", why);
}

/* What the schema cannot see: all that is wrong is diagnosed, and then it is -EINVAL. */
static int check(vigil_daemon *d)
{
	const char *user = vigil_option_text(d, "user");
	int err = check_environment(d);

	if (user != NULL && getpwnam(user) == NULL)
		err = vigil_diagnose(d, "user", "there is no such user");
	if (vigil_option_given(d, "directory") &&
		access(vigil_option_text(d, "directory"), F_OK) < 0)
		vigil_note(d, "directory", "there is no such directory");
	note_program(d);
	return err;
}

static int start(vigil_daemon *d)
{
	struct exec *x = vigil_alloc(d, sizeof(*x));
	int err = check(d);

	if (err != 0)
		return err;
	x->format = format_of(vigil_option_text(d, "format"));
	x->timeout = vigil_option_seconds(d, "timeout");
	x->command = vigil_option_list(d, "command");
	x->backoff = vigil_option_seconds(d, "backoff");
	x->backoff_max = fmax(x->backoff, vigil_option_seconds(d, "backoff_max"));
	if (strcmp(vigil_option_text(d, "mode"), "stream") == 0)
		return stream_start(d, x);
	return vigil_every(d, vigil_option_seconds(d, "interval"), on_tick, x);
}

static const vigil_option options[] = {
	VIGIL_OPTION("command", VIGIL_COMMAND, NULL,
		"the program and its arguments in shell quoting; no shell is run",
		.flags = VIGIL_REQUIRED),
	VIGIL_OPTION("interval", VIGIL_DURATION, "60s", "time between two runs", .min = 0.05,
		.max = 31536000),
	VIGIL_OPTION("timeout", VIGIL_DURATION, "10s",
		"how long a run may take: TERM to its process group then, KILL 2 s later",
		.min = 0.05, .max = 86400),
	VIGIL_OPTION("format", VIGIL_CHOICE, "nagios", "what a periodic program prints",
		.choices = "nagios json text"),
	VIGIL_OPTION("mode", VIGIL_CHOICE, "periodic",
		"periodic: run at each tick; stream: runs on, and prints a JSON object a line",
		.choices = "periodic stream"),
	VIGIL_OPTION("user", VIGIL_TEXT, NULL, "whom to run it as, where vigild is root"),
	VIGIL_OPTION("directory", VIGIL_PATH, "/", "where to run it"),
	VIGIL_OPTION("environment", VIGIL_LIST, NULL, "NAME=VALUE, added to vigild's own"),
	VIGIL_OPTION("backoff", VIGIL_DURATION, "5s",
		"delay before a stream that has ended is started again, doubling", .min = 0.1,
		.max = 86400),
	VIGIL_OPTION("backoff_max", VIGIL_DURATION, "5m",
		"the longest such delay; a stream that ran so long begins with backoff again",
		.min = 0.1, .max = 86400),
	VIGIL_OPTION_END,
};

VIGIL_MODULE(.name = "exec", .summary = "runs a Nagios plugin or a program of your own",
	.options = options, .start = start, .check = check);
