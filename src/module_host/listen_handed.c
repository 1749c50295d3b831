/* listen_handed: the implementation of process/listen_handed.h in vigil-module-host. */
#include "process/listen_handed.h"

#include <errno.h>
#include <stdio.h>

int listen_handed_check(char *why, size_t size)
{
	snprintf(why, size,
		"systemd passes sockets to vigild only, and not to a daemon with isolate = yes");
	return -ENOTSUP;
}

int listen_handed(const char *name, unsigned skip, char *why, size_t size)
{
	return listen_handed_check(why, size);
}
