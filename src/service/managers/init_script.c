/*
 * init_script: see init_script.h. A script runs with vigild's rights. So vigild runs it only if
 * trust finds that no other user could have written it.
 *
 * While an admin's `stop` or `restart` is in progress, the service's process has exited, and
 * this looks like a crash: the pidfile still exists, or it is missing although the service is
 * about to be started. There is no list of such jobs, unlike with systemd. But the script is a
 * process, and its command line shows the argument. If not all processes can be checked, vigild
 * cannot know whether one runs the script, and the functions return an error instead of "none".
 */
#include "service/managers/init_script.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/trust.h"
#include "process/process.h"
#include "service/manager.h"

bool init_script_find(
	const char *dir, const char *name, char path[INIT_SCRIPT_PATH], struct manager_reply *reply)
{
	char why[TRUST_WHY];
	struct stat st;

	if (snprintf(path, INIT_SCRIPT_PATH, "%s/%s", dir, name) >= INIT_SCRIPT_PATH) {
		manager_fault(reply, -ENAMETOOLONG, VIGIL_FAULT_FAILED, "init_dir is too long");
		return false;
	}
	if (stat(path, &st)) {
		if (errno == ENOENT || errno == ENOTDIR)
			reply->status = VIGIL_SERVICE_ABSENT;
		else
			manager_fault(
				reply, -errno, VIGIL_FAULT_FAILED, "%s: %s", path, strerror(errno));
		return false;
	}
	if (!S_ISREG(st.st_mode) || !(st.st_mode & 0111)) {
		manager_fault(
			reply, -EPERM, VIGIL_FAULT_FAILED, "%s is not an executable file", path);
		return false;
	}
	return manager_trust(path, trust_path(path, NULL, 0, why, sizeof(why)), why, reply);
}

/* --- the process that runs it ----------------------------------------------------------------- */

/* the number of arguments that are searched for the script, because the interpreter, or a
 * program such as env, precedes it */
#define ARGUMENTS 8

/* Returns 0 if the error means that the process has exited, because then it does not run the
 * script. Returns -errno for any other error, because the process may run the script. */
static int unless_gone(int error)
{
	return error == ENOENT || error == ESRCH ? 0 : -error;
}

/* Reads the command line of a process, in which a NUL terminates each argument. Returns its
 * length; 0 if it has none; or -errno. */
static ssize_t command_line(int process, char *text, size_t room)
{
	ssize_t n = process_read_file(process, "cmdline", text, room);

	return n < 0 ? unless_gone((int)-n) : n;
}

/* Whether an argument of the process names the script. The names are compared first, because
 * that costs nothing. Then the files are compared, so that a link or a path relative to the
 * working directory of the process also matches. */
static bool is_script(
	int process, const char *argument, const char *name, const struct stat *script)
{
	size_t n = strlen(argument), tail = strlen(name);
	struct stat st;
	int cwd, err;

	if (n < tail || strcmp(argument + n - tail, name) != 0)
		return false;
	cwd = openat(process, "cwd", O_PATH | O_CLOEXEC);
	err = fstatat(cwd, argument, &st, 0);
	if (cwd >= 0)
		close(cwd);
	return err == 0 && st.st_dev == script->st_dev && st.st_ino == script->st_ino;
}

bool init_script_uids(const char *status, uid_t uids[4])
{
	const char *at = strstr(status, "\nUid:");
	unsigned long long uid;
	char *end;

	if (at == NULL)
		return false;
	at += strlen("\nUid:");
	for (int i = 0; i < 4; i++, at = end) {
		at += strspn(at, " \t");
		uid = strtoull(at, &end, 10);
		/* Reject a sign, and a number that truncation to 32 bits would change. */
		if (!isdigit((unsigned char)*at) || uid > UINT32_MAX)
			return false;
		uids[i] = (uid_t)uid;
	}
	return *end == '\n';
}

/* Whether the real, effective, saved and file system user ids of a process all belong to root or
 * to vigild's user. A setuid program that another user runs has only some of them, and that user
 * may write anything in its command line. Returns 1, 0 or -errno. */
static int is_ours_entirely(int process)
{
	char status[4096];
	ssize_t n = process_read_file(process, "status", status, sizeof(status));
	uid_t uids[4];

	if (n < 0)
		return unless_gone((int)-n);
	if (!init_script_uids(status, uids))
		return 0;
	for (int i = 0; i < 4; i++)
		if (!trust_uid(uids[i], NULL))
			return 0;
	return 1;
}

static bool is_shell(const char *program)
{
	static const char *const shells[] = {
		"sh", "dash", "bash", "ash", "busybox", "ksh", "mksh", "zsh", "openrc-run"};
	const char *slash = strrchr(program, '/'), *name = slash != NULL ? slash + 1 : program;

	for (size_t i = 0; i < sizeof(shells) / sizeof(*shells); i++)
		if (strcmp(name, shells[i]) == 0)
			return true;
	return false;
}

bool init_script_interpreter(const char *text, char path[INIT_SCRIPT_PATH])
{
	size_t n;

	path[0] = '\0';
	if (strncmp(text, "#!", 2) != 0)
		return false;
	text += 2 + strspn(text + 2, " \t");
	n = strcspn(text, " \t\n");
	/* The kernel also accepts a relative path, but vigild cannot know which file that is. */
	if (*text != '/' || n >= INIT_SCRIPT_PATH)
		return false;
	memcpy(path, text, n);
	path[n] = '\0';
	return true;
}

/* Whether the program of a process may run the script: it is the script itself, the interpreter
 * in its first line, or a shell. An editor that has the script open does not count. Returns 1, 0
 * or -errno. */
static int may_run(int process, const char *path, const struct stat *script)
{
	char program[INIT_SCRIPT_PATH], text[INIT_SCRIPT_PATH], interpreter[INIT_SCRIPT_PATH];
	ssize_t n = readlinkat(process, "exe", program, sizeof(program) - 1);
	struct stat exe, st;

	if (n < 0) /* a process of root, which an ordinary user may not examine */
		return errno == EACCES || errno == EPERM ? 1 : unless_gone(errno);
	program[n] = '\0';
	if (is_shell(program))
		return 1;
	if (fstatat(process, "exe", &exe, 0) != 0)
		return unless_gone(errno);
	if (exe.st_dev == script->st_dev && exe.st_ino == script->st_ino)
		return 1;
	process_read_file(AT_FDCWD, path, text, sizeof(text));
	if (!init_script_interpreter(text, interpreter))
		return 0;
	return stat(interpreter, &st) == 0 && exe.st_dev == st.st_dev && exe.st_ino == st.st_ino;
}

/* Whether a process runs the script that its command line names. Returns 1, 0 or -errno. */
static int is_runner(int process, const char *path, const struct stat *script)
{
	int r = is_ours_entirely(process);

	return r > 0 ? may_run(process, path, script) : r;
}

/* Whether the process runs the script with another argument than "status"; verb gets the
 * argument. Returns 1, 0 or -errno. */
static int runs(int process, const char *path, const char *name, const struct stat *script,
	char verb[INIT_SCRIPT_VERB])
{
	char text[2 * INIT_SCRIPT_PATH];
	const char *argument = text;
	struct stat st;
	ssize_t n;
	int i, r;

	if (fstat(process, &st))
		return unless_gone(errno);
	if (!trust_uid(st.st_uid, NULL))
		return 0; /* another user may write anything in a command line */
	n = command_line(process, text, sizeof(text));
	for (i = 0; n > 0 && i < ARGUMENTS && argument < text + n; i++) {
		const char *next = argument + strlen(argument) + 1;

		if (next < text + n && is_script(process, argument, name, script)) {
			r = is_runner(process, path, script);
			if (r <= 0)
				return r;
			snprintf(verb, INIT_SCRIPT_VERB, "%s", next);
			return strcmp(verb, "status") != 0;
		}
		argument = next;
	}
	return n < 0 ? (int)n : 0;
}

/* Like runs, for a process that is given as its name in /proc. */
static int runs_at(DIR *proc, const char *number, const char *path, const char *name,
	const struct stat *script, char *verb)
{
	int process = openat(dirfd(proc), number, O_PATH | O_CLOEXEC), r;

	if (process < 0)
		return unless_gone(errno);
	r = runs(process, path, name, script, verb);
	close(process);
	return r;
}

/* Checks all processes. Process 1 always exists: if /proc does not show it, other processes may
 * be hidden, too. */
static pid_t look_through(DIR *proc, const char *path, char verb[INIT_SCRIPT_VERB])
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	const struct dirent *entry;
	int r, unknown = 0;
	bool first = false;
	struct stat script;

	if (stat(path, &script))
		return unless_gone(errno);
	while (errno = 0, (entry = readdir(proc)) != NULL) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		r = runs_at(proc, entry->d_name, path, name, &script, verb);
		if (r > 0)
			return (pid_t)atoi(entry->d_name);
		if (r < 0)
			unknown = r;
		first |= strcmp(entry->d_name, "1") == 0;
	}
	if (errno)
		return -errno;
	return unknown || first ? unknown : -EACCES;
}

pid_t init_script_runner(const char *path, char verb[INIT_SCRIPT_VERB])
{
	DIR *proc = opendir("/proc");
	pid_t pid = proc ? 0 : -errno;

	if (proc) {
		pid = look_through(proc, path, verb);
		closedir(proc);
	}
	return pid;
}
