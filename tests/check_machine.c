/*
 * check_machine: the module machine with services and lists that the test makes up.  System tests
 * run it with real managers.
 */
#include "fixture_machine.h"
#include "suite.h"

/* --- health ----------------------------------------------------------------------------------- */

START_TEST(nothing_is_reported_before_each_service_was_queried)
{
	START(web, like_web("x", VIGIL_SERVICE_RUNNING));
	fake_pass(1);
	ASSERT_HEALTH(VIGIL_UNKNOWN, "the services are being listed");
	settle("x");
	ASSERT_HEALTH(VIGIL_UNKNOWN, "the services are being listed");
	settle("web");
	ASSERT_HEALTH(VIGIL_OK, "none of 2 services is failed, 2 run");
}
END_TEST

/* As init scripts print it. */
START_TEST(only_the_first_line_of_a_text_is_reported)
{
	START(web);
	settle("web");
	stale("web");
	REPLY("web", .status = VIGIL_SERVICE_FAILED, .text = " * web is dead\n * see its log\n");
	fake_pass(0.2);
	ASSERT_HEALTH(VIGIL_CRITICAL, "1 of 1 services is failed: web (web is dead)");
	ck_assert(fake_said("web (systemd) is failed: web is dead"));
	fake_pass(1);
	stale("web");
	REPLY("web", .status = VIGIL_SERVICE_FAILED, .text = "\n");
	fake_pass(0.2);
	ASSERT_HEALTH(VIGIL_CRITICAL, "1 of 1 services is failed: web");
}
END_TEST

START_TEST(a_failed_service_is_critical_at_once_and_named)
{
	START(web);
	settle("web");
	stale("web");
	REPLY("web", .status = VIGIL_SERVICE_FAILED, .text = "exit status 3");
	fake_pass(0.2);
	ASSERT_HEALTH(VIGIL_CRITICAL, "1 of 1 services is failed: web (exit status 3)");
	ck_assert(fake_said("web (systemd) is failed: exit status 3"));
	ck_assert_str_eq(json_string_value(json_object_get(
				 json_array_get(json_object_get(fake.state, "bad"), 0), "name")),
		"web");
	fake_pass(1);
	stale("web");
	REPLY("web", .status = VIGIL_SERVICE_RUNNING, .pid = 11);
	fake_pass(0.2);
	ASSERT_HEALTH(VIGIL_OK, "none of 1 services is failed, 1 run");
	ck_assert(fake_said("web (systemd) is running, it was failed"));
}
END_TEST

START_TEST(the_text_names_five_services_and_counts_the_others)
{
	static char names[8][8];
	vigil_service_entry entries[8];

	for (int i = 0; i < 8; i++) {
		snprintf(names[i], sizeof(names[i]), "s%d", i);
		entries[i] = like_web(names[i], VIGIL_SERVICE_RUNNING);
	}
	start(entries, 8);
	for (int i = 0; i < 8; i++)
		REPLY(names[i], .status = VIGIL_SERVICE_FAILED);
	fake_pass(0.2);
	ASSERT_HEALTH(VIGIL_CRITICAL, "8 of 8 services are failed: s0, s1, s2, s3, s4, 3 more");
	ck_assert(strstr(fake.long_health, "s7 (systemd): failed") != NULL);
	ck_assert_int_eq(count("failed"), 8);
}
END_TEST

START_TEST(the_worst_condition_is_named_first)
{
	START(like_web("a", VIGIL_SERVICE_RUNNING), like_web("b", VIGIL_SERVICE_RUNNING),
		like_web("c", VIGIL_SERVICE_RUNNING));
	REPLY("a", .status = VIGIL_SERVICE_UNKNOWN, .text = "no answer");
	REPLY("b", .status = VIGIL_SERVICE_STOPPED);
	REPLY("c", .status = VIGIL_SERVICE_FAILED, .text = "timeout");
	fake_pass(0.2);
	ck_assert_int_eq(count("unknown"), 0); /* it may be an answer that only was late */
	for (int i = 0; i < 12; i++) {
		fake_pass(1);
		if (fake_service("a")->on_status != NULL)
			REPLY("a", .status = VIGIL_SERVICE_UNKNOWN, .text = "no answer");
		if (fake_service("b")->on_status != NULL)
			REPLY("b", .status = VIGIL_SERVICE_STOPPED);
		if (fake_service("c")->on_status != NULL)
			REPLY("c", .status = VIGIL_SERVICE_FAILED, .text = "timeout");
	}
	ASSERT_HEALTH(VIGIL_CRITICAL,
		"1 of 3 services is failed: c (timeout); 1 is stopped: b; 1 is unknown: a (no "
		"answer)");
}
END_TEST

START_TEST(a_clean_stop_is_a_warning_or_what_the_option_says)
{
	static const struct {
		const char *option;
		vigil_health_level level;
	} rows[] = {{NULL, VIGIL_WARNING}, {"ok", VIGIL_OK}, {"critical", VIGIL_CRITICAL}};
	static const char text[] = "1 of 1 services is stopped: web";

	for (size_t i = 0; i < COUNT(rows); i++) {
		if (i > 0) {
			machine_teardown();
			machine_setup();
		}
		if (rows[i].option != NULL)
			fake_option("stopped", rows[i].option);
		START(web);
		REPLY("web", .status = VIGIL_SERVICE_STOPPED);
		fake_pass(0.2);
		ASSERT_HEALTH(rows[i].level, text);
	}
}
END_TEST

START_TEST(what_is_down_as_intended_is_idle)
{
	vigil_service_entry oneshot = like_web("oneshot", VIGIL_SERVICE_STOPPED);
	vigil_service_entry disabled = like_web("disabled", VIGIL_SERVICE_STOPPED);
	vigil_service_entry masked = like_web("masked", VIGIL_SERVICE_STOPPED);

	oneshot.daemon = false;
	disabled.boot = VIGIL_BOOT_NO;
	masked.hold = "the unit is masked";
	START(disabled, like_web("held", VIGIL_SERVICE_STOPPED),
		like_web("idle", VIGIL_SERVICE_STOPPED), masked, oneshot);
	REPLY("disabled", .status = VIGIL_SERVICE_STOPPED);
	REPLY("held", .status = VIGIL_SERVICE_STOPPED, .hold = "an unmet condition");
	REPLY("idle", .status = VIGIL_SERVICE_STOPPED, .idle = "started by x.timer");
	REPLY("oneshot", .status = VIGIL_SERVICE_STOPPED);
	fake_pass(0.2);
	ASSERT_HEALTH(VIGIL_OK, "none of 5 services is failed, 0 run");
	ck_assert_int_eq(count("idle"), 5);
	ck_assert(fake_service("masked") == NULL); /* it cannot start, so it is not followed */
}
END_TEST

START_TEST(a_stop_that_may_be_a_crash_is_a_failure)
{
	START(web);
	REPLY("web", .status = VIGIL_SERVICE_STOPPED, .unclear_stop = true);
	fake_pass(0.2);
	ck_assert_int_eq(fake.level, VIGIL_CRITICAL);
}
END_TEST

START_TEST(a_daemon_that_watches_the_service_is_named)
{
	json_object_set_new(fake.state, "/daemons",
		json_pack("{s:{s:{s:s,s:s}}}", "front", "service_state", "service", "web.service",
			"manager", "systemd"));
	START(web);
	REPLY("web", .status = VIGIL_SERVICE_FAILED);
	fake_pass(0.2);
	ASSERT_HEALTH(VIGIL_CRITICAL, "1 of 1 services is failed: web (watched by front)");
}
END_TEST

/* --- crashes ---------------------------------------------------------------------------------- */

static void respawn_systemd(unsigned respawns)
{
	fake_pass(2);
	stale("web");
	REPLY("web", .status = VIGIL_SERVICE_RUNNING, .pid = (pid_t)(20 + respawns),
		.respawns = respawns, .counts = true);
	fake_pass(0.2);
}

START_TEST(more_restarts_than_respawn_max_are_critical_until_the_window_is_over)
{
	START(web);
	settle("web");
	for (unsigned i = 1; i <= 3; i++)
		respawn_systemd(i);
	ASSERT_HEALTH(VIGIL_OK, "none of 1 services is failed, 1 run");
	respawn_systemd(4);
	ASSERT_HEALTH(
		VIGIL_CRITICAL, "1 of 1 services keeps crashing: web (restarted 4 times in 7 s)");
	fake_pass(600);
	ASSERT_HEALTH(VIGIL_OK, "none of 1 services is failed, 1 run");
}
END_TEST

START_TEST(a_query_without_an_answer_says_nothing_about_restarts)
{
	START(web);
	fake_pass(2);
	stale("web");
	REPLY("web", .status = VIGIL_SERVICE_UNKNOWN, .error = -ETIMEDOUT);
	respawn_systemd(7); /* crashes of long ago */
	for (int i = 0; i < 2; i++) {
		stale("web");
		REPLY("web", .status = VIGIL_SERVICE_UNKNOWN, .error = -ETIMEDOUT);
		fake_pass(2);
		respawn_systemd(7);
	}
	ASSERT_HEALTH(VIGIL_OK, "none of 1 services is failed, 1 run");
}
END_TEST

START_TEST(another_pid_is_a_restart_if_the_manager_does_not_count)
{
	vigil_service_entry shy = like_web("web", VIGIL_SERVICE_RUNNING);

	shy.manager = "runit";
	shy.crash = VIGIL_CRASH_RESTARTED;
	START(shy);
	REPLY("web", .manager = "runit", .status = VIGIL_SERVICE_RUNNING, .pid = 1);
	for (pid_t pid = 2; pid <= 5; pid++) {
		fake_pass(2);
		stale("web");
		REPLY("web", .manager = "runit", .status = VIGIL_SERVICE_RUNNING, .pid = pid);
	}
	fake_pass(0.2);
	ck_assert_int_eq(count("crashing"), 1);
	ck_assert_int_eq(fake.level, VIGIL_CRITICAL);
}
END_TEST

/* --- queries ---------------------------------------------------------------------------------- */

START_TEST(a_quiet_machine_is_not_queried)
{
	unsigned queries;

	START(web);
	settle("web");
	queries = fake_service("web")->queries;
	fake_pass(250);
	ck_assert_uint_eq(fake_service("web")->queries, queries);
	ck_assert_uint_eq(fake.set.lists, 1);
}
END_TEST

START_TEST(a_service_that_changes_all_the_time_is_queried_once_a_second)
{
	unsigned queries;

	START(web);
	settle("web");
	queries = fake_service("web")->queries;
	for (int i = 0; i < 100; i++) {
		stale("web");
		if (fake_service("web")->on_status != NULL)
			REPLY("web", .status = VIGIL_SERVICE_RUNNING, .pid = 10);
		fake_pass(0.1);
	}
	queries = fake_service("web")->queries - queries;
	ck_assert_uint_ge(queries, 9);
	ck_assert_uint_le(queries, 11);
}
END_TEST

START_TEST(a_change_during_a_query_leads_to_another_one)
{
	START(web);
	settle("web");
	stale("web");
	stale("web");
	REPLY("web", .status = VIGIL_SERVICE_RUNNING, .pid = 10);
	fake_pass(1.1);
	REPLY("web", .status = VIGIL_SERVICE_FAILED);
	fake_pass(0.2);
	ck_assert_int_eq(count("failed"), 1);
}
END_TEST

START_TEST(a_service_that_is_down_is_queried_again_if_its_manager_sends_no_signals)
{
	vigil_service_entry openrc = like_web("openrc", VIGIL_SERVICE_FAILED);
	unsigned queries;

	openrc.manager = "openrc";
	START(openrc, web);
	REPLY("openrc", .manager = "openrc", .status = VIGIL_SERVICE_FAILED);
	REPLY("web", .status = VIGIL_SERVICE_FAILED);
	fake_pass(1.1);
	REPLY("web", .status = VIGIL_SERVICE_FAILED);
	queries = fake_service("web")->queries;
	fake_pass(16);
	REPLY("openrc", .manager = "openrc", .status = VIGIL_SERVICE_RUNNING, .pid = 7);
	ck_assert_uint_eq(fake_service("web")->queries, queries);
	fake_pass(60);
	ck_assert(fake_service("openrc")->on_status == NULL);
	ck_assert_int_eq(count("failed"), 1);
}
END_TEST

START_TEST(at_most_eight_queries_are_in_flight)
{
	static char names[20][8];
	vigil_service_entry entries[20];
	unsigned asked = 0;

	for (int i = 0; i < 20; i++) {
		snprintf(names[i], sizeof(names[i]), "s%02d", i);
		entries[i] = like_web(names[i], VIGIL_SERVICE_RUNNING);
	}
	start(entries, 20);
	for (int i = 0; i < 20; i++)
		asked += fake_service(names[i])->on_status != NULL;
	ck_assert_uint_eq(asked, 8);
	for (int i = 0; i < 20; i++)
		REPLY(names[i], .status = VIGIL_SERVICE_RUNNING, .pid = 1);
	fake_pass(0.2);
	ck_assert_int_eq(count("running"), 20);
}
END_TEST

/* --- the set of services ---------------------------------------------------------------------- */

START_TEST(a_service_that_is_no_longer_listed_is_dropped)
{
	START(web, like_web("x", VIGIL_SERVICE_RUNNING));
	settle("web");
	settle("x");
	fake.set.change(&fake.daemon, "systemd", NULL, fake.set.arg);
	fake_pass(3);
	ck_assert_uint_eq(fake.set.lists, 2);
	list(&web, 1);
	fake_pass(0.2);
	ck_assert(fake_service("x") == NULL);
	ck_assert_int_eq(count("total"), 1);
}
END_TEST

START_TEST(a_service_that_was_just_loaded_is_queried_without_a_list)
{
	START(web);
	settle("web");
	fake.set.change(&fake.daemon, "systemd", "passing", fake.set.arg);
	REPLY("passing", .status = VIGIL_SERVICE_FAILED);
	fake_pass(0.2);
	ck_assert_int_eq(count("failed"), 1);
	ck_assert_uint_eq(fake.set.lists, 1);
	fake_pass(1);
	REPLY("passing", .status = VIGIL_SERVICE_ABSENT, .manager = "");
	fake_pass(0.2);
	ck_assert(fake_service("passing") == NULL);
	ck_assert_int_eq(count("total"), 1);
}
END_TEST

START_TEST(many_changes_of_the_set_share_a_list)
{
	START(web);
	settle("web");
	for (int i = 0; i < 20; i++)
		fake.set.change(&fake.daemon, "systemd", NULL, fake.set.arg);
	fake_pass(1);
	ck_assert_uint_eq(fake.set.lists, 2);
	fake.set.change(&fake.daemon, "systemd", NULL, fake.set.arg); /* during the list */
	list(&web, 1);
	fake_pass(15); /* a list that takes long is not made often */
	ck_assert_uint_eq(fake.set.lists, 3);
	list(&web, 1);
}
END_TEST

START_TEST(a_list_that_is_not_complete_is_unknown_and_drops_nothing)
{
	vigil_services_end_fn *end;

	START(web);
	settle("web");
	fake_pass(300);
	end = fake.set.end;
	fake.set.end = NULL;
	end(&fake.daemon, -ETIMEDOUT, "systemd: no answer", fake.set.arg);
	fake_pass(0.2);
	ASSERT_HEALTH(VIGIL_UNKNOWN, "the list of the services is not complete: systemd: no "
				     "answer; none of 1 services is "
				     "failed, 1 run");
	ck_assert(fake_service("web") != NULL);
	ck_assert(json_is_true(json_object_get(fake.state, "stale")));
	fake_pass(300);
	list(&web, 1);
	fake_pass(0.2);
	ck_assert_int_eq(fake.level, VIGIL_OK);
	ck_assert(json_object_get(fake.state, "stale") == NULL);
}
END_TEST

START_TEST(a_unit_that_is_no_longer_masked_is_queried_again)
{
	vigil_service_entry stopped = like_web("web", VIGIL_SERVICE_STOPPED), masked = stopped;

	masked.hold = "the unit is masked";
	masked.boot = VIGIL_BOOT_NO;
	START(web);
	settle("web");
	stale("web");
	REPLY("web", .status = VIGIL_SERVICE_STOPPED, .hold = "the unit is masked");
	fake_pass(300);
	list(&masked, 1);
	fake_pass(300);
	ck_assert_int_eq(count("idle"), 1);
	list(&stopped, 1);
	REPLY("web", .status = VIGIL_SERVICE_STOPPED);
	fake_pass(0.2);
	ck_assert_int_eq(count("stopped"), 1);
}
END_TEST

START_TEST(only_and_ignore_choose_the_services)
{
	fake_option("only", "w*,x");
	fake_option("ignore", "wrong");
	START(like_web("other", VIGIL_SERVICE_FAILED), web, like_web("wrong", VIGIL_SERVICE_FAILED),
		like_web("x", VIGIL_SERVICE_RUNNING));
	settle("web");
	settle("x");
	fake.set.change(&fake.daemon, "systemd", "another", fake.set.arg);
	fake_pass(0.2);
	ck_assert_int_eq(count("total"), 2);
	ck_assert_int_eq(fake.level, VIGIL_OK);
}
END_TEST

START_TEST(a_respawn_max_that_is_no_rate_is_refused)
{
	static const char *const texts[] = {"often", "101/10m"};

	for (size_t i = 0; i < COUNT(texts); i++) {
		fake_option("respawn_max", texts[i]);
		ck_assert_int_eq(vigil_module_descriptor.check(&fake.daemon), -EINVAL);
	}
	fake_option("respawn_max", "100/10m");
	ck_assert_int_eq(vigil_module_descriptor.check(&fake.daemon), 0);
	START(web);
}
END_TEST

SUITE("machine", machine_setup, machine_teardown)
{
	TEST(nothing_is_reported_before_each_service_was_queried);
	TEST(only_the_first_line_of_a_text_is_reported);
	TEST(a_failed_service_is_critical_at_once_and_named);
	TEST(the_text_names_five_services_and_counts_the_others);
	TEST(the_worst_condition_is_named_first);
	TEST(a_clean_stop_is_a_warning_or_what_the_option_says);
	TEST(what_is_down_as_intended_is_idle);
	TEST(a_stop_that_may_be_a_crash_is_a_failure);
	TEST(a_daemon_that_watches_the_service_is_named);
	TEST(a_query_without_an_answer_says_nothing_about_restarts);
	TEST(more_restarts_than_respawn_max_are_critical_until_the_window_is_over);
	TEST(another_pid_is_a_restart_if_the_manager_does_not_count);
	TEST(a_quiet_machine_is_not_queried);
	TEST(a_service_that_changes_all_the_time_is_queried_once_a_second);
	TEST(a_change_during_a_query_leads_to_another_one);
	TEST(a_service_that_is_down_is_queried_again_if_its_manager_sends_no_signals);
	TEST(at_most_eight_queries_are_in_flight);
	TEST(a_service_that_is_no_longer_listed_is_dropped);
	TEST(a_service_that_was_just_loaded_is_queried_without_a_list);
	TEST(many_changes_of_the_set_share_a_list);
	TEST(a_list_that_is_not_complete_is_unknown_and_drops_nothing);
	TEST(a_unit_that_is_no_longer_masked_is_queried_again);
	TEST(only_and_ignore_choose_the_services);
	TEST(a_respawn_max_that_is_no_rate_is_refused);
}
