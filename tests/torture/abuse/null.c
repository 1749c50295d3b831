/* null: a write to NULL */
#include "abuse.h"

static void abuse(vigil_daemon *d)
{
	*(volatile int *)NULL = 1;
}

ABUSE(null);
