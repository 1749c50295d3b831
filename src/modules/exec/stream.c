/*
 * stream: one long-lived child that prints a JSON object a line.
 *
 * Each object is merged into the daemon's subtree as it comes.  Where an object has a `state` of
 * OK, WARNING, CRITICAL or UNKNOWN, that is the daemon's health, and `output` its words; without,
 * a child that prints objects is OK.  A line that is no object makes it UNKNOWN until the next
 * that is one.
 *
 * A child that ends is started again after a delay that doubles, and begins anew after a child
 * that ran for backoff_max.
 */
#include "exec.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* A program that prints nonsense does so fast. */
#define COMPLAIN_EVERY 10.0

static void on_start(vigil_daemon *d, void *arg);

static void start_later(vigil_daemon *d, struct exec *x, const char *why, vigil_health_level level)
{
	double delay = fmin(x->backoff * exp2(fmin(x->setbacks, 32)), x->backoff_max);
	char text[EXEC_TEXT];

	x->setbacks++;
	snprintf(text, sizeof(text), "%.180s; to be started again in %g s", why, delay);
	exec_report(d, x, level, text);
	vigil_after(d, delay, on_start, x);
}

/* --- what it prints -------------------------------------------------------------------------- */

static void complain(vigil_daemon *d, struct exec *x, const char *what, const char *why)
{
	char text[EXEC_TEXT];

	snprintf(text, sizeof(text), "%s: %.200s", what, why);
	x->healthy = false;
	exec_report(d, x, VIGIL_UNKNOWN, text);
	if (x->complained == 0 || vigil_now() - x->complained >= COMPLAIN_EVERY) {
		x->complained = vigil_now();
		vigil_error(d, "%s", text);
	}
}

/* The health after an object: what it says itself, else what was said before, else OK. */
static void report_object(vigil_daemon *d, struct exec *x, bool says_state)
{
	const char *output = json_string_value(vigil_state_get(d, "output"));
	char text[EXEC_TEXT] = "it runs and reports";
	vigil_health_level level = VIGIL_OK;

	if (output != NULL && output[0] != '\0')
		vigil_clean(text, sizeof(text), output);
	if (x->healthy || says_state)
		exec_level(json_string_value(vigil_state_get(d, "state")), &level);
	x->healthy = true;
	exec_report(d, x, level, text);
}

static void on_line(vigil_daemon *d, vigil_child *child, const char *line, size_t length, void *arg)
{
	struct exec *x = arg;
	vigil_health_level level;
	char why[EXEC_TEXT];
	bool says_state;
	struct lenient changed;
	json_t *object;
	int err;

	(void)child;
	if (length == 0)
		return;
	object = merge_read(line, length, why, sizeof(why), &changed);
	if (object == NULL) {
		complain(d, x, "it printed a line that is no JSON object", why);
		return;
	}
	says_state = exec_level(json_string_value(json_object_get(object, "state")), &level);
	if (!says_state)
		json_object_del(object, "state"); /* no word for it */
	err = merge_set(&x->merge, d, object);
	/* The next line has other members: what this one lacks is said until the child ends. */
	if (changed.count > 0)
		exec_put_left_out(d, x, changed.count, changed.text);
	if (err != 0)
		complain(d, x, "it printed an object that cannot be kept", merge_error(err));
	else
		report_object(d, x, says_state);
}

/* --- how it ends ----------------------------------------------------------------------------- */

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
	exec_ending(e, ending, sizeof(ending));
	snprintf(text, sizeof(text), "it ended after %.3g s: %s", e->seconds, ending);
	vigil_event(d, "%s", text);
	vigil_state_set(d, "output", json_string(text));
	start_later(d, x, text, VIGIL_CRITICAL);
}

static void on_start(vigil_daemon *d, void *arg)
{
	struct exec *x = arg;
	vigil_child_spec spec = {.on_line = on_line, .on_exit = on_exit_told};

	x->healthy = false;
	if (exec_spawn(d, x, &spec) != 0) {
		start_later(d, x, x->text, VIGIL_UNKNOWN);
		return;
	}
	exec_put_left_out(d, x, 0, "");
	vigil_state_unset(d, "output"); /* how the one before ended */
	vigil_event(d, "started, pid %d", (int)vigil_child_pid(x->child));
	vigil_health(d, x->reported ? x->level : VIGIL_UNKNOWN,
		"it was started, and has printed nothing yet");
}

int stream_start(vigil_daemon *d, struct exec *x)
{
	/* From the loop: that it cannot be started is to be tried again, no reason to fail. */
	return vigil_after(d, 0, on_start, x);
}
