/*
 * pressure_trigger: see pressure_trigger.h.
 *
 * A trigger makes its descriptor ready with EPOLLPRI, which libevent does not know. So each of them
 * is in an epoll descriptor of its own, which is readable then. One for all would not do: when the
 * loop asks the outer descriptor, the kernel asks the trigger, which reports a stall only once.
 */
#include "pressure_trigger.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

void pressure_trigger_close(struct pressure_trigger *t)
{
	if (t->epoll >= 0) {
		vigil_unwatch_fd(t->daemon, t->epoll);
		close(t->epoll);
	}
	if (t->fd >= 0)
		close(t->fd);
	t->epoll = t->fd = -1;
}

static void on_trigger(vigil_daemon *d, int fd, unsigned what, void *arg)
{
	struct pressure_trigger *t = arg;
	struct epoll_event event;
	bool ended = epoll_wait(fd, &event, 1, 0) == 1 && (event.events & EPOLLERR) != 0;

	if (ended)
		pressure_trigger_close(t);
	t->on_stall(ended, t->arg);
}

/* Opens the file and writes the trigger. Returns the descriptor, or -errno. */
static int open_trigger(const char *path, const char *const *triggers)
{
	int fd, err = -EINVAL;

	for (; *triggers != NULL; triggers++) {
		fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
		if (fd < 0)
			return -errno;
		if (write(fd, *triggers, strlen(*triggers) + 1) >= 0)
			return fd;
		err = -errno;
		close(fd);
	}
	return err;
}

int pressure_trigger_open(struct pressure_trigger *t, vigil_daemon *d, const char *path,
	const char *const *triggers, pressure_stall_fn *on_stall, void *arg)
{
	struct epoll_event event = {.events = EPOLLPRI};
	int err;

	*t = (struct pressure_trigger){.daemon = d, .on_stall = on_stall, .arg = arg, .epoll = -1};
	t->fd = open_trigger(path, triggers);
	if (t->fd < 0) {
		err = t->fd;
		t->fd = -1;
		return err;
	}
	t->epoll = epoll_create1(EPOLL_CLOEXEC);
	err = t->epoll < 0 ? -errno : 0;
	if (err == 0 && epoll_ctl(t->epoll, EPOLL_CTL_ADD, t->fd, &event) < 0)
		err = -errno;
	if (err == 0)
		err = vigil_watch_fd(d, t->epoll, VIGIL_READ, on_trigger, t);
	if (err != 0)
		pressure_trigger_close(t);
	return err;
}
