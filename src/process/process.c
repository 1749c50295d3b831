/*
 * process: see process.h.  vigild can find out without a descriptor that a process does not exist.
 * For all other answers it needs one.  So when descriptors or memory are lacking, the functions
 * return an error and do not report that the process has ended.
 */
#include "process/process.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"

ssize_t process_read_file(int directory, const char *name, char *text, size_t size)
{
	int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);

	if (n < 0)
		n = -errno;
	if (fd >= 0)
		close(fd);
	text[n > 0 ? n : 0] = '\0';
	return n;
}

/* Accepts only digits, because sscanf would accept a sign or a number that is too large. */
static bool parse_ticks(const char *digits, uint64_t *ticks)
{
	char *end;

	errno = 0;
	*ticks = strtoull(digits, &end, 10);
	return errno == 0 && *end == '\0';
}

/* Accepts -1 for the group and the session, because the kernel writes it for a process that is
 * being removed. */
static bool are_pids(long long parent, long long group, long long session)
{
	return parent >= 0 && parent <= INT_MAX && group >= -1 && group <= INT_MAX &&
	       session >= -1 && session <= INT_MAX;
}

bool process_parse(char *text, struct process *process)
{
	/* A process can choose any name, also one with parentheses and blanks. */
	char *open_paren = strchr(text, '('), *close_paren = strrchr(text, ')');
	long long parent, group, session;
	char digits[24];

	if (open_paren == NULL || close_paren == NULL || close_paren < open_paren)
		return false;
	if (sscanf(close_paren + 1,
		    " %c %lld %lld %lld %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
		    "%*s "
		    "%23[0-9]",
		    &process->state, &parent, &group, &session, digits) != 5)
		return false;
	if (!isalpha((unsigned char)process->state) || !are_pids(parent, group, session) ||
		!parse_ticks(digits, &process->ticks))
		return false;
	process->parent = (pid_t)parent;
	process->group = (pid_t)group;
	process->session = (pid_t)session;
	*close_paren = '\0';
	snprintf(process->comm, sizeof(process->comm), "%s", open_paren + 1);
	return true;
}

static ssize_t read_stat(pid_t pid, char *text, size_t size)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	return process_read_file(AT_FDCWD, path, text, size);
}

/* The exit status is the last number of the file. */
int process_zombie_status(pid_t pid)
{
	char text[1024], *end;
	struct process process;
	long status = 0;

	if (read_stat(pid, text, sizeof(text)) <= 0)
		return -ESRCH;
	end = strrchr(text, ' ');
	if (end != NULL)
		status = strtol(end, NULL, 10);
	if (!process_parse(text, &process) || process.state != 'Z')
		return -ESRCH;
	return status > 0 && status <= 0xffff ? (int)status : 0;
}

int process_read(pid_t pid, struct process *process)
{
	char text[1024];
	ssize_t n;

	process->state = '\0';
	n = read_stat(pid, text, sizeof(text));
	if (!process_parse(text, process))
		process->state = '\0';
	return n < 0 && error_is_own((int)n) ? (int)n : 0;
}

/* A pidfd is readable when the process has exited, even before it is reaped.  Returns 1 when it has
 * exited, 0 when it has not, or a negative errno. */
static int has_ended(int pidfd)
{
	struct pollfd fd = {.fd = pidfd, .events = POLLIN};
	int n = poll(&fd, 1, 0);

	return n < 0 ? -errno : n > 0;
}

/* Finds out by the pid, without a pidfd.  error: why there is no pidfd. */
static int number_lives(pid_t pid, int error)
{
	if (kill(pid, 0) != 0 && errno == ESRCH)
		return 0;
	/* Without a pidfd the answer is uncertain, because kill also succeeds for zombies and
	 * threads. */
	return error_is_own(error) ? error : 1;
}

int process_look(pid_t pid, struct process *process)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0), error = pidfd < 0 ? -errno : 0, lives;
	int err;

	process->state = '\0';
	if (error == -ESRCH || error == -EINVAL || error == -ENOENT)
		return 0; /* EINVAL: the number is now that of a thread */
	err = process_read(pid, process);
	if (pidfd < 0) {
		lives = number_lives(pid, error);
	} else {
		/* This check comes after reading /proc, so that the data are of the same
		 * process. */
		lives = has_ended(pidfd);
		lives = lives < 0 ? lives : !lives;
		close(pidfd);
	}
	if (process->state == 'Z' || process->state == 'X')
		return 0;
	return lives == 1 && err != 0 ? err : lives;
}

uint64_t process_ticks_now(void)
{
	struct timespec now;
	uint64_t ticks = (uint64_t)sysconf(_SC_CLK_TCK);

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * ticks + (uint64_t)now.tv_nsec * ticks / 1000000000;
}

bool process_lives(pid_t pid)
{
	struct process process;

	return pid > 0 && process_look(pid, &process) != 0;
}
