/*
 * check_init_text: what the texts of init scripts, finish scripts and unit files say. Nothing is
 * run.
 */
#include "service/managers/init_text.h"

#include <string.h>

#include "service/managers/finish_script.h"
#include "service/managers/openrc_list.h"
#include "suite.h"

static const struct {
	const char *what, *text;
	bool daemon, status;
} scripts[] = {
	{"nothing", "", false, false},
	{"a script that sets the name of the host", "#!/bin/sh\nhostname web\n", false, false},
	{"Debian", "#!/bin/sh\nstart-stop-daemon --start --exec /x\ncase $1 in\nstatus) ;;\nesac\n",
		true, true},
	{"a comment is no command", "#!/bin/sh\n# start-stop-daemon, status\ntrue\n", false, false},
	{"part of a word is no command", "#!/bin/sh\nmy-start-stop-daemon\n", false, false},
	{"Red Hat", "#!/bin/sh\n\tdaemon --user x /usr/bin/x\n", true, false},
	{"a daemon in the functions of the LSB", ". /lib/lsb/init-functions\nstart_daemon /x\n",
		true, false},
	{"init-d-script", "#!/lib/init/init-d-script\nDAEMON=/usr/sbin/x\n", true, true},
	{"init-d-script without a daemon", "#!/lib/init/init-d-script\nDAEMON=none\n", false, true},
	{"OpenRC", "#!/sbin/openrc-run\ncommand=/usr/bin/x\n", true, false},
	{"OpenRC with a variable", "#!/sbin/openrc-run\ncommand=\"${X:-/usr/bin/x}\"\n", true,
		false},
	{"OpenRC without a command", "#!/sbin/openrc-run\nstart() { :; }\n", false, false},
	{"no line end", "command=/x", true, false},
};

START_TEST(daemons_are_recognized_by_their_scripts)
{
	ck_assert_msg(init_text_is_daemon(scripts[_i].text) == scripts[_i].daemon, "%s",
		scripts[_i].what);
	ck_assert_msg(init_text_has_status(scripts[_i].text) == scripts[_i].status, "%s",
		scripts[_i].what);
}
END_TEST

static const struct {
	const char *text, *before, *value; /* value NULL: not found */
} values[] = {
	{"", "", NULL},
	{"x=1\n", "", "1"},
	{"x=1\nx=2\n", "", "2"},
	{"  x=1 # one\n", "", "1"},
	{"x=\"a b\"\n", "", "a b"},
	{"x='a b'\n", "", "a b"},
	{"export x=1\n", "", "1"},
	{"xx=1\ny=x=2\n", "", NULL},
	{"#x=1\n", "", NULL},
	{"x=$(id)\n", "", NULL},
	{"x=`id`\n", "", NULL},
	{"x=\"${x:-60}\"\n", "", "60"},
	{"x=\"${x:-60}\"\n", "5", "5"},
	{"x=${x:-60}\n", "", "60"},
	{"x=", "", ""},
};

START_TEST(values_are_read)
{
	char value[64];
	bool found;

	strcpy(value, values[_i].before);
	found = init_text_value(values[_i].text, "x", value, sizeof(value));
	ck_assert_msg(found == (values[_i].value != NULL), "%s", values[_i].text);
	if (found)
		ck_assert_str_eq(value, values[_i].value);
	else
		ck_assert_str_eq(value, values[_i].before);
}
END_TEST

START_TEST(a_long_value_is_truncated)
{
	char value[4] = "";

	ck_assert(init_text_value("x=123456\n", "x", value, sizeof(value)));
	ck_assert_str_eq(value, "123");
}
END_TEST

static const struct {
	const char *script;
	enum finish_use use;
} finishes[] = {
	{"", FINISH_NEVER},
	{"#!/bin/sh\nexit 125\n", FINISH_ALWAYS},
	{"#!/bin/sh\n\n# the end\n  exit 125", FINISH_ALWAYS},
	{"#!/bin/sh\nexec exit 125\n", FINISH_ALWAYS},
	{"#!/bin/sh\nexit 1250\n", FINISH_NEVER},
	{"#!/bin/sh\nexit 0\n# exit 125\n", FINISH_NEVER},
	{"#!/bin/sh\nexit 0 # exit 125\n", FINISH_NEVER},
	{"#!/bin/sh\nif test $1 = 1; then exit 125; fi\n", FINISH_MAYBE},
	{"#!/bin/sh\n[ $1 = 1 ] && exit   125\n", FINISH_MAYBE},
	{"#!/bin/sh\nno-exit 125\n", FINISH_NEVER},
	{"#!/bin/execlineb\nifelse { test 1 } { exit 125 } exit 0\n", FINISH_MAYBE},
};

START_TEST(finish_scripts_are_read)
{
	static const char *const words[] = {"exit", "125", NULL};

	ck_assert_msg(finish_script_runs(finishes[_i].script, words) == finishes[_i].use, "%s",
		finishes[_i].script);
}
END_TEST

static const struct {
	const char *conf, *script;
	vigil_service_crash crash;
	double delay;
} openrc[] = {
	{"", "command=/x\n", VIGIL_CRASH_DOWN, 0},
	{"", "supervisor=supervise-daemon\n", VIGIL_CRASH_RESTARTED, 0},
	{"", "supervisor=\"supervise-daemon\"\nrespawn_delay=2\n", VIGIL_CRASH_RESTARTED, 2},
	{"supervisor=supervise-daemon\n", "command=/x\n", VIGIL_CRASH_RESTARTED, 0},
	{"supervisor=supervise-daemon\n", "supervisor=\n", VIGIL_CRASH_DOWN, 0},
	{"supervisor=s6\n", "supervisor=${supervisor:-supervise-daemon}\n", VIGIL_CRASH_RESTARTED,
		0},
	{"respawn_delay=5\n", "supervisor=supervise-daemon\nrespawn_delay=${respawn_delay:-1}\n",
		VIGIL_CRASH_RESTARTED, 5},
	{"", "supervisor=runit\n", VIGIL_CRASH_RESTARTED, 0},
	{"", "supervisor=unheard-of\n", VIGIL_CRASH_DOWN, 0},
	{"", "supervisor=supervise-daemon\nrespawn_delay=soon\n", VIGIL_CRASH_RESTARTED, 0},
	{"", "supervisor=supervise-daemon\nrespawn_delay=-1\n", VIGIL_CRASH_RESTARTED, 0},
};

START_TEST(openrc_restarts_only_what_is_supervised)
{
	struct openrc_settings settings = {.delay = ""};
	double delay = -1;

	openrc_list_settings(openrc[_i].conf, &settings);
	openrc_list_settings(openrc[_i].script, &settings);
	ck_assert_msg(
		openrc_list_crash(settings.supervisor, settings.delay, &delay) == openrc[_i].crash,
		"%s", openrc[_i].script);
	ck_assert_double_eq(delay, openrc[_i].delay);
}
END_TEST

SUITE("init_text", NULL, NULL)
{
	LOOP_TEST(daemons_are_recognized_by_their_scripts, COUNT(scripts));
	LOOP_TEST(values_are_read, COUNT(values));
	TEST(a_long_value_is_truncated);
	LOOP_TEST(finish_scripts_are_read, COUNT(finishes));
	LOOP_TEST(openrc_restarts_only_what_is_supervised, COUNT(openrc));
}
