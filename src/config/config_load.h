/*
 * config_load: reads INI files into a configuration.
 *
 * The main file is read first, then conf.d/NAME.conf in its directory, in sorted order; a later
 * file overrides an earlier one.
 */
#ifndef CONFIG_LOAD_H
#define CONFIG_LOAD_H

#include "base/diagnostic.h"
#include "config/config.h"

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

#endif
