/*
 * vigil-sensors: prints the temperatures and the speeds of the network interfaces of this machine,
 * for the module system.
 *
 * It is a process of its own because reading a sensor may take long: that of a disk waits for the
 * disk, and that of a board for a slow bus. For the speed of an interface, the kernel waits for a
 * lock that a driver may hold. vigild must not wait for that.
 *
 * The lines are "temperature MILLIDEGREES CRITICAL NAME", where CRITICAL is the critical temperature
 * in the same unit, or -; and "speed MEGABITS NAME". The temperatures are those of hwmon, and those
 * of thermal zones that are not in hwmon. The argument is the directory to be used instead of /sys.
 */
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT      128
#define TRIPS_MAX 16

static char printed[256][TEXT]; /* the names of the devices of hwmon */
static unsigned printed_count;

/* Reads the first line of a file in a directory. Returns false if it cannot be read. */
static bool read_text(const char *directory, const char *name, char text[TEXT])
{
	char path[PATH_MAX];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd >= 0 ? read(fd, text, TEXT - 1) : -1;
	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return n > 0;
}

static bool read_number(const char *directory, const char *name, long *number)
{
	char text[TEXT], *end;

	if (!read_text(directory, name, text))
		return false;
	*number = strtol(text, &end, 10);
	return end != text && *end == '\0';
}

/* has_critical: critical is valid. */
static void print(long value, bool has_critical, long critical, const char *name, const char *label)
{
	char limit[32] = "-";

	if (has_critical)
		snprintf(limit, sizeof(limit), "%ld", critical);
	printf("temperature %ld %s %s%s%s\n", value, limit, name, label[0] != '\0' ? " " : "",
		label);
}

/* --- hwmon ------------------------------------------------------------------------------------ */

/* Prints the sensor `input`, such as temp1_input. */
static void print_input(const char *directory, const char *device, const char *input)
{
	char base[TEXT], name[TEXT + 16], label[TEXT];
	long value, critical = 0, fault;
	bool has_critical;

	snprintf(base, sizeof(base), "%.*s", (int)strcspn(input, "_"), input);
	snprintf(name, sizeof(name), "%s_fault", base);
	if (read_number(directory, name, &fault) && fault != 0)
		return;
	if (!read_number(directory, input, &value))
		return;
	snprintf(name, sizeof(name), "%s_crit", base);
	has_critical = read_number(directory, name, &critical);
	snprintf(name, sizeof(name), "%s_label", base);
	if (!read_text(directory, name, label))
		snprintf(label, sizeof(label), "%s", base);
	print(value, has_critical, critical, device, label);
}

static void print_hwmon(const char *directory)
{
	char pattern[PATH_MAX], device[TEXT];
	glob_t inputs = {0};

	if (!read_text(directory, "name", device))
		return;
	if (printed_count < sizeof(printed) / sizeof(printed[0]))
		snprintf(printed[printed_count++], TEXT, "%s", device);
	snprintf(pattern, sizeof(pattern), "%s/temp*_input", directory);
	if (glob(pattern, 0, NULL, &inputs) == 0)
		for (size_t i = 0; i < inputs.gl_pathc; i++)
			print_input(directory, device, strrchr(inputs.gl_pathv[i], '/') + 1);
	globfree(&inputs);
}

/* --- thermal zones ---------------------------------------------------------------------------- */

static bool was_printed(const char *device)
{
	for (unsigned i = 0; i < printed_count; i++)
		if (strcmp(printed[i], device) == 0)
			return true;
	return false;
}

/* Finds the critical trip point of a zone. */
static bool find_critical(const char *directory, long *critical)
{
	char name[TEXT], type[TEXT];

	for (int i = 0; i < TRIPS_MAX; i++) {
		snprintf(name, sizeof(name), "trip_point_%d_type", i);
		if (!read_text(directory, name, type))
			return false;
		snprintf(name, sizeof(name), "trip_point_%d_temp", i);
		if (strcmp(type, "critical") == 0)
			return read_number(directory, name, critical);
	}
	return false;
}

static void print_zone(const char *directory)
{
	char type[TEXT], hwmon[TEXT];
	long value, critical = 0;
	bool has_critical;

	if (!read_text(directory, "type", type))
		return;
	/* The kernel makes hwmon devices of thermal zones, with _ for characters such as -. */
	snprintf(hwmon, sizeof(hwmon), "%s", type);
	for (char *c = hwmon; *c != '\0'; c++)
		if (*c == '-')
			*c = '_';
	if (was_printed(type) || was_printed(hwmon) || !read_number(directory, "temp", &value))
		return;
	has_critical = find_critical(directory, &critical);
	print(value, has_critical, critical, type, "");
}

static void print_all(const char *root, const char *below, void (*print_one)(const char *))
{
	char pattern[PATH_MAX];
	glob_t found = {0};

	snprintf(pattern, sizeof(pattern), "%s/%s", root, below);
	if (glob(pattern, 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++)
			print_one(found.gl_pathv[i]);
	globfree(&found);
}

static void print_speed(const char *directory)
{
	long speed;

	if (read_number(directory, "speed", &speed) && speed > 0)
		printf("speed %ld %s\n", speed, strrchr(directory, '/') + 1);
}

int main(int argc, char **argv)
{
	const char *root = argc > 1 ? argv[1] : "/sys";

	print_all(root, "class/hwmon/hwmon*", print_hwmon);
	print_all(root, "class/thermal/thermal_zone*", print_zone);
	print_all(root, "class/net/*", print_speed);
	return 0;
}
