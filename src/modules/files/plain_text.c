/* plain_text: see plain_text.h. */
#include "plain_text.h"

#include <stdio.h>
#include <string.h>

size_t plain_character(const char *bytes, size_t length)
{
	static const struct {
		unsigned char mask, lead;
		unsigned long least;
	} kinds[] = {
		{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};

	const unsigned char *text = (const unsigned char *)bytes;

	for (size_t n = 1; n <= 4 && n <= length; n++) {
		unsigned long point = text[0] & (unsigned char)~kinds[n - 1].mask;

		if ((text[0] & kinds[n - 1].mask) != kinds[n - 1].lead)
			continue;
		for (size_t i = 1; i < n; i++) {
			if ((text[i] & 0xc0) != 0x80)
				return 0;
			point = point << 6 | (text[i] & 0x3f);
		}
		return point >= kinds[n - 1].least && point <= 0x10ffff &&
				       (point < 0xd800 || point > 0xdfff)
			       ? n
			       : 0;
	}
	return 0;
}

char *plain_text(char *clean, size_t size, const char *text, size_t length)
{
	const unsigned char *from = (const unsigned char *)text;
	size_t used = 0;

	while (length > 0) {
		size_t n = plain_character((const char *)from, length);
		/* C1 control characters are two bytes of UTF-8. */
		int control = *from < 0x20 || *from == 0x7f ||
			      (n == 2 && from[0] == 0xc2 && from[1] < 0xa0);
		size_t wanted = n == 0 || control ? 4 : n;

		if (used + wanted >= size)
			break;
		if (wanted == n && !control)
			memcpy(clean + used, from, n);
		else
			snprintf(clean + used, size - used, "\\x%02x",
				control && n == 2 ? from[1] : *from);
		used += wanted;
		from += n > 0 ? n : 1;
		length -= n > 0 ? n : 1;
	}
	clean[used] = '\0';
	return clean;
}

char *plain_age(char text[PLAIN_SPAN], double seconds)
{
	if (seconds < 120)
		snprintf(text, PLAIN_SPAN, "%.0f s", seconds);
	else if (seconds < 7200)
		snprintf(text, PLAIN_SPAN, "%.0f min", seconds / 60);
	else if (seconds < 172800)
		snprintf(text, PLAIN_SPAN, "%.1f h", seconds / 3600);
	else
		snprintf(text, PLAIN_SPAN, "%.1f d", seconds / 86400);
	return text;
}

char *plain_size(char text[PLAIN_SPAN], double bytes)
{
	static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	size_t i = 0;

	for (; bytes >= 1024 && i < sizeof(units) / sizeof(*units) - 1; i++)
		bytes /= 1024;
	snprintf(text, PLAIN_SPAN, i == 0 ? "%.0f %s" : "%.1f %s", bytes, units[i]);
	return text;
}
