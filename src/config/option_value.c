/*
 * option_value: see option_value.h.  A table has one parser for each type.  A parser checks only
 * the text; other code checks whether a daemon, a file or a user exists.
 */
#include "config/option_value.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/shell.h"
#include "base/text.h"
#include "config/ini.h"
#include "config/range.h"

#define WHY  OPTION_WHY
#define WHAT 256 /* the size of a reason about one element */

typedef int parse_fn(struct option_value *v, const char *text, char why[WHY]);

static int wrong(char why[WHY], const char *what)
{
	snprintf(why, WHY, "%s", what);
	return -EINVAL;
}

/* Formats a limit as an admin writes it: 10MiB, not 10485760. */
static void show_limit(char *buf, size_t size, vigil_option_type type, double limit)
{
	static const struct unit {
		double factor;
		const char *name;
	} durations[] = {{86400, "d"}, {3600, "h"}, {60, "m"}, {1, "s"}, {0.001, "ms"}, {0, NULL}},
	  sizes[] = {{1073741824, "GiB"}, {1048576, "MiB"}, {1024, "KiB"}, {0, NULL}},
	  none[] = {{0, NULL}};
	const struct unit *u = type == VIGIL_DURATION ? durations
			       : type == VIGIL_SIZE   ? sizes
						      : none;

	while (u->name != NULL && (limit < u->factor || fmod(limit, u->factor) > u->factor * 1e-9))
		u++;
	snprintf(buf, size, "%.12g%s", u->name != NULL ? limit / u->factor : limit,
		u->name != NULL ? u->name : "");
}

static int in_range(const vigil_option *s, double number, char why[WHY])
{
	char low[32], high[32];

	if ((s->min == 0 && s->max == 0) || (number >= s->min && number <= s->max))
		return 0;
	show_limit(low, sizeof(low), s->type, s->min);
	show_limit(high, sizeof(high), s->type, s->max);
	snprintf(why, WHY, "must be from %s to %s", low, high);
	return -ERANGE;
}

/* Any text is valid.  If it seems to have quotes or a comment, the caller adds a note. */
static int parse_text(struct option_value *v, const char *text, char why[WHY])
{
	return 0;
}

static int parse_bool(struct option_value *v, const char *text, char why[WHY])
{
	return text_bool(text, &v->boolean) == 0 ? 0
						 : wrong(why, "is not yes or no (true, false, on, "
							      "off, 1 and 0 are accepted, too)");
}

static int parse_int(struct option_value *v, const char *text, char why[WHY])
{
	char *end;
	long long value;

	errno = 0;
	value = strtoll(text, &end, 10);
	if (end == text || *end != '\0' || errno != 0)
		return wrong(why, "is not a whole number");
	v->integer = value;
	return in_range(v->schema, (double)value, why);
}

static int parse_number(struct option_value *v, const char *text, char why[WHY])
{
	char *end;

	v->number = strtod(text, &end);
	/* strtod also takes "0x1p3", "inf" and "nan". */
	if (end == text || text[strspn(text, "+-.0123456789eE")] != '\0' || *end != '\0' ||
		!isfinite(v->number))
		return wrong(why, "is not a number");
	return in_range(v->schema, v->number, why);
}

static int parse_duration(struct option_value *v, const char *text, char why[WHY])
{
	if (text_duration(text, &v->number) != 0)
		return wrong(why, "is not a duration (such as 250ms, 5s, 2m, 1h, 1d)");
	return in_range(v->schema, v->number, why);
}

static int parse_size(struct option_value *v, const char *text, char why[WHY])
{
	int err = text_size(text, &v->integer);

	if (err != 0)
		return wrong(why, err == -ERANGE ? "is too large"
						 : "is not a size (such as 512, 64KiB, 10MiB)");
	return in_range(v->schema, (double)v->integer, why);
}

#define CHOICE_MAX OPTION_CHOICE_MAX

const char *option_next_choice(const char *choices, char *word, size_t size)
{
	size_t n;

	choices += strspn(choices, " ");
	n = strcspn(choices, " ");
	if (n == 0 || n >= size)
		return NULL;
	memcpy(word, choices, n);
	word[n] = '\0';
	return choices + n;
}

static int parse_choice(struct option_value *v, const char *text, char why[WHY])
{
	char word[CHOICE_MAX], near[CHOICE_MAX] = "";
	const char *rest = v->schema->choices;
	struct text_suggest suggest;

	text_suggest_init(&suggest, text);
	while ((rest = option_next_choice(rest, word, sizeof(word))) != NULL) {
		if (strcmp(word, text) == 0)
			return 0;
		text_suggest_add(&suggest, word);
		if (text_suggest_get(&suggest) == word) {
			memcpy(near, word, sizeof(near));
			suggest.best = near;
		}
	}
	if (text_suggest_get(&suggest) != NULL)
		snprintf(why, WHY, "is not one of: %s; did you mean \"%s\"?", v->schema->choices,
			near);
	else
		snprintf(why, WHY, "is not one of: %s", v->schema->choices);
	return -EINVAL;
}

/* Takes ownership of the list, and stores a copy of it in a single block. */
static int keep_list(struct option_value *v, char **list, char why[WHY])
{
	v->list = list != NULL ? text_copy_list((const char *const *)list) : NULL;
	text_free_list(list);
	return v->list != NULL ? 0 : wrong(why, "is larger than the memory of this machine");
}

/* --- lists ------------------------------------------------------------------------------------ */

static int wrong_element(char why[WHY], const char *element, const char *what)
{
	char cut[TEXT_SHORT];

	snprintf(why, WHY, "its element \"%s\" %s", text_truncate(cut, sizeof(cut), element), what);
	return -EINVAL;
}

static bool is_choice(const char *choices, const char *word)
{
	char choice[CHOICE_MAX];

	while (choices != NULL &&
		(choices = option_next_choice(choices, choice, sizeof(choice))) != NULL)
		if (strcmp(choice, word) == 0)
			return true;
	return false;
}

/* Checks NAME, or NAME:WORD if the schema has choices. */
static int check_daemon(const vigil_option *schema, const char *element, char why[WHY])
{
	const char *colon = strchr(element, ':');
	char name[TEXT_SHORT], what[WHAT];

	snprintf(name, sizeof(name), "%.*s",
		(int)(colon != NULL ? (size_t)(colon - element) : strlen(element)), element);
	if (strpbrk(element, " \t;") != NULL)
		return wrong_element(
			why, element, "is not a valid daemon name: separate names with commas");
	if (!text_is_daemon_name(name))
		return wrong_element(why, element, "is not a valid daemon name");
	if (colon == NULL || is_choice(schema->choices, colon + 1))
		return 0;
	if (schema->choices == NULL)
		return wrong_element(why, element, "must be the name of a daemon alone");
	snprintf(what, sizeof(what), "has an unknown word after the \":\"; use one of: %.100s",
		schema->choices);
	return wrong_element(why, element, what);
}

static int check_element(const vigil_option *schema, const char *element, char why[WHY])
{
	const char *hint = ini_hint(element);
	char what[WHAT];

	if (hint[0] != '\0') {
		snprintf(what, sizeof(what), "seems to contain quotes or a comment%s", hint);
		return wrong_element(why, element, what);
	}
	return schema->flags & VIGIL_DAEMONS ? check_daemon(schema, element, why) : 0;
}

/* Returns true if there are only blanks before the first, after the last or between two commas. */
static bool has_empty_element(const char *text)
{
	for (;; text++) {
		text += strspn(text, " \t");
		if (*text == ',' || *text == '\0')
			return true;
		text = strchr(text, ',');
		if (text == NULL)
			return false;
	}
}

static int parse_list(struct option_value *v, const char *text, char why[WHY])
{
	char **list;
	int err = 0;

	if (has_empty_element(text))
		return wrong(why, "has an empty element; remove the extra comma");
	list = text_split_list(text);
	for (char **element = list; element != NULL && *element != NULL && err == 0; element++)
		err = check_element(v->schema, *element, why);
	if (err == 0 && ini_hint(text)[0] != '\0')
		err = wrong(why, "seems to contain quotes or a comment");
	if (err == 0)
		return keep_list(v, list, why);
	text_free_list(list);
	return err;
}

/* --- ranges and regular expressions ----------------------------------------------------------- */

static int parse_range(struct option_value *v, const char *text, char why[WHY])
{
	if (range_parse(text, &v->range) == 0)
		return 0;
	return wrong(why, strchr(text, '%') != NULL
				  ? "is not a range such as 90, 5: or 10:90; write it without the %"
				  : "is not a range such as 90, 5: or 10:90");
}

/* The compiled form takes much more memory than the text, so that it is made when it is needed. */
struct option_regex {
	bool compiled;
	regex_t regex;
};

static int compile(struct option_regex *regex, const char *text, char why[WHY])
{
	int err = regcomp(&regex->regex, text, REG_EXTENDED | REG_NOSUB);
	size_t used;

	regex->compiled = err == 0;
	if (err == 0)
		return 0;
	used = (size_t)snprintf(why, WHY, "is not an extended regular expression: ");
	regerror(err, &regex->regex, why + used, WHY - used);
	return -EINVAL;
}

static void forget_compiled(struct option_regex *regex)
{
	if (regex != NULL && regex->compiled)
		regfree(&regex->regex);
}

static int parse_regex(struct option_value *v, const char *text, char why[WHY])
{
	struct option_regex *regex = memory_zero(sizeof(*regex));
	int err = compile(regex, text, why);

	forget_compiled(regex);
	regex->compiled = false;
	v->regex = regex;
	return err;
}

bool option_value_matches(const struct option_value *v, const char *text)
{
	char why[WHY];

	if (!v->present || v->regex == NULL ||
		(!v->regex->compiled && compile(v->regex, v->text, why) != 0))
		return false;
	return regexec(&v->regex->regex, text, 0, NULL, 0) == 0;
}

/* --- paths, commands, names ------------------------------------------------------------------- */

static const char *path_fault(const char *path)
{
	if (path[0] != '/')
		return "is not an absolute path";
	return strlen(path) < PATH_MAX ? NULL : "is too long for a path";
}

static int parse_path(struct option_value *v, const char *text, char why[WHY])
{
	const char *fault = path_fault(text);

	if (fault != NULL)
		return wrong(why, fault);
	return ini_hint(text)[0] == '\0' ? 0 : wrong(why, "seems to contain a comment");
}

static int parse_paths(struct option_value *v, const char *text, char why[WHY])
{
	int err = parse_list(v, text, why);
	const char *fault = NULL;

	for (char **path = v->list; err == 0 && *path != NULL && fault == NULL; path++) {
		fault = path_fault(*path);
		if (fault != NULL)
			err = wrong_element(why, *path, fault);
	}
	return err;
}

static int parse_command(struct option_value *v, const char *text, char why[WHY])
{
	char found[64];
	const char *reason;
	char **list;

	if (text_split_command(text, &list, &reason) != 0)
		return wrong(why, reason);
	if (!shell_syntax(text, (const char *const *)list, found, sizeof(found)))
		return keep_list(v, list, why);
	text_free_list(list);
	snprintf(why, WHY,
		"contains %s, but no shell is run, so the program would get it as an argument; "
		"quote it with '...' if that is meant, or run a shell: /bin/sh -c '...'",
		found);
	return -EINVAL;
}

static int parse_name(struct option_value *v, const char *text, char why[WHY])
{
	return text_is_service_name(text)
		       ? 0
		       : wrong(why, "is not a valid service name: use up to 255 letters, digits "
				    "and _ : . @ \\ -, without \"..\", and begin with a letter, a "
				    "digit or _");
}

static int parse_calendar(struct option_value *v, const char *text, char why[WHY])
{
	char what[CALENDAR_WHY];

	return calendar_parse(&v->calendar, text, what) == 0 ? 0 : wrong(why, what);
}

static int parse_times(struct option_value *v, const char *text, char why[WHY])
{
	char what[CALENDAR_WHY];

	return calendar_parse_times(&v->times, text, what) == 0 ? 0 : wrong(why, what);
}

static const struct type {
	const char *name;
	parse_fn *parse;
} types[] = {
	[VIGIL_TEXT] = {"text", parse_text},
	[VIGIL_BOOL] = {"bool", parse_bool},
	[VIGIL_INT] = {"int", parse_int},
	[VIGIL_NUMBER] = {"number", parse_number},
	[VIGIL_DURATION] = {"duration", parse_duration},
	[VIGIL_SIZE] = {"size", parse_size},
	[VIGIL_CHOICE] = {"choice", parse_choice},
	[VIGIL_LIST] = {"list", parse_list},
	[VIGIL_PATH] = {"path", parse_path},
	[VIGIL_COMMAND] = {"command", parse_command},
	[VIGIL_NAME] = {"name", parse_name},
	[VIGIL_CALENDAR] = {"calendar", parse_calendar},
	[VIGIL_TIMES] = {"times", parse_times},
	[VIGIL_RANGE] = {"range", parse_range},
	[VIGIL_REGEX] = {"regex", parse_regex},
	[VIGIL_PATHS] = {"paths", parse_paths},
};

bool option_type_exists(vigil_option_type type)
{
	return (unsigned)type < sizeof(types) / sizeof(*types);
}

const char *option_type_name(vigil_option_type type)
{
	return types[type].name;
}

bool option_type_is_list(vigil_option_type type)
{
	return type == VIGIL_LIST || type == VIGIL_PATHS || type == VIGIL_COMMAND;
}

void option_value_clear(struct option_value *v)
{
	if (option_type_is_list(v->schema->type))
		free(v->list);
	if (v->schema->type == VIGIL_REGEX) {
		forget_compiled(v->regex);
		free(v->regex);
	}
	if (v->schema->type == VIGIL_CALENDAR)
		free(v->calendar);
	if (v->schema->type == VIGIL_TIMES)
		free(v->times);
	*v = (struct option_value){.schema = v->schema};
}

int option_value_parse(struct option_value *v, const char *text, char why[WHY])
{
	int err = 0;

	if (text != NULL && text[0] != '\0') {
		v->present = true;
		v->text = text;
		err = types[v->schema->type].parse(v, text, why);
	}
	if (err == 0 && option_type_is_list(v->schema->type) && v->list == NULL)
		v->list = memory_zero(sizeof(*v->list));
	return err;
}
