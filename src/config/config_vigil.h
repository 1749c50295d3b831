/*
 * config_vigil: checks the section [vigil].  Only config.c uses it; other code calls config_vigil
 * in config.h.
 */
#ifndef CONFIG_VIGIL_H
#define CONFIG_VIGIL_H

#include "base/diagnostic.h"
#include "config/option.h"

/* Checks the values of [vigil] from all files, by config_schema and by rules that a schema cannot
 * express.  file is the main file.  Returns NULL and adds diagnostics if there is an error. */
struct option_set *config_vigil_check(const struct option_given *given, size_t count,
	const char *file, struct diagnostics *diagnostics);

#endif
