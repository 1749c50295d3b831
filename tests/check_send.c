/* check_send: the order in which the module notify sends changes, and what it puts aside. */
#include "modules/notify/send.h"

#include "fake_vigil.h"
#include "suite.h"

#define EXITED(status) ((status) << 8)
#define RETRIES        2

static const vigil_option schema[] = {
	VIGIL_OPTION("command", VIGIL_COMMAND, "/bin/mail", "the program"),
	VIGIL_OPTION("timeout", VIGIL_DURATION, "30s", "seconds"),
	VIGIL_OPTION("group", VIGIL_DURATION, "1s", "seconds"),
	VIGIL_OPTION("backoff", VIGIL_DURATION, "10s", "seconds"),
	VIGIL_OPTION("retries", VIGIL_INT, "2", "runs"),
	VIGIL_OPTION("burst", VIGIL_INT, "0", "messages"),
	VIGIL_OPTION("burst_window", VIGIL_DURATION, "10m", "seconds"),
	VIGIL_OPTION_END,
};
VIGIL_MODULE(.name = "notify", .options = schema);

static struct send *sending;

char *vigil_sanitize_lines(char *clean, size_t size, const char *text)
{
	return vigil_sanitize(clean, size, text);
}

static void setup(void)
{
	fake_begin();
	fake.daemon.name = "mail";
	fake.children = true;
	sending = send_start(&fake.daemon);
	ck_assert_ptr_nonnull(sending);
}

static void teardown(void)
{
	send_stop(sending);
	fake_timers_stop();
	fake_end();
}

static void change_of(const char *pointer, const char *what, const char *text)
{
	send_change(sending,
		json_pack("{s:s,s:s,s:s,s:s*,s:s,s:s,s:s,s:s}", "time", "2026-11-29T03:12:07Z",
			"event", "change", "pointer", pointer, "what", what, "daemon", "", "from",
			"OK", "to", "CRITICAL", "text", text, "since", "2026-11-29T03:12:07Z"));
}

static void change(const char *daemon, const char *text)
{
	char pointer[64];

	snprintf(pointer, sizeof(pointer), "/runs/%s/health", daemon);
	change_of(pointer, NULL, text);
}

/* The texts of the changes that the present run has as its input, as "TEXT;" for each in the order
 * of their words, and the number of superseded changes. */
static const char *input(void)
{
	static char texts[512];
	json_t *whole = json_loads(fake.child.input, 0, NULL), *item;
	size_t i;

	ck_assert(fake.child_runs);
	texts[0] = '\0';
	json_array_foreach(json_object_get(whole, "changes"), i, item)
		snprintf(texts + strlen(texts), sizeof(texts) - strlen(texts), "%s;",
			json_string_value(json_object_get(item, "text")));
	snprintf(texts + strlen(texts), sizeof(texts) - strlen(texts), " %d",
		(int)json_integer_value(json_object_get(whole, "superseded")));
	json_decref(whole);
	return texts;
}

static void run_ends(int status)
{
	fake_child_exit((vigil_child_exit){.status = EXITED(status), .output = ""});
}

/* The next run must have this input, and ends with this status. */
static void run(const char *texts, int status)
{
	fake_pass(10 << RETRIES);
	ck_assert_str_eq(input(), texts);
	run_ends(status);
}

static void put_aside(const char *texts)
{
	for (unsigned i = 0; i <= RETRIES; i++)
		run(texts, 1);
	ck_assert_int_eq(fake.level, VIGIL_CRITICAL);
	fake_pass(100);
	ck_assert(!fake.child_runs);
}

static json_int_t counter(const char *name)
{
	return json_integer_value(json_object_get(fake.state, name));
}

START_TEST(a_message_that_cannot_be_sent_does_not_block_the_next_one)
{
	change("a", "A");
	put_aside("A; 0");
	change("b", "B");
	run("B; 0", 0);
	ck_assert_int_eq(counter("sent"), 1);
	run("A; 0", 1);
	fake_pass(100);
	ck_assert(!fake.child_runs); /* it is tried once after another message */
	change("c", "C");
	run("C; 0", 0);
	fake_pass(100);
	ck_assert(!fake.child_runs);
	ck_assert_int_eq(fake.level, VIGIL_CRITICAL);
	fake_pass(900 - 200); /* and again every 15 minutes, also if messages arrive all the time */
	change("d", "D");
	run("A; 0", 0);
	run("D; 0", 0);
	ck_assert_int_eq(counter("sent"), 4);
	ck_assert_int_eq(counter("waiting"), 0);
	ck_assert_int_eq(counter("dropped"), 0);
	ck_assert_int_eq(fake.level, VIGIL_OK);
}
END_TEST

START_TEST(what_was_put_aside_is_not_sent_after_a_newer_change_of_its_address)
{
	change("a", "A1");
	change("b", "B1");
	change_of("/vigil/degraded", "state", "S1");
	change_of("/vigil/degraded", "log", "L1");
	put_aside("L1;S1;B1;A1; 0");
	change("a", "A2");
	change("a", "A3");
	change_of("/vigil/degraded", "log", "L2");
	run("L2;A3;A2; 2", 0);
	ck_assert_int_eq(counter("dropped"), 2);
	run("S1;B1; 0", 0);
	ck_assert_int_eq(counter("waiting"), 0);
	ck_assert_int_eq(counter("dropped"), 2);
}
END_TEST

START_TEST(what_was_put_aside_is_sent_with_the_changes_that_failed_after_it)
{
	change("a", "A1");
	put_aside("A1; 0");
	change("b", "B");
	put_aside("B; 0");
	change("a", "A2");
	put_aside("A2; 1");
	ck_assert_int_eq(counter("waiting"), 2);
	fake_pass(900);
	run("A2;B; 1", 0);
	ck_assert_int_eq(counter("waiting"), 0);
	ck_assert_int_eq(counter("dropped"), 1);
}
END_TEST

START_TEST(a_change_that_comes_during_a_run_is_sent_after_it)
{
	change("a", "A1");
	fake_pass(1);
	change("a", "A2");
	run("A1; 0", 1);
	run("A1; 0", 0);
	run("A2; 0", 0);
	ck_assert_int_eq(counter("waiting"), 0);
}
END_TEST

SUITE("send", setup, teardown)
{
	TEST(a_message_that_cannot_be_sent_does_not_block_the_next_one);
	TEST(what_was_put_aside_is_not_sent_after_a_newer_change_of_its_address);
	TEST(what_was_put_aside_is_sent_with_the_changes_that_failed_after_it);
	TEST(a_change_that_comes_during_a_run_is_sent_after_it);
}
