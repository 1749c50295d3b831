/* check_proc: the texts of the kernel in /proc, as in containers and old kernels too. */
#include "modules/system/proc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

#define HUGE_NUMBER "18446744073709551612"

START_TEST(load_and_uptime_are_read)
{
	struct proc_load load;
	struct proc_tasks tasks;
	double seconds;

	ck_assert_ptr_null(proc_load("0.52 1.25 10.00 3/456 12345\n", &load));
	ck_assert_double_eq(load.one, 0.52);
	ck_assert_double_eq(load.five, 1.25);
	ck_assert_double_eq(load.fifteen, 10);
	ck_assert_ptr_null(proc_tasks("0.52 1.25 10.00 3/456 12345\n", &tasks));
	ck_assert_int_eq(tasks.running, 3);
	ck_assert_int_eq(tasks.total, 456);
	ck_assert_ptr_null(proc_uptime("12345.67 9999.0\n", &seconds));
	ck_assert_double_eq(seconds, 12345.67);
}
END_TEST

START_TEST(load_and_tasks_are_read_independently)
{
	static const char *const no_load[] = {
		"", "0.52 1.25\n", "nan 1 1 3/4 5\n", "-1 0 0 3/4 5\n", "1 inf 0 3/4 5\n", "\n"};
	static const char *const no_tasks[] = {"", "0.52 1.25 10.00\n", "1 1 1 x/4 5\n",
		"1 1 1 3/\n", "1 1 1 5/4 5\n", "1 1 1 -3/4 5\n",
		"1 1 1 3/99999999999999999999 5\n"};
	static const char *const no_uptime[] = {"", "up\n", "nan\n", "-5 3\n", "inf\n", "1e300\n"};
	struct proc_load load;
	struct proc_tasks tasks;
	double seconds;

	for (size_t i = 0; i < COUNT(no_load); i++)
		ck_assert_msg(proc_load(no_load[i], &load) != NULL, "%s", no_load[i]);
	for (size_t i = 0; i < COUNT(no_tasks); i++)
		ck_assert_msg(proc_tasks(no_tasks[i], &tasks) != NULL, "%s", no_tasks[i]);
	for (size_t i = 0; i < COUNT(no_uptime); i++)
		ck_assert_msg(proc_uptime(no_uptime[i], &seconds) != NULL, "%s", no_uptime[i]);
	ck_assert_ptr_null(proc_load("0.52 1.25 10.00\n", &load));
	ck_assert_ptr_null(proc_tasks("nan -1 x 3/4 5\n", &tasks));
}
END_TEST

START_TEST(memory_and_swap_are_read)
{
	struct proc_room memory, swap;
	static const char text[] = "MemTotal:       16000000 kB\nMemFree:          100000 kB\n"
				   "MemAvailable:    4000000 kB\nCached: 5 kB\nSwapCached: 7 kB\n"
				   "SwapTotal:       1000 kB\nSwapFree:         250 kB\n";

	ck_assert_ptr_null(proc_memory(text, &memory));
	ck_assert_uint_eq(memory.total, 16000000ull * 1024);
	ck_assert_uint_eq(memory.available, 4000000ull * 1024);
	ck_assert_ptr_null(proc_swap(text, &swap));
	ck_assert_uint_eq(swap.total, 1000 * 1024);
	ck_assert_uint_eq(swap.available, 250 * 1024);
}
END_TEST

/* A text, and whether it tells the use of memory and of swap. */
static const struct {
	const char *text;
	bool memory, swap;
} memories[] = {
	/* as of lxcfs, if the swap of the container is smaller than its use */
	{"MemTotal: 10 kB\nMemAvailable: 5 kB\nSwapTotal: 3 kB\nSwapFree: " HUGE_NUMBER " kB\n",
		true, false},
	{"MemTotal: 10 kB\nMemAvailable: 5 kB\nSwapTotal: 3 kB\nSwapFree: 18014398509481983 kB\n",
		true, false},
	{"MemTotal: 10 kB\nMemAvailable: 5 kB\nSwapTotal: 3 kB\nSwapFree: -4 kB\n", true, false},
	{"MemTotal: 10 kB\nMemAvailable: 5 kB\nSwapTotal: 3 kB\nSwapFree: 4 kB\n", true, false},
	{"MemTotal: 10 kB\nMemAvailable: 5 kB\nSwapTotal: 3 kB\n", true, false},
	{"MemTotal: 10 kB\nMemAvailable: 5 kB\nSwapFree: 0 kB\n", true, false},
	{"MemTotal: 10 kB\nMemAvailable: 5 kB\n", true, false},
	{"MemTotal: 10 kB\nMemAvailable: 5 kB\nSwapTotal: 3 MB\nSwapFree: 3\n", true, false},
	{"MemTotal: 10 kB\nMemAvailable: 5 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n", true, true},
	{"MemTotal: 10 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n", false, true},
	{"MemAvailable: 10 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n", false, true},
	{"MemTotal: 10 kB\nMemAvailable: 11 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n", false, true},
	{"MemTotal: 10 kB\nMemAvailable: " HUGE_NUMBER " kB\nSwapTotal: 2 kB\nSwapFree: 1 kB\n",
		false, true},
	{"MemTotal: " HUGE_NUMBER " kB\nMemAvailable: 1 kB\nSwapTotal: 2 kB\nSwapFree: 1 kB\n",
		false, true},
	{"MemTotal: 99999999999999999999999 kB\nMemAvailable: 1 kB\n", false, false},
	{"MemTotal: 0 kB\nMemAvailable: 0 kB\nSwapTotal: 2 kB\nSwapFree: 1 kB\n", false, true},
	{"MemTotal:\nMemAvailable: x\nSwapTotal: 2 kB\nSwapFree: 1 kB", false, true},
	{"", false, false},
	{"\n", false, false},
};

START_TEST(memory_and_swap_are_judged_independently)
{
	struct proc_room room;

	ck_assert((proc_memory(memories[_i].text, &room) == NULL) == memories[_i].memory);
	ck_assert((proc_swap(memories[_i].text, &room) == NULL) == memories[_i].swap);
}
END_TEST

START_TEST(the_cpu_line_is_read)
{
	struct proc_cpu cpu;

	ck_assert_ptr_null(
		proc_cpu("cpu  100 20 30 400 50 6 7 8 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n"
			 "cpu1 1 1 1 1 1 1 1 1 0 0\nintr 5\nprocs_running 2\nprocs_blocked 3\n",
			&cpu));
	ck_assert_uint_eq(cpu.user, 120);
	ck_assert_uint_eq(cpu.system, 43);
	ck_assert_uint_eq(cpu.idle, 400);
	ck_assert_uint_eq(cpu.iowait, 50);
	ck_assert_uint_eq(cpu.steal, 8);
	ck_assert_int_eq(cpu.cpus, 2);
	ck_assert_int_eq(cpu.blocked, 3);
	/* old kernels, and emulations with fewer fields */
	ck_assert_ptr_null(proc_cpu("cpu  1 2 3 4\n", &cpu));
	ck_assert_uint_eq(cpu.idle, 4);
	ck_assert_uint_eq(cpu.steal, 0);
	ck_assert_int_eq(cpu.cpus, 0);
	ck_assert_int_eq(cpu.blocked, -1);
	ck_assert_ptr_null(proc_cpu("cpu 1 2 3 4\nprocs_blocked " HUGE_NUMBER "\n", &cpu));
	ck_assert_int_eq(cpu.blocked, -1);
}
END_TEST

START_TEST(an_invalid_cpu_line_is_refused)
{
	static const char *const odd[] = {"", "cpu 1 2 3\n", "cpu\n", "cpu0 1 2 3 4 5 6 7 8\n",
		"cpu 1 2 3 -4 5 6 7 8\n", "cpu 1 2 3 4 5 6 7 " HUGE_NUMBER " 0 0\n",
		"cpu 1 2 3 4 x\n", "cpu 99999999999999999999999 2 3 4 5 6 7 8\n"};
	struct proc_cpu cpu;

	for (size_t i = 0; i < COUNT(odd); i++)
		ck_assert_msg(proc_cpu(odd[i], &cpu) != NULL, "%s", odd[i]);
}
END_TEST

static const struct proc_cpu start = {
	.user = 1000, .system = 1000, .iowait = 1000, .steal = 1000, .idle = 1000};

START_TEST(cpu_shares_are_computed)
{
	struct proc_cpu now = start;
	struct proc_cpu_share share;

	now.user += 20;
	now.system += 10;
	now.iowait += 5;
	now.steal += 5;
	now.idle += 60;
	ck_assert_ptr_null(proc_cpu_share(&start, &now, &share));
	ck_assert_double_eq(share.busy, 35);
	ck_assert_double_eq(share.user, 20);
	ck_assert_double_eq(share.system, 10);
	ck_assert_double_eq(share.iowait, 5);
	ck_assert_double_eq(share.steal, 5);
	now.iowait = 900; /* proc(5) permits it */
	ck_assert_ptr_null(proc_cpu_share(&start, &now, &share));
	ck_assert_double_eq(share.iowait, 0);
	ck_assert_double_eq(share.busy, 36.8);
}
END_TEST

START_TEST(a_cpu_counter_that_decreases_yields_no_share)
{
	struct proc_cpu now[5] = {start, start, start, start, start};
	struct proc_cpu_share share;

	for (size_t i = 0; i < COUNT(now); i++) {
		now[i].user += 50;
		now[i].idle += 50;
	}
	now[0].idle = 10;
	now[1].user = 10;
	now[2].system = 10;
	now[3].steal = 10;
	for (size_t i = 0; i < 4; i++)
		ck_assert_ptr_nonnull(proc_cpu_share(&start, &now[i], &share));
	ck_assert_ptr_null(proc_cpu_share(&start, &now[4], &share));
	ck_assert_ptr_nonnull(proc_cpu_share(&start, &start, &share));
}
END_TEST

START_TEST(open_files_are_read)
{
	static const char *const odd[] = {"", "1 2\n", "1 0 0\n", HUGE_NUMBER " 0 100\n",
		"-4 0 100\n", "a b c\n", "1 0 99999999999999999999999\n"};
	struct proc_files files;

	ck_assert_ptr_null(proc_files("1024\t0\t9223372036854775807\n", &files));
	ck_assert_uint_eq(files.open, 1024);
	ck_assert_uint_eq(files.max, 9223372036854775807ull);
	ck_assert_ptr_null(proc_files("120\t0\t100\n", &files)); /* root may exceed the limit */
	for (size_t i = 0; i < COUNT(odd); i++)
		ck_assert_msg(proc_files(odd[i], &files) != NULL, "%s", odd[i]);
}
END_TEST

START_TEST(the_free_space_of_a_disk_is_computed)
{
	struct proc_disk disk = {.block = 4096,
		.blocks = 1000,
		.free = 300,
		.available = 100,
		.files = 50,
		.files_free = 10};
	struct proc_usage usage;
	double used = -1;
	bool has;

	ck_assert_ptr_null(proc_usage(&disk, &usage));
	ck_assert_uint_eq(usage.total, 4096000);
	ck_assert_uint_eq(usage.available, 409600);
	ck_assert_double_eq(usage.used, 87.5);
	ck_assert_ptr_null(proc_inodes(&disk, &has, &used));
	ck_assert(has);
	ck_assert_double_eq(used, 80);
	disk.available = (uint64_t)-5; /* root has used a part of the reserved blocks */
	ck_assert_ptr_null(proc_usage(&disk, &usage));
	ck_assert_uint_eq(usage.available, 0);
	ck_assert_double_eq(usage.used, 100);
}
END_TEST

START_TEST(an_invalid_disk_is_not_judged)
{
	static const struct proc_disk odd[] = {{.block = 4096},
		{.block = 0, .blocks = 10, .free = 5, .available = 5},
		{.block = 4096, .blocks = 10, .free = 11, .available = 5},
		{.block = 4096, .blocks = 10, .free = 5, .available = 11},
		{.block = 4096, .blocks = 10, .free = 10, .available = 0},
		{.block = 4096, .blocks = UINT64_MAX, .free = 5, .available = 5}};
	static const struct proc_disk none = {.files = 0, .files_free = 0};
	static const struct proc_disk more = {.files = 10, .files_free = 11};
	static const struct proc_disk huge = {.files = UINT64_MAX, .files_free = 11};
	struct proc_usage usage;
	double used;
	bool has;

	for (size_t i = 0; i < COUNT(odd); i++)
		ck_assert_msg(proc_usage(&odd[i], &usage) != NULL, "%zu", i);
	ck_assert_ptr_null(proc_inodes(&none, &has, &used));
	ck_assert(!has);
	ck_assert_ptr_nonnull(proc_inodes(&more, &has, &used));
	ck_assert_ptr_nonnull(proc_inodes(&huge, &has, &used));
}
END_TEST

SUITE("proc", NULL, NULL)
{
	TEST(load_and_uptime_are_read);
	TEST(load_and_tasks_are_read_independently);
	TEST(memory_and_swap_are_read);
	LOOP_TEST(memory_and_swap_are_judged_independently, COUNT(memories));
	TEST(the_cpu_line_is_read);
	TEST(an_invalid_cpu_line_is_refused);
	TEST(cpu_shares_are_computed);
	TEST(a_cpu_counter_that_decreases_yields_no_share);
	TEST(open_files_are_read);
	TEST(the_free_space_of_a_disk_is_computed);
	TEST(an_invalid_disk_is_not_judged);
}
