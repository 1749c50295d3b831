/*
 * package_lock: whether packages are being installed or removed right now.
 */
#ifndef PACKAGE_LOCK_H
#define PACKAGE_LOCK_H

/* By whom, as a reason in words (static text); NULL: by nobody that can be seen.  root: "" for
 * this machine, or a directory with another one's files.  Takes no lock and waits for none. */
const char *package_lock_held(const char *root);

#endif
