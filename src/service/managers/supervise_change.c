/*
 * supervise_change: restarts, starts and stops services that a supervisor of the daemontools family
 * watches.
 *
 * A change is a letter that vigild writes to the fifo, and no supervisor confirms it. So after a
 * restart vigild watches the status file until it names another process, after a start until it
 * names one, and after a stop until it names none. A process that was started must then live for
 * LIFETIME, because the supervisors themselves treat a service that ends sooner as failing. The
 * worker sleeps until the status file is replaced (inotify) or the process exits (pidfd).
 *
 * A supervisor whose directory was replaced would stop the service and could not start it again.
 * So nothing is sent to it.
 */
#include "service/managers/supervise_internal.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "process/process.h"

#define LIFETIME CLOCK_SECOND /* the limit of runsv and s6-supervise for a failing service */
/* the longest time between two reads of the status, in case inotify does not work */
#define GLANCE (250 * CLOCK_MS)

struct wait {
	enum manager_change change;
	const struct supervise_kind *kind;
	const struct manager_request *request;
	const struct supervise_place *place;
	struct supervise_status before, now;
	unsigned char down[SUPERVISE_STAMP]; /* timestamp of the last status that was down */
	bool seen_down, seen_wanted;
	/* vigild sent the letter that ends the process, which may have reached the old process or
	 * its successor, or the process may have been told before to end */
	bool told;
	int inotify; /* -1: not available */
};

/* The time until the deadline in milliseconds, not more than `most` ns, rounded up. */
static int left(const struct manager_request *request, uint64_t most)
{
	uint64_t now = clock_now(), ns = now < request->deadline ? request->deadline - now : 0;

	return (int)(((ns < most ? ns : most) + CLOCK_MS - 1) / CLOCK_MS);
}

/* Waits until the status file is replaced or GLANCE has passed. Returns false if the deadline
 * has passed. */
static bool wait_change(const struct wait *wait)
{
	struct pollfd fd = {.fd = wait->inotify, .events = POLLIN};
	int ms = left(wait->request, GLANCE);
	char events[1024];

	if (ms == 0)
		return false;
	if (poll(&fd, 1, ms) > 0)
		while (read(wait->inotify, events, sizeof(events)) > 0)
			;
	return true;
}

/* Whether the process that is up is one that had to end. */
static bool must_end(const struct wait *wait)
{
	if (wait->change == MANAGER_STOP)
		return true;
	return wait->now.pid == wait->before.pid &&
	       (wait->change == MANAGER_RESTART || wait->before.stopping);
}

static int gave_up(const struct wait *wait, struct manager_reply *reply)
{
	const struct supervise_status *now = &wait->now;
	const char *name = wait->request->name;
	const char *finish = now->state == SUPERVISE_FINISH ? ": its finish script runs" : "";

	if (now->state == SUPERVISE_UP && must_end(wait))
		manager_fault(reply, -ETIMEDOUT, VIGIL_FAULT_TIMEOUT,
			"process %d of %s did not end within the deadline", (int)now->pid, name);
	else if (now->state == SUPERVISE_UP)
		manager_fault(reply, -ETIMEDOUT, VIGIL_FAULT_TIMEOUT,
			"%s was not ready within the deadline", name);
	else
		manager_fault(reply, -ETIMEDOUT, VIGIL_FAULT_TIMEOUT,
			"%s was not %s within the deadline%s", name,
			wait->change == MANAGER_STOP ? "stopped" : "started", finish);
	return -1;
}

static int ended_at_once(const struct supervise_status *now, struct manager_reply *reply)
{
	char end[64];

	supervise_describe_end(
		now->state == SUPERVISE_UP ? -1 : now->wait_status, end, sizeof(end));
	manager_fault(reply, -EIO, VIGIL_FAULT_FAILED, "it was started and at once %s",
		*end ? end : "ended again");
	return -1;
}

/* Whether vigild may have ended the process: if the old process exited just before, the letter
 * reached its successor. True only once. */
static bool forgive(struct wait *wait)
{
	bool told = wait->told;

	wait->told = false;
	return told;
}

/* Handles a status that is down. Two such statuses with different timestamps mean that the
 * service was up in between, even if only briefly. If the service was wanted up before and is
 * not now, somebody else has stopped it. */
static int wait_down(struct wait *wait, struct manager_reply *reply)
{
	const struct supervise_status *now = &wait->now;
	bool again = wait->seen_down && memcmp(wait->down, now->stamp, sizeof(now->stamp)) != 0;

	if (again && !forgive(wait))
		return ended_at_once(now, reply);
	if (!now->want_up && wait->seen_wanted) {
		manager_fault(reply, -EIO, VIGIL_FAULT_FAILED, "it was stopped during the %s",
			manager_change_name(wait->change));
		return -1;
	}
	memcpy(wait->down, now->stamp, sizeof(wait->down));
	wait->seen_down = true;
	return 0;
}

/* Whether another process is up, or after a start any process that does not end. A changed
 * timestamp means another process, even if it has the same pid. */
static bool is_up_anew(const struct wait *wait)
{
	const struct supervise_status *before = &wait->before, *now = &wait->now;

	if (now->state == SUPERVISE_UP && wait->change == MANAGER_START && !before->stopping)
		return !now->paused;
	return now->state == SUPERVISE_UP &&
	       (now->pid != before->pid ||
		       memcmp(now->stamp, before->stamp, sizeof(now->stamp)) != 0);
}

/* Waits until another process is up and ready. */
static int wait_up(struct wait *wait, struct manager_reply *reply)
{
	const struct supervise_status *now = &wait->now;

	do {
		if (supervise_read(wait->kind, wait->request, wait->place, &wait->now, reply))
			return -1;
		if (is_up_anew(wait) && !now->unready)
			return 0;
		wait->seen_wanted |= now->want_up;
		if (now->state == SUPERVISE_DOWN && wait_down(wait, reply))
			return -1;
	} while (wait_change(wait));
	return gave_up(wait, reply);
}

/* Waits for LIFETIME, but not beyond the deadline. Returns whether the process ends within that
 * time. Without pidfds (an old kernel) this does not wait and returns false. */
static bool ends_soon(const struct wait *wait)
{
	struct pollfd fd = {.events = POLLIN};
	bool ended;

	fd.fd = (int)syscall(SYS_pidfd_open, wait->now.pid, 0);
	ended = fd.fd < 0 ? errno == ESRCH : poll(&fd, 1, left(wait->request, LIFETIME)) > 0;
	if (fd.fd >= 0)
		close(fd.fd);
	return ended;
}

/* Waits until another process is up and stays up. */
static int wait_steady(struct wait *wait, struct manager_reply *reply)
{
	pid_t pid;

	for (;;) {
		if (wait_up(wait, reply))
			return -1;
		if (!ends_soon(wait))
			return 0;
		pid = wait->now.pid;
		if (!forgive(wait))
			break;
		wait->before = wait->now;
		wait->before.stopping = true; /* it has ended, so wait for another one */
		wait->seen_down = false;
	}
	/* The supervisor may not have noticed the exit yet, and only it knows how the process
	 * ended. */
	while (wait->now.state == SUPERVISE_UP && wait->now.pid == pid && wait_change(wait))
		if (supervise_read(wait->kind, wait->request, wait->place, &wait->now, reply))
			return -1;
	return ended_at_once(&wait->now, reply);
}

/* Waits until the service and its finish script have ended and will not be started again. */
static int wait_stopped(struct wait *wait, struct manager_reply *reply)
{
	do {
		if (supervise_read(wait->kind, wait->request, wait->place, &wait->now, reply))
			return -1;
		if (wait->now.state == SUPERVISE_DOWN && !wait->now.want_up)
			return 0;
	} while (wait_change(wait));
	return gave_up(wait, reply);
}

/* Writes the letters of the change. Returns their number. */
static size_t put_letters(struct wait *wait, char letters[4])
{
	size_t n = 0;
	bool up = wait->before.state == SUPERVISE_UP, lives;

	if (wait->change == MANAGER_RELOAD) {
		letters[0] = 'h'; /* SIGHUP */
		return 1;
	}
	/* a restart, too, because the supervisor must start the service again */
	letters[n++] = wait->change == MANAGER_STOP ? 'd' : 'u';
	lives = up && process_lives(wait->before.pid);
	/* A service that is not wanted up may have been told to end, and s6 does not show that. */
	wait->told = wait->change == MANAGER_RESTART ? lives : up && !wait->before.want_up;
	/* If the process has ended and its supervisor has not noticed it, wait for another one. */
	wait->before.stopping |= up && !lives;
	if (lives && wait->change == MANAGER_RESTART)
		letters[n++] = wait->kind->restart_letter(wait->place->service);
	if (wait->before.paused)
		letters[n++] = 'c';
	return n;
}

static int send_letters(struct wait *wait, struct manager_reply *reply)
{
	const struct supervise_place *place = wait->place;
	char letters[4];
	size_t n;
	int fd = supervise_fifo_open(wait->kind, place, SUPERVISE_CONTROL, reply), err = 0;

	if (fd < 0)
		return -1;
	n = put_letters(wait, letters);
	if (write(fd, letters, n) != (ssize_t)n)
		err = -errno;
	close(fd);
	if (err == -EAGAIN) {
		manager_fault(reply, err, VIGIL_FAULT_FAILED, "%s of %s does not read its fifo",
			wait->kind->supervisor, place->path);
		return -1;
	}
	return err ? supervise_fail(reply, err, place->path, SUPERVISE_CONTROL) : 0;
}

/* Whether somebody has told the service to be down, and it or its finish script still runs.  A
 * restart would undo that.  vigild's own restart leaves a service that is wanted up. */
static bool is_being_stopped(const struct supervise_status *status)
{
	return !status->want_up && (status->stopping || status->state == SUPERVISE_FINISH);
}

static void apply_there(const struct supervise_kind *kind, enum manager_change change,
	const struct manager_request *request, const struct supervise_place *place,
	struct manager_reply *reply)
{
	struct wait wait = {
		.change = change, .kind = kind, .request = request, .place = place, .inotify = -1};
	char path[SUPERVISE_PATH + 16], text[MANAGER_TEXT];
	bool read = supervise_read(kind, request, place, &wait.before, reply) == 0;
	int r = supervise_find_replaced(kind, place, read, text, sizeof(text));

	if (r != 0)
		manager_fault(reply, r > 0 ? -ESTALE : r, VIGIL_FAULT_REFUSED, "%s", text);
	if (r != 0 || !read)
		return;
	if (change == MANAGER_RESTART && is_being_stopped(&wait.before)) {
		manager_fault(reply, -EBUSY, VIGIL_FAULT_REFUSED, "it is being stopped");
		return;
	}
	if (wait.before.state == SUPERVISE_DOWN) {
		memcpy(wait.down, wait.before.stamp, sizeof(wait.down));
		wait.seen_down = true;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d/supervise", place->service);
	wait.inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (wait.inotify >= 0)
		inotify_add_watch(wait.inotify, path, IN_MOVED_TO);
	if (send_letters(&wait, reply) == 0) {
		if (change == MANAGER_STOP)
			wait_stopped(&wait, reply);
		else if (change != MANAGER_RELOAD)
			wait_steady(&wait, reply);
	}
	if (wait.inotify >= 0)
		close(wait.inotify);
}

void supervise_apply(const struct supervise_kind *kind, enum manager_change change,
	const struct manager_request *request, struct manager_reply *reply)
{
	struct supervise_place place;
	int err = supervise_place_open(kind, request, &place);

	if (err == -ENOENT) {
		manager_fault(reply, err, VIGIL_FAULT_ABSENT, "no such service directory: %s",
			request->name);
		return;
	}
	if (err) {
		supervise_fail(reply, err, place.path, "");
		return;
	}
	apply_there(kind, change, request, &place, reply);
	memset(reply->memory.stamp, 0,
		sizeof(reply->memory.stamp)); /* what vigild itself does is no respawn */
	close(place.service);
}
