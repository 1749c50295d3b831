/*
 * probe_check: checks the option `probe` and the options probe_* before a daemon is started.
 */
#ifndef PROBE_CHECK_H
#define PROBE_CHECK_H

#include <vigil/vigil.h>

/* Checks all options of a probe. Returns 0 if they are valid or there is no probe, or -EINVAL after
 * vigil_diagnose. Adds notes about options that have no effect. */
int probe_check(vigil_daemon *d);
/* Checks one server, with the options probe_* of the daemon. The diagnostics are about `option`
 * and begin with the name. Sets *blind if the probe does not detect a server that hangs, and
 * leaves it as it is otherwise. */
int probe_check_target(
	vigil_daemon *d, const char *option, const char *name, const char *target, bool *blind);
/* Adds the note about such probes. */
void probe_check_note_blind(vigil_daemon *d, const char *option);

/* Checks that the program of an option of the type COMMAND exists, can be executed and is
 * trusted. */
int probe_check_program(vigil_daemon *d, const char *option);
/* Checks the trust alone. */
int probe_check_trust(vigil_daemon *d, const char *option);

#endif
