/*
 * trust: walks a path and checks each step.
 *
 * Each step is opened with O_PATH and checked through that descriptor, so that the next step starts
 * from the directory that was checked.  O_PATH does not call a driver and does not block on a FIFO,
 * so opening a file has no effect before the check.
 *
 * If a file has an ACL, the group bits of its mode are the mask of the ACL.  They limit the
 * permissions of all named users and groups, and do not describe the owning group.  So an ACL is
 * read only if these bits allow writing, or for a secret any access.
 */
#include "base/trust.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/reason.h"

#define LINKS_MAX 40 /* the limit of the kernel */

bool trust_uid(uid_t uid, const struct trust_user *user)
{
	return uid == 0 || uid == geteuid() || (user != NULL && uid == user->uid);
}

static bool is_trusted_group(gid_t gid, const struct trust_user *user)
{
	return gid == 0 || gid == getegid() || (user != NULL && gid == user->gid);
}

/* --- the ACL ---------------------------------------------------------------------------------- */

/* In the format of the kernel: linux/posix_acl_xattr.h, little-endian. */
struct acl_entry {
	uint16_t tag, permissions;
	uint32_t id;
};

struct acl {
	uint32_t version;
	struct acl_entry entries[512];
};

enum { ACL_NAMED_USER = 0x02, ACL_OWNING_GROUP = 0x04, ACL_NAMED_GROUP = 0x08, ACL_MASK = 0x10 };

#define MAY_WRITE 2u
#define MAY_ALL   7u

/* Returns the number of entries, 0 if there is no ACL, or a negative errno. */
static int read_acl(int fd, struct acl *acl)
{
	char path[32];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = getxattr(path, "system.posix_acl_access", acl, sizeof(*acl));
	if (n < 0)
		return errno == ENODATA || errno == EOPNOTSUPP ? 0 : -errno;
	if (n < (ssize_t)offsetof(struct acl, entries) || le32toh(acl->version) != 2)
		return -EPROTO;
	return (int)(((size_t)n - offsetof(struct acl, entries)) / sizeof(struct acl_entry));
}

/* Returns true if the entry names an untrusted user or group. */
static bool is_others(const struct acl_entry *entry, const struct stat *st,
	const struct trust_user *user, unsigned *permissions)
{
	switch (le16toh(entry->tag)) {
	case ACL_NAMED_USER: return !trust_uid(le32toh(entry->id), user);
	case ACL_NAMED_GROUP: return !is_trusted_group(le32toh(entry->id), user);
	case ACL_OWNING_GROUP: *permissions = MAY_WRITE; return !is_trusted_group(st->st_gid, user);
	default: return false;
	}
}

/* Returns 1 if the group bits of the mode give an untrusted user or group one of these permissions,
 * and writes its name to words.  For the owning group only write permission counts.  Returns 0 if
 * not, or a negative errno if the ACL cannot be read. */
static int group_allows(int fd, const struct stat *st, const struct trust_user *user,
	unsigned permissions, char *words, size_t size)
{
	struct acl acl;
	int count = read_acl(fd, &acl);
	unsigned mask = MAY_ALL;

	if (count < 0)
		return count;
	snprintf(words, size, "the group %u", (unsigned)st->st_gid);
	if (count == 0)
		return (st->st_mode & S_IWGRP) && !is_trusted_group(st->st_gid, user);
	for (int i = 0; i < count; i++)
		if (le16toh(acl.entries[i].tag) == ACL_MASK)
			mask = le16toh(acl.entries[i].permissions);
	for (int i = 0; i < count; i++) {
		const struct acl_entry *entry = &acl.entries[i];
		unsigned wanted = permissions;

		if (!is_others(entry, st, user, &wanted) ||
			!(le16toh(entry->permissions) & mask & wanted))
			continue;
		if (le16toh(entry->tag) != ACL_OWNING_GROUP)
			snprintf(words, size, "%s %u, by its ACL,",
				le16toh(entry->tag) == ACL_NAMED_USER ? "uid" : "the group",
				(unsigned)le32toh(entry->id));
		return 1;
	}
	return 0;
}

/* --- one step --------------------------------------------------------------------------------- */

static int check_owner(const struct stat *st, const char *path, const struct trust_user *user,
	const struct reason *why)
{
	if (trust_uid(st->st_uid, user))
		return 0;
	return reason_set(why, -EPERM,
		"%s belongs to uid %u, neither to root nor to %s; run: chown root %s", path,
		(unsigned)st->st_uid,
		user != NULL ? "the user who runs it" : "the user vigild runs as", path);
}

/* Checks that no untrusted user may write the file.  Only regular files and directories are
 * checked, because everybody who uses a device, a socket or a FIFO may have to write it. */
static int check_writers(int fd, const struct stat *st, const char *path,
	const struct trust_user *user, const struct reason *why)
{
	char words[64];
	int others;

	if (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode))
		return 0;
	if (st->st_mode & S_IWOTH)
		return reason_set(why, -EPERM,
			"%s may be written by others (mode %04o); run: chmod go-w %s", path,
			(unsigned)st->st_mode & 07777, path);
	if (!(st->st_mode & S_IWGRP))
		return 0;
	others = group_allows(fd, st, user, MAY_WRITE, words, sizeof(words));
	if (others == 0)
		return 0;
	if (others < 0)
		return reason_set(why, -EPERM,
			"the ACL of %s cannot be read (%s); run: chmod go-w %s", path,
			strerror(-others), path);
	return reason_set(why, -EPERM,
		"%s may be written by others: %s may write it (mode %04o); run: chmod go-w %s",
		path, words, (unsigned)st->st_mode & 07777, path);
}

int trust_descriptor(int fd, const struct stat *st, const char *path, const struct trust_user *user,
	char *text, size_t size)
{
	const struct reason why = {text, size};
	int err = check_owner(st, path, user, &why);

	return err != 0 ? err : check_writers(fd, st, path, user, &why);
}

/* --- the walk --------------------------------------------------------------------------------- */

struct walk {
	const struct trust_user *user;
	const struct reason *why;
	int fd; /* of the file or directory reached so far */
	struct stat st;
	char path[PATH_MAX]; /* its path, without symbolic links */
	char rest[PATH_MAX]; /* the rest of the path */
	unsigned links;
	unsigned flags;
};

/* Makes the opened file the current step. */
static void move_to(struct walk *w, int fd, const struct stat *st)
{
	if (w->fd >= 0)
		close(w->fd);
	w->fd = fd;
	w->st = *st;
}

/* Checks the current step.  last: it is the end of the path.  A sticky directory that others may
 * write is accepted within the path. */
static int check_step(struct walk *w, bool last)
{
	const char *path = w->path[0] != '\0' ? w->path : "/";
	int err = check_owner(&w->st, path, w->user, w->why);

	if (err == 0)
		err = check_writers(w->fd, &w->st, path, w->user, w->why);
	if (err == 0 || !S_ISDIR(w->st.st_mode) || !(w->st.st_mode & S_ISVTX) ||
		(last && (w->flags & TRUST_ENTRIES)) || !trust_uid(w->st.st_uid, w->user))
		return err;
	w->why->text[0] = '\0';
	return 0;
}

static int start_at_root(struct walk *w)
{
	int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0) {
		int err = -errno;

		if (fd >= 0)
			close(fd);
		return reason_set(w->why, err, "/: %s", strerror(-err));
	}
	move_to(w, fd, &st);
	w->path[0] = '\0';
	return check_step(w, false);
}

/* Removes the next step from the rest.  Returns its length, 0 at the end. */
static size_t next_step(struct walk *w, char step[NAME_MAX + 1])
{
	const char *begin = w->rest + strspn(w->rest, "/");
	size_t n = strcspn(begin, "/");

	if (n > NAME_MAX)
		return n;
	memcpy(step, begin, n);
	step[n] = '\0';
	memmove(w->rest, begin + n, strlen(begin + n) + 1);
	return n;
}

static bool is_last(const struct walk *w)
{
	return w->rest[strspn(w->rest, "/")] == '\0';
}

/* The parent directory is checked again, because after a symbolic link it may be one that the walk
 * has not checked. */
static int step_up(struct walk *w)
{
	int fd = openat(w->fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char *slash = strrchr(w->path, '/');
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0) {
		int err = -errno;

		if (fd >= 0)
			close(fd);
		return reason_set(w->why, err, "%s/..: %s", w->path, strerror(-err));
	}
	if (slash != NULL)
		*slash = '\0';
	move_to(w, fd, &st);
	return check_step(w, false);
}

/* Inserts the target of the link before the rest.  Takes ownership of the descriptor of the
 * link. */
static int follow(struct walk *w, int fd, const struct stat *st)
{
	char target[PATH_MAX], rest[PATH_MAX];
	ssize_t n = readlinkat(fd, "", target, sizeof(target) - 1);
	int err = n < 0 ? -errno : 0;

	close(fd);
	if (err == 0 && ++w->links > LINKS_MAX)
		err = -ELOOP;
	if (err == 0) {
		target[n] = '\0';
		snprintf(rest, sizeof(rest), "%s", w->rest);
		if ((size_t)snprintf(w->rest, sizeof(w->rest), "%s/%s", target, rest) >=
			sizeof(w->rest))
			err = -ENAMETOOLONG;
	}
	if (err != 0)
		return reason_set(w->why, err, "%s: %s", w->path, strerror(-err));
	err = check_owner(st, w->path, w->user, w->why);
	if (err != 0)
		return err;
	if (target[0] == '/')
		return start_at_root(w);
	*strrchr(w->path, '/') = '\0';
	return 0;
}

/* Returns true if untrusted users may create files in the directory reached so far. */
static bool is_shared(const struct walk *w)
{
	char text[TRUST_WHY];
	const struct reason unused = {text, sizeof(text)};

	return check_writers(w->fd, &w->st, "", w->user, &unused) != 0;
}

static int step_down(struct walk *w, const char *step)
{
	size_t length = strlen(w->path);
	struct stat st;
	int fd;

	if ((size_t)snprintf(w->path + length, sizeof(w->path) - length, "/%s", step) >=
		sizeof(w->path) - length)
		return reason_set(
			w->why, -ENAMETOOLONG, "%.64s...: %s", w->path, strerror(ENAMETOOLONG));
	fd = openat(w->fd, step, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0) {
		int err = -errno;

		if (fd >= 0)
			close(fd);
		if (err == -ENOENT && (w->flags & TRUST_MISSING) && is_shared(w))
			return reason_set(w->why, -EPERM,
				"%s does not exist, and others may create it in its directory",
				w->path);
		return reason_set(w->why, err, "%s: %s", w->path, strerror(-err));
	}
	if (S_ISLNK(st.st_mode))
		return follow(w, fd, &st);
	move_to(w, fd, &st);
	return check_step(w, is_last(w));
}

static int walk(struct walk *w)
{
	char step[NAME_MAX + 1];
	int err = start_at_root(w);
	size_t n;

	while (err == 0 && (n = next_step(w, step)) > 0) {
		if (n > NAME_MAX)
			err = reason_set(
				w->why, -ENAMETOOLONG, "%s: %s", w->path, strerror(ENAMETOOLONG));
		else if (strcmp(step, "..") == 0)
			err = step_up(w);
		else if (strcmp(step, ".") != 0)
			err = step_down(w, step);
	}
	return err;
}

int trust_open(const char *path, const struct trust_user *user, unsigned flags, struct stat *st,
	char *text, size_t size)
{
	const struct reason why = {text, size};
	struct walk w = {.user = user, .why = &why, .fd = -1, .flags = flags};
	char here[PATH_MAX] = "";
	int err = 0;

	text[0] = '\0';
	if (path[0] != '/' && getcwd(here, sizeof(here)) == NULL)
		return reason_set(&why, -errno, "the working directory: %s", strerror(errno));
	if ((size_t)snprintf(w.rest, sizeof(w.rest), "%s/%s", here, path) >= sizeof(w.rest))
		return reason_set(
			&why, -ENAMETOOLONG, "%.64s...: %s", path, strerror(ENAMETOOLONG));
	err = walk(&w);
	if (err == 0) {
		*st = w.st;
		return w.fd;
	}
	if (w.fd >= 0)
		close(w.fd);
	return err;
}

int trust_path(
	const char *path, const struct trust_user *user, unsigned flags, char *why, size_t size)
{
	struct stat st;
	int fd = trust_open(path, user, flags, &st, why, size);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

int trust_reopen(int fd, int flags)
{
	char path[32];
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, flags | O_CLOEXEC | O_NOCTTY);
	return again < 0 ? -errno : again;
}

/* --- secrets ---------------------------------------------------------------------------------- */

static int check_secret(int fd, const struct stat *st, const char *path, const struct reason *why)
{
	char words[64];
	int others = 0;

	if (!S_ISREG(st->st_mode))
		return reason_set(why, -EPERM, "%s is not a regular file", path);
	if (st->st_mode & (S_IRWXO | S_IWGRP))
		return reason_set(why, -EPERM,
			"others may read or write %s (mode %04o); run: chmod 0600 %s", path,
			(unsigned)st->st_mode & 07777, path);
	if (st->st_mode & S_IRWXG)
		others = group_allows(fd, st, NULL, MAY_ALL, words, sizeof(words));
	if (others == 0)
		return 0;
	if (others < 0)
		return reason_set(why, -EPERM,
			"the ACL of %s cannot be read (%s); run: chmod 0600 %s", path,
			strerror(-others), path);
	return reason_set(
		why, -EPERM, "%s may read or write %s; run: chmod 0600 %s", words, path, path);
}

int trust_open_secret(const char *path, char *text, size_t size)
{
	const struct reason why = {text, size};
	struct stat st;
	int fd = trust_open(path, NULL, 0, &st, text, size), readable, err;

	if (fd < 0)
		return fd;
	err = check_secret(fd, &st, path, &why);
	readable = err == 0 ? trust_reopen(fd, O_RDONLY | O_NONBLOCK) : err;
	if (err == 0 && readable < 0)
		reason_set(&why, readable, "%s: %s", path, strerror(-readable));
	close(fd);
	return readable;
}
