/*
 * config: reads INI files into one checked, immutable configuration.
 *
 * The main file is read first, then conf.d/NAME.conf in its directory, in sorted order; a later
 * file overrides an earlier one.  This code checks everything that needs no module: the syntax, the
 * sections, the keys of [vigil], the names.  The code that has loaded the modules checks the
 * options of the daemons by the modules' schemas.  Until then the configuration keeps these options
 * as raw text, each with its file and line.
 */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/diagnostic.h"
#include "config/option.h"

struct config_daemon {
	char *name;
	char *module;     /* the daemon's name, unless its section sets `module` */
	bool enabled;     /* [daemons] NAME = yes */
	const char *file; /* of its section, or else of the line that enables it */
	int line;
	struct option_given *options; /* without `module`; NULL after config_drop_written */
	size_t count;
	struct option_set *checked; /* owned; NULL: not checked yet, or invalid */
};

struct config {
	char *file;                    /* the main file, as named by the caller */
	char *dropin;                  /* its conf.d directory */
	struct option_set *vigil;      /* the [vigil] section, checked by config_schema */
	struct config_daemon *daemons; /* sorted by name; all that are enabled or have a section */
	size_t count;
	char **files; /* all files, ends with NULL; each `file` points into it */
};

/* Reads, parses and checks the configuration.  All errors go to the diagnostics: all syntax errors
 * or, if there are none, all semantic errors.  Returns NULL if there was an error. */
struct config *config_load(const char *file, struct diagnostics *diagnostics);

/* A drop-in that is going to be written or removed. */
struct config_draft {
	const char *name; /* its file name in conf.d */
	const char *path; /* the file with its new text; NULL: it will be removed */
};
/* The same, as if the draft had already replaced the drop-in. */
struct config *config_load_draft(
	const char *file, const struct config_draft *draft, struct diagnostics *diagnostics);
/* The same, without checking who may write the files.  It is for a client that only needs the path
 * of the socket and runs nothing from the configuration. */
struct config *config_load_untrusted(const char *file, struct diagnostics *diagnostics);
/* Returns the conf.d directory of a main file.  The caller frees it. */
char *config_dropin(const char *file);
void config_free(struct config *config);

/* Frees the raw options of all daemons whose options have been checked. */
void config_drop_written(struct config *config);

const struct config_daemon *config_find(const struct config *config, const char *name);
/* Returns the first daemon whose name sorts after that name, which need not exist; NULL at the
 * end. */
const struct config_daemon *config_after(const struct config *config, const char *name);
/* Returns a value of [vigil]. */
const struct option_value *config_vigil(const struct config *config, const char *key);
/* Returns restart_rate as a number of restarts and of seconds.  It was checked when the
 * configuration was loaded.  0 restarts: no limit. */
void config_restart_rate(const struct config *config, unsigned *count, double *seconds);

#endif
