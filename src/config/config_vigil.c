/*
 * config_vigil: the keys of [vigil], their checks and their values.
 *
 * The schema describes most of them, like that of a module.  A table of rules checks what a schema
 * cannot express.  The rules check the raw options and not the checked set, so that all errors are
 * reported together.
 */
#include "config/config_vigil.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "base/text.h"
#include "config/ini.h"

#define SOCKET_PATH_MAX (sizeof(((struct sockaddr_un *)0)->sun_path) - 1)

const vigil_option config_schema[] = {
	VIGIL_OPTION("modules", VIGIL_PATHS, MODULEDIR, "directories with modules"),
	VIGIL_OPTION("socket", VIGIL_PATH, RUNSTATEDIR "/vigil/control.sock", "the control socket"),
	VIGIL_OPTION("pipe", VIGIL_PATH, RUNSTATEDIR "/vigil/control.pipe", "the control pipe"),
	VIGIL_OPTION("state_dir", VIGIL_PATH, LOCALSTATEDIR "/lib/vigil",
		"where state that outlives vigild is kept"),
	VIGIL_OPTION("group", VIGIL_TEXT, "vigil", "its members may read over the socket"),
	VIGIL_OPTION("log", VIGIL_TEXT, "auto", "auto, stderr, syslog, journal, or a file's path"),
	VIGIL_OPTION("log_level", VIGIL_CHOICE, "info", "how much is logged",
		.choices = "error warning notice info debug"),
	VIGIL_OPTION("workers", VIGIL_INT, "4", "threads kept for calls to service managers",
		.min = 1, .max = 64),
	VIGIL_OPTION("workers_max", VIGIL_INT, "32", "how many there may be when calls hang",
		.min = 1, .max = 256),
	VIGIL_OPTION("exec_max", VIGIL_INT, "0",
		"how many programs of exec daemons run at once; 0: 4, and 4 for each processor",
		.min = 0, .max = 10000),
	VIGIL_OPTION("restart_rate", VIGIL_TEXT, "20/10s",
		"at most so many restarts in so long, all services together; 0: no limit"),
	VIGIL_OPTION("deny", VIGIL_LIST, NULL, "services never restarted: names or globs"),
	VIGIL_OPTION("upgrade_wait", VIGIL_DURATION, "30m",
		"how long an upgrade of packages may keep a service stopped; 0: not looked for",
		.min = 0, .max = 86400),
	VIGIL_OPTION("callback_max", VIGIL_DURATION, "30s",
		"how long a callback may take until vigild aborts itself; 0: no limit", .min = 0,
		.max = 3600),
	VIGIL_OPTION_END,
};

struct section {
	const struct option_given *given;
	size_t count;
	struct diagnostics *diagnostics;
};

int config_vigil_rate(const char *text, unsigned *count, double *seconds)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	*count = (unsigned)n;
	*seconds = 0;
	if (end == text || n > 1000000 || text[0] == '-')
		return -EINVAL;
	if (*end == '\0' && n == 0)
		return 0;
	if (*end != '/' || text_duration(end + 1, seconds) != 0 || *seconds <= 0)
		return -EINVAL;
	return 0;
}

#define WRONG 256

/* Returns the error, in why or as static text, or NULL if the value is valid. */
typedef const char *wrong_fn(const char *value, char why[WRONG]);

static const char *wrong_element(char why[WRONG], const char *element, const char *what)
{
	char cut[TEXT_SHORT];

	snprintf(why, WRONG, "its element \"%s\" %s", text_truncate(cut, sizeof(cut), element),
		what);
	return why;
}

static const char *wrong_modules(const char *value, char why[WRONG])
{
	return value[0] == '\0' ? "names no directory" : NULL;
}

/* Returns the error of a glob for names of services, or NULL if it can match one. */
static const char *wrong_glob(const char *glob)
{
	char name[256];
	size_t n = strlen(glob);

	if (n >= sizeof(name))
		return "is longer than a service name can be";
	if (strpbrk(glob, " \t") != NULL)
		return "contains a blank, and no service name does: separate the elements with "
		       "commas";
	if (strpbrk(glob, "[]{}!") != NULL)
		return "can match no service: a glob has * and ? only";
	memcpy(name, glob, n + 1);
	for (char *p = name; *p != '\0'; p++)
		if (*p == '*' || *p == '?')
			*p = 'x';
	if (!text_is_service_name(name))
		return "can match no service: names have letters, digits and _ : . @ \\ -, and no "
		       "\"..\"; a glob may also have * and ?";
	return NULL;
}

static const char *wrong_deny(const char *value, char why[WRONG])
{
	char **list = text_split_list(value);
	const char *wrong = NULL, *what;

	for (char **glob = list; wrong == NULL && glob != NULL && *glob != NULL; glob++) {
		what = wrong_glob(*glob);
		if (what != NULL)
			wrong = wrong_element(why, *glob, what);
	}
	text_free_list(list);
	return wrong;
}

static const char *wrong_socket(const char *value, char why[WRONG])
{
	return strlen(value) > SOCKET_PATH_MAX ? "is too long for a socket, at most 107 bytes"
					       : NULL;
}

static const char *wrong_log(const char *value, char why[WRONG])
{
	static const char *const words[] = {"auto", "stderr", "syslog", "journal"};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(value, words[i]) == 0)
			return NULL;
	return value[0] != '/' ? "is not auto, stderr, syslog, journal or an absolute path" : NULL;
}

static const char *wrong_rate(const char *value, char why[WRONG])
{
	unsigned count;
	double seconds;

	return config_vigil_rate(value, &count, &seconds) != 0
		       ? "is not N/DURATION, such as 20/10s, or 0"
		       : NULL;
}

/* The schema accepts empty texts and lists.  In [vigil] only a key without a default may be
 * empty. */
static const char *wrong_group(const char *value, char why[WRONG])
{
	if (value[0] == '\0')
		return "is empty; remove the line to use the default";
	return strpbrk(value, " \t\"',:;#/") != NULL ? "is not a valid group name" : NULL;
}

/* The checks that a schema cannot express. */
static const struct rule {
	const char *key;
	wrong_fn *wrong;
} rules[] = {{"deny", wrong_deny}, {"modules", wrong_modules}, {"socket", wrong_socket},
	{"group", wrong_group}, {"log", wrong_log}, {"restart_rate", wrong_rate}};

static void diagnose_value(struct section *s, const struct option_given *given, const char *what)
{
	const char *hint = ini_hint(given->value);
	char value[TEXT_SHORT];

	diagnostic_add(s->diagnostics, given->file, given->line, "%s = \"%s\": %s%s", given->key,
		text_truncate(value, sizeof(value), given->value), what,
		strstr(what, hint) == NULL ? hint : "");
}

/* There is only one error for each value; that of the schema comes first. */
static bool has_diagnostic(const struct section *s, const struct option_given *given)
{
	const struct diagnostics *c = s->diagnostics;

	for (size_t i = 0; i < c->count; i++)
		if (!c->list[i].note && c->list[i].line == given->line && c->list[i].file != NULL &&
			strcmp(c->list[i].file, given->file) == 0)
			return true;
	return false;
}

static void check_rule(struct section *s, const struct option_given *given)
{
	char why[WRONG];

	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		const char *wrong = strcmp(rules[i].key, given->key) == 0
					    ? rules[i].wrong(given->value, why)
					    : NULL;

		if (wrong != NULL && !has_diagnostic(s, given))
			diagnose_value(s, given, wrong);
	}
}

static const struct option_given *find_given(const struct section *s, const char *key)
{
	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->given[i].key, key) == 0)
			return &s->given[i];
	return NULL;
}

/* The error is reported for the key that the configuration sets.  For example, "workers = 40" alone
 * exceeds the default of workers_max. */
static void check_workers(struct section *s, const struct option_set *set)
{
	const struct option_value *most = option_get(set, "workers_max");
	const struct option_value *least = option_get(set, "workers");
	const struct option_given *given = find_given(s, "workers_max");
	char what[64];

	if (most->integer >= least->integer)
		return;
	if (given != NULL)
		snprintf(what, sizeof(what), "is less than workers, which is %s", least->text);
	else
		snprintf(what, sizeof(what), "is more than workers_max, which is %s", most->text);
	diagnose_value(s, given != NULL ? given : find_given(s, "workers"), what);
}

struct option_set *config_vigil_check(const struct option_given *given, size_t count,
	const char *file, struct diagnostics *diagnostics)
{
	struct section s = {given, count, diagnostics};
	size_t before = diagnostics->errors;
	struct option_set *set =
		option_set_new(config_schema, given, count, "[vigil]", file, 0, diagnostics);

	for (size_t i = 0; i < count; i++)
		check_rule(&s, &given[i]);
	if (set != NULL)
		check_workers(&s, set);
	if (diagnostics->errors == before)
		return set;
	option_set_unref(set);
	return NULL;
}
