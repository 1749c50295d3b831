/* divides: a division by zero */
#include "abuse.h"

static void abuse(vigil_daemon *d)
{
	volatile int zero = 0, one = 1;

	vigil_state_set(d, "value", json_integer(one / zero));
}

ABUSE(divides);
