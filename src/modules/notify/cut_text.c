/* cut_text: see cut_text.h. */
#include "cut_text.h"

#include <string.h>

char *cut_text(char *dst, size_t max, const char *text)
{
	size_t n = strlen(text);

	if (n <= max)
		return memcpy(dst, text, n + 1);
	for (n = max; n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80; n--)
		;
	memcpy(dst, text, n);
	strcpy(dst + n, "...");
	return dst;
}
