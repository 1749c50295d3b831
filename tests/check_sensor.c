/*
 * check_sensor: the program vigil-sensors with a tree of files as in /sys, and the check of its
 * lines.
 */
#include "modules/system/sensor.h"

#include <math.h>

#include "fixture_system.h"

START_TEST(a_line_is_read)
{
	struct sensor sensor;

	ck_assert(sensor_parse("45250 100000 coretemp Core 0", &sensor));
	ck_assert_double_eq(sensor.celsius, 45.3);
	ck_assert_double_eq(sensor.critical, 100);
	ck_assert_str_eq(sensor.name, "coretemp Core 0");
	ck_assert(sensor_parse("-5000 - acpitz", &sensor));
	ck_assert_double_eq(sensor.celsius, -5);
	ck_assert(isnan(sensor.critical));
	ck_assert_str_eq(sensor.name, "acpitz");
}
END_TEST

START_TEST(impossible_values_do_not_count)
{
	static const char *const lines[] = {"", "x - a", "45000", "45000 ", "45000 -", "45000 - ",
		"0 - a", "127000 - a", "128000 - a", "-128000 - a", "-274000 - a", "255000 - a",
		"99999999999999999999 - a", "nan - a", "45000 x a", "45000 90000"};
	static const char *const limits[] = {"45000 0 a", "45000 -273000 a", "45000 29000 a",
		"45000 65261850 a", "45000 255000 a"};
	struct sensor sensor;

	for (size_t i = 0; i < COUNT(lines); i++)
		ck_assert_msg(!sensor_parse(lines[i], &sensor), "%s", lines[i]);
	for (size_t i = 0; i < COUNT(limits); i++) {
		ck_assert_msg(sensor_parse(limits[i], &sensor), "%s", limits[i]);
		ck_assert_msg(isnan(sensor.critical), "%s", limits[i]);
	}
}
END_TEST

/* Returns the output of vigil-sensors for the tree in the scratch directory. */
static const char *run(void)
{
	static char output[4096];
	char command[512];
	const char *build = getenv("top_builddir");
	size_t n;
	FILE *pipe;

	snprintf(command, sizeof(command), "%s/src/vigil-sensors %s", build != NULL ? build : ".",
		scratch);
	pipe = popen(command, "r");
	ck_assert_ptr_nonnull(pipe);
	n = fread(output, 1, sizeof(output) - 1, pipe);
	output[n] = '\0';
	ck_assert_int_eq(pclose(pipe), 0);
	return output;
}

START_TEST(the_sensors_of_a_tree_are_printed)
{
	put("class/hwmon/hwmon0/name", "coretemp");
	put("class/hwmon/hwmon0/temp1_input", "45000");
	put("class/hwmon/hwmon0/temp1_label", "Package id 0");
	put("class/hwmon/hwmon0/temp1_crit", "100000");
	put("class/hwmon/hwmon0/temp2_input", "46000");
	put("class/hwmon/hwmon1/name", "nct6775");
	put("class/hwmon/hwmon1/temp1_input", "30000");
	put("class/hwmon/hwmon1/temp1_fault", "1");
	put("class/hwmon/hwmon1/temp2_input", "garbage");
	put("class/hwmon/hwmon2/temp1_input", "30000"); /* it has no name */
	put("class/thermal/thermal_zone0/type", "acpitz");
	put("class/thermal/thermal_zone0/temp", "27800");
	put("class/thermal/thermal_zone0/trip_point_0_type", "passive");
	put("class/thermal/thermal_zone0/trip_point_0_temp", "95000");
	put("class/thermal/thermal_zone0/trip_point_1_type", "critical");
	put("class/thermal/thermal_zone0/trip_point_1_temp", "105000");
	put("class/thermal/thermal_zone1/type", "coretemp"); /* it is in hwmon, too */
	put("class/thermal/thermal_zone1/temp", "45000");
	put("class/thermal/thermal_zone2/type", "x86_pkg_temp"); /* it cannot be read */
	put("class/net/eth0/speed", "1000");
	put("class/net/eth1/speed", "-1");
	put("class/net/lo/flags", "0x9");
	ck_assert_str_eq(run(), "temperature 45000 100000 coretemp Package id 0\n"
				"temperature 46000 - coretemp temp2\n"
				"temperature 27800 105000 acpitz\n"
				"speed 1000 eth0\n");
}
END_TEST

START_TEST(a_machine_without_sensors_prints_nothing)
{
	ck_assert_str_eq(run(), "");
}
END_TEST

/* --- judgements ------------------------------------------------------------------------------- */

static const vigil_option schema[] = {
	VIGIL_OPTION("temperature_margin", VIGIL_NUMBER, "5", "degrees"),
	VIGIL_OPTION_END,
};
VIGIL_MODULE(.name = "system", .options = schema);

int vigil_every_spread(vigil_daemon *d, double interval, vigil_tick_fn *cb, void *arg)
{
	return vigil_every(d, interval, cb, arg);
}

static const struct {
	const char *output;
	vigil_health_level level;
	const char *reason;
} judgements[] = {
	{"", VIGIL_OK, ""},
	{"temperature 94900 100000 cpu\n", VIGIL_OK, ""},
	{"temperature 95000 100000 cpu\n", VIGIL_WARNING,
		"cpu has 95.0 degrees Celsius, and its critical temperature is 100.0"},
	{"temperature 30000 - board\ntemperature 100500 100000 cpu\n", VIGIL_CRITICAL,
		"cpu has 100.5 degrees Celsius, and its critical temperature is 100.0"},
	{"temperature 120000 - cpu\n", VIGIL_OK, ""},
	{"temperature 120000 0 cpu\n", VIGIL_OK, ""},
	{"garbage\ntemperature\ntemperature x\nspeed\nspeed 7\n\n", VIGIL_OK, ""},
};

START_TEST(a_device_is_compared_with_its_critical_temperature)
{
	ck_assert_int_eq(system_sensors_start(&machine), 0);
	system_sensors_take(&machine, judgements[_i].output);
	system_sensors_report(&machine);
	ck_assert_int_eq(machine.level, judgements[_i].level);
	ck_assert_str_eq(machine.reason, judgements[_i].reason);
	ck_assert_str_eq(evaluated, "");
}
END_TEST

START_TEST(thresholds_replace_the_critical_temperature)
{
	machine.thresholds[TEMPERATURE].has_warning = true;
	ck_assert_int_eq(system_sensors_start(&machine), 0);
	system_sensors_take(&machine, "temperature 99000 100000 cpu\n");
	system_sensors_report(&machine);
	ck_assert_int_eq(machine.level, VIGIL_OK);
	ck_assert_str_eq(evaluated, "cpu 99;");
}
END_TEST

START_TEST(sensors_of_the_same_name_have_numbers)
{
	const json_t *values;

	ck_assert_int_eq(system_sensors_start(&machine), 0);
	system_sensors_take(&machine, "temperature 40000 - nvme Composite\n"
				      "temperature 41000 - nvme Composite\n"
				      "temperature 42000 - nvme Composite\n"
				      "speed 2500 eth0\n");
	system_sensors_report(&machine);
	values = json_object_get(fake.state, "temperature");
	ck_assert_uint_eq(json_object_size(values), 3);
	ck_assert_double_eq(json_number_value(json_object_get(
				    json_object_get(values, "nvme Composite #3"), "celsius")),
		42);
	ck_assert_double_eq(system_sensors_speed(&machine, "eth0"), 2.5e9);
	ck_assert_double_eq(system_sensors_speed(&machine, "eth1"), 0);
}
END_TEST

START_TEST(a_program_that_cannot_be_started_is_a_problem_only_with_a_threshold)
{
	ck_assert_int_eq(system_sensors_start(&machine), 0);
	system_sensors_take(&machine, "temperature 40000 - cpu\n");
	fake_pass(120); /* the fake vigil_spawn fails */
	system_sensors_report(&machine);
	ck_assert_int_eq(machine.left_out, 0);
	ck_assert_ptr_null(json_object_get(fake.state, "temperature"));
	machine.thresholds[TEMPERATURE].given = true;
	system_sensors_report(&machine);
	ck_assert_int_eq(machine.left_out, 1);
}
END_TEST

START_TEST(a_machine_without_sensors_is_a_problem_only_with_a_threshold)
{
	ck_assert_int_eq(system_sensors_start(&machine), 0);
	machine.thresholds[TEMPERATURE].given = true;
	system_sensors_report(&machine);
	ck_assert_int_eq(machine.left_out, 0); /* the program has not run yet */
	machine.thresholds[TEMPERATURE].given = false;
	system_sensors_take(&machine, "speed 1000 eth0\n");
	system_sensors_report(&machine);
	ck_assert_int_eq(machine.left_out, 0);
	machine.thresholds[TEMPERATURE].given = true;
	system_sensors_report(&machine);
	ck_assert_int_eq(machine.left_out, 1);
}
END_TEST

SUITE("sensor", setup, teardown)
{
	LOOP_TEST(a_device_is_compared_with_its_critical_temperature, COUNT(judgements));
	TEST(thresholds_replace_the_critical_temperature);
	TEST(sensors_of_the_same_name_have_numbers);
	TEST(a_program_that_cannot_be_started_is_a_problem_only_with_a_threshold);
	TEST(a_machine_without_sensors_is_a_problem_only_with_a_threshold);
	TEST(a_line_is_read);
	TEST(impossible_values_do_not_count);
	TEST(the_sensors_of_a_tree_are_printed);
	TEST(a_machine_without_sensors_prints_nothing);
}
