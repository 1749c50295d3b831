/* exits: exit */
#include "abuse.h"

static void abuse(vigil_daemon *d)
{
	exit(0);
}

ABUSE(exits);
