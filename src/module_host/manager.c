/* manager: the part of service/manager.h that daemons use, in vigil-module-host. */
#include "service/manager.h"

#include <stdlib.h>

#include "base/memory.h"
#include "module_host/module_host.h"

static char *managers;

void module_host_set_managers(const char *names)
{
	free(managers);
	managers = memory_text(names);
}

const char *manager_names(void)
{
	return managers != NULL ? managers : "auto";
}
