/* check_escape: control characters in foreign text are escaped, and no character is cut in two. */

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "suite.h"

START_TEST(control_characters_and_invalid_bytes_are_escaped)
{
	static const struct {
		const char *text, *escaped;
	} rows[] = {
		{"", ""},
		{"plain ~ text", "plain ~ text"},
		{"a\nb\tc\rd\\e", "a\\nb\\tc\\rd\\e"},
		{"\x1b]0;title\x07", "\\x1B]0;title\\x07"},
		{"\x7f\x01", "\\x7F\\x01"},
		{"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80",
			"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"},
		{"caf\xe9!", "caf\\xE9!"},
		{"\xc3", "\\xC3"},
		{"\xe2\x82", "\\xE2\\x82"},
		{"\xc0\x8a", "\\xC0\\x8A"},             /* an overlong newline */
		{"\xed\xa0\x80", "\\xED\\xA0\\x80"},    /* one surrogate */
		{"\xc2\x85\xc2\x9b", "\\u{85}\\u{9B}"}, /* C1 controls: next line and CSI */
		{"\xd8\x9c", "\\u{61C}"},
		{"\xe2\x80\xae\x67\x70\x6a", "\\u{202E}gpj"},
		{"\xe2\x81\xa6\xe2\x81\xa9", "\\u{2066}\\u{2069}"},
		{"\xe2\x80\xa8\xe2\x80\xa9", "\\u{2028}\\u{2029}"},
	};
	char out[256];

	for (size_t i = 0; i < COUNT(rows); i++)
		ck_assert_str_eq(text_escape(out, sizeof(out), rows[i].text, strlen(rows[i].text)),
			rows[i].escaped);
	ck_assert_str_eq(text_escape(out, sizeof(out), "a\0b", 3), "a\\x00b");
	ck_assert_str_eq(text_escape(out, sizeof(out), "abcdef", 3), "abc");
}
END_TEST

/* For all pairs of bytes, the result is UTF-8 without control characters. */
START_TEST(no_pair_of_bytes_yields_a_control_character)
{
	for (unsigned pair = 0; pair < 0x10000; pair++) {
		const char text[2] = {(char)(pair >> 8), (char)pair};
		char out[64];
		size_t left, took;
		uint32_t c;

		text_escape(out, sizeof(out), text, 2);
		for (char *p = out; *p != '\0'; p += took) {
			left = strlen(p);
			took = text_decode(p, left, &c);
			if (took == 0 || c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c)
				ck_abort_msg("%04x lets through %s", pair, out);
		}
	}
}
END_TEST

/* For each size: no byte is written outside the buffer, no character or escape is cut, and there
 * are dots if there is room. */
START_TEST(text_is_cut_between_characters)
{
	static const char text[] = "a\xc3\xa9\n\xe2\x82\xac\x1bz\xe2\x80\xae";
	static const char *const pieces[] = {
		"a", "\xc3\xa9", "\\n", "\xe2\x82\xac", "\\x1B", "z", "\\u{202E}"};
	char whole[64];
	size_t length;

	text_escape(whole, sizeof(whole), text, strlen(text));
	length = strlen(whole);
	for (size_t size = 1; size <= length + 1; size++) {
		char *out = malloc(size), expected[64] = "";
		size_t keep = size - 1 == length ? length : size > 4 ? size - 4 : 0;

		text_escape(out, size, text, strlen(text));
		ck_assert_uint_lt(strlen(out), size);
		for (size_t i = 0; i < COUNT(pieces); i++) {
			if (strlen(expected) + strlen(pieces[i]) > keep)
				break;
			strcat(expected, pieces[i]);
		}
		if (keep < length)
			strcat(expected, "...");
		if (size >= 4)
			ck_assert_str_eq(out, expected);
		free(out);
	}
	whole[0] = 'x';
	ck_assert_ptr_eq(text_escape(whole, 0, "abc", 3), whole);
	ck_assert_int_eq(whole[0], 'x');
}
END_TEST

SUITE("escape", NULL, NULL)
{
	TEST(control_characters_and_invalid_bytes_are_escaped);
	TEST(no_pair_of_bytes_yields_a_control_character);
	TEST(text_is_cut_between_characters);
}
