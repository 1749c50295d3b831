/*
 * check_host: which daemons run, what a reload changes and what it does not change, and the
 * shutdown.
 */
#include "host/host.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include <event2/event.h>

#include "daemon/daemon.h"
#include "daemon/module.h"
#include "config/config.h"
#include "fixture_host.h"
#include "host/pause.h"
#include "suite.h"

/* --- start ------------------------------------------------------------------------------------ */

START_TEST(a_host_may_have_no_daemons)
{
	config_vigil_lines("");
	bring_up();
	ck_assert_ptr_null(host_daemon(host, 0));
	ck_assert_ptr_null(host_find(host, "any"));
	ck_assert_str_eq(state_at("/runs"), "{}");
	ck_assert_str_eq(state_at("/vigil/generation"), "1");
	ck_assert_str_eq(state_at("/vigil/reloads"), "0");
	ck_assert_str_eq(state_at("/vigil/version"), "\"" PACKAGE_VERSION "\"");
	ck_assert_int_eq(atoi(state_at("/vigil/pid")), getpid());
	ck_assert_str_eq(state_at("/vigil/workers/lost"), "0");
	ck_assert_str_ne(state_at("/vigil/loop/lag_seconds/p99"), "");
	ck_assert_str_eq(state_at("/vigil/none"), "");
	ck_assert_str_eq(state_at("/vigil/daemons"), "[]");
	ck_assert_str_eq(state_at("/runs/none"), "");
	host_free(NULL);
}
END_TEST

START_TEST(a_daemon_that_fails_does_not_affect_the_others)
{
	struct vigil_daemon *d;

	config_vigil_lines("");
	config_odd("a", "word = w");
	config_odd("b", "start = refuse\nword = b-word");
	config_odd("c", "start = error");
	config_odd("e", "");
	config_daemon_lines("d", "module = missing");
	bring_up();
	for (size_t i = 0; (d = host_daemon(host, i)) != NULL; i++) {
		ck_assert_int_eq(daemon_name(d)[0], (char)('a' + i)); /* sorted by name */
		ck_assert_ptr_eq(host_find(host, daemon_name(d)), d);
	}
	ck_assert_str_eq(state_at("/runs/a/status"), "\"running\"");
	ck_assert_str_eq(state_at("/runs/e/status"), "\"running\"");
	ck_assert_str_eq(state_at("/runs/b/status"), "\"failed\"");
	ck_assert_str_eq(state_at("/runs/b/reason"), "\"the b-word is refused\"");
	ck_assert_str_eq(state_at("/runs/c/reason"),
		"\"its start returned -6 (No such device or address)\"");
	ck_assert_ptr_nonnull(strstr(state_at("/runs/d/reason"), "no such module"));
	ck_assert_str_eq(state_at("/runs/d/module"), "\"missing\"");
	ck_assert_str_eq(state_at("/vigil/daemons"), "[\"a\",\"b\",\"c\",\"d\",\"e\"]");
	ck_assert_str_eq(state_at("/daemons"), "{\"a\":{\"starts\":1},\"e\":{\"starts\":1}}");
	ck_assert_str_eq(journal(), "start a w\nstart b b-word\nstart c -\nstart e -\n");
	ck_assert_uint_eq(log_holds("is up with 5 daemons, 3 of them failed"), 1);
	/* and only the daemons that ran are stopped */
	forget_journal();
	host_free(host);
	host = NULL;
	ck_assert_str_eq(journal(), "stop e -\nstop a w\n");
}
END_TEST

START_TEST(an_invalid_configuration_prevents_the_start)
{
	config_vigil_lines("workers = none\n");
	ck_assert(!make());
	ck_assert_ptr_nonnull(strstr(diagnostics.list[0].text, "vigil.conf:4: "));
	config_vigil_lines("log = /none/such/place\n");
	ck_assert(!make());
	ck_assert_ptr_nonnull(strstr(diagnostics.list[0].text, "/none/such/place"));
	/* a missing module is an error only for -t */
	config_vigil_lines("");
	config_daemon_lines("d", "");
	diagnostics_clear(&diagnostics);
	ck_assert_int_eq(host_test(scratch_path("vigil.conf"), NULL, &diagnostics), -EINVAL);
	ck_assert_uint_eq(diagnostics.count, 1);
	ck_assert(make());
	config_vigil_lines("");
	config_odd("a", "");
	diagnostics_clear(&diagnostics);
	ck_assert_int_eq(host_test(scratch_path("vigil.conf"), NULL, &diagnostics), 0);
	ck_assert_str_eq(journal(), ""); /* -t starts no daemon */
}
END_TEST

/* --- reload ----------------------------------------------------------------------------------- */

START_TEST(a_daemon_that_refuses_its_options_refuses_the_reload)
{
	config_vigil_lines("");
	config_odd("gone", "");
	config_odd("one", "word = before\nreconfigure = yes");
	config_odd("restarts", "word = before");
	config_odd("some", "word = before\nreconfigure = yes");
	config_odd("two", "word = before\nreconfigure = yes");
	bring_up();
	forget_journal();

	config_vigil_lines("");
	config_odd("new", "");
	config_odd("one", "word = after\nreconfigure = yes");
	config_odd("restarts", "word = after");
	config_odd("some", "word = after\nreconfigure = yes\nstart = refuse");
	config_odd("two", "word = after\nreconfigure = yes");
	ck_assert_int_eq(reload(), -EINVAL);
	ck_assert_str_eq(diagnostics.list[0].text,
		"the daemon \"some\" refuses its new options: the word is kept");
	ck_assert_str_eq(journal(),
		"reconfigure one after\nreconfigure restarts after\nreconfigure some after\n"
		"reconfigure one before\nstop restarts before\nstart restarts before\n");
	ck_assert_ptr_null(host_find(host, "new"));
	ck_assert_ptr_nonnull(host_find(host, "gone"));
	ck_assert_str_eq(
		option_get(daemon_options(host_find(host, "some")), "word")->text, "before");
	ck_assert_str_eq(
		option_get(daemon_options(host_find(host, "one")), "word")->text, "before");
	ck_assert_int_eq(daemon_status(host_find(host, "some")), DAEMON_RUNNING);

	/* the next reload offers them again */
	config_odd("some", "word = after\nreconfigure = yes");
	forget_journal();
	ck_assert_int_eq(reload(), 0);
	ck_assert_str_eq(said("changed"), "[\"one\",\"restarts\",\"some\",\"two\"]");
}
END_TEST

START_TEST(a_reload_returns_what_it_has_changed)
{
	config_vigil_lines("");
	config_odd("gone", "");
	config_odd("same", "word = s");
	config_odd("other", "word = before");
	config_odd("takes", "word = before\nreconfigure = yes");
	config_odd("broken", "start = refuse\nword = word");
	config_odd("mended", "start = error");
	bring_up();
	forget_journal();

	config_vigil_lines("");
	config_odd("new", "");
	config_odd("same", "word = s");
	config_odd("other", "word = after");
	config_odd("takes", "word = after\nreconfigure = yes");
	config_odd("broken", "start = refuse\nword = word");
	config_odd("mended", "");
	ck_assert_int_eq(reload(), 0);
	ck_assert_str_eq(said("stopped"), "[\"gone\"]");
	ck_assert_str_eq(said("started"), "[\"new\"]");
	ck_assert_str_eq(said("changed"), "[\"broken\",\"mended\",\"other\",\"takes\"]");
	ck_assert_str_eq(said("kept"), "1");
	ck_assert_str_eq(said("failed"), "{\"broken\":\"the word is refused\"}");
	ck_assert_str_eq(said("restart_needed"), "[]");
	ck_assert_str_eq(journal(),
		"reconfigure other after\nreconfigure takes after\nstop gone -\n"
		"start broken word\nstart mended -\nstart new -\nstop other before\n"
		"start other after\n");
	ck_assert_str_eq(state_at("/daemons/gone"), "");
	ck_assert_str_eq(state_at("/runs/gone"), "");
	ck_assert_str_eq(state_at("/daemons/same/starts"), "1");
	ck_assert_str_eq(state_at("/vigil/generation"), "2");
	ck_assert_str_eq(state_at("/vigil/reloads"), "1");
	ck_assert_uint_eq(
		log_holds("reloaded: 1 started, 1 stopped, 4 changed, 1 kept, 1 failed"), 1);

	/* an unchanged configuration: only the failed daemon is started again */
	forget_journal();
	ck_assert_int_eq(reload(), 0);
	ck_assert_str_eq(said("kept"), "5");
	ck_assert_str_eq(said("changed"), "[\"broken\"]");
	ck_assert_str_eq(journal(), "start broken word\n");
}
END_TEST

START_TEST(a_daemon_whose_module_changes_is_replaced)
{
	config_vigil_lines("");
	config_odd("a", "");
	bring_up();
	forget_journal();
	config_vigil_lines("");
	config_daemon_lines("a", "module = exec\ncommand = /bin/true");
	ck_assert_int_eq(reload(), 0);
	ck_assert_str_eq(said("changed"), "[\"a\"]");
	ck_assert_str_eq(journal(), "stop a -\n");
	ck_assert_str_eq(state_at("/runs/a/module"), "\"exec\"");
	/* the module is now missing: the daemon is stopped and has failed */
	config_vigil_lines("");
	config_daemon_lines("a", "module = missing");
	ck_assert_int_eq(reload(), 0);
	ck_assert_str_eq(state_at("/runs/a/status"), "\"failed\"");
	ck_assert_ptr_nonnull(strstr(said("failed"), "no such module"));
}
END_TEST

/* A new timer would fire within a second. */
START_TEST(unchanged_daemons_miss_no_tick_and_get_no_extra_tick)
{
	config_vigil_lines("");
	config_odd("kept", "interval = 1h");
	config_odd("quick", "interval = 20ms");
	config_odd("other", "interval = 1h\nword = 0");
	bring_up();
	TURN_UNTIL(journal_holds("tick kept") == 1 && journal_holds("tick other 0") == 1);
	for (int i = 1; i < 15; i++) {
		char lines[64];

		snprintf(lines, sizeof(lines), "interval = 1h\nword = %d", i);
		config_vigil_lines("");
		config_odd("kept", "interval = 1h");
		config_odd("quick", "interval = 20ms");
		config_odd("other", lines);
		ck_assert_int_eq(reload(), 0);
		ck_assert_str_eq(said("kept"), "2");
		turn_for(100 * CLOCK_MS);
	}
	TURN_UNTIL(journal_holds("tick other 14") == 1);
	ck_assert_uint_eq(journal_holds("tick kept"), 1);
	ck_assert_str_eq(state_at("/runs/kept/ticks"), "1");
	ck_assert_str_eq(state_at("/runs/kept/missed"), "0");
	/* all ticks that were due, 70 in the turns above alone, as far as the machine is fast
	 * enough */
	ck_assert_int_ge(atoi(state_at("/runs/quick/ticks")), 10);
	ck_assert_uint_eq(journal_holds("tick quick"), atoi(state_at("/runs/quick/ticks")));
	ck_assert_int_ge(
		atoi(state_at("/runs/quick/ticks")) + atoi(state_at("/runs/quick/missed")), 60);
}
END_TEST

START_TEST(an_invalid_configuration_changes_nothing)
{
	static const char *const wrong[] = {"[daemon:a\n", "[daemon:a]\nwrod = x", "[vigil]\nx = 1",
		"[vigil]\nmodules = /nowhere\n[daemon:a]\ninterval = soon",
		"[vigil]\nlog = /none/x"};
	char modules[256];

	config_vigil_lines("");
	config_odd("a", "word = w");
	bring_up();
	forget_journal();
	snprintf(modules, sizeof(modules), "%s", modules_directories(host_modules(host))[0]);
	for (size_t i = 0; i < COUNT(wrong); i++) {
		config_vigil_lines("log_level = debug\nrestart_rate = 1/1h\n");
		config_odd("a", "word = w");
		config_odd("b", "");
		scratch_put("conf.d/wrong.conf", 0644, "%s\n", wrong[i]);
		ck_assert_msg(reload() == -EINVAL, "%s", wrong[i]);
		ck_assert_ptr_nonnull(strstr(diagnostics.list[0].text, scratch));
		ck_assert_uint_gt(log_holds(diagnostics.list[0].text), 0);
		ck_assert_uint_eq(log_holds("the running daemons are unchanged"), i + 1);
		ck_assert_str_eq(journal(), "");
		ck_assert_ptr_null(host_find(host, "b"));
		ck_assert_str_eq(state_at("/runs/a/status"), "\"running\"");
		ck_assert_str_eq(state_at("/vigil/generation"), "1");
		ck_assert_int_eq(atoi(state_at("/vigil/reload_errors")), (int)i + 1);
		ck_assert_str_eq(modules_directories(host_modules(host))[0], modules);
		ck_assert_int_eq(log_level(), LEVEL_INFO);
	}
	ck_assert_int_eq(unlink(scratch_path("conf.d/wrong.conf")), 0);
	ck_assert_int_eq(reload(), 0);
	ck_assert_str_eq(said("started"), "[\"b\"]");
	ck_assert_int_eq(log_level(), LEVEL_DEBUG);
}
END_TEST

/* --- settings --------------------------------------------------------------------------------- */

START_TEST(options_that_need_a_restart_are_reported)
{
	char lines[512];

	config_vigil_lines("");
	bring_up();
	snprintf(lines, sizeof(lines), "socket = %s\ngroup = other\nworkers = 2\n",
		scratch_path("socket"));
	config_vigil_lines(lines);
	ck_assert_int_eq(reload(), 0);
	ck_assert_str_eq(said("restart_needed"), "[\"socket\",\"group\"]");
	ck_assert_uint_eq(log_holds("[vigil] group has changed"), 1);
	ck_assert_int_eq(config_vigil(host_config(host), "workers")->integer, 2);
	ck_assert_int_eq(reload(), 0);
}
END_TEST

START_TEST(a_changed_log_level_stays_until_the_file_changes)
{
	config_vigil_lines("log_level = notice\n");
	bring_up();
	ck_assert_int_eq(log_level(), LEVEL_NOTICE);
	log_set_level(LEVEL_DEBUG);
	ck_assert_int_eq(reload(), 0);
	ck_assert_int_eq(log_level(), LEVEL_DEBUG);
	config_vigil_lines("log_level = warning\n");
	ck_assert_int_eq(reload(), 0);
	ck_assert_int_eq(log_level(), LEVEL_WARN);
}
END_TEST

static char told[32][64];
static unsigned told_count;

static void on_told(uint64_t revision, const char *pointer, json_t *value, void *arg)
{
	ck_assert_uint_lt(told_count, 32);
	snprintf(told[told_count++], sizeof(told[0]), "%.30s %.20s", pointer,
		json_is_string(value) ? json_string_value(value)
		: value == NULL       ? "gone"
				      : "");
}

START_TEST(a_watch_reports_all_changes_of_a_reload)
{
	struct state_watch *watch;

	config_vigil_lines("");
	config_odd("a", "");
	bring_up();
	watch = state_watch(host_state(host), "/runs", on_told, NULL);
	ck_assert_ptr_nonnull(watch);
	told_count = 0;
	config_vigil_lines("");
	config_odd("b", "");
	ck_assert_int_eq(reload(), 0);
	ck_assert_uint_eq(told_count, 3);
	ck_assert_str_eq(told[0], "/runs/a/status stopping");
	ck_assert_str_eq(told[1], "/runs/b/status starting");
	ck_assert_str_eq(told[2], "/runs/b/status running");
	state_unwatch(watch);
}
END_TEST

START_TEST(a_watch_reports_a_reload_as_another_generation)
{
	struct state_watch *watch;

	config_vigil_lines("");
	config_odd("a", "");
	bring_up();
	watch = state_watch(host_state(host), "/vigil/generation", on_told, NULL);
	ck_assert_ptr_nonnull(watch);
	told_count = 0;
	ck_assert_int_eq(reload(), 0);
	ck_assert_uint_eq(told_count, 1);
	config_vigil_lines("nonsense = 1\n");
	ck_assert_int_ne(reload(), 0);
	ck_assert_uint_eq(told_count, 1);
	state_unwatch(watch);
}
END_TEST

/* --- shutdown --------------------------------------------------------------------------------- */

static unsigned ended;

static void on_stopped(void *arg)
{
	ck_assert_ptr_eq(arg, &ended);
	ended++;
	loop_stop(host_loop(host));
}

START_TEST(stored_values_and_pauses_survive_a_restart)
{
	config_vigil_lines("");
	config_odd("a", "");
	config_odd("b", "");
	for (int i = 1; i <= 3; i++) {
		bring_up();
		ck_assert_int_eq(atoi(state_at("/daemons/a/starts")), i);
		if (i == 1)
			pause_start(host_pauses(host), host_find(host, "b"), 3600, "disk", "");
		ck_assert_str_eq(state_at("/runs/b/status"), "\"paused\"");
		ck_assert_str_eq(state_at("/runs/a/status"), "\"running\"");
		ended = 0;
		host_stop(host, on_stopped, &ended);
		host_stop(host, on_stopped, &ended); /* it is already being stopped */
		ck_assert_int_eq(reload(), -EINVAL);
		TURN_UNTIL(ended > 0);
		ck_assert_uint_eq(ended, 1);
		ck_assert_ptr_null(host_daemon(host, 0));
		ck_assert_str_eq(state_at("/daemons"), "{}");
		host_free(host);
		host = NULL;
	}
}
END_TEST

START_TEST(the_shutdown_waits_for_restarts_and_ends_children)
{
	char lines[512];
	pid_t child;

	config_vigil_lines("");
	scratch_put("slow", 0755,
		"#!/bin/sh\n: >%s\nwhile [ ! -e %s ]; do sleep 0.02; done\n: >%s\n",
		scratch_path("begun"), scratch_path("go"), scratch_path("done"));
	snprintf(lines, sizeof(lines), "restart = %s", scratch_path("slow"));
	config_odd("a", lines);
	scratch_put(
		"child", 0755, "#!/bin/sh\necho $$ >%s\nexec sleep 1000\n", scratch_path("pid"));
	snprintf(lines, sizeof(lines), "child = %s", scratch_path("child"));
	config_odd("b", lines);
	bring_up();
	TURN_UNTIL(scratch_has("begun") && scratch_has("pid"));
	child = scratch_number("pid");
	ended = 0;
	host_stop(host, on_stopped, &ended);
	turn_for(50 * CLOCK_MS);
	ck_assert_uint_eq(ended, 0);
	ck_assert_ptr_nonnull(host_find(host, "a"));
	scratch_put("go", 0644, "now\n");
	TURN_UNTIL(ended == 1);
	ck_assert(scratch_has("done"));
	ck_assert_int_eq(kill(child, 0), -1);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1); /* no child is left */
	/* on a busy machine there are ticks in between */
	ck_assert_int_eq(strncmp(journal(), "start a -\nstart b -\n", 20), 0);
	ck_assert_ptr_nonnull(strstr(journal(), "stop b -\nstop a -\n"));
}
END_TEST

SUITE("host", setup, teardown)
{
	TEST(a_host_may_have_no_daemons);
	TEST(a_daemon_that_fails_does_not_affect_the_others);
	TEST(an_invalid_configuration_prevents_the_start);
	TEST(a_daemon_that_refuses_its_options_refuses_the_reload);
	TEST(a_reload_returns_what_it_has_changed);
	TEST(a_daemon_whose_module_changes_is_replaced);
	TEST(unchanged_daemons_miss_no_tick_and_get_no_extra_tick);
	TEST(an_invalid_configuration_changes_nothing);
	TEST(options_that_need_a_restart_are_reported);
	TEST(a_changed_log_level_stays_until_the_file_changes);
	TEST(a_watch_reports_all_changes_of_a_reload);
	TEST(a_watch_reports_a_reload_as_another_generation);
	TEST(stored_values_and_pauses_survive_a_restart);
	TEST(the_shutdown_waits_for_restarts_and_ends_children);
}
