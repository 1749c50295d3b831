/* check_service_options: the option respawn_max of the module service, which has its own format. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "modules/service/options.h"
#include "suite.h"

/* --- respawn_max ------------------------------------------------------------------------------ */

static const struct rate_row {
	const char *text;
	int err;
	unsigned count;
	double seconds;
} rates[] = {
	{"3/10m", 0, 3, 600},
	{"1/1s", 0, 1, 1},
	{"99/1d", 0, 99, 86400},
	{"5/90", 0, 5, 90},
	{"2/1500ms", 0, 2, 1.5},
	{"0", 0, 0, 0},
	{"", -EINVAL, 0, 0},
	{"3", -EINVAL, 0, 0},
	{"3/", -EINVAL, 0, 0},
	{"/10m", -EINVAL, 0, 0},
	{"0/10m", -EINVAL, 0, 0},
	{"-3/10m", -EINVAL, 0, 0},
	{"3/-10m", -EINVAL, 0, 0},
	{"3/10x", -EINVAL, 0, 0},
	{"3/10m ", -EINVAL, 0, 0},
	{" 3/10m", -EINVAL, 0, 0},
	{"3 / 10m", -EINVAL, 0, 0},
	{"100/10m", -EINVAL, 0, 0},
	{"3/0s", -EINVAL, 0, 0},
	{"3/2d", -EINVAL, 0, 0},
	{"99999999999999999999/1s", -EINVAL, 0, 0},
	{"3/99999999999999999999d", -EINVAL, 0, 0},
	{"never", -EINVAL, 0, 0},
};

START_TEST(respawn_max_is_a_rate_or_zero)
{
	const struct rate_row *row = &rates[_i];
	unsigned count;
	double seconds;

	ck_assert_msg(options_rate(row->text, &count, &seconds) == row->err, "%s", row->text);
	if (row->err == 0) {
		ck_assert_uint_eq(count, row->count);
		ck_assert_double_eq(seconds, row->seconds);
	} else {
		ck_assert_uint_eq(count, 0);
	}
}
END_TEST

SUITE("service_options", NULL, NULL)
{
	LOOP_TEST(respawn_max_is_a_rate_or_zero, COUNT(rates));
}
