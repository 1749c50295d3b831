/*
 * module: finds a module's file, distrusts it, opens it, checks its ABI.
 *
 * The file and every directory above it must belong to root or to the running user and be
 * writable by nobody else, since opening it runs its constructors: so the checks come first,
 * on an open descriptor, and that descriptor is what is loaded.
 */
#ifndef MODULE_H
#define MODULE_H

#include <stdbool.h>
#include <stddef.h>

#include <vigil/vigil.h>

struct modules;
struct module;

/* The modules of a set of directories; what was loaded stays loaded. */
struct modules *modules_new(void);
void modules_free(struct modules *modules);
/* Directories to search, in order, ended by NULL; copied. */
void modules_set_directories(struct modules *modules, const char *const *directories);
const char *const *modules_directories(const struct modules *modules);

/* Asked before a module is opened (held), and before a daemon's options are checked by its module
 * (check_held): true, and why it is not to be. */
typedef bool module_quarantined_fn(const char *name, char *why, size_t size, void *arg);
void modules_hold(struct modules *modules, module_quarantined_fn *held,
	module_quarantined_fn *check_held, void *arg);
/* Whether the daemon has crashed vigild too often for its check to be run. */
bool modules_check_is_held(const struct modules *modules, const char *daemon);

/* The module of that name, loaded when it was not yet.  NULL with the reason, in words, in why. */
struct module *module_load(struct modules *modules, const char *name, char *why, size_t size);
/* Loads DIR/NAME/NAME.so from one directory, whatever the search path says. */
struct module *module_load_from(
	struct modules *modules, const char *dir, const char *name, char *why, size_t size);

const vigil_module *module_descriptor(const struct module *module);
const char *module_path(const struct module *module);
/* Whether the file at its path is another than the one that was loaded. */
int module_has_changed(const struct module *module);

/* Calls fn for each module found in the directories, loaded or refused (why set). */
void modules_each(struct modules *modules,
	void (*fn)(const char *name, const char *path, const struct module *module, const char *why,
		void *arg),
	void *arg);

#endif
