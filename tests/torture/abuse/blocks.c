/* blocks: a tick that never returns, asleep */
#include "abuse.h"

static void abuse(vigil_daemon *d)
{
	for (;;)
		pause();
}

ABUSE(blocks);
