/*
 * candidate: a daemon that does not run, made to check its options.
 *
 * The module's `check` gets it before anything of a configuration is applied.  It has a name,
 * options and memory; every function of vigil.h that would do more refuses to.
 */
#ifndef CANDIDATE_H
#define CANDIDATE_H

#include <vigil/vigil.h>

#include "base/diagnostic.h"
#include "config/option.h"

struct candidate {
	const char *name;
	const char *module;
	const vigil_module *descriptor;
	struct option_set *options;
	const struct option_given *given; /* the lines that its options come from */
	size_t count;
	const char *file; /* of its section, for what is not on a line of its own */
	int line;
};

/* Runs the module's check, if it has one.  What it diagnoses, or that it returned an error without
 * a diagnostic, goes to the diagnostics.  0, or -EINVAL where that holds an error. */
int candidate_check(const struct candidate *candidate, struct diagnostics *diagnostics);

#endif
