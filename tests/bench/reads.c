/*
 * reads: the references that looks.sh compares vigild with: a process that reads the states of the
 * units from systemd TIMES times, once in MILLISECONDS.
 *
 *     reads each|list MILLISECONDS TIMES UNIT...
 *
 * each: one property of each unit, one call after the other; list: all of them in one call of
 * ListUnitsByNames. Prints the nanoseconds of CPU time that it used.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <systemd/sd-bus.h>

static int read_state(sd_bus *bus, const char *unit)
{
	char *path = NULL, *state = NULL;
	int r = sd_bus_path_encode("/org/freedesktop/systemd1/unit", unit, &path);

	if (r >= 0)
		r = sd_bus_get_property_string(bus, "org.freedesktop.systemd1", path,
			"org.freedesktop.systemd1.Unit", "ActiveState", NULL, &state);
	if (r >= 0 && strcmp(state, "active") != 0)
		r = -1;
	free(path);
	free(state);
	return r;
}

static int read_each(sd_bus *bus, char **units)
{
	int r = 0;

	for (; r >= 0 && *units != NULL; units++)
		r = read_state(bus, *units);
	return r;
}

static int read_list(sd_bus *bus, char **units)
{
	const char *name, *load, *active, *sub, *path, *job;
	sd_bus_message *call = NULL, *answer = NULL;
	int r = sd_bus_message_new_method_call(bus, &call, "org.freedesktop.systemd1",
		"/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager",
		"ListUnitsByNames");

	if (r >= 0)
		r = sd_bus_message_append_strv(call, units);
	if (r >= 0)
		r = sd_bus_call(bus, call, 0, NULL, &answer);
	if (r >= 0)
		r = sd_bus_message_enter_container(answer, 'a', "(ssssssouso)");
	while (r >= 0 && (r = sd_bus_message_read(answer, "(ssssssouso)", &name, NULL, &load,
				  &active, &sub, NULL, &path, NULL, &job, NULL)) > 0)
		if (active[0] == '\0')
			r = -1;
	sd_bus_message_unref(answer);
	sd_bus_message_unref(call);
	return r;
}

int main(int argc, char **argv)
{
	int (*read_all)(sd_bus * bus, char **units) = NULL;
	struct timespec next;
	sd_bus *bus = NULL;

	if (argc >= 5)
		read_all = strcmp(argv[1], "list") == 0 ? read_list : read_each;
	if (read_all == NULL || sd_bus_open_system(&bus) < 0)
		return EXIT_FAILURE;
	clock_gettime(CLOCK_MONOTONIC, &next);
	for (int times = atoi(argv[3]); times > 0; times--) {
		if (read_all(bus, argv + 4) < 0) {
			fprintf(stderr, "the units could not be read\n");
			return EXIT_FAILURE;
		}
		next.tv_nsec += atol(argv[2]) % 1000 * 1000000;
		next.tv_sec += atol(argv[2]) / 1000 + next.tv_nsec / 1000000000;
		next.tv_nsec %= 1000000000;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
	sd_bus_unref(bus);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &next);
	printf("%lld\n", next.tv_sec * 1000000000LL + next.tv_nsec);
	return EXIT_SUCCESS;
}
