/* check_option_schema: which schemas of options are refused, and why. */
#include "config/option.h"

#include <errno.h>

#include "suite.h"

#define ROW(...) ((const vigil_option[]){__VA_ARGS__, VIGIL_OPTION_END})

START_TEST(schemas_are_checked)
{
	const struct {
		const vigil_option *schema;
		const char *why;
	} bad[] = {
		{ROW(VIGIL_OPTION("", VIGIL_TEXT, NULL, "h")), "\"\" is not a valid option name"},
		{ROW(VIGIL_OPTION("module", VIGIL_TEXT, NULL, "h")),
			"\"module\" is not a valid option name"},
		{ROW(VIGIL_OPTION("a", (vigil_option_type)99, NULL, "h")),
			"\"a\" has an unknown type"},
		{ROW(VIGIL_OPTION("a", VIGIL_CHOICE, NULL, "h")),
			"\"a\" has no choices, or one that is too long"},
		{ROW(VIGIL_OPTION("a", VIGIL_CHOICE, NULL, "h", .choices = " ")),
			"\"a\" has no choices, or one that is too long"},
		{ROW(VIGIL_OPTION("a", VIGIL_TEXT, NULL, "h"),
			 VIGIL_OPTION("a", VIGIL_INT, NULL, "h")),
			"\"a\" is listed twice"},
		{ROW(VIGIL_OPTION("a", VIGIL_INT, NULL, "h", .min = 2, .max = 1)),
			"\"a\" has a minimum above its maximum"},
		{ROW(VIGIL_OPTION("a", VIGIL_INT, "x", "h")), "\"a\" is not a whole number"},
		{ROW(VIGIL_OPTION("a", VIGIL_INT, "0", "h", .min = 1, .max = 2)),
			"\"a\" must be from 1 to 2"},
		{ROW(VIGIL_OPTION("a", VIGIL_CHOICE, "z", "h", .choices = "x y")),
			"\"a\" is not one of: x y"},
		{ROW(VIGIL_OPTION("a", VIGIL_PATH, "x", "h")), "\"a\" is not an absolute path"},
		{ROW(VIGIL_OPTION("a", VIGIL_COMMAND, "'", "h")), "\"a\" unterminated '"},
		{ROW(VIGIL_OPTION("a", VIGIL_RANGE, "x", "h")),
			"\"a\" is not a range such as 90, 5: or 10:90"},
		{ROW(VIGIL_OPTION("a", VIGIL_PATHS, "x", "h")),
			"\"a\" its element \"x\" is not an absolute path"},
		{ROW(VIGIL_OPTION("a", VIGIL_CALENDAR, "Mon Tue", "h")),
			"\"a\" has weekdays twice, the second time at \"Tue\""},
		{ROW(VIGIL_OPTION("a", VIGIL_LIST, "x,,y", "h")),
			"\"a\" has an empty element; remove the extra comma"},
		{ROW(VIGIL_OPTION("a", VIGIL_TEXT, NULL, "h", .flags = VIGIL_DAEMONS)),
			"\"a\" names daemons, so it must be a list without a default"},
		{ROW(VIGIL_OPTION("a", VIGIL_LIST, "x", "h", .flags = VIGIL_DAEMONS)),
			"\"a\" names daemons, so it must be a list without a default"},
		{ROW(VIGIL_OPTION("a", VIGIL_TEXT, NULL, "h", .flags = VIGIL_POINTERS)),
			"\"a\" has pointers to numbers of daemons, so it must be a list"},
		{ROW(VIGIL_OPTION("a", VIGIL_LIST, NULL, "h", .flags = VIGIL_ACYCLIC)),
			"\"a\" is acyclic, so it must name daemons"},
		{ROW(VIGIL_OPTION("a", VIGIL_TIMES, NULL, "h", .excludes = "b")),
			"\"a\" excludes an option that does not exist"},
	};
	char why[128], small[8];

	ck_assert_int_eq(option_schema_check(NULL, why, sizeof(why)), 0);
	for (size_t i = 0; i < COUNT(bad); i++) {
		ck_assert_int_eq(option_schema_check(bad[i].schema, why, sizeof(why)), -EINVAL);
		ck_assert_str_eq(why, bad[i].why);
	}
	ck_assert_int_eq(option_schema_check(bad[0].schema, small, sizeof(small)), -EINVAL);
	ck_assert_str_eq(small, "\"\" is n");
}
END_TEST

SUITE("option_schema", NULL, NULL)
{
	TEST(schemas_are_checked);
}
