/* verb_hangs: a verb that never returns */
#include "abuse.h"

static int on_start(vigil_daemon *d, void *arg)
{
	for (;;)
		pause();
	return 0;
}

static void tick(vigil_daemon *d, void *arg)
{
	vigil_health(d, VIGIL_OK, "it has survived");
}

static int start(vigil_daemon *d)
{
	vigil_on_verb(d, "start", on_start, NULL);
	return vigil_every(d, 0.1, tick, NULL);
}

VIGIL_MODULE(.name = "verb_hangs", .summary = "a verb that never returns", .start = start);
