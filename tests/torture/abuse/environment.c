/* environment: an empty environment */
#include "abuse.h"

static void abuse(vigil_daemon *d)
{
	clearenv();
	setenv("PATH", "/nowhere", 1);
	setenv("TZ", "Asia/Tokyo", 1);
}

ABUSE(environment);
