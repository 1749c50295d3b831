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
	VIGIL_OPTION("service", VIGIL_NAME, NULL, "the service, as its manager knows it",
		.flags = VIGIL_OWN_NAME),
	VIGIL_OPTION("manager", VIGIL_CHOICE, "auto", "who runs the service",
		.choices = "auto systemd openrc runit s6 lsb command"),
	VIGIL_OPTION("interval", VIGIL_DURATION, "5s", "time between two checks", .min = 0.05,
		.max = 86400),
	VIGIL_OPTION("restart_on", VIGIL_CHOICE, "stopped",
		"stopped: whatever is not running; failed: not what was stopped cleanly; never",
		.choices = "stopped failed never"),
	VIGIL_OPTION("query_timeout", VIGIL_DURATION, "10s", "how long a check may take",
		.min = 0.1, .max = 3600),
	VIGIL_OPTION("restart_timeout", VIGIL_DURATION, "90s", "how long a restart may take",
		.min = 0.1, .max = 3600),
	VIGIL_OPTION("settle", VIGIL_DURATION, "90s",
		"how long it may be starting, stopping or reloading", .min = 0, .max = 86400),
	VIGIL_OPTION("backoff", VIGIL_DURATION, "5s",
		"delay after a restart that failed or did not help, doubling; 0 tries at every "
		"check",
		.min = 0, .max = 86400),
	VIGIL_OPTION("backoff_max", VIGIL_DURATION, "5m", "the longest such delay", .min = 0,
		.max = 86400),
	VIGIL_OPTION("healthy_after", VIGIL_DURATION, "10s",
		"a service that is sick again sooner after its restart was not healthy", .min = 0,
		.max = 86400),
	VIGIL_OPTION("burst", VIGIL_INT, "0", "at most so many restarts in burst_window; 0: any",
		.min = 0, .max = RECENT_MAX),
	VIGIL_OPTION("burst_window", VIGIL_DURATION, "10m", "the window for burst", .min = 1,
		.max = 86400),
	VIGIL_OPTION("respawn_max", VIGIL_TEXT, "3/10m",
		"coming back more often than so, by its manager or by restarts, is CRITICAL; 0: "
		"any"),
	VIGIL_OPTION("after", VIGIL_LIST, NULL,
		"daemons whose services must run before this one is restarted",
		.flags = VIGIL_DAEMONS | VIGIL_ACYCLIC),
	VIGIL_OPTION("probe", VIGIL_COMMAND, NULL,
		"tcp://ADDRESS:PORT, http://ADDRESS:PORT/PATH or a command: asks whether it "
		"serves"),
	VIGIL_OPTION("probe_interval", VIGIL_DURATION, "30s", "time between two probes", .min = 0.1,
		.max = 86400),
	VIGIL_OPTION("probe_timeout", VIGIL_DURATION, "5s", "how long a probe may take", .min = 0.1,
		.max = 3600),
	VIGIL_OPTION("probe_failures", VIGIL_INT, "3",
		"failing so often in a row is a reason to restart", .min = 1, .max = 1000),
	VIGIL_OPTION("probe_start", VIGIL_DURATION, "60s",
		"from a start on, failures do not count until the first success or so long",
		.min = 0, .max = 86400),
	VIGIL_OPTION("memory_max", VIGIL_SIZE, NULL,
		"more resident memory for three checks in a row is a reason to restart"),
	VIGIL_OPTION("cpu_max", VIGIL_NUMBER, NULL,
		"more percent of one CPU for three checks in a row is a reason to restart",
		.min = 0, .max = 100000),
	VIGIL_OPTION("reset_failed", VIGIL_BOOL, "no", "clear systemd's start limit first"),
	VIGIL_OPTION("init_dir", VIGIL_PATH, NULL, "where init scripts lie"),
	VIGIL_OPTION(
		"service_dir", VIGIL_PATH, NULL, "where service directories lie, for runit and s6"),
	VIGIL_OPTION("pidfile", VIGIL_PATH, NULL,
		"the file whose first line has the pid, under every manager"),
	VIGIL_OPTION("status_command", VIGIL_COMMAND, NULL,
		"for manager = command: exits 0 running, 1 or 3 stopped, 4 not installed"),
	VIGIL_OPTION("restart_command", VIGIL_COMMAND, NULL, "for manager = command"),
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
