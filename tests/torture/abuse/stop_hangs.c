/* stop_hangs: a stop that never returns; a reload that disables the daemon calls it, and the end of
 * vigild does, too */
#include "abuse.h"

static void tick(vigil_daemon *d, void *arg)
{
	vigil_health(d, VIGIL_OK, "it has survived");
}

static int start(vigil_daemon *d)
{
	return vigil_every(d, 0.1, tick, NULL);
}

static void stop(vigil_daemon *d)
{
	for (;;)
		pause();
}

VIGIL_MODULE(.name = "stop_hangs", .summary = "a stop that never returns", .start = start,
	.stop = stop);
