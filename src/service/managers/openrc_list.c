/*
 * openrc_list: lists the services of OpenRC: the scripts in /etc/init.d.
 *
 * OpenRC itself does not watch a service.  Only a supervisor, which the script or its file in
 * /etc/conf.d chooses, starts it again after a crash.
 */
#include "service/managers/openrc_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "service/listing.h"
#include "service/managers/init_list.h"
#include "service/managers/init_script.h"
#include "service/managers/init_text.h"
#include "service/managers/openrc_notes.h"

#define INIT_DIR "/etc/init.d"
#define CONF_DIR "/etc/conf.d"
#define LEVELS   "/etc/runlevels"
#define RUN_DIR  "/run/openrc"

static bool exists(const char *directory, const char *part, const char *name, double *when)
{
	char path[INIT_SCRIPT_PATH];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s/%s", directory, part, name);
	if (lstat(path, &st) != 0)
		return false;
	if (when != NULL)
		*when = (double)st.st_mtim.tv_sec + (double)st.st_mtim.tv_nsec / 1e9;
	return true;
}

/* A boot starts the levels sysinit, boot and default, or the level that is active now. */
static vigil_service_boot boot(const char *name)
{
	static const char *const levels[] = {"sysinit", "boot", "default"};
	char *active = init_list_read(RUN_DIR "/softlevel");
	bool found = false;

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		found = found || exists(LEVELS, levels[i], name, NULL);
	if (!found && active != NULL) {
		openrc_notes_trim(active);
		found = active[0] != '\0' && strchr(active, '/') == NULL &&
			exists(LEVELS, active, name, NULL);
	}
	free(active);
	return found ? VIGIL_BOOT_YES : VIGIL_BOOT_NO;
}

/* --- after a crash ---------------------------------------------------------------------------- */

/* Adds the values of a file in /etc/conf.d. */
static void read_conf(const char *name, size_t n, struct openrc_settings *settings)
{
	char path[INIT_SCRIPT_PATH], *text;

	snprintf(path, sizeof(path), CONF_DIR "/%.*s", (int)n, name);
	text = init_list_read(path);
	if (text != NULL)
		openrc_list_settings(text, settings);
	free(text);
}

void openrc_list_settings(const char *text, struct openrc_settings *settings)
{
	init_text_value(text, "supervisor", settings->supervisor, sizeof(settings->supervisor));
	init_text_value(text, "respawn_delay", settings->delay, sizeof(settings->delay));
}

static void set_crash(
	struct init_list *list, const char *name, const char *text, vigil_service_entry *entry)
{
	struct openrc_settings settings = {.delay = ""};
	const char *supervisor = settings.supervisor, *dot = strchr(name, '.');
	double delay = 0;

	if (dot != NULL)
		read_conf(name, (size_t)(dot - name), &settings);
	read_conf(name, strlen(name), &settings);
	openrc_list_settings(text, &settings); /* after conf.d, as OpenRC reads it */
	if (exists(RUN_DIR "/options", name, "child_pid", NULL))
		supervisor = "supervise-daemon"; /* it runs with that, whatever the files say */
	entry->crash = openrc_list_crash(supervisor, settings.delay, &delay);
	entry->crash_delay = delay;
	if (entry->crash == VIGIL_CRASH_DOWN)
		entry->crash_text = "stays down: OpenRC does not watch it";
	else if (delay > 0)
		entry->crash_text =
			listing_text(list->listing, "restarted by %s in %g s", supervisor, delay);
	else
		entry->crash_text = listing_text(list->listing, "restarted by %s", supervisor);
}

vigil_service_crash openrc_list_crash(
	const char *supervisor, const char *respawn_delay, double *delay)
{
	*delay = 0;
	if (strcmp(supervisor, "supervise-daemon") == 0) {
		*delay = strtod(respawn_delay, NULL);
		if (!(*delay >= 0 && *delay < 1e9))
			*delay = 0;
		return VIGIL_CRASH_RESTARTED;
	}
	if (strcmp(supervisor, "s6") == 0 || strcmp(supervisor, "runit") == 0)
		return VIGIL_CRASH_RESTARTED;
	return VIGIL_CRASH_DOWN;
}

/* --- one service ------------------------------------------------------------------------------ */

static bool is_in_use(const char *name, double *since)
{
	static const char *const states[] = {
		"started", "starting", "inactive", "stopping", "failed"};

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (exists(RUN_DIR, states[i], name, since))
			return true;
	return false;
}

static void describe(
	struct init_list *list, const char *name, const char *text, vigil_service_entry *entry)
{
	bool in_use = is_in_use(name, &entry->since);

	entry->status = in_use ? VIGIL_SERVICE_UNKNOWN : VIGIL_SERVICE_STOPPED;
	entry->boot = boot(name);
	entry->daemon = init_text_is_daemon(text);
	if (entry->daemon)
		set_crash(list, name, text, entry);
	else
		entry->crash = VIGIL_CRASH_NONE;
}

/* A service that OpenRC does not know to be started is stopped; its script need not be run. */
static bool is_queried(const vigil_service_entry *entry, const char *text)
{
	return entry->status == VIGIL_SERVICE_UNKNOWN;
}

void openrc_list_services(const struct manager *manager, struct listing *listing, uint64_t deadline)
{
	struct init_list list = {.manager = manager,
		.listing = listing,
		.deadline = deadline,
		.describe = describe,
		.is_queried = is_queried};

	if (access(RUN_DIR "/softlevel", F_OK) == 0)
		init_list_scripts(&list, INIT_DIR);
}
