/*
 * supervise: queries services that a supervisor of the daemontools family watches.
 *
 * A query reads 20 to 50 bytes and opens a fifo, which takes microseconds, because the
 * supervisor has already noticed every change. The fifo distinguishes a living supervisor from a
 * dead one, because only a living one has the fifo open for reading. The status file alone would
 * report a service as up for ever.
 *
 * A living supervisor may be unable to act, because its directory was replaced. This is checked
 * only if no supervisor watches the directory, or if a dead service is not started again or does
 * not finish stopping.
 */
#include "service/managers/supervise_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/signal_name.h"
#include "base/trust.h"
#include "process/process.h"
#include "service/pidfile.h"

/* --- the service directory -------------------------------------------------------------------- */

/* Opens directory/name. Returns 0; -ENOENT if the directory has no such service; or another
 * negative errno. */
static int place_try(const char *directory, const char *name, struct supervise_place *place)
{
	int n = snprintf(place->path, sizeof(place->path), "%s/%s", directory, name);

	if (n < 0 || (size_t)n >= sizeof(place->path))
		return -ENAMETOOLONG;
	place->service = open(place->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (place->service >= 0)
		return 0;
	return errno == ENOTDIR ? -ENOENT : -errno;
}

int supervise_place_open(const struct supervise_kind *kind, const struct manager_request *request,
	struct supervise_place *place)
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
	struct supervise_place place;
	struct stat st;
	int err;

	if (supervise_place_open(kind, request, &place))
		return false;
	err = fstatat(place.service, SUPERVISE "/" SUPERVISE_STATUS, &st, AT_SYMLINK_NOFOLLOW)
		      ? errno
		      : 0;
	close(place.service);
	if (err)
		return err == EACCES; /* the query will report what is wrong */
	while (*size && *size != (size_t)st.st_size)
		size++;
	return *size != 0;
}

/* --- reading the status ----------------------------------------------------------------------- */

int supervise_fail(struct manager_reply *reply, int error, const char *path, const char *what)
{
	vigil_service_fault fault = VIGIL_FAULT_FAILED;

	if (error == -EACCES || error == -EPERM)
		fault = VIGIL_FAULT_DENIED;
	else if (error_is_own(error))
		/* a lack of resources in vigild says nothing about the service */
		fault = VIGIL_FAULT_REFUSED;
	manager_fault(reply, error, fault, "%s%s%s: %s", path, *what ? "/" SUPERVISE "/" : "", what,
		strerror(-error));
	return -1;
}

/* Opens a file of the supervisor (O_PATH) without following a link, and checks it. The file must
 * belong to the owner of the service's supervise directory, or to root. Returns the descriptor,
 * or a negative errno; with -EPERM, why has the reason. */
static int look_at(const struct supervise_place *place, const char *name, struct stat *st,
	char *why, size_t size)
{
	char directory[SUPERVISE_PATH + 16];
	struct stat above, same;
	struct trust_user owner;
	int dir, fd, err;

	if (fstatat(place->service, SUPERVISE, &above, 0) < 0)
		return -errno;
	owner = (struct trust_user){.uid = above.st_uid, .gid = above.st_gid};
	snprintf(directory, sizeof(directory), "%s/" SUPERVISE, place->path);
	dir = trust_open(directory, &owner, 0, &same, why, size);
	if (dir < 0)
		return dir;
	if (same.st_dev != above.st_dev || same.st_ino != above.st_ino) {
		close(dir); /* the service directory is being replaced */
		return -ESTALE;
	}
	fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	err = fd < 0 || fstat(fd, st) < 0 ? -errno : 0;
	close(dir);
	if (err == 0 && S_ISLNK(st->st_mode))
		snprintf(why, size, "%.400s/%.32s is a symbolic link", directory, name);
	else if (err == 0 && st->st_uid != 0 && st->st_uid != above.st_uid)
		snprintf(why, size,
			"%.400s/%.32s belongs to uid %u, not to the owner of its directory",
			directory, name, (unsigned)st->st_uid);
	else if (err == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return err != 0 ? err : -EPERM;
}

static int distrust(struct manager_reply *reply, const char *why)
{
	manager_fault(reply, -EPERM, VIGIL_FAULT_FAILED, "it is not used: %s", why);
	return -1;
}

int supervise_fifo_open(const struct supervise_kind *kind, const struct supervise_place *place,
	const char *name, struct manager_reply *reply)
{
	char why[TRUST_WHY] = "";
	struct stat st;
	int seen = look_at(place, name, &st, why, sizeof(why)), fd = seen;

	if (seen == -EPERM && why[0] != '\0')
		return distrust(reply, why);
	if (seen >= 0 && !S_ISFIFO(st.st_mode)) {
		close(seen);
		manager_fault(reply, -EINVAL, VIGIL_FAULT_FAILED,
			"%s/" SUPERVISE "/%s is not a fifo", place->path, name);
		return -1;
	}
	if (seen >= 0) {
		fd = trust_reopen(seen, O_WRONLY | O_NONBLOCK);
		close(seen);
	}
	if (fd >= 0)
		return fd;
	if (fd != -ENXIO && fd != -ENOENT)
		return supervise_fail(reply, fd, place->path, name);
	manager_fault(reply, fd, VIGIL_FAULT_FAILED,
		fd == -ENXIO ? "%s of %s has died" : "no %s watches %s", kind->supervisor,
		place->path);
	return -1;
}

ssize_t supervise_file_read(const struct supervise_place *place, const char *name, off_t offset,
	unsigned char *bytes, size_t room, char *why, size_t size)
{
	struct stat st;
	int seen = look_at(place, name, &st, why, size), fd;
	ssize_t n;

	if (seen < 0)
		return seen;
	fd = S_ISREG(st.st_mode) ? trust_reopen(seen, O_RDONLY) : -EINVAL;
	close(seen);
	if (fd < 0)
		return fd;
	n = pread(fd, bytes, room, offset >= 0 ? offset : st.st_size + offset);
	if (n < 0)
		n = -errno;
	close(fd);
	return n;
}

int supervise_read(const struct supervise_kind *kind, const struct manager_request *request,
	const struct supervise_place *place, struct supervise_status *status,
	struct manager_reply *reply)
{
	char why[TRUST_WHY] = "";
	unsigned char bytes[64];
	const size_t *size = kind->sizes;
	int fd = supervise_fifo_open(kind, place, kind->fifo, reply);
	ssize_t n;

	if (fd < 0)
		return -1;
	close(fd);
	n = supervise_file_read(place, SUPERVISE_STATUS, 0, bytes, sizeof(bytes), why, sizeof(why));
	if (n == -EPERM && why[0] != '\0')
		return distrust(reply, why);
	if (n < 0)
		return supervise_fail(reply, (int)n, place->path, SUPERVISE_STATUS);
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
		"%s/" SUPERVISE "/" SUPERVISE_STATUS
		" has %zd bytes, which is a format that vigild does not know",
		place->path, n);
	return -1;
}

/* --- interpretation --------------------------------------------------------------------------- */

void supervise_describe_end(int wait_status, char *text, size_t room)
{
	char signal[SIGNAL_NAME];

	text[0] = '\0';
	if (wait_status < 0)
		return;
	if (WIFSIGNALED(wait_status))
		snprintf(text, room, "killed by %s", signal_name(WTERMSIG(wait_status), signal));
	else
		snprintf(text, room, "exited with status %d", WEXITSTATUS(wait_status));
}

/* Whether the service ended like one that was asked to stop: by one of these signals, or with
 * the exit status that shells use for them. systemd, too, treats these signals as a clean exit.
 * Also true if it is not known how the service ended. */
static bool ended_well(int wait_status)
{
	int signo =
		WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : WEXITSTATUS(wait_status) - 128;

	if (wait_status < 0 || (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0))
		return true;
	return signo == SIGTERM || signo == SIGINT || signo == SIGHUP || signo == SIGPIPE;
}

/* Whether the process in the status is alive and is the service's. If the service has just
 * exited, its pid may belong to another process before the supervisor updates the status. A
 * service is a child of its supervisor, and another process is not. Also true if /proc does not
 * show the process. */
static bool is_running(const struct supervise_kind *kind, pid_t pid)
{
	struct process process, parent;
	int lives = process_look(pid, &process);

	if (lives <= 0 || process.state == '\0' || process_read(process.parent, &parent) != 0 ||
		parent.state == '\0')
		return lives != 0;
	return strcmp(parent.comm, kind->supervisor) == 0;
}

static void take_up(const struct supervise_kind *kind, const struct supervise_status *status,
	struct evidence *e, struct manager_reply *reply)
{
	reply->once = !status->want_up;
	if (!is_running(kind, status->pid)) {
		e->word = WORD_STARTING;
		snprintf(reply->text, sizeof(reply->text),
			"process %d has ended, and %s has not noticed it yet", (int)status->pid,
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

/* A service that vigild has stopped has not failed, however it ended. */
static void take_down(
	const struct supervise_status *status, struct evidence *e, struct manager_reply *reply)
{
	supervise_describe_end(status->wait_status, reply->text, sizeof(reply->text));
	if (status->want_up)
		e->word = WORD_STARTING; /* the supervisor is about to start it */
	else if (status->state == SUPERVISE_FINISH)
		e->word = WORD_STOPPING;
	else if (!ended_well(status->wait_status) && !e->stop_seen)
		e->word = WORD_FAILED;
	else
		e->word = WORD_DOWN;
	if (e->word == WORD_DOWN)
		reply->text[0] = '\0';
}

void supervise_take(const struct supervise_kind *kind, const struct supervise_status *status,
	struct evidence *e, struct manager_reply *reply)
{
	if (status->state == SUPERVISE_UP)
		take_up(kind, status, e, reply);
	else
		take_down(status, e, reply);
}

/* A pidfile in the configuration outranks the process that the supervisor started, because that
 * process may be a mere wrapper. A pidfile that does not exist yet is ignored. */
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

/* Whether the supervisor seems not to do its work: none watches the directory, or the service is
 * about to be started or stopped and has no living process. */
static bool is_stuck(bool read, const struct evidence *e, const struct manager_reply *reply)
{
	if (!read)
		return reply->error == -ENXIO || reply->error == -ENOENT;
	return e->process != PROCESS_ALIVE &&
	       (e->word == WORD_STARTING || e->word == WORD_STOPPING);
}

/* Discards the status if the supervisor runs in an old directory, because then it is worthless.
 * Returns true if there is such a supervisor, or if vigild lacked the resources to search for
 * it. */
static bool take_replaced(const struct supervise_kind *kind, const struct supervise_place *place,
	bool read, struct evidence *e, struct manager_reply *reply)
{
	char text[MANAGER_TEXT];
	int r = supervise_find_replaced(kind, place, read, text, sizeof(text));

	if (r == 0)
		return false;
	e->word = WORD_NONE;
	if (r > 0) {
		manager_fault(reply, -ESTALE, VIGIL_FAULT_FAILED, "%s", text);
	} else {
		e->own_error = r;
		snprintf(e->why, sizeof(e->why), "%.127s", text);
	}
	return true;
}

/* Counts the exits of a service that its supervisor starts again, even if it ran only briefly in
 * between. The first status that vigild reads does not count, and neither does a restart by
 * vigild itself. */
static void count_respawns(const struct supervise_status *status, struct manager_memory *memory)
{
	static const unsigned char none[sizeof(memory->stamp)];
	bool known = memcmp(memory->stamp, none, sizeof(none)) != 0;
	bool changed = memcmp(memory->stamp, status->stamp, sizeof(none)) != 0;
	bool up = status->state == SUPERVISE_UP;

	/* A changed timestamp of a service that is up means that it has ended in between; of one
	 * that is down, that it has just ended. */
	if (known && changed && status->want_up && (!up || memory->up))
		memory->respawns++;
	memcpy(memory->stamp, status->stamp, sizeof(none));
	memory->up = up;
}

/* Each start has another timestamp. */
static uint64_t run_of(const struct supervise_status *status)
{
	uint32_t seconds, nanoseconds;

	memcpy(&seconds, status->stamp + 4, sizeof(seconds));
	memcpy(&nanoseconds, status->stamp + 8, sizeof(nanoseconds));
	return (uint64_t)seconds << 32 | nanoseconds;
}

/* A service that is installed again later is a new service. */
static void forget_respawns(struct manager_memory *memory)
{
	memset(memory->stamp, 0, sizeof(memory->stamp));
	memory->up = false;
	memory->respawns = 0;
}

/* Queries the service in the open directory. */
static void query_at(const struct supervise_kind *kind, const struct manager_request *request,
	const struct supervise_place *place, struct manager_reply *reply)
{
	struct evidence e = manager_evidence(request, kind->supervisor);
	struct supervise_status status = {.paused = false};
	bool read = supervise_read(kind, request, place, &status, reply) == 0;

	e.basis = BASIS_WATCHED;
	e.said = reply->text;
	if (read)
		count_respawns(&status, &reply->memory);
	reply->respawns = reply->memory.respawns;
	reply->run = read && status.state == SUPERVISE_UP ? run_of(&status) : 0;
	if (read) {
		supervise_take(kind, &status, &e, reply);
		supervise_death(kind, place, &status, &reply->death);
	}
	if (!is_stuck(read, &e, reply) || !take_replaced(kind, place, read, &e, reply)) {
		if (!read)
			return;
		add_pidfile(request, &e, reply);
	}
	manager_conclude(reply, &e);
	if (status.paused && e.word == WORD_DOWN)
		reply->pid = status.pid;
}

void supervise_query(const struct supervise_kind *kind, const struct manager_request *request,
	struct manager_reply *reply)
{
	struct supervise_place place;
	int err = supervise_place_open(kind, request, &place);

	if (err == -ENOENT) {
		forget_respawns(&reply->memory);
		reply->status = VIGIL_SERVICE_ABSENT;
		return;
	}
	if (err) {
		supervise_fail(reply, err, place.path, "");
		return;
	}
	query_at(kind, request, &place, reply);
	close(place.service);
}
