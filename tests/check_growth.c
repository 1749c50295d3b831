/* check_growth: when a disk will be full, with steady growth and with everything that is none. */
#include "modules/system/growth.h"

#include <math.h>
#include <stdlib.h>

#include "fixture_system.h"

#define HOUR 3600.0
#define GIB  1073741824.0

/* Adds readings of `used` for so many steps. */
#define READ(growth, steps, expression)   \
	for (int i = 0; i < (steps); i++) \
	ck_assert(growth_add(&(growth), 1000 + i * GROWTH_STEP, expression))

START_TEST(steady_growth_has_its_rate)
{
	struct growth growth = {0};

	READ(growth, GROWTH_POINTS, 100 * GIB + i * GIB);
	ck_assert_double_eq_tol(growth_rate(&growth), GIB / GROWTH_STEP, 1);
	ck_assert_double_eq_tol(growth_until_full(&growth, 30 * GIB), 5 * HOUR, 1);
}
END_TEST

START_TEST(an_hour_of_readings_is_needed)
{
	struct growth growth = {0};

	for (int i = 0; i < GROWTH_AT_LEAST; i++) {
		ck_assert(isinf(growth_until_full(&growth, GIB)));
		growth_add(&growth, i * GROWTH_STEP, i * GIB);
	}
	ck_assert_double_eq_tol(growth_until_full(&growth, 6 * GIB), HOUR, 1);
}
END_TEST

START_TEST(readings_have_a_distance)
{
	struct growth growth = {0};

	ck_assert(growth_add(&growth, 1000, 0));
	ck_assert(!growth_add(&growth, 1000, 1));
	ck_assert(!growth_add(&growth, 1000 + GROWTH_STEP - 1, 1));
	ck_assert(growth_add(&growth, 1000 + GROWTH_STEP, 1));
	ck_assert_uint_eq(growth.count, 2);
}
END_TEST

START_TEST(a_gap_and_a_clock_that_runs_backwards_begin_again)
{
	struct growth growth = {0};

	READ(growth, 10, i * GIB);
	ck_assert(growth_add(&growth, 1e6, 10 * GIB));
	ck_assert_uint_eq(growth.count, 1);
	ck_assert(growth_add(&growth, 10, 10 * GIB));
	ck_assert_uint_eq(growth.count, 1);
}
END_TEST

/* The readings of three hours after which a disk is not about to be full. */
static double noise(int kind, int i)
{
	switch (kind) {
	case 0: return 50 * GIB;                                    /* nothing happens */
	case 1: return 50 * GIB - i * GIB;                          /* it gets emptier */
	case 2: return 50 * GIB + (rand() % 1000) / 1000.0 * GIB;   /* noise without a trend */
	case 3: return 50 * GIB + (i % 6) * GIB;                    /* files that come and go */
	case 4: return i == 9 ? 90 * GIB : 50 * GIB;                /* a large temporary file */
	case 5: return i >= 9 ? 90 * GIB : 50 * GIB;                /* one jump */
	case 6: return 50 * GIB + (i < 12 ? i : 12) * GIB;          /* a backup that has ended */
	case 7: return 50 * GIB + (i < 15 ? 0 : i - 14) * 10 * GIB; /* a copy of half an hour */
	case 8: /* in the last hour it goes up and down */
		return (i < 12 ? i : 12 + ((i + 1) % 2) * 0.5 + (i - 12) * 0.05) * GIB;
	default: return 50 * GIB + (i % 2) * GIB; /* up and down */
	}
}

START_TEST(noise_is_no_growth)
{
	struct growth growth = {0};

	srand(7);
	READ(growth, GROWTH_POINTS, noise(_i, i));
	ck_assert_double_eq(growth_rate(&growth), 0);
	ck_assert(isinf(growth_until_full(&growth, GIB)));
}
END_TEST

START_TEST(single_jumps_do_not_change_the_rate)
{
	struct growth growth = {0};

	/* Half a GiB in each step, with noise, and a temporary file of 100 GiB. */
	srand(7);
	READ(growth, GROWTH_POINTS,
		i * GIB / 2 + (rand() % 100) / 1000.0 * GIB + (i == 5 ? 100 * GIB : 0));
	ck_assert_double_eq_tol(growth_rate(&growth) * GROWTH_STEP, GIB / 2, GIB / 10);
}
END_TEST

START_TEST(the_smaller_of_both_rates_counts)
{
	struct growth growth = {0};

	/* It has become slower in the last hour. */
	READ(growth, GROWTH_POINTS, i < 12 ? i * GIB : 12 * GIB + (i - 12) * GIB / 4);
	ck_assert_double_eq_tol(growth_rate(&growth) * GROWTH_STEP, GIB / 4, GIB / 50);
}
END_TEST

/* --- the disks of a machine ------------------------------------------------------------------- */

static const vigil_option schema[] = {
	VIGIL_OPTION("full_warning", VIGIL_DURATION, "43200", "seconds"),
	VIGIL_OPTION("full_critical", VIGIL_DURATION, "10800", "seconds"),
	VIGIL_OPTION_END,
};
VIGIL_MODULE(.name = "system", .options = schema);

static json_t *disk;

static void begin(void)
{
	setup();
	system_growth_start(&machine);
}

static void end(void)
{
	json_decref(disk);
	disk = NULL;
	system_growth_stop(&machine);
	teardown();
}

/* Two hours of ticks, each minute, in which /var grows by a GiB an hour; then `available` bytes are
 * left. */
static void grow(double available)
{
	for (int minute = 0; minute <= 120; minute++) {
		begin_tick();
		json_decref(disk);
		disk = json_object();
		system_growth_add(&machine, "/", 5 * GIB, GIB, json_object_get(disk, "none"));
		system_growth_add(&machine, "/var", minute * GIB / 60, available, disk);
		system_growth_end(&machine);
		fake.now += 60;
	}
}

START_TEST(a_disk_that_fills_up_is_a_problem)
{
	static const struct {
		double available;
		vigil_health_level level;
		const char *reason;
	} rows[] = {
		{13 * GIB, VIGIL_OK, ""},
		{5.2 * GIB, VIGIL_WARNING, "/var will be full in 5.2 h at the present rate"},
		{GIB, VIGIL_CRITICAL, "/var will be full in 60 min at the present rate"},
		{0, VIGIL_CRITICAL, "/var will be full in 0 min at the present rate"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		begin();
		grow(rows[i].available);
		ck_assert_int_eq(machine.level, rows[i].level);
		ck_assert_str_eq(machine.reason, rows[i].reason);
		ck_assert_double_eq_tol(
			json_number_value(json_object_get(disk, "growth_bytes_per_hour")), GIB,
			GIB / 100);
		end();
	}
}
END_TEST

START_TEST(the_limits_can_be_switched_off)
{
	begin();
	end();
	setup();
	fake_option("full_warning", "0");
	fake_option("full_critical", "0");
	system_growth_start(&machine);
	grow(GIB);
	ck_assert_int_eq(machine.level, VIGIL_OK);
	ck_assert_double_eq_tol(json_number_value(json_object_get(disk, "full_seconds")), HOUR, 60);
	end();
}
END_TEST

START_TEST(a_disk_that_was_mounted_again_is_a_new_one)
{
	begin();
	grow(GIB);
	ck_assert_int_eq(machine.level, VIGIL_CRITICAL);
	system_growth_add(&machine, "/", 5 * GIB, GIB, disk);
	system_growth_end(&machine); /* /var is not mounted */
	machine.level = VIGIL_OK;
	system_growth_add(&machine, "/var", 3 * GIB, GIB, disk);
	ck_assert_int_eq(machine.level, VIGIL_OK);
	end();
}
END_TEST

SUITE("growth", NULL, NULL)
{
	TEST(steady_growth_has_its_rate);
	TEST(an_hour_of_readings_is_needed);
	TEST(readings_have_a_distance);
	TEST(a_gap_and_a_clock_that_runs_backwards_begin_again);
	LOOP_TEST(noise_is_no_growth, 10);
	TEST(single_jumps_do_not_change_the_rate);
	TEST(the_smaller_of_both_rates_counts);
	TEST(a_disk_that_fills_up_is_a_problem);
	TEST(the_limits_can_be_switched_off);
	TEST(a_disk_that_was_mounted_again_is_a_new_one);
}
