/* leaves: _exit */
#include "abuse.h"

static void abuse(vigil_daemon *d)
{
	_exit(3);
}

ABUSE(leaves);
