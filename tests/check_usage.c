/* check_usage: when a service is measured, and what is kept of it. */
#include "fixture_usage.h"

static struct usage *usage;
static unsigned measured;
static struct usage_values last;
static char why[128];

static void on_measured(
	unsigned what, const struct usage_values *values, const char *reason, bool later, void *arg)
{
	measured++;
	last = *values;
	snprintf(why, sizeof(why), "%s", reason);
}

static vigil_service_reply running(pid_t pid)
{
	return (vigil_service_reply){.size = sizeof(vigil_service_reply),
		.name = "web",
		.manager = "systemd",
		.unit = "web.service",
		.text = "",
		.status = VIGIL_SERVICE_RUNNING,
		.pid = pid};
}

static void check_at(double now, pid_t pid)
{
	vigil_service_reply reply = running(pid);

	fake.now = now;
	usage_check(usage, &reply);
}

static void status_at(double now, vigil_service_status status)
{
	vigil_service_reply reply = running(0);

	reply.status = status;
	fake.now = now;
	usage_check(usage, &reply);
}

static double number(const char *key)
{
	const json_t *value =
		json_object_get(json_object_get(fake.state, "service_state/usage"), key);

	return value != NULL ? json_number_value(value) : -1;
}

static const char *source(void)
{
	const char *text = json_string_value(
		json_object_get(json_object_get(fake.state, "service_state/usage"), "source"));

	return text != NULL ? text : "";
}

/* Returns whether a timer is set, which would wake the loop. */
static bool has_timer(void)
{
	for (size_t i = 0; i < FAKE_TIMERS; i++)
		if (fake.timers[i].fn != NULL)
			return true;
	return false;
}

static void start(void)
{
	usage = usage_new(&fake.daemon);
}

START_TEST(children_count)
{
	start();
	PROCESS(.pid = 100, .parent = 1, .own = 100, .memory = 1024, .files = 3);
	PROCESS(.pid = 101, .parent = 100, .own = 50, .memory = 2048, .shared = 512, .threads = 3,
		.files = 2);
	PROCESS(.pid = 102, .parent = 101, .memory = 1024, .shared = 256);
	check_at(100, 100);
	ck_assert_double_eq(number("memory_bytes"), 4.5 * MIB);
	ck_assert_double_eq(number("tasks"), 5);
	ck_assert_double_eq(number("threads"), 5);
	ck_assert_double_eq(number("processes"), 3);
	ck_assert_double_eq(number("files"), 5);
	ck_assert_double_eq(number("cpu_seconds"), 1.5);
	ck_assert_double_eq(number("io_read_bytes"), 3 * 4096);
	ck_assert_double_eq(number("io_written_bytes"), 3 * 8192);
	ck_assert_double_eq(number("cpu_percent"), -1); /* known from the second measurement on */
	ck_assert_double_eq(number("oom_kills"), -1);
	ck_assert_str_eq(source(), "processes");
	usage_close(usage);
}
END_TEST

START_TEST(io_is_not_zero_on_a_kernel_that_does_not_count_it)
{
	start();
	PROCESS(.pid = 100, .parent = 1, .memory = 1024);
	PROCESS(.pid = 101, .parent = 100, .memory = 1024);
	ck_assert_int_eq(unlink(scratch_path("proc/100/io")), 0);
	ck_assert_int_eq(unlink(scratch_path("proc/101/io")), 0);
	check_at(100, 100);
	ck_assert_double_eq(number("memory_bytes"), 2 * MIB);
	ck_assert_double_eq(number("io_read_bytes"), -1);
	ck_assert_double_eq(number("io_written_bytes"), -1);
	usage_close(usage);
}
END_TEST

#define GROUP "sys/fs/cgroup/web.service/"

static void put_group(void)
{
	put("proc/self/mountinfo", "31 23 0:28 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
	put("proc/100/cgroup", "0::/web.service\n");
	put(GROUP "cgroup.procs", "100\n101\n");
}

START_TEST(a_group_without_controllers_shows_the_processes_to_sum)
{
	start();
	PROCESS(.pid = 100, .parent = 1, .own = 100, .memory = 1024, .files = 3);
	PROCESS(.pid = 101, .parent = 1, .own = 50, .memory = 1024, .threads = 2);
	PROCESS(.pid = 102, .parent = 100, .memory = 99999);
	put_group();
	check_at(100, 100);
	ck_assert_str_eq(source(), "control group");
	ck_assert_double_eq(number("memory_bytes"), 2 * MIB);
	ck_assert_double_eq(number("tasks"), 3);
	ck_assert_double_eq(number("processes"), 2);
	ck_assert_double_eq(number("cpu_seconds"), 1.5);
	ck_assert_double_eq(number("files"), 3);
	usage_close(usage);
}
END_TEST

START_TEST(the_numbers_of_the_group_come_first)
{
	start();
	PROCESS(.pid = 100, .own = 100, .memory = 1024, .files = 3);
	put_group(); /* process 101 has ended in the meantime */
	put(GROUP "memory.current", "%lld\n", (long long)(5 * MIB));
	put(GROUP "memory.stat", "file %lld\n", (long long)MIB);
	put(GROUP "cpu.stat", "usage_usec 3000000\n");
	put(GROUP "pids.current", "17\n");
	put(GROUP "memory.events", "oom_kill 1\n");
	check_at(100, 100);
	ck_assert_double_eq(number("memory_bytes"), 4 * MIB);
	ck_assert_double_eq(number("cache_bytes"), MIB);
	ck_assert_double_eq(number("cpu_seconds"), 3);
	ck_assert_double_eq(number("tasks"), 17);
	ck_assert_double_eq(number("threads"), 1);
	ck_assert_double_eq(number("oom_kills"), 1);
	ck_assert_double_eq(number("files"), 3);
	put(GROUP "cpu.stat", "usage_usec 33000000\n");
	check_at(160, 100);
	ck_assert_double_eq(number("cpu_percent"), 50);
	put(GROUP "cpu.stat", "usage_usec 1\n"); /* the group is another one */
	check_at(220, 100);
	ck_assert_double_eq(number("cpu_percent"), -1);
	usage_close(usage);
}
END_TEST

START_TEST(everything_is_measured_once_a_minute)
{
	start();
	PROCESS(.pid = 100, .own = 0);
	check_at(100, 100);
	PROCESS(.pid = 100, .own = 600);
	check_at(105, 100);
	ck_assert_double_eq(number("cpu_seconds"), 0);
	check_at(150, 100);
	ck_assert_double_eq(number("cpu_seconds"), 0);
	check_at(160, 100);
	ck_assert_double_eq(number("cpu_seconds"), 6);
	ck_assert_double_eq(number("cpu_percent"), 10);
	ck_assert(!has_timer()); /* the checks are made anyway */
	usage_close(usage);
}
END_TEST

START_TEST(limits_are_measured_at_each_check_and_nothing_else)
{
	start();
	usage_limit(usage, USAGE_MEMORY, on_measured, NULL);
	PROCESS(.pid = 100, .memory = 1024, .files = 7);
	check_at(100, 100);
	ck_assert_int_eq(measured, 1);
	ck_assert_int_eq(last.files, 7); /* the first measurement is a full one */
	check_at(101, 100);              /* not a tick: an event */
	ck_assert_int_eq(measured, 1);
	check_at(105, 100);
	ck_assert_int_eq(measured, 2);
	ck_assert_int_eq(last.memory, MIB);
	ck_assert_int_eq(last.files, -1);
	usage_close(usage);
}
END_TEST

START_TEST(an_interval_of_0_measures_limits_alone)
{
	json_object_set_new(fake.options, "usage_interval", json_string("0"));
	start();
	PROCESS(.pid = 100, .memory = 1024);
	check_at(100, 100);
	ck_assert_str_eq(source(), "");
	usage_limit(usage, USAGE_MEMORY, on_measured, NULL);
	check_at(105, 100);
	ck_assert_int_eq(measured, 1);
	ck_assert_str_eq(source(), "");
	usage_close(usage);
}
END_TEST

#define SERVICES 40

START_TEST(many_services_are_measured_at_several_checks)
{
	struct usage *all[SERVICES];
	vigil_service_reply reply = running(100);
	double written = 0;

	PROCESS(.pid = 100);
	for (int i = 0; i < SERVICES; i++)
		all[i] = usage_new(&fake.daemon);
	fake.step = 0.0005; /* each look at the clock takes so long */
	for (int round = 0; round < 20 && written < SERVICES; round++, fake.now += 5) {
		int measured_now = 0;

		for (int i = 0; i < SERVICES; i++) {
			json_object_clear(fake.state);
			usage_check(all[i], &reply);
			measured_now += source()[0] != '\0';
		}
		ck_assert_int_lt(measured_now, SERVICES);
		written += measured_now;
	}
	fake.step = 0;
	ck_assert_double_eq(written, SERVICES);
	for (int i = 0; i < SERVICES; i++)
		usage_close(all[i]);
}
END_TEST

START_TEST(processes_that_end_do_not_take_back_cpu_time)
{
	start();
	PROCESS(.pid = 100, .parent = 1, .own = 100);
	PROCESS(.pid = 101, .parent = 100, .own = 1000);
	check_at(100, 100);
	ck_assert_double_eq(number("cpu_seconds"), 11);
	/* its parent has waited for it: the time it took until its end is known */
	take("proc/101");
	PROCESS(.pid = 100, .parent = 1, .own = 100, .reaped = 1200);
	check_at(160, 100);
	ck_assert_double_eq(number("cpu_seconds"), 13);
	/* nobody has waited for it */
	PROCESS(.pid = 102, .parent = 100, .own = 500);
	check_at(220, 100);
	ck_assert_double_eq(number("cpu_seconds"), 18);
	take("proc/102");
	PROCESS(.pid = 100, .parent = 1, .own = 160, .reaped = 1200);
	check_at(280, 100);
	ck_assert_double_eq(number("cpu_seconds"), 18.6);
	ck_assert_double_eq(number("cpu_percent"), 1);
	usage_close(usage);
}
END_TEST

START_TEST(the_numbers_are_those_of_the_present_run)
{
	start();
	PROCESS(.pid = 100, .own = 500);
	PROCESS(.pid = 200, .own = 100);
	check_at(100, 100);
	ck_assert_double_eq(number("cpu_seconds"), 5);
	status_at(105, VIGIL_SERVICE_UNKNOWN); /* it may still run */
	ck_assert_double_eq(number("cpu_seconds"), 5);
	check_at(110, 200);
	ck_assert_double_eq(number("cpu_seconds"), 1);
	status_at(115, VIGIL_SERVICE_STOPPED);
	ck_assert_str_eq(source(), "");
	usage_close(usage);
}
END_TEST

START_TEST(a_service_without_a_main_process_is_not_measured)
{
	start();
	usage_limit(usage, USAGE_MEMORY, on_measured, NULL);
	check_at(100, 0);
	ck_assert_int_eq(measured, 1);
	ck_assert_int_eq(last.memory, -1);
	ck_assert_str_eq(why, "its main process is not known");
	ck_assert_str_eq(source(), "");
	usage_close(usage);
}
END_TEST

START_TEST(a_hidden_process_is_reported_and_an_ended_one_is_not)
{
	char words[64];

	start();
	usage_limit(usage, USAGE_FILES, on_measured, NULL);
	put("proc/self/stat", "x");
	check_at(100, getpid()); /* it lives, and is not in this /proc */
	ck_assert_int_eq(measured, 1);
	ck_assert_int_eq(last.files, -1);
	snprintf(words, sizeof(words), "/proc does not show process %d", (int)getpid());
	ck_assert_str_eq(why, words);
	usage_reset(usage);
	check_at(200, 0x7ffffff0);
	ck_assert_int_eq(measured, 1);
	usage_close(usage);
}
END_TEST

START_TEST(a_number_that_may_not_be_read_is_unknown)
{
	start();
	usage_limit(usage, USAGE_FILES, on_measured, NULL);
	PROCESS(.pid = 100, .parent = 1, .files = 3);
	PROCESS(.pid = 101, .parent = 100);
	put("proc/101/fd", "a file, which is no directory");
	check_at(100, 100);
	ck_assert_int_eq(last.files, -1);
	ck_assert_str_eq(why, "/proc/101: Not a directory");
	ck_assert_double_eq(number("files"), -1);
	ck_assert_double_eq(number("processes"), 2);
	usage_close(usage);
}
END_TEST

START_TEST(many_processes_are_read_in_slices)
{
	char pids[4096] = "";

	start();
	usage_limit(usage, USAGE_FILES, on_measured, NULL);
	for (int i = 100; i < 300; i++) {
		PROCESS(.pid = i, .files = 1);
		snprintf(pids + strlen(pids), sizeof(pids) - strlen(pids), "%d\n", i);
	}
	put_group();
	put(GROUP "cgroup.procs", "%s", pids);
	check_at(100, 100);
	ck_assert_int_eq(measured, 0);
	check_at(105, 100); /* does not start another one */
	for (int i = 0; i < 50 && measured == 0; i++)
		fake_pass(0.01);
	ck_assert_int_eq(measured, 1);
	ck_assert_int_eq(last.files, 200);
	/* the service ends in the middle of a measurement */
	check_at(200, 100);
	status_at(200, VIGIL_SERVICE_STOPPED);
	fake_pass(1);
	ck_assert_int_eq(measured, 1);
	usage_close(usage);
}
END_TEST

static void setup_usage(void)
{
	setup();
	measured = 0;
	why[0] = '\0';
}

SUITE("usage", setup_usage, teardown)
{
	TEST(children_count);
	TEST(io_is_not_zero_on_a_kernel_that_does_not_count_it);
	TEST(a_group_without_controllers_shows_the_processes_to_sum);
	TEST(the_numbers_of_the_group_come_first);
	TEST(everything_is_measured_once_a_minute);
	TEST(limits_are_measured_at_each_check_and_nothing_else);
	TEST(an_interval_of_0_measures_limits_alone);
	TEST(many_services_are_measured_at_several_checks);
	TEST(processes_that_end_do_not_take_back_cpu_time);
	TEST(the_numbers_are_those_of_the_present_run);
	TEST(a_service_without_a_main_process_is_not_measured);
	TEST(a_hidden_process_is_reported_and_an_ended_one_is_not);
	TEST(a_number_that_may_not_be_read_is_unknown);
	TEST(many_processes_are_read_in_slices);
}
