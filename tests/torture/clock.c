/*
 * clock: a shared object that, laid under a program by LD_PRELOAD, sets that program's clock and no
 * other's.
 *
 * What is added to the time of day, and to the time since boot as a suspend would add it, stands in
 * a file of two 64-bit numbers, seconds in the machine's own order, which the program maps: who
 * writes there sets the clock while the program runs.  CLOCK_MONOTONIC is nobody's to set.
 *
 * The dates of files are the kernel's and are not moved.  Programs that the one under test starts
 * are left in peace: the shim takes itself out of the environment.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* Others shall find these here first. */
#pragma GCC visibility push(default)

enum { WALL, BOOT, CLOCKS };

static const _Atomic int64_t none[CLOCKS];
static const _Atomic int64_t *added = none;

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("TORTURE_CLOCK");
	int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *map = MAP_FAILED;

	if (fd >= 0) {
		map = mmap(NULL, sizeof(none), PROT_READ, MAP_SHARED, fd, 0);
		close(fd);
	}
	if (map != MAP_FAILED)
		added = map;
	unsetenv("LD_PRELOAD");
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
	int err = (int)syscall(SYS_clock_gettime, clock, now);

	if (err != 0)
		return err;
	if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
		now->tv_sec += (time_t)added[WALL];
	else if (clock == CLOCK_BOOTTIME)
		now->tv_sec += (time_t)added[BOOT];
	return 0;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	struct timespec exact;

	clock_gettime(CLOCK_REALTIME, &exact);
	now->tv_sec = exact.tv_sec;
	now->tv_usec = (suseconds_t)(exact.tv_nsec / 1000);
	return 0;
}

time_t time(time_t *now)
{
	struct timespec exact;

	clock_gettime(CLOCK_REALTIME, &exact);
	if (now != NULL)
		*now = exact.tv_sec;
	return exact.tv_sec;
}
