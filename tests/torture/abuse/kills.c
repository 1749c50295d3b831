/* kills: SIGKILL to its parent and to its process group */
#include "abuse.h"

static void abuse(vigil_daemon *d)
{
	kill(getppid(), SIGKILL);
	kill(0, SIGKILL);
}

ABUSE(kills);
