/* system_options: the options and their check. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "system.h"

static bool read_range(vigil_daemon *d, const char *name, const char *kind, vigil_range *range)
{
	char option[64];

	snprintf(option, sizeof(option), "%s_%s", name, kind);
	return vigil_option_range(d, option, range);
}

static bool is_given(vigil_daemon *d, const char *name, const char *kind)
{
	char option[64];

	snprintf(option, sizeof(option), "%s_%s", name, kind);
	return vigil_option_given(d, option);
}

static void read_thresholds(struct system *s)
{
	static const char *const names[THRESHOLDS] = {"load", "cpu", "memory", "swap", "disk",
		"inodes", "files", "load_per_cpu", "cpu_pressure", "memory_pressure", "io_pressure",
		"network", "network_errors", "network_drops", "temperature"};

	for (int i = 0; i < THRESHOLDS; i++) {
		struct threshold *t = &s->thresholds[i];

		t->has_warning = read_range(s->d, names[i], "warning", &t->warning);
		t->has_critical = read_range(s->d, names[i], "critical", &t->critical);
		t->given =
			is_given(s->d, names[i], "warning") || is_given(s->d, names[i], "critical");
	}
}

static int check_stalls(struct system *s)
{
	const char *const *name = vigil_option_list(s->d, "stalls");
	int err = 0;

	for (; *name != NULL; name++)
		if (strcmp(*name, "cpu") != 0 && strcmp(*name, "memory") != 0 &&
			strcmp(*name, "io") != 0)
			err = vigil_diagnose(s->d, "stalls",
				"its element \"%s\" is not cpu, memory or io", *name);
	return err;
}

static int check_full(struct system *s)
{
	double warning = vigil_option_seconds(s->d, "full_warning");

	if (warning == 0 || vigil_option_seconds(s->d, "full_critical") <= warning)
		return 0;
	return vigil_diagnose(s->d, "full_critical", "is more than full_warning");
}

int system_read_options(struct system *s)
{
	int stalls = check_stalls(s), full = check_full(s), disks;

	read_thresholds(s);
	s->disks = vigil_option_list(s->d, "disks");
	disks = disks_check(s);
	return stalls == 0 && full == 0 && disks == 0 ? 0 : -EINVAL;
}

const vigil_option system_options[] = {
	VIGIL_OPTION("interval", VIGIL_DURATION, "10s", "the time between two checks", .min = 0.1,
		.max = 86400),
	VIGIL_OPTION("disks", VIGIL_PATHS, NULL,
		"the mount points to check; unset: all disks of this machine"),
	VIGIL_OPTION("load_warning", VIGIL_RANGE, NULL,
		"a range for the load average over five minutes"),
	VIGIL_OPTION("load_critical", VIGIL_RANGE, NULL,
		"a range for the load average over five minutes"),
	VIGIL_OPTION(
		"cpu_warning", VIGIL_RANGE, NULL, "a range for the CPU time in use, in percent"),
	VIGIL_OPTION(
		"cpu_critical", VIGIL_RANGE, NULL, "a range for the CPU time in use, in percent"),
	VIGIL_OPTION(
		"memory_warning", VIGIL_RANGE, NULL, "a range for the used memory, in percent"),
	VIGIL_OPTION(
		"memory_critical", VIGIL_RANGE, NULL, "a range for the used memory, in percent"),
	VIGIL_OPTION(
		"swap_warning", VIGIL_RANGE, NULL, "a range for the used swap space, in percent"),
	VIGIL_OPTION(
		"swap_critical", VIGIL_RANGE, NULL, "a range for the used swap space, in percent"),
	VIGIL_OPTION("disk_warning", VIGIL_RANGE, "90",
		"a range for the used space of each disk, in percent"),
	VIGIL_OPTION("disk_critical", VIGIL_RANGE, "97",
		"a range for the used space of each disk, in percent"),
	VIGIL_OPTION("inodes_warning", VIGIL_RANGE, "90",
		"a range for the used inodes of each disk, in percent"),
	VIGIL_OPTION("inodes_critical", VIGIL_RANGE, "97",
		"a range for the used inodes of each disk, in percent"),
	VIGIL_OPTION("files_warning", VIGIL_RANGE, "80",
		"a range for the use of the table of open files, in percent"),
	VIGIL_OPTION("files_critical", VIGIL_RANGE, "95",
		"a range for the use of the table of open files, in percent"),
	VIGIL_OPTION("full_warning", VIGIL_DURATION, "12h",
		"a disk that will be full in less time at the present rate is WARNING; 0: none",
		.min = 0, .max = 1e9),
	VIGIL_OPTION("full_critical", VIGIL_DURATION, "3h",
		"a disk that will be full in less time at the present rate is CRITICAL; 0: none",
		.min = 0, .max = 1e9),
	VIGIL_OPTION("load_per_cpu_warning", VIGIL_RANGE, NULL,
		"a range for the load average over five minutes, divided by the number of CPUs"),
	VIGIL_OPTION("load_per_cpu_critical", VIGIL_RANGE, NULL,
		"a range for the load average over five minutes, divided by the number of CPUs"),
	VIGIL_OPTION("cpu_pressure_warning", VIGIL_RANGE, NULL,
		"a range for the time in which tasks wait for a CPU, in percent"),
	VIGIL_OPTION("cpu_pressure_critical", VIGIL_RANGE, NULL,
		"a range for the time in which tasks wait for a CPU, in percent"),
	VIGIL_OPTION("memory_pressure_warning", VIGIL_RANGE, "20",
		"a range for the time in which tasks wait for memory, in percent"),
	VIGIL_OPTION("memory_pressure_critical", VIGIL_RANGE, "50",
		"a range for the time in which tasks wait for memory, in percent"),
	VIGIL_OPTION("io_pressure_warning", VIGIL_RANGE, NULL,
		"a range for the time in which tasks wait for I/O, in percent"),
	VIGIL_OPTION("io_pressure_critical", VIGIL_RANGE, NULL,
		"a range for the time in which tasks wait for I/O, in percent"),
	VIGIL_OPTION("stalls", VIGIL_LIST, "memory",
		"what the kernel reports stalls of at once: cpu, memory, io"),
	VIGIL_OPTION("interfaces", VIGIL_LIST, NULL,
		"the network interfaces to check, as patterns; unset: all devices"),
	VIGIL_OPTION("link", VIGIL_CHOICE, "warning",
		"the level if a network interface has no link", .choices = "ok warning critical"),
	VIGIL_OPTION("network_warning", VIGIL_RANGE, NULL,
		"a range for the use of each network interface, in percent of its speed"),
	VIGIL_OPTION("network_critical", VIGIL_RANGE, NULL,
		"a range for the use of each network interface, in percent of its speed"),
	VIGIL_OPTION("network_errors_warning", VIGIL_RANGE, "10",
		"a range for the errors of each network interface, a second"),
	VIGIL_OPTION("network_errors_critical", VIGIL_RANGE, NULL,
		"a range for the errors of each network interface, a second"),
	VIGIL_OPTION("network_drops_warning", VIGIL_RANGE, NULL,
		"a range for the dropped packets of each network interface, a second"),
	VIGIL_OPTION("network_drops_critical", VIGIL_RANGE, NULL,
		"a range for the dropped packets of each network interface, a second"),
	VIGIL_OPTION("temperature_warning", VIGIL_RANGE, NULL,
		"a range for each temperature, in degrees Celsius"),
	VIGIL_OPTION("temperature_critical", VIGIL_RANGE, NULL,
		"a range for each temperature, in degrees Celsius"),
	VIGIL_OPTION("temperature_margin", VIGIL_NUMBER, "5",
		"degrees below the critical temperature of a device from which on it is WARNING",
		.min = 0, .max = 100),
	VIGIL_OPTION_END,
};
