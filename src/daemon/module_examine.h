/*
 * module_examine: looks at modules in processes of their own.
 *
 * Opening a module runs its constructors, which may crash or hang.  vigild does that to itself only
 * for a module of an enabled daemon, and while daemons run only after another process has opened
 * the module without harm.  That process is `vigild --examine FILE...`.  It opens each file in a
 * child of its own and prints one line of JSON for each: {"path", "summary"}, or {"path", "why"} if
 * the file is not a valid module.
 */
#ifndef MODULE_EXAMINE_H
#define MODULE_EXAMINE_H

#include <stddef.h>

#include <jansson.h>

#include "process/child.h"

struct loop;

/* For the program: examines the files, each DIR/NAME/NAME.so.  Returns an exit status. */
int module_examine_files(char *const *files);

/* Examines files from the loop.  files is an array of texts.  on_exit gets the output, which
 * module_examine_parse parses.  Returns 0 and *child, which the caller frees; or -errno. */
int module_examine_start(struct loop *loop, const json_t *files, child_exit_fn *on_exit, void *arg,
	struct child **child);
/* Returns the lines of the program as a new array of objects.  A file that is missing in it was not
 * examined. */
json_t *module_examine_parse(const char *output, size_t length);

#endif
