/*
 * check_watch_reminders: delays, pauses and reminders of the module notify, and its messages when
 * vigild gives up or is degraded.
 */
#include "fixture_watch.h"

static void pause_daemon(const char *daemon, bool paused)
{
	char pointer[64];

	snprintf(pointer, sizeof(pointer), "/runs/%s/paused", daemon);
	fake_change(pointer, json_boolean(paused));
}

/* --- for, pauses ------------------------------------------------------------------------------ */

START_TEST(a_short_problem_is_not_sent)
{
	fake_option("for", "30");
	begin();
	health("web", "OK");
	health("web", "CRITICAL");
	fake_pass(29);
	health("web", "OK");
	fake_pass(60);
	SENT("");
	health("web", "CRITICAL");
	health("db", "CRITICAL"); /* its first check */
	fake_pass(29);
	SENT("");
	fake_pass(2);
	SENT("web OK>CRITICAL;db absent>CRITICAL;");
	health("web", "OK");
	fake_pass(10);
	health("web", "CRITICAL");
	fake_pass(60);
	SENT("");
}
END_TEST

/* CRITICAL and WARNING alternate every 20 s for 80 s, from now on. */
static void alternate(const char *daemon)
{
	for (int i = 0; i < 4; i++) {
		health(daemon, i % 2 == 0 ? "CRITICAL" : "WARNING");
		fake_pass(20);
	}
}

START_TEST(a_problem_that_changes_its_level_lasts)
{
	fake_option("for", "30");
	begin();
	health("web", "OK");
	health("web", "CRITICAL");
	fake_pass(20);
	health("web", "WARNING");
	fake_pass(9);
	SENT("");
	fake_pass(1);
	SENT("web OK>WARNING;");
	fake_pass(10);
	alternate("web"); /* each CRITICAL is reverted to what was sent */
	SENT("");
	health("web", "OK");
	fake_pass(30);
	SENT("web WARNING>OK;");
	alternate("db"); /* its first check */
	SENT("db absent>WARNING;");
}
END_TEST

START_TEST(a_problem_that_changes_its_level_and_ends_in_time_is_not_sent)
{
	fake_option("for", "30");
	begin();
	health("web", "OK");
	health("web", "CRITICAL");
	fake_pass(15);
	health("web", "WARNING");
	fake_pass(14);
	health("web", "OK");
	fake_pass(60);
	SENT("");
	health("web", "CRITICAL"); /* the time begins again */
	fake_pass(20);
	health("web", "OK");
	fake_pass(5);
	health("web", "WARNING");
	fake_pass(29);
	SENT("");
	fake_pass(1);
	SENT("web OK>WARNING;");
}
END_TEST

START_TEST(only_levels_that_are_sent_count_for_the_time_of_a_problem)
{
	fake_option("for", "30");
	fake_option("to", "CRITICAL, OK");
	begin();
	health("web", "OK");
	alternate("web");
	SENT("");
	health("web", "CRITICAL");
	fake_pass(30);
	SENT("web OK>CRITICAL;");
}
END_TEST

START_TEST(a_number_that_changes_all_the_time_is_sent_once_and_only_if_to_names_it)
{
	fake_option("watch", "/daemons/*/n");
	fake_option("for", "30");
	begin();
	fake_change("/daemons/web/n", json_integer(0));
	for (int i = 1; i < 10; i++) {
		fake_change("/daemons/web/n", json_integer(i));
		fake_pass(20);
	}
	SENT("");
	end();
	json_object_clear(fake.state);
	fake_option("to", "[1-9]*");
	begin();
	fake_change("/daemons/web/n", json_integer(0));
	for (int i = 1; i < 10; i++) {
		fake_change("/daemons/web/n", json_integer(i));
		fake_pass(20);
	}
	SENT("web 0>2;");
}
END_TEST

START_TEST(during_a_pause_nothing_is_sent_and_what_remains_is_sent_after_it)
{
	fake_option("to", "CRITICAL, OK");
	fake_option("remind", "100");
	begin();
	health("web", "CRITICAL");
	SENT("web absent>CRITICAL;");
	pause_daemon("web", true);
	health("web", "OK"); /* the health of a paused daemon */
	fake_pass(1000);
	SENT("");
	pause_daemon("web", false);
	health("web", "CRITICAL");
	SENT("");
	fake_pass(2);
	sent[0] = '\0'; /* a reminder is due */
	pause_daemon("web", true);
	health("web", "OK");
	pause_daemon("web", false);
	health("web", "OK");
	SENT("web CRITICAL>OK;");
}
END_TEST

START_TEST(a_pause_of_the_notify_daemon_delays_everything)
{
	begin();
	health("web", "OK");
	fake.paused = true;
	health("web", "CRITICAL");
	health("db", "CRITICAL");
	health("db", "OK");
	fake_pass(60);
	SENT("");
	fake.paused = false;
	watch_resumed(watch);
	SENT("web OK>CRITICAL;");
}
END_TEST

START_TEST(a_value_of_a_paused_daemon_is_sent_after_the_pause)
{
	fake_option("watch", "/daemons/*/exit_status");
	begin();
	fake_change("/daemons/web/exit_status", json_integer(0));
	pause_daemon("web", true);
	fake_change("/daemons/web/exit_status", json_integer(2));
	fake_pass(60);
	SENT("");
	pause_daemon("web", false);
	fake_pass(3);
	SENT("web 0>2;");
}
END_TEST

/* --- reminders -------------------------------------------------------------------------------- */

START_TEST(a_problem_that_lasts_is_repeated)
{
	fake_option("remind", "100");
	fake_option("to", "CRITICAL, OK");
	begin();
	health("web", "CRITICAL");
	health("db", "WARNING");
	SENT("web absent>CRITICAL;");
	fake_pass(99);
	SENT("");
	fake_pass(7);
	SENT("web reminder >CRITICAL;");
	ck_assert_ptr_nonnull(strstr(json_string_value(json_object_get(last, "text")),
		"reminder, CRITICAL since 2026-"));
	fake_pass(106);
	SENT("web reminder >CRITICAL;");
	health("web", "OK");
	SENT("web CRITICAL>OK;");
	fake_pass(500);
	SENT("");
}
END_TEST

START_TEST(a_change_that_is_not_yet_sent_causes_no_reminder)
{
	fake_option("remind", "100");
	begin();
	health("web", "CRITICAL");
	SENT("web absent>CRITICAL;");
	waits_to_be_sent = true;
	fake_pass(500);
	SENT("");
	waits_to_be_sent = false;
	fake_pass(10);
	SENT("web reminder >CRITICAL;");
}
END_TEST

START_TEST(reminders_that_are_almost_due_are_sent_together)
{
	fake_option("remind", "100");
	begin();
	health("a", "CRITICAL");
	fake_pass(6);
	health("b", "CRITICAL");
	sent[0] = '\0';
	fake_pass(95);
	ck_assert_ptr_nonnull(strstr(sent, "a reminder >CRITICAL;"));
	ck_assert_ptr_nonnull(strstr(sent, "b reminder >CRITICAL;"));
}
END_TEST

START_TEST(without_remind_nothing_is_repeated)
{
	begin();
	health("web", "CRITICAL");
	sent[0] = '\0';
	fake_pass(86000);
	SENT("");
}
END_TEST

/* --- vigil gave up ---------------------------------------------------------------------------- */

START_TEST(giving_up_is_sent_once_for_a_problem)
{
	fake_option("to", "CRITICAL, OK");
	begin();
	health("web", "OK");
	health("web", "CRITICAL");
	SENT("web OK>CRITICAL;");
	for (int i = 0; i < 3; i++) { /* now and then the burst permits a restart */
		fake_change("/daemons/web/gave_up", json_true());
		health("web", "CRITICAL");
		fake_change("/daemons/web/gave_up", NULL);
		health("web", "CRITICAL");
	}
	SENT("web gave_up >CRITICAL;");
	health("web", "OK");
	SENT("web CRITICAL>OK;");
	fake_change("/daemons/web/gave_up", json_true());
	health("web", "CRITICAL"); /* vigil had already given up: one message */
	health("web", "CRITICAL");
	SENT("web OK>CRITICAL;");
}
END_TEST

START_TEST(giving_up_is_sent_when_the_level_returns)
{
	fake_option("to", "CRITICAL, OK");
	begin();
	health("web", "CRITICAL");
	health("web", "WARNING"); /* a restart is in progress */
	fake_change("/daemons/web/gave_up", json_true());
	health("web", "CRITICAL");
	health("web", "CRITICAL");
	SENT("web absent>CRITICAL;web gave_up >CRITICAL;");
	end();
	json_object_clear(fake.state);
	fake_option("from", "OK");
	begin();
	health("db", "WARNING");
	fake_change("/daemons/db/gave_up", json_true());
	health("db", "CRITICAL"); /* WARNING is not in from */
	health("db", "CRITICAL");
	SENT("");
}
END_TEST

START_TEST(the_failure_of_a_daemon_is_sent)
{
	begin();
	health("web", "CRITICAL");
	SENT("web absent>CRITICAL;");
	health("web", NULL);
	fake_change("/runs/web/status", json_string("failed"));
	health("web", "CRITICAL");
	SENT("web failed >CRITICAL;");
	restart();
	fake_change("/runs/web/status", json_string("failed"));
	health("web", "CRITICAL");
	SENT("");
	fake_change("/runs/web/status", json_string("running"));
	health("web", "OK");
	SENT("web CRITICAL>OK;");
}
END_TEST

static void degraded(const char *first, const char *second)
{
	json_t *list = json_array();

	if (first != NULL)
		json_array_append_new(list, json_pack("{s:s,s:s,s:s}", "what", first, "text",
						    "no space", "since", "2026-11-29T03:12:07Z"));
	if (second != NULL)
		json_array_append_new(list, json_pack("{s:s,s:s}", "what", second, "text", "x"));
	fake_change("/vigil/degraded", list);
}

START_TEST(a_degraded_vigild_is_reported_whatever_from_and_to_are)
{
	fake_option("to", "CRITICAL, OK");
	begin();
	degraded("state", NULL);
	SENT("state absent>WARNING;");
	ck_assert_str_eq(json_string_value(json_object_get(last, "text")), "no space");
	ck_assert_str_eq(json_string_value(json_object_get(last, "pointer")), "/vigil/degraded");
	degraded("state", "log");
	SENT("log absent>WARNING;");
	degraded("log", NULL);
	SENT("state WARNING>OK;");
	fake_change("/vigil/degraded", NULL);
	SENT("log WARNING>OK;");
	degraded("state", NULL);
	SENT("state OK>WARNING;");
}
END_TEST

START_TEST(after_a_restart_vigild_may_still_become_degraded_again)
{
	begin();
	degraded("state", NULL);
	SENT("state absent>WARNING;");
	restart();
	fake_pass(10);
	SENT("");
	degraded("state", NULL);
	fake_pass(60);
	SENT("");
	restart();
	fake_pass(60);
	SENT("state WARNING>OK;");
}
END_TEST

SUITE("watch_reminders", setup, teardown)
{
	TEST(a_short_problem_is_not_sent);
	TEST(a_problem_that_changes_its_level_lasts);
	TEST(a_problem_that_changes_its_level_and_ends_in_time_is_not_sent);
	TEST(only_levels_that_are_sent_count_for_the_time_of_a_problem);
	TEST(a_number_that_changes_all_the_time_is_sent_once_and_only_if_to_names_it);
	TEST(during_a_pause_nothing_is_sent_and_what_remains_is_sent_after_it);
	TEST(a_pause_of_the_notify_daemon_delays_everything);
	TEST(a_value_of_a_paused_daemon_is_sent_after_the_pause);
	TEST(a_problem_that_lasts_is_repeated);
	TEST(a_change_that_is_not_yet_sent_causes_no_reminder);
	TEST(reminders_that_are_almost_due_are_sent_together);
	TEST(without_remind_nothing_is_repeated);
	TEST(giving_up_is_sent_once_for_a_problem);
	TEST(giving_up_is_sent_when_the_level_returns);
	TEST(the_failure_of_a_daemon_is_sent);
	TEST(a_degraded_vigild_is_reported_whatever_from_and_to_are);
	TEST(after_a_restart_vigild_may_still_become_degraded_again);
}
