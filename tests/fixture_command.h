/*
 * fixture_command: a host with three daemons, and verbs that root runs on it.
 *
 * The daemon "web" runs, "spare" is not enabled, and the module of "broken" is missing.
 */
#ifndef FIXTURE_COMMAND_H
#define FIXTURE_COMMAND_H

#include "command/command.h"
#include "command/pending.h"
#include "fixture_control.h"

static const struct peer root = {.uid = 0};
static struct command_reply reply;

UNUSED static void forget(void)
{
	json_decref(reply.result);
	json_decref(reply.data);
	memset(&reply, 0, sizeof(reply));
}

UNUSED static void on_later_reply(struct command_reply *later, void *arg)
{
	reply = *later;
	memset(later, 0, sizeof(*later));
	*(bool *)arg = true;
}

/* Runs a verb as root, and waits for its reply. Returns the error code; 0: there is a result. */
UNUSED static int run(const char *verb, const char *params)
{
	json_t *object = params != NULL ? json_loads(params, 0, NULL) : NULL;
	bool done = false;

	ck_assert_int_eq(params == NULL, object == NULL);
	forget();
	command_run(host, &root, verb, object, &reply);
	if (reply.pending != NULL) {
		pending_await(reply.pending, on_later_reply, &done);
		RUN_UNTIL(host_loop(host), done);
	}
	json_decref(object);
	ck_assert_int_eq(reply.code == 0, reply.result != NULL);
	ck_assert_int_eq(reply.code == 0, reply.message[0] == '\0');
	return reply.code;
}

/* Returns the text at the pointer of the result; "": there is none. */
UNUSED static const char *text_at(const char *pointer)
{
	const char *text = json_string_value(json_pointer_follow(reply.result, pointer));

	return text != NULL ? text : "";
}

UNUSED static json_int_t number_at(const char *pointer)
{
	return json_integer_value(json_pointer_follow(reply.result, pointer));
}

UNUSED static void write_config(const char *rest)
{
	scratch_put("vigil.conf", 0644,
		"[vigil]\nmodules = %s/src/modules\nstate_dir = %s\nlog = stderr\n%s",
		getenv("top_builddir"), scratch_path("state"), rest);
}

UNUSED static const char daemons[] =
	"[daemons]\nweb = yes\nspare = no\nbroken = yes\n"
	"[daemon:web]\nmodule = service\nservice = web-server\n"
	"manager = command\nstatus_command = /bin/true\ninterval = 1h\n"
	"[daemon:spare]\nmodule = service\nservice = x\n"
	"[daemon:broken]\nmodule = no-such-module\n";

UNUSED static void bring_up(void)
{
	struct diagnostics diagnostics = {0};

	ck_assert_ptr_nonnull(getenv("top_builddir"));
	scratch_setup();
	write_config(daemons);
	log_set_sink(on_log, NULL);
	host = host_new(scratch_path("vigil.conf"), &diagnostics);
	ck_assert_msg(host != NULL, "%s", diagnostics.count ? diagnostics.list[0].text : "");
	diagnostics_clear(&diagnostics);
	host_start(host);
}

UNUSED static void take_down(void)
{
	forget();
	host_free(host);
	log_set_sink(NULL, NULL);
	scratch_teardown();
}

#endif
