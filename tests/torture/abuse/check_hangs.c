/* check_hangs: a check of its options that never returns */
#include "abuse.h"

static int check(vigil_daemon *d)
{
	for (;;)
		pause();
	return 0;
}

static int start(vigil_daemon *d)
{
	return 0;
}

VIGIL_MODULE(.name = "check_hangs", .summary = "a check that never returns", .start = start,
	.check = check);
