/* check_proc: the kernel's texts, as they are and as they should not be. */
#include "modules/system/proc.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

START_TEST(load_and_uptime)
{
	struct proc_load load;
	double seconds;

	ck_assert(proc_load("0.52 1.25 10.00 3/456 12345\n", &load));
	ck_assert_double_eq(load.one, 0.52);
	ck_assert_double_eq(load.five, 1.25);
	ck_assert_double_eq(load.fifteen, 10);
	ck_assert_int_eq(load.running, 3);
	ck_assert_int_eq(load.total, 456);
	ck_assert(!proc_load("0.52 1.25\n", &load));
	ck_assert(!proc_load("", &load));
	ck_assert(proc_uptime("12345.67 9999.0\n", &seconds));
	ck_assert_double_eq(seconds, 12345.67);
	ck_assert(!proc_uptime("up\n", &seconds));
}
END_TEST

START_TEST(memory)
{
	struct proc_memory m;

	ck_assert(proc_memory("MemTotal:       16000000 kB\nMemFree:          100000 kB\n"
			      "MemAvailable:    4000000 kB\nCached: 5 kB\nSwapCached: 7 kB\n"
			      "SwapTotal:       1000 kB\nSwapFree:         250 kB\n",
		&m));
	ck_assert_uint_eq(m.total, 16000000ull * 1024);
	ck_assert_uint_eq(m.available, 4000000ull * 1024);
	ck_assert_uint_eq(m.swap_total, 1000 * 1024);
	ck_assert_uint_eq(m.swap_free, 250 * 1024);
	ck_assert(!proc_memory("MemTotal: 10 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n", &m));
	ck_assert(!proc_memory(
		"MemTotal: 10 kB\nMemAvailable: 11 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n", &m));
	ck_assert(!proc_memory("", &m));
}
END_TEST

START_TEST(cpu_and_files)
{
	struct proc_cpu cpu;
	struct proc_files files;

	ck_assert(proc_cpu("cpu  100 20 30 400 50 6 7 8 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n"
			   "cpu1 1 1 1 1 1 1 1 1 0 0\nintr 5\nprocs_running 2\nprocs_blocked 3\n",
		&cpu));
	ck_assert_uint_eq(cpu.user, 120);
	ck_assert_uint_eq(cpu.system, 43);
	ck_assert_uint_eq(cpu.idle, 400);
	ck_assert_uint_eq(cpu.iowait, 50);
	ck_assert_uint_eq(cpu.steal, 8);
	ck_assert_int_eq(cpu.cpus, 2);
	ck_assert_int_eq(cpu.blocked, 3);
	ck_assert(!proc_cpu("cpu 1 2 3\n", &cpu));
	ck_assert(!proc_cpu("", &cpu));
	ck_assert(proc_files("1024\t0\t9223372036854775807\n", &files));
	ck_assert_uint_eq(files.open, 1024);
	ck_assert_uint_eq(files.max, 9223372036854775807ull);
	ck_assert(!proc_files("1 2\n", &files));
}
END_TEST

START_TEST(mounts)
{
	char text[] = "/dev/sda1 / ext4 rw 0 0\nbroken\nsrv:/x /mnt/a\\040b\\134c nfs4 rw 0 0\n"
		      "none relative tmpfs rw 0 0\ntmpfs /run tmpfs rw 0 0";
	struct proc_mount m[4];

	ck_assert_uint_eq(proc_mounts(text, m, 4), 3);
	ck_assert_str_eq(m[0].device, "/dev/sda1");
	ck_assert_str_eq(m[0].point, "/");
	ck_assert_str_eq(m[0].type, "ext4");
	ck_assert_str_eq(m[1].point, "/mnt/a b\\c");
	ck_assert_str_eq(m[1].type, "nfs4");
	ck_assert_str_eq(m[2].point, "/run");
	ck_assert_uint_eq(proc_mounts(strcpy(text, "a / ext4\nb /b ext4\n"), m, 1), 1);
	ck_assert_uint_eq(proc_mounts(strcpy(text, ""), m, 4), 0);
}
END_TEST

START_TEST(what_may_wait_is_not_asked)
{
	static const char *const away[] = {"nfs", "nfs4", "cifs", "smb3", "ceph", "9p", "afs",
		"fuse", "fuse.sshfs", "glusterfs", "autofs", "unheard-of", ""};

	for (size_t i = 0; i < sizeof(away) / sizeof(*away); i++)
		ck_assert_msg(!proc_is_local(away[i]) && !proc_is_disk(away[i]), "%s", away[i]);
	ck_assert(proc_is_disk("ext4") && proc_is_local("ext4"));
	ck_assert(!proc_is_disk("tmpfs") && proc_is_local("tmpfs"));
}
END_TEST

/* Each a table of mounts whose disk is the ext4 at /srv/net/disk. */
static const struct {
	const char *mounts;
	bool waits;
} ways[] = {
	{"a / ext4\nb /srv/net/disk ext4\n", false},
	{"a / ext4\nn /srv/net nfs4\nb /srv/net/disk ext4\n", true}, /* its way leads over it */
	{"a / ext4\nb /srv/net/disk ext4\nn /srv/net nfs4\n", true}, /* it is hidden by it */
	{"a / ext4\nb /srv/net/disk ext4\nn /srv/net/disk nfs4\n", true},
	{"a / ext4\nn /srv/net/disk autofs\nb /srv/net/disk ext4\n", false}, /* it has come */
	{"a / ext4\nn /srv/net autofs\nc /srv/net xfs\nb /srv/net/disk ext4\n", false},
	{"a / ext4\nb /srv/net/disk ext4\nn /srv/net autofs\nc /srv/net xfs\n", false},
	{"a / ext4\nc /srv/net xfs\nn /srv/net fuse.sshfs\nb /srv/net/disk ext4\n", true},
	{"a / ext4\nn /srv/ne nfs\nn /srv/net/disk/below nfs\nb /srv/net/disk ext4\n", false},
	{"n / nfs\nb /srv/net/disk ext4\n", false}, /* all comes over it, vigild too */
	{"b /srv/net/disk ext4\nn / nfs\n", true},
	{"rootfs / rootfs\na / ext4\nb /srv/net/disk ext4\n", false},
};

START_TEST(the_way_to_a_disk_may_wait)
{
	struct proc_mount table[8];
	char text[256];
	size_t count, disk;

	snprintf(text, sizeof(text), "%s", ways[_i].mounts);
	count = proc_mounts(text, table, 8);
	for (disk = 0; strcmp(table[disk].device, "b") != 0; disk++)
		ck_assert_uint_lt(disk, count);
	ck_assert_msg(proc_may_wait(table, count, disk) == ways[_i].waits, "%s", ways[_i].mounts);
	for (size_t i = 0; i < count; i++)
		ck_assert(proc_is_local(table[i].type) || proc_may_wait(table, count, i));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("proc");
	TCase *tcase = tcase_create("proc");
	SRunner *runner;
	int failed;

	tcase_add_test(tcase, load_and_uptime);
	tcase_add_test(tcase, memory);
	tcase_add_test(tcase, cpu_and_files);
	tcase_add_test(tcase, mounts);
	tcase_add_test(tcase, what_may_wait_is_not_asked);
	tcase_add_loop_test(tcase, the_way_to_a_disk_may_wait, 0, sizeof(ways) / sizeof(*ways));
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
