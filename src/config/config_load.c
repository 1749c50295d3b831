/*
 * config_load: reads INI files into a configuration.
 *
 * First all files are read and parsed.  If a file has a syntax error, only the syntax errors of all
 * files are reported, because the meaning of such a file is uncertain.  Otherwise config_sections.c
 * assigns each line to its section or daemon, later files over earlier ones, and all semantic
 * errors are reported.
 */
#include "config/config_load.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "base/trust.h"
#include "config/config_sections.h"
#include "config/config_vigil.h"
#include "config/ini.h"

/* --- files ------------------------------------------------------------------------------------ */

static const char *note_file(struct config *config, const char *file)
{
	size_t n = text_count_list((const char *const *)config->files);

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
		count = text_count_list((const char *const *)config->files);
		config->files = memory_grow(config->files, count + 2, sizeof(*config->files));
		memmove(&config->files[at + 1], &config->files[at],
			(count - at + 1) * sizeof(*config->files));
		config->files[at] = path;
		return;
	}
	free(path);
}

/* --- trust ------------------------------------------------------------------------------------ */

/* A file that does not exist or cannot be reached is reported where it is read. */
static bool check_trust(const char *path, unsigned flags, struct diagnostics *diagnostics)
{
	char why[TRUST_WHY];
	int err = trust_path(path, NULL, flags, why, sizeof(why));

	if (err == 0 || err == -ENOENT || err == -ENOTDIR || err == -EACCES)
		return true;
	diagnostic_add(diagnostics, path, 0, "is not read: %s", why);
	return false;
}

/* Everybody who may write one of the files, or add a file, controls which programs vigild runs. */
static void check_files(const struct config *config, struct diagnostics *diagnostics)
{
	if (!check_trust(config->files[0], 0, diagnostics) ||
		!check_trust(config->dropin, TRUST_ENTRIES, diagnostics))
		return;
	for (size_t i = 1; config->files[i] != NULL; i++)
		check_trust(config->files[i], 0, diagnostics);
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

static void read_meaning(
	struct config *config, const struct ini *inis, struct diagnostics *diagnostics)
{
	struct config_builder b;

	config_begin_sections(&b, config, diagnostics);
	for (size_t i = 0; config->files[i] != NULL; i++) {
		b.file = config->files[i];
		for (size_t j = 0; j < inis[i].count; j++)
			config_take_line(&b, &inis[i].lines[j]);
	}
	config_finish_sections(&b);
	config->vigil = config_vigil_check(
		config->vigil_given.list, config->vigil_given.count, config->file, diagnostics);
}

static struct config *load(const char *file, const struct config_draft *draft, bool check,
	struct diagnostics *diagnostics)
{
	struct config *config = memory_zero(sizeof(*config));
	struct ini *inis;
	size_t count, before = diagnostics->errors;

	config->file = memory_text(file);
	config->dropin = config_dropin(file);
	config->files = memory_zero(sizeof(*config->files));
	note_file(config, file);
	find_dropins(config, diagnostics);
	if (check)
		check_files(config, diagnostics);
	if (draft != NULL)
		place_draft(config, draft);
	count = text_count_list((const char *const *)config->files);
	inis = memory_zero(count * sizeof(*inis));
	read_syntax(config, draft, inis, diagnostics);
	if (diagnostics->errors == before)
		read_meaning(config, inis, diagnostics);
	for (size_t i = 0; i < count; i++)
		ini_clear(&inis[i]);
	free(inis);
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
