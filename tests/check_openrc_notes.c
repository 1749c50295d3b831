/* check_openrc_notes: the values that OpenRC stores about a service, and invalid values. */
#include "service/managers/openrc_notes.h"

#include <stdlib.h>
#include <string.h>

#include "suite.h"

static char path[INIT_SCRIPT_PATH];

START_TEST(a_pidfile_is_an_absolute_path)
{
	ck_assert(openrc_notes_pidfile("", "/run/x.pid", path));
	ck_assert_str_eq(path, "/run/x.pid");
	ck_assert(openrc_notes_pidfile("/srv/jail", "/run/x.pid", path));
	ck_assert_str_eq(path, "/srv/jail/run/x.pid");
}
END_TEST

START_TEST(other_paths_are_refused)
{
	char name[INIT_SCRIPT_PATH];

	ck_assert(!openrc_notes_pidfile("", "run/x.pid", path));
	ck_assert(!openrc_notes_pidfile("/srv/jail", "run/x.pid", path));
	ck_assert(!openrc_notes_pidfile("jail", "/run/x.pid", path));
	ck_assert(!openrc_notes_pidfile("", "", path));
	/* A value that fills its buffer may be incomplete. */
	memset(name, 'x', sizeof(name));
	name[0] = '/';
	name[sizeof(name) - 1] = '\0';
	ck_assert(!openrc_notes_pidfile("", name, path));
	ck_assert_str_eq(path, "");
	name[sizeof(name) - 2] = '\0';
	ck_assert(openrc_notes_pidfile("", name, path));
	ck_assert(!openrc_notes_pidfile("/", name, path));
}
END_TEST

START_TEST(a_count_has_only_digits_and_a_maximum)
{
	static const struct {
		const char *text;
		uint32_t count;
	} rows[] = {
		{"0", 0},
		{"12", 12},
		{"2147483647", INT32_MAX},
		{"2147483648", INT32_MAX},
		{"4294967296", INT32_MAX},
		{"99999999999999999999999", INT32_MAX},
		{"-1", 0},
		{"12x", 0},
		{" 12", 0},
		{"", 0},
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		ck_assert_uint_eq(openrc_notes_count(rows[i].text), rows[i].count);
}
END_TEST

START_TEST(a_value_ends_at_its_first_line)
{
	char text[] = "12\n13\n", whole[] = "12";

	openrc_notes_trim(text);
	ck_assert_str_eq(text, "12");
	openrc_notes_trim(whole);
	ck_assert_str_eq(whole, "12");
}
END_TEST

SUITE("openrc_notes", NULL, NULL)
{
	TEST(a_pidfile_is_an_absolute_path);
	TEST(other_paths_are_refused);
	TEST(a_count_has_only_digits_and_a_maximum);
	TEST(a_value_ends_at_its_first_line);
}
