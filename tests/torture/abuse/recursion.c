/* recursion: endless recursion */
#include "abuse.h"

static int deep(volatile char *p)
{
	volatile char more[4096];

	more[0] = *p;
	return *p > 100 ? 0 : deep(more) + more[0];
}

static void abuse(vigil_daemon *d)
{
	volatile char c = 0;

	deep(&c);
}

ABUSE(recursion);
