/*
 * config: reads INI files into one checked, immutable configuration.
 *
 * First all files are read and parsed.  If a file has a syntax error, only the syntax errors of all
 * files are reported, because the meaning of such a file is uncertain.  Otherwise a table of
 * sections assigns each line to its section or daemon, later files over earlier ones, and all
 * semantic errors are reported.
 */
#include "config/config.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "base/text.h"
#include "base/trust.h"
#include "config/config_vigil.h"
#include "config/ini.h"

struct builder {
	struct config *config;
	struct diagnostics *diagnostics;
	struct option_given *vigil; /* the keys of [vigil]; later files replace earlier values */
	size_t vigil_count;
	const char *file;             /* the file that is being read */
	struct config_daemon *daemon; /* the daemon whose section is being read; NULL: its name
				       * is invalid */
};

/* --- files ------------------------------------------------------------------------------------ */

static const char *note_file(struct config *config, const char *file)
{
	size_t n = 0;

	while (config->files[n] != NULL)
		n++;
	config->files = memory_grow(config->files, n + 2, sizeof(*config->files));
	config->files[n] = memory_text(file);
	config->files[n + 1] = NULL;
	return config->files[n];
}

static int is_dropin(const struct dirent *entry)
{
	return entry->d_name[0] != '.' && fnmatch("*.conf", entry->d_name, 0) == 0;
}

static int in_byte_order(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void find_dropins(struct config *config, struct diagnostics *diagnostics)
{
	struct dirent **entries;
	int count = scandir(config->dropin, &entries, is_dropin, in_byte_order);
	char *path;

	if (count < 0 && errno != ENOENT)
		diagnostic_add(
			diagnostics, config->dropin, 0, "cannot be read: %s", strerror(errno));
	if (count < 0)
		return;
	for (int i = 0; i < count; i++) {
		path = memory_format("%s/%s", config->dropin, entries[i]->d_name);
		note_file(config, path);
		free(path);
		free(entries[i]);
	}
	free(entries);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

char *config_dropin(const char *file)
{
	const char *slash = strrchr(file, '/');

	return memory_format("%.*sconf.d", slash != NULL ? (int)(slash - file) + 1 : 0, file);
}

/* Inserts a new draft at its position among the drop-ins. */
static void place_draft(struct config *config, const struct config_draft *draft)
{
	char *path = memory_format("%s/%s", config->dropin, draft->name);
	size_t at = 1, count;

	while (config->files[at] != NULL && strcmp(config->files[at], path) < 0)
		at++;
	if (config->files[at] == NULL || strcmp(config->files[at], path) != 0) {
		for (count = at; config->files[count] != NULL; count++)
			;
		config->files = memory_grow(config->files, count + 2, sizeof(*config->files));
		memmove(&config->files[at + 1], &config->files[at],
			(count - at + 1) * sizeof(*config->files));
		config->files[at] = path;
		return;
	}
	free(path);
}

/* --- daemons ---------------------------------------------------------------------------------- */

/* Returns the index of the daemon with that name, in any case, or the index at which to insert it.
 * The daemons are sorted. */
static size_t place_of(const struct config *config, const char *name)
{
	size_t low = 0, high = config->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (strcasecmp(config->daemons[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct config_daemon *insert(
	struct config *config, size_t at, const char *name, const char *file, int line)
{
	struct config_daemon *cd;

	config->daemons = memory_grow(config->daemons, config->count + 1, sizeof(*cd));
	cd = &config->daemons[at];
	memmove(cd + 1, cd, (config->count++ - at) * sizeof(*cd));
	*cd = (struct config_daemon){.name = memory_text(name), .file = file, .line = line};
	return cd;
}

/* Finds or creates the daemon of that name.  The result is valid until the next daemon is created.
 * If the name is invalid, it returns NULL and has added a diagnostic. */
static struct config_daemon *daemon_of(struct builder *b, const char *name, int line)
{
	const struct config_daemon *other;
	char cut[TEXT_SHORT];
	size_t at;

	if (!text_is_daemon_name(name)) {
		diagnostic_add(b->diagnostics, b->file, line,
			"invalid daemon name \"%s\": use up to 64 letters, digits and _ . @ -, and "
			"begin with a letter, a digit or _",
			text_truncate(cut, sizeof(cut), name));
		return NULL;
	}
	at = place_of(b->config, name);
	other = at < b->config->count ? &b->config->daemons[at] : NULL;
	if (other == NULL || strcasecmp(other->name, name) != 0)
		return insert(b->config, at, name, b->file, line);
	if (strcmp(other->name, name) == 0)
		return &b->config->daemons[at];
	diagnostic_add(b->diagnostics, b->file, line,
		"\"%s\" and \"%s\" (%s:%d) differ only in case, which is not allowed", name,
		other->name, other->file, other->line);
	return NULL;
}

static void give(
	struct option_given **list, size_t *count, const char *file, const struct ini_line *l)
{
	struct option_given *given = NULL;

	for (size_t i = 0; i < *count; i++)
		if (strcmp((*list)[i].key, l->key) == 0)
			given = &(*list)[i];
	if (given == NULL) {
		*list = memory_grow(*list, *count + 1, sizeof(**list));
		given = &(*list)[(*count)++];
		*given = (struct option_given){.key = memory_text(l->key)};
	}
	free((char *)given->value);
	given->value = memory_text(l->value);
	given->file = file;
	given->line = l->line;
}

static void free_given(struct option_given *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free((char *)list[i].key);
		free((char *)list[i].value);
	}
	free(list);
}

/* --- sections: each parses its lines ---------------------------------------------------------- */

static void take_vigil(struct builder *b, const char *rest, const struct ini_line *l)
{
	if (l->key != NULL)
		give(&b->vigil, &b->vigil_count, b->file, l);
}

static void take_daemons(struct builder *b, const char *rest, const struct ini_line *l)
{
	struct config_daemon *cd;
	char value[TEXT_SHORT];
	bool enabled;

	if (l->key == NULL)
		return;
	cd = daemon_of(b, l->key, l->line);
	if (text_bool(l->value, &enabled) != 0)
		diagnostic_add(b->diagnostics, b->file, l->line,
			"%.64s = \"%s\": invalid value; use yes or no%s", l->key,
			text_truncate(value, sizeof(value), l->value), ini_hint(l->value));
	else if (cd != NULL)
		cd->enabled = enabled;
}

static void take_module(struct builder *b, const struct ini_line *l)
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
}

/* The header comes before its keys.  It finds the daemon.  If the name is invalid, the header adds
 * the only diagnostic, and the keys are ignored. */
static void take_daemon(struct builder *b, const char *name, const struct ini_line *l)
{
	if (l->key == NULL) {
		b->daemon = daemon_of(b, name, l->line);
		if (b->daemon != NULL) {
			b->daemon->file = b->file;
			b->daemon->line = l->line;
		}
	} else if (b->daemon != NULL && strcmp(l->key, "module") == 0) {
		take_module(b, l);
	} else if (b->daemon != NULL) {
		give(&b->daemon->options, &b->daemon->count, b->file, l);
	}
}

static const struct section {
	const char *name; /* a name that ends in a colon is followed by the name of a daemon */
	void (*take)(struct builder *b, const char *rest, const struct ini_line *l);
} sections[] = {{"vigil", take_vigil}, {"daemons", take_daemons}, {"daemon:", take_daemon}};

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

static void diagnose_section(struct builder *b, const struct ini_line *l)
{
	const char *colon = strchr(l->section, ':');
	char section[TEXT_SHORT], *head, *meant = NULL;
	struct text_suggest suggest;

	head = colon != NULL ? memory_format("%.*s", (int)(colon - l->section), l->section)
			     : memory_text(l->section);
	text_suggest_init(&suggest, head);
	text_suggest_add(&suggest, "daemon");
	if (colon == NULL) {
		text_suggest_add(&suggest, "daemons");
		text_suggest_add(&suggest, "vigil");
	}
	if (text_suggest_get(&suggest) != NULL)
		meant = strcmp(text_suggest_get(&suggest), "daemon") != 0
				? memory_text(text_suggest_get(&suggest))
				: memory_format("daemon:%.64s", colon != NULL ? colon + 1 : "NAME");
	text_truncate(section, sizeof(section), l->section);
	if (meant != NULL)
		diagnostic_add(b->diagnostics, b->file, l->line,
			"unknown section [%s]; did you mean [%s]?", section, meant);
	else
		diagnostic_add(b->diagnostics, b->file, l->line,
			"unknown section [%s]; the sections are [vigil], [daemons] and "
			"[daemon:NAME]",
			section);
	free(meant);
	free(head);
}

static void take_line(struct builder *b, const struct ini_line *l)
{
	const char *rest;
	const struct section *section = find_section(l->section, &rest);

	if (section != NULL)
		section->take(b, rest, l);
	else if (l->key == NULL)
		diagnose_section(b, l); /* only once, at the header */
}

/* --- trust ------------------------------------------------------------------------------------ */

/* A file that does not exist or cannot be reached is reported where it is read. */
static bool judge(const char *path, unsigned flags, struct diagnostics *diagnostics)
{
	char why[TRUST_WHY];
	int err = trust_path(path, NULL, flags, why, sizeof(why));

	if (err == 0 || err == -ENOENT || err == -ENOTDIR || err == -EACCES)
		return true;
	diagnostic_add(diagnostics, path, 0, "is not read: %s", why);
	return false;
}

/* Everybody who may write one of the files, or add a file, controls which programs vigild runs. */
static void judge_files(const struct config *config, struct diagnostics *diagnostics)
{
	if (!judge(config->files[0], 0, diagnostics) ||
		!judge(config->dropin, TRUST_ENTRIES, diagnostics))
		return;
	for (size_t i = 1; config->files[i] != NULL; i++)
		judge(config->files[i], 0, diagnostics);
}

/* --- the whole configuration ------------------------------------------------------------------ */

static void read_syntax(struct config *config, const struct config_draft *draft, struct ini *inis,
	struct diagnostics *diagnostics)
{
	const char *path;
	int err;

	for (size_t i = 0; config->files[i] != NULL; i++) {
		path = config->files[i];
		if (i > 0 && draft != NULL && strcmp(base_name(path), draft->name) == 0)
			path = draft->path;
		if (path == NULL)
			continue;
		err = ini_read(path, config->files[i], &inis[i], diagnostics);
		if (err == -ENOENT && i == 0)
			diagnostic_add(diagnostics, config->files[i], 0,
				"no such file; name the configuration with -c FILE");
		else if (err == -ENOENT)
			diagnostic_add(diagnostics, config->files[i], 0,
				"no such file: the symbolic link is broken, or the file was just "
				"removed");
	}
}

static int by_name(const void *a, const void *b)
{
	return strcmp(
		((const struct config_daemon *)a)->name, ((const struct config_daemon *)b)->name);
}

static void read_meaning(struct builder *b, const struct ini *inis)
{
	struct config *config = b->config;

	for (size_t i = 0; config->files[i] != NULL; i++) {
		b->file = config->files[i];
		for (size_t j = 0; j < inis[i].count; j++)
			take_line(b, &inis[i].lines[j]);
	}
	for (size_t i = 0; i < config->count; i++)
		if (config->daemons[i].module == NULL)
			config->daemons[i].module = memory_text(config->daemons[i].name);
	if (config->count > 0)
		qsort(config->daemons, config->count, sizeof(*config->daemons), by_name);
	config->vigil = config_vigil_check(b->vigil, b->vigil_count, config->file, b->diagnostics);
}

static struct config *load(const char *file, const struct config_draft *draft, bool judged,
	struct diagnostics *diagnostics)
{
	struct builder b = {.config = memory_zero(sizeof(*b.config)), .diagnostics = diagnostics};
	struct config *config = b.config;
	struct ini *inis;
	size_t count = 0, before = diagnostics->errors;

	config->file = memory_text(file);
	config->dropin = config_dropin(file);
	config->files = memory_zero(sizeof(*config->files));
	note_file(config, file);
	find_dropins(config, diagnostics);
	if (judged)
		judge_files(config, diagnostics);
	if (draft != NULL)
		place_draft(config, draft);
	while (config->files[count] != NULL)
		count++;
	inis = memory_zero(count * sizeof(*inis));
	read_syntax(config, draft, inis, diagnostics);
	if (diagnostics->errors == before)
		read_meaning(&b, inis);
	for (size_t i = 0; i < count; i++)
		ini_clear(&inis[i]);
	free(inis);
	free_given(b.vigil, b.vigil_count);
	if (diagnostics->errors == before)
		return config;
	diagnostics_sort(diagnostics);
	config_free(config);
	return NULL;
}

struct config *config_load(const char *file, struct diagnostics *diagnostics)
{
	return load(file, NULL, true, diagnostics);
}

struct config *config_load_draft(
	const char *file, const struct config_draft *draft, struct diagnostics *diagnostics)
{
	return load(file, draft, true, diagnostics);
}

struct config *config_load_untrusted(const char *file, struct diagnostics *diagnostics)
{
	return load(file, NULL, false, diagnostics);
}

void config_free(struct config *config)
{
	if (config == NULL)
		return;
	for (size_t i = 0; i < config->count; i++) {
		free(config->daemons[i].name);
		free(config->daemons[i].module);
		free_given(config->daemons[i].options, config->daemons[i].count);
		option_set_unref(config->daemons[i].checked);
	}
	free(config->daemons);
	option_set_unref(config->vigil);
	text_free_list(config->files);
	free(config->dropin);
	free(config->file);
	free(config);
}

void config_drop_written(struct config *config)
{
	for (size_t i = 0; i < config->count; i++) {
		struct config_daemon *cd = &config->daemons[i];

		if (cd->checked == NULL)
			continue;
		free_given(cd->options, cd->count);
		cd->options = NULL;
		cd->count = 0;
	}
}

const struct config_daemon *config_find(const struct config *config, const char *name)
{
	const struct config_daemon key = {.name = (char *)name};

	if (config->count == 0)
		return NULL;
	return bsearch(&key, config->daemons, config->count, sizeof(key), by_name);
}

const struct config_daemon *config_after(const struct config *config, const char *name)
{
	size_t low = 0, high = config->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (strcmp(config->daemons[middle].name, name) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < config->count ? &config->daemons[low] : NULL;
}
