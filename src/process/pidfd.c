/*
 * watch: the moment a process ends, as an event on the loop, without being its parent.
 *
 * A pidfd names one process for good, so a pid that is taken up by another later is no matter.
 * It becomes readable within a fraction of a millisecond of the death, and costs nothing until
 * then.
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
	int fd; /* -1: it was gone when we came to look */
	struct event *event;
	struct loop_timer *gone;
	pidfd_watch_fn *fn;
	void *arg;
};

static void on_end(evutil_socket_t fd, short what, void *arg)
{
	struct pidfd_watch *watch = arg;

	watch->fn(watch->arg); /* closes it */
}

static void on_gone(uint64_t missed, void *arg)
{
	struct pidfd_watch *watch = arg;

	watch->fn(watch->arg); /* closes it */
}

struct pidfd_watch *pidfd_watch_open(struct loop *loop, pid_t pid, pidfd_watch_fn *fn, void *arg)
{
	struct pidfd_watch *watch = memory_zero(sizeof(*watch));
	int err;

	*watch = (struct pidfd_watch){.pid = pid, .fn = fn, .arg = arg};
	watch->fd = (int)syscall(SYS_pidfd_open, pid, 0); /* close-on-exec by itself */
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
