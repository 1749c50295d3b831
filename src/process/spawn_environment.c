/*
 * spawn_environment: what a child of vigild finds in its environment.
 *
 * A service manager tells a service by environment variables which socket to notify, which
 * directories are its own, which descriptors it was given.  They are meant for vigild alone, and
 * everything that vigild starts would inherit them: a database that an init script starts would report
 * its own state in the name of vigil.service and write its files to vigil's state directory.
 *
 * The language of the machine is handed on, except for numbers and messages.  Plugins print "0,013"
 * under many locales, and some cannot read their own numbers back; what vigild and its receivers parse
 * is the C locale's form.  LC_ALL would override LC_NUMERIC and LC_MESSAGES, so its value is handed on
 * as LANG, which means the same to all other categories.
 */
#include "process/spawn_environment.h"

#include <stddef.h>
#include <stdio.h>
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

/* What each child gets unless its extras say otherwise. */
static const char *const locale[] = {"LC_NUMERIC=C", "LC_MESSAGES=C", NULL};

#define LOCALE_COUNT (sizeof(locale) / sizeof(locale[0]) - 1)

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

static const char *find_own(const char *name)
{
	for (size_t i = 0; environ != NULL && environ[i] != NULL; i++)
		if (same_name(name, environ[i]))
			return environ[i] + strlen(name) + 1;
	return NULL;
}

static size_t count(const char *const *entries)
{
	size_t n = 0;

	while (entries != NULL && entries[n] != NULL)
		n++;
	return n;
}

/* What no child gets from vigild's own locale.  LANGUAGE is removed because some programs, such as
 * those in Python, read it even where LC_MESSAGES is C.  Where LC_ALL is set, it already overrides LANG
 * and each category. */
static bool is_overridden_locale(const char *entry, bool has_all)
{
	return same_name("LC_ALL", entry) || same_name("LANGUAGE", entry) ||
	       (has_all && (same_name("LANG", entry) || strncmp(entry, "LC_", 3) == 0));
}

static size_t add_locale(char **result, char *lang, const char *all, const char *const *extra)
{
	size_t n = 0;

	for (size_t i = 0; i < LOCALE_COUNT; i++)
		if (!is_replaced(locale[i], extra))
			result[n++] = (char *)locale[i];
	if (all != NULL && !is_replaced("LANG", extra)) {
		sprintf(lang, "LANG=%s", all);
		result[n++] = lang;
	}
	return n;
}

/* Whether a variable of vigild is handed on. */
static bool is_handed_on(const char *entry, const char *const *extra, bool has_all, bool other_user)
{
	if (spawn_environment_is_private(entry) || is_replaced(entry, extra) ||
		is_replaced(entry, locale) || is_overridden_locale(entry, has_all))
		return false;
	return !other_user || same_name("LANG", entry) || same_name("TZ", entry) ||
	       strncmp(entry, "LC_", 3) == 0;
}

static char others_path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

const char *spawn_environment_path(const char *const *extra, bool other_user)
{
	const char *path = other_user ? others_path + strlen("PATH=") : NULL;

	for (; extra != NULL && *extra != NULL; extra++)
		if (same_name("PATH", *extra))
			path = *extra + strlen("PATH=");
	return path;
}

char **spawn_environment_new(const char *const *extra, bool other_user)
{
	const char *all = find_own("LC_ALL");
	size_t size = count((const char *const *)environ) + count(extra) + LOCALE_COUNT + 3, n = 0;
	char **result;

	if (all != NULL && all[0] == '\0')
		all = NULL; /* as if it were not set */
	/* The text of LANG lies behind the array. */
	result = calloc(
		1, size * sizeof(*result) + sizeof("LANG=") + (all != NULL ? strlen(all) : 0));
	if (result == NULL)
		return NULL;
	for (size_t i = 0; environ != NULL && environ[i] != NULL; i++)
		if (is_handed_on(environ[i], extra, all != NULL, other_user))
			result[n++] = environ[i];
	if (other_user && !is_replaced(others_path, extra))
		result[n++] = others_path;
	n += add_locale(result + n, (char *)(result + size), all, extra);
	for (; extra != NULL && *extra != NULL; extra++)
		result[n++] = (char *)*extra;
	return result;
}
