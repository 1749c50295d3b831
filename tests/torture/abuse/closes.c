/* closes: closes all descriptors */
#include "abuse.h"

static void abuse(vigil_daemon *d)
{
	for (int fd = 0; fd < 1024; fd++)
		close(fd);
}

ABUSE(closes);
