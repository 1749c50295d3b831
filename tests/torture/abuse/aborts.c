/* aborts: abort */
#include "abuse.h"

static void abuse(vigil_daemon *d)
{
	abort();
}

ABUSE(aborts);
