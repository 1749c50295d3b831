/*
 * system_disks: reports the free space of each disk of this machine.
 *
 * A remote file system whose server does not answer would block the whole host. So file systems
 * that are not on this machine are never accessed.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "proc.h"
#include "system.h"

#define DISKS_MAX 1024
#define TEXT_SIZE 1024
#define MOUNTS    "/proc/self/mountinfo"

/* The file systems that were reported in this tick. */
struct told {
	const char *number, *room;
	bool overlay;
};

struct told_list {
	struct told entries[DISKS_MAX];
	size_t count;
};

/* Reads the mounts into s->mounts. Returns false if they cannot be read, with the reason in
 * *why. */
static bool read_mounts(struct system *s, size_t *count, const char **why)
{
	char *text = system_read(s, MOUNTS, why);
	size_t most;

	if (text == NULL)
		return false;
	most = mounts_count(text);
	if (most > s->mounts_size) {
		/* The old array is freed with the daemon. Sizes double, so the old arrays together
		 * are no larger than the present one. */
		s->mounts = vigil_alloc(s->d, 2 * most * sizeof(*s->mounts));
		s->mounts_size = s->mounts != NULL ? 2 * most : 0;
	}
	*why = s->mounts == NULL ? "out of memory for " MOUNTS : MOUNTS " has no mounts";
	*count = s->mounts != NULL ? mounts_parse(text, s->mounts, s->mounts_size) : 0;
	return *count > 0;
}

static bool is_named(const struct system *s, const struct mount *mount)
{
	for (const char *const *disk = s->disks; *disk != NULL; disk++)
		if (strcmp(*disk, mount->point) == 0)
			return true;
	return false;
}

/* Returns whether the file system was reported already, because it is mounted at several places.
 * The caller uses this only if no disks are configured. */
static bool is_repeated(const struct told_list *told, const struct told *candidate)
{
	for (size_t i = 0; i < told->count; i++) {
		const struct told *t = &told->entries[i];

		if (strcmp(t->number, candidate->number) == 0 ||
			(t->overlay && candidate->overlay && strcmp(t->room, candidate->room) == 0))
			return true;
	}
	return false;
}

/* --- one disk --------------------------------------------------------------------------------- */

static void add_usage(
	struct system *s, json_t *room, const char *point, const struct proc_disk *disk)
{
	struct proc_usage usage;
	const char *why = proc_usage(disk, &usage);

	if (why != NULL) {
		system_leave_out(s, DISK, point, why);
		return;
	}
	json_object_set_new(room, "total_bytes", json_integer((json_int_t)usage.total));
	json_object_set_new(room, "available_bytes", json_integer((json_int_t)usage.available));
	json_object_set_new(room, "used_percent", json_real(usage.used));
	system_evaluate(s, DISK, point, usage.used, "% used");
	system_growth_add(s, point, (double)(disk->blocks - disk->free) * (double)disk->block,
		(double)usage.available, room);
}

static void add_inodes(
	struct system *s, json_t *room, const char *point, const struct proc_disk *disk)
{
	bool has;
	double used;
	const char *why = proc_inodes(disk, &has, &used);

	if (why != NULL) {
		system_leave_out(s, INODES, point, why);
	} else if (has) {
		json_object_set_new(room, "inodes_used_percent", json_real(used));
		system_evaluate(s, INODES, point, used, "% of inodes used");
	}
}

/* Returns the values of a disk. NULL: it is not a disk, or it cannot be accessed. The latter is
 * reported, except for a mount that no path leads to and for the overlay of a container that
 * another user has made inaccessible. */
static json_t *ask_disk(struct system *s, const struct mount *mount, const char *point)
{
	char device[TEXT_SIZE], type[TEXT_SIZE];
	struct statvfs st;
	struct stat file;
	json_t *room;

	if (stat(mount->point, &file) < 0 || statvfs(mount->point, &st) < 0) {
		if (errno != ENOENT && errno != ENOTDIR &&
			!(errno == EACCES && mounts_is_overlay(mount)))
			system_leave_out(s, DISK, point, strerror(errno));
		return NULL;
	}
	if (!S_ISDIR(file.st_mode))
		return NULL;
	/* A file system without a size, such as an unlimited tmpfs, is never full. */
	if (st.f_blocks == 0 && s->disks[0] == NULL)
		return NULL;
	room = json_pack("{s:s,s:s}", "device",
		vigil_sanitize(device, sizeof(device), mount->device), "type",
		vigil_sanitize(type, sizeof(type), mount->type));
	struct proc_disk disk = {.block = st.f_frsize,
		.blocks = st.f_blocks,
		.free = st.f_bfree,
		.available = st.f_bavail,
		.files = st.f_files,
		.files_free = st.f_ffree};
	add_usage(s, room, point, &disk);
	add_inodes(s, room, point, &disk);
	return room;
}

/* --- all disks -------------------------------------------------------------------------------- */

static bool is_asked(const struct system *s, size_t count, size_t i, const struct told_list *told,
	struct told *candidate)
{
	const struct mount *mount = &s->mounts[i];
	bool all = s->disks[0] == NULL;

	if (all ? !mounts_is_disk(mount) : !is_named(s, mount))
		return false;
	*candidate = (struct told){.number = mount->number,
		.room = mounts_room(s->mounts, count, i),
		.overlay = mounts_is_overlay(mount)};
	return !(all && is_repeated(told, candidate)) && !mounts_is_topped(s->mounts, count, i) &&
	       !mounts_may_wait(s->mounts, count, i);
}

/* A configured disk that is not mounted or cannot be accessed is CRITICAL. */
static void report_missing(struct system *s, const json_t *disks)
{
	char point[TEXT_SIZE];

	for (const char *const *disk = s->disks; *disk != NULL && s->level < VIGIL_CRITICAL;
		disk++) {
		vigil_sanitize(point, sizeof(point), *disk);
		if (json_object_get(disks, point) != NULL)
			continue;
		s->level = VIGIL_CRITICAL;
		snprintf(s->reason, sizeof(s->reason),
			"%.150s is not mounted, or its usage cannot be read", point);
	}
}

static json_t *ask_all(struct system *s, size_t count)
{
	struct told_list told = {.count = 0};
	struct told candidate;
	json_t *disks = json_object(), *disk;
	char point[TEXT_SIZE];

	for (size_t i = 0; i < count; i++) {
		if (!is_asked(s, count, i, &told, &candidate))
			continue;
		if (told.count == DISKS_MAX) {
			system_leave_out(s, DISK, "all disks", "there are more than 1024");
			break;
		}
		vigil_sanitize(point, sizeof(point), s->mounts[i].point);
		disk = ask_disk(s, &s->mounts[i], point);
		if (disk == NULL)
			continue;
		json_object_set_new(disks, point, disk);
		told.entries[told.count++] = candidate;
	}
	return disks;
}

void disks_report(struct system *s)
{
	size_t count;
	const char *why;
	json_t *disks;

	if (!read_mounts(s, &count, &why)) {
		system_leave_out(s, DISK, "disks", why);
		system_leave_out(s, INODES, "inodes", why);
		vigil_state_unset(s->d, "disks");
		return;
	}
	disks = ask_all(s, count);
	report_missing(s, disks);
	if (json_object_size(disks) == 0 && s->disks[0] == NULL && s->left_out == 0)
		system_leave_out(s, NONE, "disks", "none is mounted");
	vigil_state_set(s->d, "disks", disks);
}

/* --- options ---------------------------------------------------------------------------------- */

static int check_mounted(struct system *s, const char *disk)
{
	struct stat file;

	if (stat(disk, &file) < 0 || S_ISDIR(file.st_mode))
		return 0;
	return vigil_diagnose(s->d, "disks",
		"its element \"%s\" is a file that something is mounted on, not a disk", disk);
}

/* Checks one configured disk. A disk that is not mounted at present is not an error, because each
 * tick checks for that. A path that cannot be a disk is an error. */
static int check_disk(struct system *s, const char *disk, size_t count)
{
	size_t above = mounts_above(s->mounts, count, disk);
	bool exact;

	if (above == count)
		return 0; /* the mounts could not be read */
	exact = strcmp(s->mounts[above].point, disk) == 0;
	/* If the root itself is remote, vigild depends on it anyway. */
	if ((exact || strcmp(s->mounts[above].point, "/") != 0) &&
		mounts_may_wait(s->mounts, count, above))
		return vigil_diagnose(s->d, "disks",
			"%s, of type %s, is on a server that may not answer, and vigild would "
			"block: run check_disk with the module exec",
			disk, s->mounts[above].type);
	if (exact)
		return check_mounted(s, disk);
	if (access(disk, F_OK) < 0)
		return vigil_diagnose(s->d, "disks",
			"nothing is mounted at \"%s\", and there is no such directory", disk);
	vigil_note(s->d, "disks", "nothing is mounted at \"%s\" at present", disk);
	return 0;
}

int disks_check(struct system *s)
{
	size_t count = 0;
	const char *why;
	int err = 0;

	if (s->disks[0] != NULL && !read_mounts(s, &count, &why))
		count = 0;
	for (const char *const *disk = s->disks; *disk != NULL; disk++)
		if (check_disk(s, *disk, count) != 0)
			err = -EINVAL;
	return err;
}
