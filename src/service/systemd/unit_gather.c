/* unit_gather: see unit_gather.h. */
#include "service/systemd/unit_gather.h"

#include <stdio.h>
#include <string.h>

static int append_names(sd_bus_message *message, const char *names)
{
	char name[MANAGER_UNIT];
	size_t n;
	int r = sd_bus_message_open_container(message, 'a', "s");

	for (; r >= 0 && *names != '\0'; names += n + 1) {
		n = strcspn(names, " ");
		snprintf(name, sizeof(name), "%.*s", (int)n, names);
		r = sd_bus_message_append_basic(message, 's', name);
	}
	return r < 0 ? r : sd_bus_message_close_container(message);
}

int unit_gather_each(struct systemd_call *call, const char *names, unit_row_fn *fn, void *arg)
{
	sd_bus_message *message = NULL, *answer = NULL;
	struct unit_row row;
	int r;

	if (names[0] == '\0')
		return 0;
	r = systemd_method(call, &message, SYSTEMD_OBJECT, SYSTEMD_MANAGER, "ListUnitsByNames");
	if (r >= 0)
		r = append_names(message, names);
	if (r >= 0)
		r = systemd_send(call, &answer, message);
	if (r >= 0)
		r = unit_rows_enter(answer);
	while (r >= 0 && (r = unit_row_read(answer, &row)) > 0)
		r = fn(&row, arg);
	sd_bus_message_unref(message);
	sd_bus_message_unref(answer);
	return r < 0 ? r : 0;
}

int unit_gather_names(struct unit_gather *g, const char *property, char *names)
{
	return systemd_get_names(g->call, g->row->path, SYSTEMD_UNIT, property, names, UNIT_NAMES);
}

/* Reads when the unit was started, left the state "active" and ended.  These times show whether the
 * unit failed or was stopped. */
static int gather_end(struct unit_gather *g)
{
	struct unit_properties *properties = &g->properties;
	const struct {
		const char *interface, *name;
		uint64_t *value;
	} times[] = {
		{SYSTEMD_UNIT, "InactiveExitTimestampMonotonic", &properties->started},
		{SYSTEMD_UNIT, "ActiveExitTimestampMonotonic", &properties->left},
		{SYSTEMD_SERVICE, "ExecMainExitTimestampMonotonic", &properties->ended},
		{SYSTEMD_SERVICE, "RuntimeMaxUSec", &properties->run_limit},
	};
	int r = 0;

	for (size_t i = 0; r >= 0 && i < sizeof(times) / sizeof(*times); i++)
		r = systemd_get_number(
			g->call, g->row->path, times[i].interface, times[i].name, times[i].value);
	return r;
}

int unit_gather_properties(struct unit_gather *g)
{
	const struct unit_row *row = g->row;
	enum unit_property property;
	int r = 0;

	for (property = 0; r >= 0 && property < UNIT_PROPERTIES; property++)
		if (unit_property_applies(property, row->active, row->sub))
			r = systemd_get_property(g->call, row->path, property, &g->properties);
	if (r >= 0 && unit_status(row->active) == VIGIL_SERVICE_FAILED)
		r = gather_end(g);
	return r;
}

int unit_gather_wanters(struct unit_gather *g, char *names)
{
	int r = unit_gather_names(g, "WantedBy", names);

	return r < 0 ? r : unit_gather_names(g, "RequiredBy", names);
}

/* If a unit does not fit into the list, its changes will not be noticed.  Then `outside` is set, so
 * that no later query relies on the cached status. */
void unit_gather_relate(struct unit_gather *g, const struct unit_row *row)
{
	char *related = g->reply->related;
	size_t n = strlen(related), room = sizeof(g->reply->related) - n;

	if (snprintf(related + n, room, "%s=%s ", row->name, row->active) < (int)room)
		return;
	related[n] = '\0';
	g->reply->outside = true;
}

bool unit_row_is_at_work(const struct unit_row *row)
{
	vigil_service_status status = unit_status(row->active);

	return status != VIGIL_SERVICE_UNKNOWN && !vigil_service_is_down(status);
}
