/* start_spins: a start that never returns */
#include "abuse.h"

static int start(vigil_daemon *d)
{
	for (volatile int i = 0;; i++)
		;
	return 0;
}

VIGIL_MODULE(.name = "start_spins", .summary = "a start that never returns", .start = start);
