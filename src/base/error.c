/* error: decides whether vigild or the machine itself is the cause of an error; see error.h. */
#include "base/error.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

bool error_is_own(int error)
{
	static const int own[] = {
		EMFILE,  /* descriptors of this process */
		ENFILE,  /* descriptors of the machine */
		ENOMEM,  /* memory; also a PID namespace that ends */
		ENOBUFS, /* memory of the network */
		EAGAIN,  /* processes and threads: RLIMIT_NPROC, pids.max, pid_max */
		ENOSPC,  /* namespaces, inotify watches, memory files */
		EUSERS,  /* processes of a user, on older kernels */
	};

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (abs(error) == own[i])
			return true;
	return false;
}

bool error_is_printed(const char *output)
{
	static const char *const words[] = {
		"Cannot fork",          /* dash */
		"can't fork",           /* busybox */
		"fork: retry: ",        /* bash, which tries again before it gives up */
		"fork: Resource temp",  /* bash */
		"fork: Cannot allocate" /* bash */
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(output, words[i]) != NULL)
			return true;
	return false;
}
