/* double_free: memory that is freed twice */
#include "abuse.h"

static void abuse(vigil_daemon *d)
{
	char *volatile memory = malloc(100), *volatile again = memory;

	free(memory);
	free(again);
	free(again);
}

ABUSE(double_free);
