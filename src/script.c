/*
 * script: finds an init script, and says whether it may be run.
 *
 * What is run here is run with vigild's rights, so it is run only when nobody else could have
 * written it: neither the script nor, by putting another in its place, the directory.
 */
#include "script.h"

#include <errno.h>
#include <stdio.h>
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
