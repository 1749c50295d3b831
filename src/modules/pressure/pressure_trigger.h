/*
 * pressure_trigger: a trigger of the kernel (PSI), which reports that tasks had to wait for longer
 * than a threshold within a window of time.
 *
 * The kernel reports a stall once in each window at most.
 */
#ifndef PRESSURE_TRIGGER_H
#define PRESSURE_TRIGGER_H

#include <stdbool.h>

#include <vigil/vigil.h>

/* Called for each stall. ended: the kernel has ended the trigger, because its control group was
 * removed. The trigger is then closed already. */
typedef void pressure_stall_fn(bool ended, void *arg);

/* Initialize with PRESSURE_TRIGGER_CLOSED. */
struct pressure_trigger {
	vigil_daemon *daemon;
	pressure_stall_fn *on_stall;
	void *arg;
	int fd, epoll; /* -1: closed */
};
#define PRESSURE_TRIGGER_CLOSED       \
	{                             \
		.fd = -1, .epoll = -1 \
	}

/* Sets a trigger on a file such as /proc/pressure/memory. triggers: such as "some 150000 1000000",
 * in microseconds; the first one that the kernel accepts is used. Ends with NULL. Without
 * privileges the kernel accepts only multiples of two seconds as the window. Returns 0 or -errno;
 * -ENOENT and -EOPNOTSUPP: the kernel has no PSI. */
int pressure_trigger_open(struct pressure_trigger *trigger, vigil_daemon *d, const char *path,
	const char *const *triggers, pressure_stall_fn *on_stall, void *arg);

/* Does nothing with a trigger that is closed. */
void pressure_trigger_close(struct pressure_trigger *trigger);

#endif
