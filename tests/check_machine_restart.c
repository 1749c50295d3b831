/*
 * check_machine_restart: the option `restart` of the module machine, with services and lists that
 * the test makes up.  check_decide and check_health prove what the policy itself does.
 */
#include "fixture_machine_restart.h"

/* --- a restart -------------------------------------------------------------------------------- */

START_TEST(a_service_that_was_killed_is_restarted_at_once)
{
	start_web();
	ck_assert(fake_service("web")->one_of_many && !fake_service("web")->observe);
	kill_web();
	ck_assert_uint_eq(fake.restarts, 1);
	ck_assert(fake_said("web (systemd): decision: failed: restarting (killed by SIGKILL)"));
	ASSERT_TEXT(PLACE "value", "failed");
	ASSERT_TEXT(PLACE "decision", "failed: restarting");
	fake_pass(0.2);
	ASSERT_HEALTH(VIGIL_CRITICAL,
		"1 of 1 services is failed: web (killed by SIGKILL; it is being restarted)");
	revive_web();
	fake_pass(0.2);
	ASSERT_HEALTH(VIGIL_OK, "none of 1 services is failed, 1 run");
	ck_assert(fake_said("web (systemd): restart 1 worked after 0.10 s: running"));
	ASSERT_TEXT(PLACE "value", "running");
	ASSERT_TEXT(PLACE "decision", "running: nothing to do");
	ck_assert_int_eq(number_at(PLACE "restarts"), 1);
	ck_assert_int_eq(number_at("restarts"), 1);
}
END_TEST

START_TEST(what_the_option_does_not_choose_is_only_observed)
{
	fake_option("restart", "other");
	start_web();
	kill_web();
	ck_assert(fake_service("web")->observe && !fake_service("web")->one_of_many);
	ck_assert_uint_eq(fake.restarts, 0);
	ck_assert(json_object_get(fake.state, PLACE "value") == NULL);
}
END_TEST

START_TEST(a_quiet_service_has_no_state_and_no_timer)
{
	unsigned queries;

	start_web();
	fake_pass(1);
	queries = fake_service("web")->queries;
	ck_assert_uint_eq(timers(), 1); /* the next list */
	fake_pass(250);
	ck_assert_uint_eq(fake_service("web")->queries, queries);
	ck_assert(json_object_get(fake.state, PLACE "value") == NULL);
}
END_TEST

START_TEST(a_transition_leaves_nothing)
{
	start_web();
	stale("web");
	REPLY("web", .status = VIGIL_SERVICE_RELOADING, .busy_limit = 90);
	ASSERT_TEXT(PLACE "value", "reloading");
	fake_pass(1.2);
	REPLY("web", .status = VIGIL_SERVICE_RUNNING, .pid = 10);
	ck_assert(json_object_get(fake.state, PLACE "value") == NULL);
	fake_pass(90); /* settle */
	ck_assert_uint_eq(timers(), 1);
	ck_assert_uint_eq(fake.restarts, 0);
}
END_TEST

/* --- what withholds a restart ----------------------------------------------------------------- */

START_TEST(a_service_that_fails_again_waits_for_the_backoff)
{
	start_web();
	kill_web();
	revive_web();
	kill_web();
	ck_assert_uint_eq(fake.restarts, 1);
	ASSERT_TEXT(PLACE "decision", "failed: backing off until the next try");
	ASSERT_TEXT(PLACE "next_retry", "in 5 s");
	fake_pass(0.2);
	ASSERT_HEALTH(VIGIL_CRITICAL,
		"1 of 1 services is failed: web (killed by SIGKILL; 1 restart lately did not help "
		"for long; the next restart waits for the backoff)");
	fake_pass(5);
	REPLY("web", .status = VIGIL_SERVICE_FAILED, .text = "killed by SIGKILL");
	ck_assert_uint_eq(fake.restarts, 2);
	revive_web();
	ck_assert(json_object_get(fake.state, PLACE "next_retry") == NULL);
	kill_web();
	ASSERT_TEXT(PLACE "next_retry", "in 10 s");
}
END_TEST

START_TEST(the_setbacks_are_forgotten_when_the_service_has_run_for_backoff_max)
{
	start_web();
	kill_web();
	revive_web();
	kill_web();
	fake_pass(5.2);
	REPLY("web", .status = VIGIL_SERVICE_FAILED);
	revive_web();
	fake_pass(301);
	list(&web, 1);
	REPLY("web", .status = VIGIL_SERVICE_RUNNING, .pid = 20);
	fake_pass(1);
	ck_assert_uint_eq(timers(), 1);
	kill_web();
	ck_assert_uint_eq(fake.restarts, 3);
}
END_TEST

START_TEST(a_crash_loop_is_named_and_limited_by_burst)
{
	fake_option("burst", "4");
	fake_option("backoff", "0");
	start_web();
	for (int i = 0; i < 4; i++) {
		kill_web();
		revive_web();
		fake_pass(0.2);
	}
	ck_assert_int_eq(count("crashing"), 1);
	ck_assert_int_eq(fake.level, VIGIL_CRITICAL);
	ck_assert_msg(strstr(fake.health, "1 of 1 services keeps crashing: web (restarted 4 times "
					  "in ") == fake.health,
		"%s", fake.health);
	kill_web();
	ck_assert_uint_eq(fake.restarts, 4);
	fake_pass(0.2);
	ck_assert_msg(strstr(fake.health, "vigil gave up after 4 restarts in 600 s") != NULL, "%s",
		fake.health);
	ck_assert(json_is_true(json_object_get(fake.state, "gave_up")));
}
END_TEST

START_TEST(a_clean_stop_is_left_alone)
{
	start_web();
	stale("web");
	REPLY("web", .status = VIGIL_SERVICE_STOPPED);
	ck_assert_uint_eq(fake.restarts, 0);
	fake_pass(0.2);
	ASSERT_HEALTH(VIGIL_WARNING,
		"1 of 1 services is stopped: web (left alone, because restart_on = failed)");
	ASSERT_TEXT(PLACE "decision", "stopped cleanly: left alone, because restart_on = failed");
	fake_pass(1);
	stale("web");
	REPLY("web", .status = VIGIL_SERVICE_RUNNING, .pid = 11);
	ck_assert(json_object_get(fake.state, PLACE "value") == NULL);
}
END_TEST

START_TEST(with_stopped_a_service_that_is_enabled_at_boot_is_started)
{
	vigil_service_entry disabled = like_web("wiki", VIGIL_SERVICE_STOPPED);

	disabled.boot = VIGIL_BOOT_NO;
	fake_option("restart_on", "stopped");
	START(web, disabled);
	REPLY("web", .status = VIGIL_SERVICE_STOPPED);
	REPLY("wiki", .status = VIGIL_SERVICE_STOPPED);
	ck_assert_uint_eq(fake.restarts, 1);
	ck_assert(fake_service("web")->on_restarted != NULL);
	ck_assert(fake_said("to keep it down: vigilctl pause machine"));
	ck_assert(json_object_get(fake.state, "services/systemd/wiki/value") == NULL);
}
END_TEST

START_TEST(what_is_not_to_be_restarted_is_left_alone_with_the_reason)
{
	static const struct {
		vigil_service_reply reply;
		bool oneshot;
		const char *option, *value, *words;
	} rows[] = {
		{{.status = VIGIL_SERVICE_FAILED, .hold = "the unit is masked"}, false, "burst",
			"0", "left alone: the unit is masked"},
		{{.status = VIGIL_SERVICE_FAILED}, true, "burst", "0",
			"left alone: it is a oneshot, or something else starts it when it is "
			"needed"},
		{{.status = VIGIL_SERVICE_FAILED}, false, "restart_on", "never",
			"failed: would be restarted, but restart_on = never"},
		{{.status = VIGIL_SERVICE_STOPPED, .unclear_stop = true, .hold = "a conflict"},
			false, "burst", "0", "left alone: a conflict"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		vigil_service_entry entry = web;

		entry.daemon = !rows[i].oneshot;
		if (i > 0) {
			machine_teardown();
			setup();
		}
		fake_option(rows[i].option, rows[i].value);
		START(entry);
		reply("web", rows[i].reply);
		ck_assert_uint_eq(fake.restarts, 0);
		ASSERT_TEXT(PLACE "decision", rows[i].words);
		fake_pass(0.2);
		ck_assert(rows[i].reply.status == VIGIL_SERVICE_STOPPED || fake.level != VIGIL_OK);
		ck_assert(fake_said(rows[i].words));
	}
}
END_TEST

START_TEST(a_service_that_was_not_in_use_is_restarted_after_the_next_list)
{
	vigil_service_entry entry = like_web("web", VIGIL_SERVICE_STOPPED);

	entry.boot = VIGIL_BOOT_STATIC;
	entry.daemon = false; /* unknown: nothing else was asked about it */
	START(entry);
	REPLY("web", .status = VIGIL_SERVICE_STOPPED);
	kill_web();
	ck_assert_uint_eq(fake.restarts, 0);
	ASSERT_TEXT(
		PLACE "decision", "left alone until the next list of the services says what it is");
	fake_pass(3);
	entry.status = VIGIL_SERVICE_FAILED;
	entry.daemon = true;
	list(&entry, 1);
	REPLY("web", .status = VIGIL_SERVICE_FAILED);
	ck_assert_uint_eq(fake.restarts, 1);
}
END_TEST

START_TEST(an_unknown_service_is_never_restarted)
{
	start_web();
	stale("web");
	REPLY("web", .status = VIGIL_SERVICE_UNKNOWN, .text = "no answer");
	fake_pass(30);
	ck_assert_uint_eq(fake.restarts, 0);
}
END_TEST

START_TEST(a_service_of_another_daemon_is_left_to_it_until_a_reload_removes_that)
{
	fake.taken = "front";
	start_web();
	kill_web();
	ck_assert_uint_eq(fake.restarts, 0);
	ASSERT_TEXT(PLACE "decision", "left alone: the daemon front takes care of it");
	fake_pass(60);
	ck_assert_uint_eq(fake.restarts, 0);
	fake.taken = NULL;
	fake_change("/vigil/generation", json_integer(2));
	REPLY("web", .status = VIGIL_SERVICE_FAILED);
	ck_assert_uint_eq(fake.restarts, 1);
}
END_TEST

START_TEST(a_slow_start_that_needs_a_restart_is_a_failure)
{
	start_web();
	fake.paused = true;
	stale("web");
	for (int i = 0; i < 100; i++) {
		if (fake_service("web")->on_status != NULL)
			REPLY("web", .status = VIGIL_SERVICE_STARTING);
		fake_pass(1);
	}
	ASSERT_TEXT(PLACE "decision", "starting, but paused: left alone");
	ck_assert_int_eq(count("failed"), 1);
	ck_assert_int_eq(fake.level, VIGIL_CRITICAL);
}
END_TEST

/* The time of day may be set and the machine may be suspended, which the clock of the timers does
 * not notice. */
START_TEST(a_calendar_that_opens_early_is_noticed_within_a_minute)
{
	start_web();
	fake.closed_until = fake.now + 18001;
	kill_web();
	ck_assert_uint_eq(fake.restarts, 0);
	ASSERT_TEXT(PLACE "next_retry", "in 1.8e+04 s");
	fake_pass(61);
	REPLY("web", .status = VIGIL_SERVICE_FAILED);
	ck_assert_uint_eq(fake.restarts, 0);
	ASSERT_TEXT(PLACE "next_retry", "in 1.8e+04 s"); /* it was not written again */
	fake.closed_until = 0;
	fake_pass(61);
	REPLY("web", .status = VIGIL_SERVICE_FAILED);
	ck_assert_uint_eq(fake.restarts, 1);
}
END_TEST

START_TEST(the_time_of_the_next_restart_follows_the_calendar)
{
	start_web();
	fake.closed_until = fake.now + 101;
	kill_web();
	ASSERT_TEXT(PLACE "next_retry", "in 100 s");
	fake.closed_until = fake.now + 3660; /* the window has passed while the machine slept */
	fake_pass(61);
	REPLY("web", .status = VIGIL_SERVICE_FAILED);
	ck_assert_uint_eq(fake.restarts, 0);
	ASSERT_TEXT(PLACE "next_retry", "in 3.6e+03 s");
}
END_TEST

START_TEST(during_a_pause_nothing_is_restarted)
{
	fake.paused = true;
	start_web();
	kill_web();
	ck_assert_uint_eq(fake.restarts, 0);
	ASSERT_TEXT(PLACE "decision", "failed, but paused: left alone");
	fake_pass(2);
	fake.paused = false;
	vigil_module_descriptor.resumed(&fake.daemon);
	REPLY("web", .status = VIGIL_SERVICE_FAILED);
	ck_assert_uint_eq(fake.restarts, 1);
}
END_TEST

/* --- what lasts ------------------------------------------------------------------------------- */

START_TEST(the_counters_and_the_burst_window_survive_another_start)
{
	fake_option("burst", "1");
	start_web();
	kill_web();
	revive_web();
	stop_vigild();
	start_web();
	ck_assert_int_eq(number_at(PLACE "restarts"), 1);
	ck_assert_int_eq(number_at("restarts"), 1);
	kill_web();
	ck_assert_uint_eq(fake.restarts, 1);
	ck_assert(strstr(text_at(PLACE "decision"), "gave up after 1 restarts") != NULL);
}
END_TEST

START_TEST(a_service_that_was_removed_leaves_nothing)
{
	start_web();
	kill_web();
	revive_web();
	fake.set.change(&fake.daemon, "systemd", NULL, fake.set.arg);
	fake_pass(3);
	list(NULL, 0);
	ck_assert(json_object_get(fake.state, "restarted_services/systemd~1web") == NULL);
	ck_assert(json_object_get(fake.state, PLACE "restarts") == NULL);
	ck_assert(fake_service("web") == NULL);
}
END_TEST

START_TEST(a_wave_adds_few_lines_to_the_history)
{
	static char names[50][8];
	vigil_service_entry entries[50];

	for (int i = 0; i < 50; i++) {
		snprintf(names[i], sizeof(names[i]), "w%02d", i);
		entries[i] = like_web(names[i], VIGIL_SERVICE_RUNNING);
	}
	start(entries, 50);
	for (int i = 0; i < 50; i++)
		REPLY(names[i], .status = VIGIL_SERVICE_FAILED);
	ck_assert_uint_eq(fake.restarts, 50);
	for (int i = 0; i < 50; i++)
		RESTARTED(names[i], .status = VIGIL_SERVICE_RUNNING, .pid = 30);
	fake_pass(11);
	ck_assert_uint_le(fake.event_count, 17);
	ck_assert(fake_said("more lines are left out; the log has them"));
	ck_assert_int_eq(number_at("restarts"), 50);
}
END_TEST

/* --- options ---------------------------------------------------------------------------------- */

START_TEST(a_name_that_no_service_has_is_a_warning_and_a_glob_is_not)
{
	fake_option("restart", "w*,nginx*");
	start_web();
	ASSERT_HEALTH(VIGIL_OK, "none of 1 services is failed, 1 run");
	ck_assert_str_eq(
		json_string_value(json_array_get(json_object_get(fake.state, "unmatched"), 0)),
		"nginx*");
	machine_teardown();
	machine_setup();
	fake_option("restart", "web,ngnix");
	start_web();
	ASSERT_HEALTH(VIGIL_WARNING, "none of 1 services is failed, 1 run; restart names what is "
				     "no service here: ngnix");
}
END_TEST

START_TEST(invalid_names_are_refused_and_unused_options_noted)
{
	static const char *const names[] = {"web.service", "/etc/init.d/web"};

	for (size_t i = 0; i < COUNT(names); i++) {
		fake_option("restart", names[i]);
		ck_assert_int_eq(vigil_module_descriptor.check(&fake.daemon), -EINVAL);
	}
	fake_option("restart", "web,w?");
	ck_assert_int_eq(vigil_module_descriptor.check(&fake.daemon), 0);
	ck_assert_str_eq(fake.notes, "");
	fake_option("ignore", "we*");
	ck_assert_int_eq(vigil_module_descriptor.check(&fake.daemon), 0);
	ck_assert_str_eq(fake.notes, "restart: only or ignore leave out \"web\";");
	fake.notes[0] = '\0';
	json_object_del(fake.options, "restart");
	fake_option("settle", "5m"); /* it is for the services that are not restarted, too */
	fake_option("burst", "3");
	ck_assert_int_eq(vigil_module_descriptor.check(&fake.daemon), 0);
	ck_assert(strstr(fake.notes, "burst: has no effect without restart") == fake.notes);
	START(web);
}
END_TEST

SUITE("machine_restart", setup, machine_teardown)
{
	TEST(a_service_that_was_killed_is_restarted_at_once);
	TEST(what_the_option_does_not_choose_is_only_observed);
	TEST(a_quiet_service_has_no_state_and_no_timer);
	TEST(a_transition_leaves_nothing);
	TEST(a_service_that_fails_again_waits_for_the_backoff);
	TEST(the_setbacks_are_forgotten_when_the_service_has_run_for_backoff_max);
	TEST(a_crash_loop_is_named_and_limited_by_burst);
	TEST(a_clean_stop_is_left_alone);
	TEST(with_stopped_a_service_that_is_enabled_at_boot_is_started);
	TEST(what_is_not_to_be_restarted_is_left_alone_with_the_reason);
	TEST(a_service_that_was_not_in_use_is_restarted_after_the_next_list);
	TEST(an_unknown_service_is_never_restarted);
	TEST(a_service_of_another_daemon_is_left_to_it_until_a_reload_removes_that);
	TEST(a_slow_start_that_needs_a_restart_is_a_failure);
	TEST(a_calendar_that_opens_early_is_noticed_within_a_minute);
	TEST(the_time_of_the_next_restart_follows_the_calendar);
	TEST(during_a_pause_nothing_is_restarted);
	TEST(the_counters_and_the_burst_window_survive_another_start);
	TEST(a_service_that_was_removed_leaves_nothing);
	TEST(a_wave_adds_few_lines_to_the_history);
	TEST(a_name_that_no_service_has_is_a_warning_and_a_glob_is_not);
	TEST(invalid_names_are_refused_and_unused_options_noted);
}
