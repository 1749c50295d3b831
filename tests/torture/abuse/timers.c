/* timers: 100,000 timers */
#include "abuse.h"

static void tick(vigil_daemon *d, void *arg)
{
	vigil_health(d, VIGIL_OK, "it has survived");
}

static void each(vigil_daemon *d, void *arg)
{
}

static int start(vigil_daemon *d)
{
	for (long i = 0; i < 100000; i++)
		vigil_every(d, 1, each, (void *)i);
	return vigil_every(d, 0.1, tick, NULL);
}

VIGIL_MODULE(.name = "timers", .summary = "100,000 timers", .start = start);
