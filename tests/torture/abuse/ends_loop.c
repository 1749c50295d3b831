/* ends_loop: ends the event loop */
#include "abuse.h"

int event_base_loopbreak(struct event_base *base);

static void abuse(vigil_daemon *d)
{
	event_base_loopbreak(vigil_base(d));
}

ABUSE(ends_loop);
