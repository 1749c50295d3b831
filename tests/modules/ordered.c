/*
 * ordered: daemons whose verbs take some time, and that record when each action began and ended.
 *
 * The state has `begun` and `ended`: the names of the verbs, with a number that all daemons count
 * together.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <vigil/vigil.h>

static int count;

static void record(vigil_daemon *d, const char *what, const char *verb)
{
	char text[64];

	snprintf(text, sizeof(text), "%s %d", verb, ++count);
	vigil_state_set(d, what, json_string(text));
}

static void on_end(vigil_daemon *d, void *arg)
{
	const char *verb = arg, *fails = vigil_option_text(d, "fails");
	bool failed = fails != NULL && strcmp(fails, verb) == 0;

	record(d, "ended", verb);
	vigil_verb_done(d, verb, failed ? -EIO : 0, failed ? "it is broken" : "as told");
}

static int act(vigil_daemon *d, char *verb)
{
	const char *fails = vigil_option_text(d, "fails");

	record(d, "begun", verb);
	if (fails != NULL && strcmp(fails, "busy") == 0)
		return -EALREADY;
	if (vigil_option_seconds(d, "takes") == 0)
		return 0;
	vigil_after(d, vigil_option_seconds(d, "takes"), on_end, verb);
	return VIGIL_VERB_STARTED;
}

static int on_start(vigil_daemon *d, void *arg)
{
	return act(d, "start");
}

static int on_stop(vigil_daemon *d, void *arg)
{
	return act(d, "stop");
}

static int start(vigil_daemon *d)
{
	vigil_on_verb(d, "start", on_start, NULL);
	return vigil_on_verb(d, "stop", on_stop, NULL);
}

static const vigil_option options[] = {
	VIGIL_OPTION("after", VIGIL_LIST, NULL, "daemons that it needs",
		.flags = VIGIL_DAEMONS | VIGIL_ACYCLIC, .choices = "runs serves"),
	VIGIL_OPTION("likes", VIGIL_LIST, NULL, "daemons without an order", .flags = VIGIL_DAEMONS),
	VIGIL_OPTION("group", VIGIL_LIST, NULL, "its groups"),
	VIGIL_OPTION("takes", VIGIL_DURATION, "10ms", "the duration of an action"),
	VIGIL_OPTION(
		"fails", VIGIL_CHOICE, NULL, "the verb that fails", .choices = "start stop busy"),
	VIGIL_OPTION_END};

VIGIL_MODULE(.name = "ordered", .summary = "records the order of actions", .options = options,
	.start = start);
