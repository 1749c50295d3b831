/*
 * timers: the references that ticks.sh compares vigild with: COUNT periodic timers and nothing
 * else.
 *
 *     timers events|threads COUNT INTERVAL SECONDS
 *
 * events: one libevent base with precise timers, which are due first at the ten tenths of a second;
 * threads: a thread for each timer, which sleeps until it is due. Measures for SECONDS after all
 * have begun, and prints how often the timers ran, the nanoseconds of CPU time, how often the
 * process slept, the 99th percentile of how late they ran in microseconds, and the private memory
 * in KB.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#define SECOND UINT64_C(1000000000)
#define LATE   100000 /* the microseconds that are counted */

static uint64_t interval;
static atomic_bool looking;
static atomic_ulong fires, late[LATE];

static uint64_t now(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * SECOND + (uint64_t)ts.tv_nsec;
}

static void note(uint64_t due)
{
	uint64_t us = (now(CLOCK_MONOTONIC) - due) / 1000;

	if (!looking)
		return;
	fires++;
	late[us < LATE ? us : LATE - 1]++;
}

/* One of the ten tenths of the second that begins next. */
static uint64_t first_due(size_t i)
{
	return (now(CLOCK_MONOTONIC) / (SECOND / 10) + 2 + i % 10) * (SECOND / 10);
}

struct timer {
	struct event *event;
	uint64_t due;
};

static void arm(struct timer *timer)
{
	uint64_t t = now(CLOCK_MONOTONIC), wait = timer->due > t ? timer->due - t : 0;
	const struct timeval delay = {
		.tv_sec = (time_t)(wait / SECOND), .tv_usec = (suseconds_t)(wait % SECOND / 1000)};

	event_base_update_cache_time(event_get_base(timer->event));
	event_add(timer->event, &delay);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct timer *timer = arg;

	if (timer->due <= now(CLOCK_MONOTONIC)) {
		note(timer->due);
		timer->due += interval;
	}
	arm(timer);
}

static void *sleeper(void *arg)
{
	uint64_t due = first_due((size_t)(uintptr_t)arg);

	for (;; due += interval) {
		const struct timespec ts = {
			.tv_sec = (time_t)(due / SECOND), .tv_nsec = (long)(due % SECOND)};

		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
		note(due);
	}
	return NULL;
}

static long private_kb(void)
{
	FILE *file = fopen("/proc/self/smaps_rollup", "r");
	char line[256];
	long kb, sum = 0;

	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		if (sscanf(line, "Private_%*[^:]: %ld", &kb) == 1)
			sum += kb;
	if (file != NULL)
		fclose(file);
	return sum;
}

static void look_on(struct event_base *base, unsigned seconds)
{
	const struct timeval tv = {.tv_sec = seconds};

	if (base == NULL) {
		sleep(seconds);
		return;
	}
	event_base_loopexit(base, &tv);
	event_base_loop(base, EVLOOP_NO_EXIT_ON_EMPTY);
}

static void begin_events(struct event_base *base, size_t count)
{
	struct timer *timers = calloc(count, sizeof(*timers));

	for (size_t i = 0; i < count; i++) {
		timers[i].event = event_new(base, -1, 0, on_timer, &timers[i]);
		timers[i].due = first_due(i);
		arm(&timers[i]);
	}
}

static bool begin_threads(size_t count)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 16384);
	for (size_t i = 0; i < count; i++)
		if (pthread_create(&thread, &attr, sleeper, (void *)(uintptr_t)i) != 0)
			return false;
	return true;
}

int main(int argc, char **argv)
{
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;
	struct rusage before, after;
	unsigned long total, above = 0;
	uint64_t cpu;
	long p99;

	if (argc != 5)
		return EXIT_FAILURE;
	interval = (uint64_t)(atof(argv[3]) * 1e9);
	if (strcmp(argv[1], "events") == 0) {
		event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER);
		base = event_base_new_with_config(config);
		begin_events(base, (size_t)atol(argv[2]));
	} else if (!begin_threads((size_t)atol(argv[2]))) {
		return 77;
	}
	look_on(base, 2);
	looking = true;
	getrusage(RUSAGE_SELF, &before);
	cpu = now(CLOCK_PROCESS_CPUTIME_ID);
	look_on(base, (unsigned)atoi(argv[4]));
	looking = false;
	cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	getrusage(RUSAGE_SELF, &after);
	total = fires;
	for (p99 = LATE - 1; p99 > 0; p99--)
		if ((above += late[p99]) * 100 > total)
			break;
	printf("%lu %llu %ld %ld %ld\n", total, (unsigned long long)cpu,
		after.ru_nvcsw - before.ru_nvcsw, p99, private_kb());
	return EXIT_SUCCESS;
}
