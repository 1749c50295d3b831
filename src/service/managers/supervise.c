/*
 * supervise: looks at and restarts what a supervisor of the daemontools family watches.
 *
 * A look reads twenty to fifty bytes and opens a fifo, which costs microseconds: the supervisor
 * has already noticed whatever there is to notice.  The fifo is what tells a living supervisor
 * from a dead one, since only the former has it open for reading.  The status file alone would
 * go on calling a service up for ever.
 *
 * A restart is a letter in the fifo, which nobody confirms.  So the status file is watched until
 * it names another process, and that process then has to live as long as supervisors themselves
 * want a service to: one that ends sooner is, to them, failing.  Whoever waits here waits for
 * the file to be replaced (inotify) or the process to end (pidfd), not for time to pass.
 */
#include "service/managers/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "service/manager.h"
#include "service/pidfile.h"

#define PATH_ROOM 4096
#define CONTROL   "supervise/control"
#define STATUS    "supervise/status"
#define LIFETIME  CLOCK_SECOND     /* runsv and s6-supervise: sooner is too soon */
#define GLANCE    (250 * CLOCK_MS) /* where inotify cannot be had, it is looked so often */

struct place {
	char path[PATH_ROOM];
	int service; /* the directory, open as a path only */
};

/* --- finding it -------------------------------------------------------------------------------- */

/* -ENOENT: this directory knows no such service. */
static int place_try(const char *directory, const char *name, struct place *place)
{
	int n = snprintf(place->path, sizeof(place->path), "%s/%s", directory, name);

	if (n < 0 || (size_t)n >= sizeof(place->path))
		return -ENAMETOOLONG;
	place->service = open(place->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (place->service >= 0)
		return 0;
	return errno == ENOTDIR ? -ENOENT : -errno;
}

static int place_open(const struct supervise_kind *kind, const struct manager_request *request,
	struct place *place)
{
	const char *const given[] = {request->service_dir, NULL};
	const char *const *directory = request->service_dir ? given : kind->directories;
	int err = -ENOENT;

	for (; *directory && err == -ENOENT; directory++)
		err = place_try(*directory, request->name, place);
	return err;
}

bool supervise_present(const struct supervise_kind *kind, const struct manager_request *request)
{
	const size_t *size = kind->sizes;
	struct place place;
	struct stat st;
	int err;

	if (place_open(kind, request, &place))
		return false;
	err = fstatat(place.service, STATUS, &st, 0) ? errno : 0;
	close(place.service);
	if (err)
		return err == EACCES; /* there is something, and asking will say what is wrong */
	while (*size && *size != (size_t)st.st_size)
		size++;
	return *size != 0;
}

/* --- looking ----------------------------------------------------------------------------------- */

static int fail(struct manager_reply *reply, int error, const char *path, const char *what)
{
	vigil_service_fault fault =
		error == -EACCES || error == -EPERM ? VIGIL_FAULT_DENIED : VIGIL_FAULT_FAILED;

	manager_fault(reply, error, fault, "%s/%s: %s", path, what, strerror(-error));
	return -1;
}

/* Opens a fifo that only the supervisor reads, for writing; or -1 with the fault set. */
static int fifo_open(const struct supervise_kind *kind, const struct place *place, const char *name,
	struct manager_reply *reply)
{
	int fd = openat(place->service, name, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && (errno == ENXIO || errno == ENOENT)) {
		manager_fault(reply, -errno, VIGIL_FAULT_FAILED,
			errno == ENXIO ? "%s of %s has died" : "no %s watches %s", kind->supervisor,
			place->path);
		return -1;
	}
	if (fd < 0)
		return fail(reply, -errno, place->path, name);
	if (fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode))
		return fd;
	close(fd);
	manager_fault(reply, -EINVAL, VIGIL_FAULT_FAILED, "%s/%s is no fifo", place->path, name);
	return -1;
}

/* How long the status file is, at most room; or a negative errno. */
static ssize_t status_read(int service, unsigned char *bytes, size_t room)
{
	int fd = openat(service, STATUS, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, bytes, room);
	if (n < 0)
		n = -errno;
	close(fd);
	return n;
}

static int look(const struct supervise_kind *kind, const struct manager_request *request,
	const struct place *place, struct supervise_status *status, struct manager_reply *reply)
{
	unsigned char bytes[64];
	const size_t *size = kind->sizes;
	int fd = fifo_open(kind, place, kind->fifo, reply);
	ssize_t n;

	if (fd < 0)
		return -1;
	close(fd);
	n = status_read(place->service, bytes, sizeof(bytes));
	if (n < 0)
		return fail(reply, (int)n, place->path, STATUS);
	*status = (struct supervise_status){.wait_status = -1};
	while (*size && *size != (size_t)n)
		size++;
	if (*size) {
		kind->decode(place->service, bytes, (size_t)n, status);
		return 0;
	}
	if (kind->ask)
		return kind->ask(request, place->service, place->path, status, reply);
	manager_fault(reply, -EPROTO, VIGIL_FAULT_FAILED,
		"%s/" STATUS " has %zd bytes, which means nothing to vigild", place->path, n);
	return -1;
}

/* --- what it means ----------------------------------------------------------------------------- */

/* In words, or "" where it is not known. */
static void say_end(int wait_status, char *text, size_t room)
{
	text[0] = '\0';
	if (wait_status < 0)
		return;
	if (WIFSIGNALED(wait_status))
		snprintf(text, room, "ended by signal %d", WTERMSIG(wait_status));
	else
		snprintf(text, room, "ended with exit status %d", WEXITSTATUS(wait_status));
}

/* Whether it ended as a service does that was told to, which is how systemd sees it, too: by one
 * of these signals, or by exiting with what shells make of them. */
static bool ended_well(int wait_status)
{
	int signo =
		WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : WEXITSTATUS(wait_status) - 128;

	if (wait_status < 0 || (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0))
		return true;
	return signo == SIGTERM || signo == SIGINT || signo == SIGHUP || signo == SIGPIPE;
}

static void take_up(const struct supervise_kind *kind, const struct supervise_status *status,
	struct evidence *e, struct manager_reply *reply)
{
	if (!pidfile_lives(status->pid)) {
		e->word = WORD_STARTING;
		snprintf(reply->text, sizeof(reply->text),
			"process %d has ended, and %s has yet to notice", (int)status->pid,
			kind->supervisor);
		return;
	}
	if (status->paused) {
		e->word = WORD_DOWN;
		snprintf(reply->text, sizeof(reply->text), "paused");
		return;
	}
	e->process = PROCESS_ALIVE;
	e->pid = status->pid;
	e->named_by = kind->supervisor;
	if (status->stopping)
		e->word = WORD_STOPPING;
	else
		e->word = status->unready ? WORD_STARTING : WORD_UP;
}

static void take_down(
	const struct supervise_status *status, struct evidence *e, struct manager_reply *reply)
{
	say_end(status->wait_status, reply->text, sizeof(reply->text));
	if (status->want_up)
		e->word = WORD_STARTING; /* the supervisor is at it */
	else if (status->state == SUPERVISE_FINISH)
		e->word = WORD_STOPPING;
	else if (!ended_well(status->wait_status))
		e->word = WORD_FAILED;
	else
		e->word = WORD_DOWN;
	if (e->word == WORD_DOWN)
		reply->text[0] = '\0';
}

/* An admin's pidfile outranks the process that the supervisor started, which may be a mere wrapper;
 * but one that does not exist yet says nothing. */
static void add_pidfile(
	const struct manager_request *request, struct evidence *e, struct manager_reply *reply)
{
	struct pidfile pidfile;

	if (request->pidfile == NULL)
		return;
	pidfile_look(request->pidfile, request->name, &request->memory.seen, &pidfile);
	if (pidfile.verdict != PIDFILE_NONE)
		manager_add_pidfile(reply, e, &pidfile);
}

void supervise_query(const struct supervise_kind *kind, const struct manager_request *request,
	struct manager_reply *reply)
{
	struct evidence e = manager_evidence(request, kind->supervisor);
	struct supervise_status status;
	struct place place;
	int err = place_open(kind, request, &place);

	if (err == -ENOENT) {
		reply->status = VIGIL_SERVICE_ABSENT;
		return;
	}
	if (err) {
		fail(reply, err, place.path, "");
		return;
	}
	e.basis = BASIS_WATCHED;
	e.said = reply->text;
	if (look(kind, request, &place, &status, reply) == 0) {
		if (status.state == SUPERVISE_UP)
			take_up(kind, &status, &e, reply);
		else
			take_down(&status, &e, reply);
		add_pidfile(request, &e, reply);
		manager_conclude(reply, &e);
		if (status.paused)
			reply->pid = status.pid;
	}
	close(place.service);
}

/* --- restarting -------------------------------------------------------------------------------- */

struct wait {
	const struct supervise_kind *kind;
	const struct manager_request *request;
	const struct place *place;
	struct supervise_status before, now;
	unsigned char down[SUPERVISE_STAMP]; /* since when it was last seen down */
	bool seen_down, seen_wanted;
	bool told; /* to end; that may have hit the old process or one just started in its stead */
	int inotify; /* -1: there is none */
};

/* Milliseconds that are left until the deadline, but no more than so many; rounded up. */
static int left(const struct manager_request *request, uint64_t most)
{
	uint64_t now = clock_now(), ns = now < request->deadline ? request->deadline - now : 0;

	return (int)(((ns < most ? ns : most) + CLOCK_MS - 1) / CLOCK_MS);
}

/* Until the status file was replaced, or a while has passed.  False: the deadline has. */
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

static int gave_up(const struct wait *wait, struct manager_reply *reply)
{
	const struct supervise_status *now = &wait->now;
	const char *name = wait->request->name;

	if (now->state == SUPERVISE_UP && now->pid == wait->before.pid)
		manager_fault(reply, -ETIMEDOUT, VIGIL_FAULT_TIMEOUT,
			"process %d of %s did not end within the deadline", (int)now->pid, name);
	else if (now->state == SUPERVISE_UP)
		manager_fault(reply, -ETIMEDOUT, VIGIL_FAULT_TIMEOUT,
			"%s was not ready within the deadline", name);
	else
		manager_fault(reply, -ETIMEDOUT, VIGIL_FAULT_TIMEOUT,
			"%s was not started within the deadline%s", name,
			now->state == SUPERVISE_FINISH ? ": its finish script runs" : "");
	return -1;
}

static int ended_at_once(const struct supervise_status *now, struct manager_reply *reply)
{
	char end[64];

	say_end(now->state == SUPERVISE_UP ? -1 : now->wait_status, end, sizeof(end));
	manager_fault(reply, -EIO, VIGIL_FAULT_FAILED, "it was started and at once %s",
		*end ? end : "ended again");
	return -1;
}

/* The first process that ends may have been ended by us: when the old one had died just before,
 * the letter met its successor. */
static bool forgive(struct wait *wait)
{
	bool told = wait->told;

	wait->told = false;
	return told;
}

/* It is down.  Twice, since different times, means that it was up in between, if only for a
 * moment.  Not wanted, once it was, means that somebody else has taken it down. */
static int wait_down(struct wait *wait, struct manager_reply *reply)
{
	const struct supervise_status *now = &wait->now;
	bool again = wait->seen_down && memcmp(wait->down, now->stamp, sizeof(now->stamp)) != 0;

	if (again && !forgive(wait))
		return ended_at_once(now, reply);
	if (!now->want_up && wait->seen_wanted) {
		manager_fault(reply, -EIO, VIGIL_FAULT_FAILED,
			"it was taken down while it was to be restarted");
		return -1;
	}
	memcpy(wait->down, now->stamp, sizeof(wait->down));
	wait->seen_down = true;
	return 0;
}

/* Up since another time is another process, even one that has got the number of the one before. */
static bool is_up_anew(const struct wait *wait)
{
	const struct supervise_status *before = &wait->before, *now = &wait->now;

	return now->state == SUPERVISE_UP &&
	       (now->pid != before->pid ||
		       memcmp(now->stamp, before->stamp, sizeof(now->stamp)) != 0);
}

/* Until another process is up, and ready. */
static int wait_up(struct wait *wait, struct manager_reply *reply)
{
	const struct supervise_status *now = &wait->now;

	do {
		if (look(wait->kind, wait->request, wait->place, &wait->now, reply))
			return -1;
		if (is_up_anew(wait) && !now->unready)
			return 0;
		wait->seen_wanted |= now->want_up;
		if (now->state == SUPERVISE_DOWN && wait_down(wait, reply))
			return -1;
	} while (wait_change(wait));
	return gave_up(wait, reply);
}

/* Whether the process that is up now ends before it has lived for as long as a service should. */
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

/* Until another process is up and stays so. */
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
		wait->seen_down = false;
	}
	/* the supervisor may be a moment behind; it alone knows how it ended */
	while (wait->now.state == SUPERVISE_UP && wait->now.pid == pid && wait_change(wait))
		if (look(wait->kind, wait->request, wait->place, &wait->now, reply))
			return -1;
	return ended_at_once(&wait->now, reply);
}

static int send_letters(struct wait *wait, struct manager_reply *reply)
{
	const struct place *place = wait->place;
	char letters[4];
	size_t n = 0;
	int fd = fifo_open(wait->kind, place, CONTROL, reply), err = 0;

	if (fd < 0)
		return -1;
	letters[n++] = 'u'; /* first, so that what ends now is wanted again */
	wait->told = wait->before.state == SUPERVISE_UP && pidfile_lives(wait->before.pid);
	if (wait->told)
		letters[n++] = wait->kind->restart_letter(place->service);
	if (wait->before.paused)
		letters[n++] = 'c';
	if (write(fd, letters, n) != (ssize_t)n)
		err = -errno;
	close(fd);
	if (err == -EAGAIN) {
		manager_fault(reply, err, VIGIL_FAULT_FAILED, "%s of %s does not read its fifo",
			wait->kind->supervisor, place->path);
		return -1;
	}
	return err ? fail(reply, err, place->path, CONTROL) : 0;
}

static void restart_there(const struct supervise_kind *kind, const struct manager_request *request,
	const struct place *place, struct manager_reply *reply)
{
	struct wait wait = {.kind = kind, .request = request, .place = place, .inotify = -1};
	char path[PATH_ROOM + 16];

	if (look(kind, request, place, &wait.before, reply))
		return;
	if (wait.before.state == SUPERVISE_DOWN) {
		memcpy(wait.down, wait.before.stamp, sizeof(wait.down));
		wait.seen_down = true;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d/supervise", place->service);
	wait.inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (wait.inotify >= 0)
		inotify_add_watch(wait.inotify, path, IN_MOVED_TO);
	if (send_letters(&wait, reply) == 0)
		wait_steady(&wait, reply);
	if (wait.inotify >= 0)
		close(wait.inotify);
}

void supervise_restart(const struct supervise_kind *kind, const struct manager_request *request,
	struct manager_reply *reply)
{
	struct place place;
	int err = place_open(kind, request, &place);

	if (err == -ENOENT) {
		manager_fault(reply, err, VIGIL_FAULT_ABSENT, "there is no service directory %s",
			request->name);
		return;
	}
	if (err) {
		fail(reply, err, place.path, "");
		return;
	}
	restart_there(kind, request, &place, reply);
	close(place.service);
}
