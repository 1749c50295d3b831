/*
 * candidate: a daemon object that is not started; it exists only while its options are checked.
 *
 * The `check` function of the module receives the candidate before vigild applies any part of the
 * configuration.  A candidate has a name, options and memory.  Every function of vigil.h that needs
 * more than that fails with EPERM for a candidate.
 */
#ifndef CANDIDATE_H
#define CANDIDATE_H

#include <stdbool.h>

#include <vigil/vigil.h>

#include "base/diagnostic.h"
#include "config/option.h"

struct candidate {
	const char *name;
	const char *module;
	const vigil_module *descriptor;
	struct option_set *options;
	const struct option_set *host_options; /* of config_daemon_schema; NULL: not known */
	const struct option_given *given;      /* the configuration lines that set its options */
	size_t count;
	const char *file; /* with line: its section, for a diagnostic about no single line */
	int line;
};

/* Runs the check function of the module, if the module has one.  Adds the errors and notes that the
 * function reports to diagnostics, and one error if the function failed without a diagnostic.
 * Returns 0, or -EINVAL if the check added an error. */
int candidate_check(const struct candidate *candidate, struct diagnostics *diagnostics);

/* What the daemon is a candidate of; NULL: it is not a candidate. */
const struct candidate *candidate_of(const vigil_daemon *d);
/* Adds a diagnostic that is complete but for its place, which is that of the option with this index
 * in `given`, or of the section if there is none. */
void candidate_report(vigil_daemon *d, size_t given, bool note, const char *text);

/* In a test of a module and in a debug build, ends the process with a message if the function of
 * vigil.h is called on another thread than the loop thread.  daemon_is_candidate does so, too. */
void daemon_check_thread(const struct vigil_daemon *d, const char *function);
/* Whether the daemon is a candidate, for which the named function of vigil.h must do nothing.  If
 * it is one, sets errno to EPERM, and logs an error at the first such call. */
bool daemon_is_candidate(vigil_daemon *d, const char *function);

#endif
