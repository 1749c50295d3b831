/* mounts: see mounts.h. */
#include "mounts.h"

#include <stdio.h>
#include <string.h>

/* The kernel writes blanks, newlines, commas and backslashes as \ooo. */
static void unescape(char *text)
{
	char *to = text;

	for (; *text != '\0'; to++) {
		if (text[0] == '\\' && strspn(text + 1, "01234567") >= 3) {
			*to = (char)((text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0'));
			text += 4;
		} else {
			*to = *text++;
		}
	}
	*to = '\0';
}

/* The format is ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [TAG...] - TYPE DEVICE SUPER_OPTIONS. */
static bool parse_line(char *line, struct mount *mount)
{
	char *field;

	strsep(&line, " ");
	strsep(&line, " ");
	mount->number = strsep(&line, " ");
	strsep(&line, " ");
	mount->point = strsep(&line, " ");
	mount->options = strsep(&line, " ");
	do
		field = strsep(&line, " ");
	while (field != NULL && strcmp(field, "-") != 0);
	mount->type = strsep(&line, " ");
	mount->device = strsep(&line, " ");
	mount->super_options = line != NULL ? line : (char *)"";
	if (mount->device == NULL || mount->point[0] != '/' || mount->type[0] == '\0')
		return false;
	unescape(mount->point);
	unescape(mount->device);
	return true;
}

size_t mounts_count(const char *text)
{
	size_t count = 1;

	for (; (text = strchr(text, '\n')) != NULL; text++)
		count++;
	return count;
}

size_t mounts_parse(char *text, struct mount *mounts, size_t most)
{
	size_t count = 0;
	char *line;

	while (count < most && (line = strsep(&text, "\n")) != NULL)
		if (parse_line(line, &mounts[count]))
			count++;
	return count;
}

/* --- types ------------------------------------------------------------------------------------ */

static bool is_among(const char *const *words, const char *word)
{
	for (; *words != NULL; words++)
		if (strcmp(*words, word) == 0)
			return true;
	return false;
}

static bool is_disk_type(const char *type)
{
	static const char *const types[] = {"bcachefs", "btrfs", "exfat", "ext2", "ext3", "ext4",
		"f2fs", "hfs", "hfsplus", "jffs2", "jfs", "msdos", "nilfs2", "ntfs", "ntfs3",
		"reiserfs", "ubifs", "vfat", "xfs", "zfs", NULL};

	return is_among(types, type);
}

bool mounts_is_local(const char *type)
{
	static const char *const types[] = {
		"aufs", "erofs", "iso9660", "overlay", "ramfs", "squashfs", "tmpfs", "udf", NULL};

	return is_disk_type(type) || is_among(types, type);
}

static bool is_root(const struct mount *mount)
{
	return strcmp(mount->point, "/") == 0;
}

/* Returns whether the mount is a root of a type that container engines and virtual machines use.
 * vigild itself runs from it, so it depends on it in any case. */
static bool is_container_root(const struct mount *mount)
{
	static const char *const types[] = {"9p", "aufs", "fuse.fuse-overlayfs", "fuse-overlayfs",
		"overlay", "tmpfs", "virtiofs", NULL};

	return is_root(mount) && is_among(types, mount->type);
}

/* Returns the text after the name of a mount option. NULL: the option does not exist. */
static const char *find_option(const char *options, const char *name)
{
	size_t n = strlen(name);

	while (options != NULL) {
		if (strncmp(options, name, n) == 0)
			return options + n;
		options = strchr(options, ',');
		options = options != NULL ? options + 1 : NULL;
	}
	return NULL;
}

/* Returns whether the mount is a read-only overlay of images, such as those of systemd-sysext. Such
 * an overlay is always full. */
static bool is_of_images(const struct mount *mount)
{
	return find_option(mount->super_options, "upperdir=") == NULL &&
	       strncmp(mount->super_options, "ro", 2) == 0;
}

bool mounts_is_overlay(const struct mount *mount)
{
	return strcmp(mount->type, "overlay") == 0;
}

bool mounts_is_disk(const struct mount *mount)
{
	return is_disk_type(mount->type) || is_container_root(mount) ||
	       (mounts_is_overlay(mount) && !is_of_images(mount));
}

/* --- paths ------------------------------------------------------------------------------------ */

/* Returns whether the point is the place itself or a directory above it. */
static bool leads_over(const char *place, const char *point)
{
	size_t n = strlen(point);

	return strncmp(place, point, n) == 0 && (place[n] == '\0' || place[n] == '/' || n == 1);
}

bool mounts_is_topped(const struct mount *mounts, size_t count, size_t index)
{
	for (size_t i = index + 1; i < count; i++)
		if (strcmp(mounts[i].point, mounts[index].point) == 0)
			return true;
	return false;
}

static bool is_near(const struct mount *mount)
{
	return mounts_is_local(mount->type) || is_container_root(mount);
}

bool mounts_may_wait(const struct mount *mounts, size_t count, size_t index)
{
	const char *place = mounts[index].point;

	for (size_t i = 0; i < count; i++) {
		if (i == index || is_near(&mounts[i]) || !leads_over(place, mounts[i].point) ||
			mounts_is_topped(mounts, count, i))
			continue;
		/* If the root itself is remote, vigild depends on it anyway. */
		if (i > index || !is_root(&mounts[i]))
			return true;
	}
	return !is_near(&mounts[index]);
}

size_t mounts_above(const struct mount *mounts, size_t count, const char *path)
{
	size_t best = count, length = 0;

	for (size_t i = 0; path[0] == '/' && i < count; i++) {
		size_t n = strlen(mounts[i].point);

		/* Of several mounts at one place, the last one is visible. */
		if (n >= length && leads_over(path, mounts[i].point)) {
			best = i;
			length = n;
		}
	}
	return best;
}

const char *mounts_room(const struct mount *mounts, size_t count, size_t index)
{
	const char *option = find_option(mounts[index].super_options, "upperdir=");
	char path[4096];
	size_t above;

	if (!mounts_is_overlay(&mounts[index]) || option == NULL)
		return mounts[index].number;
	snprintf(path, sizeof(path), "%.*s", (int)strcspn(option, ","), option);
	unescape(path);
	above = mounts_above(mounts, count, path);
	return mounts[above < count ? above : index].number;
}
