/*
 * dropin: daemons that `vigilctl register` has registered, each in a drop-in file.
 */
#ifndef DROPIN_H
#define DROPIN_H

#include "base/diagnostic.h"

/* Both functions return -EAGAIN without diagnostics if modules must be asked first (host.h). */

/* Writes conf.d/NAME.conf in the directory of the main file.  The drop-in file enables the daemon
 * and has a section with its pairs ("key=value", ended by NULL; `module` is one of them).  The
 * whole configuration is checked with the new file first.  The file is written atomically, so a
 * crash never leaves a partial file.  Returns 0 or -errno.  On an error there are diagnostics and
 * nothing has changed.  On success there may be notes. */
int dropin_add(const char *main_file, const char *name, char *const *pairs,
	struct diagnostics *diagnostics);
/* Removes the drop-in file.  -ENOENT with a diagnostic: the daemon was not registered by command.
 * -EBUSY with diagnostics: the configuration would be invalid without the daemon, because another
 * daemon refers to it. */
int dropin_remove(const char *main_file, const char *name, struct diagnostics *diagnostics);

#endif
