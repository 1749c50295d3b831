/*
 * quarantine: daemons that brought vigild down, and are held back once they have done so too often.
 *
 * Whoever was in a callback when vigild ended is named at the next start, and that is counted in
 * the store.  Three times in a row, none of them after a long life, and the daemon is not started
 * any more: all others shall run.  `vigilctl resume NAME` lets it start again.  So it is with a
 * module in whose opening vigild ended: it is not opened any more, and its daemons have failed.
 */
#ifndef QUARANTINE_H
#define QUARANTINE_H

#include <stdbool.h>
#include <stddef.h>

struct store;

/* Opens the page in dir, says how the vigild before ended, and counts. */
void quarantine_review(struct store *store, const char *dir);
/* Why it is not to be started; false: it may be. */
bool quarantine_has(struct store *store, const char *name, char *why, size_t size);
bool quarantine_has_module(struct store *store, const char *module, char *why, size_t size);
/* It may start again; false: it was not held back. */
bool quarantine_release(struct store *store, const char *name);
bool quarantine_release_module(struct store *store, const char *module);
/* A clean end: who has failed less often than that is forgiven. */
void quarantine_forgive(struct store *store);

#endif
