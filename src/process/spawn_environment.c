/*
 * spawn_environment: see spawn_environment.h.  A service manager sets environment variables that
 * tell a service which socket to notify, which directories it owns, and which descriptors it got.
 * These variables are for vigild alone.  If children inherited them, a database that an init script
 * starts would report its state as that of vigil.service and write its files to vigil's state
 * directory.
 *
 * Children inherit the locale of the machine except for numbers and messages.  Under many locales
 * plugins print "0,013", and some cannot parse their own numbers; vigild and its receivers parse
 * the format of the C locale.  LC_ALL would override LC_NUMERIC and LC_MESSAGES, so its value is
 * passed as LANG, which has the same effect on all other categories.
 */
#include "process/spawn_environment.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

extern char **environ;

/* Names; an asterisk at the end matches any rest.  The variables of systemd are those in
 * systemd.exec(5), "Environment Variables in Spawned Processes", that describe one unit. */
static const char *const private[] = {
	/* systemd: protocols between systemd and the service */
	"NOTIFY_SOCKET",
	"WATCHDOG_*",
	"LISTEN_*",
	"FDSTORE",
	"MEMORY_PRESSURE_*",
	"JOURNAL_STREAM",
	"LOG_NAMESPACE",
	/* systemd: the unit, its invocation, its processes */
	"INVOCATION_ID",
	"MAINPID",
	"MAINPIDFDID",
	"MANAGERPID",
	"MANAGERPIDFDID",
	"PIDFILE",
	"SYSTEMD_EXEC_PID",
	"SYSTEMD_ACTIVATION_*",
	"DEBUG_INVOCATION",
	/* systemd: the directories of the unit */
	"RUNTIME_DIRECTORY",
	"STATE_DIRECTORY",
	"CACHE_DIRECTORY",
	"LOGS_DIRECTORY",
	"CONFIGURATION_DIRECTORY",
	"CREDENTIALS_DIRECTORY",
	"ENCRYPTED_CREDENTIALS_DIRECTORY",
	/* systemd: how the unit ended, what triggered it, the remote address */
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
	/* D-Bus: which bus started the service */
	"DBUS_STARTER_*",
	/* OpenRC: the script that runs, and its pid */
	"RC_SVCNAME",
	"RC_SERVICE",
	"RC_OPENRC_PID",
	"SVCNAME",
	/* sysvinit: the boot that is in progress, which a later start of a service is not part
	 * of */
	"RUNLEVEL",
	"PREVLEVEL",
	"INIT_VERSION",
	/* vigild: the run of a program, by which session_end finds what it has left behind */
	"VIGIL_RUN",
};

/* Each child gets these unless its extras set them. */
static const char *const locale[] = {"LC_NUMERIC=C", "LC_MESSAGES=C", NULL};

#define LOCALE_COUNT (sizeof(locale) / sizeof(locale[0]) - 1)

/* Most names differ in the first letter, which is compared first, because each start of a program
 * compares thousands of them. */
static bool same_name(const char *a, const char *b)
{
	size_t n;

	if (a[0] != b[0])
		return false;
	n = strcspn(a, "=");
	return strncmp(a, b, n) == 0 && (b[n] == '=' || b[n] == '\0');
}

bool spawn_environment_is_private(const char *entry)
{
	size_t n;

	for (size_t i = 0; i < sizeof(private) / sizeof(private[0]); i++) {
		if (private[i][0] != entry[0])
			continue;
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

/* Returns whether a locale variable of vigild is left out.  LANGUAGE is, because some programs,
 * such as those in Python, read it even when LC_MESSAGES is C.  When LC_ALL is set, it already
 * overrides LANG and the categories. */
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

/* Returns whether the child inherits a variable of vigild. */
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
	size_t inherited = text_count_list((const char *const *)environ), n = 0;
	size_t size = inherited + text_count_list(extra) + LOCALE_COUNT + 3;
	char **result;

	if (all != NULL && all[0] == '\0')
		all = NULL; /* an empty LC_ALL counts as not set */
	/* The text of LANG is stored after the array. */
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
