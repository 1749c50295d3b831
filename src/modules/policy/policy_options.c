/*
 * policy_options: see policy_options.h.
 */
#include "policy_options.h"

#include <math.h>
#include <string.h>

static enum restart_on restart_on(const char *word)
{
	if (strcmp(word, "never") == 0)
		return RESTART_NEVER;
	return strcmp(word, "failed") == 0 ? RESTART_ON_FAILED : RESTART_ON_STOPPED;
}

void policy_read(vigil_daemon *d, struct rules *rules)
{
	double backoff = vigil_option_seconds(d, "backoff");

	*rules = (struct rules){.restart_on = restart_on(vigil_option_text(d, "restart_on")),
		.settle = vigil_option_seconds(d, "settle"),
		.burst = (unsigned)vigil_option_int(d, "burst"),
		.burst_window = vigil_option_seconds(d, "burst_window"),
		.backoff = backoff,
		.backoff_max = fmax(backoff, vigil_option_seconds(d, "backoff_max")),
		.healthy_after = vigil_option_seconds(d, "healthy_after")};
}
