/*
 * notify: runs a command when something in the state changes, to send a mail, a chat message or a
 * page.
 *
 * The module depends on no other module: it sends what daemons write to the state, above all their
 * health.
 *
 * Changes flow in one direction. watch.c observes changes in the state, records.c decides which of
 * them are sent and when (by the rules of news.c), and send.c runs the command with the message
 * that message.c makes of the queued changes.
 */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>

#include "send.h"
#include "watch.h"

struct notify {
	struct send *send;
	struct watch *watch;
};

static int check_user(vigil_daemon *d)
{
	const char *user = vigil_option_text(d, "user");

	if (user != NULL && getpwnam(user) == NULL)
		return vigil_diagnose(d, "user", "no such user");
	return 0;
}

static int check_command(vigil_daemon *d)
{
	const vigil_child_spec spec = {.size = sizeof(spec),
		.argv = vigil_option_list(d, "command"),
		.user = vigil_option_text(d, "user")};
	char why[512];

	if (vigil_find_program(spec.argv[0], why, sizeof(why)) != 0 ||
		vigil_check_command(&spec, why, sizeof(why)) != 0)
		return vigil_diagnose(d, "command", "%s", why);
	return 0;
}

/* Reports every problem with vigil_diagnose. Returns 0 or -EINVAL. */
static int check(vigil_daemon *d)
{
	int user = check_user(d), command = check_command(d), watch = watch_check(d);

	return user == 0 && command == 0 && watch == 0 ? 0 : -EINVAL;
}

/* Sends a change that is none, so that an admin sees whether the command works. */
static int on_test(vigil_daemon *d, const char *const *arguments, json_t **answer, void *arg)
{
	struct notify *n = arg;
	const char *text = arguments[0] != NULL ? arguments[0] : "this is a test";
	char pointer[WATCH_POINTER_MAX];

	if (arguments[0] != NULL && arguments[1] != NULL) {
		*answer = json_string("only one text is expected; quote it if it has blanks");
		return -EINVAL;
	}
	snprintf(pointer, sizeof(pointer), "/runs/%s/health", vigil_name(d));
	send_change(n->send,
		json_pack("{s:o,s:s,s:s,s:s,s:s,s:s,s:s,s:o,s:n}", "time", vigil_time(), "event",
			"test", "pointer", pointer, "daemon", vigil_name(d), "from", "test", "to",
			"test", "text", text, "since", vigil_time(), "value"));
	*answer = json_sprintf("a test message waits to be sent; `vigilctl status %s` shows "
			       "whether that has failed",
		vigil_name(d));
	return 0;
}

static int start(vigil_daemon *d)
{
	struct notify *n = vigil_alloc(d, sizeof(*n));
	int err = check(d);

	if (err != 0)
		return err;
	n->send = send_start(d);
	if (n->send == NULL)
		return -ENOMEM;
	n->watch = watch_start(d, n->send);
	if (n->watch == NULL) {
		send_stop(n->send);
		return -EINVAL;
	}
	vigil_set_data(d, n);
	return vigil_on_call(d, "test", "[TEXT]: sends a test message", on_test, n);
}

static void stop(vigil_daemon *d)
{
	struct notify *n = vigil_data(d);

	if (n == NULL)
		return; /* its start has failed and freed everything */
	send_save(n->send);
	watch_stop(n->watch);
	send_stop(n->send);
}

static void resumed(vigil_daemon *d)
{
	struct notify *n = vigil_data(d);

	watch_resumed(n->watch);
}

static const vigil_option options[] = {
	VIGIL_OPTION("command", VIGIL_COMMAND, NULL,
		"the program and its arguments, in shell quoting; no shell is run",
		.flags = VIGIL_REQUIRED),
	VIGIL_OPTION("watch", VIGIL_LIST, "/runs/*/health, /vigil/degraded",
		"the addresses in the state to watch; the step * matches any step"),
	VIGIL_OPTION("from", VIGIL_LIST, NULL, "send only changes from these values"),
	VIGIL_OPTION("to", VIGIL_LIST, NULL, "send only changes to these values"),
	VIGIL_OPTION("for", VIGIL_DURATION, "0", "how long a change must last before it is sent",
		.min = 0, .max = 86400),
	VIGIL_OPTION("remind", VIGIL_DURATION, "0",
		"the interval at which a problem that lasts is sent again; 0: never", .min = 0,
		.max = 31536000),
	VIGIL_OPTION("group", VIGIL_DURATION, "1s",
		"changes within this time are sent in one message", .min = 0, .max = 86400),
	VIGIL_OPTION("burst", VIGIL_INT, "20",
		"the maximum number of messages in burst_window; 0: no limit", .min = 0,
		.max = 1000),
	VIGIL_OPTION("burst_window", VIGIL_DURATION, "10m", "the time to which burst applies",
		.min = 1, .max = 86400),
	VIGIL_OPTION("only_during", VIGIL_CALENDAR, NULL,
		"windows of time; changes outside them are sent when the next one begins"),
	VIGIL_OPTION("not_during", VIGIL_CALENDAR, NULL,
		"windows of time; changes inside them are sent when the window ends"),
	VIGIL_OPTION("timeout", VIGIL_DURATION, "30s", "how long the command may run", .min = 0.1,
		.max = 3600),
	VIGIL_OPTION("retries", VIGIL_INT, "5", "how often a failed run is repeated", .min = 0,
		.max = 100),
	VIGIL_OPTION("backoff", VIGIL_DURATION, "10s",
		"the delay before the first repetition; it doubles", .min = 0.01, .max = 3600),
	VIGIL_OPTION("user", VIGIL_TEXT, NULL,
		"the user that the command runs as, if vigild runs as root"),
	VIGIL_OPTION_END,
};

VIGIL_MODULE(.name = "notify", .summary = "runs a command when something has changed",
	.options = options, .start = start, .stop = stop, .check = check, .resumed = resumed);
