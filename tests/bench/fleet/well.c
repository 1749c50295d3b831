/* well: a module for benchmarks whose daemons are OK and do nothing. */
#include <vigil/vigil.h>

static int start(vigil_daemon *d)
{
	vigil_health(d, VIGIL_OK, "it is well");
	return 0;
}

VIGIL_MODULE(.name = "well", .summary = "is OK, for benchmarks", .start = start);
