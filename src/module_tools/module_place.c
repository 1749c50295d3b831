/* module_place: see module_place.h. */
#include "module_tools/module_place.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diagnostic.h"
#include "base/memory.h"
#include "config/config.h"
#include "config/config_load.h"
#include "daemon/module.h"

/* --- the module ------------------------------------------------------------------------------- */

/* A text with a slash, "." or ".." is a path.  So is the name of an existing file.  Everything else
 * is the name of a module. */
static int find(struct module_place *place)
{
	struct stat st;
	char *slash;

	if (strchr(place->module, '/') == NULL && strcmp(place->module, ".") != 0 &&
		strcmp(place->module, "..") != 0 && stat(place->module, &st) < 0) {
		place->name = place->module;
		return 0;
	}
	if (realpath(place->module, place->folder) == NULL || stat(place->folder, &st) < 0) {
		fprintf(stderr, "vigilctl: %s: %s\n", place->module, strerror(errno));
		return -errno;
	}
	if (!S_ISDIR(st.st_mode)) /* for the .so file itself, use its folder */
		*strrchr(place->folder, '/') = '\0';
	slash = strrchr(place->folder, '/');
	if (slash == NULL) {
		fprintf(stderr, "vigilctl: %s: a module must be in a directory of its own\n",
			place->module);
		return -EINVAL;
	}
	*slash = '\0';
	place->name = slash + 1;
	if (place->folder[0] == '\0')
		strcpy(place->folder, "/");
	return 0;
}

static void set_directories(
	struct modules *modules, const struct module_place *place, struct config **config)
{
	struct diagnostics diagnostics = {0};

	*config = config_load(place->file, &diagnostics);
	diagnostics_clear(&diagnostics);
	if (*config != NULL)
		modules_set_directories(
			modules, (const char *const *)config_vigil(*config, "modules")->list);
	else
		modules_set_directories(modules, (const char *const[]){MODULEDIR, NULL});
}

struct module *module_place_load(
	struct module_place *place, struct modules *modules, char *why, size_t size)
{
	struct config *config = NULL;
	struct module *module;
	char *slash;

	if (place->folder[0] != '\0')
		return module_load_from(modules, place->folder, place->name, why, size);
	set_directories(modules, place, &config);
	module = module_load(modules, place->name, why, size);
	if (module != NULL) { /* DIR/NAME/NAME.so: the host searches only DIR */
		snprintf(place->folder, sizeof(place->folder), "%s", module_path(module));
		for (int i = 0; i < 2 && (slash = strrchr(place->folder, '/')) != NULL; i++)
			*slash = '\0';
	}
	config_free(config);
	return module;
}

/* --- its configuration ------------------------------------------------------------------------ */

char *module_place_write_conf(const struct module_place *place)
{
	char *path = memory_format("%s/vigil.conf", place->scratch);
	char *sample = memory_format("%s/%s/%s.conf", place->folder, place->name, place->name);
	char *dropin = memory_format("%s/conf.d", place->scratch);
	char *link = memory_format("%s/%s.conf", dropin, place->name);
	bool given = json_array_size(place->options) > 0 || access(sample, R_OK) < 0;
	FILE *file = fopen(path, "we");
	json_t *option;
	size_t index;

	if (file != NULL) {
		fprintf(file, "[vigil]\nmodules = %s\nstate_dir = %s/state\nlog = stderr\n",
			place->folder, place->scratch);
		if (given)
			fprintf(file, "[daemons]\n%s = yes\n[daemon:%s]\n", place->name,
				place->name);
		json_array_foreach(place->options, index, option)
			fprintf(file, "%s\n", json_string_value(option));
		fclose(file);
	}
	if (!given && (mkdir(dropin, 0700) < 0 || symlink(sample, link) < 0))
		fprintf(stderr, "vigilctl: %s: %s\n", link, strerror(errno));
	free(link);
	free(dropin);
	free(sample);
	return path;
}

/* Removes the temporary path from a diagnostic.  A diagnostic about the sample names the sample. */
static void print_diagnostic(const struct module_place *place, const char *text)
{
	size_t n = strlen(place->scratch);
	const char *rest = strncmp(text, place->scratch, n) == 0 ? text + n : NULL;

	fputs("vigilctl: ", stderr);
	if (rest != NULL && strncmp(rest, "/conf.d/", 8) == 0)
		fprintf(stderr, "%s/%s/%s\n", place->folder, place->name, rest + 8);
	else if (rest != NULL && (rest = strstr(rest, ": ")) != NULL)
		fprintf(stderr, "%s\n", rest + 2);
	else
		fprintf(stderr, "%s\n", text);
}

bool module_place_has_options(const struct module_place *place)
{
	char *sample = memory_format("%s/%s/%s.conf", place->folder, place->name, place->name);
	bool has = json_array_size(place->options) > 0 || access(sample, R_OK) == 0;

	free(sample);
	return has;
}

void module_place_print(const struct module_place *place, struct diagnostics *diagnostics)
{
	for (size_t i = 0; i < diagnostics->count; i++)
		print_diagnostic(place, diagnostics->list[i].text);
	diagnostics_clear(diagnostics);
}

/* --- the directory ---------------------------------------------------------------------------- */

int module_place_open(
	struct module_place *place, const char *module, const char *file, json_t *options)
{
	const char *tmp = getenv("TMPDIR");
	int err;

	*place = (struct module_place){.module = module, .file = file, .options = options};
	err = find(place);
	if (err != 0)
		return err;
	place->scratch =
		memory_format("%s/vigil-trial.XXXXXX", tmp != NULL && *tmp == '/' ? tmp : P_tmpdir);
	if (mkdtemp(place->scratch) != NULL)
		return 0;
	err = -errno;
	fprintf(stderr, "vigilctl: %s: %s\n", place->scratch, strerror(-err));
	free(place->scratch);
	return err;
}

static int on_entry(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	return remove(path);
}

void module_place_close(struct module_place *place)
{
	nftw(place->scratch, on_entry, 16, FTW_DEPTH | FTW_PHYS);
	free(place->scratch);
}
