/*
 * module_internal: the members of the modules, for module.c, which loads them, and module_list.c.
 */
#ifndef MODULE_INTERNAL_H
#define MODULE_INTERNAL_H

#include <sys/queue.h>
#include <sys/stat.h>

#include "base/reason.h"
#include "daemon/module.h"

struct module {
	char *name;
	char *path;
	int fd;
	struct stat stat;        /* of the loaded file */
	vigil_module descriptor; /* a copy in the layout of this host's vigil.h */
	vigil_option *options;
	char *refused; /* why the loaded object is not a valid module; NULL: it is valid */
	TAILQ_ENTRY(module) link;
};

TAILQ_HEAD(module_list, module);

struct modules {
	char **directories;
	module_quarantined_fn *held;       /* NULL: no module is in quarantine */
	module_quarantined_fn *check_held; /* NULL: no daemon's check is in quarantine */
	void *quarantined_arg;
	module_trial_fn *trial;            /* NULL: modules are opened at once */
	struct module_isolation isolation; /* zeroed: none */
	struct module_list loaded, refused;
};

/* Explains what is wrong if the file is missing but its folder exists.  -ENOENT: no such folder. */
int module_describe_folder(const char *dir, const char *name, const struct reason *why);
/* Returns the refused module that was loaded from the file of this one; NULL: none. */
const struct module *module_find_refused(
	const struct modules *modules, const struct module *module);
struct module *module_find_loaded(const struct modules *modules, const char *name);
/* Checks the trust of a path.  Returns a descriptor of the file to load, or -errno. */
int module_open_trusted(const char *path, struct stat *st, const struct reason *why);
/* Writes that no directory has the module. */
void module_describe_search(
	const struct modules *modules, const char *name, const struct reason *why);

#endif
