/*
 * pidfd: watches a pidfd on the loop.
 *
 * A pidfd refers to one process, even when its pid is later reused by another one.  It becomes
 * readable within a fraction of a millisecond after the process has ended, and needs no processor
 * time before.
 */
#include "process/pidfd.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/memory.h"
#include "loop/loop.h"

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

struct pidfd_watch *pidfd_watch_open(struct loop *loop, pid_t pid, pidfd_watch_fn *fn, void *arg)
{
	struct pidfd_watch *watch = memory_zero(sizeof(*watch));
	int err;

	*watch = (struct pidfd_watch){.pid = pid, .fn = fn, .arg = arg};
	watch->fd = (int)syscall(SYS_pidfd_open, pid, 0); /* pidfds are always close-on-exec */
	err = watch->fd < 0 ? errno : 0;
	if (err == 0) {
		watch->event = event_new(loop_base(loop), watch->fd, EV_READ, on_end, watch);
		if (watch->event == NULL || event_add(watch->event, NULL) < 0)
			err = ENOMEM;
	} else if (err == ESRCH) {
		watch->gone = loop_after(loop, 0, on_gone, watch);
		err = watch->gone != NULL ? 0 : ENOMEM;
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

pid_t pidfd_watch_pid(const struct pidfd_watch *watch)
{
	return watch->pid;
}
