/* check_limits: when a service exceeds its limits, and in which words. */
#include "fixture_usage.h"

static struct usage *usage;
static struct limits *limits;
static unsigned news;
static const char *manager;

static void on_news(vigil_daemon *d, void *arg)
{
	news++;
}

static void option(const char *key, const char *value)
{
	json_object_set_new(fake.options, key, json_string(value));
}

static void start(void)
{
	usage = usage_new(&fake.daemon);
	limits = limits_new(&fake.daemon, usage, on_news, NULL);
}

static void stop(void)
{
	limits_close(limits);
	usage_close(usage);
}

/* Makes so many checks. */
static void check(int times)
{
	vigil_service_reply reply = {.size = sizeof(reply),
		.name = "web",
		.manager = manager,
		.unit = "",
		.text = "",
		.status = VIGIL_SERVICE_RUNNING,
		.pid = 100};

	for (; times > 0; times--) {
		fake.now += 5;
		limits_check(limits, &reply);
		usage_check(usage, &reply);
	}
}

static void exceeds(const char *words)
{
	const char *text = limits_exceeded(limits);

	ck_assert_str_eq(text != NULL ? text : "", words);
}

static void cannot(const char *words)
{
	const char *text = limits_unknown(limits);

	ck_assert_str_eq(text != NULL ? text : "", words);
}

START_TEST(without_a_limit_there_is_nothing_to_check)
{
	start();
	ck_assert_ptr_null(limits);
	ck_assert_ptr_null(limits_exceeded(limits));
	ck_assert_ptr_null(limits_unknown(limits));
	ck_assert(limits_kept(limits));
	stop();
}
END_TEST

START_TEST(three_checks_in_a_row_count)
{
	option("memory_max", "2MiB");
	start();
	PROCESS(.pid = 100, .memory = 1024);
	PROCESS(.pid = 101, .parent = 100, .memory = 1536);
	check(2);
	exceeds("");
	ck_assert(!limits_kept(limits));
	check(1);
	exceeds("it uses 2.5 MiB of memory, over its limit of 2.0 MiB");
	PROCESS(.pid = 101, .parent = 100, .memory = 100);
	check(1);
	exceeds("");
	ck_assert(limits_kept(limits));
	PROCESS(.pid = 101, .parent = 100, .memory = 1536);
	check(2);
	limits_reset(limits);
	check(2);
	exceeds("");
	stop();
}
END_TEST

START_TEST(tasks_descriptors_and_cpu_count)
{
	option("tasks_max", "3");
	start();
	PROCESS(.pid = 100, .threads = 2);
	PROCESS(.pid = 101, .parent = 100, .threads = 2);
	check(3);
	exceeds("it has 4 tasks, over its limit of 3");
	stop();
	json_object_clear(fake.options);
	option("files_max", "4");
	start();
	PROCESS(.pid = 100, .files = 2);
	PROCESS(.pid = 101, .parent = 100, .files = 3);
	check(3);
	exceeds("it has 5 open descriptors, over its limit of 4");
	stop();
	json_object_clear(fake.options);
	option("cpu_max", "50");
	start();
	for (int i = 0; i < 4; i++) {
		exceeds("");
		PROCESS(.pid = 101, .parent = 100, .own = 400 * i);
		check(1);
	}
	exceeds("it uses 80 % of a CPU, over its limit of 50 %");
	cannot("");
	stop();
}
END_TEST

START_TEST(a_percentage_is_that_of_the_machine_or_of_the_group)
{
	option("memory_max", "50%");
	start();
	PROCESS(.pid = 100, .memory = 3 * 1024);
	put("proc/meminfo", "MemTotal: 8192 kB\n");
	check(3);
	exceeds("");
	put("proc/meminfo", "MemTotal: 4096 kB\n");
	check(3);
	exceeds("it uses 3.0 MiB of memory, over 50 % of the 4.0 MiB of the machine");
	put("proc/meminfo", "MemTotal: 999999 kB\n");
	check(1);
	exceeds("");
	put("proc/self/mountinfo", "31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
	put("proc/100/cgroup", "0::/all\n");
	put("sys/fs/cgroup/all/memory.max", "%lld\n", (long long)(5 * MIB));
	usage_hierarchy_forget();
	check(3);
	exceeds("it uses 3.0 MiB of memory, over 50 % of the 5.0 MiB that its control group may "
		"use");
	stop();
}
END_TEST

START_TEST(what_cannot_be_measured_is_never_exceeded_and_is_reported)
{
	option("files_max", "2");
	start();
	PROCESS(.pid = 100, .files = 5);
	check(2);
	take("proc/100/fd");
	put("proc/100/fd", "a file, which is no directory");
	check(3);
	exceeds("");
	cannot("its files_max cannot be checked: /proc/100: Not a directory");
	take("proc/100/fd");
	PROCESS(.pid = 100, .files = 5);
	check(1);
	cannot("");
	stop();
}
END_TEST

START_TEST(pressure_needs_a_control_group)
{
	option("pressure_max", "20%");
	start();
	PROCESS(.pid = 100);
	check(1);
	exceeds("");
	cannot("its pressure_max cannot be checked: the service has no control group of its own of "
	       "version 2");
	stop();
}
END_TEST

/* A fifo takes the place of the file of the kernel. */
static void put_trigger(void)
{
	put("proc/self/mountinfo", "31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
	put("proc/100/cgroup", "0::/web\n");
	put("sys/fs/cgroup/web/cgroup.procs", "100\n");
	ck_assert_int_eq(mkfifo(scratch_path("sys/fs/cgroup/web/memory.pressure"), 0644), 0);
	usage_hierarchy_forget();
	manager = "openrc";
	fake.watch.possible = true;
}

/* The kernel reports a window with pressure. */
static void stall(void)
{
	fake.watch.fn(&fake.daemon, fake.watch.fd, VIGIL_READ, fake.watch.arg);
}

START_TEST(three_windows_with_pressure_in_a_row_count)
{
	option("pressure_max", "20%");
	start();
	PROCESS(.pid = 100);
	put_trigger();
	check(1);
	cannot("");
	ck_assert(limits_kept(limits));
	for (int i = 0; i < 3; i++) {
		exceeds("");
		fake_pass(10);
		stall();
	}
	exceeds("it waits for memory for more than 20 % of the time, in 3 periods of 10 s in a "
		"row");
	ck_assert(!limits_kept(limits));
	ck_assert_int_eq(news, 3);
	fake_pass(16); /* none any more */
	exceeds("");
	ck_assert(limits_kept(limits));
	ck_assert_int_eq(news, 4);
	stall();
	fake_pass(16);
	for (int i = 0; i < 2; i++)
		stall();
	exceeds("");
	limits_reset(limits);
	ck_assert(limits_kept(limits));
	stop();
}
END_TEST

START_TEST(a_trigger_that_the_kernel_refuses_is_reported)
{
	char text[160];

	option("pressure_max", "20%");
	start();
	PROCESS(.pid = 100);
	put_trigger();
	fake.watch.possible = false;
	check(1);
	snprintf(text, sizeof(text), "its pressure_max cannot be checked: %s", strerror(ENOMEM));
	cannot(text);
	take("sys/fs/cgroup/web/memory.pressure");
	fake.now += 60;
	check(1);
	cannot("its pressure_max cannot be checked: the kernel has no pressure of control groups "
	       "(PSI)");
	put_trigger();
	fake.now += 60; /* it is tried again */
	check(1);
	cannot("");
	stop();
}
END_TEST

START_TEST(sizes_and_percentages_are_parsed)
{
	static const struct {
		const char *text;
		int64_t bytes;
		double percent;
		int err;
	} rows[] = {{"2MiB", 2 * MIB, 0, 0}, {"80%", 0, 80, 0}, {"80 %", 0, 80, 0},
		{"12.5%", 0, 12.5, 0}, {"0%", 0, 0, -EINVAL}, {"101%", 0, 0, -EINVAL},
		{"-5%", 0, 0, -EINVAL}, {"1e1%", 0, 0, -EINVAL}, {"0x10%", 0, 0, -EINVAL},
		{"%", 0, 0, -EINVAL}, {"5%%", 0, 0, -EINVAL}, {"nan%", 0, 0, -EINVAL},
		{"80% of it", 0, 0, -EINVAL}, {"2 apples", 0, 0, -EINVAL}};
	struct limits_memory memory;
	double percent;

	for (size_t i = 0; i < COUNT(rows); i++) {
		ck_assert_msg(limits_read_memory(rows[i].text, &memory) == rows[i].err, "%s",
			rows[i].text);
		ck_assert_int_eq(rows[i].err == 0 ? memory.bytes : 0, rows[i].bytes);
		ck_assert_double_eq(memory.percent, rows[i].percent);
	}
	ck_assert_int_eq(limits_read_percent("20", &percent), 0);
	ck_assert_double_eq(percent, 20);
}
END_TEST

static void setup_limits(void)
{
	setup();
	news = 0;
	manager = "lsb";
}

SUITE("limits", setup_limits, teardown)
{
	TEST(without_a_limit_there_is_nothing_to_check);
	TEST(three_checks_in_a_row_count);
	TEST(tasks_descriptors_and_cpu_count);
	TEST(a_percentage_is_that_of_the_machine_or_of_the_group);
	TEST(what_cannot_be_measured_is_never_exceeded_and_is_reported);
	TEST(pressure_needs_a_control_group);
	TEST(three_windows_with_pressure_in_a_row_count);
	TEST(a_trigger_that_the_kernel_refuses_is_reported);
	TEST(sizes_and_percentages_are_parsed);
}
