/*
 * service_takers: which daemons take care of a service; see service.h.
 *
 * Several daemons may open the same service under different names or with different options, so
 * that there are several structs for it. It is the same service if both have the same unit, or if
 * their names are equal and their managers may be the same.
 */
#include <string.h>

#include "service/service_internal.h"

void service_taker_add(
	struct service_taker *taker, struct service *service, const char *daemon, bool many)
{
	static uint64_t order;

	*taker = (struct service_taker){
		.service = service, .daemon = daemon, .many = many, .order = ++order};
	LIST_INSERT_HEAD(&service->takers, taker, link);
}

void service_taker_remove(struct service_taker *taker)
{
	if (taker->service == NULL)
		return;
	LIST_REMOVE(taker, link);
	taker->service = NULL;
}

bool service_managers_meet(const char *watched, const char *manager)
{
	static const char *const others[] = {"auto", "command", "lsb"};

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (strcmp(watched, others[i]) == 0)
			return true;
	return strcmp(watched, manager) == 0;
}

static bool is_same(const struct service *service, const struct service *other)
{
	const char *unit = service_unit(service), *name = service_name(service);
	const char *other_name = service_name(other);
	size_t length = service_bare_length(name);

	if (service == other || (unit[0] != '\0' && strcmp(unit, service_unit(other)) == 0))
		return true;
	return service_bare_length(other_name) == length &&
	       strncmp(name, other_name, length) == 0 &&
	       service_managers_meet(service_manager(other), service_manager(service));
}

static bool has_precedence(const struct service_taker *other, const struct service_taker *taker)
{
	if (strcmp(other->daemon, taker->daemon) == 0)
		return false;
	return other->many != taker->many ? taker->many : other->order < taker->order;
}

const struct service_taker *service_taker_before(const struct service_taker *taker)
{
	const struct service *service = taker->service, *other;
	const struct service_taker *found, *first = NULL;

	if (service == NULL)
		return NULL;
	TAILQ_FOREACH(other, &service->services->all, link) {
		if (LIST_EMPTY(&other->takers) || !is_same(service, other))
			continue;
		LIST_FOREACH(found, &other->takers, link)
			if (has_precedence(found, first != NULL ? first : taker))
				first = found;
	}
	return first;
}
