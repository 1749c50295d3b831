/* check_daemon_list: the daemons sorted by name, in whichever order they are added and removed. */
#include "host/daemon_list.h"

#include <string.h>

#include "daemon/daemon.h"
#include "suite.h"

#define MANY 100

static struct environment environment; /* none of these daemons is started */
static struct daemon_list daemon_list;
static struct vigil_daemon *daemons[MANY];

static void setup(void)
{
	char name[16];

	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "%c%d", i % 2 ? 'd' : 'D', i);
		daemons[i] = daemon_new(&environment, name, "test", NULL, NULL);
	}
}

static void teardown(void)
{
	daemon_list_clear(&daemon_list);
	for (int i = 0; i < MANY; i++)
		daemon_free(daemons[i]);
}

static void check_order(size_t count)
{
	ck_assert_uint_eq(daemon_list.count, count);
	ck_assert_ptr_null(daemon_list_at(&daemon_list, count));
	for (size_t i = 0; i < count; i++) {
		struct vigil_daemon *d = daemon_list_at(&daemon_list, i);

		ck_assert_ptr_eq(daemon_list_find(&daemon_list, daemon_name(d)), d);
		ck_assert(i == 0 || strcmp(daemon_name(daemon_list_at(&daemon_list, i - 1)),
					    daemon_name(d)) < 0);
	}
}

START_TEST(an_empty_list_has_no_daemons)
{
	check_order(0);
	ck_assert_ptr_null(daemon_list_find(&daemon_list, ""));
	ck_assert_ptr_null(daemon_list_at(&daemon_list, (size_t)-1));
	daemon_list_remove(&daemon_list, daemons[0]);
	check_order(0);
}
END_TEST

START_TEST(daemons_are_added_and_removed_in_any_order)
{
	for (size_t i = 0; i < MANY; i++) {
		daemon_list_add(&daemon_list, daemons[i * 37 % MANY]);
		check_order(i + 1);
	}
	ck_assert_ptr_null(daemon_list_find(&daemon_list, "d"));
	ck_assert_ptr_null(daemon_list_find(&daemon_list, "D1")); /* its name is d1 */
	ck_assert_ptr_null(daemon_list_find(&daemon_list, "~"));
	for (size_t i = 0; i < MANY; i++) {
		daemon_list_remove(&daemon_list, daemons[i * 53 % MANY]);
		daemon_list_remove(&daemon_list, daemons[i * 53 % MANY]); /* removed twice */
		ck_assert_ptr_null(
			daemon_list_find(&daemon_list, daemon_name(daemons[i * 53 % MANY])));
		check_order(MANY - 1 - i);
	}
}
END_TEST

START_TEST(a_new_daemon_with_the_same_name_is_another)
{
	struct vigil_daemon *namesake = daemon_new(&environment, "d1", "test", NULL, NULL);

	daemon_list_add(&daemon_list, daemons[1]);
	daemon_list_remove(&daemon_list, namesake);
	ck_assert_ptr_eq(daemon_list_find(&daemon_list, "d1"), daemons[1]);
	daemon_free(namesake);
}
END_TEST

SUITE("daemon_list", setup, teardown)
{
	TEST(an_empty_list_has_no_daemons);
	TEST(daemons_are_added_and_removed_in_any_order);
	TEST(a_new_daemon_with_the_same_name_is_another);
}
