/* check_unit_cache: units are found by their own path and by the paths of related units. */
#include "service/systemd/unit_cache.h"

#include <stdlib.h>
#include <string.h>

#include "suite.h"

#define UNITS "/org/freedesktop/systemd1/unit/"

static struct unit_cache cache;

static void begin(void)
{
	unit_cache_init(&cache);
}

static void end(void)
{
	unit_cache_clear(&cache);
}

static unsigned entries(const char *path, const struct cached_unit *unit, bool related)
{
	unsigned count = 0;

	for (struct unit_path *entry = unit_cache_find(&cache, path); entry != NULL;
		entry = unit_cache_next(entry))
		count += entry->unit == unit && entry->related == related;
	return count;
}

START_TEST(a_unit_is_found_by_its_path_until_it_is_removed)
{
	struct cached_unit first = {0}, second = {0};

	ck_assert_int_eq(unit_cache_add(&cache, &first, "a.service"), 0);
	ck_assert_int_eq(unit_cache_add(&cache, &second, "a.service"), 0);
	ck_assert_uint_eq(entries(UNITS "a_2eservice", &first, false), 1);
	ck_assert_uint_eq(entries(UNITS "a_2eservice", &second, false), 1);
	ck_assert_ptr_null(unit_cache_find(&cache, UNITS "b_2eservice"));
	unit_cache_move(&cache, &first, UNITS "b_2eservice");
	ck_assert_uint_eq(entries(UNITS "a_2eservice", &first, false), 0);
	ck_assert_uint_eq(entries(UNITS "b_2eservice", &first, false), 1);
	unit_cache_remove(&cache, &first);
	ck_assert_ptr_null(unit_cache_find(&cache, UNITS "b_2eservice"));
	unit_cache_remove(&cache, &second);
	ck_assert_uint_eq(cache.count, 0);
	ck_assert_uint_eq(cache.paths, 0);
}
END_TEST

START_TEST(a_unit_is_found_by_its_related_units)
{
	struct cached_unit unit = {0};
	struct unit_path *entry;

	ck_assert_int_eq(unit_cache_add(&cache, &unit, "a.service"), 0);
	unit_cache_relate(&cache, &unit, "b.service=active c.timer=inactive ");
	ck_assert_uint_eq(entries(UNITS "b_2eservice", &unit, true), 1);
	ck_assert_uint_eq(entries(UNITS "c_2etimer", &unit, true), 1);
	entry = unit_cache_find(&cache, UNITS "c_2etimer");
	ck_assert_str_eq(entry->active, "inactive");
	/* new related units replace the old ones, and an incomplete entry is ignored */
	unit_cache_relate(&cache, &unit, "d.path=active e.socket=");
	ck_assert_ptr_null(unit_cache_find(&cache, UNITS "b_2eservice"));
	ck_assert_uint_eq(entries(UNITS "d_2epath", &unit, true), 1);
	ck_assert_ptr_null(unit_cache_find(&cache, UNITS "e_2esocket"));
	unit_cache_remove(&cache, &unit);
	ck_assert_ptr_null(unit_cache_find(&cache, UNITS "d_2epath"));
	ck_assert_uint_eq(cache.paths, 0);
}
END_TEST

START_TEST(thousands_of_units_are_found)
{
	static struct cached_unit units[3000];
	char name[32], path[64];

	for (int i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "u%d.service", i);
		ck_assert_int_eq(unit_cache_add(&cache, &units[i], name), 0);
		unit_cache_relate(&cache, &units[i], "shared.target=active ");
	}
	for (int i = 0; i < 3000; i++) {
		snprintf(path, sizeof(path), UNITS "u%d_2eservice", i);
		ck_assert_uint_eq(entries(path, &units[i], false), 1);
	}
	ck_assert_uint_eq(entries(UNITS "shared_2etarget", &units[0], true), 1);
	for (int i = 0; i < 3000; i++)
		unit_cache_remove(&cache, &units[i]);
	ck_assert_ptr_null(unit_cache_find(&cache, UNITS "shared_2etarget"));
}
END_TEST

START_TEST(the_cached_properties_of_a_unit_are_compared)
{
	struct manager_reply reply = {.status = VIGIL_SERVICE_RUNNING,
		.main_pid = 7,
		.load = "loaded",
		.active = "active",
		.sub = "running",
		.unit = "real.service",
		.simple = true};
	struct unit_row row = {.name = "real.service",
		.load = "loaded",
		.active = "active",
		.sub = "running",
		.job = ""};
	struct cached_unit unit = {0};

	ck_assert_int_eq(unit_cache_add(&cache, &unit, "alias.service"), 0);
	cached_unit_take_reply(&unit, &reply);
	ck_assert(unit.simple);
	ck_assert(cached_unit_is_named(&unit, "alias.service"));
	ck_assert(cached_unit_is_named(&unit, "real.service"));
	ck_assert(!cached_unit_is_named(&unit, "other.service"));
	ck_assert(cached_unit_has_row(&unit, &row));
	row.job = "stop";
	ck_assert(!cached_unit_has_row(&unit, &row));
	ck_assert(!cached_unit_differs(&unit, "active", "running", 7));
	ck_assert(!cached_unit_differs(&unit, NULL, NULL, -1));
	ck_assert(cached_unit_differs(&unit, "failed", NULL, -1));
	ck_assert(cached_unit_differs(&unit, NULL, "exited", -1));
	ck_assert(cached_unit_differs(&unit, NULL, NULL, 8));
	unit_cache_remove(&cache, &unit);
}
END_TEST

SUITE("unit_cache", begin, end)
{
	TEST(a_unit_is_found_by_its_path_until_it_is_removed);
	TEST(a_unit_is_found_by_its_related_units);
	TEST(thousands_of_units_are_found);
	TEST(the_cached_properties_of_a_unit_are_compared);
}
