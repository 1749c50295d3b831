/* forks: forks, and both processes go on */
#include "abuse.h"

static void abuse(vigil_daemon *d)
{
	static int forks;

	if (forks++ < 4)
		fork();
}

ABUSE(forks);
