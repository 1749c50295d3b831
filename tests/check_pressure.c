/* check_pressure: the texts of the kernel in /proc/pressure. */
#include "modules/pressure/pressure.h"

#include "fixture_system.h"

#define SOME "some avg10=1.50 avg60=12.25 avg300=100.00 total=123456\n"
#define FULL "full avg10=0.00 avg60=3.00 avg300=4.00 total=99\n"

START_TEST(the_shares_are_read)
{
	struct pressure pressure;

	ck_assert_ptr_null(pressure_parse(SOME FULL, &pressure));
	ck_assert_double_eq(pressure.some.avg10, 1.5);
	ck_assert_double_eq(pressure.some.avg60, 12.25);
	ck_assert_double_eq(pressure.some.avg300, 100);
	ck_assert(pressure.has_full);
	ck_assert_double_eq(pressure.full.avg60, 3);
	ck_assert_ptr_null(pressure_parse(SOME, &pressure)); /* cpu before Linux 5.13 */
	ck_assert(!pressure.has_full);
	ck_assert_ptr_null(pressure_parse(SOME "full avg10=nan avg60=1 avg300=1\n", &pressure));
	ck_assert(!pressure.has_full);
}
END_TEST

START_TEST(an_invalid_text_is_refused)
{
	static const char *const texts[] = {"", "\n", FULL, "some\n", "some avg10=1 avg60=1\n",
		"some avg10=-1 avg60=1 avg300=1\n", "some avg10=1 avg60=101 avg300=1\n",
		"some avg10=1 avg60=inf avg300=1\n", "somewhat avg10=1 avg60=1 avg300=1\n",
		"some avg60=1 avg10=1 avg300=1\n"};
	struct pressure pressure;

	for (size_t i = 0; i < COUNT(texts); i++)
		ck_assert_msg(pressure_parse(texts[i], &pressure) != NULL, "%s", texts[i]);
}
END_TEST

/* --- a tree of files -------------------------------------------------------------------------- */

static const vigil_option schema[] = {
	VIGIL_OPTION("stalls", VIGIL_LIST, "memory", "names"),
	VIGIL_OPTION_END,
};
VIGIL_MODULE(.name = "system", .options = schema);

static const json_t *value(const char *resource)
{
	char path[64];

	snprintf(path, sizeof(path), "pressure/%s", resource);
	return json_object_get(fake.state, path);
}

START_TEST(the_pressure_of_the_last_minute_is_compared)
{
	put("proc/pressure/cpu", SOME);
	put("proc/pressure/memory", SOME FULL);
	put("proc/pressure/io", "garbage");
	system_pressure_start(&machine);
	system_pressure_report(&machine);
	ck_assert_str_eq(evaluated, "the time in which tasks wait for cpu 12.25;");
	ck_assert_ptr_nonnull(json_object_get(value("cpu"), "some"));
	ck_assert_ptr_null(json_object_get(value("cpu"), "full"));
	ck_assert_ptr_null(value("io"));
	system_pressure_stop(&machine);
}
END_TEST

START_TEST(a_kernel_without_pressure_is_no_problem)
{
	system_pressure_start(&machine);
	for (int i = 0; i < 3; i++) {
		begin_tick();
		system_pressure_report(&machine);
		ck_assert_int_eq(machine.level, VIGIL_OK);
		ck_assert_int_eq(machine.left_out, 0);
	}
	ck_assert(machine.pressure != NULL);
	ck_assert_ptr_null(value("memory"));
	machine.thresholds[MEMORY_PRESSURE].given = true; /* an admin wants to know it */
	system_pressure_report(&machine);
	ck_assert_int_eq(machine.left_out, 1);
	system_pressure_stop(&machine);
}
END_TEST

START_TEST(a_trigger_that_the_kernel_refuses_only_stops_the_count)
{
	put("proc/pressure/io", SOME); /* a regular file has no events */
	fake_option("stalls", "io");
	system_pressure_start(&machine);
	put("proc/pressure/io", SOME);
	system_pressure_report(&machine);
	ck_assert_ptr_nonnull(json_object_get(value("io"), "some"));
	ck_assert_ptr_null(json_object_get(value("io"), "stalls"));
	system_pressure_stop(&machine);
}
END_TEST

SUITE("pressure", setup, teardown)
{
	TEST(the_pressure_of_the_last_minute_is_compared);
	TEST(a_kernel_without_pressure_is_no_problem);
	TEST(a_trigger_that_the_kernel_refuses_only_stops_the_count);
	TEST(the_shares_are_read);
	TEST(an_invalid_text_is_refused);
}
