/* limits: a limit of no descriptors and no processes */
#include "abuse.h"

static void abuse(vigil_daemon *d)
{
	const struct rlimit none = {0, 0};

	setrlimit(RLIMIT_NOFILE, &none);
	setrlimit(RLIMIT_NPROC, &none);
	setrlimit(RLIMIT_FSIZE, &none);
}

ABUSE(limits);
