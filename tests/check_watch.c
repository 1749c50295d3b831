/*
 * check_watch: the addresses that the module notify watches, the changes that it sends, and when.
 */
#include "fake_vigil.h"
#include "modules/notify/news.h"
#include "modules/notify/send.h"
#include "modules/notify/watch.h"
#include "suite.h"

static const vigil_option schema[] = {
	VIGIL_OPTION("watch", VIGIL_LIST, "/runs/*/health, /vigil/degraded", "addresses"),
	VIGIL_OPTION("from", VIGIL_LIST, NULL, "words"),
	VIGIL_OPTION("to", VIGIL_LIST, NULL, "words"),
	VIGIL_OPTION("for", VIGIL_DURATION, "0", "seconds"),
	VIGIL_OPTION("remind", VIGIL_DURATION, "0", "seconds"),
	VIGIL_OPTION_END,
};
VIGIL_MODULE(.name = "notify", .options = schema);

/* The changes that were sent: "daemon event from>to;" for each. */
static char sent[4096];
static json_t *last;
static struct watch *watch;

void send_change(struct send *send, json_t *change)
{
	const char *keys[] = {"daemon", "event", "from", "to"}, *texts[4];

	for (unsigned i = 0; i < 4; i++)
		texts[i] = json_string_value(json_object_get(change, keys[i]));
	if (json_object_get(change, "what") != NULL)
		texts[0] = json_string_value(json_object_get(change, "what"));
	snprintf(sent + strlen(sent), sizeof(sent) - strlen(sent), "%s %s%s>%s;", texts[0],
		strcmp(texts[1], "change") == 0 ? "" : texts[1],
		strcmp(texts[1], "change") == 0 ? texts[2] : " ", texts[3]);
	json_decref(last);
	last = change;
}

static void setup(void)
{
	fake_begin();
	fake.daemon.name = "mail";
	sent[0] = '\0';
}

static void begin(void)
{
	watch = watch_start(&fake.daemon, NULL);
	ck_assert_ptr_nonnull(watch);
}

static void end(void)
{
	watch_stop(watch);
	memset(fake.timers, 0, sizeof(fake.timers));
	fake.subscription_count = 0;
	watch = NULL;
}

static void teardown(void)
{
	if (watch != NULL)
		watch_stop(watch);
	watch = NULL;
	json_decref(last);
	last = NULL;
	fake_end();
}

static send_save_fn *save;
static void *save_arg;

void send_on_save(struct send *send, send_save_fn *fn, void *arg)
{
	save = fn;
	save_arg = arg;
}

/* If the queue has a change of this daemon, there is no reminder. */
static bool waits_to_be_sent;

bool send_has(const struct send *send, const char *pointer)
{
	return waits_to_be_sent;
}

void send_save_soon(struct send *send)
{
}

/* Restarts vigild: only the stored values remain. */
static void restart(void)
{
	json_t *told;

	save(save_arg);
	told = json_incref(json_object_get(fake.state, "told"));
	end();
	json_object_clear(fake.state);
	json_object_set_new(fake.state, "told", told);
	begin();
}

static void health(const char *daemon, const char *level)
{
	char pointer[64];

	snprintf(pointer, sizeof(pointer), "/runs/%s/health", daemon);
	fake_change(pointer, level != NULL ? json_pack("{s:s,s:s,s:s}", "level", level, "text",
						     "a text", "since", "2026-11-29T03:12:07Z")
					   : NULL);
}

static void pause_daemon(const char *daemon, bool paused)
{
	char pointer[64];

	snprintf(pointer, sizeof(pointer), "/runs/%s/paused", daemon);
	fake_change(pointer, json_boolean(paused));
}

#define SENT(text)                              \
	do {                                    \
		ck_assert_str_eq(sent, (text)); \
		sent[0] = '\0';                 \
	} while (0)

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
	TEST(a_short_problem_is_not_sent);
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
	TEST(a_stale_number_is_sent_as_unknown);
	TEST(texts_that_differ_at_the_end_are_different);
	TEST(numbers_keep_their_digits);
	TEST(the_notify_daemon_sends_nothing_about_itself);
	TEST(a_level_that_lasts_for_less_than_a_turn_is_noticed);
	TEST(invalid_stored_values_are_corrected);
	TEST(stored_values_that_are_not_problems_are_dropped);
}
