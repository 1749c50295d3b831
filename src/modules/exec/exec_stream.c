/*
 * exec_stream: keeps one long-lived child running, which prints one JSON object per line.
 *
 * Each object is merged into the daemon's subtree when it arrives. If an object has a `state` of
 * OK, WARNING, CRITICAL or UNKNOWN, that is the daemon's level, and `output` is its text. An object
 * without a state keeps the last level that this child reported, or is OK if the child has reported
 * none. A line that is not such an object is refused as a whole and makes the daemon UNKNOWN until
 * the next valid object. If the refused object had a state, the daemon stays UNKNOWN until the next
 * object with a state.
 *
 * With the option silence, a child that prints no object for so long makes the daemon UNKNOWN and
 * its numbers stale until the next object.
 *
 * A child that ends is started again after a delay that doubles each time. The delay is reset after
 * a child that ran for backoff_max.
 */
#include "exec.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "flush_hint.h"

/* Seconds. A timer is later than this only if vigild was stopped or the machine was suspended. */
#define LATE 0.5
/* Seconds in which a stream should get a slot for its start. It is short, so that a stream starts
 * before the periodic runs that are due. */
#define START_WITHIN 1.0
/* Seconds. Invalid lines are logged at most this often, because a broken program may print many of
 * them. */
#define COMPLAIN_EVERY 10.0
#define ENDED_MAX      400 /* bytes; leaves room in x->text for what on_left adds */
#define REFUSED_EVERY  1.0 /* seconds */

static void on_start(vigil_daemon *d, void *arg);

/* Reports the health with stderr as its long text. */
static void report_with_errors(
	vigil_daemon *d, struct exec *x, vigil_health_level level, const char *text)
{
	json_t *errors = json_incref((json_t *)vigil_state_get(d, "stderr"));

	exec_report(d, x, level, 0, text, json_string_value(errors));
	json_decref(errors);
}

/* Reports how the child ended, and when the next one is started. */
static void report_ended(vigil_daemon *d, struct exec *x, vigil_health_level level)
{
	char text[2 * EXEC_TEXT];

	snprintf(text, sizeof(text), "%s; the next start is in %g s", x->text,
		fmax(round((x->start_at - vigil_now()) * 10) / 10, 0));
	x->outdated = true; /* also if the level is CRITICAL */
	report_with_errors(d, x, level, text);
}

static void start_later(vigil_daemon *d, struct exec *x, vigil_health_level level)
{
	double delay = fmin(x->backoff * exp2(fmin(x->setbacks, 32)), x->backoff_max);

	x->setbacks++;
	x->start_at = vigil_now() + delay;
	report_ended(d, x, level);
	vigil_after(d, delay, on_start, x);
}

/* --- silence ---------------------------------------------------------------------------------- */

/* A child that has printed nothing at all may keep its output in a buffer. One that has printed
 * lines flushes them. */
static void report_silence(vigil_daemon *d, struct exec *x)
{
	const char *errors = json_string_value(vigil_state_get(d, "stderr"));
	char text[2 * EXEC_TEXT], hint[FLUSH_HINT];
	size_t used;

	snprintf(text, sizeof(text), "the program has printed no object for %g s", x->silence);
	if (x->lines == 0 && x->child != NULL && !exec_is_blocked(vigil_child_pid(x->child)) &&
		flush_hint(d, vigil_child_pid(x->child), hint)) {
		used = strlen(text);
		snprintf(text + used, sizeof(text) - used, "; if its output is in a buffer, %s",
			hint);
	}
	if (errors != NULL) {
		used = strlen(text);
		snprintf(text + used, sizeof(text) - used, "; the last line of stderr");
		exec_append_error(text, sizeof(text), errors);
	}
	report_with_errors(d, x, VIGIL_UNKNOWN, text);
}

static void on_silence(vigil_daemon *d, void *arg)
{
	struct exec *x = arg;

	if (vigil_now() - x->silent_at > LATE) {
		/* vigild itself did not run, and it has not read what the child printed since. */
		x->silent_at = vigil_now() + LATE;
		vigil_after(d, LATE, on_silence, x);
		return;
	}
	report_silence(d, x);
}

static void await_silence(vigil_daemon *d, struct exec *x)
{
	vigil_cancel(d, on_silence, x);
	x->silent_at = vigil_now() + x->silence;
	if (x->silence > 0 && x->child != NULL)
		vigil_after(d, x->silence, on_silence, x);
}

/* --- output ----------------------------------------------------------------------------------- */

static void put_lost(vigil_daemon *d, struct exec *x)
{
	if (x->lost > 0)
		exec_put_left_out(d, x, x->lost, x->lost_text);
}

/* Reports a line of which nothing was kept. A program may print many such lines, so after the first
 * one they are reported once a second. */
static void refuse_line(vigil_daemon *d, struct exec *x, const char *why)
{
	double now = vigil_now();

	x->lost++;
	if (x->refusing && now - x->refused_at < REFUSED_EVERY)
		return;
	x->refusing = true;
	x->refused_at = now;
	snprintf(x->lost_text, sizeof(x->lost_text), "line %u of the output %s", x->lines, why);
	report_with_errors(d, x, VIGIL_UNKNOWN, x->lost_text);
	put_lost(d, x);
	if (x->complained == 0 || now - x->complained >= COMPLAIN_EVERY) {
		x->complained = now;
		vigil_error(d, "%s", x->lost_text);
	}
}

/* Reads the state of an object, if it has one. Returns false with the reason in `why` if it is not
 * valid. */
static bool read_level(json_t *state, vigil_health_level *level, char *why, size_t size)
{
	char clean[64], *text;

	if (json_is_string(state) && exec_level(json_string_value(state), level))
		return true;
	if (json_is_integer(state) && json_integer_value(state) >= VIGIL_OK &&
		json_integer_value(state) <= VIGIL_UNKNOWN) {
		*level = (vigil_health_level)json_integer_value(state);
		return true;
	}
	text = vigil_json_text(state);
	vigil_sanitize(clean, sizeof(clean), text != NULL ? text : "");
	free(text);
	snprintf(why, size, "its state is %s, not OK, WARNING, CRITICAL, UNKNOWN or 0 to 3", clean);
	return false;
}

/* Takes the reference to the object. Returns 0, or a negative errno with the reason in `why`. */
static int take_object(vigil_daemon *d, struct exec *x, json_t *object, char *why, size_t size)
{
	json_t *state = json_incref(json_object_get(object, "state"));
	bool says = state != NULL;
	vigil_health_level level = VIGIL_UNKNOWN;
	int err = -EPROTO;

	json_object_del(object, "state");
	if (!says || read_level(state, &level, why, size))
		err = merge_set(&x->merge, d, object, why, size);
	else
		json_decref(object);
	/* What the child reported in an object that is refused is not known. A later object without
	 * a state must not restore an older level. */
	if (says) {
		x->says = true;
		x->said = err == 0 ? level : VIGIL_UNKNOWN;
	}
	json_decref(state);
	return err;
}

/* Reports the health after an object: the last level of this child, or OK if it has not reported
 * one. */
static void report_object(vigil_daemon *d, struct exec *x)
{
	json_t *output = json_incref((json_t *)vigil_state_get(d, "output"));
	json_t *more = json_incref((json_t *)vigil_state_get(d, "long_output"));
	const char *text = json_string_value(output);

	x->outdated = false;
	exec_report(d, x, x->says ? x->said : VIGIL_OK, 0,
		text != NULL && text[0] != '\0' ? text : "the program is running",
		json_string_value(more));
	json_decref(output);
	json_decref(more);
	await_silence(d, x);
}

static void take_line(vigil_daemon *d, struct exec *x, const char *line, size_t length)
{
	char why[EXEC_TEXT], text[EXEC_TEXT + 32];
	struct lenient changed;
	json_t *object = merge_read(line, length, why, sizeof(why), &changed);

	if (object == NULL) {
		snprintf(text, sizeof(text), "is not a JSON object: %s", why);
		refuse_line(d, x, text);
		return;
	}
	if (take_object(d, x, object, why, sizeof(why)) != 0) {
		snprintf(text, sizeof(text), "is refused: %s", why);
		refuse_line(d, x, text);
		return;
	}
	/* left_out stays until the child ends, because the next line may have other members. */
	if (changed.count > 0) {
		x->lost += changed.count;
		snprintf(x->lost_text, sizeof(x->lost_text), "%s", changed.text);
	}
	if (changed.count > 0 || x->refusing)
		put_lost(d, x);
	x->refusing = false;
	report_object(d, x);
}

static void on_line(vigil_daemon *d, vigil_child *child, const char *line, size_t length, void *arg)
{
	struct exec *x = arg;

	(void)child;
	x->lines++;
	if (length > EXEC_OUTPUT)
		refuse_line(d, x, "is longer than 64 KiB and was dropped");
	else if (length > 0)
		take_line(d, x, line, length);
}

static void on_errors(vigil_daemon *d, vigil_child *child, const char *errors, void *arg)
{
	(void)child;
	(void)arg;
	exec_put_stderr(d, errors);
}

/* --- exit and start --------------------------------------------------------------------------- */

/* The child has closed its output, so it cannot report anything. Most children that close it exit a
 * moment later. */
static void on_closed(vigil_daemon *d, void *arg)
{
	struct exec *x = arg;

	vigil_log(d, VIGIL_WARN,
		"the program closed its output and is still running: terminating it");
	vigil_child_terminate(x->child);
}

static void on_eof(vigil_daemon *d, vigil_child *child, void *arg)
{
	(void)child;
	vigil_after(d, 1, on_closed, arg);
}

static void on_exit_told(vigil_daemon *d, vigil_child *child, const vigil_child_exit *e, void *arg)
{
	struct exec *x = arg;
	char ending[64];

	(void)child;
	x->child = NULL;
	x->ended_well = WIFEXITED(e->status) && WEXITSTATUS(e->status) == 0;
	if (e->seconds >= x->backoff_max)
		x->setbacks = 0;
	exec_put_exit(d, e);
	vigil_state_unset(d, "pid");
	vigil_cancel(d, on_silence, x);
	vigil_cancel(d, on_closed, x);
	exec_ending(e, ending, sizeof(ending));
	snprintf(x->text, sizeof(x->text), "the program ended after %.3g s: %s%s", e->seconds,
		ending,
		x->ended_well && x->lines == 0 ? ", but it must keep running in the foreground"
					       : "");
	exec_append_error(x->text, ENDED_MAX, e->errors);
	vigil_event(d, "%s", x->text);
	vigil_state_set(d, "output", json_string(x->text));
	start_later(d, x, VIGIL_CRITICAL);
}

/* The child has ended, and vigild has killed the processes that it left running. A program that
 * goes into the background exits with status 0. */
static void on_left(vigil_daemon *d, const vigil_left_behind *left, void *arg)
{
	struct exec *x = arg;
	char name[64], text[EXEC_TEXT];

	if (x->start_at == 0)
		return; /* a child from before a reload, because none has ended since */
	vigil_sanitize(name, sizeof(name), left->name);
	if (x->ended_well)
		snprintf(text, sizeof(text),
			"the program went into the background: it exited and left process %d (%s) "
			"running, which was killed; run it in the foreground (many programs have "
			"an option such as --foreground, --no-daemon or -f)",
			(int)left->pid, name);
	else
		snprintf(text, sizeof(text),
			"%.400s; it left process %d (%s) running, which was killed", x->text,
			(int)left->pid, name);
	vigil_event(d, "%s", text);
	if (x->child != NULL)
		return; /* the next child runs already */
	snprintf(x->text, sizeof(x->text), "%s", text);
	vigil_state_set(d, "output", json_string(text));
	report_ended(d, x, VIGIL_CRITICAL);
}

static void on_slot(vigil_daemon *d, void *arg)
{
	struct exec *x = arg;
	vigil_child_spec spec = {.on_line = on_line,
		.on_eof = on_eof,
		.on_exit = on_exit_told,
		.on_errors = on_errors,
		.output_max = EXEC_OUTPUT + 1, /* so that a line over the limit is recognized */
		.keep_stderr = true};

	exec_free_slot(x); /* the slot is only for the start, because the child keeps running */
	x->says = false;
	x->lines = x->lost = 0;
	x->refusing = false;
	if (exec_spawn(d, x, &spec) != 0) {
		start_later(d, x, VIGIL_UNKNOWN);
		return;
	}
	exec_put_left_out(d, x, 0, "");
	vigil_state_unset(d, "output"); /* these describe how the previous child ended */
	vigil_state_unset(d, "long_output");
	vigil_state_unset(d, "stderr");
	vigil_event(d, "started, pid %d", (int)vigil_child_pid(x->child));
	vigil_health(d, x->reported ? x->level : VIGIL_UNKNOWN,
		"the program was started and has printed nothing yet");
	await_silence(d, x);
}

static void on_start(vigil_daemon *d, void *arg)
{
	struct exec *x = arg;

	if (x->slot == NULL)
		x->slot = vigil_slot_request(d, START_WITHIN, on_slot, x);
}

int stream_start(vigil_daemon *d, struct exec *x)
{
	/* The first start is made from the loop, because a failure is to be retried and must not
	 * make vigild's start of the daemon fail. */
	int err = vigil_on_left_behind(d, on_left, x);

	return err != 0 ? err : vigil_after(d, 0, on_start, x);
}
