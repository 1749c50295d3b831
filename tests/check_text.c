/* check_text: the formats of values: what is accepted, what it means, and what is refused. */
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

static char *repeat(char c, size_t n)
{
	char *text = malloc(n + 1);

	ck_assert_ptr_nonnull(text);
	memset(text, c, n);
	text[n] = '\0';
	return text;
}

START_TEST(daemon_names_are_checked)
{
	static const char *const good[] = {"a", "_", "0", "agentservice", "A.b-c@d_9", "a..b"};
	static const char *const bad[] = {"", ".a", "-a", "@a", "a/b", "a b", "a:b", "a\\b", "a\n",
		"\xc3\xa4", "a\xc3\xa4", "a,b", "a~"};
	char *longest = repeat('x', 64), *over = repeat('x', 65);
	size_t i;

	for (i = 0; i < COUNT(good); i++)
		ck_assert_msg(text_is_daemon_name(good[i]), "%s", good[i]);
	for (i = 0; i < COUNT(bad); i++)
		ck_assert_msg(!text_is_daemon_name(bad[i]), "%s", bad[i]);
	ck_assert(text_is_daemon_name(longest));
	ck_assert(!text_is_daemon_name(over));
	free(longest);
	free(over);
}
END_TEST

START_TEST(service_names_are_checked)
{
	static const char *const good[] = {"icinga2", "nginx.service", "getty@tty1", "a:b",
		"dev-disk-by\\x2duuid.mount", "_x", "9p"};
	static const char *const bad[] = {"", "-Hroot@evil", ".hidden", "..", "a..b", "a/b", "a b",
		"a;b", "a\nb", "a$b", "@a", ":a", "\xc3\xa4"};
	char *longest = repeat('x', 255), *over = repeat('x', 256);
	size_t i;

	for (i = 0; i < COUNT(good); i++)
		ck_assert_msg(text_is_service_name(good[i]), "%s", good[i]);
	for (i = 0; i < COUNT(bad); i++)
		ck_assert_msg(!text_is_service_name(bad[i]), "%s", bad[i]);
	ck_assert(text_is_service_name(longest));
	ck_assert(!text_is_service_name(over));
	free(longest);
	free(over);
}
END_TEST

START_TEST(durations_are_parsed)
{
	static const struct {
		const char *text;
		double seconds;
	} good[] = {{"0", 0}, {"5", 5}, {"250ms", 0.25}, {"5s", 5}, {"2m", 120}, {"1h", 3600},
		{"1d", 86400}, {"1.5s", 1.5}, {"0.1", 0.1}, {"1h30m", 5400},
		{"1d2h3m4s5ms", 93784.005}, {"1m0.5s", 60.5}, {"007s", 7},
		{"1.00000000000000000000000000001s", 1}, {"365d", 31536000}};
	static const char *const bad[] = {"", " ", "s", "-1", "+1", "5 s", " 5", "5 ", "5x", "5S",
		"1h30", "30m1h", "1s1s", "1..5", ".5", "5.", "1,5s", "0x10", "1e3", "inf", "nan",
		"1ms1s", "99999999999999999999d", "5sx", "1.5.5s", "20000000000"};
	double seconds = -1;
	char *huge = repeat('9', 5000);
	size_t i;

	for (i = 0; i < COUNT(good); i++) {
		ck_assert_msg(text_duration(good[i].text, &seconds) == 0, "%s", good[i].text);
		ck_assert_double_eq_tol(seconds, good[i].seconds, 1e-9);
	}
	ck_assert_int_eq(text_duration("0.3", &seconds), 0);
	ck_assert_double_eq(seconds, 0.3);
	seconds = -1;
	for (i = 0; i < COUNT(bad); i++)
		ck_assert_msg(text_duration(bad[i], &seconds) == -EINVAL, "%s", bad[i]);
	ck_assert_int_eq(text_duration(huge, &seconds), -EINVAL);
	ck_assert_double_eq(seconds, -1); /* not changed */
	free(huge);
}
END_TEST

START_TEST(sizes_are_parsed)
{
	static const struct {
		const char *text;
		int64_t bytes;
	} good[] = {{"0", 0}, {"512", 512}, {"512B", 512}, {"64KiB", 65536}, {"64K", 65536},
		{"10MiB", 10485760}, {"10m", 10485760}, {"1GiB", 1073741824}, {"1G", 1073741824},
		{"2TiB", INT64_C(2199023255552)}, {"9223372036854775807", INT64_MAX}};
	static const char *const bad[] = {
		"", "K", "-1", "+1", "1.5G", "64KB", "64 K", " 64", "1KiBx", "0x10", "1P"};
	static const char *const over[] = {"9223372036854775808", "99999999999999999999999",
		"9007199254740992K", "99999999999999999999999K"};
	int64_t bytes = -1;
	size_t i;

	for (i = 0; i < COUNT(good); i++) {
		ck_assert_msg(text_size(good[i].text, &bytes) == 0, "%s", good[i].text);
		ck_assert_int_eq(bytes, good[i].bytes);
	}
	bytes = -1;
	for (i = 0; i < COUNT(bad); i++)
		ck_assert_msg(text_size(bad[i], &bytes) == -EINVAL, "%s", bad[i]);
	for (i = 0; i < COUNT(over); i++)
		ck_assert_msg(text_size(over[i], &bytes) == -ERANGE, "%s", over[i]);
	ck_assert_int_eq(bytes, -1);
}
END_TEST

START_TEST(booleans_are_parsed)
{
	static const char *const yes[] = {"yes", "true", "on", "1", "YES", "True"};
	static const char *const no[] = {"no", "false", "off", "0", "No", "OFF"};
	static const char *const bad[] = {"", "y", "n", "2", "yes ", "enabled", "01"};
	bool value;
	size_t i;

	for (i = 0; i < COUNT(yes); i++) {
		value = false;
		ck_assert_msg(text_bool(yes[i], &value) == 0 && value, "%s", yes[i]);
	}
	for (i = 0; i < COUNT(no); i++) {
		value = true;
		ck_assert_msg(text_bool(no[i], &value) == 0 && !value, "%s", no[i]);
	}
	for (i = 0; i < COUNT(bad); i++)
		ck_assert_msg(text_bool(bad[i], &value) == -EINVAL, "%s", bad[i]);
}
END_TEST

START_TEST(ages_are_formatted)
{
	static const struct {
		double seconds;
		const char *text;
	} rows[] = {{0, "0.0s"}, {-5, "0.0s"}, {0.3, "0.3s"}, {9.9, "9.9s"}, {9.96, "9s"},
		{10, "10s"}, {59.9, "59s"}, {60, "1m00s"}, {192, "3m12s"}, {3599, "59m59s"},
		{3600, "1h00m"}, {7500, "2h05m"}, {86399, "23h59m"}, {86400, "1d00h"},
		{4 * 86400 + 3 * 3600, "4d03h"}, {1e300, "11574074d01h"}};
	char buf[TEXT_AGE];
	size_t i;

	for (i = 0; i < COUNT(rows); i++)
		ck_assert_str_eq(text_format_age(buf, rows[i].seconds), rows[i].text);
	ck_assert_str_eq(text_format_age(buf, strtod("nan", NULL)), "0.0s");
	ck_assert_str_eq(text_format_age(buf, strtod("inf", NULL)), "11574074d01h");
}
END_TEST

START_TEST(text_is_cut_between_characters)
{
	char buf[8];

	ck_assert_str_eq(text_truncate(buf, sizeof buf, ""), "");
	ck_assert_str_eq(text_truncate(buf, sizeof buf, "1234567"), "1234567");
	ck_assert_str_eq(text_truncate(buf, sizeof buf, "12345678"), "1234...");
	/* At the fourth byte, "\xc3\xa4" would be cut in two. */
	ck_assert_str_eq(text_truncate(buf, sizeof buf,
				 "123\xc3\xa4"
				 "5678"),
		"123...");
	ck_assert_str_eq(text_truncate(buf, sizeof buf,
				 "12\xc3\xa4"
				 "5678"),
		"12\xc3\xa4...");
	ck_assert_str_eq(text_truncate(buf, sizeof buf, "\x80\x80\x80\x80\x80\x80\x80\x80"), "...");
	ck_assert_str_eq(text_truncate(buf, 4, "12345"), "...");
}
END_TEST

static void check_list(char **list, const char *const *expected)
{
	ck_assert_ptr_nonnull(list);
	ck_assert(text_equal_lists((const char *const *)list, expected));
	text_free_list(list);
}

/* The commas are inside the parentheses, so that a list may be empty. */
#define LIST(...) ((const char *const[]){__VA_ARGS__ NULL})

START_TEST(lists_are_split_and_copied)
{
	char **copy;

	check_list(text_split_list(""), LIST());
	check_list(text_split_list(" , ,\t,"), LIST());
	check_list(text_split_list("a"), LIST("a", ));
	check_list(text_split_list(" a b ,c,, d\t,"), LIST("a b", "c", "d", ));
	check_list(text_split_list("dbus, systemd-*"), LIST("dbus", "systemd-*", ));

	copy = text_copy_list(LIST("x", "", "y", ));
	ck_assert(text_equal_lists((const char *const *)copy, LIST("x", "", "y", )));
	free(copy);
	copy = text_copy_list(NULL);
	ck_assert_ptr_null(copy[0]);
	free(copy);
	ck_assert(text_equal_lists(NULL, LIST()));
	ck_assert(!text_equal_lists(NULL, LIST("", )));
	ck_assert(!text_equal_lists(LIST("a", ), LIST("a", "b", )));
	ck_assert(!text_equal_lists(LIST("a", "b", ), LIST("a", "c", )));
	text_free_list(NULL);
}
END_TEST

START_TEST(commands_are_split)
{
	const struct {
		const char *text;
		const char *const *argv;
	} good[] = {
		{"/bin/true", LIST("/bin/true", )},
		{"  a\tb  c ", LIST("a", "b", "c", )},
		{"a 'b c' \"d e\" f\\ g", LIST("a", "b c", "d e", "f g", )},
		{"a\f b\v", LIST("a\f", "b\v", )},
		{"a '' \"\"", LIST("a", "", "", )},
		{"a'b'\"c\"d", LIST("abcd", )},
		{"a 'it\"s' \"it's\"", LIST("a", "it\"s", "it's", )},
		{"a '\\n' \"\\n\" \\n", LIST("a", "\\n", "\\n", "n", )},
		{"a \"\\\"\\\\\\$\\`\"", LIST("a", "\"\\$`", )},
		{"a $HOME `id` $(id) * | > x ; y # z", LIST("a", "$HOME", "`id`", "$(id)", "*", "|",
							       ">", "x", ";", "y", "#", "z", )},
	};
	static const struct {
		const char *text, *why;
	} bad[] = {
		{"", "it names no program"},
		{"  ", "it names no program"},
		{"'' a", "it names no program"},
		{"a 'b", "unterminated '"},
		{"a \"b", "unterminated \""},
		{"a \"b\\", "it ends with a backslash"},
		{"a \"b\\\"", "unterminated \""},
		{"a b\\", "it ends with a backslash"},
	};
	char **argv;
	const char *why;
	size_t i;

	for (i = 0; i < COUNT(good); i++) {
		ck_assert_msg(
			text_split_command(good[i].text, &argv, &why) == 0, "%s", good[i].text);
		ck_assert_ptr_null(why);
		check_list(argv, good[i].argv);
	}
	for (i = 0; i < COUNT(bad); i++) {
		ck_assert_int_eq(text_split_command(bad[i].text, &argv, &why), -EINVAL);
		ck_assert_ptr_null(argv);
		ck_assert_str_eq(why, bad[i].why);
	}
}
END_TEST

static const char *suggest(const char *word, const char *const *candidates)
{
	struct text_suggest s;

	text_suggest_init(&s, word);
	for (; *candidates; candidates++)
		text_suggest_add(&s, *candidates);
	return text_suggest_get(&s);
}

START_TEST(similar_words_are_suggested)
{
	const char *const *keys = LIST("interval", "service", "log", "log_level", "workers", );
	char *huge = repeat('x', 5000);

	ck_assert_str_eq(suggest("intervall", keys), "interval");
	ck_assert_str_eq(suggest("INTERVAL", keys), "interval");
	ck_assert_str_eq(suggest("itnerval", keys), "interval");
	ck_assert_str_eq(suggest("sevrice", keys), "service");
	ck_assert_str_eq(suggest("lgo", keys), "log");
	ck_assert_str_eq(suggest("loglevel", keys), "log_level");
	ck_assert_str_eq(suggest("workres", keys), "workers");
	ck_assert_str_eq(suggest("deamons", LIST("vigil", "daemons", )), "daemons");
	ck_assert_ptr_null(suggest("colour", keys));
	ck_assert_ptr_null(suggest("", keys));
	ck_assert_ptr_null(suggest("x", LIST("y", )));       /* no letter is equal */
	ck_assert_ptr_null(suggest("abcd", LIST("abxy", ))); /* two of four letters differ */
	ck_assert_str_eq(suggest("abcde", LIST("abcxy", )), "abcxy");
	ck_assert_str_eq(suggest("abcdefghi", LIST("abcdefxyz", )), "abcdefxyz");
	ck_assert_ptr_null(suggest("abcdefgh", LIST("abcdexyz", )));
	ck_assert_str_eq(suggest("lag", LIST("log", "lag_", )), "log"); /* the first one */
	ck_assert_str_eq(
		suggest("lags", LIST("logs", "lags2", "lagS", )), "lagS"); /* the nearest one */
	ck_assert_ptr_null(suggest(huge, keys));
	ck_assert_ptr_null(suggest("log", LIST(huge, )));
	free(huge);
}
END_TEST

START_TEST(globs_match)
{
	static const struct {
		const char *glob, *name;
		bool matches;
	} rows[] = {{"", "", true}, {"", "a", false}, {"*", "", true}, {"*", "abc", true},
		{"dbus", "dbus", true}, {"dbus", "dbus2", false}, {"dbus2", "dbus", false},
		{"systemd-*", "systemd-logind", true}, {"systemd-*", "systemd-", true},
		{"systemd-*", "systemd", false}, {"?", "", false}, {"?", "a", true},
		{"a?c", "abc", true}, {"*.service", "a.service", true},
		{"*.service", "a.service.d", false}, {"a*b*c", "aXbYbZc", true},
		{"a*b*c", "aXbYbZ", false}, {"**a**", "bab", true}, {"[a]", "a", false},
		{"[a]", "[a]", true}, {"\\*", "*", false}, {"A", "a", false}};
	char *as = repeat('a', 3000), *stars = repeat('*', 200);
	size_t i;

	for (i = 0; i < COUNT(rows); i++)
		ck_assert_msg(text_glob(rows[i].glob, rows[i].name) == rows[i].matches, "%s %s",
			rows[i].glob, rows[i].name);
	/* A pattern that takes exponential time in other matchers. */
	ck_assert(!text_glob("*a*a*a*a*a*a*a*a*a*a*a*a*a*b", as));
	ck_assert(text_glob(stars, as));
	free(as);
	free(stars);
}
END_TEST

SUITE("text", NULL, NULL)
{
	TEST(daemon_names_are_checked);
	TEST(service_names_are_checked);
	TEST(durations_are_parsed);
	TEST(sizes_are_parsed);
	TEST(booleans_are_parsed);
	TEST(ages_are_formatted);
	TEST(text_is_cut_between_characters);
	TEST(lists_are_split_and_copied);
	TEST(commands_are_split);
	TEST(similar_words_are_suggested);
	TEST(globs_match);
}
