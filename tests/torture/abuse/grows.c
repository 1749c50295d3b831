/* grows: a state that grows without end */
#include "abuse.h"

static void abuse(vigil_daemon *d)
{
	static int n;
	char path[32], text[65536];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (int i = 0; i < 32; i++) {
		snprintf(path, sizeof(path), "values/%d", n++);
		vigil_state_set(d, path, json_string(text));
	}
}

ABUSE(grows);
