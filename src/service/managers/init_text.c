/* init_text: see init_text.h. */
#include "service/managers/init_text.h"

#include <stdio.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* --- lines ------------------------------------------------------------------------------------ */

/* Finds the next line that is no comment.  *from: where to search; set to the end of the line.
 * Returns its first character that is not a blank, or NULL. */
static const char *next_line(const char **from)
{
	const char *line = *from;

	while (*line != '\0') {
		const char *begin = line + strspn(line, " \t");

		line = begin + strcspn(begin, "\n");
		*from = line + (*line != '\0');
		if (*begin != '#' && begin != line)
			return begin;
		line = *from;
	}
	return NULL;
}

static bool is_word_at(const char *line, const char *at, size_t n)
{
	static const char within[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

	return (at == line || strchr(within, at[-1]) == NULL) &&
	       (at[n] == '\0' || strchr(within, at[n]) == NULL);
}

/* Whether a line that is no comment contains the word. */
static bool has_word(const char *text, const char *word)
{
	const char *line, *at;
	size_t n = strlen(word);

	while ((line = next_line(&text)) != NULL)
		for (at = line; (at = strstr(at, word)) != NULL && at < text; at++)
			if (is_word_at(line, at, n))
				return true;
	return false;
}

/* --- values ----------------------------------------------------------------------------------- */

/* Copies the value at p, which ends at the end of the line.  Returns false if it is not
 * constant. */
static bool take_value(const char *p, const char *name, char *value, size_t size)
{
	char quote = *p == '"' || *p == '\'' ? *p++ : '\0', form[64];
	const char ends[] = {quote != '\0' ? quote : ' ', '\t', '\n', ';', '\0'};
	int n = (int)strcspn(p, quote != '\0' ? (const char[]){quote, '\n', '\0'} : ends);
	int prefix = snprintf(form, sizeof(form), "${%s:-", name);

	if (prefix > 0 && n > prefix && strncmp(p, form, (size_t)prefix) == 0 && p[n - 1] == '}') {
		if (value[0] != '\0')
			return true;
		p += prefix;
		n -= prefix + 1;
	}
	if (memchr(p, '$', (size_t)n) != NULL || memchr(p, '`', (size_t)n) != NULL)
		return false;
	snprintf(value, size, "%.*s", n, p);
	return true;
}

bool init_text_value(const char *text, const char *name, char *value, size_t size)
{
	const char *line;
	size_t n = strlen(name);
	bool found = false;

	while ((line = next_line(&text)) != NULL) {
		if (strncmp(line, "export ", 7) == 0)
			line += 7;
		if (strncmp(line, name, n) == 0 && line[n] == '=')
			found |= take_value(line + n + 1, name, value, size);
	}
	return found;
}

/* --- daemons ---------------------------------------------------------------------------------- */

bool init_text_is_daemon(const char *text)
{
	static const char *const commands[] = {"start-stop-daemon", "supervise-daemon",
		"start_daemon", "startproc", "killproc", "pidofproc", "status_of_proc", "svc"};
	char value[256] = "";
	const char *line;

	if (init_text_value(text, "command", value, sizeof(value)) && value[0] != '\0')
		return true; /* a script of OpenRC */
	value[0] = '\0';
	if (init_text_value(text, "DAEMON", value, sizeof(value)))
		return strcmp(value, "none") != 0;
	for (size_t i = 0; i < COUNT(commands); i++)
		if (has_word(text, commands[i]))
			return true;
	while ((line = next_line(&text)) != NULL)
		if (strncmp(line, "daemon ", 7) == 0 || strncmp(line, "command=", 8) == 0 ||
			strncmp(line, "DAEMON=", 7) == 0)
			return true;
	return false;
}

bool init_text_has_status(const char *text)
{
	return strncmp(text, "#!/lib/init/init-d-script", 25) == 0 ||
	       strncmp(text, "#!/usr/bin/env /lib/init/init-d-script", 38) == 0 ||
	       has_word(text, "status");
}
