/*
 * fast_clock: a library for LD_PRELOAD that skips the time in which vigild sleeps, so that two
 * days of timers pass in seconds.
 *
 * Each skip adds the time until the next timer of the loop to all clocks of the process.  Every
 * timer still fires, in the same order.  Nothing is skipped while an event is pending or while
 * the process has a child, because a child lives in real time and would exceed its time limit at
 * once.  Worker threads sleep in real time.  The programs that vigild starts do not inherit the
 * library.
 *
 * The file FAST_CLOCK_FILE says how far the clocks may go: "SECONDS\n" since the start of the
 * process. When they have arrived there, the library writes the same into
 * FAST_CLOCK_FILE.reached, and the clocks run at normal speed until the file has a larger
 * number.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECOND     INT64_C(1000000000)
#define PAUSE      100000  /* nanoseconds without an event until time is skipped */
#define AT_REST    2000000 /* the same while it must not be skipped */
#define TIMERS_MAX 1024    /* descriptors that may be timers */

static int (*real_clock)(clockid_t, struct timespec *);
static int (*real_arm)(int, int, const struct itimerspec *, struct itimerspec *);
static int (*real_epoll)(int, struct epoll_event *, int, int);
static int (*real_wait)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);

static _Atomic int64_t skipped; /* nanoseconds */
static int64_t begun, limit;
static int64_t due[TIMERS_MAX]; /* of the timer with this descriptor; 0: it is not armed */
static char path[PATH_MAX], path_reached[PATH_MAX + 16];

static int64_t from_spec(const struct timespec *ts)
{
	return (int64_t)ts->tv_sec * SECOND + ts->tv_nsec;
}

static struct timespec to_spec(int64_t ns)
{
	return (struct timespec){.tv_sec = (time_t)(ns / SECOND), .tv_nsec = (long)(ns % SECOND)};
}

static int64_t now(void)
{
	struct timespec ts;

	real_clock(CLOCK_MONOTONIC, &ts);
	return from_spec(&ts) + skipped;
}

__attribute__((constructor)) static void begin(void)
{
	const char *name = getenv("FAST_CLOCK_FILE");

	*(void **)&real_clock = dlsym(RTLD_NEXT, "clock_gettime");
	*(void **)&real_arm = dlsym(RTLD_NEXT, "timerfd_settime");
	*(void **)&real_epoll = dlsym(RTLD_NEXT, "epoll_wait");
	*(void **)&real_wait = dlsym(RTLD_NEXT, "pthread_cond_timedwait");
	unsetenv("LD_PRELOAD");
	snprintf(path, sizeof(path), "%s", name != NULL ? name : "/nonexistent");
	snprintf(path_reached, sizeof(path_reached), "%s.reached", path);
	begun = now();
}

/* The functions below replace those of the C library. */
#pragma GCC visibility push(default)

/* --- clocks ----------------------------------------------------------------------------------- */

int clock_gettime(clockid_t clock, struct timespec *ts)
{
	int result;

	if (real_clock == NULL) /* another library's constructor */
		begin();
	result = real_clock(clock, ts);
	if (result == 0 && clock != CLOCK_PROCESS_CPUTIME_ID && clock != CLOCK_THREAD_CPUTIME_ID)
		*ts = to_spec(from_spec(ts) + skipped);
	return result;
}

int gettimeofday(struct timeval *tv, void *zone)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	*tv = (struct timeval){.tv_sec = ts.tv_sec, .tv_usec = (suseconds_t)(ts.tv_nsec / 1000)};
	return 0;
}

time_t time(time_t *result)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	if (result != NULL)
		*result = ts.tv_sec;
	return ts.tv_sec;
}

int pthread_cond_timedwait(
	pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *until)
{
	const struct timespec real = to_spec(from_spec(until) - skipped);

	return real_wait(cond, mutex, &real);
}

/* --- timers ----------------------------------------------------------------------------------- */

int timerfd_settime(int fd, int flags, const struct itimerspec *value, struct itimerspec *old)
{
	int64_t delay = from_spec(&value->it_value);

	if (fd >= 0 && fd < TIMERS_MAX && !(flags & TFD_TIMER_ABSTIME))
		due[fd] = delay != 0 ? now() + delay : 0;
	return real_arm(fd, flags, value, old);
}

/* Adds so many nanoseconds to all clocks, and sets the timers to the time that is left. */
static void skip(int64_t ns)
{
	int64_t at = now() + ns;

	skipped += ns;
	for (int fd = 0; fd < TIMERS_MAX; fd++) {
		const struct itimerspec left = {
			.it_value = to_spec(due[fd] > at ? due[fd] - at : 1)};

		if (due[fd] != 0 && real_arm(fd, 0, &left, NULL) < 0)
			due[fd] = 0; /* it was closed */
	}
}

static int64_t next_due(void)
{
	int64_t next = INT64_MAX;

	for (int fd = 0; fd < TIMERS_MAX; fd++)
		if (due[fd] != 0 && due[fd] < next)
			next = due[fd];
	return next;
}

/* --- skipping --------------------------------------------------------------------------------- */

static bool has_child(void)
{
	siginfo_t info;

	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD;
}

static int64_t read_limit(void)
{
	char text[32] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	return atoll(text) * SECOND;
}

static void report(void)
{
	int fd = open(path_reached, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0)
		return;
	dprintf(fd, "%lld\n", (long long)(limit / SECOND));
	close(fd);
}

/* Skips until the next timer, but not beyond the limit.  Returns whether anything was skipped. */
static bool skip_sleep(void)
{
	int64_t at = now(), next = next_due(), was = limit;

	if (at >= begun + limit)
		limit = read_limit();
	if (limit == was && at >= begun + limit)
		return false;
	if (next > begun + limit)
		next = begun + limit;
	if (next > at)
		skip(next - at);
	if (next == begun + limit)
		report();
	return true;
}

int epoll_wait(int epoll, struct epoll_event *events, int max, int timeout)
{
	struct pollfd ready = {.fd = epoll, .events = POLLIN};
	bool rests = false;
	int n;

	for (;;) {
		const struct timespec pause = {.tv_nsec = rests ? AT_REST : PAUSE};

		n = real_epoll(epoll, events, max, 0);
		if (n != 0 || timeout == 0)
			return n;
		if (ppoll(&ready, 1, &pause, NULL) == 0)
			rests = has_child() || !skip_sleep();
	}
}
