/*
 * module: see module.h.  Loading a shared object runs its constructors with the privileges of
 * vigild.  So base/trust.h checks the path first, and the checked file itself is loaded, through
 * /proc/self/fd/N.
 *
 * The dynamic linker identifies a loaded object by the name that was passed to dlopen.  If the
 * descriptor were closed, its number could be used again, and dlopen would return the old object.
 * So the descriptor of a loaded module stays open as long as the host runs, and the module stays
 * loaded.  This is also true for an object that turns out not to be a valid module.  It is
 * remembered with the reason, so that the next request for it, which any reader may make, does not
 * use one more descriptor.  Another `struct modules` that needs the same file uses the descriptor
 * that is open already.
 */
#include "daemon/module_internal.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"
#include "base/trust.h"
#include "config/config_daemon.h"
#include "config/option.h"
#include "persist/crash_marker.h"

/* --- trust ------------------------------------------------------------------------------------ */

int module_open_trusted(const char *path, struct stat *st, const struct reason *why)
{
	int place = trust_open(path, NULL, 0, st, why->text, why->size), fd;

	if (place < 0)
		return place;
	if (S_ISREG(st->st_mode))
		fd = trust_reopen(place, O_RDONLY);
	else
		fd = reason_set(why, -EINVAL, "%s is not a regular file", path);
	if (fd < 0 && S_ISREG(st->st_mode))
		reason_set(why, fd, "%s: %s", path, strerror(-fd));
	close(place);
	return fd;
}

/* --- the descriptor --------------------------------------------------------------------------- */

/* Copies the option table into this host's layout.  row: the module's size of one row, in bytes. */
static vigil_option *copy_options(const vigil_option *options, uint32_t row)
{
	size_t size = row < sizeof(*options) ? row : sizeof(*options), count = 0;
	vigil_option *copy = NULL;
	const char *from;

	do {
		from = (const char *)options + count * row;
		copy = memory_grow(copy, count + 1, sizeof(*copy));
		memset(&copy[count], 0, sizeof(*copy));
		memcpy(&copy[count], from, size);
	} while (copy[count++].name != NULL);
	return copy;
}

int module_check_options(const vigil_option *options, const char *path, char *text, size_t size)
{
	const struct reason why = {text, size};
	char reason[256];

	if (option_schema_check(options, reason, sizeof(reason)) != 0)
		return reason_set(&why, -EPROTO, "%s has a malformed option: %s", path, reason);
	for (const vigil_option *row = config_daemon_schema; row->name != NULL; row++)
		if (option_schema_has(options, row->name))
			return reason_set(&why, -EPROTO,
				"%s has a malformed option: every daemon has an option \"%s\", so "
				"a module must not have one",
				path, row->name);
	return 0;
}

static int take_descriptor(
	struct module *module, const vigil_module *found, const struct reason *why)
{
	const size_t least = offsetof(vigil_module, start) + sizeof(found->start);

	if (found->abi != VIGIL_ABI)
		return reason_set(why, -EPROTO,
			"%s was built for ABI %u, this vigild has ABI %u; rebuild it", module->path,
			(unsigned)found->abi, (unsigned)VIGIL_ABI);
	if (found->size < least || found->size > 4096 ||
		found->option_size < offsetof(vigil_option, flags) || found->option_size > 4096)
		return reason_set(why, -EPROTO, "%s has a malformed descriptor", module->path);
	memcpy(&module->descriptor, found,
		found->size < sizeof(*found) ? found->size : sizeof(*found));
	/* A member that is present only in part is ignored. */
	if (found->size < offsetof(vigil_module, check) + sizeof(found->check))
		module->descriptor.check = NULL;
	if (module->descriptor.start == NULL || module->descriptor.name == NULL)
		return reason_set(why, -EPROTO, "%s has a malformed descriptor: no %s",
			module->path, module->descriptor.name == NULL ? "name" : "start");
	if (strcmp(module->descriptor.name, module->name) != 0)
		return reason_set(why, -EPROTO,
			"%s calls itself \"%.64s\"; folder, file and name must be the same",
			module->path, module->descriptor.name);
	if (module->descriptor.options == NULL)
		return 0;
	module->options = copy_options(module->descriptor.options, found->option_size);
	module->descriptor.options = module->options;
	return module_check_options(module->options, module->path, why->text, why->size);
}

#define NO_DESCRIPTOR "%s has no vigil_module_descriptor; is VIGIL_MODULE(...) in it?"

/* Whether the file contains the name of the descriptor.  Another library is not opened, because its
 * constructors would run in vigild.  A file that cannot be read is left to dlopen, which says
 * why. */
static bool names_descriptor(int fd, const struct stat *st)
{
	static const char elf[] = "\177ELF", name[] = "vigil_module_descriptor";
	size_t size = (size_t)st->st_size;
	void *text = size > 0 ? mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
	bool found;

	if (text == MAP_FAILED)
		return true;
	found = memmem(text, size, elf, sizeof(elf) - 1) != text ||
		memmem(text, size, name, sizeof(name)) != NULL;
	munmap(text, size);
	return found;
}

/* The files that were loaded since the start of the process. */
struct loaded_file {
	struct stat stat;
	int fd;
	SLIST_ENTRY(loaded_file) link;
};

static SLIST_HEAD(, loaded_file) loaded_files = SLIST_HEAD_INITIALIZER(loaded_files);

/* Replaces the module's descriptor by that of the same file, if it was loaded before. */
static bool use_loaded_file(struct module *module)
{
	const struct loaded_file *file;

	SLIST_FOREACH(file, &loaded_files, link) {
		if (!module_is_same_file(&file->stat, &module->stat))
			continue;
		close(module->fd);
		module->fd = file->fd;
		return true;
	}
	return false;
}

static void note_loaded_file(const struct module *module)
{
	struct loaded_file *file = memory_zero(sizeof(*file));

	file->stat = module->stat;
	file->fd = module->fd;
	SLIST_INSERT_HEAD(&loaded_files, file, link);
}

static int open_object(struct module *module, const struct reason *why)
{
	bool again = use_loaded_file(module);
	const vigil_module *found;
	char name[64];
	void *handle;

	if (!names_descriptor(module->fd, &module->stat))
		return reason_set(why, -ENOEXEC, NO_DESCRIPTOR, module->path);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", module->fd);
	crash_marker_load(module->name);
	handle = dlopen(name, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	crash_marker_loaded();
	if (handle == NULL)
		return reason_set(
			why, -ENOEXEC, "%s cannot be loaded: %s", module->path, dlerror());
	if (!again)
		note_loaded_file(module);
	found = dlsym(handle, "vigil_module_descriptor");
	if (found == NULL) {
		reason_set(why, -ENOEXEC, NO_DESCRIPTOR, module->path);
		return -EALREADY;
	}
	/* From here on the object stays mapped under the number of the file descriptor. */
	return take_descriptor(module, found, why) != 0 ? -EALREADY : 0;
}

static void module_free(struct module *module)
{
	free(module->name);
	free(module->path);
	free(module->options);
	free(module->refused);
	free(module);
}

/* --- finding ---------------------------------------------------------------------------------- */

char *module_file(const char *dir, const char *name)
{
	return memory_format("%s/%s/%s.so", dir, name, name);
}

int module_describe_folder(const char *dir, const char *name, const struct reason *why)
{
	char *folder = memory_format("%s/%s", dir, name);
	DIR *d = opendir(folder);
	struct dirent *e;
	int err = -ENOENT;

	while (d != NULL && (e = readdir(d)) != NULL) {
		size_t n = strlen(e->d_name);

		if (n > 3 && strcmp(e->d_name + n - 3, ".so") == 0) {
			err = reason_set(why, -EINVAL,
				"%s contains %.64s, not %s.so: folder and file must have the same "
				"name",
				folder, e->d_name, name);
			break;
		}
	}
	if (d != NULL && err == -ENOENT)
		err = reason_set(why, -EINVAL, "%s contains no %s.so", folder, name);
	if (d != NULL)
		closedir(d);
	free(folder);
	return err;
}

bool module_is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

const struct module *module_find_refused(const struct modules *modules, const struct module *module)
{
	const struct module *refused;

	TAILQ_FOREACH(refused, &modules->refused, link)
		if (module_is_same_file(&refused->stat, &module->stat) &&
			strcmp(refused->path, module->path) == 0)
			return refused;
	return NULL;
}

/* Opens and loads the file at a path without symbolic links.  -EALREADY: the object was loaded but
 * is not a valid module; the caller must add the module to the refused ones, which keep the
 * descriptor. */
static int open_module(struct modules *modules, struct module *module, const char *resolved,
	const struct reason *why)
{
	const struct module *refused;
	int err;

	module->fd = module_open_trusted(resolved, &module->stat, why);
	if (module->fd < 0)
		return module->fd;
	refused = module_find_refused(modules, module);
	err = refused != NULL ? reason_set(why, -ENOEXEC, "%s", refused->refused) : 0;
	if (err == 0 && modules->trial != NULL)
		err = modules->trial(module->path, why->text, why->size);
	if (err == 0)
		err = open_object(module, why);
	if (err != 0 && err != -EALREADY)
		close(module->fd);
	return err;
}

/* Loads DIR/NAME/NAME.so.  -ENOENT: DIR has no folder of that name. */
static int load_file(struct modules *modules, const char *dir, const char *name,
	struct module **out, const struct reason *why)
{
	char resolved[PATH_MAX];
	struct module *module = memory_zero(sizeof(*module));
	int err;

	module->path = module_file(dir, name);
	module->name = memory_text(name);
	module->fd = -1;
	if (realpath(module->path, resolved) == NULL) {
		err = errno == ENOENT
			      ? module_describe_folder(dir, name, why)
			      : reason_set(why, -errno, "%s: %s", module->path, strerror(errno));
		goto out;
	}
	err = open_module(modules, module, resolved, why);
	if (err == 0) {
		TAILQ_INSERT_TAIL(&modules->loaded, module, link);
		*out = module;
		return 0;
	}
	if (err == -EALREADY) {
		module->refused = memory_text(why->text);
		TAILQ_INSERT_TAIL(&modules->refused, module, link);
		return err;
	}
out:
	module_free(module);
	return err;
}

struct module *module_find_loaded(const struct modules *modules, const char *name)
{
	struct module *module;

	TAILQ_FOREACH(module, &modules->loaded, link)
		if (strcmp(module->name, name) == 0)
			return module;
	return NULL;
}

bool modules_has_loaded(const struct modules *modules, const char *name)
{
	return module_find_loaded(modules, name) != NULL;
}

struct module *module_load_from(
	struct modules *modules, const char *dir, const char *name, char *why, size_t size)
{
	const struct reason reason = {why, size};
	struct module *module = NULL;

	if (!text_is_daemon_name(name)) {
		reason_set(&reason, -EINVAL, "invalid module name");
		return NULL;
	}
	if (load_file(modules, dir, name, &module, &reason) == -ENOENT)
		reason_set(&reason, -ENOENT, "no such file: %s/%s/%s.so", dir, name, name);
	return module;
}

void module_describe_search(
	const struct modules *modules, const char *name, const struct reason *why)
{
	size_t n = (size_t)snprintf(why->text, why->size, "no such module \"%.64s\" in", name);

	for (char **dir = modules->directories; dir != NULL && *dir != NULL && n < why->size; dir++)
		n += (size_t)snprintf(why->text + n, why->size - n, "%s %s",
			dir == modules->directories ? "" : ",", *dir);
}

struct module *module_load(struct modules *modules, const char *name, char *why, size_t size)
{
	const struct reason reason = {why, size};
	struct module *module = module_find_loaded(modules, name);
	int err = -ENOENT;

	if (module != NULL)
		return module;
	if (!text_is_daemon_name(name)) {
		reason_set(&reason, -EINVAL, "invalid module name");
		return NULL;
	}
	if (modules->held != NULL && modules->held(name, why, size, modules->quarantined_arg)) {
		errno = EPERM;
		return NULL;
	}
	/* The first folder of that name decides: if it is refused, later directories are
	 * ignored. */
	for (char **dir = modules->directories; dir && *dir && err == -ENOENT; dir++)
		err = load_file(modules, *dir, name, &module, &reason);
	if (err == -ENOENT)
		module_describe_search(modules, name, &reason);
	errno = -err;
	return module;
}

/* --- the rest --------------------------------------------------------------------------------- */

const vigil_module *module_descriptor(const struct module *module)
{
	return &module->descriptor;
}

const char *module_path(const struct module *module)
{
	return module->path;
}

bool module_has_changed(const struct module *module)
{
	struct stat st;

	return stat(module->path, &st) < 0 || !module_is_same_file(&st, &module->stat);
}

struct modules *modules_new(void)
{
	struct modules *modules = memory_zero(sizeof(*modules));

	TAILQ_INIT(&modules->loaded);
	TAILQ_INIT(&modules->refused);
	return modules;
}

/* The loaded objects and their file descriptors stay open. */
static void free_all(struct module_list *list)
{
	struct module *module;

	while ((module = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, module, link);
		module_free(module);
	}
}

void modules_free(struct modules *modules)
{
	if (modules == NULL)
		return;
	if (modules->isolation.free != NULL)
		modules->isolation.free(modules->isolation.arg);
	free_all(&modules->loaded);
	free_all(&modules->refused);
	free(modules->directories);
	free(modules);
}

void modules_hold(struct modules *modules, module_quarantined_fn *held,
	module_quarantined_fn *check_held, void *arg)
{
	modules->held = held;
	modules->check_held = check_held;
	modules->quarantined_arg = arg;
}

bool modules_check_is_held(const struct modules *modules, const char *daemon)
{
	char why[256];

	return modules->check_held != NULL &&
	       modules->check_held(daemon, why, sizeof(why), modules->quarantined_arg);
}

void modules_set_directories(struct modules *modules, const char *const *directories)
{
	free(modules->directories);
	modules->directories = text_copy_list(directories);
}

const char *const *modules_directories(const struct modules *modules)
{
	return (const char *const *)modules->directories;
}

void modules_try(struct modules *modules, module_trial_fn *trial)
{
	modules->trial = trial;
}
