/* check_crashes: a check of its options that crashes */
#include "abuse.h"

static int check(vigil_daemon *d)
{
	abort();
}

static int start(vigil_daemon *d)
{
	return 0;
}

VIGIL_MODULE(.name = "check_crashes", .summary = "a check that crashes", .start = start,
	.check = check);
