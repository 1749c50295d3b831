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
/* Whether the file at the module's path is missing or is not the file that was loaded. */
int module_has_changed(const struct module *module);

/* Returns the name of a module in the directories that is similar to this one, or NULL.  The caller
 * frees it. */
char *modules_similar(const struct modules *modules, const char *name);
/* Calls fn for each module in the directories, whether it can be loaded or not.  module: NULL if
 * it could not be loaded; then why has the reason.  name is "?" for a directory that cannot be
 * read. */
void modules_each(struct modules *modules,
	void (*fn)(const char *name, const char *path, const struct module *module, const char *why,
		void *arg),
	void *arg);

#endif
