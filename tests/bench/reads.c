/*
 * reads: the reference that looks.sh measures against, and nothing else: a process that reads
 * one property of each unit named, one call after the other, every so many seconds.
 *
 *     reads SECONDS TIMES UNIT...
 *
 * Prints the nanoseconds of CPU that it took.
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

int main(int argc, char **argv)
{
	struct timespec next;
	sd_bus *bus = NULL;

	if (argc < 4 || sd_bus_open_system(&bus) < 0)
		return EXIT_FAILURE;
	clock_gettime(CLOCK_MONOTONIC, &next);
	for (int times = atoi(argv[2]); times > 0; times--) {
		for (int i = 3; i < argc; i++)
			if (read_state(bus, argv[i]) < 0) {
				fprintf(stderr, "%s could not be read\n", argv[i]);
				return EXIT_FAILURE;
			}
		next.tv_sec += atoi(argv[1]);
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
	sd_bus_unref(bus);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &next);
	printf("%lld\n", next.tv_sec * 1000000000LL + next.tv_nsec);
	return EXIT_SUCCESS;
}
