/*
 * check_mounts: /proc/self/mountinfo: which mounts are disks, which may block, and which are the
 * same disk.
 */
#include "modules/system/mounts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

START_TEST(lines_of_mountinfo_are_parsed)
{
	char text[] =
		"27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard\nbroken\n"
		"36 27 0:44 /x /mnt/a\\040b\\134c ro master:1 shared:2 - nfs4 srv:/x\\040y rw,a=b\n"
		"28 27 0:9 / relative rw - tmpfs none rw\n"
		"28 27 0:9 / /no/separator rw shared:1 tmpfs none rw\n"
		"29 27 0:10 / /run rw - tmpfs tmpfs";
	char one[] = "27 1 8:1 / / rw - ext4 a rw\n28 27 8:2 / /b rw - ext4 b rw\n";
	char empty[] = "";
	struct mount m[8];

	ck_assert_uint_eq(mounts_count(text), 6);
	ck_assert_uint_eq(mounts_parse(text, m, 8), 3);
	ck_assert_str_eq(m[0].number, "254:0");
	ck_assert_str_eq(m[0].device, "/dev/vda");
	ck_assert_str_eq(m[0].point, "/");
	ck_assert_str_eq(m[0].type, "ext4");
	ck_assert_str_eq(m[0].super_options, "rw,discard");
	ck_assert_str_eq(m[1].point, "/mnt/a b\\c");
	ck_assert_str_eq(m[1].options, "ro");
	ck_assert_str_eq(m[1].type, "nfs4");
	ck_assert_str_eq(m[1].device, "srv:/x y");
	ck_assert_str_eq(m[2].point, "/run");
	ck_assert_str_eq(m[2].super_options, "");
	ck_assert_uint_eq(mounts_parse(one, m, 1), 1);
	ck_assert_uint_eq(mounts_parse(empty, m, 8), 0);
}
END_TEST

START_TEST(a_table_may_have_any_length)
{
	size_t lines = 20000, length = 0;
	char *text = malloc(lines * 80);
	struct mount *m = calloc(lines + 1, sizeof(*m));

	ck_assert(text != NULL && m != NULL);
	for (size_t i = 0; i < lines; i++)
		length += (size_t)snprintf(text + length, lines * 80 - length,
			"%zu 1 0:%zu / /mnt/%zu rw - tmpfs t rw\n", i, i, i);
	ck_assert_uint_eq(mounts_count(text), lines + 1);
	ck_assert_uint_eq(mounts_parse(text, m, lines + 1), lines);
	ck_assert_str_eq(m[lines - 1].point, "/mnt/19999");
	free(m);
	free(text);
}
END_TEST

/* Parses a line of mountinfo, in a buffer that the next call reuses. */
static struct mount parse(const char *line)
{
	static char text[512];
	struct mount mount;

	snprintf(text, sizeof(text), "%s", line);
	ck_assert_uint_eq(mounts_parse(text, &mount, 1), 1);
	return mount;
}

/* A mount, whether it is a disk, and whether a query of it may block. */
static const struct {
	const char *line;
	bool disk, waits;
} kinds[] = {
	{"1 1 8:1 / / rw - ext4 /dev/sda1 rw", true, false},
	{"1 1 8:1 /@ / rw - btrfs /dev/sda1 rw,subvol=/@", true, false},
	{"1 1 0:5 / /srv rw - zfs pool/srv rw", true, false},
	{"1 1 0:5 / / rw - overlay overlay rw,lowerdir=/l,upperdir=/u,workdir=/w", true, false},
	{"1 1 0:5 / / ro - overlay overlay ro,lowerdir=/l", true, false},
	{"1 1 0:5 / /srv rw - overlay overlay rw,lowerdir=/l,upperdir=/u,workdir=/w", true, false},
	{"1 1 0:5 / /usr ro - overlay sysext ro,lowerdir=/l:/m", false, false},
	{"1 1 0:5 / / rw - fuse.fuse-overlayfs fuse-overlayfs rw", true, false},
	{"1 1 0:5 / /srv rw - fuse.fuse-overlayfs fuse-overlayfs rw", false, true},
	{"1 1 0:5 / / rw - 9p none rw", true, false},
	{"1 1 0:5 / / rw - virtiofs kata rw", true, false},
	{"1 1 0:5 / /srv rw - virtiofs share rw", false, true},
	{"1 1 0:5 / / rw - nfs4 srv:/root rw", false, true},
	{"1 1 0:5 / / rw - tmpfs tmpfs rw", true, false},
	{"1 1 0:5 / /run rw - tmpfs tmpfs rw", false, false},
	{"1 1 7:0 / /snap/core ro - squashfs /dev/loop0 ro", false, false},
	{"1 1 0:5 / /proc rw - proc proc rw", false, true},
	{"1 1 0:5 / /srv rw - autofs auto rw", false, true},
	{"1 1 0:5 / /srv rw - unheard-of x rw", false, true},
};

START_TEST(disks_are_recognized)
{
	struct mount mount = parse(kinds[_i].line);

	ck_assert(mounts_is_disk(&mount) == kinds[_i].disk);
	ck_assert(mounts_may_wait(&mount, 1, 0) == kinds[_i].waits);
}
END_TEST

START_TEST(a_file_system_that_may_block_is_not_local)
{
	static const char *const away[] = {"nfs", "nfs4", "cifs", "smb3", "ceph", "9p", "afs",
		"fuse", "fuse.sshfs", "glusterfs", "autofs", "unheard-of", ""};

	for (size_t i = 0; i < COUNT(away); i++)
		ck_assert_msg(!mounts_is_local(away[i]), "%s", away[i]);
	ck_assert(mounts_is_local("ext4") && mounts_is_local("tmpfs"));
}
END_TEST

/* Tables of mounts. The disk is the ext4 at /srv/net/disk. */
static const struct {
	const char *mounts;
	bool waits;
} ways[] = {
	{"a / ext4\nb /srv/net/disk ext4\n", false},
	{"a / ext4\nn /srv/net nfs4\nb /srv/net/disk ext4\n", true}, /* on its path */
	{"a / ext4\nb /srv/net/disk ext4\nn /srv/net nfs4\n", true}, /* over it */
	{"a / ext4\nb /srv/net/disk ext4\nn /srv/net/disk nfs4\n", true},
	{"a / ext4\nn /srv/net/disk autofs\nb /srv/net/disk ext4\n", false}, /* already mounted */
	{"a / ext4\nn /srv/net autofs\nc /srv/net xfs\nb /srv/net/disk ext4\n", false},
	{"a / ext4\nb /srv/net/disk ext4\nn /srv/net autofs\nc /srv/net xfs\n", false},
	{"a / ext4\nc /srv/net xfs\nn /srv/net fuse.sshfs\nb /srv/net/disk ext4\n", true},
	{"a / ext4\nn /srv/ne nfs\nn /srv/net/disk/below nfs\nb /srv/net/disk ext4\n", false},
	{"n / nfs\nb /srv/net/disk ext4\n", false}, /* everything needs this mount, even vigild */
	{"b /srv/net/disk ext4\nn / nfs\n", true},
	{"rootfs / rootfs\na / ext4\nb /srv/net/disk ext4\n", false},
};

/* Formats the table as mountinfo and parses it. */
static size_t parse_table(const char *table, char *text, struct mount *mounts)
{
	char device[32], point[64], type[32];
	size_t length = 0;
	int n;

	for (; sscanf(table, "%31s %63s %31s%n", device, point, type, &n) == 3; table += n)
		length += (size_t)sprintf(
			text + length, "1 1 0:1 / %s rw - %s %s rw\n", point, type, device);
	return mounts_parse(text, mounts, 8);
}

START_TEST(the_path_to_a_disk_may_block)
{
	struct mount table[8];
	char text[512];
	size_t count = parse_table(ways[_i].mounts, text, table), disk;

	for (disk = 0; strcmp(table[disk].device, "b") != 0; disk++)
		ck_assert_uint_lt(disk, count);
	ck_assert_msg(mounts_may_wait(table, count, disk) == ways[_i].waits, "%s", ways[_i].mounts);
	for (size_t i = 0; i < count; i++)
		ck_assert(mounts_is_local(table[i].type) || mounts_may_wait(table, count, i));
}
END_TEST

START_TEST(mounts_of_one_file_system_are_recognized)
{
	char text[] =
		"1 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
		"2 1 0:5 / /run rw - tmpfs tmpfs rw\n"
		"3 1 0:6 / /a rw - overlay overlay "
		"rw,lowerdir=/l,upperdir=/var/a\\040b,workdir=/w\n"
		"4 1 0:7 / /b rw - overlay overlay rw,lowerdir=/l,upperdir=/var/b,workdir=/w\n"
		"5 1 0:8 / /c rw - overlay overlay rw,lowerdir=/l,upperdir=/run/c,workdir=/w\n"
		"6 1 0:9 / /d rw - overlay overlay rw,lowerdir=/l\n"
		"7 1 8:1 / /again rw - ext4 /dev/root rw\n"
		"8 1 8:2 / /run rw - ext4 /dev/sdb1 rw\n";
	static const char *const rooms[] = {"8:1", "0:5", "8:1", "8:1", "8:2", "0:9", "8:1", "8:2"};
	struct mount m[8];

	ck_assert_uint_eq(mounts_parse(text, m, 8), COUNT(rooms));
	for (size_t i = 0; i < COUNT(rooms); i++)
		ck_assert_str_eq(mounts_room(m, COUNT(rooms), i), rooms[i]);
	ck_assert(mounts_is_overlay(&m[2]) && !mounts_is_overlay(&m[0]));
	ck_assert(mounts_is_topped(m, COUNT(rooms), 1) && !mounts_is_topped(m, COUNT(rooms), 7));
	ck_assert_uint_eq(mounts_above(m, COUNT(rooms), "/run/x"), 7);
	ck_assert_uint_eq(mounts_above(m, COUNT(rooms), "/runner"), 0);
	ck_assert_uint_eq(mounts_above(m, COUNT(rooms), "relative"), COUNT(rooms));
}
END_TEST

SUITE("mounts", NULL, NULL)
{
	TEST(lines_of_mountinfo_are_parsed);
	TEST(a_table_may_have_any_length);
	LOOP_TEST(disks_are_recognized, COUNT(kinds));
	TEST(a_file_system_that_may_block_is_not_local);
	LOOP_TEST(the_path_to_a_disk_may_block, COUNT(ways));
	TEST(mounts_of_one_file_system_are_recognized);
}
