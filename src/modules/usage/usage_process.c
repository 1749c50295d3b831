/*
 * usage_process: see usage_process.h.
 *
 * The command name in /proc/PID/stat may contain any characters, including blanks and brackets, so
 * the fields are counted from the last closing bracket.
 */
#include "usage_process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char *root = "";

/* --- files of the kernel ---------------------------------------------------------------------- */

void usage_process_root(const char *directory)
{
	root = directory;
}

bool usage_process_path(char *path, size_t size, const char *format, ...)
{
	int n = snprintf(path, size, "%s", root), more;
	va_list ap;

	if (n < 0 || (size_t)n >= size)
		return false;
	va_start(ap, format);
	more = vsnprintf(path + n, size - (size_t)n, format, ap);
	va_end(ap);
	return more >= 0 && (size_t)more < size - (size_t)n;
}

ssize_t usage_process_file(int directory, const char *name, char *text, size_t size)
{
	int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t used = 0;
	ssize_t n = 1;

	text[0] = '\0';
	if (fd < 0)
		return -errno;
	/* Most files come whole with the first read, and the second one would cost as much. */
	while (n > 0 && used < size - 1) {
		n = read(fd, text + used, size - 1 - used);
		used += n > 0 ? (size_t)n : 0;
		if (n > 0 && n < 3072)
			break;
	}
	n = n < 0 ? -errno : (ssize_t)used;
	close(fd);
	text[used] = '\0';
	return n;
}

static int read_file(pid_t pid, const char *name, char *text, size_t size)
{
	char path[PATH_MAX];
	ssize_t n;

	if (!usage_process_path(path, sizeof(path), "/proc/%d/%s", (int)pid, name))
		return -ENAMETOOLONG;
	n = usage_process_file(AT_FDCWD, path, text, size);
	return n > 0 ? 0 : n < 0 ? (int)n : -ESRCH;
}

int64_t usage_process_number(const char *text, const char *key)
{
	size_t n = strlen(key);
	int64_t value;

	while (text != NULL && strncmp(text, key, n) != 0) {
		text = strchr(text, '\n');
		text = text != NULL ? text + 1 : NULL;
	}
	if (text == NULL || sscanf(text + n, "%" SCNd64, &value) != 1 || value < 0)
		return -1;
	return value < INT64_MAX / 1024 ? value : -1;
}

/* --- members ---------------------------------------------------------------------------------- */

void usage_members_add(struct usage_members *m, struct usage_member member)
{
	size_t size = m->size == 0 ? 1 : m->size * 2;
	struct usage_member *list;

	if (m->count == m->size) {
		list = m->count < USAGE_MEMBERS_MAX ? realloc(m->list, size * sizeof(*list)) : NULL;
		if (list == NULL) {
			m->cut = true;
			return;
		}
		m->list = list;
		m->size = size;
	}
	m->list[m->count++] = member;
}

void usage_members_free(struct usage_members *m)
{
	free(m->list);
	*m = (struct usage_members){.list = NULL};
}

/* --- stat ------------------------------------------------------------------------------------- */

/* Fields after the name: state ppid pgrp session tty tpgid flags minflt cminflt majflt cmajflt
 * utime stime cutime cstime priority nice threads itrealvalue starttime. */
bool usage_process_parse(const char *text, struct usage_stat *stat)
{
	const char *rest = strrchr(text, ')');
	int64_t times[4], threads, started;
	int parent, group, session;

	if (rest == NULL || sscanf(rest + 1,
				    " %*c %d %d %d %*s %*s %*s %*s %*s %*s %*s %" SCNd64 " %" SCNd64
				    " %" SCNd64 " %" SCNd64 " %*s %*s %" SCNd64 " %*s %" SCNd64,
				    &parent, &group, &session, &times[0], &times[1], &times[2],
				    &times[3], &threads, &started) != 9)
		return false;
	for (size_t i = 0; i < 4; i++)
		if (times[i] < 0 || times[i] > INT64_MAX / 4)
			return false;
	if (parent < 0 || threads < 0 || started < 0)
		return false;
	*stat = (struct usage_stat){.parent = parent,
		.group = group > 0 ? group : 0,
		.session = session > 0 ? session : 0,
		.own = times[0] + times[1],
		.reaped = times[2] + times[3],
		.threads = threads,
		.started = started};
	return true;
}

int usage_process_stat(pid_t pid, struct usage_stat *stat)
{
	char text[1024];
	int err = pid > 0 ? read_file(pid, "stat", text, sizeof(text)) : -ESRCH;

	if (err != 0)
		return err;
	return usage_process_parse(text, stat) ? 0 : -EPROTO;
}

double usage_process_age(pid_t pid)
{
	struct usage_stat stat;
	struct timespec now;
	double age;

	if (usage_process_stat(pid, &stat) != 0)
		return 0;
	clock_gettime(CLOCK_BOOTTIME, &now);
	age = (double)now.tv_sec + (double)now.tv_nsec / 1e9 -
	      (double)stat.started / (double)sysconf(_SC_CLK_TCK);
	return age > 0 ? age : 0;
}

bool usage_process_is_hidden(pid_t pid)
{
	struct usage_stat stat;

	return usage_process_stat(pid, &stat) != 0 && (kill(pid, 0) == 0 || errno == EPERM);
}

bool usage_process_has_ended(int err)
{
	return err == -ENOENT || err == -ESRCH;
}

/* --- other numbers ---------------------------------------------------------------------------- */

/* Files that are mapped do not count, because the kernel can read them again. Linux before 4.5 does
 * not tell them apart. */
int usage_process_memory(pid_t pid, int64_t *memory, int64_t *shared)
{
	char text[4096];
	int64_t anonymous, shm;
	int err = read_file(pid, "status", text, sizeof(text));

	if (err != 0)
		return err;
	anonymous = usage_process_number(text, "RssAnon:");
	shm = usage_process_number(text, "RssShmem:");
	if (anonymous < 0)
		anonymous = usage_process_number(text, "VmRSS:");
	*memory = anonymous > 0 ? anonymous * 1024 : 0; /* a zombie has none of the lines */
	*shared = shm > 0 ? shm * 1024 : 0;
	return 0;
}

/* A kernel without CONFIG_TASK_IO_ACCOUNTING lacks the file also for processes that run. */
int usage_process_io(pid_t pid, int64_t *read_bytes, int64_t *written)
{
	struct usage_stat stat;
	char text[512];
	int err = read_file(pid, "io", text, sizeof(text));

	if (err == -ENOENT && usage_process_stat(pid, &stat) == 0)
		return -EOPNOTSUPP;
	if (err != 0)
		return err;
	*read_bytes = usage_process_number(text, "read_bytes:");
	*written = usage_process_number(text, "write_bytes:");
	return *read_bytes >= 0 && *written >= 0 ? 0 : -EPROTO;
}

/* Each thread is a directory in task, so that the number of links tells how many there are. */
int usage_process_threads(pid_t pid, int64_t *threads)
{
	char path[PATH_MAX];
	struct stat st;

	if (!usage_process_path(path, sizeof(path), "/proc/%d/task", (int)pid))
		return -ENAMETOOLONG;
	if (stat(path, &st) < 0)
		return -errno;
	*threads = st.st_nlink > 2 ? (int64_t)st.st_nlink - 2 : 0;
	return 0;
}

static int open_files(struct usage_files *files, pid_t pid)
{
	char path[PATH_MAX];
	struct stat st;

	if (!usage_process_path(path, sizeof(path), "/proc/%d/fd", (int)pid))
		return -ENAMETOOLONG;
	if (root[0] == '\0' && stat(path, &st) == 0 && st.st_size > 0) {
		files->count += st.st_size;
		return 0;
	}
	files->dir = opendir(path);
	return files->dir != NULL ? 1 : -errno;
}

int usage_process_files(struct usage_files *files, pid_t pid, int *budget)
{
	const struct dirent *entry;
	int more = files->dir == NULL ? open_files(files, pid) : 1;

	if (more <= 0)
		return more;
	while (*budget > 0) {
		entry = readdir(files->dir);
		if (entry == NULL) {
			usage_files_close(files);
			return 0;
		}
		files->count += entry->d_name[0] != '.';
		--*budget;
	}
	return 1;
}

void usage_files_close(struct usage_files *files)
{
	if (files->dir != NULL)
		closedir(files->dir);
	files->dir = NULL;
}
