/*
 * config_sections: assigns the lines of the files to the sections of a configuration.
 *
 * A table has one function for each kind of section.  Names of daemons that differ only by case are
 * an error, so the index of the daemons has their names in lower case.
 */
#include "config/config_sections.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/text.h"

/* --- daemons ---------------------------------------------------------------------------------- */

/* The key of a name in the index. */
static char *folded(const char *name)
{
	char *key = memory_text(name);

	for (char *c = key; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	return key;
}

static struct config_daemon *append(struct config_builder *b, const char *name, int line)
{
	struct config *config = b->config;
	struct config_daemon *cd;

	if (config->count == b->room) {
		b->room = b->room > 0 ? 2 * b->room : 16;
		config->daemons = memory_grow(config->daemons, b->room, sizeof(*cd));
	}
	cd = &config->daemons[config->count++];
	*cd = (struct config_daemon){.name = memory_text(name), .file = b->file, .line = line};
	return cd;
}

/* Returns the daemon with that name, in any case, or appends one. */
static struct config_daemon *find_or_append(struct config_builder *b, const char *name, int line)
{
	char *key = folded(name);
	json_t *index = json_object_get(b->index, key);
	struct config_daemon *cd;

	if (index != NULL) {
		cd = &b->config->daemons[json_integer_value(index)];
	} else {
		json_object_set_new(b->index, key, json_integer((json_int_t)b->config->count));
		cd = append(b, name, line);
	}
	free(key);
	return cd;
}

/* Finds or creates the daemon of that name.  The result is valid until the next daemon is created.
 * If the name is invalid, it returns NULL and has added a diagnostic. */
static struct config_daemon *daemon_of(struct config_builder *b, const char *name, int line)
{
	struct config_daemon *cd;
	char cut[TEXT_SHORT];

	if (!text_is_daemon_name(name)) {
		diagnostic_add(b->diagnostics, b->file, line,
			"invalid daemon name \"%s\": use up to 64 letters, digits and _ . @ -, and "
			"begin with a letter, a digit or _",
			text_truncate(cut, sizeof(cut), name));
		return NULL;
	}
	cd = find_or_append(b, name, line);
	if (strcmp(cd->name, name) == 0)
		return cd;
	diagnostic_add(b->diagnostics, b->file, line,
		"\"%s\" and \"%s\" (%s:%d) differ only in case, which is not allowed", name,
		cd->name, cd->file, cd->line);
	return NULL;
}

/* --- sections: each parses its lines ---------------------------------------------------------- */

/* Begins a section whose keys are options. */
static void begin(struct config_builder *b, struct given *options, struct config_daemon *daemon,
	const char *section)
{
	b->options = options;
	b->daemon = daemon;
	b->section = section;
}

static void take_option(struct config_builder *b, const struct ini_line *l)
{
	if (b->options != NULL)
		given_set(b->options, &(struct option_given){.key = l->key,
					      .value = l->value,
					      .file = b->file,
					      .line = l->line,
					      .section = b->section});
}

static void take_vigil(struct config_builder *b, const char *rest, const struct ini_line *l)
{
	if (l->key == NULL)
		begin(b, &b->config->vigil_given, NULL, NULL);
	else
		take_option(b, l);
}

/* The boolean of which a value of [daemons] is a misspelling; NULL: of none.  More than one wrong
 * letter makes another word, such as the module `files`. */
static const char *meant_boolean(const char *value)
{
	static const char *const words[] = {"yes", "no", "true", "false"};
	struct text_suggest suggest;

	text_suggest_init(&suggest, value);
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		text_suggest_add(&suggest, words[i]);
	return suggest.distance <= 1 ? text_suggest_get(&suggest) : NULL;
}

static void diagnose_enabling(struct config_builder *b, const struct ini_line *l)
{
	const char *meant = meant_boolean(l->value);
	char value[TEXT_SHORT];

	text_truncate(value, sizeof(value), l->value);
	if (meant != NULL)
		diagnostic_add(b->diagnostics, b->file, l->line,
			"%.64s = \"%s\": invalid value; did you mean \"%s\"?", l->key, value,
			meant);
	else
		diagnostic_add(b->diagnostics, b->file, l->line,
			"%.64s = \"%s\": invalid value; use yes, no or the name of a module%s",
			l->key, value, ini_hint(l->value));
}

/* NAME = yes, no, or the name of a module, which enables it with that module. */
static void take_daemons(struct config_builder *b, const char *rest, const struct ini_line *l)
{
	struct config_daemon *cd;
	bool enabled = true, is_bool;

	if (l->key == NULL)
		return;
	cd = daemon_of(b, l->key, l->line);
	is_bool = text_bool(l->value, &enabled) == 0;
	if (!is_bool && (!text_is_daemon_name(l->value) || meant_boolean(l->value) != NULL)) {
		diagnose_enabling(b, l);
		return;
	}
	if (cd == NULL)
		return;
	cd->enabled = enabled;
	cd->named = (struct config_place){b->file, l->line};
	if (!is_bool) {
		free(cd->short_module);
		cd->short_module = memory_text(l->value);
	}
}

static void take_module(struct config_builder *b, const struct ini_line *l)
{
	char value[TEXT_SHORT];

	if (!text_is_daemon_name(l->value)) {
		diagnostic_add(b->diagnostics, b->file, l->line,
			"module = \"%s\": invalid module name%s",
			text_truncate(value, sizeof(value), l->value), ini_hint(l->value));
		return;
	}
	free(b->daemon->module);
	b->daemon->module = memory_text(l->value);
	b->daemon->module_at = (struct config_place){b->file, l->line};
}

/* The header comes before its keys.  It finds the daemon.  If the name is invalid, the header adds
 * the only diagnostic, and the keys are ignored. */
static void take_daemon(struct config_builder *b, const char *name, const struct ini_line *l)
{
	struct config_daemon *cd;

	if (l->key == NULL) {
		cd = daemon_of(b, name, l->line);
		begin(b, cd != NULL ? &cd->options : NULL, cd, NULL);
		if (cd != NULL) {
			cd->file = b->file;
			cd->line = l->line;
		}
	} else if (b->daemon != NULL && strcmp(l->key, "module") == 0) {
		take_module(b, l);
	} else {
		take_option(b, l);
	}
}

/* Finds or creates the defaults of that module.  The result is valid until the next defaults are
 * created.  If another section has the name in another case, it returns NULL and has added a
 * diagnostic. */
static struct config_defaults *defaults_of(struct config_builder *b, const char *module, int line)
{
	struct config *config = b->config;
	struct config_defaults *defaults;

	for (size_t i = 0; i < config->defaults_count; i++) {
		defaults = &config->defaults[i];
		if (strcmp(defaults->module, module) == 0)
			return defaults;
		if (strcasecmp(defaults->module, module) != 0)
			continue;
		diagnostic_add(b->diagnostics, b->file, line,
			"[module:%s] and %s (%s:%d) differ only in case, which is not "
			"allowed",
			module, defaults->section, defaults->file, defaults->line);
		return NULL;
	}
	config->defaults = memory_grow(
		config->defaults, config->defaults_count + 1, sizeof(*config->defaults));
	defaults = &config->defaults[config->defaults_count++];
	*defaults = (struct config_defaults){.module = memory_text(module),
		.section = memory_format("[module:%s]", module),
		.file = b->file,
		.line = line};
	return defaults;
}

/* The defaults of all daemons of a module. */
static void take_defaults(struct config_builder *b, const char *name, const struct ini_line *l)
{
	struct config_defaults *defaults;
	char cut[TEXT_SHORT];

	if (l->key == NULL && !text_is_daemon_name(name)) {
		diagnostic_add(b->diagnostics, b->file, l->line, "[module:%s]: invalid module name",
			text_truncate(cut, sizeof(cut), name));
		begin(b, NULL, NULL, NULL);
	} else if (l->key == NULL) {
		defaults = defaults_of(b, name, l->line);
		begin(b, defaults != NULL ? &defaults->options : NULL, NULL,
			defaults != NULL ? defaults->section : NULL);
	} else {
		take_option(b, l);
	}
}

static const struct section {
	const char *name; /* a name that ends in a colon is followed by another name */
	void (*take)(struct config_builder *b, const char *rest, const struct ini_line *l);
} sections[] = {{"vigil", take_vigil}, {"daemons", take_daemons}, {"daemon:", take_daemon},
	{"module:", take_defaults}};

#define SECTIONS (sizeof(sections) / sizeof(*sections))

static const struct section *find_section(const char *name, const char **rest)
{
	for (size_t i = 0; i < SECTIONS; i++) {
		size_t n = strlen(sections[i].name);
		bool open_ended = sections[i].name[n - 1] == ':';

		if (strncmp(name, sections[i].name, n) == 0 && (open_ended || name[n] == '\0')) {
			*rest = name + n;
			return &sections[i];
		}
	}
	return NULL;
}

/* Returns the section that was probably meant, or NULL.  The caller frees it. */
static char *meant_section(const char *section)
{
	const char *colon = strchr(section, ':'), *meant;
	char *head = colon != NULL ? memory_format("%.*s", (int)(colon - section), section)
				   : memory_text(section);
	char *result = NULL;
	struct text_suggest suggest;

	text_suggest_init(&suggest, head);
	text_suggest_add(&suggest, "daemon");
	text_suggest_add(&suggest, "module");
	if (colon == NULL) {
		text_suggest_add(&suggest, "daemons");
		text_suggest_add(&suggest, "vigil");
	}
	meant = text_suggest_get(&suggest);
	if (meant != NULL && (strcmp(meant, "daemon") == 0 || strcmp(meant, "module") == 0))
		result = memory_format("%s:%.64s", meant, colon != NULL ? colon + 1 : "NAME");
	else if (meant != NULL)
		result = memory_text(meant);
	free(head);
	return result;
}

static void diagnose_section(struct config_builder *b, const struct ini_line *l)
{
	char section[TEXT_SHORT], *meant = meant_section(l->section);

	text_truncate(section, sizeof(section), l->section);
	if (meant != NULL)
		diagnostic_add(b->diagnostics, b->file, l->line,
			"unknown section [%s]; did you mean [%s]?", section, meant);
	else
		diagnostic_add(b->diagnostics, b->file, l->line,
			"unknown section [%s]; the sections are [vigil], [daemons], [daemon:NAME] "
			"and "
			"[module:NAME]",
			section);
	free(meant);
}

void config_begin_sections(
	struct config_builder *b, struct config *config, struct diagnostics *diagnostics)
{
	*b = (struct config_builder){
		.config = config, .diagnostics = diagnostics, .index = json_object()};
}

void config_take_line(struct config_builder *b, const struct ini_line *l)
{
	const char *rest;
	const struct section *section = find_section(l->section, &rest);

	if (section != NULL)
		section->take(b, rest, l);
	else if (l->key == NULL)
		diagnose_section(b, l); /* only once, at the header */
}

/* --- after the last line ---------------------------------------------------------------------- */

/* The section of the daemon may name the module, and [daemons] may name it.  Otherwise the module
 * has the name of the daemon. */
static void decide_module(struct config_builder *b, struct config_daemon *cd)
{
	if (cd->module != NULL && cd->short_module != NULL &&
		strcmp(cd->module, cd->short_module) != 0)
		diagnostic_add(b->diagnostics, cd->named.file, cd->named.line,
			"%s = %s, but module = %s in [daemon:%s] (%s:%d)", cd->name,
			cd->short_module, cd->module, cd->name, cd->module_at.file,
			cd->module_at.line);
	cd->names_module = cd->module != NULL || cd->short_module != NULL;
	if (cd->module == NULL)
		cd->module = memory_text(cd->short_module != NULL ? cd->short_module : cd->name);
}

/* An option in the section of the daemon has precedence. */
static void add_missing(struct given *options, const struct given *defaults)
{
	for (size_t i = 0; i < defaults->count; i++)
		if (given_find(options, defaults->list[i].key) == NULL)
			given_set(options, &defaults->list[i]);
}

static void add_defaults(const struct config *config, struct config_daemon *cd)
{
	for (size_t i = 0; i < config->defaults_count; i++)
		if (strcmp(config->defaults[i].module, cd->module) == 0)
			add_missing(&cd->options, &config->defaults[i].options);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(
		((const struct config_daemon *)a)->name, ((const struct config_daemon *)b)->name);
}

void config_finish_sections(struct config_builder *b)
{
	struct config *config = b->config;

	json_decref(b->index);
	b->index = NULL;
	for (size_t i = 0; i < config->count; i++) {
		decide_module(b, &config->daemons[i]);
		add_defaults(config, &config->daemons[i]);
	}
	if (config->count > 0)
		qsort(config->daemons, config->count, sizeof(*config->daemons), by_name);
}
