/* descriptors: opens descriptors until there are no more */
#include "abuse.h"

static void abuse(vigil_daemon *d)
{
	while (open("/dev/null", O_RDONLY) >= 0)
		;
}

ABUSE(descriptors);
