/*
 * finish_script: see finish_script.h.  No shell is emulated.  A command in a condition is found
 * like any other, and then the answer is FINISH_MAYBE.
 */
#include "service/managers/finish_script.h"

#include <stddef.h>
#include <string.h>

#define BLANKS     " \t\r\n"
#define SEPARATORS BLANKS ";&|(){}`'\"<>"

/* Moves past separators and comments. */
static const char *skip(const char *p, const char *separators)
{
	for (;;) {
		p += strspn(p, separators);
		if (*p != '#')
			return p;
		p += strcspn(p, "\n");
	}
}

/* Whether the text at p consists of these words, separated by blanks. */
static bool begins_with(const char *p, const char *const *words)
{
	for (; *words != NULL; words++) {
		size_t n = strlen(*words);

		if (strncmp(p, *words, n) != 0 ||
			(p[n] != '\0' && strchr(SEPARATORS, p[n]) == NULL))
			return false;
		p += n;
		p += strspn(p, " \t");
	}
	return true;
}

enum finish_use finish_script_runs(const char *script, const char *const *words)
{
	const char *first = skip(script, BLANKS), *p;

	if (strncmp(first, "exec ", 5) == 0)
		first = skip(first + 5, BLANKS);
	if (begins_with(first, words))
		return FINISH_ALWAYS;
	for (p = skip(script, SEPARATORS); *p != '\0'; p = skip(p, SEPARATORS)) {
		if (begins_with(p, words))
			return FINISH_MAYBE;
		p += strcspn(p, SEPARATORS);
	}
	return FINISH_NEVER;
}
