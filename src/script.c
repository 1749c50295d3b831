/*
 * script: finds an init script, and says whether it may be run.
 *
 * What is run here is run with vigild's rights, so it is run only when nobody else could have
 * written it: neither the script nor, by putting another in its place, the directory.
 *
 * An admin or a package runs it, too.  While one does, the service is on its way somewhere: its
 * process may be gone and its pidfile still there, which looks like a crash and is none.
 */
#include "script.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "manager.h"

static bool is_ours(const struct stat *st)
{
	return st->st_uid == 0 || st->st_uid == geteuid();
}

/* Whether others than its owner could have changed it.  Root's group is root. */
static bool is_open(const struct stat *st)
{
	return (st->st_mode & S_IWOTH) || ((st->st_mode & S_IWGRP) && st->st_gid != 0);
}

bool script_find(
	const char *dir, const char *name, char path[SCRIPT_PATH], struct manager_reply *reply)
{
	const char *wrong = NULL;
	struct stat st, above;

	if (snprintf(path, SCRIPT_PATH, "%s/%s", dir, name) >= SCRIPT_PATH) {
		manager_fault(reply, -ENAMETOOLONG, VIGIL_FAULT_FAILED, "init_dir is too long");
		return false;
	}
	if (stat(dir, &above) || stat(path, &st)) {
		if (errno == ENOENT || errno == ENOTDIR)
			reply->status = VIGIL_SERVICE_ABSENT;
		else
			manager_fault(
				reply, -errno, VIGIL_FAULT_FAILED, "%s: %s", path, strerror(errno));
		return false;
	}
	if (!S_ISREG(st.st_mode) || !(st.st_mode & 0111))
		wrong = "is no executable file";
	else if (!is_ours(&st))
		wrong = "is not run: it is owned by neither root nor vigild's user";
	else if (is_open(&st))
		wrong = "is not run: others than its owner may write it";
	else if (!is_ours(&above) || (is_open(&above) && !(above.st_mode & S_ISVTX)))
		wrong = "is not run: others may write the directory it lies in";
	if (wrong)
		manager_fault(reply, -EPERM, VIGIL_FAULT_FAILED, "%s %s", path, wrong);
	return !wrong;
}

/* The words of a process's command line; the last of them may be cut.  0: none can be read. */
static size_t read_words(const char *pid, char *text, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%.20s/cmdline", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, size - 1);
	close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	return (size_t)n;
}

/* What the script is asked for by that command line: PATH VERB, or INTERPRETER [OPTION] PATH VERB.
 * NULL: it does not run it. */
static const char *asked_for(const char *words, size_t length, const char *path)
{
	const char *word = words, *end = words + length;

	for (int i = 0; i < 3 && word < end; i++, word += strlen(word) + 1)
		if (strcmp(word, path) == 0) {
			word += strlen(word) + 1;
			return word < end ? word : NULL;
		}
	return NULL;
}

pid_t script_runner(const char *path, char verb[SCRIPT_VERB])
{
	DIR *proc = opendir("/proc");
	char words[SCRIPT_PATH + 256];
	const char *asked;
	struct dirent *entry;
	pid_t pid = 0;
	size_t length;

	while (proc && !pid && (entry = readdir(proc))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		length = read_words(entry->d_name, words, sizeof(words));
		asked = asked_for(words, length, path);
		if (!asked || strcmp(asked, "status") == 0)
			continue;
		pid = (pid_t)atol(entry->d_name);
		snprintf(verb, SCRIPT_VERB, "%s", asked);
	}
	if (proc)
		closedir(proc);
	return pid;
}
