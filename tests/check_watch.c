/*
 * check_watch: the addresses that the module notify watches, and the changes that it sends, also
 * after a restart of vigild.
 */
#include "fixture_watch.h"
#include "modules/notify/last_death.h"

/* --- addresses -------------------------------------------------------------------------------- */

START_TEST(a_star_matches_one_step)
{
	static const struct {
		const char *pattern, *pointer;
		bool meant;
	} rows[] = {
		{"/runs/*/health", "/runs/a/health", true},
		{"/runs/*/health", "/runs/a.b@c/health/text", true},
		{"/runs/*/health", "/runs/a", false},
		{"/runs/*/health", "/runs/a/status", false},
		{"/runs/*/health", "/runs/a/healthy", false},
		{"/runs/*/health", "/runs/a/b/health", false},
		{"/runs", "/runs", true},
		{"/runs", "/runs/a", true},
		{"/runs", "/runsa", false},
		{"/runs", "", false},
		{"/a~1b/c", "/a~1b/c/d", true},
		{"/a/**", "/a/x", false},
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		ck_assert_msg(watch_matches(rows[i].pattern, rows[i].pointer) == rows[i].meant,
			"%s %s", rows[i].pattern, rows[i].pointer);
}
END_TEST

START_TEST(the_options_say_which_changes_match)
{
	static const char *const any[] = {NULL}, *const ok[] = {"OK", NULL},
				 *const bad[] = {"WARNING", "CRIT*", NULL},
				 *const gone[] = {"absent", NULL};
#define MATCHES(from, to, before, now) \
	news_matches(&(struct news_rule){(from), (to)}, (before), (now))

	ck_assert(MATCHES(any, any, "OK", "CRITICAL"));
	ck_assert(MATCHES(ok, bad, "OK", "CRITICAL"));
	ck_assert(!MATCHES(ok, bad, "UNKNOWN", "CRITICAL"));
	ck_assert(!MATCHES(any, bad, "CRITICAL", "OK"));
	ck_assert(!MATCHES(any, any, "OK", "absent"));
	ck_assert(MATCHES(any, gone, "OK", "absent"));
	ck_assert(MATCHES(gone, any, "absent", "OK"));
	ck_assert(!MATCHES(gone, any, "OK", "CRITICAL"));
}
END_TEST

/* --- the first check -------------------------------------------------------------------------- */

START_TEST(ok_at_the_first_check_is_not_sent)
{
	static const char *const tos[] = {"", "CRITICAL, OK", "OK", "*"};

	for (size_t i = 0; i < COUNT(tos); i++) {
		fake_option("to", tos[i]);
		begin();
		health("web", "OK");
		SENT("");
		end();
	}
}
END_TEST

START_TEST(critical_at_the_first_check_is_sent_once)
{
	static const struct {
		const char *from, *to;
	} rows[] = {{"", ""}, {"", "CRITICAL, OK"}, {"OK", "CRITICAL"}, {"absent", "CRITICAL"}};

	for (size_t i = 0; i < COUNT(rows); i++) {
		fake_option("from", rows[i].from);
		fake_option("to", rows[i].to);
		begin();
		health("web", "CRITICAL");
		SENT("web absent>CRITICAL;");
		health("web", "CRITICAL");
		SENT("");
		end();
		json_object_clear(fake.state);
	}
}
END_TEST

START_TEST(a_problem_from_before_the_start_of_the_daemon_is_sent)
{
	json_object_set_new(fake.state, "/runs",
		json_pack("{s:{s:{s:s,s:s}},s:{s:{s:s}}}", "web", "health", "level", "CRITICAL",
			"text", "down", "db", "health", "level", "OK"));
	begin();
	SENT("web absent>CRITICAL;");
}
END_TEST

START_TEST(a_recovery_from_a_problem_that_was_not_sent_is_not_sent)
{
	fake_option("to", "CRITICAL, OK");
	begin();
	health("web", "WARNING"); /* a service that starts */
	health("web", "OK");
	SENT("");
	health("web", "CRITICAL");
	health("web", "WARNING");
	health("web", "OK");
	SENT("web OK>CRITICAL;web WARNING>OK;");
}
END_TEST

START_TEST(a_level_that_returns_from_one_that_is_not_sent_is_not_sent_again)
{
	fake_option("to", "CRITICAL, OK");
	begin();
	health("web", "CRITICAL");
	health("web", "UNKNOWN"); /* its plugin sometimes hangs */
	health("web", "CRITICAL");
	restart();
	health("web", "UNKNOWN");
	health("web", "CRITICAL");
	SENT("web absent>CRITICAL;");
	health("web", "OK");
	health("web", "CRITICAL");
	SENT("web CRITICAL>OK;web OK>CRITICAL;");
	end();
	json_object_clear(fake.state);
	fake_option("to", "");
	begin();
	health("web", "CRITICAL");
	health("web", "UNKNOWN");
	health("web", "CRITICAL");
	SENT("web absent>CRITICAL;web CRITICAL>UNKNOWN;web UNKNOWN>CRITICAL;");
}
END_TEST

START_TEST(only_recoveries_can_be_requested)
{
	fake_option("to", "OK");
	begin();
	health("web", "CRITICAL");
	health("web", "OK");
	SENT("web CRITICAL>OK;");
	end();
	fake_option("from", "CRITICAL");
	fake_option("to", "");
	begin();
	health("db", "OK");
	health("db", "CRITICAL");
	health("db", "WARNING");
	SENT("db CRITICAL>WARNING;");
}
END_TEST

START_TEST(a_value_that_is_not_a_health_is_sent_first_only_if_to_names_it)
{
	fake_option("watch", "/daemons/*/exit_status");
	fake_option("to", "[1-9]*");
	fake_option("from", "0");
	begin();
	fake_change("/daemons/web/exit_status", json_integer(2));
	fake_change("/daemons/db/exit_status", json_integer(0));
	SENT("web absent>2;");
	end();
	json_object_clear(fake.state);
	fake_option("from", "");
	fake_option("to", "");
	begin();
	fake_change("/daemons/web/exit_status", json_integer(2));
	SENT("");
	fake_change("/daemons/web/exit_status", json_integer(3));
	SENT("web 2>3;");
}
END_TEST

/* --- a restart of vigild ---------------------------------------------------------------------- */

START_TEST(a_change_sent_before_a_restart_is_not_sent_again)
{
	begin();
	health("web", "CRITICAL");
	health("db", "OK");
	SENT("web absent>CRITICAL;");
	restart();
	health("db", "OK");
	health("web", "CRITICAL");
	SENT("");
	health("web", "OK");
	SENT("web CRITICAL>OK;");
	restart();
	health("web", "OK");
	SENT("");
}
END_TEST

START_TEST(a_recovery_while_vigild_was_stopped_is_sent)
{
	fake_option("to", "CRITICAL, OK");
	begin();
	health("web", "CRITICAL");
	health("db", "WARNING");
	SENT("web absent>CRITICAL;");
	restart();
	health("web", "OK");
	health("db", "OK");
	SENT("web CRITICAL>OK;");
}
END_TEST

START_TEST(a_daemon_that_is_stopped_and_started_has_not_changed)
{
	fake_option("to", "CRITICAL, OK");
	begin();
	health("web", "CRITICAL");
	SENT("web absent>CRITICAL;");
	health("web", NULL);
	health("web", "CRITICAL");
	SENT("");
	health("web", NULL);
	health("web", "OK");
	SENT("web CRITICAL>OK;");
	health("web", NULL);
	health("web", "OK");
	SENT("");
}
END_TEST

START_TEST(a_removal_is_sent_if_to_names_absent)
{
	fake_option("to", "absent");
	begin();
	health("web", "OK");
	health("web", NULL);
	SENT("web OK>absent;");
}
END_TEST

/* --- values ----------------------------------------------------------------------------------- */

START_TEST(a_stale_number_is_sent_as_unknown)
{
	fake_option("watch", "/daemons/web/exit_status");
	fake_option("to", "0, [1-9]*");
	begin();
	fake_change("/daemons/web/exit_status", json_integer(0));
	fake_change("/daemons/web/stale", json_true());
	fake_change("/daemons/web/exit_status", json_integer(1)); /* it is stale */
	fake_change("/daemons/web/exit_status", json_integer(0));
	SENT("");
	fake_change("/daemons/web/stale", NULL);
	SENT("");
	fake_change("/daemons/web/exit_status", json_integer(2));
	SENT("web 0>2;");
	fake_change("/daemons/web/stale", json_true());
	fake_change("/daemons/web/stale", NULL);
	SENT("");
	end();
	fake_option("to", "");
	begin();
	fake_change("/daemons/web/stale", json_true());
	SENT("web 2>UNKNOWN;");
	fake_change("/daemons/web/stale", NULL);
	SENT("web UNKNOWN>2;");
}
END_TEST

START_TEST(texts_that_differ_at_the_end_are_different)
{
	char a[600], b[600];

	fake_option("watch", "/daemons/*/output");
	begin();
	memset(a, 'x', sizeof(a));
	a[sizeof(a) - 1] = '\0';
	strcpy(b, a);
	b[sizeof(b) - 2] = 'y';
	fake_change("/daemons/web/output", json_string(a));
	fake_change("/daemons/web/output", json_string(b));
	ck_assert_ptr_nonnull(strstr(sent, "xy;"));
}
END_TEST

START_TEST(numbers_keep_their_digits)
{
	fake_option("watch", "/daemons/*/value");
	begin();
	fake_change("/daemons/web/value", json_real(0.12345678901));
	fake_change("/daemons/web/value", json_real(0.12345678902));
	ck_assert_ptr_nonnull(strstr(sent, "0.12345678901"));
}
END_TEST

START_TEST(the_notify_daemon_sends_nothing_about_itself)
{
	fake_option("watch", "/daemons, /runs/*/health");
	begin();
	health("mail", "CRITICAL");
	fake_change("/daemons/mail/waiting", json_integer(1));
	fake_change("/daemons/mail/waiting", json_integer(2));
	SENT("");
	health("web", "CRITICAL");
	SENT("web absent>CRITICAL;");
}
END_TEST

START_TEST(a_level_that_lasts_for_less_than_a_turn_is_noticed)
{
	json_t *ok = json_pack("{s:s,s:s}", "level", "OK", "text", "t");

	begin();
	health("web", "OK");
	/* when the notification comes, the state has already changed again */
	for (unsigned i = 0; i < fake.subscription_count; i++) {
		json_t *was = json_pack("{s:s,s:s}", "level", "CRITICAL", "text", "t");

		if (strcmp(fake.subscriptions[i].path, "/runs") == 0)
			fake.subscriptions[i].fn(
				&fake.daemon, "/runs/web/health", was, fake.subscriptions[i].arg);
		json_decref(was);
	}
	fake_change("/runs/web/health", ok);
	SENT("web OK>CRITICAL;web CRITICAL>OK;");
}
END_TEST

/* --- damaged values in the store -------------------------------------------------------------- */

static const json_t *kept_again(json_t *told)
{
	json_object_set_new(fake.state, "told", told);
	fake_option("watch", "/runs/*/health, /daemons/*/n");
	begin();
	save(save_arg);
	return json_object_get(fake.state, "told");
}

START_TEST(invalid_stored_values_are_corrected)
{
	const json_t *kept =
		kept_again(json_pack("{s:{s:s,s:s,s:i,s:s,s:i}}", "/daemons/b/n", "word", "bad",
			"since", "2026-11-29T03:12:07\x1b[2J and more than forty bytes in all",
			"told", 7, "given_up", "perhaps", "more", 5));
	const json_t *record = json_object_get(kept, "/daemons/b/n");

	ck_assert_str_eq(json_string_value(json_object_get(record, "word")), "bad");
	ck_assert_str_eq(json_string_value(json_object_get(record, "since")), "now");
	ck_assert_str_eq(json_string_value(json_object_get(record, "given_up")), "no");
	ck_assert_uint_eq(json_object_size(record), 3);
}
END_TEST

START_TEST(stored_values_that_are_not_problems_are_dropped)
{
	const json_t *kept = kept_again(json_pack("{s:{s:s},s:{s:i},s:s}", "/daemons/a/n", "word",
		"OK", "/daemons/b/n", "word", 7, "/daemons/c/n", "x"));

	ck_assert_uint_eq(json_object_size(kept), 0);
}
END_TEST

/* --- deaths ----------------------------------------------------------------------------------- */

static void deaths(const char *output)
{
	fake_change("/daemons/web/service_state/deaths",
		json_pack("[{s:s},{s:s,s:s,s:s*}]", "time", "1", "time", "2", "reason",
			"killed by SIGSEGV", "output", output));
}

START_TEST(a_change_of_health_has_the_last_death)
{
	const char *reason;

	begin();
	health("web", "OK");
	deaths(NULL);
	health("web", "CRITICAL");
	reason = json_string_value(json_object_get(json_object_get(last, "death"), "reason"));
	ck_assert_ptr_nonnull(reason);
	ck_assert_str_eq(reason, "killed by SIGSEGV");
	health("other", "CRITICAL");
	ck_assert_ptr_null(json_object_get(last, "death"));
	end();
}
END_TEST

START_TEST(output_that_came_later_is_in_the_message)
{
	json_t *change = json_pack(
		"{s:s,s:s,s:s}", "daemon", "web", "pointer", "/runs/web/health", "long_text", "");

	deaths(NULL);
	last_death_add(&fake.daemon, change);
	ck_assert(!last_death_refresh(&fake.daemon, change));
	deaths("panic");
	fake_change("/runs/web/health", json_pack("{s:s}", "long_text", "last death: panic"));
	ck_assert(last_death_refresh(&fake.daemon, change));
	ck_assert_str_eq(
		json_string_value(json_object_get(change, "long_text")), "last death: panic");
	ck_assert_str_eq(
		json_string_value(json_object_get(json_object_get(change, "death"), "output")),
		"panic");
	/* the next death is not that of this change */
	fake_change("/daemons/web/service_state/deaths", json_pack("[{s:s}]", "time", "3"));
	ck_assert(!last_death_refresh(&fake.daemon, change));
	json_decref(change);
}
END_TEST

SUITE("watch", setup, teardown)
{
	TEST(a_star_matches_one_step);
	TEST(the_options_say_which_changes_match);
	TEST(ok_at_the_first_check_is_not_sent);
	TEST(critical_at_the_first_check_is_sent_once);
	TEST(a_problem_from_before_the_start_of_the_daemon_is_sent);
	TEST(a_recovery_from_a_problem_that_was_not_sent_is_not_sent);
	TEST(a_level_that_returns_from_one_that_is_not_sent_is_not_sent_again);
	TEST(only_recoveries_can_be_requested);
	TEST(a_value_that_is_not_a_health_is_sent_first_only_if_to_names_it);
	TEST(a_change_sent_before_a_restart_is_not_sent_again);
	TEST(a_recovery_while_vigild_was_stopped_is_sent);
	TEST(a_daemon_that_is_stopped_and_started_has_not_changed);
	TEST(a_removal_is_sent_if_to_names_absent);
	TEST(a_stale_number_is_sent_as_unknown);
	TEST(texts_that_differ_at_the_end_are_different);
	TEST(numbers_keep_their_digits);
	TEST(the_notify_daemon_sends_nothing_about_itself);
	TEST(a_level_that_lasts_for_less_than_a_turn_is_noticed);
	TEST(invalid_stored_values_are_corrected);
	TEST(stored_values_that_are_not_problems_are_dropped);
	TEST(a_change_of_health_has_the_last_death);
	TEST(output_that_came_later_is_in_the_message);
}
