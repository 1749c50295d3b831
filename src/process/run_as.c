/*
 * run_as: looks up users and builds the command line of setpriv.
 *
 * There are two other ways, which are worse.  A helper program of vigil would be one more
 * privileged program that an admin must trust.  A thread that drops its privileges before it calls
 * posix_spawn would share its memory and its signals with an untrusted user.  setpriv is part of
 * util-linux, which every machine with a service manager has.  When setpriv cannot start the
 * program, it writes the reason to stderr and exits with 127 or 126, as a shell does.
 */
#include "process/run_as.h"

#include <errno.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"

struct run_as {
	const char *setpriv; /* NULL: vigild's own user, setpriv is not needed */
	struct trust_user ids;
	char reuid[32], regid[32];
	char *environment[4];
};

static const char *find_setpriv(void)
{
	static const char *const places[] = {"/usr/bin/setpriv", "/bin/setpriv"};

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		if (access(places[i], X_OK) == 0)
			return places[i];
	return NULL;
}

int run_as_find(const char *name, struct run_as **user)
{
	const struct passwd *entry;
	const char *setpriv = find_setpriv();
	bool other;

	errno = 0;
	entry = getpwnam(name);
	if (entry == NULL)
		return errno == ENOMEM || errno == EIO || errno == EMFILE ? -errno : -ENOENT;
	other = entry->pw_uid != geteuid();
	if (other && geteuid() != 0)
		return -EPERM;
	if (other && setpriv == NULL)
		return -ENOSYS;
	*user = memory_zero(sizeof(**user));
	(*user)->setpriv = other ? setpriv : NULL;
	(*user)->ids = (struct trust_user){.uid = entry->pw_uid, .gid = entry->pw_gid};
	snprintf((*user)->reuid, sizeof((*user)->reuid), "--reuid=%u", (unsigned)entry->pw_uid);
	snprintf((*user)->regid, sizeof((*user)->regid), "--regid=%u", (unsigned)entry->pw_gid);
	(*user)->environment[0] = memory_format("HOME=%s", entry->pw_dir);
	(*user)->environment[1] = memory_format("USER=%s", entry->pw_name);
	(*user)->environment[2] = memory_format("LOGNAME=%s", entry->pw_name);
	(*user)->environment[3] = memory_format("SHELL=%s", entry->pw_shell);
	return 0;
}

bool run_as_is_other(const struct run_as *user)
{
	return user->setpriv != NULL;
}

const struct trust_user *run_as_ids(const struct run_as *user)
{
	return &user->ids;
}

void run_as_free(struct run_as *user)
{
	if (user == NULL)
		return;
	for (size_t i = 0; i < 4; i++)
		free(user->environment[i]);
	free(user);
}

const char **run_as_argv(const struct run_as *user, const char *const *argv, const char *program)
{
	const char *const before[] = {
		user->setpriv, user->reuid, user->regid, "--init-groups", "--"};
	size_t n = text_count_list(argv), skip = user->setpriv != NULL ? 5 : 0;
	const char **result = calloc(skip + n + 1, sizeof(*result));

	if (result == NULL)
		return NULL;
	memcpy(result, before, skip * sizeof(*result));
	for (size_t i = 0; i < n; i++)
		result[skip + i] = argv[i];
	if (skip > 0 && n > 0 && program != NULL)
		result[skip] = program;
	return result;
}

static bool names(const char *const *environment, const char *entry)
{
	size_t n = strcspn(entry, "=") + 1;

	for (; environment != NULL && *environment != NULL; environment++)
		if (strncmp(*environment, entry, n) == 0)
			return true;
	return false;
}

const char **run_as_environment(const struct run_as *user, const char *const *environment)
{
	size_t given = text_count_list(environment), n = 0;
	const char **result = calloc(4 + given + 1, sizeof(*result));

	if (result == NULL)
		return NULL;
	for (size_t i = 0; i < 4; i++)
		if (!names(environment, user->environment[i]))
			result[n++] = user->environment[i];
	for (size_t i = 0; i < given; i++)
		result[n++] = environment[i];
	return result;
}
