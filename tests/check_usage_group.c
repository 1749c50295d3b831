/* check_usage_group: what a service uses, from control groups of both versions. */
#include "fixture_usage.h"

#define UNIFIED_MOUNT "31 23 0:28 / /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw,nsdelegate\n"
#define HYBRID                                                                           \
	"30 23 0:27 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n"                     \
	"31 30 0:28 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"                  \
	"32 30 0:29 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n" \
	"33 30 0:30 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"    \
	"34 30 0:31 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"              \
	"35 30 0:32 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"

static const char *const web[] = {"web.service", NULL};
static struct usage_group group = {.fd = -1};

static const struct usage_values none = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};

static bool is_own(void)
{
	usage_group_close(&group);
	return usage_group_open(&group);
}

static void find(const char *mounts, const char *line)
{
	put("proc/self/mountinfo", "%s", mounts);
	put("proc/7/cgroup", "%s", line);
	usage_hierarchy_forget();
	usage_group_close(&group);
	ck_assert_int_eq(usage_group_find(&group, 7, web), 0);
}

#define SLICE "sys/fs/cgroup/system.slice/web.service/"

static void put_unified(void)
{
	put(SLICE "memory.current", "104857600\n");
	put(SLICE "memory.stat",
		"anon 50000000\nfile 60000000\nkernel 3\nshmem 10000000\nfile_mapped 1\n"
		"slab_reclaimable 4857600\n");
	put(SLICE "memory.events", "low 0\nhigh 0\nmax 0\noom 3\noom_kill 2\noom_group_kill 0\n");
	put(SLICE "cpu.stat", "usage_usec 1500000\nuser_usec 1\nsystem_usec 2\n");
	put(SLICE "pids.current", "12\n");
	put(SLICE "io.stat", "8:0 rbytes=4096 wbytes=100 rios=1 wios=1 dbytes=0 dios=0\n"
			     "259:1 rbytes=4 wbytes=1 rios=1 wios=1\n");
	put(SLICE "memory.pressure", "some avg10=1.00 avg60=12.50 avg300=0.10 total=12\n");
	put(SLICE "cgroup.procs", "7\n8\n0\n");
}

START_TEST(version_2_has_everything)
{
	struct usage_values v = none;
	struct usage_members members = {.list = NULL};

	put_unified();
	put(SLICE "worker/cgroup.procs", "9\n");
	find(UNIFIED_MOUNT, "0::/system.slice/web.service/worker\n");
	ck_assert(is_own());
	usage_group_read(&group, USAGE_ALL, &v);
	/* without 50000000 bytes of page cache and the slabs, which the kernel can drop */
	ck_assert_int_eq(v.memory, 104857600 - 54857600);
	ck_assert_int_eq(v.cache, 54857600);
	ck_assert_int_eq(v.cpu, 1500000000);
	ck_assert_int_eq(v.tasks, 12);
	ck_assert_int_eq(v.io_read, 4100);
	ck_assert_int_eq(v.io_written, 101);
	ck_assert_int_eq(v.oom_kills, 2);
	ck_assert_double_eq(v.pressure, 12.5);
	usage_group_members(&group, &members);
	ck_assert_int_eq(members.count, 3); /* also those of groups below */
	usage_members_free(&members);
}
END_TEST

START_TEST(only_what_is_wanted_is_read)
{
	struct usage_values v = none;

	put_unified();
	find(UNIFIED_MOUNT, "0::/system.slice/web.service\n");
	usage_group_read(&group, USAGE_CPU, &v);
	ck_assert_int_eq(v.cpu, 1500000000);
	ck_assert(v.memory == -1 && v.tasks == -1 && v.io_read == -1 && v.oom_kills == -1);
}
END_TEST

START_TEST(a_controller_that_is_not_enabled_leaves_its_number_unknown)
{
	struct usage_values v = none;

	put(SLICE "cgroup.procs", "7\n");
	put(SLICE "cpu.stat", "usage_usec 5\n");
	find(UNIFIED_MOUNT, "0::/system.slice/web.service\n");
	ck_assert(is_own());
	usage_group_read(&group, USAGE_ALL, &v);
	ck_assert_int_eq(v.cpu, 5000);
	ck_assert(v.memory == -1 && v.tasks == -1 && v.io_read == -1 && v.oom_kills == -1 &&
		  v.pressure == -1);
}
END_TEST

START_TEST(version_1_has_a_group_in_each_hierarchy)
{
	struct usage_values v = none;
	struct usage_members members = {.list = NULL};

	put("sys/fs/cgroup/systemd/system.slice/web.service/cgroup.procs", "7\n");
	put("sys/fs/cgroup/memory/system.slice/web.service/memory.stat",
		"rss 1\ncache 2\ntotal_cache 5000\ntotal_rss 7000\ntotal_shmem 1000\n");
	put("sys/fs/cgroup/memory/system.slice/web.service/memory.oom_control",
		"oom_kill_disable 0\nunder_oom 0\noom_kill 4\n");
	put("sys/fs/cgroup/pids/system.slice/web.service/pids.current", "3\n");
	put("sys/fs/cgroup/cpu,cpuacct/system.slice/web.service/cpuacct.usage", "123456789\n");
	find(HYBRID, "12:pids:/system.slice/web.service\n4:memory:/system.slice/web.service\n"
		     "3:cpu,cpuacct:/system.slice/web.service\n"
		     "1:name=systemd:/system.slice/web.service\n0::/system.slice/web.service\n");
	ck_assert(is_own());
	usage_group_read(&group, USAGE_ALL, &v);
	ck_assert_int_eq(v.memory, 8000);
	ck_assert_int_eq(v.cache, 4000);
	ck_assert_int_eq(v.cpu, 123456789);
	ck_assert_int_eq(v.tasks, 3);
	ck_assert_int_eq(v.oom_kills, 4);
	usage_group_members(&group, &members);
	ck_assert_int_eq(members.count, 1);
	usage_members_free(&members);
}
END_TEST

START_TEST(without_accounting_the_shared_groups_of_version_1_are_not_used)
{
	struct usage_values v = none;

	put("sys/fs/cgroup/systemd/system.slice/web.service/cgroup.procs", "7\n");
	put("sys/fs/cgroup/memory/system.slice/memory.stat", "total_rss 99\n");
	put("sys/fs/cgroup/cpu,cpuacct/cpuacct.usage", "99\n");
	find(HYBRID, "4:memory:/system.slice\n3:cpu,cpuacct:/\n"
		     "1:name=systemd:/system.slice/web.service\n0::/\n");
	ck_assert(is_own());
	usage_group_read(&group, USAGE_ALL, &v);
	ck_assert(v.memory == -1 && v.cpu == -1 && v.tasks == -1);
}
END_TEST

START_TEST(a_group_with_another_name_is_not_trusted)
{
	static const char *const lines[] = {"0::/system.slice/cron.service\n", "0::/\n",
		"0::/system.slice/web.service.d/x\n", "0::/xweb.service\n", "0::/../web.service\n",
		"0::web.service\n", "0:web.service\n", "", "0::\n", "7:freezer:/web.service\n"};

	put("sys/fs/cgroup/web.service/cgroup.procs", "7\n");
	for (size_t i = 0; i < COUNT(lines); i++) {
		find(UNIFIED_MOUNT, lines[i]);
		ck_assert_msg(!is_own(), "%s", lines[i]);
	}
	find(UNIFIED_MOUNT, "0::/_web.service\n"); /* no such directory */
	ck_assert(!is_own());
	put("sys/fs/cgroup/_web.service/cgroup.procs", "7\n");
	ck_assert(is_own());
}
END_TEST

START_TEST(in_a_container_only_what_is_mounted_is_used)
{
	/* the control groups of the host, of which only those of the container are mounted */
	put("sys/fs/cgroup/system.slice/web.service/cgroup.procs", "7\n");
	find("31 23 0:28 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n",
		"0::/docker/abc/system.slice/web.service\n");
	ck_assert(is_own());
	/* a namespace of its own, with the mount of the host */
	find("31 23 0:28 /../.. /sys/fs/cgroup ro - cgroup2 cgroup rw\n",
		"0::/system.slice/web.service\n");
	ck_assert(!is_own());
	find("31 23 0:28 /docker/ab /sys/fs/cgroup ro - cgroup2 cgroup rw\n",
		"0::/docker/abc/system.slice/web.service\n");
	ck_assert(!is_own());
	/* a mount point with a blank */
	put("sys/a b/system.slice/web.service/cgroup.procs", "7\n");
	find("31 23 0:28 / /sys/a\\040b ro - cgroup2 cgroup rw\n",
		"0::/system.slice/web.service\n");
	ck_assert(is_own());
}
END_TEST

START_TEST(hostile_contents_are_no_numbers)
{
	struct usage_values v = none;
	struct usage_members members = {.list = NULL};

	put(SLICE "memory.current", "99999999999999999999\n");
	put(SLICE "memory.stat", "file -5\nshmem x\n");
	put(SLICE "cpu.stat", "usage_usec 9223372036854775807\n");
	put(SLICE "pids.current", "-1\n");
	put(SLICE "io.stat", "8:0 rbytes=x wbytes=-1\n rbytes=9223372036854775807 wbytes=1\n"
			     " rbytes=9223372036854775807\n");
	put(SLICE "memory.events", "oom_kill\noom_kill many\n");
	put(SLICE "memory.pressure", "some avg10=nan\n");
	put(SLICE "cgroup.procs", "-7\nseven\n");
	find(UNIFIED_MOUNT, "0::/system.slice/web.service\n");
	ck_assert(is_own());
	usage_group_read(&group, USAGE_ALL, &v);
	ck_assert(v.memory == -1 && v.cpu == -1 && v.tasks == -1 && v.oom_kills == -1);
	ck_assert(v.pressure == -1 && v.io_read >= 0 && v.io_written == 1);
	usage_group_members(&group, &members);
	ck_assert_int_eq(members.count, 0);
	usage_members_free(&members);
}
END_TEST

START_TEST(the_lowest_memory_limit_above_the_process_applies)
{
	put_unified();
	put("sys/fs/cgroup/memory.max", "max\n");
	put("sys/fs/cgroup/system.slice/memory.max", "5000\n");
	put(SLICE "memory.max", "9000\n");
	find(UNIFIED_MOUNT, "0::/system.slice/web.service\n");
	ck_assert_int_eq(usage_group_memory_limit(&group), 5000);
	put("sys/fs/cgroup/system.slice/memory.max", "max\n");
	ck_assert_int_eq(usage_group_memory_limit(&group), 9000);
	put(SLICE "memory.max", "max\n");
	ck_assert(usage_group_memory_limit(&group) == INT64_MAX);
	/* the limit of a container whose services share its group */
	put("sys/fs/cgroup/memory.max", "7000\n");
	find("31 23 0:28 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n", "0::/docker/abc\n");
	ck_assert_int_eq(usage_group_memory_limit(&group), 7000);
}
END_TEST

START_TEST(version_1_tells_the_limit_of_all_groups_above)
{
	put("sys/fs/cgroup/memory/memory.stat", "hierarchical_memory_limit 4096\n");
	find(HYBRID, "4:memory:/\n0::/\n");
	ck_assert_int_eq(usage_group_memory_limit(&group), 4096);
	put("sys/fs/cgroup/memory/memory.stat", "hierarchical_memory_limit 9223372036854771712\n");
	ck_assert(usage_group_memory_limit(&group) == INT64_MAX);
}
END_TEST

START_TEST(the_memory_of_the_machine_is_read)
{
	ck_assert_int_eq(usage_group_machine_memory(), 0);
	put("proc/meminfo", "MemTotal:       2048 kB\nMemFree: 1 kB\n");
	ck_assert_int_eq(usage_group_machine_memory(), 2 * MIB);
	put("proc/meminfo", "MemTotal: -1 kB\n");
	ck_assert_int_eq(usage_group_machine_memory(), 0);
}
END_TEST

SUITE("usage_group", setup, teardown)
{
	TEST(version_2_has_everything);
	TEST(only_what_is_wanted_is_read);
	TEST(a_controller_that_is_not_enabled_leaves_its_number_unknown);
	TEST(version_1_has_a_group_in_each_hierarchy);
	TEST(without_accounting_the_shared_groups_of_version_1_are_not_used);
	TEST(a_group_with_another_name_is_not_trusted);
	TEST(in_a_container_only_what_is_mounted_is_used);
	TEST(hostile_contents_are_no_numbers);
	TEST(the_lowest_memory_limit_above_the_process_applies);
	TEST(version_1_tells_the_limit_of_all_groups_above);
	TEST(the_memory_of_the_machine_is_read);
}
