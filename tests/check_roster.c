/* check_roster: the daemons in order, whatever the order they come and go in. */
#include "host/roster.h"

#include <string.h>

#include "daemon/daemon.h"
#include "suite.h"

#define MANY 100

static struct ground ground; /* none of these is started */
static struct roster roster;
static struct vigil_daemon *daemons[MANY];

static void setup(void)
{
	char name[16];

	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "%c%d", i % 2 ? 'd' : 'D', i);
		daemons[i] = daemon_new(&ground, name, "test", NULL, NULL);
	}
}

static void teardown(void)
{
	roster_clear(&roster);
	for (int i = 0; i < MANY; i++)
		daemon_free(daemons[i]);
}

static void check_order(size_t count)
{
	ck_assert_uint_eq(roster.count, count);
	ck_assert_ptr_null(roster_at(&roster, count));
	for (size_t i = 0; i < count; i++) {
		struct vigil_daemon *d = roster_at(&roster, i);

		ck_assert_ptr_eq(roster_find(&roster, daemon_name(d)), d);
		ck_assert(i == 0 ||
			  strcmp(daemon_name(roster_at(&roster, i - 1)), daemon_name(d)) < 0);
	}
}

START_TEST(nobody)
{
	check_order(0);
	ck_assert_ptr_null(roster_find(&roster, ""));
	ck_assert_ptr_null(roster_at(&roster, (size_t)-1));
	roster_remove(&roster, daemons[0]);
	check_order(0);
}
END_TEST

START_TEST(all_of_them_come_and_go)
{
	for (size_t i = 0; i < MANY; i++) {
		roster_add(&roster, daemons[i * 37 % MANY]);
		check_order(i + 1);
	}
	ck_assert_ptr_null(roster_find(&roster, "d"));
	ck_assert_ptr_null(roster_find(&roster, "D1")); /* it is d1 */
	ck_assert_ptr_null(roster_find(&roster, "~"));
	for (size_t i = 0; i < MANY; i++) {
		roster_remove(&roster, daemons[i * 53 % MANY]);
		roster_remove(&roster, daemons[i * 53 % MANY]); /* is gone */
		ck_assert_ptr_null(roster_find(&roster, daemon_name(daemons[i * 53 % MANY])));
		check_order(MANY - 1 - i);
	}
}
END_TEST

START_TEST(a_namesake_is_another)
{
	struct vigil_daemon *namesake = daemon_new(&ground, "d1", "test", NULL, NULL);

	roster_add(&roster, daemons[1]);
	roster_remove(&roster, namesake);
	ck_assert_ptr_eq(roster_find(&roster, "d1"), daemons[1]);
	daemon_free(namesake);
}
END_TEST

int main(void)
{
	TCase *tcase = suite_begin("roster", setup, teardown);

	tcase_add_test(tcase, nobody);
	tcase_add_test(tcase, all_of_them_come_and_go);
	tcase_add_test(tcase, a_namesake_is_another);
	return suite_end("roster", tcase);
}
