/* manager_table: the list of the service managers. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "service/listing.h"
#include "service/manager.h"

/* --- the managers ----------------------------------------------------------------------------- */

/* The order in which "auto" asks them: first the managers that run the whole machine, then those
 * that watch single services, and then init scripts, because these exist on most machines
 * whatever their manager is. */
static const struct manager *const managers[] = {
#ifdef HAVE_SYSTEMD
	&manager_systemd,
#endif
	&manager_openrc,
	&manager_runit,
	&manager_s6,
	&manager_lsb,
	&manager_command,
};

#define MANAGERS (sizeof(managers) / sizeof(managers[0]))

const struct manager *manager_find(const char *name)
{
	size_t i;

	for (i = 0; i < MANAGERS; i++)
		if (strcmp(managers[i]->name, name) == 0)
			return managers[i];
	return NULL;
}

static char names[128] = "auto";

static void names_init(void)
{
	size_t i, n = strlen(names);

	for (i = 0; i < MANAGERS; i++)
		n += (size_t)snprintf(names + n, sizeof(names) - n, " %s", managers[i]->name);
}

const char *manager_names(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, names_init);
	return names;
}

const struct manager *manager_at(size_t index)
{
	return index < MANAGERS ? managers[index] : NULL;
}

void manager_list(struct listing *listing, uint64_t deadline)
{
	for (size_t i = 0; i < MANAGERS; i++) {
		if (managers[i]->list == NULL)
			continue;
		if (clock_now() < deadline)
			managers[i]->list(listing, deadline);
		else
			listing_fault(listing, -ETIMEDOUT,
				"the deadline was over before %s was asked", managers[i]->name);
	}
}
