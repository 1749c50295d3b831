/*
 * shutdown: see shutdown.h. While the machine goes down, its services are stopped one after the
 * other. A service that is started again in between is not stopped a second time. It would run
 * until the machine halts, while its file systems are unmounted. systemd itself refuses such a
 * start. The other managers leave these traces:
 *
 *   sysvinit  init records the runlevel in utmp and runs the script rc with it until everything
 *             is stopped.
 *   OpenRC    the file softlevel has the runlevel before the first service is stopped; a
 *             directory rc.stopping exists while services are stopped. Debian's runlevels are
 *             called "off" and "recovery", OpenRC's own are called "shutdown" and "single".
 *   runit     a file stopit is made executable, then /etc/runit/3 is run.
 *
 * Single-user mode counts only while services are being stopped for it.
 */
#include "service/shutdown.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utmpx.h>

#include "base/clock.h"
#include "base/trust.h"
#include "process/process.h"

#define SLACK 60 /* seconds; a record up to this much older than the boot may be of this boot */

static const char sysvinit[] = "the machine is shutting down (sysvinit)";
static const char sysvinit_single[] = "the machine enters single-user mode (sysvinit)";
static const char openrc[] = "the machine is shutting down (OpenRC)";
static const char runit[] = "the machine is shutting down (runit)";

static int stat_at(const char *root, const char *path, struct stat *st)
{
	char full[PATH_MAX];

	if (snprintf(full, sizeof(full), "%s%s", root, path) >= (int)sizeof(full))
		return -1;
	return stat(full, st);
}

/* Opens a file that only root and vigild's user could have created. Returns a descriptor
 * (O_PATH), or -1. A file that others could write is ignored, because with it they could keep
 * vigild from restarting services. with_group: the group of the file may write it, too. */
static int open_trusted(const char *root, const char *path, bool with_group)
{
	struct trust_user group = {.uid = 0};
	char full[PATH_MAX], why[TRUST_WHY];
	struct stat st;
	int place;

	if (stat_at(root, path, &st) != 0)
		return -1;
	snprintf(full, sizeof(full), "%s%s", root, path);
	group.gid = st.st_gid;
	place = trust_open(full, with_group ? &group : NULL, 0, &st, why, sizeof(why));
	return place < 0 ? -1 : place;
}

static bool is_trusted(const char *root, const char *path)
{
	int fd = open_trusted(root, path, false);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static int open_to_read(const char *root, const char *path, bool with_group)
{
	int place = open_trusted(root, path, with_group), fd;

	if (place < 0)
		return -1;
	fd = trust_reopen(place, O_RDONLY | O_NONBLOCK);
	close(place);
	return fd;
}

static int open_at(const char *root, const char *path, int flags)
{
	char full[PATH_MAX];

	if (snprintf(full, sizeof(full), "%s%s", root, path) >= (int)sizeof(full))
		return -1;
	return open(full, flags | O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

/* --- OpenRC and runit ------------------------------------------------------------------------- */

static bool is_among(const char *word, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcmp(word, *words) == 0)
			return true;
	return false;
}

static const char *openrc_goes_down(const char *root)
{
	static const char *const down[] = {"shutdown", "reboot", "off", NULL};
	static const char *const single[] = {"single", "recovery", NULL};
	char level[64];
	ssize_t n = -1;
	int fd = open_to_read(root, "/run/openrc/softlevel", false);

	if (fd >= 0) {
		n = read(fd, level, sizeof(level) - 1);
		close(fd);
	}
	level[n > 0 ? n : 0] = '\0';
	level[strcspn(level, "\n")] = '\0';
	if (is_among(level, down))
		return openrc;
	if (is_among(level, single) && is_trusted(root, "/run/openrc/rc.stopping"))
		return "the machine enters single-user mode (OpenRC)";
	return NULL;
}

/* On some machines the file always exists. runit itself only checks whether the file is
 * executable, and so does this function. */
static const char *runit_goes_down(const char *root)
{
	static const char *const files[] = {
		"/run/runit.stopit", /* Debian */
		"/run/runit/stopit", /* Void */
		"/etc/runit/stopit", /* runit's own */
	};
	struct stat st;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (stat_at(root, files[i], &st) == 0 && (st.st_mode & S_IXUSR) &&
			is_trusted(root, files[i]))
			return runit;
	return NULL;
}

/* --- utmp ------------------------------------------------------------------------------------- */

/* Whether the record says that the machine is going down. A record that is older than this boot
 * is ignored: the previous boot left it, or it came with the image of a container. */
static bool is_going_down(const struct utmpx *record)
{
	int level = record->ut_pid % 256;

	return (level == '0' || level == '6') &&
	       (double)record->ut_tv.tv_sec + SLACK >= clock_boot_time();
}

/* The last runlevel record is the current one. */
static const char *utmp_goes_down(const char *root)
{
	struct utmpx records[16];
	const char *why = NULL;
	ssize_t n;
	/* The group may write the file, because programs that are set-group-ID to it record
	 * terminals there. */
	int fd = open_to_read(root, "/run/utmp", true);

	if (fd < 0)
		fd = open_to_read(root, "/var/run/utmp", true);
	if (fd < 0)
		return NULL;
	while ((n = read(fd, records, sizeof(records))) >= (ssize_t)sizeof(records[0]))
		for (size_t i = 0; i < (size_t)n / sizeof(records[0]); i++)
			if (records[i].ut_type == RUN_LVL)
				why = is_going_down(&records[i]) ? sysvinit : NULL;
	close(fd);
	return why;
}

/* --- processes -------------------------------------------------------------------------------- */

#define ARGUMENTS 8

/* Scripts that take the machine down, and the first argument with which they do so ("": any or
 * none). */
static const struct {
	const char *path, *levels, *why;
} scripts[] = {
	{"/lib/init/rc", "0 6", sysvinit},
	{"/lib/init/rc", "1", sysvinit_single},
	{"/etc/init.d/rc", "0 6", sysvinit},
	{"/etc/init.d/rc", "1", sysvinit_single},
	{"/etc/rc.d/rc", "0 6", sysvinit},
	{"/etc/rc.d/rc", "1", sysvinit_single},
	{"/etc/rc.d/rc.0", "", sysvinit}, /* Slackware */
	{"/etc/rc.d/rc.6", "", sysvinit},
	{"/etc/runit/3", "", runit},
	{"openrc", "shutdown reboot off", openrc},
	{"/sbin/openrc", "shutdown reboot off", openrc},
	{"/usr/sbin/openrc", "shutdown reboot off", openrc},
};

static bool has_word(const char *words, const char *word)
{
	size_t n = strlen(word);
	const char *at = n > 0 ? strstr(words, word) : NULL;

	for (; at != NULL; at = strstr(at + n, word))
		if ((at == words || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0'))
			return true;
	return false;
}

static bool is_shell(const char *program)
{
	size_t n = strlen(program);

	return n >= 2 && strcmp(program + n - 2, "sh") == 0;
}

/* Checks a command line, which is terminated by NULL. In the command line of a script, the shell
 * precedes the script. A script that does not exist cannot be running. */
static const char *command_goes_down(const char *root, const char *const *arguments)
{
	struct stat st;

	if (arguments[0] != NULL && is_shell(arguments[0]))
		for (arguments++; *arguments != NULL && **arguments == '-';)
			arguments++;
	for (size_t i = 0; arguments[0] != NULL && i < sizeof(scripts) / sizeof(scripts[0]); i++)
		if (strcmp(arguments[0], scripts[i].path) == 0 &&
			(*scripts[i].path != '/' || stat_at(root, scripts[i].path, &st) == 0) &&
			(*scripts[i].levels == '\0' ||
				(arguments[1] != NULL &&
					has_word(scripts[i].levels, arguments[1]))))
			return scripts[i].why;
	return NULL;
}

/* Whether the process is in a container, because a container that goes down is not the machine.
 * The processes of a container have additional pids in a nested namespace, which
 * /proc/PID/status shows to every user. A process that has exited is ignored, so this returns
 * true for it. If the status cannot be read for another reason, the process counts and this
 * returns false. */
static bool is_in_container(int proc, const char *number)
{
	char path[64], text[4096], *numbers, *end;
	ssize_t n;

	snprintf(path, sizeof(path), "%.20s/status", number);
	n = process_read_file(proc, path, text, sizeof(text));
	if (n < 0)
		return n == -ENOENT || n == -ESRCH;
	numbers = strstr(text, "\nNSpid:");
	if (numbers == NULL)
		return false;
	numbers += sizeof("\nNSpid:") - 1;
	strtol(numbers, &end, 10);
	return *end == '\t';
}

/* Checks the process in the directory number of proc. */
static const char *process_goes_down(const char *root, int proc, const char *number)
{
	const char *why;
	const char *arguments[ARGUMENTS + 1] = {NULL};
	char path[64], text[512];
	struct stat st;
	ssize_t n, at = 0;

	/* A process of another user is ignored, because any user could start it. The owner of the
	 * directory is the user of the process. The files in it may be owned by root, if the
	 * process is not dumpable. */
	if (fstatat(proc, number, &st, 0) != 0 || !trust_uid(st.st_uid, NULL))
		return NULL;
	snprintf(path, sizeof(path), "%.20s/cmdline", number);
	n = process_read_file(proc, path, text, sizeof(text));
	for (int i = 0; i < ARGUMENTS && at < n; i++) {
		arguments[i] = text + at;
		at += (ssize_t)strlen(text + at) + 1;
	}
	why = command_goes_down(root, arguments);
	return why != NULL && !is_in_container(proc, number) ? why : NULL;
}

static const char *processes_go_down(const char *root)
{
	const struct dirent *entry;
	const char *why = NULL;
	int fd = open_at(root, "/proc", O_DIRECTORY);
	DIR *proc = fd >= 0 ? fdopendir(fd) : NULL;

	if (proc == NULL) {
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	while (why == NULL && (entry = readdir(proc)) != NULL)
		if (isdigit((unsigned char)entry->d_name[0]))
			why = process_goes_down(root, dirfd(proc), entry->d_name);
	closedir(proc);
	return why;
}

/* Whether any of the scripts exists; if not, no process can run one. */
static bool has_scripts(const char *root)
{
	struct stat st;

	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++)
		if (scripts[i].path[0] == '/' && stat_at(root, scripts[i].path, &st) == 0)
			return true;
	return false;
}

const char *shutdown_announced(const char *root)
{
	static const char *(*const signs[])(const char *root) = {
		openrc_goes_down, runit_goes_down, utmp_goes_down};
	const char *why = NULL;

	for (size_t i = 0; why == NULL && i < sizeof(signs) / sizeof(signs[0]); i++)
		why = signs[i](root);
	return why;
}

const char *shutdown_in_progress(const char *root)
{
	const char *why = shutdown_announced(root);
	struct stat st;

	if (why == NULL && stat_at(root, "/run/systemd/system", &st) != 0 && has_scripts(root))
		why = processes_go_down(root);
	return why;
}
