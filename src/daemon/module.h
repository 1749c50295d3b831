/*
 * module: finds the file of a module, checks that it can be trusted, loads it and checks its ABI.
 *
 * Loading a module runs its constructors.  The file and every directory above it must therefore
 * belong to root or to the user that vigild runs as, and no other user may be able to write to
 * them.  vigild makes these checks before it loads the file.  It checks an open descriptor and
 * loads the file through a descriptor, so that the checked file is the one that is loaded.
 */
#ifndef MODULE_H
#define MODULE_H

#include <stdbool.h>
#include <stddef.h>

#include <vigil/vigil.h>

struct modules;
struct module;
struct option_set;
struct stat;

/* The modules of a set of directories.  A module that has been loaded is never unloaded. */
struct modules *modules_new(void);
void modules_free(struct modules *modules);
/* Sets the directories to search, in this order; NULL-terminated; copied. */
void modules_set_directories(struct modules *modules, const char *const *directories);
const char *const *modules_directories(const struct modules *modules);

/* Returns true, with the reason in why, if a name is in quarantine.  vigild calls `held` with a
 * module's name before it opens the module, and `check_held` with a daemon's name before the module
 * checks the daemon's options.  Either may be NULL. */
typedef bool module_quarantined_fn(const char *name, char *why, size_t size, void *arg);
void modules_hold(struct modules *modules, module_quarantined_fn *held,
	module_quarantined_fn *check_held, void *arg);
/* Whether check_held reports that the daemon has crashed vigild too often to run its check. */
bool modules_check_is_held(const struct modules *modules, const char *daemon);

/* Returns the module of that name and loads it if necessary.  NULL: failed, with a message in why;
 * errno is ENOENT if no directory has such a module. */
struct module *module_load(struct modules *modules, const char *name, char *why, size_t size);
/* Loads DIR/NAME/NAME.so from the given directory and ignores the search path. */
struct module *module_load_from(
	struct modules *modules, const char *dir, const char *name, char *why, size_t size);

const vigil_module *module_descriptor(const struct module *module);
const char *module_path(const struct module *module);
/* Returns DIR/NAME/NAME.so, which the caller frees. */
char *module_file(const char *dir, const char *name);
/* Whether a file has not been changed or replaced between two calls of stat. */
bool module_is_same_file(const struct stat *a, const struct stat *b);
/* Whether the file at the module's path is missing or is not the file that was loaded. */
bool module_has_changed(const struct module *module);

/* How modules are loaded that run in processes of their own (isolate/). */
struct module_isolation {
	/* Returns a descriptor of DIR/NAME/NAME.so, a trusted file, that need not be loaded into
	 * this process; NULL: failed, with the reason in why.  options: of config_daemon_schema. */
	const vigil_module *(*load)(void *arg, const char *dir, const char *name,
		const struct stat *file, const struct option_set *options, char *why, size_t size);
	/* Returns the descriptor that the last load of this name returned; NULL: none. */
	const vigil_module *(*find)(void *arg, const char *name);
	void (*free)(void *arg);
	void *arg;
};
/* Copies the struct.  `free` is called by modules_free. */
void modules_set_isolation(struct modules *modules, const struct module_isolation *isolation);
/* Returns a descriptor of the module of that name for a daemon with these options, without loading
 * the module into this process.  NULL: failed, with a message in why; errno as by module_load. */
const vigil_module *modules_load_isolated(struct modules *modules, const char *name,
	const struct option_set *options, char *why, size_t size);
/* Whether a module of that name has been loaded into this process. */
bool modules_has_loaded(const struct modules *modules, const char *name);
/* Checks the options of a module.  Returns 0, or -EPROTO with a message in why.  path: for the
 * message. */
int module_check_options(const vigil_option *options, const char *path, char *why, size_t size);

/* Returns the name of a module in the directories that is similar to this one, or NULL.  The caller
 * frees it. */
char *modules_similar(const struct modules *modules, const char *name);
/* Sets a function that is called with the path of a module before it is opened.  If it returns an
 * error, with the reason in why, the module is refused. */
typedef int module_trial_fn(const char *path, char *why, size_t size);
void modules_try(struct modules *modules, module_trial_fn *trial);

/* Calls fn for each module in the directories, and opens none.  A folder without a shared object is
 * not a module.  module: NULL if it is not loaded; then why has the reason why it is refused, or is
 * NULL if the module has not been opened yet.  name is "?" for a directory that cannot be read. */
typedef void modules_each_fn(const char *name, const char *path, const struct module *module,
	const char *why, void *arg);
void modules_each(struct modules *modules, modules_each_fn *fn, void *arg);

#endif
