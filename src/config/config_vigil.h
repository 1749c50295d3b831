/*
 * config_vigil: the options of the section [vigil] and their check.  config_vigil in config.h reads
 * a value.
 */
#ifndef CONFIG_VIGIL_H
#define CONFIG_VIGIL_H

#include "base/diagnostic.h"
#include "config/option.h"

/* The schema of [vigil]: modules socket pipe state_dir group log log_level workers workers_max
 * exec_max restart_rate deny upgrade_wait callback_max */
extern const vigil_option config_schema[];

/* Checks the values of [vigil] from all files, by config_schema and by rules that a schema cannot
 * express.  file is the main file.  Returns NULL and adds diagnostics if there is an error. */
struct option_set *config_vigil_check(const struct option_given *given, size_t count,
	const char *file, struct diagnostics *diagnostics);
/* Parses a restart_rate, such as "20/10s" or "0".  Returns 0 or -EINVAL. */
int config_vigil_rate(const char *text, unsigned *count, double *seconds);

#endif
