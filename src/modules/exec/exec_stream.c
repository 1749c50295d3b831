/*
 * exec_stream: keeps one long-lived child running, which prints one JSON object per line.
 *
 * Each object is merged into the daemon's subtree when it arrives. If an object has a `state` of
 * OK, WARNING, CRITICAL or UNKNOWN, that is the daemon's level, and `output` is its text. An object
 * without a state keeps the last level that this child reported, or is OK if the child has reported
 * none. A line that is not an object makes the daemon UNKNOWN until the next valid object.
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

/* Seconds. A timer is later than this only if vigild was stopped or the machine was suspended. */
#define LATE 0.5
/* Seconds in which a stream should get a slot for its start. It is short, so that a stream starts
 * before the periodic runs that are due. */
#define START_WITHIN 1.0
/* Seconds. Invalid lines are logged at most this often, because a broken program may print many of
 * them. */
#define COMPLAIN_EVERY 10.0

static void on_start(vigil_daemon *d, void *arg);

static void start_later(vigil_daemon *d, struct exec *x, vigil_health_level level, const char *why,
	const char *errors)
{
	double delay = fmin(x->backoff * exp2(fmin(x->setbacks, 32)), x->backoff_max);
	char text[EXEC_TEXT];

	x->setbacks++;
	snprintf(text, sizeof(text), "%.400s; the next start is in %g s", why, delay);
	exec_report(d, x, level, 0, text, errors);
	exec_set_stale(d, true); /* also if the level is CRITICAL */
	vigil_after(d, delay, on_start, x);
}

/* --- silence ---------------------------------------------------------------------------------- */

static void on_silence(vigil_daemon *d, void *arg)
{
	struct exec *x = arg;
	char text[EXEC_TEXT];

	if (vigil_now() - x->silent_at > LATE) {
		/* vigild itself did not run, and it has not read what the child printed since. */
		x->silent_at = vigil_now() + LATE;
		vigil_after(d, LATE, on_silence, x);
		return;
	}
	snprintf(text, sizeof(text), "the program has printed no object for %g s", x->silence);
	exec_report(d, x, VIGIL_UNKNOWN, 0, text, NULL);
}

static void await_silence(vigil_daemon *d, struct exec *x)
{
	vigil_cancel(d, on_silence, x);
	x->silent_at = vigil_now() + x->silence;
	if (x->silence > 0 && x->child != NULL)
		vigil_after(d, x->silence, on_silence, x);
}

/* --- output ----------------------------------------------------------------------------------- */

static void complain(vigil_daemon *d, struct exec *x, const char *what, const char *why)
{
	char text[EXEC_TEXT];

	snprintf(text, sizeof(text), "%s: %.200s", what, why);
	exec_report(d, x, VIGIL_UNKNOWN, 0, text, NULL);
	if (x->complained == 0 || vigil_now() - x->complained >= COMPLAIN_EVERY) {
		x->complained = vigil_now();
		vigil_error(d, "%s", text);
	}
}

/* Removes the state from the object and stores it as the level of the child. Returns false if the
 * state is not valid. */
static bool take_level(struct exec *x, json_t *object, char *why, size_t size)
{
	json_t *state = json_object_get(object, "state");
	vigil_health_level level = VIGIL_UNKNOWN;
	bool known = true;
	char *text;

	if (json_is_string(state))
		known = exec_level(json_string_value(state), &level);
	else if (json_is_integer(state) && json_integer_value(state) >= VIGIL_OK &&
		 json_integer_value(state) <= VIGIL_UNKNOWN)
		level = (vigil_health_level)json_integer_value(state);
	else
		known = state == NULL;
	if (state != NULL) {
		x->says = true;
		x->said = level;
	}
	if (!known) {
		text = vigil_json_text(state);
		vigil_sanitize(why, size, text != NULL ? text : "");
		free(text);
	}
	json_object_del(object, "state");
	return known;
}

/* Reports the health after an object: the last level of this child, or OK if it has not reported
 * one. */
static void report_object(vigil_daemon *d, struct exec *x)
{
	json_t *output = json_incref((json_t *)vigil_state_get(d, "output"));
	json_t *more = json_incref((json_t *)vigil_state_get(d, "long_output"));
	const char *text = json_string_value(output);

	exec_report(d, x, x->says ? x->said : VIGIL_OK, 0,
		text != NULL && text[0] != '\0' ? text : "the program is running",
		json_string_value(more));
	json_decref(output);
	json_decref(more);
	await_silence(d, x);
}

static void on_line(vigil_daemon *d, vigil_child *child, const char *line, size_t length, void *arg)
{
	struct exec *x = arg;
	char why[EXEC_TEXT], state[EXEC_TEXT];
	struct lenient changed;
	bool known;
	json_t *object;
	int err;

	(void)child;
	if (length == 0)
		return;
	if (length >= EXEC_OUTPUT) {
		complain(d, x, "the program printed a line that is too long",
			"it is longer than 64 KiB");
		return;
	}
	object = merge_read(line, length, why, sizeof(why), &changed);
	if (object == NULL) {
		complain(d, x, "the program printed a line that is not a JSON object", why);
		return;
	}
	known = take_level(x, object, state, sizeof(state));
	err = merge_set(&x->merge, d, object);
	/* left_out stays until the child ends, because the next line may have other members. */
	if (changed.count > 0)
		exec_put_left_out(d, x, changed.count, changed.text);
	if (err != 0)
		complain(d, x, "the program printed an object that cannot be stored",
			merge_error(err));
	else if (!known)
		complain(d, x, "its state is not OK, WARNING, CRITICAL or UNKNOWN", state);
	else
		report_object(d, x);
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
	char ending[64], text[EXEC_TEXT];

	(void)child;
	x->child = NULL;
	if (e->seconds >= x->backoff_max)
		x->setbacks = 0;
	exec_put_exit(d, e);
	vigil_state_unset(d, "pid");
	vigil_cancel(d, on_silence, x);
	vigil_cancel(d, on_closed, x);
	exec_ending(e, ending, sizeof(ending));
	snprintf(text, sizeof(text), "the program ended after %.3g s: %s", e->seconds, ending);
	exec_append_error(text, sizeof(text), e->errors);
	vigil_event(d, "%s", text);
	vigil_state_set(d, "output", json_string(text));
	start_later(d, x, VIGIL_CRITICAL, text, e->errors);
}

static void on_slot(vigil_daemon *d, void *arg)
{
	struct exec *x = arg;
	vigil_child_spec spec = {.on_line = on_line,
		.on_eof = on_eof,
		.on_exit = on_exit_told,
		.output_max = EXEC_OUTPUT,
		.keep_stderr = true};

	exec_free_slot(x); /* the slot is only for the start, because the child keeps running */
	x->says = false;
	if (exec_spawn(d, x, &spec) != 0) {
		start_later(d, x, VIGIL_UNKNOWN, x->text, NULL);
		return;
	}
	exec_put_left_out(d, x, 0, "");
	vigil_state_unset(d, "output"); /* it describes how the previous child ended */
	vigil_state_unset(d, "long_output");
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
	return vigil_after(d, 0, on_start, x);
}
