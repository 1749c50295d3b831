/*
 * process_table: see process_table.h. A daemon may be replaced by a successor process, or an admin
 * may start it again, without a pidfile that names the new process. The executable alone does not
 * identify the service, because many services are scripts of the same interpreter, and a login
 * server leaves sessions behind that run the same program. So the command line and the working
 * directory must be the same, too. The user must be the same, because every user may start a
 * program under any name. A process in another container or in another unit of systemd belongs to
 * that container or unit. Two services may still be the same in all of this. So a successor must
 * also be in the process group of the exited process, or have been started about when that process
 * exited or later.
 *
 * If several processes match and none of them is the parent of the others, they may be children
 * that the exited process left behind, or belong to another service. Then no process is
 * reported.
 */
#include "service/process_table.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "process/process.h"

#define MATCHES_MAX 256
#define TEXT_MAX    4096 /* bytes of the command line and of the control group that are compared */

struct match {
	pid_t pid, parent;
};

static int only_own(int error)
{
	return error_is_own(error) ? -error : 0;
}

/* --- the identity of a process ---------------------------------------------------------------- */

/* FNV-1a */
static uint64_t hash(const char *bytes, ssize_t n)
{
	uint64_t value = 0xcbf29ce484222325;

	for (ssize_t i = 0; i < n; i++)
		value = (value ^ (unsigned char)bytes[i]) * 0x100000001b3;
	return value;
}

/* Like process_read_file, but also sets errno on failure. */
static ssize_t read_start(int process, const char *name, char text[TEXT_MAX])
{
	ssize_t n = process_read_file(process, name, text, TEXT_MAX);

	if (n < 0)
		errno = (int)-n;
	return n;
}

static bool read_command(int process, uint64_t *command)
{
	char line[TEXT_MAX];
	ssize_t n = read_start(process, "cmdline", line);

	*command = hash(line, n);
	return n > 0;
}

/* Reads the pid namespace and the control group. A kernel without them is not an error. */
static bool read_surroundings(int process, struct process_identity *identity)
{
	char group[TEXT_MAX];
	ssize_t n = read_start(process, "cgroup", group);
	struct stat namespace = {.st_ino = 0};

	if ((n < 0 && errno != ENOENT) ||
		(fstatat(process, "ns/pid", &namespace, 0) != 0 && errno != ENOENT))
		return false;
	identity->namespace = namespace.st_ino;
	identity->control_group = hash(group, n);
	identity->in_unit = strstr(group, ".service") != NULL;
	return true;
}

/* Returns false with errno set if any part cannot be read. */
static bool read_files(int process, struct process_identity *identity)
{
	struct stat exe, cwd, owner;

	errno = 0;
	if (fstatat(process, "exe", &exe, 0) != 0 || fstatat(process, "cwd", &cwd, 0) != 0 ||
		fstat(process, &owner) != 0 || !read_command(process, &identity->command) ||
		!read_surroundings(process, identity))
		return false;
	identity->device = exe.st_dev;
	identity->inode = exe.st_ino;
	identity->cwd_device = cwd.st_dev;
	identity->cwd_inode = cwd.st_ino;
	identity->user = owner.st_uid;
	return true;
}

/* Like process_table_identify, for a process whose stat was read already. */
static int identify(pid_t pid, const struct process *process, struct process_identity *identity)
{
	char path[32];
	int fd, r = 1;

	*identity = (struct process_identity){
		.pid = pid, .group = process->group, .ticks = process->ticks};
	snprintf(identity->comm, sizeof(identity->comm), "%.15s", process->comm);
	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || !read_files(fd, identity)) {
		r = only_own(errno);
		identity->pid = 0;
	}
	if (fd >= 0)
		close(fd);
	return r;
}

static bool is_alive(const struct process *process)
{
	return process->state != '\0' && process->state != 'Z' && process->state != 'X';
}

int process_table_identify(pid_t pid, struct process_identity *identity)
{
	struct process process;
	int err = process_read(pid, &process);

	identity->pid = 0;
	return err != 0 || !is_alive(&process) ? err : identify(pid, &process, identity);
}

/* --- the search ------------------------------------------------------------------------------- */

static bool is_same_unit(const struct process_identity *a, const struct process_identity *b)
{
	return a->control_group == b->control_group || (!a->in_unit && !b->in_unit);
}

static bool is_same(const struct process_identity *a, const struct process_identity *b)
{
	return a->device == b->device && a->inode == b->inode && a->cwd_device == b->cwd_device &&
	       a->cwd_inode == b->cwd_inode && a->user == b->user && a->command == b->command &&
	       a->namespace == b->namespace && is_same_unit(a, b);
}

/* Whether the start time and the process group allow this process to be the successor. A process
 * that is replaced by a successor exits shortly after the successor starts, so the limit is a
 * quarter of a second before the exit. */
static bool may_succeed(
	const struct process_identity *known, uint64_t died_ticks, const struct process *process)
{
	uint64_t moment = (uint64_t)sysconf(_SC_CLK_TCK) / 4;

	return process->ticks >= known->ticks &&
	       (process->group == known->group || process->ticks + moment >= died_ticks);
}

/* Returns 1 if the process belongs to the service, 0 if it does not, or a negative errno if
 * vigild lacks resources. */
static int matches(
	const struct process_identity *known, uint64_t died_ticks, pid_t pid, pid_t *parent)
{
	struct process process;
	struct process_identity identity;
	int r = process_read(pid, &process);

	if (r != 0 || !is_alive(&process) || !may_succeed(known, died_ticks, &process) ||
		strncmp(process.comm, known->comm, sizeof(known->comm) - 1) != 0)
		return r;
	*parent = process.parent;
	r = identify(pid, &process, &identity);
	return r > 0 ? is_same(known, &identity) : r;
}

/* Returns the number of matches, at most MATCHES_MAX; or a negative errno. */
static int look_through(
	const struct process_identity *known, uint64_t died_ticks, DIR *proc, struct match *found)
{
	const struct dirent *entry;
	int r, count = 0;

	while (count < MATCHES_MAX && (errno = 0, entry = readdir(proc)) != NULL) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		found[count].pid = (pid_t)atoi(entry->d_name);
		r = matches(known, died_ticks, found[count].pid, &found[count].parent);
		if (r < 0)
			return r;
		count += r;
	}
	return count < MATCHES_MAX && errno != 0 ? only_own(errno) : count;
}

static bool has_parent(const struct match *found, int count, const struct match *match)
{
	for (int i = 0; i < count; i++)
		if (found[i].pid == match->parent)
			return true;
	return false;
}

/* Returns the only match whose parent is not a match; 0 if there is none or more than one. */
static pid_t find_leader(const struct match *found, int count)
{
	pid_t leader = 0;

	for (int i = 0; i < count; i++) {
		if (has_parent(found, count, &found[i]))
			continue;
		if (leader > 0)
			return 0;
		leader = found[i].pid;
	}
	return leader;
}

pid_t process_table_find(const struct process_identity *known, uint64_t died_ticks)
{
	struct match found[MATCHES_MAX];
	struct process process;
	int count = process_read(known->pid, &process);
	DIR *proc;

	if (count != 0)
		return count;
	if (is_alive(&process) && process.ticks == known->ticks)
		return known->pid;
	proc = opendir("/proc");
	if (proc == NULL)
		return only_own(errno);
	count = look_through(known, died_ticks, proc, found);
	closedir(proc);
	return count < 0 ? count : count < MATCHES_MAX ? find_leader(found, count) : 0;
}
