/*
 * config_vigil: what may stand in [vigil].  For config.c; others ask config_vigil in config.h.
 */
#ifndef CONFIG_VIGIL_H
#define CONFIG_VIGIL_H

#include "base/diagnostic.h"
#include "config/option.h"

/* Checks what all files together give, by config_schema and by what no schema can say; file is
 * the main one.  NULL with diagnostics. */
struct option_set *config_vigil_check(const struct option_given *given, size_t count,
	const char *file, struct diagnostics *diagnostics);

#endif
