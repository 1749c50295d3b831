/* check_signal_name: names of signals and of systemd's exit statuses. */
#include "base/signal_name.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#ifdef HAVE_SYSTEMD
#include "service/systemd/exit_status.h"
#endif
#include "suite.h"

static void setup(void)
{
}

static void teardown(void)
{
}

START_TEST(signals_have_their_names)
{
	char name[SIGNAL_NAME];

	ck_assert_str_eq(signal_name(SIGKILL, name), "SIGKILL");
	ck_assert_str_eq(signal_name(SIGSEGV, name), "SIGSEGV");
	ck_assert_str_eq(signal_name(SIGTERM, name), "SIGTERM");
	ck_assert_str_eq(signal_name(0, name), "signal 0");
	ck_assert_str_eq(signal_name(-1, name), "signal -1");
	ck_assert_str_eq(signal_name(64, name), "signal 64");
	for (int i = -1000; i < 1000; i++)
		ck_assert_uint_lt(strlen(signal_name(i, name)), SIGNAL_NAME);
}
END_TEST

#ifdef HAVE_SYSTEMD
/* The numbers are those of systemd.exec(5). */
START_TEST(exit_statuses_of_systemd_have_words)
{
	ck_assert_str_eq(exit_status_word(200), "CHDIR");
	ck_assert_str_eq(exit_status_word(203), "EXEC");
	ck_assert_str_eq(exit_status_word(217), "USER");
	ck_assert_ptr_null(exit_status_word(223));
	ck_assert_str_eq(exit_status_word(226), "NAMESPACE");
	ck_assert_ptr_null(exit_status_word(234));
	ck_assert_str_eq(exit_status_word(243), "CREDENTIALS");
	ck_assert_str_eq(exit_status_word(245), "BPF");
	ck_assert_ptr_null(exit_status_word(246));
	ck_assert_ptr_null(exit_status_word(199));
	ck_assert_ptr_null(exit_status_word(-1));
}
END_TEST
#endif

SUITE("signal_name", setup, teardown)
{
	TEST(signals_have_their_names);
#ifdef HAVE_SYSTEMD
	TEST(exit_statuses_of_systemd_have_words);
#endif
}
