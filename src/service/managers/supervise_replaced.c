/*
 * supervise_replaced: finds the supervisor of a service directory that was replaced.
 *
 * A supervisor changes into the service directory and uses relative paths. If the path later
 * leads to another directory, the supervisor stays in the old one. If the old directory was
 * deleted, the supervisor can neither start the service again nor write its status. If it was
 * renamed, the supervisor continues there, and nothing watches the new directory unless both
 * share one supervise directory. The scanner (s6-svscan or runsvdir) does not notice this if the
 * scan directory contains a symbolic link, because the link does not change.
 *
 * A process with the supervisor's name is the old supervisor if its working directory is not the
 * directory that the path leads to now, and if one of two further conditions holds:
 *
 * 1. The argument with which the scanner started it leads to that directory now. This cannot be
 *    checked if the scanner has exited.
 * 2. Its working directory had that path when it was deleted. This does not apply to an old
 *    directory that was renamed.
 */
#include "service/managers/supervise_internal.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "process/process.h"

#define DELETED " (deleted)" /* the kernel's suffix in the path of a deleted directory */

enum found { FOUND_NONE, FOUND_OLD, FOUND_CURRENT };

struct search {
	const char *supervisor;
	bool deleted_only;
	struct stat now; /* the directory that the path leads to now */
	/* the kernel's name for that path if the directory is deleted */
	char deleted[SUPERVISE_PATH];
	char cwd[SUPERVISE_PATH]; /* working directory of the last examined process */
};

static int only_own(int error)
{
	return error_is_own(error) ? -error : 0;
}

static bool is_now(const struct search *search, const struct stat *st)
{
	return st->st_dev == search->now.st_dev && st->st_ino == search->now.st_ino;
}

static bool ends_deleted(const char *path)
{
	size_t n = strlen(path), tail = strlen(DELETED);

	return n >= tail && strcmp(path + n - tail, DELETED) == 0;
}

static bool read_link(const char *path, char *text, size_t room)
{
	ssize_t n = readlink(path, text, room - 1);

	text[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* Reads the command line of a process, in which a NUL terminates each argument. Returns its
 * length; 0 if it cannot be read; or a negative errno if vigild lacks resources. */
static ssize_t read_command(pid_t pid, char line[SUPERVISE_PATH])
{
	char path[32];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	n = process_read_file(AT_FDCWD, path, line, SUPERVISE_PATH);
	return n < 0 ? only_own((int)-n) : n;
}

static bool leads_to_now(const struct search *search, int cwd, const char *path)
{
	struct stat st;

	return fstatat(cwd, path, &st, 0) == 0 && is_now(search, &st);
}

/* Whether the scanner's name for the service leads to the current directory. s6-svscan works in
 * the scan directory; runsvdir has the scan directory as an argument. Returns 1, 0, or a
 * negative errno if vigild lacks resources. */
static int is_name_of_now(const struct search *search, pid_t scanner, const char *name)
{
	char line[SUPERVISE_PATH], path[2 * SUPERVISE_PATH];
	ssize_t n = read_command(scanner, line);
	const char *argument = line;
	bool is_name;
	int cwd;

	if (n < 0)
		return (int)n;
	snprintf(path, sizeof(path), "/proc/%d/cwd", (int)scanner);
	cwd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (cwd < 0 && error_is_own(errno))
		return -errno;
	is_name = leads_to_now(search, cwd, name);
	for (; !is_name && argument < line + n; argument += strlen(argument) + 1) {
		snprintf(path, sizeof(path), "%s/%s", argument, name);
		is_name = leads_to_now(search, cwd, path);
	}
	if (cwd >= 0)
		close(cwd);
	return is_name;
}

/* Whether the argument with which the process was started leads to the current directory.
 * Returns as is_name_of_now does. */
static int was_started_for(const struct search *search, pid_t pid, pid_t scanner)
{
	char line[SUPERVISE_PATH];
	ssize_t n = read_command(pid, line);
	size_t skip = strlen(line) + 1;

	if (n <= 0 || (ssize_t)skip >= n || line[skip] == '\0')
		return n < 0 ? (int)n : 0;
	return is_name_of_now(search, scanner, line + skip);
}

/* Examines one process. Returns an enum found, or a negative errno if vigild lacks resources. */
static int examine(struct search *search, pid_t pid)
{
	struct process process;
	struct stat st;
	char path[32];
	int r = process_read(pid, &process);

	if (r != 0 || process.state == '\0' || process.state == 'Z' ||
		strcmp(process.comm, search->supervisor) != 0)
		return r;
	snprintf(path, sizeof(path), "/proc/%d/cwd", (int)pid);
	if (stat(path, &st) != 0 || !read_link(path, search->cwd, sizeof(search->cwd)))
		return only_own(errno);
	if (is_now(search, &st))
		return FOUND_CURRENT;
	if (search->deleted_only && !ends_deleted(search->cwd))
		return FOUND_NONE;
	if (strcmp(search->cwd, search->deleted) == 0)
		return FOUND_OLD;
	r = was_started_for(search, pid, process.parent);
	return r > 0 ? FOUND_OLD : r;
}

/* Searches all processes. A supervisor in the current directory ends the search, because then
 * nothing is wrong. Returns the pid of the old supervisor, with its working directory in cwd; 0
 * if there is none; or a negative errno if vigild lacks resources. */
static pid_t look_through(struct search *search, DIR *proc, char *cwd, size_t room)
{
	const struct dirent *entry;
	pid_t old = 0;
	int r;

	while (errno = 0, (entry = readdir(proc)) != NULL) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		r = examine(search, (pid_t)atoi(entry->d_name));
		if (r < 0)
			return r;
		if (r == FOUND_CURRENT)
			return 0;
		if (r != FOUND_OLD || old > 0)
			continue;
		old = (pid_t)atoi(entry->d_name);
		snprintf(cwd, room, "%s", search->cwd);
	}
	return errno != 0 ? only_own(errno) : old;
}

static pid_t find(const struct supervise_kind *kind, const struct supervise_place *place,
	bool deleted_only, char *cwd, size_t room)
{
	struct search search = {.supervisor = kind->supervisor, .deleted_only = deleted_only};
	char path[32];
	DIR *proc;
	pid_t pid;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", place->service);
	if (fstat(place->service, &search.now) != 0 ||
		!read_link(path, search.deleted, sizeof(search.deleted) - sizeof(DELETED)))
		return only_own(errno);
	strcat(search.deleted, DELETED);
	proc = opendir("/proc");
	if (proc == NULL)
		return only_own(errno);
	pid = look_through(&search, proc, cwd, room);
	closedir(proc);
	return pid;
}

int supervise_find_replaced(const struct supervise_kind *kind, const struct supervise_place *place,
	bool deleted_only, char *text, size_t room)
{
	char cwd[SUPERVISE_PATH];
	const char *name = kind->supervisor;
	pid_t pid = find(kind, place, deleted_only, cwd, sizeof(cwd));

	if (pid == 0)
		return 0;
	if (pid < 0) {
		snprintf(text, room, "vigild could not search for a %s of the old directory: %s",
			name, strerror(-pid));
		return pid;
	}
	if (ends_deleted(cwd))
		snprintf(cwd, sizeof(cwd), "the deleted one");
	snprintf(text, room,
		"its service directory was replaced: the old %s, process %d, still runs in %.150s; "
		"end process %d, so that a new %s watches %.150s",
		name, (int)pid, cwd, (int)pid, name, place->path);
	return 1;
}
