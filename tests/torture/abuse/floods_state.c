/* floods_state: 100,000 changes of the state in each tick */
#include "abuse.h"

static void abuse(vigil_daemon *d)
{
	char path[32];

	for (int i = 0; i < 100000; i++) {
		snprintf(path, sizeof(path), "values/%d", i % 1000);
		vigil_state_set(d, path, json_integer(i));
	}
}

ABUSE(floods_state);
