/* constructor: a crash while it is loaded */
#include "abuse.h"

__attribute__((constructor)) static void first(void)
{
	abort();
}

static int start(vigil_daemon *d)
{
	return 0;
}

VIGIL_MODULE(.name = "constructor", .summary = "a crash while it is loaded", .start = start);
