/*
 * connection_set: the signals about the set of services: a service was loaded, or unit files have
 * changed.
 *
 * systemd sends UnitNew about sessions, devices and mounts, too.  So vigild receives the signals
 * only if a daemon needs them.
 */
#include <stdio.h>
#include <string.h>

#include "service/systemd/bus.h"
#include "service/systemd/connection_internal.h"
#include "service/systemd/unit_info.h"

static int on_unit_new(sd_bus_message *message, void *arg, sd_bus_error *error)
{
	struct systemd_connection *connection = arg;
	const char *unit, *dot;
	char name[MANAGER_UNIT];

	if (connection->phase != UP || !systemd_connection_sent(connection, message) ||
		sd_bus_message_read(message, "s", &unit) <= 0)
		return 0;
	dot = strrchr(unit, '.');
	if (dot != NULL && strcmp(dot, ".service") == 0)
		connection->set.on_new(unit_short_name(unit, name), connection->set.arg);
	return 0;
}

static int on_unit_files(sd_bus_message *message, void *arg, sd_bus_error *error)
{
	struct systemd_connection *connection = arg;

	if (connection->phase == UP && systemd_connection_sent(connection, message))
		connection->set.on_files(connection->set.arg);
	return 0;
}

int systemd_connection_match_set(struct systemd_connection *connection)
{
	static const char rule[] = "path='" SYSTEMD_OBJECT "',interface='" SYSTEMD_MANAGER "',";
	char whole[192];
	int r;

	snprintf(whole, sizeof(whole), "%smember='UnitNew'", rule);
	r = systemd_connection_match(connection, whole, on_unit_new);
	snprintf(whole, sizeof(whole), "%smember='UnitFilesChanged'", rule);
	return r < 0 ? r : systemd_connection_match(connection, whole, on_unit_files);
}

void systemd_connection_watch_set(
	struct systemd_connection *connection, const struct unit_set_user *user)
{
	connection->set = *user;
	if (connection->bus != NULL && systemd_connection_match_set(connection) < 0)
		systemd_connection_hangs(connection);
	systemd_connection_want(connection, true);
}
