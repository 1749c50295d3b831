/*
 * clock: a shared object that changes the clock of the program into which LD_PRELOAD loads it.
 *
 * A file that the program maps has two 64-bit numbers in the machine's byte order: the seconds that
 * are added to the wall clock, and those that are added to the time since boot, as by a suspend.
 * A test that writes the file sets the clock while the program runs.  CLOCK_MONOTONIC is not
 * changed, because nothing can set it.
 *
 * The dates of files come from the kernel and are not changed.  Programs that the tested program
 * starts are not affected, because the object removes itself from the environment.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

/* The functions below replace those of the C library. */
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
