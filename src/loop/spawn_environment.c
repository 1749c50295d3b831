/*
 * spawn_environment: what a child of vigild finds in its environment.
 *
 * A service manager tells a service by environment variables which socket to notify, which
 * directories are its own, which descriptors it was given.  They are meant for vigild alone, and
 * everything that vigild starts would inherit them: a database that an init script starts would report
 * its own state in the name of vigil.service and write its files to vigil's state directory.
 */
#include "loop/spawn_environment.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

extern char **environ;

/* Names, and beginnings of names that end in an asterisk.  The variables of systemd are those of
 * systemd.exec(5), "Environment Variables in Spawned Processes", that speak of one unit. */
static const char *const private[] = {
	/* systemd: the protocols between it and the service */
	"NOTIFY_SOCKET",
	"WATCHDOG_*",
	"LISTEN_*",
	"FDSTORE",
	"MEMORY_PRESSURE_*",
	"JOURNAL_STREAM",
	"LOG_NAMESPACE",
	/* systemd: which unit, which start of it, which processes */
	"INVOCATION_ID",
	"MAINPID",
	"MAINPIDFDID",
	"MANAGERPID",
	"MANAGERPIDFDID",
	"PIDFILE",
	"SYSTEMD_EXEC_PID",
	"SYSTEMD_ACTIVATION_*",
	"DEBUG_INVOCATION",
	/* systemd: its directories */
	"RUNTIME_DIRECTORY",
	"STATE_DIRECTORY",
	"CACHE_DIRECTORY",
	"LOGS_DIRECTORY",
	"CONFIGURATION_DIRECTORY",
	"CREDENTIALS_DIRECTORY",
	"ENCRYPTED_CREDENTIALS_DIRECTORY",
	/* systemd: how it ended, what started it, who is connected */
	"SERVICE_RESULT",
	"EXIT_*",
	"MONITOR_SERVICE_RESULT",
	"MONITOR_EXIT_CODE",
	"MONITOR_EXIT_STATUS",
	"MONITOR_INVOCATION_ID",
	"MONITOR_UNIT",
	"TRIGGER_*",
	"REMOTE_ADDR",
	"REMOTE_PORT",
	/* who starts a service of D-Bus */
	"DBUS_STARTER_*",
	/* OpenRC: whose script runs, and under which number */
	"RC_SVCNAME",
	"RC_SERVICE",
	"RC_OPENRC_PID",
	"SVCNAME",
	/* sysvinit: a boot is under way, which a later start of a service is no part of */
	"RUNLEVEL",
	"PREVLEVEL",
	"INIT_VERSION",
};

static bool same_name(const char *a, const char *b)
{
	size_t n = strcspn(a, "=");

	return strncmp(a, b, n) == 0 && (b[n] == '=' || b[n] == '\0');
}

bool spawn_environment_is_private(const char *entry)
{
	size_t n;

	for (size_t i = 0; i < sizeof(private) / sizeof(private[0]); i++) {
		n = strcspn(private[i], "*");
		if (private[i][n] == '*' ? strncmp(entry, private[i], n) == 0
					 : same_name(entry, private[i]))
			return true;
	}
	return false;
}

static bool is_replaced(const char *entry, const char *const *extra)
{
	for (; extra != NULL && *extra != NULL; extra++)
		if (same_name(*extra, entry))
			return true;
	return false;
}

char **spawn_environment_new(const char *const *extra)
{
	size_t own = 0, added = 0, n = 0;
	char **result;

	while (environ != NULL && environ[own] != NULL)
		own++;
	while (extra != NULL && extra[added] != NULL)
		added++;
	result = calloc(own + added + 1, sizeof(*result));
	if (result == NULL)
		return NULL;
	for (size_t i = 0; i < own; i++)
		if (!spawn_environment_is_private(environ[i]) && !is_replaced(environ[i], extra))
			result[n++] = environ[i];
	for (size_t i = 0; i < added; i++)
		result[n++] = (char *)extra[i];
	return result;
}
