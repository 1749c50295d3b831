/* check_phase: neither objects nor hosts are due together, and hosts do not return together. */
#include "modules/icinga/phase.h"

#include <stdio.h>

#include "suite.h"

START_TEST(two_hosts_have_different_phases)
{
	int close = 0;
	char name[32];

	for (int i = 0; i < 1000; i++) {
		double a, b;

		snprintf(name, sizeof(name), "daemon%d", i);
		a = phase_of("web1", name);
		b = phase_of("web2", name);
		ck_assert_double_ge(a, 0);
		ck_assert_double_lt(a, 1);
		ck_assert_double_eq(a, phase_of("web1", name));
		close += a - b < 0.01 && b - a < 0.01;
	}
	ck_assert_int_lt(close, 50);
	/* The separator between the names counts. */
	ck_assert_double_ne(phase_of("web1", "a"), phase_of("web", "1a"));
}
END_TEST

START_TEST(the_delay_doubles_up_to_the_maximum)
{
	double whole = 1;

	for (unsigned failures = 0; failures < 100; failures++) {
		double delay = phase_retry("web1", failures, 60);

		ck_assert_double_ge(delay, whole / 2);
		ck_assert_double_lt(delay, whole);
		whole = whole * 2 > 60 ? 60 : whole * 2;
	}
}
END_TEST

/* 10,000 hosts that lost their master at the same moment: in no second of the last delays, which
 * last 30 to 60 s, return more than twice their share. */
START_TEST(hosts_do_not_return_together)
{
	enum { HOSTS = 10000 };
	unsigned returns[1000] = {0}, most = 0;
	char host[32];

	for (int i = 0; i < HOSTS; i++) {
		double at = 0;

		snprintf(host, sizeof(host), "web%d.example.org", i);
		for (unsigned failures = 0; failures < 12; failures++)
			at += phase_retry(host, failures, 60);
		returns[(unsigned)at]++;
	}
	for (size_t i = 0; i < COUNT(returns); i++)
		most = returns[i] > most ? returns[i] : most;
	ck_assert_uint_lt(most, 2 * HOSTS / 30);
}
END_TEST

SUITE("phase", NULL, NULL)
{
	TEST(two_hosts_have_different_phases);
	TEST(the_delay_doubles_up_to_the_maximum);
	TEST(hosts_do_not_return_together);
}
