/* check_nagios: the output of plugins, valid and invalid. */
#include "../src/modules/exec/nagios.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "suite.h"

static struct nagios parsed;

static void parse(const char *text)
{
	nagios_clear(&parsed);
	ck_assert_int_eq(nagios_parse(text, strlen(text), &parsed), 0);
}

static void teardown(void)
{
	nagios_clear(&parsed);
}

/* Returns the performance data as JSON with sorted keys. */
static char *data(void)
{
	static char text[4096];
	char *dump = json_dumps(
		parsed.perfdata.items, JSON_SORT_KEYS | JSON_COMPACT | JSON_REAL_PRECISION(15));

	ck_assert_ptr_nonnull(dump);
	ck_assert_uint_lt(strlen(dump), sizeof(text));
	strcpy(text, dump);
	free(dump);
	return text;
}

/* --- text ------------------------------------------------------------------------------------- */

START_TEST(texts_and_performance_data_are_separated)
{
	static const struct {
		const char *text, *output, *long_output, *data;
	} rows[] = {
		{"", "", "", "{}"},
		{"\n\n", "", "", "{}"},
		{"OK", "OK", "", "{}"},
		{"OK\n", "OK", "", "{}"},
		{"OK - fine \r\n", "OK - fine", "", "{}"},
		{"\n\nOK\nmore\n", "OK", "more", "{}"},
		{"OK | a=1\n", "OK", "", "{\"a\":{\"unit\":\"\",\"value\":1}}"},
		{"OK |", "OK", "", "{}"},
		{"| a=1", "", "", "{\"a\":{\"unit\":\"\",\"value\":1}}"},
		{"OK\none\n\ntwo\n\n\n", "OK", "one\n\ntwo", "{}"},
		{"OK|a=1\none\ntwo|b=2\nc=3\nd=4 e=5\n", "OK", "one\ntwo",
			"{\"a\":{\"unit\":\"\",\"value\":1},\"b\":{\"unit\":\"\",\"value\":2},"
			"\"c\":{\"unit\":\"\",\"value\":3},\"d\":{\"unit\":\"\",\"value\":4},"
			"\"e\":{\"unit\":\"\",\"value\":5}}"},
		{"OK\none|b=2", "OK", "one", "{\"b\":{\"unit\":\"\",\"value\":2}}"},
		{"OK\none\n|b=2\n", "OK", "one", "{\"b\":{\"unit\":\"\",\"value\":2}}"},
		{"\x1b[31mBAD\n\tcaf\xe9", "\\x1B[31mBAD", "\tcaf\\xE9", "{}"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		parse(rows[i].text);
		ck_assert_str_eq(parsed.output, rows[i].output);
		ck_assert_str_eq(parsed.long_output, rows[i].long_output);
		ck_assert_str_eq(data(), rows[i].data);
		ck_assert_uint_eq(parsed.perfdata.refused, 0);
	}
}
END_TEST

START_TEST(a_bar_without_performance_data_is_text)
{
	static const char one[] = "{\"a\":{\"unit\":\"\",\"value\":1}}";
	static const struct {
		const char *text, *output, *long_output, *data;
	} rows[] = {
		{"CRITICAL - queue a|b is full", "CRITICAL - queue a|b is full", "", "{}"},
		{"CRITICAL - queue a|b is full | a=1", "CRITICAL - queue a|b is full", "", one},
		{"OK - 5|6 | a=1", "OK - 5|6", "", one},
		{"OK | no data", "OK | no data", "", "{}"},
		{"OK | a=x", "OK | a=x", "", "{}"},
		{"OK\n| name | size |\n|------|------|\n| a=1  | b=2  |\nend", "OK",
			"| name | size |\n|------|------|\n| a=1  | b=2  |\nend", "{}"},
		{"OK\nname | size\n-----+-----\n  / | full\n | a=1", "OK",
			"name | size\n-----+-----\n  / | full", one},
		{"OK | what is this\none\ntwo", "OK | what is this", "one\ntwo", "{}"},
		{"OK\none | a=1\nnot data\ntwo", "OK", "one\nnot data\ntwo", one},
		{"OK | a=1 | b=2", "OK", "",
			"{\"a\":{\"unit\":\"\",\"value\":1},\"b\":{\"unit\":\"\",\"value\":2}}"},
		{"OK | 'a|b'=1", "OK", "", "{\"a|b\":{\"unit\":\"\",\"value\":1}}"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		parse(rows[i].text);
		ck_assert_str_eq(parsed.output, rows[i].output);
		ck_assert_str_eq(parsed.long_output, rows[i].long_output);
		ck_assert_str_eq(data(), rows[i].data);
		ck_assert_uint_eq(parsed.perfdata.refused, 0);
	}
}
END_TEST

START_TEST(in_plain_text_a_bar_is_a_character)
{
	static const char text[] = "a | b=1\nc | d\n";

	ck_assert_int_eq(nagios_parse_text(text, sizeof(text) - 1, &parsed), 0);
	ck_assert_str_eq(parsed.output, "a | b=1");
	ck_assert_str_eq(parsed.long_output, "c | d");
	ck_assert_uint_eq(json_object_size(parsed.perfdata.items), 0);
}
END_TEST

START_TEST(a_nul_does_not_end_the_output)
{
	static const char text[] = "a\0b\nc\0d|e=1";

	ck_assert_int_eq(nagios_parse(text, sizeof(text) - 1, &parsed), 0);
	ck_assert_str_eq(parsed.output, "a b");
	ck_assert_str_eq(parsed.long_output, "c d");
	ck_assert_str_eq(data(), "{\"e\":{\"unit\":\"\",\"value\":1}}");
}
END_TEST

/* --- performance data ------------------------------------------------------------------------- */

START_TEST(items_are_parsed)
{
	static const struct {
		const char *text, *data;
	} rows[] = {
		{"/=2643MB;5948;5958;0;5968",
			"{\"/\":{\"crit\":5958,\"max\":5968,\"min\":0,\"unit\":\"MB\","
			"\"value\":2643,\"warn\":5948}}"},
		{"load1=0.010;5.000;4.000;0;",
			"{\"load1\":{\"crit\":4.0,\"min\":0,\"unit\":\"\",\"value\":0.01,"
			"\"warn\":5.0}}"},
		{"time=0.012s;;;0.000000;10",
			"{\"time\":{\"max\":10,\"min\":0.0,\"unit\":\"s\",\"value\":0.012}}"},
		{"'used space'=82%;80:;@90:95;0;100",
			"{\"used space\":{\"crit\":\"@90:95\",\"max\":100,\"min\":0,\"unit\":"
			"\"%\",\"value\":82,\"warn\":\"80:\"}}"},
		{"'it''s'=1c", "{\"it's\":{\"unit\":\"c\",\"value\":1}}"},
		{"'a=b'=1", "{\"a=b\":{\"unit\":\"\",\"value\":1}}"},
		{"a=U;1;2", "{\"a\":{\"crit\":2,\"unit\":\"\",\"value\":null,\"warn\":1}}"},
		{"a=-1.5e3;~:10;10:20",
			"{\"a\":{\"crit\":\"10:20\",\"unit\":\"\",\"value\":-1500.0,\"warn\":\"~:"
			"10\"}}"},
		{"a=+.5us", "{\"a\":{\"unit\":\"us\",\"value\":0.5}}"},
		{"a=99999999999999999999", "{\"a\":{\"exact\":\"99999999999999999999\",\"unit\":"
					   "\"\",\"value\":1e20}}"},
		{"a=18446744073709551614c;9223372036854775809",
			"{\"a\":{\"exact\":\"18446744073709551614\",\"unit\":\"c\",\"value\":"
			"1.84467440737096e19,\"warn\":\"9223372036854775809\"}}"},
		{"a=12345678901234567.25",
			"{\"a\":{\"exact\":\"12345678901234567.25\",\"unit\":\"\",\"value\":"
			"1.23456789012346e16}}"},
		{"a=0000.10000000000000000000", "{\"a\":{\"unit\":\"\",\"value\":0.1}}"},
		{"a=9223372036854775807", "{\"a\":{\"unit\":\"\",\"value\":9223372036854775807}}"},
		{"caf\xe9=1", "{\"caf\\\\xE9\":{\"unit\":\"\",\"value\":1}}"},
		{"net::if/0=1;;;;", "{\"net::if/0\":{\"unit\":\"\",\"value\":1}}"},
	};
	char text[256];

	for (size_t i = 0; i < COUNT(rows); i++) {
		snprintf(text, sizeof(text), "x|%s", rows[i].text);
		parse(text);
		ck_assert_str_eq(data(), rows[i].data);
		ck_assert_uint_eq(parsed.perfdata.refused, 0);
	}
}
END_TEST

START_TEST(an_invalid_item_is_counted_and_skipped)
{
	static const struct {
		const char *text;
		unsigned refused;
	} rows[] = {
		{"=1", 1},
		{"''=1", 1},
		{"'a=1", 1},
		{"'a'b=1", 1},
		{"a=", 1},
		{"a=x", 1},
		{"a=0x10", 1},
		{"a=inf b=nan", 2},
		{"a=1e999", 1},
		{"a=1,5", 1}, /* ",5" is not a unit */
		{"a=1s2", 1},
		{"-", 1},
		{"2;3", 1},
		{"a 'b'=1s2", 2},
	};
	char text[256];

	for (size_t i = 0; i < COUNT(rows); i++) {
		snprintf(text, sizeof(text), "x|first=1 %s last=2", rows[i].text);
		parse(text);
		ck_assert_uint_eq(json_object_size(parsed.perfdata.items), 2);
		ck_assert_ptr_nonnull(json_object_get(parsed.perfdata.items, "first"));
		ck_assert_ptr_nonnull(json_object_get(parsed.perfdata.items, "last"));
		ck_assert_uint_eq(parsed.perfdata.refused, rows[i].refused);
	}
}
END_TEST

START_TEST(a_value_is_kept_if_its_threshold_is_invalid)
{
	static const struct {
		const char *text, *data, *first;
		unsigned limits;
	} rows[] = {
		{"a=12.47%;0,0;0;", "{\"a\":{\"crit\":0,\"unit\":\"%\",\"value\":12.47}}", "0,0",
			1},
		{"a=6410;@1:3,@10000:50000", "{\"a\":{\"unit\":\"\",\"value\":6410}}",
			"@1:3,@10000:50000", 1},
		{"a=80%;75%;90%", "{\"a\":{\"crit\":90,\"unit\":\"%\",\"value\":80,\"warn\":75}}",
			"", 0},
		{"a=80%;75B;90%", "{\"a\":{\"crit\":90,\"unit\":\"%\",\"value\":80}}", "75B", 1},
		{"a=1;x;y;0;9", "{\"a\":{\"max\":9,\"min\":0,\"unit\":\"\",\"value\":1}}", "x", 2},
		{"a=1;~", "{\"a\":{\"unit\":\"\",\"value\":1}}", "~", 1},
		{"a=1;;;1:2", "{\"a\":{\"unit\":\"\",\"value\":1}}", "1:2", 1},
		{"a=1;;;;2;3", "{\"a\":{\"max\":2,\"unit\":\"\",\"value\":1}}", "3", 1},
		{"a=1;U;1e999", "{\"a\":{\"unit\":\"\",\"value\":1}}", "U", 2},
	};
	char text[256];

	for (size_t i = 0; i < COUNT(rows); i++) {
		snprintf(text, sizeof(text), "x|%s", rows[i].text);
		parse(text);
		ck_assert_str_eq(data(), rows[i].data);
		ck_assert_uint_eq(parsed.perfdata.refused, 0);
		ck_assert_uint_eq(parsed.perfdata.limits_refused, rows[i].limits);
		ck_assert_str_eq(parsed.perfdata.first, rows[i].first);
	}
}
END_TEST

START_TEST(labels_are_read_as_plugins_print_them)
{
	static const struct {
		const char *text, *label;
	} rows[] = {
		{"'C:\\ Used Space'=1", "C:\\ Used Space"},
		{"'it''s'=1", "it's"},
		{"'''quoted'''=1", "'quoted'"},
		{"'C: Bob's disk'=1", "C: Bob's disk"},
		{"'a''=1", "a'"},
		{"it's=1", "it's"},
		{"'a=b'=1", "a=b"},
		{"'k=v, it''s'=1", "k=v, it's"},
		{"a=b=1", "a=b"},
		{"Physical Memory Used=1", "Physical Memory Used"},
		{"a =1", "a"},
		{"a= 1", "a"},
		{"\"two words\"=1", "\"two words\""},
		{"' padded '=1", " padded"},
		{"a=1,", "a"},
		{"/dev/sda1:/mnt=1", "/dev/sda1:/mnt"},
	};
	char text[256];

	for (size_t i = 0; i < COUNT(rows); i++) {
		snprintf(text, sizeof(text), "x|first=1;2 %s 'last'=2", rows[i].text);
		parse(text);
		ck_assert_msg(json_object_get(parsed.perfdata.items, rows[i].label) != NULL,
			"%s: %s", rows[i].text, data());
		ck_assert_uint_eq(json_object_size(parsed.perfdata.items), 3);
		ck_assert_ptr_nonnull(json_object_get(parsed.perfdata.items, "last"));
		ck_assert_uint_eq(parsed.perfdata.refused + parsed.perfdata.limits_refused, 0);
	}
}
END_TEST

START_TEST(the_last_item_with_a_duplicate_label_is_kept)
{
	parse("x|a=1 a=2");
	ck_assert_str_eq(data(), "{\"a\":{\"unit\":\"\",\"value\":2}}");
	ck_assert_uint_eq(parsed.perfdata.refused, 1);
	ck_assert_str_eq(parsed.perfdata.first, "a=2");
}
END_TEST

START_TEST(a_label_that_is_too_long_is_refused)
{
	char text[2048], label[769];

	memset(label, 'l', sizeof(label) - 1);
	label[sizeof(label) - 1] = '\0';
	snprintf(text, sizeof(text), "x|%s=1", label);
	parse(text);
	ck_assert_ptr_nonnull(json_object_get(parsed.perfdata.items, label));
	snprintf(text, sizeof(text), "x|%sl=1 b=2", label);
	parse(text);
	ck_assert_uint_eq(json_object_size(parsed.perfdata.items), 1);
	ck_assert_uint_eq(parsed.perfdata.refused, 1);
}
END_TEST

START_TEST(the_number_of_items_is_limited)
{
	static char text[65536] = "x|";
	size_t n = 2;

	for (unsigned i = 0; i < PERFDATA_ITEMS_MAX + 10; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "l%u=1 ", i);
	parse(text);
	ck_assert_uint_eq(json_object_size(parsed.perfdata.items), PERFDATA_ITEMS_MAX);
	ck_assert_uint_eq(parsed.perfdata.refused, 10);
}
END_TEST

/* --- arbitrary text --------------------------------------------------------------------------- */

/* Returns the CPU time for 196 texts of that size. */
static clock_t cost_of_texts(size_t size)
{
	static const char *const parts[] = {"'", "''", "' ", "'a'", "a=1 ", "=", ";", "|", "\n",
		" ", "'a=1\n", "1;2;3\n|", "\xff", "\\"};
	static char text[65536];
	clock_t begun = clock();
	size_t length;

	for (size_t i = 0; i < COUNT(parts); i++) {
		for (size_t k = 0; k < COUNT(parts); k++) {
			length = (size_t)snprintf(text, sizeof(text), "x|");
			while (length + 16 < size)
				length += (size_t)snprintf(text + length, sizeof(text) - length,
					"%s%s", parts[i], parts[k]);
			parse(text);
			ck_assert_uint_le(
				json_object_size(parsed.perfdata.items), PERFDATA_ITEMS_MAX);
		}
	}
	return clock() - begun;
}

START_TEST(no_text_takes_long)
{
	clock_t quarter = cost_of_texts(16384), whole = cost_of_texts(65536);

	/* four times the size takes 16 times as long if the cost of a text is quadratic */
	ck_assert_int_lt(whole, 10 * quarter);
}
END_TEST

START_TEST(random_text_is_parsed)
{
	static const char signs[] = "'=|; \n\t1290.eU%:@~ab\x80\xc3\xa9\\";
	char text[300];
	json_t *item;
	const char *label;

	srand(4711);
	for (unsigned round = 0; round < 20000; round++) {
		size_t length = (size_t)rand() % sizeof(text);

		for (size_t i = 0; i < length; i++)
			text[i] = signs[(size_t)rand() % sizeof(signs)]; /* NUL is one of them */
		nagios_clear(&parsed);
		ck_assert_int_eq(nagios_parse(text, length, &parsed), 0);
		ck_assert_ptr_null(strchr(parsed.output, '\n'));
		json_object_foreach(parsed.perfdata.items, label, item) {
			ck_assert_ptr_nonnull(json_object_get(item, "value"));
			ck_assert(json_is_string(json_object_get(item, "unit")));
		}
	}
}
END_TEST

SUITE("nagios", NULL, teardown)
{
	TIMEOUT(120);
	TEST(texts_and_performance_data_are_separated);
	TEST(a_bar_without_performance_data_is_text);
	TEST(in_plain_text_a_bar_is_a_character);
	TEST(a_nul_does_not_end_the_output);
	TEST(items_are_parsed);
	TEST(an_invalid_item_is_counted_and_skipped);
	TEST(a_value_is_kept_if_its_threshold_is_invalid);
	TEST(labels_are_read_as_plugins_print_them);
	TEST(the_last_item_with_a_duplicate_label_is_kept);
	TEST(a_label_that_is_too_long_is_refused);
	TEST(the_number_of_items_is_limited);
	TEST(no_text_takes_long);
	TEST(random_text_is_parsed);
}
