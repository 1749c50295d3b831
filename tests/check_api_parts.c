/* check_api_parts: the health of many parts, tokens of pointers, and memory that is freed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture_daemon.h"

static vigil_health_level report(const vigil_part *parts, size_t count)
{
	return vigil_health_parts(d, parts, count, "disks", "all disks are well");
}

START_TEST(the_worst_part_is_the_health)
{
	vigil_part parts[] = {{"a", VIGIL_OK, NULL}, {"b", VIGIL_UNKNOWN, "no answer"},
		{"c", VIGIL_WARNING, "91 %"}, {NULL, VIGIL_CRITICAL, "d is full"}};

	ck_assert_int_eq(report(parts, 0), VIGIL_OK);
	ck_assert_str_eq(health_text(d, "text"), "all disks are well");
	ck_assert_int_eq(report(parts, 1), VIGIL_OK);
	ck_assert_int_eq(report(parts, 2), VIGIL_UNKNOWN);
	ck_assert_str_eq(health_text(d, "text"), "1 of 2 disks: b: no answer");
	ck_assert_int_eq(report(parts, 3), VIGIL_WARNING);
	ck_assert_int_eq(report(parts, 4), VIGIL_CRITICAL);
	ck_assert_str_eq(health_text(d, "level"), "CRITICAL");
	ck_assert_str_eq(health_text(d, "text"), "3 of 4 disks: d is full; c: 91 %; b: no answer");
	ck_assert_int_eq(report(&parts[3], 1), VIGIL_CRITICAL);
	ck_assert_str_eq(health_text(d, "text"), "d is full"); /* the only part */
}
END_TEST

START_TEST(the_text_names_a_few_and_the_long_text_all)
{
	vigil_part parts[7];
	static char text[VIGIL_HEALTH_TEXT];
	json_t *account;

	for (size_t i = 0; i < COUNT(parts); i++)
		parts[i] = (vigil_part){"part", VIGIL_WARNING, "x"};
	report(parts, 5);
	ck_assert_ptr_null(strstr(health_text(d, "text"), "more"));
	report(parts, 7);
	ck_assert_str_eq(health_text(d, "text"),
		"7 of 7 disks: part: x; part: x; part: x; part: x; part: x; and 2 more");
	ck_assert_str_eq(health_text(d, "long_text"),
		"part: x\npart: x\npart: x\npart: x\npart: x\npart: x\npart: x");
	/* a long text is cut */
	memset(text, 'y', sizeof(text) - 1);
	parts[0].text = text;
	report(parts, 7);
	account = daemon_health_account(d);
	ck_assert_uint_lt(
		strlen(json_string_value(json_object_get(account, "text"))), VIGIL_HEALTH_TEXT);
	ck_assert_ptr_nonnull(strstr(
		json_string_value(json_object_get(account, "text")), "part: x; part: x; and 2"));
	json_decref(account);
}
END_TEST

START_TEST(a_token_of_a_pointer_is_escaped)
{
	char text[VIGIL_TOKEN(3)];

	ck_assert_str_eq(vigil_pointer_token(text, sizeof(text), "a/b"), "a~1b");
	ck_assert_str_eq(vigil_pointer_token(text, sizeof(text), "~/~"), "~0~1~0");
	ck_assert_str_eq(vigil_pointer_token(text, sizeof(text), ""), "");
	ck_assert_str_eq(vigil_pointer_token(text, 4, "abc"), "abc");
	ck_assert_ptr_null(vigil_pointer_token(text, 3, "abc"));
	ck_assert_str_eq(text, "");
	ck_assert_ptr_null(vigil_pointer_token(text, 2, "/"));
	ck_assert_str_eq(vigil_pointer_token(text, 3, "/"), "~1");
	ck_assert_ptr_null(vigil_pointer_token(text, 0, ""));
}
END_TEST

START_TEST(memory_may_be_freed_before_the_daemon_stops)
{
	char *one = vigil_alloc(d, 10), *two = vigil_alloc(d, 100000);
	const struct resource *last = TAILQ_LAST(&d->resources, resource_list);

	vigil_free(d, two);
	ck_assert_ptr_ne(TAILQ_LAST(&d->resources, resource_list), last);
	vigil_free(d, one);
	vigil_free(d, NULL);
	ck_assert(TAILQ_EMPTY(&d->resources));
	ck_assert_uint_eq(logged_lines, 0);
}
END_TEST

SUITE("api_parts", up, down)
{
	TEST(the_worst_part_is_the_health);
	TEST(the_text_names_a_few_and_the_long_text_all);
	TEST(a_token_of_a_pointer_is_escaped);
	TEST(memory_may_be_freed_before_the_daemon_stops);
}
