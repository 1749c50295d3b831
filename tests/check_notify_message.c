/*
 * check_notify_message: the queue of changes, its limit, and the environment and input of the
 * command.
 */
#include <string.h>
#include <time.h>

#include "modules/notify/cut_text.h"
#include "modules/notify/local_time.h"
#include "modules/notify/message.h"
#include "suite.h"

#define KERNEL_MAX (128 * 1024) /* the maximum size of one variable, MAX_ARG_STRLEN */

static struct queue queue;
static unsigned long id;
static char *environment[MESSAGE_VARIABLES + 1];

static void setup(void)
{
	setenv("TZ", "CET-1", 1);
	tzset();
	queue_init(&queue);
	id = 0;
}

static void teardown(void)
{
	for (char **entry = environment; *entry != NULL; entry++)
		free(*entry);
	memset(environment, 0, sizeof(environment));
	queue_clear(&queue);
}

static json_t *add(const char *daemon, const char *from, const char *to, const char *text)
{
	char pointer[128];
	json_t *change;

	snprintf(pointer, sizeof(pointer), "/runs/%s/health", daemon);
	change = json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "time", "2026-11-29T03:12:07.123Z",
		"event", "change", "pointer", pointer, "daemon", daemon, "from", from, "to", to,
		"text", text, "since", "2026-11-29T03:12:00Z");
	ck_assert_int_eq(queue_add(&queue, change, ++id), 0);
	return change;
}

static void make(size_t lines)
{
	struct message m = {.host = "h", .daemon = "mail", .queue = &queue};

	m.sorted = queue_sorted(&queue);
	message_environment(&m, lines, environment);
	free(m.sorted);
}

static const char *variable(const char *name)
{
	size_t n = strlen(name);

	for (char **entry = environment; *entry != NULL; entry++)
		if (strncmp(*entry, name, n) == 0 && (*entry)[n] == '=')
			return *entry + n + 1;
	return "(not there)";
}

/* --- order ------------------------------------------------------------------------------------ */

START_TEST(the_summary_names_the_worst_change)
{
	add("a", "CRITICAL", "OK", "up");
	add("b", "OK", "CRITICAL", "down");
	add("c", "OK", "WARNING", "slow");
	add("d", "OK", "UNKNOWN", "lost");
	make(MESSAGE_LINES);
	ck_assert_str_eq(variable("VIGIL_SUMMARY"), "b: OK -> CRITICAL (and 3 more)");
	ck_assert_str_eq(variable("VIGIL_DAEMON"), "b");
	ck_assert_str_eq(variable("VIGIL_TIME"), "2026-11-29T03:12:07.123Z");
	ck_assert_str_eq(variable("VIGIL_COUNT"), "4");
	ck_assert_str_eq(variable("VIGIL_LINES"),
		"2026-11-29 04:12:07 CET  b: OK -> CRITICAL: down\n"
		"2026-11-29 04:12:07 CET  d: OK -> UNKNOWN: lost\n"
		"2026-11-29 04:12:07 CET  c: OK -> WARNING: slow\n"
		"2026-11-29 04:12:07 CET  a: CRITICAL -> OK: up");
}
END_TEST

START_TEST(problems_come_before_recoveries)
{
	add("a", "OK", "CRITICAL", "down");
	add("a", "CRITICAL", "OK", "up");
	add("b", "OK", "WARNING", "slow");
	make(MESSAGE_LINES);
	ck_assert_str_eq(variable("VIGIL_SUMMARY"), "b: OK -> WARNING (and 2 more)");
	ck_assert_ptr_nonnull(strstr(variable("VIGIL_LINES"), "up\n2026"));
}
END_TEST

START_TEST(each_event_has_its_own_text)
{
	json_t *change = add("web", "CRITICAL", "CRITICAL", "reminder, CRITICAL since x: down");

	json_object_set_new(change, "event", json_string("reminder"));
	make(MESSAGE_LINES);
	ck_assert_str_eq(variable("VIGIL_SUMMARY"),
		"web: still CRITICAL since 2026-11-29 04:12:00 CET (reminder)");
	ck_assert_str_eq(variable("VIGIL_LINES"),
		"2026-11-29 04:12:07 CET  web: reminder, CRITICAL since x: down");
	teardown();
	change = add("web", "CRITICAL", "CRITICAL", "gave up after 3 restarts");
	json_object_set_new(change, "event", json_string("gave_up"));
	make(MESSAGE_LINES);
	ck_assert_str_eq(variable("VIGIL_SUMMARY"), "web: still CRITICAL, vigil gave up");
	teardown();
	change = add("web", "0", "2", "2");
	json_object_set_new(change, "pointer", json_string("/daemons/web/exit_status"));
	make(MESSAGE_LINES);
	ck_assert_str_eq(variable("VIGIL_SUMMARY"), "web: 0 -> 2");
	ck_assert_str_eq(variable("VIGIL_LINES"),
		"2026-11-29 04:12:07 CET  web (/daemons/web/exit_status): 0 -> 2");
	teardown();
	add("web", "absent", "CRITICAL", "down");
	make(MESSAGE_LINES);
	ck_assert_str_eq(variable("VIGIL_SUMMARY"), "web: CRITICAL at the first check");
}
END_TEST

/* --- text of plugins -------------------------------------------------------------------------- */

#define HOSTILE                                                                   \
	"a\nVIGIL_X=1\r\x1b]0;t\x07\x7f\xc2\x9b" /* newline, ESC, BEL, DEL, C1 */ \
	"\xe2\x80\xae\xe2\x81\xa6\xe2\x80\xa8"   /* U+202E, U+2066 and U+2028 */

/* Asserts that a variable has no control characters but those of `keep`, and none of the characters
 * above. */
static void check_clean(const char *entry, const char *keep)
{
	static const char *const marks[] = {
		"\xc2\x9b", "\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x80\xa8"};

	for (const char *c = entry; *c != '\0'; c++)
		ck_assert_msg(((unsigned char)*c >= ' ' && *c != 0x7f) || strchr(keep, *c) != NULL,
			"a control character in %.60s", entry);
	for (size_t i = 0; i < COUNT(marks); i++)
		ck_assert_msg(strstr(entry, marks[i]) == NULL, "a mark in %.60s", entry);
}

static void check_all_clean(void)
{
	for (char **entry = environment; *entry != NULL; entry++)
		check_clean(*entry, strncmp(*entry, "VIGIL_L", 7) == 0 ? "\n" : "");
}

START_TEST(no_text_of_a_plugin_brings_a_control_character_into_a_variable)
{
	static const char *const keys[] = {"pointer", "daemon", "from", "to", "text", "since",
		"time", "what", "event", "long_text"};
	static const char *const events[] = {"change", "reminder", "gave_up", "failed"};
	json_t *change;

	for (size_t key = 0; key < COUNT(keys); key++)
		for (size_t i = 0; i < COUNT(events); i++) {
			change = add("web", "OK", "CRITICAL", "down");
			json_object_set_new(change, "event", json_string(events[i]));
			json_object_set_new(change, keys[key], json_string(HOSTILE));
			make(MESSAGE_LINES);
			check_all_clean();
			if (strcmp(keys[key], "long_text") != 0)
				ck_assert_ptr_null(strchr(variable("VIGIL_LINES"), '\n'));
			teardown();
		}
}
END_TEST

START_TEST(a_truncated_text_of_a_plugin_is_clean_too)
{
	char text[4096];
	json_t *change;

	for (size_t at = 0; at < 300; at++) {
		memset(text, 'x', sizeof(text));
		snprintf(text + at, sizeof(text) - at, "%s", HOSTILE HOSTILE);
		change = add("web", "OK", "CRITICAL", text);
		json_object_set_new(change, "pointer", json_string(text));
		json_object_set_new(change, "to", json_string(text));
		json_object_set_new(change, "daemon", json_string(at % 2 ? text : ""));
		make(MESSAGE_LINES_MIN);
		check_all_clean();
		teardown();
	}
}
END_TEST

/* --- limits ----------------------------------------------------------------------------------- */

static void check_sizes(size_t limit)
{
	for (char **entry = environment; *entry != NULL; entry++)
		ck_assert_msg(
			strlen(*entry) < limit, "%.20s has %zu bytes", *entry, strlen(*entry));
}

START_TEST(no_variable_is_longer_than_the_kernel_permits)
{
	static char text[70000];
	json_t *change;

	memset(text, 'x', sizeof(text) - 1);
	change = add("web", text, text, text);
	json_object_set_new(change, "long_text", json_string(text));
	make(MESSAGE_LINES);
	check_sizes(MESSAGE_LINES + 3000);
	ck_assert_ptr_nonnull(strstr(variable("VIGIL_LONG_TEXT"),
		"(cut; all 69999 bytes are in the JSON on the standard input)"));
	for (unsigned i = 0; i < 2000; i++) {
		snprintf(text, sizeof(text), "%u", i);
		text[strlen(text)] = 'x';
		add("db", "OK", i % 2 ? "CRITICAL" : "OK", text);
	}
	teardown();
	setup();
	for (unsigned i = 0; i < 2000; i++) {
		char name[32];

		snprintf(name, sizeof(name), "d%u", i);
		text[3000] = '\0';
		memset(text, 'y', 3000);
		add(name, "OK", "CRITICAL", text);
	}
	make(MESSAGE_LINES);
	check_sizes(KERNEL_MAX);
	check_sizes(MESSAGE_LINES + 3000);
	ck_assert_ptr_nonnull(strstr(variable("VIGIL_LINES"),
		" more changes are in the JSON on the standard input only"));
	ck_assert_str_eq(variable("VIGIL_LONG_TEXT"), "(not there)");
	for (char **entry = environment; *entry != NULL; entry++)
		free(*entry);
	make(MESSAGE_LINES_MIN);
	check_sizes(MESSAGE_LINES_MIN + 3000);
}
END_TEST

START_TEST(the_long_text_of_one_change_is_passed_on)
{
	json_t *change = add("web", "OK", "CRITICAL", "disks");

	json_object_set_new(change, "long_text", json_string("/ is full\n/srv is full"));
	make(MESSAGE_LINES);
	ck_assert_str_eq(variable("VIGIL_LONG_TEXT"), "/ is full\n/srv is full");
}
END_TEST

START_TEST(the_long_text_of_the_latest_change_of_one_address_is_passed_on)
{
	json_object_set_new(add("web", "OK", "CRITICAL", "down"), "long_text", json_string("1"));
	json_object_set_new(add("web", "CRITICAL", "OK", "up"), "long_text", json_string("2"));
	make(MESSAGE_LINES);
	ck_assert_str_eq(variable("VIGIL_LONG_TEXT"), "2");
	for (char **entry = environment; *entry != NULL; entry++)
		free(*entry);
	add("db", "OK", "CRITICAL", "down");
	make(MESSAGE_LINES);
	ck_assert_str_eq(variable("VIGIL_LONG_TEXT"), "(not there)");
}
END_TEST

START_TEST(text_is_cut_between_characters)
{
	char text[32];

	ck_assert_str_eq(cut_text(text, 4, "a\xc3\xa4\xc3\xb6"), "a\xc3\xa4...");
	ck_assert_str_eq(cut_text(text, 5, "a\xc3\xa4\xc3\xb6"), "a\xc3\xa4\xc3\xb6");
	ck_assert_str_eq(cut_text(text, 0, "\xc3\xa4"), "...");
}
END_TEST

START_TEST(over_the_limit_the_worst_and_the_latest_change_of_each_daemon_remain)
{
	struct queue_change *c;
	bool worst = false;
	char name[32];

	add("flap", "OK", "WARNING", "1");
	add("flap", "WARNING", "CRITICAL", "2");
	for (unsigned i = 0; i < QUEUE_MAX; i++)
		add("flap", i % 2 ? "OK" : "CRITICAL", i % 2 ? "WARNING" : "OK", "3");
	ck_assert_uint_lt(queue.count, QUEUE_MAX);
	ck_assert_uint_eq(queue.gave_way, queue.superseded);
	ck_assert_uint_eq(queue.dropped, 0);
	TAILQ_FOREACH(c, &queue.list, link)
		worst = worst || strcmp(change_text(c->change, "to"), "CRITICAL") == 0;
	ck_assert(worst);
	ck_assert_str_eq(change_text(TAILQ_LAST(&queue.list, queue_list)->change, "to"), "WARNING");
	/* too many daemons: those that are OK are dropped, and named */
	for (unsigned i = 0; i < QUEUE_MAX; i++) {
		snprintf(name, sizeof(name), "d%u", i);
		add(name, "OK", i % 2 ? "CRITICAL" : "OK", "3");
	}
	ck_assert_uint_gt(queue.dropped, 0);
	ck_assert_uint_eq(json_array_size(queue.names), QUEUE_NAMES);
	ck_assert_uint_eq(queue.gave_way, queue.dropped + queue.superseded);
	make(MESSAGE_LINES);
	ck_assert_ptr_nonnull(strstr(variable("VIGIL_LINES"), " older changes are left out"));
	ck_assert_ptr_nonnull(strstr(
		variable("VIGIL_LINES"), " changes were lost because more than 5000 waited"));
}
END_TEST

START_TEST(over_the_limit_of_bytes_long_texts_are_dropped)
{
	static char text[65000];
	unsigned cut = 0;
	struct queue_change *c;
	char name[32];

	memset(text, 'x', sizeof(text) - 1);
	for (unsigned i = 0; i < 200; i++) {
		json_t *change = json_pack(
			"{s:s,s:s,s:s}", "to", "CRITICAL", "text", "t", "long_text", text);

		snprintf(name, sizeof(name), "/runs/d%u/health", i);
		json_object_set_new(change, "pointer", json_string(name));
		queue_add(&queue, change, ++id);
		ck_assert_uint_le(queue.bytes, QUEUE_BYTES);
	}
	ck_assert_uint_eq(queue.count, 200);
	ck_assert_uint_eq(queue.gave_way, 0);
	TAILQ_FOREACH(c, &queue.list, link)
		cut += json_is_true(json_object_get(c->change, "cut"));
	ck_assert_uint_gt(cut, 100);
	ck_assert_ptr_nonnull(
		json_object_get(TAILQ_LAST(&queue.list, queue_list)->change, "long_text"));
}
END_TEST

START_TEST(the_input_has_all_changes_worst_first)
{
	struct message m = {.host = "h", .daemon = "mail", .queue = &queue};
	json_t *whole, *changes;
	char *text;

	add("a", "CRITICAL", "OK", "up");
	json_object_set_new(add("b", "OK", "CRITICAL", "down"), "long_text", json_string("x\ny"));
	m.sorted = queue_sorted(&queue);
	text = message_input(&m);
	free(m.sorted);
	whole = json_loads(text, 0, NULL);
	free(text);
	ck_assert_str_eq(json_string_value(json_object_get(whole, "host")), "h");
	ck_assert_int_eq(json_integer_value(json_object_get(whole, "count")), 2);
	changes = json_object_get(whole, "changes");
	ck_assert_uint_eq(json_array_size(changes), 2);
	ck_assert_str_eq(change_text(json_array_get(changes, 0), "daemon"), "b");
	ck_assert_str_eq(change_text(json_array_get(changes, 0), "long_text"), "x\ny");
	json_decref(whole);
}
END_TEST

START_TEST(times_are_local_and_have_a_zone)
{
	char text[LOCAL_TIME];

	ck_assert_str_eq(local_time(text, "2026-11-29T23:30:00Z"), "2026-11-30 00:30:00 CET");
	ck_assert_str_eq(local_time(text, "2026-11-29T23:30:00.999Z"), "2026-11-30 00:30:00 CET");
	setenv("TZ", "UTC", 1);
	ck_assert_str_eq(local_time(text, "2026-11-29T23:30:00Z"), "2026-11-29 23:30:00 UTC");
	ck_assert_str_eq(local_time(text, "soon"), "soon");
	ck_assert_str_eq(local_time(text, NULL), "");
}
END_TEST

SUITE("notify_message", setup, teardown)
{
	TEST(the_summary_names_the_worst_change);
	TEST(problems_come_before_recoveries);
	TEST(each_event_has_its_own_text);
	TEST(no_text_of_a_plugin_brings_a_control_character_into_a_variable);
	TEST(a_truncated_text_of_a_plugin_is_clean_too);
	TEST(no_variable_is_longer_than_the_kernel_permits);
	TEST(the_long_text_of_one_change_is_passed_on);
	TEST(the_long_text_of_the_latest_change_of_one_address_is_passed_on);
	TEST(text_is_cut_between_characters);
	TEST(over_the_limit_the_worst_and_the_latest_change_of_each_daemon_remain);
	TEST(over_the_limit_of_bytes_long_texts_are_dropped);
	TEST(the_input_has_all_changes_worst_first);
	TEST(times_are_local_and_have_a_zone);
}
