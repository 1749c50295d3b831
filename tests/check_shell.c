/*
 * check_shell: the characters of a command line that only a shell would interpret, and those that
 * are for the program.
 */
#include "base/shell.h"

#include "base/text.h"
#include "suite.h"

/* Returns the characters that are found; "": there are none. */
static const char *found_in(const char *text)
{
	static char found[32];
	const char *why;
	char **argv;

	found[0] = '\0';
	ck_assert_msg(text_split_command(text, &argv, &why) == 0, "%s: %s", text, why);
	if (!shell_syntax(text, (const char *const *)argv, found, sizeof(found)))
		ck_assert_str_eq(found, "");
	text_free_list(argv);
	return found;
}

START_TEST(characters_for_a_shell_are_found)
{
	static const char *const rows[][2] = {
		{"a | b", "|"},
		{"a|b", "|"},
		{"a || b", "||"},
		{"a && b", "&&"},
		{"a&&b", "&&"},
		{"a ; b", ";"},
		{"a; b", ";"},
		{"a;b", ";"},
		{"a > f", ">"},
		{"a >f", ">"},
		{"a >> f", ">>"},
		{"a < f", "<"},
		{"a << f", "<<"},
		{"a 2>&1", "2>&1"},
		{"a 2> f", "2>"},
		{"a >/dev/null 2>&1", ">"},
		{"a &> f", "&>"},
		{"a &", "&"},
		{"a & b", "&"},
		{"a b& c", "&"},
		{"a $(b c) d", "$(b c)"},
		{"a --x=$(b)", "$(b)"},
		{"a `b c`", "`b c`"},
		{"a $HOME/x", "$HOME"},
		{"a ${HOME}x", "${HOME}"},
		{"a \"$(b)\"", "$(b)"},
		{"a \"`b`\"", "`b`"},
		{"a \"$X\"", "$X"},
		{"a # b", "#"},
		{"a #b", "#"},
		{"a $(b", "$(b"},
		{"a 'b' | c", "|"},
		{"a \\\\ | c", "|"},
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		ck_assert_msg(strcmp(found_in(rows[i][0]), rows[i][1]) == 0, "%s: found \"%s\"",
			rows[i][0], found_in(rows[i][0]));
}
END_TEST

START_TEST(quoted_characters_are_for_the_program)
{
	static const char *const rows[] = {"a", "a -w 10:20 -c @5:~",
		"/bin/sh -c 'a | b; c > d && e'", "sh -c \"a $(b) `c` $D\"", "ssh host \"a $(b)\"",
		"a 'b | c' \"d ; e\" f\\;g", "find / -exec a \\;", "a \\| \\> \\& \\#",
		"a '#b' \"# c\" d#e", "a '$(b)' \\$HOME '`c`'", "a 100$ $1 $",
		"http://h:80/x?a=1&b=2", "a b&c", "a k=v x:y {} [z] ~ * ?", "a \"b&&c\"",
		"a \\`b\\`"};

	for (size_t i = 0; i < COUNT(rows); i++)
		ck_assert_msg(found_in(rows[i])[0] == '\0', "%s: found \"%s\"", rows[i],
			found_in(rows[i]));
}
END_TEST

START_TEST(the_result_is_cut_to_the_buffer)
{
	const char *argv[] = {"a", NULL};
	char found[6];

	ck_assert(shell_syntax("a $(0123456789)", argv, found, sizeof(found)));
	ck_assert_str_eq(found, "$(012");
}
END_TEST

SUITE("shell", NULL, NULL)
{
	TEST(characters_for_a_shell_are_found);
	TEST(quoted_characters_are_for_the_program);
	TEST(the_result_is_cut_to_the_buffer);
}
