/* check_usage_tree: the processes of a service without a control group. */
#include "fixture_usage.h"

static struct usage_members found;
static const struct usage_members nothing;
static unsigned scanned;

static void on_scanned(void *arg)
{
	scanned++;
}

static struct usage_waiter waiter_of(int n)
{
	return (struct usage_waiter){.daemon = &fake.daemon, .on_scanned = on_scanned};
}

static int collect(pid_t pid, const struct usage_members *before)
{
	struct usage_waiter waiter = waiter_of(0);
	struct usage_tree_sum sum;

	fake.now += 10;
	ck_assert_int_eq(usage_tree_request(&waiter, fake.now - 1), USAGE_TREE_READY);
	usage_members_free(&found);
	return usage_tree_collect(pid, before, &found, &sum);
}

static bool has(pid_t pid)
{
	for (size_t i = 0; i < found.count; i++)
		if (found.list[i].pid == pid)
			return true;
	return false;
}

START_TEST(descendants_belong_to_the_service)
{
	PROCESS(.pid = 1);
	PROCESS(.pid = 90, .parent = 100); /* a child with a lower pid */
	PROCESS(.pid = 100, .parent = 1, .group = 50, .session = 50);
	PROCESS(.pid = 101, .parent = 100);
	PROCESS(.pid = 102, .parent = 101);
	PROCESS(.pid = 200, .parent = 1, .group = 50, .session = 50); /* another service */
	put("proc/self/stat", "no process");
	put("proc/300/stat", "garbage");
	ck_assert_int_eq(collect(100, &nothing), 0);
	ck_assert_int_eq(found.count, 4);
	ck_assert(has(90) && has(100) && has(101) && has(102));
	ck_assert_int_eq(collect(300, &nothing), -ESRCH);
	usage_members_free(&found);
}
END_TEST

START_TEST(orphans_in_its_session_or_process_group_belong_to_it)
{
	PROCESS(.pid = 1);
	PROCESS(.pid = 100, .parent = 1, .group = 100, .session = 100);
	PROCESS(.pid = 110, .parent = 1, .group = 110, .session = 100);
	PROCESS(.pid = 111, .parent = 110, .group = 111, .session = 111);
	PROCESS(.pid = 112, .parent = 1, .group = 111, .session = 111);
	PROCESS(.pid = 120, .parent = 1, .group = 99, .session = 99);
	ck_assert_int_eq(collect(100, &nothing), 0);
	ck_assert_int_eq(found.count, 4);
	ck_assert(!has(120));
	usage_members_free(&found);
}
END_TEST

START_TEST(a_process_that_once_belonged_to_it_still_does)
{
	struct usage_members before = {.list = NULL};

	PROCESS(.pid = 1);
	PROCESS(.pid = 100, .parent = 1);
	PROCESS(.pid = 101, .parent = 100);
	PROCESS(.pid = 102, .parent = 100);
	ck_assert_int_eq(collect(100, &nothing), 0);
	before = found;
	found = (struct usage_members){.list = NULL};
	PROCESS(.pid = 101, .parent = 1); /* its parent has ended */
	before.list[2].started++;         /* the pid is that of another process now */
	PROCESS(.pid = 102, .parent = 1);
	ck_assert_int_eq(collect(100, &before), 0);
	ck_assert_int_eq(found.count, 2);
	usage_members_free(&found);
	usage_members_free(&before);
}
END_TEST

START_TEST(a_circle_of_parents_ends)
{
	PROCESS(.pid = 100, .parent = 101, .group = 101, .session = 101);
	PROCESS(.pid = 101, .parent = 100, .group = 100, .session = 100);
	PROCESS(.pid = 102, .parent = 102, .group = 102, .session = 102);
	ck_assert_int_eq(collect(100, &nothing), 0);
	ck_assert_int_eq(found.count, 2);
	usage_members_free(&found);
}
END_TEST

START_TEST(services_share_a_scan)
{
	struct usage_waiter one = waiter_of(1), other = waiter_of(2);
	struct usage_tree_sum sum;

	PROCESS(.pid = 100, .parent = 1);
	ck_assert_int_eq(usage_tree_request(&one, 0), USAGE_TREE_READY);
	PROCESS(.pid = 200, .parent = 1);
	fake.now += 0.5;
	ck_assert_int_eq(usage_tree_request(&other, 0), USAGE_TREE_READY);
	ck_assert_int_eq(usage_tree_collect(200, &nothing, &found, &sum), -ESRCH);
	/* one that has used this scan needs a new one, which comes later on a slow machine */
	fake.now += 60;
	ck_assert_int_eq(usage_tree_request(&one, sum.when), USAGE_TREE_READY);
	ck_assert_int_eq(usage_tree_collect(200, &nothing, &found, &sum), 0);
	ck_assert_double_eq(sum.when, fake.now);
	usage_members_free(&found);
}
END_TEST

/* --- a long scan: the clock moves on each time it is read ------------------------------------- */

#define MANY 100

static void put_many(void)
{
	for (int i = 0; i < MANY; i++)
		PROCESS(.pid = 100 + i, .parent = 1);
}

START_TEST(a_long_scan_is_made_in_slices)
{
	struct usage_waiter one = waiter_of(1), other = waiter_of(2);
	struct usage_tree_sum sum;
	unsigned slices = 0;

	put_many();
	fake.step = 0.002; /* sixteen processes take so long */
	ck_assert_int_eq(usage_tree_request(&one, 0), USAGE_TREE_WAIT);
	ck_assert_int_eq(usage_tree_request(&one, 0), USAGE_TREE_WAIT);
	ck_assert_int_eq(usage_tree_request(&other, 0), USAGE_TREE_WAIT);
	while (scanned < 2 && slices++ < 100)
		fake_pass(0.011);
	ck_assert_int_eq(scanned, 2);
	ck_assert_int_ge(slices, 2);
	ck_assert(!one.waiting && !other.waiting);
	ck_assert_int_eq(usage_tree_collect(199, &nothing, &found, &sum), 0);
	usage_members_free(&found);
	/* The scan took some CPU time, so that the next one has to wait. */
	fake.step = 0;
	fake.now = sum.when + 1e-6;
	ck_assert_int_eq(usage_tree_request(&one, fake.now), USAGE_TREE_LATER);
	fake.now += 30;
	ck_assert_int_eq(usage_tree_request(&one, fake.now - 1), USAGE_TREE_READY);
}
END_TEST

START_TEST(the_next_one_takes_over_when_the_first_one_leaves)
{
	struct usage_waiter one = waiter_of(1), other = waiter_of(2);

	put_many();
	fake.step = 0.002;
	ck_assert_int_eq(usage_tree_request(&one, 0), USAGE_TREE_WAIT);
	ck_assert_int_eq(usage_tree_request(&other, 0), USAGE_TREE_WAIT);
	usage_tree_leave(&one);
	for (int i = 0; i < 100 && scanned == 0; i++)
		fake_pass(0.011);
	ck_assert_int_eq(scanned, 1);
	ck_assert(!other.waiting);
	/* all leave: the next request begins another scan */
	fake.step = 0;
	fake.now += 100;
	fake.step = 0.002;
	ck_assert_int_eq(usage_tree_request(&one, fake.now), USAGE_TREE_WAIT);
	usage_tree_leave(&one);
	take("proc/100");
	fake.step = 0;
	ck_assert_int_eq(usage_tree_request(&other, 0), USAGE_TREE_READY);
	ck_assert_int_eq(
		usage_tree_collect(100, &nothing, &found, &(struct usage_tree_sum){0}), -ESRCH);
}
END_TEST

SUITE("usage_tree", setup, teardown)
{
	TEST(descendants_belong_to_the_service);
	TEST(orphans_in_its_session_or_process_group_belong_to_it);
	TEST(a_process_that_once_belonged_to_it_still_does);
	TEST(a_circle_of_parents_ends);
	TEST(services_share_a_scan);
	TEST(a_long_scan_is_made_in_slices);
	TEST(the_next_one_takes_over_when_the_first_one_leaves);
}
