/*
 * check_service_takers: which of several daemons takes care of a service.
 */
#include "fixture_environment.h"
#include "service/service.h"

#define MAX 4

static struct service *opened[MAX];
static struct service_taker takers[MAX];
static unsigned count;

static void teardown(void)
{
	for (unsigned i = 0; i < count; i++) {
		service_taker_remove(&takers[i]);
		service_close(opened[i]);
	}
	count = 0;
	environment_teardown();
}

/* Returns the number of the taker. */
static unsigned take(const char *daemon, const char *name, const char *manager, bool many)
{
	const vigil_service_spec spec = {
		.size = sizeof(spec), .name = name, .manager = manager, .query_timeout = 1 + count};

	opened[count] = service_open(environment.services, &spec);
	ck_assert_ptr_nonnull(opened[count]);
	service_taker_add(&takers[count], opened[count], daemon, many);
	return count++;
}

/* The daemon that has precedence; "": none. */
static const char *before(unsigned taker)
{
	const struct service_taker *other = service_taker_before(&takers[taker]);

	return other != NULL ? other->daemon : "";
}

START_TEST(one_daemon_for_this_service_alone_has_precedence)
{
	unsigned many = take("machine", "web", "runit", true);
	unsigned alone = take("front", "web", "auto", false);

	ck_assert_str_eq(before(many), "front");
	ck_assert_str_eq(before(alone), "");
	service_taker_remove(&takers[alone]);
	ck_assert_str_eq(before(many), "");
	ck_assert_str_eq(before(alone), "");
}
END_TEST

START_TEST(among_equals_the_first_one_has_precedence)
{
	unsigned first = take("first", "web", "runit", true);
	unsigned second = take("second", "web", "runit", true);
	unsigned third = take("third", "web", "runit", true);

	ck_assert_str_eq(before(first), "");
	ck_assert_str_eq(before(second), "first");
	ck_assert_str_eq(before(third), "first");
	take("front", "web", "runit", false);
	ck_assert_str_eq(before(third), "front");
}
END_TEST

START_TEST(another_service_is_not_the_same)
{
	unsigned web = take("machine", "web", "runit", true);

	take("front", "webmail", "runit", false);
	take("front", "web", "s6", false);
	take("machine", "web", "runit", false); /* the daemon itself */
	ck_assert_str_eq(before(web), "");
}
END_TEST

START_TEST(a_suffix_makes_no_difference)
{
	unsigned web = take("machine", "web", "runit", true);

	take("front", "web.service", "auto", false);
	ck_assert_str_eq(before(web), "front");
}
END_TEST

START_TEST(a_service_may_be_watched_through_another_manager)
{
	ck_assert(service_managers_meet("auto", "systemd"));
	ck_assert(service_managers_meet("command", "systemd"));
	ck_assert(service_managers_meet("lsb", "openrc"));
	ck_assert(service_managers_meet("s6", "s6"));
	ck_assert(!service_managers_meet("s6", "runit"));
}
END_TEST

SUITE("service_takers", environment_setup, teardown)
{
	TEST(one_daemon_for_this_service_alone_has_precedence);
	TEST(among_equals_the_first_one_has_precedence);
	TEST(another_service_is_not_the_same);
	TEST(a_suffix_makes_no_difference);
	TEST(a_service_may_be_watched_through_another_manager);
}
