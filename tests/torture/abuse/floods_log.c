/* floods_log: 100,000 lines of the log in each tick */
#include "abuse.h"

static void abuse(vigil_daemon *d)
{
	for (int i = 0; i < 100000; i++)
		vigil_log(d, VIGIL_INFO, "line %d", i);
}

ABUSE(floods_log);
