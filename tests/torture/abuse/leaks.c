/* leaks: memory that is never freed, 16 MiB in each tick */
#include "abuse.h"

static void abuse(vigil_daemon *d)
{
	memset(malloc(16 << 20), 1, 16 << 20);
}

ABUSE(leaks);
