/*
 * config_daemon: the options that every daemon has, whatever its module.  The host uses them; the
 * module does not see them.
 */
#ifndef CONFIG_DAEMON_H
#define CONFIG_DAEMON_H

#include <vigil/vigil.h>

#include "config/config.h"

/* Ends with VIGIL_OPTION_END.  No module may have an option of the same name. */
extern const vigil_option config_daemon_schema[];

/* Checks these options of one daemon.  Returns the set, or NULL with diagnostics. */
struct option_set *config_daemon_check(
	const struct config_daemon *cd, struct diagnostics *diagnostics);
/* Checks them among the defaults of a module. */
void config_daemon_check_defaults(
	const struct config_defaults *defaults, struct diagnostics *diagnostics);

#endif
