/* check_control_group: the processes that a control group holds. */
#include "service/systemd/control_group.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "suite.h"

START_TEST(a_missing_group_is_empty)
{
	ck_assert_int_eq(control_group_leader(""), 0);
	ck_assert_int_eq(control_group_leader("/no-such.slice/no-such.service"), 0);
}
END_TEST

START_TEST(a_lack_of_descriptors_does_not_make_a_group_empty)
{
	struct rlimit enough, few;
	int lowest = dup(STDOUT_FILENO), leader;

	close(lowest);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &enough), 0);
	few = enough;
	few.rlim_cur = (rlim_t)lowest;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	leader = control_group_leader("/");
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &enough), 0);
	ck_assert_int_eq(leader, -EMFILE);
}
END_TEST

SUITE("control_group", NULL, NULL)
{
	TEST(a_missing_group_is_empty);
	TEST(a_lack_of_descriptors_does_not_make_a_group_empty);
}
