/* spins: a tick that never returns, and uses the processor */
#include "abuse.h"

static void abuse(vigil_daemon *d)
{
	for (volatile int i = 0;; i++)
		;
}

ABUSE(spins);
