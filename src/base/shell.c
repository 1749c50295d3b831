/*
 * shell: see shell.h.  vigild splits a command line as a shell would, but expands nothing.  A pipe
 * or a redirection would silently reach the program as an argument.  This file finds such syntax.
 * Text that is meant for the program is quoted, as it would have to be in a shell.
 */
#include "base/shell.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define BLANKS " \t\r\n"

/* Returns the length of the operator at the start of text; 0: none.  A single & is an operator at
 * the end of a word. */
static size_t operator_length(const char *text, bool word_begins)
{
	static const char *const operators[] = {"2>&1", "1>&2", "2>>", "2>", "&>", "&&", "||", ">>",
		"<<", ">&", "|", ";", "<", ">"};

	for (size_t i = 0; i < sizeof(operators) / sizeof(*operators); i++) {
		size_t n = strlen(operators[i]);

		/* In "a2>b" the digit is not part of the operator, because it does not begin the
		 * word. */
		if (strncmp(text, operators[i], n) == 0 && (word_begins || !isdigit(text[0])))
			return n;
	}
	if (text[0] == '&' && (text[1] == '\0' || strchr(BLANKS, text[1]) != NULL))
		return 1;
	return word_begins && text[0] == '#' ? 1 : 0;
}

/* Returns the length up to the closing character, or of the whole text if there is none. */
static size_t closed_by(const char *text, size_t from, char close)
{
	const char *end = strchr(text + from, close);

	return end != NULL ? (size_t)(end - text) + 1 : strlen(text);
}

/* Returns the length of the expansion at the start of text; 0: none. */
static size_t expansion_length(const char *text)
{
	size_t n = 1;

	if (text[0] == '`')
		return closed_by(text, 1, '`');
	if (text[0] != '$')
		return 0;
	if (text[1] == '(')
		return closed_by(text, 2, ')');
	if (text[1] == '{')
		return closed_by(text, 2, '}');
	while (isalnum((unsigned char)text[n]) || text[n] == '_')
		n++;
	return n > 1 && !isdigit((unsigned char)text[1]) ? n : 0;
}

/* These programs pass their arguments to a shell, on this or another machine. */
static bool runs_a_shell(const char *const *argv)
{
	static const char *const shells[] = {
		"sh", "ash", "bash", "busybox", "dash", "fish", "ksh", "mksh", "ssh", "su", "zsh"};

	for (; *argv != NULL; argv++) {
		const char *slash = strrchr(*argv, '/'), *name = slash != NULL ? slash + 1 : *argv;

		for (size_t i = 0; i < sizeof(shells) / sizeof(*shells); i++)
			if (strcmp(name, shells[i]) == 0)
				return true;
	}
	return false;
}

bool shell_syntax(const char *text, const char *const *argv, char *found, size_t size)
{
	bool expands = !runs_a_shell(argv), begins = true;
	char quote = '\0';
	size_t n;

	for (const char *p = text; *p != '\0'; p++) {
		n = 0;
		if (quote == '\0')
			n = operator_length(p, begins);
		if (n == 0 && (quote == '\0' || (quote == '"' && expands)))
			n = expansion_length(p);
		if (n > 0) {
			snprintf(found, size, "%.*s", (int)n, p);
			return true;
		}
		begins = quote == '\0' && strchr(BLANKS, *p) != NULL;
		if (*p == '\\' && quote != '\'' && p[1] != '\0')
			p++;
		else if (quote == '\0' && (*p == '\'' || *p == '"'))
			quote = *p;
		else if (*p == quote)
			quote = '\0';
	}
	return false;
}
