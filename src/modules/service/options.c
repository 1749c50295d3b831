/*
 * options: the schema of the options, from which the check and the manual's list of options are
 * made.
 */
#include "options.h"

#include <errno.h>
#include <stdbool.h>

#include "modules/policy/policy_options.h"
#include "modules/probe/probe_options.h"

const vigil_option service_options[] = {
	VIGIL_OPTION("service", VIGIL_NAME, NULL,
		"the name of the service, as its manager knows it", .flags = VIGIL_OWN_NAME),
	VIGIL_OPTION("manager", VIGIL_CHOICE, "auto", "the service manager",
		.choices = "auto systemd openrc runit s6 lsb command"),
	VIGIL_OPTION("interval", VIGIL_DURATION, "5s", "the time between two checks", .min = 0.05,
		.max = 86400),
	POLICY_RESTART_ON("stopped"),
	VIGIL_OPTION("query_timeout", VIGIL_DURATION, "10s", "how long a check may take",
		.min = 0.1, .max = 3600),
	VIGIL_OPTION("restart_timeout", VIGIL_DURATION, "90s",
		"how long a restart, a start or a stop may take", .min = 0.1, .max = 3600),
	POLICY_OPTIONS,
	VIGIL_OPTION("respawn_max", VIGIL_TEXT, "3/10m",
		"more restarts than this, by its manager or by vigil, are CRITICAL; 0: no limit"),
	VIGIL_OPTION(
		"group", VIGIL_LIST, NULL, "names for @NAME, which stands for all its daemons"),
	VIGIL_OPTION("after", VIGIL_LIST, NULL,
		"the daemons whose services must run (:serves: answer their probe; :done: have "
		"ended well) before this one is restarted",
		.flags = VIGIL_DAEMONS | VIGIL_ACYCLIC, .choices = "runs serves done",
		.needs = "serves=probe done=service"),
	VIGIL_OPTION("restart_with", VIGIL_LIST, NULL,
		"the daemons with whose services this one is restarted, if it runs",
		.flags = VIGIL_DAEMONS | VIGIL_ACYCLIC, .needs = "=service"),
	VIGIL_OPTION("probe", VIGIL_COMMAND, NULL,
		"tcp:// tls:// http:// https:// unix: or a command: checks whether it serves"),
	PROBE_OPTIONS,
	VIGIL_OPTION("probe_failures", VIGIL_INT, "3",
		"how many failures in a row are a reason to restart", .min = 1, .max = 1000),
	VIGIL_OPTION("probe_start", VIGIL_DURATION, "60s",
		"how long failures do not count after a start, unless a probe succeeds", .min = 0,
		.max = 86400),
	VIGIL_OPTION("usage_interval", VIGIL_DURATION, "60s",
		"the time between two measurements of what the service takes; 0: only limits",
		.min = 0, .max = 86400),
	VIGIL_OPTION("memory_max", VIGIL_TEXT, NULL,
		"memory of all its processes, such as 2GiB or 80%; more in three checks in a row "
		"is a reason to restart"),
	VIGIL_OPTION("cpu_max", VIGIL_NUMBER, NULL,
		"percent of one CPU; more in three checks in a row is a reason to restart",
		.min = 0, .max = 100000),
	VIGIL_OPTION("tasks_max", VIGIL_INT, NULL,
		"processes and threads; more in three checks in a row is a reason to restart",
		.min = 0, .max = 1e9),
	VIGIL_OPTION("files_max", VIGIL_INT, NULL,
		"open descriptors; more in three checks in a row is a reason to restart", .min = 0,
		.max = 1e9),
	VIGIL_OPTION("pressure_max", VIGIL_TEXT, NULL,
		"percent of the time in which it waits for memory; more for 30 s is a reason to "
		"restart"),
	VIGIL_OPTION("restart_when", VIGIL_LIST, NULL,
		"numbers of any daemon that are a reason to restart: POINTER > NUMBER for TIME",
		.flags = VIGIL_POINTERS),
	VIGIL_OPTION(
		"reset_failed", VIGIL_BOOL, "no", "reset systemd's start limit before a restart"),
	VIGIL_OPTION("init_dir", VIGIL_PATH, NULL, "the directory of the init scripts"),
	VIGIL_OPTION("service_dir", VIGIL_PATH, NULL,
		"the directory of the service directories, for runit and s6"),
	VIGIL_OPTION("pidfile", VIGIL_PATH, NULL,
		"the file whose first line is the pid of the service, under every manager"),
	VIGIL_OPTION("log_file", VIGIL_PATH, NULL,
		"the file to which the service writes its output, whose end is kept with each "
		"death"),
	VIGIL_OPTION("status_command", VIGIL_COMMAND, NULL,
		"for manager = command: exits 0 if running, 1 or 3 if stopped, 4 if not installed"),
	VIGIL_OPTION("restart_command", VIGIL_COMMAND, NULL,
		"for manager = command: restarts the service"),
	VIGIL_OPTION("start_command", VIGIL_COMMAND, NULL,
		"for manager = command: starts the service; without it, restart_command does"),
	VIGIL_OPTION("stop_command", VIGIL_COMMAND, NULL,
		"for manager = command: stops the service; without it, vigil cannot stop it"),
	VIGIL_OPTION_END,
};

int options_rate(const char *text, unsigned *count, double *seconds)
{
	bool digit = text[0] >= '0' && text[0] <= '9';
	int err = digit ? vigil_rate_read(text, count, seconds) : -EINVAL;

	if (err == 0 && *count == 0 && *seconds == 0)
		return 0;
	if (err == 0 && *count > 0 && *count < RECENT_MAX && *seconds >= 1 && *seconds <= 86400)
		return 0;
	*count = 0;
	return -EINVAL;
}
