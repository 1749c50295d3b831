/*
 * check_host_compare: what a reload reports about each change, and that a dry run reports the same
 * and changes nothing.
 */
#include "host/host.h"

#include <errno.h>
#include <sys/resource.h>

#include "daemon/daemon.h"
#include "daemon/module.h"
#include "config/config.h"
#include "fixture_host.h"
#include "suite.h"

static int dry_run(void)
{
	int err = plan_by(host_dry_run);

	if (err == 0)
		ck_assert(json_is_true(json_object_get(result, "dry_run")));
	return err;
}

/* Makes the dry run and the reload, and compares their results.  expected: the result of both,
 * without "failed" and "dry_run". */
static void expect_both(const char *expected)
{
	json_error_t error;
	json_t *wanted = json_loads(expected, 0, &error), *dry;

	ck_assert_msg(wanted != NULL, "%s: %s", error.text, expected);
	ck_assert_int_eq(dry_run(), 0);
	json_object_del(result, "dry_run");
	json_object_del(result, "failed");
	dry = json_incref(result);
	ck_assert_int_eq(reload(), 0);
	ck_assert_ptr_null(json_object_get(result, "dry_run"));
	json_object_del(result, "failed");
	ck_assert_msg(json_equal(dry, wanted), "%s", json_dumps(dry, JSON_COMPACT));
	ck_assert_msg(json_equal(result, wanted), "%s", json_dumps(result, JSON_COMPACT));
	json_decref(dry);
	json_decref(wanted);
}

/* --- what is reported ------------------------------------------------------------------------- */

START_TEST(each_changed_option_has_its_old_and_its_new_value)
{
	config_vigil_lines("");
	config_odd("gone", "");
	config_odd("same", "interval = 60s\nword = s");
	config_odd("web", "interval = 5s\nword = before\nrestart = /bin/true a");
	bring_up();
	config_vigil_lines("");
	config_odd("new", "word = n");
	config_odd("same", "interval = 1m\nword = s"); /* the same in other words */
	config_odd("web", "word = after\npeers = same, new\nreconfigure = yes");
	expect_both("{\"started\":[\"new\"],\"stopped\":[\"gone\"],\"changed\":[\"web\"],"
		    "\"kept\":1,\"restart_needed\":[],\"vigil_changes\":{},\"changes\":{\"web\":{"
		    "\"word\":{\"old\":\"before\",\"new\":\"after\"},"
		    "\"peers\":{\"old\":\"\",\"new\":\"same, new\"},"
		    "\"reconfigure\":{\"old\":\"no\",\"new\":\"yes\"},"
		    "\"interval\":{\"old\":\"5s\",\"new\":\"1h\"},"
		    "\"restart\":{\"old\":\"/bin/true a\",\"new\":\"\"}}}}");
}
END_TEST

START_TEST(a_secret_is_not_shown)
{
	config_vigil_lines("");
	config_odd("a", "token = alpha");
	config_odd("b", "token = beta");
	bring_up();
	config_vigil_lines("");
	config_odd("a", "token = gamma");
	config_odd("b", "");
	expect_both("{\"started\":[],\"stopped\":[],\"changed\":[\"a\",\"b\"],\"kept\":0,"
		    "\"restart_needed\":[],\"vigil_changes\":{},\"changes\":{"
		    "\"a\":{\"token\":{\"old\":\"***\",\"new\":\"***\"}},"
		    "\"b\":{\"token\":{\"old\":\"***\",\"new\":\"\"}}}}");
}
END_TEST

/* The module is not called, and its timers stay as they are. */
START_TEST(an_option_of_the_host_is_changed_without_the_module)
{
	config_vigil_lines("");
	config_odd("a", "word = w");
	config_odd("b", "word = w\nreconfigure = yes");
	bring_up();
	TURN_UNTIL(journal_holds("tick a") == 1 && journal_holds("tick b") == 1);
	forget_journal();
	config_vigil_lines("");
	config_odd("a", "word = w\npause_during = 00:00-24:00");
	config_odd("b", "word = w\nreconfigure = yes");
	expect_both("{\"started\":[],\"stopped\":[],\"changed\":[\"a\"],\"kept\":1,"
		    "\"restart_needed\":[],\"vigil_changes\":{},\"changes\":{\"a\":{"
		    "\"pause_during\":{\"old\":\"\",\"new\":\"00:00-24:00\"}}}}");
	ck_assert_str_eq(state_at("/runs/a/status"), "\"paused\"");
	ck_assert_str_eq(state_at("/runs/a/paused_by"), "\"pause_during\"");
	ck_assert_str_eq(state_at("/runs/b/status"), "\"running\"");
	ck_assert_uint_eq(journal_holds("start"), 0);
	ck_assert_uint_eq(journal_holds("stop"), 0);
	config_odd("a", "word = x\npause_during = 00:00-24:00");
	config_odd("b", "word = x\nreconfigure = yes\npause_during = Mon..Sun");
	ck_assert_int_eq(reload(), 0);
	ck_assert_str_eq(state_at("/runs/a/status"), "\"paused\"");
	ck_assert_str_eq(state_at("/runs/b/status"), "\"paused\"");
	ck_assert_str_eq(said("changes"), "{\"a\":{\"word\":{\"old\":\"w\",\"new\":\"x\"}},"
					  "\"b\":{\"word\":{\"old\":\"w\",\"new\":\"x\"},"
					  "\"pause_during\":{\"old\":\"\",\"new\":\"Mon..Sun\"}}}");
	config_odd("a", "word = x");
	config_odd("b", "word = x\nreconfigure = yes");
	ck_assert_int_eq(reload(), 0);
	ck_assert_str_eq(state_at("/runs/a/status"), "\"running\"");
	ck_assert_str_eq(state_at("/runs/b/status"), "\"running\"");
}
END_TEST

START_TEST(a_change_of_module_is_shown_alone)
{
	config_vigil_lines("");
	config_odd("a", "");
	bring_up();
	config_vigil_lines("");
	config_daemon_lines("a", "module = exec\ncommand = /bin/true");
	expect_both("{\"started\":[],\"stopped\":[],\"changed\":[\"a\"],\"kept\":0,"
		    "\"restart_needed\":[],\"vigil_changes\":{},"
		    "\"changes\":{\"a\":{\"module\":{\"old\":\"odd\",\"new\":\"exec\"}}}}");
	config_vigil_lines("");
	config_daemon_lines("a", "module = missing");
	expect_both("{\"started\":[],\"stopped\":[],\"changed\":[\"a\"],\"kept\":0,"
		    "\"restart_needed\":[],\"vigil_changes\":{},"
		    "\"changes\":{\"a\":{\"module\":{\"old\":\"exec\",\"new\":\"missing\"}}}}");
	/* Both are the same, but it has failed. */
	expect_both("{\"started\":[],\"stopped\":[],\"changed\":[\"a\"],\"kept\":0,"
		    "\"restart_needed\":[],\"vigil_changes\":{},\"changes\":{\"a\":{}}}");
}
END_TEST

START_TEST(settings_of_vigild_are_compared)
{
	char lines[512], expected[1024];

	snprintf(lines, sizeof(lines), "socket = %s\nworkers = 2\n", scratch_path("one"));
	config_vigil_lines(lines);
	bring_up();
	snprintf(lines, sizeof(lines), "socket = %s\ndeny = ssh*\n", scratch_path("two"));
	config_vigil_lines(lines);
	snprintf(expected, sizeof(expected),
		"{\"started\":[],\"stopped\":[],\"changed\":[],\"kept\":0,\"changes\":{},"
		"\"restart_needed\":[\"socket\"],\"vigil_changes\":{"
		"\"socket\":{\"old\":\"%s/one\",\"new\":\"%s/two\"},"
		"\"workers\":{\"old\":\"2\",\"new\":\"4\"},"
		"\"deny\":{\"old\":\"\",\"new\":\"ssh*\"}}}",
		scratch, scratch);
	expect_both(expected);
	ck_assert_uint_eq(log_holds("[vigil] socket has changed"), 1); /* by the reload */
}
END_TEST

START_TEST(known_failures_are_reported)
{
	config_vigil_lines("");
	config_odd("broken", "start = refuse\nword = word");
	bring_up();
	config_vigil_lines("");
	config_odd("broken", "start = refuse\nword = other");
	config_daemon_lines("lost", "module = missing");
	ck_assert_int_eq(dry_run(), 0);
	ck_assert_str_eq(said("started"), "[\"lost\"]");
	ck_assert_str_eq(said("changed"), "[\"broken\"]");
	ck_assert_str_eq(
		said("changes"), "{\"broken\":{\"word\":{\"old\":\"word\",\"new\":\"other\"}}}");
	ck_assert_uint_eq(json_object_size(json_object_get(result, "failed")), 1);
	ck_assert_ptr_nonnull(strstr(said("failed"), "{\"lost\":\"no such module"));
}
END_TEST

/* --- a dry run changes nothing ---------------------------------------------------------------- */

START_TEST(a_dry_run_changes_nothing)
{
	struct vigil_daemon *a, *b;
	char modules[256], lines[512];

	config_vigil_lines("");
	config_odd("a", "word = w");
	config_odd("b", "interval = 20ms");
	config_odd("broken", "start = error");
	bring_up();
	a = host_find(host, "a");
	b = host_find(host, "b");
	TURN_UNTIL(journal_holds("tick b") >= 1 && journal_holds("tick a w") == 1);
	forget_journal();
	snprintf(modules, sizeof(modules), "%s", modules_directories(host_modules(host))[0]);
	snprintf(lines, sizeof(lines), "log_level = debug\nlog = %s\nmodules = %s/tests/modules\n",
		scratch_path("log"), getenv("top_builddir"));
	scratch_put(
		"vigil.conf", 0644, "[vigil]\nstate_dir = %s\n%s", scratch_path("state"), lines);
	ck_assert_int_eq(unlink(scratch_path("conf.d/a.conf")), 0);
	config_odd("b", "interval = 1h\nword = x\nreconfigure = yes");
	config_odd("c", "");
	logged_lines = 0;
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(dry_run(), 0);
		ck_assert_str_eq(said("started"), "[\"c\"]");
		ck_assert_str_eq(said("stopped"), "[\"a\"]");
		ck_assert_str_eq(said("changed"), "[\"b\",\"broken\"]");
	}
	ck_assert_uint_eq(logged_lines, 0);
	ck_assert_str_eq(journal(), "");
	ck_assert_ptr_eq(host_find(host, "a"), a);
	ck_assert_ptr_eq(host_find(host, "b"), b);
	ck_assert_ptr_null(host_find(host, "c"));
	ck_assert_str_eq(state_at("/vigil/generation"), "1");
	ck_assert_str_eq(state_at("/vigil/reloads"), "0");
	ck_assert_str_eq(state_at("/vigil/reload_errors"), "0");
	ck_assert_str_eq(state_at("/runs/broken/status"), "\"failed\"");
	ck_assert_str_eq(modules_directories(host_modules(host))[0], modules);
	ck_assert_int_eq(log_level(), LEVEL_INFO);
	ck_assert(!scratch_has("log"));
	ck_assert_ptr_nonnull(config_find(host_config(host), "a"));
	TURN_UNTIL(journal_holds("tick b") >= 3);
	ck_assert_uint_eq(journal_holds("tick b x") + journal_holds("reconfigure"), 0);
	ck_assert_int_eq(reload(), 0);
	ck_assert_str_eq(said("stopped"), "[\"a\"]");
}
END_TEST

START_TEST(a_dry_run_reports_the_errors_of_a_reload)
{
	static const char *const wrong[] = {"[daemon:a\n", "[daemon:a]\nwrod = x", "[vigil]\nx = 1",
		"[vigil]\nmodules = /nowhere\n[daemon:a]\ninterval = soon",
		"[daemon:a]\ncheck = diagnose", "[vigil]\nlog = /none/x"};
	char modules[256], *text;

	config_vigil_lines("");
	config_odd("a", "word = w");
	bring_up();
	snprintf(modules, sizeof(modules), "%s", modules_directories(host_modules(host))[0]);
	for (size_t i = 0; i < COUNT(wrong); i++) {
		logged_lines = 0;
		config_odd("a", "word = w");
		scratch_put("conf.d/wrong.conf", 0644, "%s\n", wrong[i]);
		ck_assert_msg(dry_run() == -EINVAL, "%s", wrong[i]);
		text = strdup(diagnostics.list[0].text);
		ck_assert_uint_eq(logged_lines, 0);
		ck_assert_int_eq(atoi(state_at("/vigil/reload_errors")), (int)i);
		ck_assert_str_eq(modules_directories(host_modules(host))[0], modules);
		ck_assert_int_eq(reload(), -EINVAL);
		ck_assert_str_eq(diagnostics.list[0].text, text);
		free(text);
	}
}
END_TEST

START_TEST(a_dry_run_runs_the_checks_and_returns_their_notes)
{
	config_vigil_lines("");
	bring_up();
	config_odd("a", "check = note\nword = w");
	logged_lines = 0;
	ck_assert_int_eq(dry_run(), 0);
	ck_assert_str_eq(journal(), "check a w\n");
	ck_assert_ptr_nonnull(strstr(said("notes"), "the word looks wrong"));
	ck_assert_uint_eq(logged_lines, 0);
	ck_assert_int_eq(reload(), 0);
	ck_assert_str_eq(journal(), "check a w\ncheck a w\nstart a w\n");
}
END_TEST

START_TEST(a_dry_run_does_not_touch_the_quarantine)
{
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	config_vigil_lines("");
	config_odd("a", "check = abort");
	for (int i = 0; i < 3; i++)
		start_in_a_child();
	bring_up();
	ck_assert_int_eq(dry_run(), 0);
	ck_assert_uint_eq(journal_holds("check a"), 3); /* its check is skipped, as by a reload */
	ck_assert_str_eq(said("changed"), "[\"a\"]");
	ck_assert_ptr_nonnull(strstr(said("failed"), "{\"a\":\"quarantined: "));
	ck_assert_int_eq(reload(), 0);
	ck_assert_ptr_nonnull(strstr(said("failed"), "{\"a\":\"quarantined: "));
	ck_assert_ptr_nonnull(strstr(state_at("/runs/a/reason"), "quarantined"));
}
END_TEST

static void on_stopped(void *arg)
{
	loop_stop(host_loop(host));
}

START_TEST(a_host_that_stops_makes_no_dry_run)
{
	config_vigil_lines("");
	bring_up();
	host_stop(host, on_stopped, NULL);
	ck_assert_int_eq(dry_run(), -EINVAL);
	ck_assert_str_eq(diagnostics.list[0].text, "vigild is stopping");
}
END_TEST

SUITE("host_compare", setup, teardown)
{
	TEST(each_changed_option_has_its_old_and_its_new_value);
	TEST(a_secret_is_not_shown);
	TEST(an_option_of_the_host_is_changed_without_the_module);
	TEST(a_change_of_module_is_shown_alone);
	TEST(settings_of_vigild_are_compared);
	TEST(known_failures_are_reported);
	TEST(a_dry_run_changes_nothing);
	TEST(a_dry_run_reports_the_errors_of_a_reload);
	TEST(a_dry_run_runs_the_checks_and_returns_their_notes);
	TEST(a_dry_run_does_not_touch_the_quarantine);
	TEST(a_host_that_stops_makes_no_dry_run);
}
