/*
 * cpu_time: prints the sum of the nanoseconds of CPU time that processes have used, including those
 * of threads that have ended.
 *
 *     cpu_time PID...
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int main(int argc, char **argv)
{
	long long ns = 0;

	for (int i = 1; i < argc; i++) {
		struct timespec ts;
		clockid_t clock;

		if (clock_getcpuclockid((pid_t)atoi(argv[i]), &clock) != 0 ||
			clock_gettime(clock, &ts) != 0) {
			fprintf(stderr, "%s: there is no such process\n", argv[i]);
			return EXIT_FAILURE;
		}
		ns += ts.tv_sec * 1000000000LL + ts.tv_nsec;
	}
	printf("%lld\n", ns);
	return EXIT_SUCCESS;
}
