/*
 * exec_periodic: runs the program at each tick and takes its output and exit as the result.
 *
 * A run begins when the host has a free slot for it. A run is skipped and counted while the
 * previous run has not ended. When a run exceeds its deadline, the daemon becomes UNKNOWN, no
 * matter what the process does.
 *
 * Outside only_during and inside not_during there are no runs. The level is kept, because nothing
 * shows that a problem has ended. For the same reason, a daemon with `every` keeps its level when
 * it is started again. Its next run may be days away.
 */
#include "exec.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "nagios.h"

/* Seconds after which the calendar is read again, because the time of day may be set and the
 * machine may be suspended. */
#define CALENDAR_AGAIN 60.0

/* Seconds that a run at a point in time may wait for a slot, if its timeout is not longer. */
#define SCHEDULED_WAIT 300.0

/* Longer than the text of the health, so that vigil_health cuts the text between two characters. */
#define REASON_MAX (VIGIL_HEALTH_TEXT + 64)

/* --- the outcome ------------------------------------------------------------------------------ */

static vigil_health_level level_of(const vigil_child_exit *e)
{
	if (e->timed_out || !WIFEXITED(e->status) || WEXITSTATUS(e->status) > VIGIL_UNKNOWN)
		return VIGIL_UNKNOWN;
	return (vigil_health_level)WEXITSTATUS(e->status);
}

static void describe_timeout(
	const struct exec *x, const vigil_child_exit *e, char *reason, size_t size)
{
	char process[64];

	if (e->given_up) {
		exec_describe_given_up(e->pid, process, sizeof(process));
		snprintf(reason, size, "the program timed out after %g s and cannot be killed (%s)",
			x->timeout, process);
	} else {
		snprintf(reason, size, "the program timed out after %g s", x->timeout);
		exec_append_error(reason, size, e->errors);
	}
}

/* Describes the exit. The reason is empty if the output is sufficient. */
static void describe_exit(const struct exec *x, const vigil_child_exit *e, const char *output,
	char reason[REASON_MAX])
{
	char ending[64];
	bool ended_well = WIFEXITED(e->status) && WEXITSTATUS(e->status) <= VIGIL_UNKNOWN;
	size_t used;

	exec_ending(e, ending, sizeof(ending));
	reason[0] = '\0';
	if (e->timed_out) {
		describe_timeout(x, e, reason, REASON_MAX);
	} else if (output[0] == '\0') {
		snprintf(reason, REASON_MAX, "%s, without output", ending);
		exec_append_error(reason, REASON_MAX, e->errors);
	} else if (!ended_well) {
		snprintf(reason, REASON_MAX, "%s: %s", ending, output);
		if (e->errors[0] != '\0') {
			used = strlen(reason);
			snprintf(reason + used, REASON_MAX - used, "; stderr");
			exec_append_error(reason, REASON_MAX, e->errors);
		}
	}
}

static void report_exit(vigil_daemon *d, struct exec *x, const vigil_child_exit *e,
	const char *output, const char *long_output)
{
	unsigned flags = x->format == FORMAT_NAGIOS ? VIGIL_STATUS_LINE : 0;
	char reason[REASON_MAX];

	describe_exit(x, e, output, reason);
	if (reason[0] == '\0') /* exactly what the plugin printed; `explain` has stderr */
		exec_report(d, x, level_of(e), flags, output, long_output);
	else
		exec_report(d, x, level_of(e), 0, reason,
			long_output[0] != '\0' ? long_output : e->errors);
}

/* Reports what is left out of the output: performance data that cannot be parsed, and output over
 * the limit. */
static void put_refused(vigil_daemon *d, struct exec *x, const struct perfdata *parsed, bool cut)
{
	unsigned refused = parsed->refused + parsed->limits_refused;
	char text[EXEC_TEXT];

	if (refused == 0) {
		exec_put_left_out(d, x, cut, "the output after 64 KiB");
		return;
	}
	snprintf(text, sizeof(text),
		"%sinvalid performance data: %u items, %u thresholds; the first is \"%s\"",
		cut ? "the output after 64 KiB, and " : "", parsed->refused, parsed->limits_refused,
		parsed->first);
	exec_put_left_out(d, x, refused + cut, text);
}

/* Returns the length of the output without the last word if the output was truncated, because that
 * word may be a part of a number. */
static size_t whole_words(const vigil_child_exit *e)
{
	size_t length = e->length;

	if (!e->truncated)
		return length;
	while (length > 0 && e->output[length - 1] != ' ' && e->output[length - 1] != '\n')
		length--;
	return length > 0 ? length : e->length;
}

static void take_text(vigil_daemon *d, struct exec *x, const vigil_child_exit *e)
{
	bool nagios = x->format == FORMAT_NAGIOS;
	size_t length = whole_words(e);
	struct nagios parsed;

	if ((nagios ? nagios_parse : nagios_parse_text)(e->output, length, &parsed) != 0)
		return;
	vigil_state_set(d, "output", json_string(parsed.output));
	vigil_state_set(d, "long_output", json_string(parsed.long_output));
	if (nagios)
		vigil_state_set(d, "perfdata", json_incref(parsed.perfdata.items));
	put_refused(d, x, &parsed.perfdata, e->truncated);
	report_exit(d, x, e, parsed.output, parsed.long_output);
	nagios_clear(&parsed);
}

/* Handles output that is not a JSON object. It is kept, because an admin needs it to find the
 * cause. */
static void take_no_json(
	vigil_daemon *d, struct exec *x, const vigil_child_exit *e, const char *why)
{
	vigil_health_level level = level_of(e);
	char reason[REASON_MAX];
	struct nagios parsed;

	if (nagios_parse_text(e->output, e->length, &parsed) != 0)
		return;
	vigil_state_set(d, "output", json_string(parsed.output));
	vigil_state_set(d, "long_output", json_string(parsed.long_output));
	if (level == VIGIL_OK) {
		snprintf(reason, sizeof(reason), "its output is not a JSON object: %.300s", why);
		exec_append_error(reason, sizeof(reason), e->errors);
		exec_report(d, x, VIGIL_UNKNOWN, 0, reason, e->errors);
	} else {
		report_exit(d, x, e, parsed.output, parsed.long_output);
	}
	nagios_clear(&parsed);
}

static void report_object(vigil_daemon *d, struct exec *x, const vigil_child_exit *e)
{
	json_t *output = json_incref((json_t *)vigil_state_get(d, "output"));
	json_t *long_output = json_incref((json_t *)vigil_state_get(d, "long_output"));
	const char *text = json_is_string(output) ? json_string_value(output) : "";
	const char *more = json_is_string(long_output) ? json_string_value(long_output) : "";

	if (text[0] == '\0' && level_of(e) == VIGIL_OK)
		exec_report(d, x, VIGIL_OK, 0, "exit status 0", more);
	else
		report_exit(d, x, e, text, more);
	json_decref(output);
	json_decref(long_output);
}

/* Removes the texts of the previous run, so that the health does not use them. */
static void forget_texts(vigil_daemon *d)
{
	vigil_state_unset(d, "output");
	vigil_state_unset(d, "long_output");
}

static void take_json(vigil_daemon *d, struct exec *x, const vigil_child_exit *e)
{
	char why[EXEC_TEXT] = "it is longer than 64 KiB", reason[EXEC_TEXT + 32];
	struct lenient changed;
	json_t *object = NULL, *output;
	int err;

	if (!e->truncated)
		object = merge_read(e->output, e->length, why, sizeof(why), &changed);
	x->outdated = true; /* until the object is merged, whatever the exit status is */
	if (object == NULL) {
		exec_put_left_out(d, x, e->truncated, "the output after 64 KiB");
		take_no_json(d, x, e, why);
		return;
	}
	json_object_del(object, "state"); /* the exit status determines the level */
	forget_texts(d);
	output = json_incref(json_object_get(object, "output"));
	err = merge_set(&x->merge, d, object, why, sizeof(why));
	x->outdated = err != 0;
	exec_put_left_out(d, x, changed.count, changed.text);
	snprintf(reason, sizeof(reason), "its object is refused: %s", why);
	if (err == 0)
		report_object(d, x, e);
	else if (level_of(e) == VIGIL_OK || !json_is_string(output))
		exec_report(d, x, VIGIL_UNKNOWN, 0, reason, json_string_value(output));
	else /* the program itself reports a problem */
		report_exit(d, x, e, json_string_value(output), reason);
	json_decref(output);
}

static void on_exit_told(vigil_daemon *d, vigil_child *child, const vigil_child_exit *e, void *arg)
{
	struct exec *x = arg;

	(void)child;
	x->child = NULL;
	exec_free_slot(x);
	if (e->truncated && !x->truncated)
		vigil_log(d, VIGIL_WARN,
			"the program printed more than 64 KiB; the rest was dropped");
	x->truncated = e->truncated;
	exec_put_exit(d, e);
	if (x->format == FORMAT_JSON)
		take_json(d, x, e);
	else
		take_text(d, x, e);
}

/* --- the deadline ----------------------------------------------------------------------------- */

static void on_late(vigil_daemon *d, vigil_child *child, void *arg)
{
	struct exec *x = arg;
	char text[EXEC_TEXT];

	(void)child;
	x->late = true;
	vigil_state_set(d, "timed_out", json_true());
	snprintf(text, sizeof(text), "the program timed out after %g s", x->timeout);
	exec_report(d, x, VIGIL_UNKNOWN, 0, text, NULL);
}

/* Counts and reports a skipped run. The last result is valid for one interval, and a run may last
 * until its deadline or wait as long for a slot; `answers` is true during that time. After that the
 * daemon has no valid result and becomes UNKNOWN with the reason. */
static void skip(vigil_daemon *d, struct exec *x, bool answers, const char *why)
{
	char text[2 * EXEC_TEXT];

	x->overdue++;
	vigil_state_set(d, "skipped", json_integer((json_int_t)++x->skipped));
	vigil_log(d, VIGIL_DEBUG, "a run is skipped: %s", why);
	if (answers)
		return;
	snprintf(text, sizeof(text), "%s; %u run%s skipped", why, x->overdue,
		x->overdue == 1 ? " was" : "s were");
	exec_report(d, x, VIGIL_UNKNOWN, 0, text, NULL);
}

static void skip_running(vigil_daemon *d, struct exec *x)
{
	char why[EXEC_TEXT];

	if (x->late)
		snprintf(why, sizeof(why), "the program timed out after %g s", x->timeout);
	else
		snprintf(why, sizeof(why), "process %d is still running",
			(int)vigil_child_pid(x->child));
	skip(d, x, !x->late, why);
}

static void skip_given_up(vigil_daemon *d, struct exec *x, pid_t pid)
{
	char process[64], why[EXEC_TEXT];

	exec_describe_given_up(pid, process, sizeof(process));
	snprintf(why, sizeof(why), "the program of the last run cannot be killed (%s)", process);
	skip(d, x, false, why);
}

static const char WAITS[] = "waiting for a slot, because too many programs are running (exec_max)";

/* Returns how long a run may wait for a slot. At a point in time, many programs start together. */
static double patience(const struct exec *x)
{
	return x->scheduled ? fmax(x->timeout, SCHEDULED_WAIT) : x->timeout;
}

/* This is called when a run has waited for a slot for too long. */
static void on_waited(vigil_daemon *d, void *arg)
{
	struct exec *x = arg;

	x->waited = true;
	exec_report(d, x, VIGIL_UNKNOWN, 0, WAITS, NULL);
}

/* --- the calendar ----------------------------------------------------------------------------- */

static void on_open(vigil_daemon *d, void *arg);

/* Keeps the text of the health, which says what the problem was before the calendar forbade to run
 * the program. */
static void keep_text(vigil_daemon *d, struct exec *x)
{
	char pointer[256];
	const char *text;

	snprintf(pointer, sizeof(pointer), "/runs/%s/health/text", vigil_name(d));
	text = json_string_value(vigil_state_get(d, pointer));
	snprintf(x->text, sizeof(x->text), "%s", text != NULL ? text : "");
}

static void report_closed(vigil_daemon *d, struct exec *x, const char *why)
{
	vigil_health_level level = x->reported ? x->level : VIGIL_OK;
	char text[2 * EXEC_TEXT];

	if (!x->closed) {
		keep_text(d, x);
		vigil_event(d, "not run %s", why);
	}
	x->closed = true;
	if (level == VIGIL_OK)
		snprintf(text, sizeof(text), "not run %s", why);
	else
		snprintf(text, sizeof(text), "not run %s; before that %s: %s", why,
			exec_level_name(level), x->text);
	exec_report(d, x, level, 0, text, NULL);
}

/* Returns whether the calendar forbids a run, and then reports that. A timer makes the run when the
 * calendar permits it, because a window may be shorter than the interval. A run at a point in time
 * is left out instead. */
static bool is_closed(vigil_daemon *d, struct exec *x)
{
	char why[VIGIL_CALENDAR_TEXT];
	double wait = vigil_calendar_wait(d, "only_during", "not_during", why);

	if (wait <= 0)
		return false;
	vigil_cancel(d, on_waited, x);
	exec_free_slot(x);
	report_closed(d, x, why);
	vigil_cancel(d, on_open, x);
	if (!x->scheduled)
		vigil_after(d, fmin(wait, CALENDAR_AGAIN), on_open, x);
	return true;
}

/* --- the tick --------------------------------------------------------------------------------- */

static void on_slot(vigil_daemon *d, void *arg)
{
	struct exec *x = arg;
	/* stderr has a separate pipe, because a warning in a merged output could take the place of
	 * the status line. */
	vigil_child_spec spec = {.timeout = x->timeout,
		.on_late = on_late,
		.on_exit = on_exit_told,
		.output_max = EXEC_OUTPUT,
		.keep_stderr = true};

	if (is_closed(d, x))
		return;
	vigil_cancel(d, on_waited, x);
	x->overdue = 0;
	x->late = x->waited = x->closed = false;
	if (exec_spawn(d, x, &spec) == 0)
		return;
	exec_free_slot(x);
	exec_report(d, x, VIGIL_UNKNOWN, 0, x->text, NULL);
}

static void request_slot(vigil_daemon *d, struct exec *x)
{
	double within = patience(x);

	vigil_after(d, within, on_waited, x);
	if (!x->scheduled)
		within = fmin(within, x->interval);
	x->slot = vigil_slot_request(d, within, on_slot, x);
}

static void on_tick(vigil_daemon *d, void *arg)
{
	struct exec *x = arg;
	pid_t given_up = vigil_child_given_up(d);

	if (x->child != NULL)
		skip_running(d, x);
	else if (given_up > 0)
		skip_given_up(d, x, given_up);
	else if (is_closed(d, x))
		return;
	else if (x->slot != NULL)
		skip(d, x, !x->waited && !x->scheduled, WAITS);
	else
		request_slot(d, x);
}

static void on_open(vigil_daemon *d, void *arg)
{
	struct exec *x = arg;

	if (x->child == NULL && x->slot == NULL)
		on_tick(d, arg);
}

/* --- points in time --------------------------------------------------------------------------- */

/* Reports the level of the last run, which was before this start of the daemon. */
static void report_last(vigil_daemon *d, struct exec *x)
{
	vigil_health_level level = VIGIL_OK;
	char next[VIGIL_TIMES_TEXT], text[2 * EXEC_TEXT];
	bool comes = vigil_next_time(d, "every", next), ran;
	const char *output;

	ran = exec_level(json_string_value(vigil_state_get(d, "state")), &level);
	output = json_string_value(vigil_state_get(d, "output"));
	snprintf(x->text, sizeof(x->text), "%s", output != NULL ? output : "");
	x->closed = true;
	snprintf(text, sizeof(text), "not run %s; the next run is %s%s%s%s%s%s",
		ran ? "since the daemon was started" : "yet", comes ? "at " : "never", next,
		ran ? "; before that " : "", ran ? exec_level_name(level) : "",
		ran && x->text[0] != '\0' ? ": " : "", ran ? x->text : "");
	exec_report(d, x, level, 0, text, NULL);
}

static int start_scheduled(vigil_daemon *d, struct exec *x)
{
	int err = vigil_at(d, "every", on_tick, x);

	if (err == 0)
		err = vigil_persist(d, "state");
	if (err == 0)
		err = vigil_persist(d, "output");
	if (err == 0)
		report_last(d, x);
	return err;
}

int periodic_start(vigil_daemon *d, struct exec *x)
{
	if (x->scheduled)
		return start_scheduled(d, x);
	return vigil_every_spread(d, x->interval, on_tick, x);
}
