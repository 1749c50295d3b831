/*
 * check_network: traffic and links of network interfaces, with the texts of the kernel and a tree
 * of files as in /proc and /sys.
 */
#include "modules/system/network.h"

#include "fixture_system.h"

#define HEAD                                                                             \
	"Inter-|   Receive                                                |  Transmit\n" \
	" face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets\n"

START_TEST(the_interfaces_are_read)
{
	struct network_line lines[4];
	static const char text[] = HEAD "    lo: 100 2 0 0 0 0 0 0 100 2 0 0 0 0 0 0\n"
					"  eth0:1234567890123 5 1 2 0 0 0 0 42 6 3 4 0 0 0 0\n"
					"eth0:1: 7 0 0 0 0 0 0 0 8 0 0 0 0 0 0 0\n";

	ck_assert_uint_eq(network_parse(text, lines, 4), 2);
	ck_assert_str_eq(lines[0].name, "lo");
	ck_assert_str_eq(lines[1].name, "eth0");
	ck_assert_uint_eq(lines[1].counters.received, 1234567890123);
	ck_assert_uint_eq(lines[1].counters.sent, 42);
	ck_assert_uint_eq(lines[1].counters.errors, 4);
	ck_assert_uint_eq(lines[1].counters.drops, 6);
	ck_assert_uint_eq(network_parse(text, lines, 1), 1);
}
END_TEST

#define LONG_NAME                                                                          \
	"a-name-that-is-longer-than-any-that-the-kernel-would-ever-give-to-an-interface: " \
	"1 2 3 4 5 6 7 8 9 10 11 12\n"

START_TEST(invalid_lines_are_skipped)
{
	static const char *const texts[] = {"", "\n", HEAD, "eth0", "eth0:", "eth0: 1 2 3\n",
		": 1 2 3 4 5 6 7 8 9 10 11 12\n", "eth0: x 2 3 4 5 6 7 8 9 10 11 12\n",
		"eth0: -1 2 3 4 5 6 7 8 9 10 11 12\n",
		"eth0: 99999999999999999999999 2 3 4 5 6 7 8 9 10 11 12\n", LONG_NAME};
	struct network_line lines[4];

	for (size_t i = 0; i < COUNT(texts); i++)
		ck_assert_msg(network_parse(texts[i], lines, 4) == 0, "%s", texts[i]);
}
END_TEST

/* Counters of received bytes before and after ten seconds, the speed, and bits a second. */
static const struct {
	uint64_t before, now;
	double bits, rate;
} rates[] = {
	{1000, 2000, 0, 800},
	{1000, 1000, 1e9, 0},
	{4294967000, 704, 1e9, 800}, /* a counter of 32 bits has wrapped */
	{4294967000, 704, 0, 800},
	{5000000000, 1000, 1e9, -1},    /* it was reset */
	{2000000000, 1000, 1e7, -1},    /* a wrap is more than the speed allows */
	{1000, 9000000000000, 1e9, -1}, /* as after a bug of a driver */
	{0, UINT64_MAX, 0, -1},
	{5000000000, 705033704, 1e9, -1}, /* a counter of more than 32 bits does not wrap there */
	{UINT64_MAX, 0, 1e9, -1},
};

START_TEST(rates_are_computed)
{
	struct network_counters before = {.received = rates[_i].before};
	struct network_counters now = {.received = rates[_i].now};
	struct network_rates result;

	network_rates(&before, &now, 10, rates[_i].bits, &result);
	ck_assert_double_eq_tol(result.received_bits, rates[_i].rate, 1e-6);
	ck_assert_double_eq(result.sent_bits, 0);
	now.errors = 50;
	before.drops = 7;
	network_rates(&before, &now, 10, rates[_i].bits, &result);
	ck_assert_double_eq(result.errors, 5);
	ck_assert_double_eq(result.drops, -1);
}
END_TEST

START_TEST(speeds_are_read)
{
	ck_assert_double_eq(network_speed("1000\n"), 1e9);
	ck_assert_double_eq(network_speed("100000"), 1e11);
	ck_assert_double_eq(network_speed("-1"), 0);
	ck_assert_double_eq(network_speed("4294967295"), 0);
	ck_assert_double_eq(network_speed("0"), 0);
	ck_assert_double_eq(network_speed(""), 0);
	ck_assert_double_eq(network_speed("nan"), 0);
}
END_TEST

/* --- a tree of files -------------------------------------------------------------------------- */

static const vigil_option schema[] = {
	VIGIL_OPTION("interfaces", VIGIL_LIST, NULL, "names"),
	VIGIL_OPTION("link", VIGIL_CHOICE, "warning", "level", .choices = "ok warning critical"),
	VIGIL_OPTION_END,
};
VIGIL_MODULE(.name = "system", .options = schema);

static double speed;

double system_sensors_speed(const struct system *s, const char *interface)
{
	return speed;
}

/* Writes a file of an interface. */
static void set(const char *interface, const char *file, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "sys/class/net/%s/%s", interface, file);
	put(path, text);
}

/* Makes an interface that is a device, is switched on, and has a link. */
static void make(const char *interface, const char *index)
{
	set(interface, "device", "");
	set(interface, "flags", "0x1003");
	set(interface, "operstate", "up");
	set(interface, "ifindex", index);
}

static void begin(void)
{
	setup();
	mkdir(scratch_path("proc"), 0755);
	mkdir(scratch_path("proc/net"), 0755);
	speed = 1e9;
}

/* Makes a tick ten seconds after the last one, with the lines of /proc/net/dev. */
static void tick(const char *lines)
{
	scratch_put("proc/net/dev", 0644, HEAD "%s", lines);
	fake.now += 10;
	begin_tick();
	system_network_report(&machine);
}

static const json_t *value(const char *interface, const char *key)
{
	return json_object_get(
		json_object_get(json_object_get(fake.state, "network"), interface), key);
}

static double number(const char *interface, const char *key)
{
	const json_t *n = value(interface, key);

	return n != NULL ? json_number_value(n) : -1;
}

#define LINE(name, received, errors) name ": " received " 5 " errors " 0 0 0 0 0 0 6 0 0 0 0 0 0\n"

START_TEST(traffic_is_reported_from_the_second_tick_on)
{
	make("eth0", "2");
	set("lo", "flags", "0x9");
	system_network_start(&machine);
	tick(LINE("lo", "5", "0") LINE("eth0", "1000", "0"));
	ck_assert_double_eq(number("eth0", "received_bits_per_second"), -1);
	ck_assert_double_eq(number("eth0", "speed_bits_per_second"), 1e9);
	ck_assert_ptr_null(value("lo", "link")); /* it is no device */
	tick(LINE("eth0", "625001000", "100"));
	ck_assert_double_eq(number("eth0", "received_bits_per_second"), 5e8);
	ck_assert_double_eq(number("eth0", "used_percent"), 50);
	ck_assert_double_eq(number("eth0", "errors_per_second"), 10);
	speed = 0;
	tick(LINE("eth0", "625001000", "100"));
	ck_assert_double_eq(number("eth0", "used_percent"), -1);
}
END_TEST

START_TEST(a_threshold_that_cannot_be_judged_is_a_problem)
{
	make("eth0", "2");
	set("eth1", "device", "");
	set("eth1", "flags", "0x1003");
	set("eth1", "operstate", "down");
	system_network_start(&machine);
	speed = 0; /* as of many virtual interfaces */
	tick(LINE("eth0", "1", "0") LINE("eth1", "1", "0"));
	ck_assert_int_eq(machine.left_out, 0);
	machine.thresholds[NETWORK].given = true;
	speed = -1; /* not read yet */
	tick(LINE("eth0", "2", "0") LINE("eth1", "1", "0"));
	ck_assert_int_eq(machine.left_out, 0);
	speed = 0;
	tick(LINE("eth0", "3", "0") LINE("eth1", "1", "0"));
	ck_assert_int_eq(machine.left_out, 1); /* eth1 has no link, and therefore no speed */
}
END_TEST

START_TEST(a_link_that_is_lost_is_a_problem_also_after_a_restart)
{
	make("eth0", "2");
	make("eth1", "3");
	set("eth1", "operstate", "down"); /* it never had a link */
	system_network_start(&machine);
	tick(LINE("eth0", "1", "0") LINE("eth1", "1", "0"));
	ck_assert_int_eq(machine.level, VIGIL_OK);
	set("eth0", "operstate", "down");
	tick(LINE("eth0", "1", "0") LINE("eth1", "1", "0"));
	ck_assert_int_eq(machine.level, VIGIL_WARNING);
	ck_assert_str_eq(machine.reason, "eth0 has no link");
	system_network_start(&machine);
	tick(LINE("eth0", "1", "0") LINE("eth1", "1", "0"));
	ck_assert_int_eq(machine.level, VIGIL_WARNING);
	set("eth0", "flags", "0x1002"); /* an admin has switched it off */
	tick(LINE("eth0", "1", "0") LINE("eth1", "1", "0"));
	ck_assert_int_eq(machine.level, VIGIL_OK);
}
END_TEST

START_TEST(a_named_interface_must_exist_and_have_a_link)
{
	fake_option("interfaces", "eth*, bond0");
	fake_option("link", "critical");
	make("eth0", "2");
	set("eth0", "operstate", "lowerlayerdown");
	system_network_start(&machine);
	tick(LINE("eth0", "1", "0") LINE("bond0", "1", "0"));
	ck_assert_int_eq(machine.level, VIGIL_CRITICAL);
	ck_assert_str_eq(machine.reason, "eth0 has no link");
	set("eth0", "operstate", "up");
	tick(LINE("eth0", "1", "0"));
	ck_assert_str_eq(machine.reason, "there is no network interface bond0");
}
END_TEST

START_TEST(an_interface_that_comes_and_goes_is_a_new_one)
{
	make("usb0", "5");
	make("eth0", "2");
	system_network_start(&machine);
	tick(LINE("eth0", "1", "0") LINE("usb0", "1000", "0"));
	tick(LINE("eth0", "1", "0"));
	ck_assert_int_eq(machine.level, VIGIL_OK);
	ck_assert_ptr_null(value("usb0", "link"));
	ck_assert_uint_eq(json_array_size(json_object_get(fake.state, "links")), 1);
	tick(LINE("eth0", "1", "0") LINE("usb0", "2000", "0"));
	ck_assert_double_eq(number("usb0", "received_bits_per_second"), -1);
	tick(LINE("eth0", "1", "0") LINE("usb0", "3000", "0"));
	ck_assert_double_eq(number("usb0", "received_bits_per_second"), 800);
	set("usb0", "ifindex", "6"); /* another one between two ticks */
	tick(LINE("eth0", "1", "0") LINE("usb0", "9000", "0"));
	ck_assert_double_eq(number("usb0", "received_bits_per_second"), -1);
}
END_TEST

START_TEST(in_a_container_all_interfaces_but_lo_count)
{
	set("eth0", "flags", "0x1003");
	system_network_start(&machine);
	tick(LINE("lo", "1", "0") LINE("eth0", "1", "0"));
	ck_assert_str_eq(json_string_value(value("eth0", "link")), "unknown");
	ck_assert_ptr_null(value("lo", "link"));
	ck_assert_int_eq(machine.level, VIGIL_OK);
}
END_TEST

START_TEST(without_the_file_there_is_no_network)
{
	system_network_start(&machine);
	system_network_report(&machine);
	ck_assert_ptr_null(json_object_get(fake.state, "network"));
	ck_assert_int_eq(machine.left_out, 0);
}
END_TEST

SUITE("network", begin, teardown)
{
	TEST(the_interfaces_are_read);
	TEST(invalid_lines_are_skipped);
	LOOP_TEST(rates_are_computed, COUNT(rates));
	TEST(speeds_are_read);
	TEST(traffic_is_reported_from_the_second_tick_on);
	TEST(a_threshold_that_cannot_be_judged_is_a_problem);
	TEST(a_link_that_is_lost_is_a_problem_also_after_a_restart);
	TEST(a_named_interface_must_exist_and_have_a_link);
	TEST(an_interface_that_comes_and_goes_is_a_new_one);
	TEST(in_a_container_all_interfaces_but_lo_count);
	TEST(without_the_file_there_is_no_network);
}
