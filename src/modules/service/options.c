/*
 * options: the schema of the options, from which the check and the manual's list of options are
 * made.
 */
#include "options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "recent.h"

const vigil_option service_options[] = {
	VIGIL_OPTION("service", VIGIL_NAME, NULL,
		"the name of the service, as its manager knows it", .flags = VIGIL_OWN_NAME),
	VIGIL_OPTION("manager", VIGIL_CHOICE, "auto", "the service manager",
		.choices = "auto systemd openrc runit s6 lsb command"),
	VIGIL_OPTION("interval", VIGIL_DURATION, "5s", "the time between two checks", .min = 0.05,
		.max = 86400),
	VIGIL_OPTION("restart_on", VIGIL_CHOICE, "stopped",
		"stopped: restart whenever it is down; failed: not after a clean stop; never",
		.choices = "stopped failed never"),
	VIGIL_OPTION("query_timeout", VIGIL_DURATION, "10s", "how long a check may take",
		.min = 0.1, .max = 3600),
	VIGIL_OPTION("restart_timeout", VIGIL_DURATION, "90s", "how long a restart may take",
		.min = 0.1, .max = 3600),
	VIGIL_OPTION("settle", VIGIL_DURATION, "90s",
		"how long the service may be starting, stopping or reloading", .min = 0,
		.max = 86400),
	VIGIL_OPTION("backoff", VIGIL_DURATION, "5s",
		"the delay after a restart that failed or did not help; it doubles; 0: try at "
		"every check",
		.min = 0, .max = 86400),
	VIGIL_OPTION("backoff_max", VIGIL_DURATION, "5m", "the maximum of backoff", .min = 0,
		.max = 86400),
	VIGIL_OPTION("healthy_after", VIGIL_DURATION, "10s",
		"how long the service must run after a restart to count as healthy", .min = 0,
		.max = 86400),
	VIGIL_OPTION("burst", VIGIL_INT, "0",
		"the maximum number of restarts in burst_window; 0: no limit", .min = 0,
		.max = RECENT_MAX),
	VIGIL_OPTION("burst_window", VIGIL_DURATION, "10m", "the time to which burst applies",
		.min = 1, .max = 86400),
	VIGIL_OPTION("only_during", VIGIL_CALENDAR, NULL,
		"windows of time; outside them the service is not restarted"),
	VIGIL_OPTION("not_during", VIGIL_CALENDAR, NULL,
		"windows of time; inside them the service is not restarted"),
	VIGIL_OPTION("respawn_max", VIGIL_TEXT, "3/10m",
		"more restarts than this, by its manager or by vigil, are CRITICAL; 0: no limit"),
	VIGIL_OPTION(
		"group", VIGIL_LIST, NULL, "names for @NAME, which stands for all its daemons"),
	VIGIL_OPTION("after", VIGIL_LIST, NULL,
		"the daemons whose services must run before this one is restarted",
		.flags = VIGIL_DAEMONS | VIGIL_ACYCLIC),
	VIGIL_OPTION("probe", VIGIL_COMMAND, NULL,
		"tcp://ADDRESS:PORT, http://ADDRESS:PORT/PATH or a command: checks whether it "
		"serves"),
	VIGIL_OPTION("probe_interval", VIGIL_DURATION, "30s", "the time between two probes",
		.min = 0.1, .max = 86400),
	VIGIL_OPTION("probe_timeout", VIGIL_DURATION, "5s", "how long a probe may take", .min = 0.1,
		.max = 3600),
	VIGIL_OPTION("probe_failures", VIGIL_INT, "3",
		"how many failures in a row are a reason to restart", .min = 1, .max = 1000),
	VIGIL_OPTION("probe_start", VIGIL_DURATION, "60s",
		"how long failures do not count after a start, unless a probe succeeds", .min = 0,
		.max = 86400),
	VIGIL_OPTION("memory_max", VIGIL_SIZE, NULL,
		"resident memory; more in three checks in a row is a reason to restart"),
	VIGIL_OPTION("cpu_max", VIGIL_NUMBER, NULL,
		"percent of one CPU; more in three checks in a row is a reason to restart",
		.min = 0, .max = 100000),
	VIGIL_OPTION(
		"reset_failed", VIGIL_BOOL, "no", "reset systemd's start limit before a restart"),
	VIGIL_OPTION("init_dir", VIGIL_PATH, NULL, "the directory of the init scripts"),
	VIGIL_OPTION("service_dir", VIGIL_PATH, NULL,
		"the directory of the service directories, for runit and s6"),
	VIGIL_OPTION("pidfile", VIGIL_PATH, NULL,
		"the file whose first line is the pid of the service, under every manager"),
	VIGIL_OPTION("status_command", VIGIL_COMMAND, NULL,
		"for manager = command: exits 0 if running, 1 or 3 if stopped, 4 if not installed"),
	VIGIL_OPTION("restart_command", VIGIL_COMMAND, NULL,
		"for manager = command: restarts the service"),
	VIGIL_OPTION_END,
};

static double unit_of(const char *text)
{
	static const struct {
		const char *name;
		double seconds;
	} units[] = {{"", 1}, {"ms", 0.001}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (strcmp(units[i].name, text) == 0)
			return units[i].seconds;
	return 0;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

int options_rate(const char *text, unsigned *count, double *seconds)
{
	unsigned long n, length;
	char *end;

	*count = 0;
	*seconds = 0;
	if (!is_digit(text[0]))
		return -EINVAL;
	n = strtoul(text, &end, 10);
	if (n == 0 && *end == '\0')
		return 0;
	if (n == 0 || n >= RECENT_MAX || *end != '/' || !is_digit(end[1]))
		return -EINVAL;
	length = strtoul(end + 1, &end, 10);
	*seconds = (double)length * unit_of(end);
	if (!(*seconds >= 1 && *seconds <= 86400))
		return -EINVAL;
	*count = (unsigned)n;
	return 0;
}
