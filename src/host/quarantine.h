/*
 * quarantine: daemons and modules that are not started because they crashed vigild.
 *
 * The crash marker records the daemon whose callback runs.  If vigild crashed inside a callback,
 * the next start logs that daemon and counts the crash in the store.  After three crashes in a row,
 * none of them after a long run, the daemon is in quarantine: vigild does not start it, because all
 * other daemons must keep running.  `vigilctl resume NAME` releases it.  The same applies to a
 * module whose loading crashed vigild: vigild does not load it any more, and the daemons of that
 * module are in the state "failed".
 */
#ifndef QUARANTINE_H
#define QUARANTINE_H

#include <stdbool.h>
#include <stddef.h>

struct store;

/* Opens the crash marker in dir, logs how the previous vigild ended, and counts the crash. */
void quarantine_review(struct store *store, const char *dir);
/* Counts a crash of the process of an isolated daemon that ran for so many seconds.  Returns how
 * many there were in a row, each after a short run. */
unsigned quarantine_count(struct store *store, const char *name, double lived);
/* True: the daemon, or the module, is in quarantine; why receives the reason.  False: it may
 * start. */
bool quarantine_has(struct store *store, const char *name, char *why, size_t size);
bool quarantine_has_module(struct store *store, const char *module, char *why, size_t size);
/* Releases a daemon or a module from quarantine.  False: it was not in quarantine. */
bool quarantine_release(struct store *store, const char *name);
bool quarantine_release_module(struct store *store, const char *module);
/* Resets the crash counts that are below the limit, because vigild ended normally.  Daemons and
 * modules in quarantine stay there. */
void quarantine_forgive(struct store *store);

#endif
