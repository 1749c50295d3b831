/*
 * pidfile: what a file says about which process a service is.
 *
 * A pidfile is a number that somebody wrote down some time ago.  Whom to believe: root, we
 * ourselves, or whoever was given the directory it lies in.  What to believe: a regular file
 * of at most 32 bytes that begins with a plausible pid; never a link, which could lead to any
 * other file.
 *
 * The process may have died since and its pid may be somebody else's.  A service is always
 * older than the pidfile that names it, so a process that was started after the file was
 * written is not the one that was meant.  Who has looked before need not reckon: while the file
 * is unchanged, it means the process that was started when it was seen to, by a clock that nobody
 * sets.  At the first look, the start of a process counts from boot and the time
 * of a file is wall time: when the clock was set forward in between, the service looks younger
 * than it is.  That must not get every healthy service of a machine restarted at once, so the
 * boot is dated as the clock had it at first (clock_booted), the rule has slack, does not judge a
 * file in memory that is older than the boot itself, and believes a process that bears the
 * service's name.  Of a process that is older than the first vigild of this boot it cannot tell: who
 * set the clock before then was not seen.  Then the file is not believed, and somebody else must say
 * how the service is.
 */
#include "service/pidfile.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define PIDFILE_MAX 32
#define PID_LIMIT   4194304 /* the kernel's own, on any machine */
#define SLACK       60      /* seconds by which a process may seem younger than its file */
#define COMM_MAX    15      /* the kernel keeps so much of a process's name */

struct process {
	char state;
	char comm[64];
	uint64_t ticks; /* of its start, since boot */
};

static double seconds(struct timespec ts)
{
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* False where /proc does not show it (hidepid), or it is gone. */
static bool process_read(pid_t pid, struct process *process)
{
	char path[32], text[1024], *open_paren, *close_paren;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return false;
	text[n] = '\0';
	/* the name is whatever the process likes, parentheses and blanks included */
	open_paren = strchr(text, '(');
	close_paren = strrchr(text, ')');
	if (!open_paren || !close_paren || close_paren < open_paren)
		return false;
	if (sscanf(close_paren + 1,
		    " %c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
		    "%" SCNu64,
		    &process->state, &process->ticks) != 2)
		return false;
	*close_paren = '\0';
	snprintf(process->comm, sizeof(process->comm), "%s", open_paren + 1);
	return true;
}

/* A pidfd, or a negative errno that says why there is none. */
static int process_open(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 ? -errno : fd;
}

/* A pidfd is readable as soon as the process has ended, reaped or not. */
static bool ended(int pidfd)
{
	struct pollfd fd = {.fd = pidfd, .events = POLLIN};

	return poll(&fd, 1, 0) > 0;
}

/* Whether it lives; what /proc knows of it goes to process, with state '\0' for nothing. */
static bool process_look(pid_t pid, struct process *process)
{
	int pidfd = process_open(pid);
	bool lives;

	process->state = '\0';
	if (pidfd == -ESRCH || pidfd == -EINVAL || pidfd == -ENOENT)
		return false; /* EINVAL: by now it is the number of a thread, no process */
	if (!process_read(pid, process))
		process->state = '\0';
	/* Asked after /proc was read, so that it was the same process all the while. */
	lives = pidfd >= 0 ? !ended(pidfd) : kill(pid, 0) == 0 || errno == EPERM;
	if (pidfd >= 0)
		close(pidfd);
	return lives && process->state != 'Z' && process->state != 'X';
}

bool pidfile_lives(pid_t pid)
{
	struct process process;

	return pid > 0 && process_look(pid, &process);
}

/* Whether a file of a plain user lies where only root, we or that user could have put it. */
static bool place_is_owners(const char *path, uid_t owner)
{
	char copy[PATH_MAX];
	struct stat dir;

	if ((size_t)snprintf(copy, sizeof(copy), "%s", path) >= sizeof(copy))
		return false;
	if (stat(dirname(copy), &dir) || (dir.st_mode & S_IWOTH))
		return false;
	return dir.st_uid == 0 || dir.st_uid == geteuid() || dir.st_uid == owner;
}

static const char *distrust(const char *path, const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return "the pidfile is no regular file";
	if (st->st_size > PIDFILE_MAX)
		return "the pidfile is longer than a pid";
	if (st->st_mode & S_IWOTH)
		return "anyone may write the pidfile";
	if (st->st_uid != 0 && st->st_uid != geteuid() && !place_is_owners(path, st->st_uid))
		return "the pidfile is owned by a stranger";
	return NULL;
}

/* The pid at the beginning of the text; 0 when there is none. */
static pid_t parse(const char *text)
{
	char *end;
	long pid;

	while (isspace((unsigned char)*text))
		text++;
	if (!isdigit((unsigned char)*text))
		return 0;
	errno = 0;
	pid = strtol(text, &end, 10);
	if (errno || (*end && !isspace((unsigned char)*end)) || pid <= 1 || pid > PID_LIMIT)
		return 0;
	return (pid_t)pid;
}

static bool in_memory(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 && (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC);
}

static bool same_file(const struct pidfile_memory *before, const struct pidfile_memory *now)
{
	return before && before->pid == now->pid && before->device == now->device &&
	       before->inode == now->inode && before->changed.tv_sec == now->changed.tv_sec &&
	       before->changed.tv_nsec == now->changed.tv_nsec;
}

/* By the first look: whether the process was there before the file that names it was written. */
static enum pidfile_verdict judge_date(
	const struct process *process, const char *service, int fd, const struct stat *st)
{
	double started = (double)process->ticks / (double)sysconf(_SC_CLK_TCK);
	double boot = clock_booted(), written = seconds(st->st_mtim);

	if (boot + started <= written + SLACK)
		return PIDFILE_ALIVE;
	if (written + SLACK < boot && in_memory(fd))
		return PIDFILE_ALIVE; /* the clock was set: no such file outlives a boot */
	if (strncasecmp(process->comm, service, strnlen(service, COMM_MAX)) == 0)
		return PIDFILE_ALIVE;
	return started < clock_followed() ? PIDFILE_DISTRUST : PIDFILE_DEAD;
}

/* The process lives; whether it is the one that is meant. */
static enum pidfile_verdict judge(const struct process *process, const char *service, int fd,
	const struct stat *st, const struct pidfile_memory *before, struct pidfile *result)
{
	if (!process->state)
		return PIDFILE_ALIVE; /* /proc does not show it */
	result->seen = (struct pidfile_memory){.pid = result->pid,
		.started = process->ticks,
		.device = st->st_dev,
		.inode = st->st_ino,
		.changed = st->st_ctim};
	if (same_file(before, &result->seen))
		return process->ticks == before->started ? PIDFILE_ALIVE : PIDFILE_DEAD;
	return judge_date(process, service, fd, st);
}

bool pidfile_is_another(const struct pidfile_memory *seen)
{
	struct process process;

	return process_look(seen->pid, &process) && process.state && process.ticks != seen->started;
}

/* With the file open and its status known. */
static void look_inside(int fd, const struct stat *st, const char *service,
	const struct pidfile_memory *before, struct pidfile *result)
{
	char text[PIDFILE_MAX + 2];
	struct process process;
	ssize_t n = read(fd, text, sizeof(text) - 1);

	if (n <= 0) {
		result->verdict = n < 0 ? PIDFILE_DISTRUST : PIDFILE_NONE;
		result->why = n < 0 ? "the pidfile cannot be read" : "";
		return;
	}
	text[n] = '\0';
	result->verdict = PIDFILE_DISTRUST;
	result->why = "the pidfile holds no pid";
	if (n > PIDFILE_MAX || strlen(text) != (size_t)n)
		return;
	result->pid = parse(text);
	if (!result->pid)
		return;
	result->verdict = PIDFILE_DEAD;
	if (!process_look(result->pid, &process)) {
		result->why = process.state == 'Z' ? "is a zombie" : "has ended";
		return;
	}
	result->verdict = judge(&process, service, fd, st, before, result);
	if (result->verdict == PIDFILE_DISTRUST)
		result->why = "the pidfile is older than its process, or the clock was set";
	else if (result->verdict == PIDFILE_DEAD)
		result->why = "has ended, and its number is another process's";
	else
		result->why = "";
}

void pidfile_look(const char *path, const char *service, const struct pidfile_memory *before,
	struct pidfile *result)
{
	/* O_NONBLOCK: a fifo put in its place would hold us until someone writes */
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	const char *why;

	*result = (struct pidfile){.verdict = PIDFILE_NONE, .why = ""};
	if (fd < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return;
		result->verdict = PIDFILE_DISTRUST;
		result->why = errno == ELOOP ? "the pidfile is a symbolic link"
					     : "the pidfile cannot be opened";
		return;
	}
	why = fstat(fd, &st) ? "the pidfile cannot be examined" : distrust(path, &st);
	if (why) {
		result->verdict = PIDFILE_DISTRUST;
		result->why = why;
	} else {
		look_inside(fd, &st, service, before, result);
	}
	close(fd);
}
