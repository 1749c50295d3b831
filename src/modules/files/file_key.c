/* file_key: see file_key.h. */
#include "file_key.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plain_text.h"

static bool is_utf8(const char *text)
{
	size_t n;

	for (; *text != '\0'; text += n) {
		n = plain_character(text, strlen(text));
		if (n == 0)
			return false;
	}
	return true;
}

static char *copy_of(const char *text)
{
	char *copy = strdup(text);

	if (copy == NULL)
		abort();
	return copy;
}

char *file_key(const char *file)
{
	size_t length = strlen(file), used = 1, n;
	char *key;

	if (is_utf8(file))
		return copy_of(file);
	key = malloc(4 * length + 2);
	if (key == NULL)
		abort();
	key[0] = '\\';
	for (; *file != '\0'; file += n > 0 ? n : 1) {
		n = *file == '\\' ? 0 : plain_character(file, strlen(file));
		if (n > 0)
			memcpy(key + used, file, n);
		else
			snprintf(key + used, 5, "\\x%02x", (unsigned char)*file);
		used += n > 0 ? n : 4;
	}
	key[used] = '\0';
	return key;
}

char *file_of_key(const char *key)
{
	char *file = copy_of(key), *to = file;
	unsigned byte;

	if (key[0] != '\\')
		return file;
	for (key++; *key != '\0'; to++)
		if (sscanf(key, "\\x%2x", &byte) == 1) {
			*to = (char)byte;
			key += 4;
		} else {
			*to = *key++;
		}
	*to = '\0';
	return file;
}
