/* check_keys: reads characters from the bytes that a terminal sends, in any encoding. */
#include "console/keys.h"

#include <stdio.h>
#include <string.h>

#include "suite.h"

static const char *input, *end;

static int on_next(void *arg)
{
	return input < end ? (unsigned char)*input++ : -1;
}

/* Reads all bytes, and compares the characters as numbers. */
static void expect(const char *bytes, size_t length, const char *characters)
{
	struct keys keys = {0};
	char found[256] = "", *to = found;
	uint32_t c;

	input = bytes;
	end = bytes + length;
	while (keys_next(&keys, on_next, NULL, &c))
		to += sprintf(to, "%x ", c);
	ck_assert_str_eq(found, characters);
}

START_TEST(bytes_are_joined_to_characters)
{
	expect("", 0, "");
	expect("ab\033[A", 5, "61 62 1b 5b 41 ");
	expect("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80x", 10, "e4 20ac 1f600 78 ");
}
END_TEST

START_TEST(invalid_bytes_are_dropped)
{
	expect("a\0b", 3, "61 62 ");
	expect("\x80x", 2, "78 ");
	/* Latin-1 */
	expect("\xe4x", 2, "78 ");
	expect("\xe4\xc3\xa4x", 4, "e4 78 ");
	expect("\xf0\x9fxyz", 5, "78 79 7a ");
	expect("\xff\xfe\xfdq", 4, "71 ");
	/* overlong, a surrogate, beyond Unicode */
	expect("\xc0\x80q", 3, "71 ");
	expect("\xed\xa0\x80q", 4, "71 ");
	expect("\xf4\xbf\xbf\xbfq", 5, "71 ");
}
END_TEST

START_TEST(an_incomplete_character_is_dropped)
{
	expect("a\xe2\x82", 3, "61 ");
	expect("\xf0", 1, "");
}
END_TEST

SUITE("keys", NULL, NULL)
{
	TEST(bytes_are_joined_to_characters);
	TEST(invalid_bytes_are_dropped);
	TEST(an_incomplete_character_is_dropped);
}
