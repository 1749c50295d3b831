/*
 * listen_handed: the listening sockets that systemd passes to vigild.  The process of an isolated
 * daemon has another implementation, because systemd passes it none.
 */
#ifndef LISTEN_HANDED_H
#define LISTEN_HANDED_H

#include <stddef.h>

/* Returns a copy of a socket with this name ("": any name), after leaving out skip of them; -ENOENT
 * if there is no other; or a negative errno.  The reason is in why. */
int listen_handed(const char *name, unsigned skip, char *why, size_t size);
/* Returns 0 if systemd may pass sockets to this process, or a negative errno and the reason. */
int listen_handed_check(char *why, size_t size);

#endif
