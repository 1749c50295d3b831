/* printable: makes texts of daemons safe to show; see printable.h. */
#include "printable.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <vigil/vigil.h>

/* An escape is at most this many times as long as the bytes that it replaces. */
#define ESCAPED 4

static bool is_plain_ascii(const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++)
		if ((*c < ' ' && *c != '\n' && *c != '\t') || *c >= 0x7f)
			return false;
	return true;
}

const char *printable(const char *text, char **made)
{
	size_t size = ESCAPED * strlen(text) + 1;

	*made = NULL;
	if (is_plain_ascii(text))
		return text;
	*made = malloc(size);
	return *made != NULL ? vigil_sanitize_lines(*made, size, text) : "?";
}
