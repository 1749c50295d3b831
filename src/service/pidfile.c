/*
 * pidfile: see pidfile.h. Only the first line that is not blank counts, because PostgreSQL,
 * sendmail and others write more lines after the pid. The file is trusted if it is a regular file
 * of root or of vigild's user, and only the owner and the group may write it. A file of another
 * user is trusted if, in addition, only that user, root, vigild's user and the group of its
 * directory may write the directory. A symbolic link is not followed, because it could lead to any
 * other file.
 *
 * The process may have exited since the file was written, and its pid may belong to another
 * process. A service is always older than the pidfile that names it, so that a process that was
 * started after the file was written is not the service's. Only the first check compares these
 * times. Later checks compare the start time of the process with that of the first check, in
 * ticks since boot, as long as the file is unchanged.
 *
 * The first check compares a start time in ticks since boot with the mtime of the file, which is
 * wall time. If the clock was set forward in between, the service appears younger than it is.
 * This must not make vigild restart every healthy service of a machine at once. So the boot time
 * is taken from the clock as it was before it was set (clock_boot_time), and the comparison has
 * a tolerance of SLACK. The comparison is skipped for a file in a memory file system whose mtime
 * is before the boot, and for a process with the name of the service. For a process that is
 * older than the first vigild of this boot the comparison may be wrong, because vigild cannot
 * know whether the clock was set before. In this case the file is not trusted.
 *
 * If vigild itself lacks descriptors or memory, the verdict is UNKNOWN. An exception is a
 * process that does not exist, because vigild can detect that without them.
 */
#include "service/pidfile.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/trust.h"
#include "process/process.h"

#define PIDFILE_MAX 4096    /* bytes; a longer file is not a pidfile */
#define PID_LIMIT   4194304 /* the kernel's maximum on any machine */
#define SLACK       60      /* seconds by which a process may seem younger than its file */
#define COMM_MAX    15      /* the kernel stores so many bytes of a process name */
#define BLANKS      " \t\r"

static double seconds(struct timespec ts)
{
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* --- the result ------------------------------------------------------------------------------- */

static void __attribute__((format(printf, 3, 4)))
conclude(struct pidfile *result, enum pidfile_verdict verdict, const char *format, ...)
{
	va_list ap;

	result->verdict = verdict;
	va_start(ap, format);
	vsnprintf(result->why, sizeof(result->why), format, ap);
	va_end(ap);
}

void pidfile_unreadable(struct pidfile *result, const char *what, int error)
{
	error = abs(error);
	if (!error_is_own(error)) {
		conclude(result, PIDFILE_DISTRUST, "%s cannot be read: %s", what, strerror(error));
		return;
	}
	result->error = -error;
	conclude(result, PIDFILE_UNKNOWN, "vigild could not read %s: %s", what, strerror(error));
}

/* --- the process ------------------------------------------------------------------------------ */

bool pidfile_is_another(const struct pidfile_memory *seen)
{
	struct process process;

	return process_look(seen->pid, &process) == 1 && process.state != '\0' &&
	       process.ticks != seen->started;
}

/* --- the file --------------------------------------------------------------------------------- */

/* Whether the mode or the ACL lets anyone write the file except root, vigild's user, and the
 * owner and the group of the file. */
static bool others_write(int fd, const struct stat *st)
{
	const struct trust_user owner = {.uid = st->st_uid, .gid = st->st_gid};
	char unused[TRUST_WHY];

	return trust_descriptor(fd, st, "", &owner, unused, sizeof(unused)) != 0;
}

/* Whether only root, vigild's user, the owner of the file, or the group of the directory could
 * have created the file there: 1 or 0, or a negative errno if vigild lacks resources. */
static int place_is_owners(const char *path, uid_t owner)
{
	char copy[PATH_MAX];
	struct stat dir;
	int fd, given;

	if ((size_t)snprintf(copy, sizeof(copy), "%s", path) >= sizeof(copy))
		return 0;
	fd = open(dirname(copy), O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &dir) != 0) {
		given = error_is_own(errno) ? -errno : 0;
	} else {
		given = trust_uid(dir.st_uid, NULL) || dir.st_uid == owner;
		dir.st_uid = owner; /* the ACL may name the owner of the file */
		given = given && !others_write(fd, &dir);
	}
	if (fd >= 0)
		close(fd);
	return given;
}

/* Returns true if the file is trusted; else stores the reason in result. */
static bool is_trusted(const char *path, int fd, const struct stat *st, struct pidfile *result)
{
	const char *why = NULL;
	int owners = 1;

	if (!trust_uid(st->st_uid, NULL))
		owners = place_is_owners(path, st->st_uid);
	if (!S_ISREG(st->st_mode))
		why = "the pidfile is not a regular file";
	else if (st->st_size > PIDFILE_MAX)
		why = "the pidfile has more than 4096 bytes";
	else if (st->st_mode & S_IWOTH)
		why = "everyone may write the pidfile";
	else if (others_write(fd, st))
		why = "the ACL of the pidfile lets others write it";
	else if (owners == 0)
		why = "the pidfile is owned by another user";
	if (why != NULL)
		conclude(result, PIDFILE_DISTRUST, "%s", why);
	else if (owners < 0)
		pidfile_unreadable(result, "the directory of the pidfile", owners);
	return why == NULL && owners == 1;
}

/* Returns the pid on the first line that is not blank; 0 if there is none, or the line has other
 * text, too. */
static pid_t parse(const char *text)
{
	char *end;
	long pid;

	text += strspn(text, BLANKS "\n");
	if (!isdigit((unsigned char)*text))
		return 0;
	errno = 0;
	pid = strtol(text, &end, 10);
	end += strspn(end, BLANKS);
	if (errno != 0 || (*end != '\0' && *end != '\n') || pid <= 1 || pid > PID_LIMIT)
		return 0;
	return (pid_t)pid;
}

/* --- whether the process is the service's ----------------------------------------------------- */

/* Whether the file is in a memory file system. Also true if this cannot be determined, because
 * then the date proves nothing. */
static bool in_memory(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) != 0)
		return true;
	/* The type of f_type differs between machines. */
	return (uint32_t)fs.f_type == TMPFS_MAGIC || (uint32_t)fs.f_type == RAMFS_MAGIC;
}

static bool same_file(const struct pidfile_memory *before, const struct pidfile_memory *now)
{
	return before != NULL && before->pid == now->pid && before->device == now->device &&
	       before->inode == now->inode && before->changed.tv_sec == now->changed.tv_sec &&
	       before->changed.tv_nsec == now->changed.tv_nsec;
}

/* The start time in seconds since 1970, from the boot time before the clock was set. */
static double started_at(const struct process *process)
{
	return clock_boot_time() + (double)process->ticks / (double)sysconf(_SC_CLK_TCK);
}

bool pidfile_is_older(const struct pidfile *pidfile, pid_t pid)
{
	struct process process;

	return process_look(pid, &process) == 1 && process.state != '\0' &&
	       started_at(&process) > pidfile->written;
}

/* For the first check: whether the process existed before the file that names it was written. */
static enum pidfile_verdict evaluate_date(
	const struct process *process, const char *service, int fd, const struct stat *st)
{
	double started = (double)process->ticks / (double)sysconf(_SC_CLK_TCK);
	double boot = clock_boot_time(), written = seconds(st->st_mtim);

	if (boot + started <= written + SLACK)
		return PIDFILE_ALIVE;
	if (written + SLACK < boot && in_memory(fd))
		/* the clock was set, because no such file survives a reboot */
		return PIDFILE_ALIVE;
	if (strncasecmp(process->comm, service, strnlen(service, COMM_MAX)) == 0)
		return PIDFILE_ALIVE;
	return started < clock_tracked_since() ? PIDFILE_DISTRUST : PIDFILE_DEAD;
}

/* Whether the living process is the service's. */
static enum pidfile_verdict evaluate(const struct process *process, const char *service, int fd,
	const struct stat *st, const struct pidfile_memory *before, struct pidfile *result)
{
	if (process->state == '\0')
		return PIDFILE_ALIVE; /* /proc does not show the process */
	result->seen = (struct pidfile_memory){.pid = result->pid,
		.started = process->ticks,
		.device = st->st_dev,
		.inode = st->st_ino,
		.changed = st->st_ctim};
	if (same_file(before, &result->seen))
		return process->ticks == before->started ? PIDFILE_ALIVE : PIDFILE_DEAD;
	return evaluate_date(process, service, fd, st);
}

/* Checks whether the process result->pid is alive and is the service's. */
static void look_process(int fd, const struct stat *st, const char *service,
	const struct pidfile_memory *before, struct pidfile *result)
{
	struct process process;
	int lives = process_look(result->pid, &process);

	if (lives < 0) {
		result->error = lives;
		conclude(result, PIDFILE_UNKNOWN,
			"vigild could not read the status of process %d: %s", (int)result->pid,
			strerror(-lives));
		return;
	}
	if (lives == 0) {
		conclude(result, PIDFILE_DEAD, "%s",
			process.state == 'Z' ? "is a zombie" : "has ended");
		return;
	}
	switch (evaluate(&process, service, fd, st, before, result)) {
	case PIDFILE_DISTRUST:
		conclude(result, PIDFILE_DISTRUST, "%s",
			"the pidfile is older than its process, or the clock was set");
		break;
	case PIDFILE_DEAD:
		conclude(result, PIDFILE_DEAD, "%s", "has ended, and another process has its pid");
		break;
	default: conclude(result, PIDFILE_ALIVE, "%s", "");
	}
}

/* Reads the open file, and checks the process that it names. */
static void look_inside(int fd, const struct stat *st, const char *service,
	const struct pidfile_memory *before, struct pidfile *result)
{
	char text[PIDFILE_MAX + 2];
	ssize_t n = read(fd, text, sizeof(text) - 1);

	if (n < 0)
		pidfile_unreadable(result, "the pidfile", errno);
	if (n <= 0)
		return;
	text[n] = '\0';
	if (n <= PIDFILE_MAX && strlen(text) == (size_t)n)
		result->pid = parse(text);
	if (result->pid > 0)
		look_process(fd, st, service, before, result);
	else
		conclude(result, PIDFILE_DISTRUST, "%s", "the pidfile contains no pid");
}

void pidfile_look(const char *path, const char *service, const struct pidfile_memory *before,
	struct pidfile *result)
{
	/* O_NONBLOCK: if the file was replaced by a fifo, open would wait for a writer */
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	*result = (struct pidfile){.verdict = PIDFILE_NONE};
	if (fd < 0) {
		if (errno == ELOOP)
			conclude(result, PIDFILE_DISTRUST, "%s", "the pidfile is a symbolic link");
		else if (errno != ENOENT && errno != ENOTDIR)
			pidfile_unreadable(result, "the pidfile", errno);
		return;
	}
	if (fstat(fd, &st) != 0)
		pidfile_unreadable(result, "the pidfile", errno);
	else if (is_trusted(path, fd, &st, result))
		look_inside(fd, &st, service, before, result);
	result->written = seconds(st.st_mtim);
	close(fd);
}
