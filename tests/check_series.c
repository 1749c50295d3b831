/* check_series: the statistics of a series of samples, which may have gaps. */
#include "modules/average/series.h"

#include <math.h>
#include <stdlib.h>

#include "suite.h"

static double room[10];
static struct series s;

static void begin(size_t size)
{
	series_init(&s, room, size);
}

static void comes_to(size_t steps, size_t samples, double min, double max, double mean)
{
	struct summary sum = series_summary(&s, steps);

	ck_assert_uint_eq(sum.samples, samples);
	if (samples == 0)
		return;
	ck_assert_double_eq(sum.min, min);
	ck_assert_double_eq(sum.max, max);
	ck_assert_double_eq_tol(sum.mean, mean, 1e-12);
}

START_TEST(a_window_has_the_last_samples)
{
	begin(10);
	comes_to(5, 0, 0, 0, 0);
	for (int i = 1; i <= 25; i++)
		series_push(&s, i);
	comes_to(1, 1, 25, 25, 25);
	comes_to(4, 4, 22, 25, 23.5);
	comes_to(10, 10, 16, 25, 20.5);
	comes_to(1000, 10, 16, 25, 20.5); /* older samples are not stored */
	series_push(&s, -7.5);
	comes_to(2, 2, -7.5, 25, 8.75);
}
END_TEST

START_TEST(gaps_do_not_count)
{
	begin(10);
	series_push(&s, 4);
	series_push(&s, NAN);
	series_push(&s, 8);
	series_push(&s, NAN);
	comes_to(1, 0, 0, 0, 0);
	comes_to(2, 1, 8, 8, 8);
	comes_to(4, 2, 4, 8, 6);
}
END_TEST

START_TEST(the_mean_lies_between_the_samples)
{
	begin(3);
	for (int i = 0; i < 3; i++)
		series_push(&s, 0.1);                         /* their sum is rounded up */
	ck_assert(series_summary(&s, 3).mean == (double)0.1); /* x87 has more digits */
	for (int i = 0; i < 3; i++)
		series_push(&s, 1.5e308); /* their sum is infinite */
	ck_assert(series_summary(&s, 3).mean == (double)1.5e308);
	series_push(&s, -1.5e308);
	ck_assert_double_eq_tol(series_summary(&s, 2).mean, 0, 1e-12);
}
END_TEST

static void points_are(size_t each, size_t most, const double *expected, size_t count)
{
	double points[16];

	ck_assert_uint_eq(series_points(&s, each, points, most), count);
	for (size_t i = 0; i < count; i++) {
		if (isnan(expected[i]))
			ck_assert(isnan(points[i]));
		else
			ck_assert_double_eq_tol(points[i], expected[i], 1e-12);
	}
}

START_TEST(points_keep_their_position)
{
	begin(10);
	points_are(2, 5, NULL, 0);
	for (int i = 0; i < 5; i++)
		series_push(&s, i);
	points_are(2, 5, (double[]){0.5, 2.5, 4}, 3);
	series_push(&s, 5);
	points_are(2, 5, (double[]){0.5, 2.5, 4.5}, 3);
	points_are(2, 2, (double[]){2.5, 4.5}, 2);
	series_push(&s, NAN);
	series_push(&s, NAN);
	points_are(2, 5, (double[]){0.5, 2.5, 4.5, NAN}, 4);
	for (int i = 8; i < 13; i++)
		series_push(&s, i);
	/* steps 3 to 12 are left: the first point has one of its two samples */
	points_are(2, 9, (double[]){3, 4.5, NAN, 8.5, 10.5, 12}, 6);
	points_are(1, 3, (double[]){10, 11, 12}, 3);
}
END_TEST

SUITE("series", NULL, NULL)
{
	TEST(a_window_has_the_last_samples);
	TEST(gaps_do_not_count);
	TEST(the_mean_lies_between_the_samples);
	TEST(points_keep_their_position);
}
