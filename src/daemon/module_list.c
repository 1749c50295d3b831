/*
 * module_list: the modules in the directories, and those that run in processes of their own.  No
 * other module is opened, because that runs the constructors of a module that perhaps no daemon
 * uses.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "daemon/module_internal.h"

/* Adds the names of the modules in a directory to the candidates.  Returns the names, which the
 * caller frees with free_names, because a candidate is not copied. */
static struct dirent **add_candidates(const char *dir, struct text_suggest *suggest, int *count)
{
	struct dirent **names = NULL;

	*count = scandir(dir, &names, NULL, alphasort);
	for (int i = 0; i < *count; i++)
		if (text_is_daemon_name(names[i]->d_name))
			text_suggest_add(suggest, names[i]->d_name);
	return names;
}

static void free_names(struct dirent **names, int count)
{
	for (int i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

char *modules_similar(const struct modules *modules, const char *name)
{
	char *similar = NULL;

	for (char **dir = modules->directories; dir != NULL && *dir != NULL && !similar; dir++) {
		struct text_suggest suggest;
		int count;
		struct dirent **names;

		text_suggest_init(&suggest, name);
		names = add_candidates(*dir, &suggest, &count);
		similar = memory_text(text_suggest_get(&suggest));
		free_names(names, count);
	}
	return similar;
}

/* --- modules in processes of their own -------------------------------------------------------- */

void modules_set_isolation(struct modules *modules, const struct module_isolation *isolation)
{
	modules->isolation = *isolation;
}

/* Checks DIR/NAME/NAME.so as load_file does.  -ENOENT: DIR has no folder of that name. */
static int find_file(const char *dir, const char *name, struct stat *st, const struct reason *why)
{
	char *path = module_file(dir, name), resolved[PATH_MAX];
	int fd;

	if (realpath(path, resolved) != NULL)
		fd = module_open_trusted(resolved, st, why);
	else if (errno == ENOENT)
		fd = module_describe_folder(dir, name, why);
	else
		fd = reason_set(why, -errno, "%s: %s", path, strerror(errno));
	free(path);
	if (fd >= 0)
		close(fd);
	return fd >= 0 ? 0 : fd;
}

const vigil_module *modules_load_isolated(struct modules *modules, const char *name,
	const struct option_set *options, char *why, size_t size)
{
	const struct module_isolation *isolation = &modules->isolation;
	const struct reason reason = {why, size};
	char **dir = modules->directories;
	struct stat st;
	int err = -ENOENT;

	if (isolation->load == NULL) {
		errno = -reason_set(&reason, -ENOTSUP,
			"isolate = yes: this program cannot start a process for it");
		return NULL;
	}
	for (; dir != NULL && *dir != NULL; dir++) {
		err = find_file(*dir, name, &st, &reason);
		if (err != -ENOENT)
			break;
	}
	if (err == 0)
		return isolation->load(isolation->arg, *dir, name, &st, options, why, size);
	if (err == -ENOENT)
		module_describe_search(modules, name, &reason);
	errno = -err;
	return NULL;
}

/* --- all modules ------------------------------------------------------------------------------ */

/* Whether the folder has a shared object of any name, so that it is meant to be a module. */
static bool has_object(const char *dir, const char *name)
{
	char why[PATH_MAX];
	const struct reason reason = {why, sizeof(why)};
	char *path = module_file(dir, name);
	bool has = access(path, F_OK) == 0;

	free(path);
	return has || (module_describe_folder(dir, name, &reason) == -EINVAL &&
			      strstr(why, " contains no ") == NULL);
}

/* Reports a module that is loaded, in quarantine or known to be refused, or that is unknown. */
static void report_module(
	struct modules *modules, const char *dir, const char *name, modules_each_fn *fn, void *arg)
{
	const struct module *module = module_find_loaded(modules, name), *refused;
	struct module file = {.path = module_file(dir, name)};
	char why[512] = "";
	const struct reason reason = {why, sizeof(why)};

	if (module == NULL && modules->held != NULL)
		modules->held(name, why, sizeof(why), modules->quarantined_arg);
	if (module == NULL && why[0] == '\0' && stat(file.path, &file.stat) < 0 &&
		module_describe_folder(dir, name, &reason) == -ENOENT)
		reason_set(&reason, -errno, "%s: %s", file.path, strerror(errno));
	refused = module == NULL && why[0] == '\0' ? module_find_refused(modules, &file) : NULL;
	if (refused != NULL)
		reason_set(&reason, 0, "%s", refused->refused);
	fn(name, file.path, module, why[0] != '\0' ? why : NULL, arg);
	free(file.path);
}

void modules_each(struct modules *modules, modules_each_fn *fn, void *arg)
{
	struct dirent **names;
	int count;

	for (char **dir = modules->directories; dir != NULL && *dir != NULL; dir++) {
		count = scandir(*dir, &names, NULL, alphasort);
		if (count < 0 && errno != ENOENT)
			fn("?", *dir, NULL, strerror(errno), arg);
		for (int i = 0; i < count; i++) {
			const char *name = names[i]->d_name;

			if (text_is_daemon_name(name) && has_object(*dir, name))
				report_module(modules, *dir, name, fn, arg);
			free(names[i]);
		}
		if (count >= 0)
			free(names);
	}
}
