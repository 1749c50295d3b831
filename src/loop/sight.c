/*
 * sight: the moment a process ends, as an event on the loop, without being its parent.
 *
 * A pidfd names one process for good, so a pid that is taken up by another later is no matter.
 * It becomes readable within a fraction of a millisecond of the death, and costs nothing until
 * then.
 */
#include "loop/sight.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/memory.h"
#include "loop/loop.h"

struct sight {
	pid_t pid;
	int fd; /* -1: it was gone when we came to look */
	struct event *event;
	struct loop_timer *gone;
	sight_fn *fn;
	void *arg;
};

static void on_end(evutil_socket_t fd, short what, void *arg)
{
	struct sight *sight = arg;

	sight->fn(sight->arg); /* closes it */
}

static void on_gone(uint64_t missed, void *arg)
{
	struct sight *sight = arg;

	sight->fn(sight->arg); /* closes it */
}

struct sight *sight_open(struct loop *loop, pid_t pid, sight_fn *fn, void *arg)
{
	struct sight *sight = memory_zero(sizeof(*sight));
	int err;

	*sight = (struct sight){.pid = pid, .fn = fn, .arg = arg};
	sight->fd = (int)syscall(SYS_pidfd_open, pid, 0); /* close-on-exec by itself */
	err = sight->fd < 0 ? errno : 0;
	if (err == 0) {
		sight->event = event_new(loop_base(loop), sight->fd, EV_READ, on_end, sight);
		if (sight->event == NULL || event_add(sight->event, NULL) < 0)
			err = ENOMEM;
	} else if (err == ESRCH) {
		sight->gone = loop_after(loop, 0, on_gone, sight);
		err = sight->gone != NULL ? 0 : ENOMEM;
	}
	if (err == 0)
		return sight;
	sight_close(sight);
	errno = err;
	return NULL;
}

void sight_close(struct sight *sight)
{
	if (sight == NULL)
		return;
	if (sight->event != NULL)
		event_free(sight->event);
	loop_timer_free(sight->gone);
	if (sight->fd >= 0)
		close(sight->fd);
	free(sight);
}

pid_t sight_pid(const struct sight *sight)
{
	return sight->pid;
}
