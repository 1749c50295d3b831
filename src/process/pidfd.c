/*
 * pidfd: watches a pidfd on the loop.
 *
 * A pidfd refers to one process, even when its pid is later reused by another one.  It becomes
 * readable within a fraction of a millisecond after the process has ended, and needs no processor
 * time before.
 */
#include "process/pidfd.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/memory.h"
#include "loop/loop.h"

#define FEW 256

/* The first version of the kernel's struct pidfd_info, and the ioctl that fills it.  The headers of
 * older kernels have neither, and a kernel without it returns an error. */
struct exit_info {
	uint64_t mask, group;
	uint32_t ids[11];
	int32_t exit_code; /* a wait status */
};

#define GET_INFO  _IOWR(0xff, 11, struct exit_info)
#define INFO_EXIT (UINT64_C(1) << 3) /* the exit code is wanted, and in the answer it is known */

struct pidfd_watch {
	pid_t pid;
	int fd; /* -1: the process had already ended */
	struct event *event;
	struct loop_timer *gone;
	pidfd_watch_fn *fn;
	void *arg;
};

static void on_end(evutil_socket_t fd, short what, void *arg)
{
	struct pidfd_watch *watch = arg;

	watch->fn(watch->arg); /* closes the watch */
}

static void on_gone(uint64_t missed, void *arg)
{
	struct pidfd_watch *watch = arg;

	watch->fn(watch->arg); /* closes the watch */
}

/* A quarter of the descriptors is reserved for clients, programs and files, because a machine may
 * have more services than vigild may have descriptors.  Few descriptors are not divided. */
static bool is_reserved(int fd)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= FEW &&
	       (rlim_t)fd >= limit.rlim_cur - limit.rlim_cur / 4;
}

/* Returns the pidfd; or -1 with errno. */
static int open_pidfd(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0); /* pidfds are always close-on-exec */

	if (fd < 0 || !is_reserved(fd))
		return fd;
	close(fd);
	errno = EMFILE;
	return -1;
}

struct pidfd_watch *pidfd_watch_open(struct loop *loop, pid_t pid, pidfd_watch_fn *fn, void *arg)
{
	struct pidfd_watch *watch = memory_zero(sizeof(*watch));
	int err = 0;

	*watch = (struct pidfd_watch){.pid = pid, .fn = fn, .arg = arg};
	watch->fd = open_pidfd(pid);
	if (watch->fd >= 0) {
		watch->event = event_new(loop_base(loop), watch->fd, EV_READ, on_end, watch);
		err = event_add(watch->event, NULL) < 0 ? ENOMEM : 0;
	} else if (errno == ESRCH) {
		watch->gone = loop_after(loop, 0, on_gone, watch);
	} else {
		err = errno;
	}
	if (err == 0)
		return watch;
	pidfd_watch_close(watch);
	errno = err;
	return NULL;
}

void pidfd_watch_close(struct pidfd_watch *watch)
{
	if (watch == NULL)
		return;
	if (watch->event != NULL)
		event_free(watch->event);
	loop_timer_free(watch->gone);
	if (watch->fd >= 0)
		close(watch->fd);
	free(watch);
}

bool pidfd_watch_has_ended(const struct pidfd_watch *watch)
{
	struct pollfd fd = {.fd = watch->fd, .events = POLLIN};

	return watch->fd < 0 || poll(&fd, 1, 0) > 0;
}

int pidfd_watch_take(struct pidfd_watch *watch)
{
	int fd = watch->fd;

	if (watch->event != NULL)
		event_free(watch->event);
	watch->event = NULL;
	watch->fd = -1;
	return fd;
}

bool pidfd_exists(void)
{
	int fd = (int)syscall(SYS_pidfd_open, getpid(), 0);

	if (fd < 0)
		return errno != ENOSYS;
	close(fd);
	return true;
}

/* Linux 6.13 and 6.14 have the ioctl and no exit code. */
static bool is_supported(void)
{
	struct utsname system;
	int major = 0, minor = 0;

	return uname(&system) == 0 && sscanf(system.release, "%d.%d", &major, &minor) == 2 &&
	       (major > 6 || (major == 6 && minor >= 15));
}

int pidfd_wait_status(int pidfd)
{
	struct exit_info info = {.mask = INFO_EXIT};

	/* The request is an int in musl's ioctl and does not fit. */
	if (pidfd < 0 || syscall(SYS_ioctl, pidfd, GET_INFO, &info) != 0)
		return pidfd < 0 ? -EBADF : -errno;
	if ((info.mask & INFO_EXIT) != 0)
		return info.exit_code;
	return is_supported() ? -EAGAIN : -ENOSYS;
}

pid_t pidfd_watch_pid(const struct pidfd_watch *watch)
{
	return watch->pid;
}
