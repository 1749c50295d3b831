/* service_names: how a service is called; see service.h. */
#include <string.h>

#include "service/service_internal.h"

#define SUFFIX ".service"

size_t service_bare_length(const char *name)
{
	size_t length = strlen(name), suffix = strlen(SUFFIX);

	return length > suffix && strcmp(name + length - suffix, SUFFIX) == 0 ? length - suffix
									      : length;
}

const char *service_name(const struct service *service)
{
	return service->request.name;
}

const char *service_manager(const struct service *service)
{
	const struct cached_status *cached = &service->monitor.cached;

	if (service->request.manager != NULL)
		return service->request.manager->name;
	return cached->manager != NULL && cached->manager[0] != '\0' ? cached->manager : "auto";
}

const char *service_unit(const struct service *service)
{
	const char *unit = service->monitor.cached.unit;

	return unit != NULL ? unit : "";
}
