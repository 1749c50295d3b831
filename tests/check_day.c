/*
 * check_day: the health levels of the last 24 hours: how they are recorded, shifted, stored and
 * removed.
 */
#include "host/day.h"

#include <time.h>

#include "fixture_environment.h"

static struct vigil_daemon *daemons[3];
static struct days *days;

static int start(vigil_daemon *d)
{
	return 0;
}

static const vigil_module module = {.abi = VIGIL_ABI,
	.size = sizeof(vigil_module),
	.option_size = sizeof(vigil_option),
	.name = "test",
	.start = start};

static struct vigil_daemon *find(const char *name, void *arg)
{
	for (size_t i = 0; i < 2; i++)
		if (strcmp(daemon_name(daemons[i]), name) == 0)
			return daemons[i];
	return NULL;
}

static struct vigil_daemon *after(const char *name, void *arg)
{
	for (size_t i = 0; i < 2; i++)
		if (strcmp(daemon_name(daemons[i]), name) > 0)
			return daemons[i];
	return NULL;
}

static void begin(void)
{
	static const char *const names[] = {"a", "b"};
	static const struct days_source source = {.find = find, .after = after};

	for (size_t i = 0; i < 2; i++) {
		daemons[i] = daemon_new(&environment, names[i], "test", &module, NULL);
		ck_assert_int_eq(daemon_start(daemons[i]), 0);
	}
	days = days_new(environment.loop, environment.state, environment.store, &source);
	ck_assert_ptr_nonnull(days);
}

static void end(void)
{
	days_free(days);
	for (size_t i = 0; i < 2; i++)
		daemon_free(daemons[i]);
}

static void setup(void)
{
	environment_setup();
	begin();
}

static void teardown(void)
{
	end();
	environment_teardown();
}

static void restart(void)
{
	end();
	store_close(environment.store);
	environment.store = store_open(environment.loop, scratch_path("store"));
	begin();
}

/* Returns the letters of a daemon's day. */
static const char *levels(size_t i)
{
	static char text[DAY_SLOTS + 1];
	json_t *account = days_account(days, daemons[i]);

	ck_assert_int_eq(json_integer_value(json_object_get(account, "slot_seconds")), DAY_SLOT);
	snprintf(text, sizeof(text), "%s", json_string_value(json_object_get(account, "levels")));
	json_decref(account);
	ck_assert_uint_eq(strlen(text), DAY_SLOTS);
	return text;
}

static char now_level(size_t i)
{
	return levels(i)[DAY_SLOTS - 1];
}

static struct day make_day(int64_t slot, const char *last)
{
	struct day day;

	day_read(&day, NULL);
	day_move(&day, slot);
	memcpy(day.levels + DAY_SLOTS - strlen(last), last, strlen(last));
	return day;
}

START_TEST(the_worst_level_of_a_slot_stays)
{
	struct day day = make_day(1000, "");

	ck_assert(day_add(&day, 'O'));
	ck_assert(!day_add(&day, 'O'));
	ck_assert(day_add(&day, 'P'));
	ck_assert(!day_add(&day, 'O'));
	ck_assert(day_add(&day, 'U'));
	ck_assert(day_add(&day, 'W'));
	ck_assert(day_add(&day, 'C'));
	ck_assert(!day_add(&day, 'W'));
	ck_assert(!day_add(&day, '.'));
	ck_assert(!day_add(&day, 'x'));
	ck_assert(!day_add(&day, '\0'));
	ck_assert_int_eq(day.levels[DAY_SLOTS - 1], 'C');
}
END_TEST

START_TEST(slots_without_a_record_have_no_data)
{
	struct day day = make_day(1000, "WOC");

	day_move(&day, 1002);
	ck_assert_str_eq(day.levels + DAY_SLOTS - 6, ".WOC..");
	day_move(&day, 1002 + DAY_SLOTS - 5);
	ck_assert_int_eq(strncmp(day.levels, "WOC..", 5), 0);
	day_move(&day, 1003 + DAY_SLOTS - 5);
	ck_assert_int_eq(strncmp(day.levels, "OC..", 4), 0);
	day_move(&day, 10000000);
	ck_assert_uint_eq(strspn(day.levels, "."), DAY_SLOTS);
}
END_TEST

START_TEST(a_clock_set_back_drops_future_slots)
{
	struct day day = make_day(1000, "WOC");

	day_move(&day, 998);
	ck_assert_str_eq(day.levels + DAY_SLOTS - 2, ".W");
	ck_assert_uint_eq(strspn(day.levels, "."), DAY_SLOTS - 1);
	day_move(&day, 3);
	ck_assert_uint_eq(strspn(day.levels, "."), DAY_SLOTS);
}
END_TEST

START_TEST(a_day_is_read_as_it_was_written_and_a_damaged_one_is_empty)
{
	static const char *const damaged[] = {"", "x", "12", "12 ", "12 OO", "-5 O", "12x O"};
	struct day day = make_day(1000, "WOCPU"), again;
	json_t *text = day_json(&day);

	day_read(&again, text);
	ck_assert_int_eq(again.slot, 1000);
	ck_assert_str_eq(again.levels, day.levels);
	json_decref(text);
	for (size_t i = 0; i < COUNT(damaged); i++) {
		text = json_string(damaged[i]);
		day_read(&again, text);
		ck_assert_uint_eq(strspn(again.levels, "."), DAY_SLOTS);
		json_decref(text);
	}
	text = json_sprintf("1000 %0144d", 7);
	day_read(&again, text);
	ck_assert_uint_eq(strspn(again.levels, "."), DAY_SLOTS);
	json_decref(text);
}
END_TEST

START_TEST(a_change_of_health_is_recorded_and_survives_a_restart)
{
	ck_assert_int_eq(now_level(0), '.');
	vigil_health(daemons[0], VIGIL_OK, "fine");
	ck_assert_int_eq(now_level(0), 'O');
	vigil_health(daemons[0], VIGIL_CRITICAL, "down");
	vigil_health(daemons[0], VIGIL_OK, "fine");
	ck_assert_int_eq(now_level(0), 'C');
	ck_assert_int_eq(now_level(1), '.');
	restart();
	/* The slot may have ended in between. */
	ck_assert_ptr_nonnull(strchr(levels(0), 'C'));
	ck_assert_ptr_null(strchr(levels(1), 'C'));
}
END_TEST

START_TEST(a_pause_and_a_failure_are_recorded)
{
	vigil_health(daemons[0], VIGIL_OK, "fine");
	daemon_pause(daemons[0], 0, "", "");
	ck_assert_int_eq(now_level(0), 'P');
	daemon_fail(daemons[1], "no module");
	ck_assert_int_eq(now_level(1), 'C');
}
END_TEST

START_TEST(the_day_of_a_daemon_is_less_than_512_bytes_in_the_store)
{
	struct day day = make_day(INT64_C(2958123), "WOC");
	json_t *text = day_json(&day);

	ck_assert_uint_lt(json_string_length(text), 200);
	json_decref(text);
}
END_TEST

START_TEST(the_old_day_of_a_removed_daemon_is_deleted)
{
	char bucket[8];
	int64_t slot = time(NULL) / DAY_SLOT;
	struct day old = make_day(slot - DAY_SLOTS, "C"), young = make_day(slot - 1, "C");

	snprintf(bucket, sizeof(bucket), "%02x", (unsigned)(slot % 64));
	store_put_new(environment.store, "day", bucket, "gone", day_json(&old));
	store_put_new(environment.store, "day", bucket, "young", day_json(&young));
	store_put_new(environment.store, "day", bucket, "a", day_json(&old));
	days_slot_begins(days);
	if (time(NULL) / DAY_SLOT != slot)
		return; /* another bucket is examined in this slot */
	ck_assert_ptr_null(store_get(environment.store, "day", bucket, "gone"));
	ck_assert_ptr_nonnull(store_get(environment.store, "day", bucket, "young"));
	ck_assert_ptr_nonnull(store_get(environment.store, "day", bucket, "a"));
}
END_TEST

START_TEST(each_daemon_is_recorded_when_a_slot_begins)
{
	uint64_t until = clock_now() + PATIENCE;
	char name[] = "b";
	unsigned found = 0;

	vigil_health(daemons[1], VIGIL_WARNING, "slow");
	for (int i = 0; i < 64; i++) { /* as if nothing had been recorded */
		char bucket[8];

		snprintf(bucket, sizeof(bucket), "%02x", (unsigned)i);
		store_put(environment.store, "day", bucket, name, NULL);
	}
	days_slot_begins(days);
	while (found == 0 && clock_now() < until) {
		loop_run_once(environment.loop, true);
		for (int i = 0; i < 64; i++) {
			char bucket[8];

			snprintf(bucket, sizeof(bucket), "%02x", (unsigned)i);
			found += store_get(environment.store, "day", bucket, name) != NULL;
		}
	}
	ck_assert_uint_eq(found, 1);
}
END_TEST

SUITE("day", setup, teardown)
{
	TEST(the_worst_level_of_a_slot_stays);
	TEST(slots_without_a_record_have_no_data);
	TEST(a_clock_set_back_drops_future_slots);
	TEST(a_day_is_read_as_it_was_written_and_a_damaged_one_is_empty);
	TEST(a_change_of_health_is_recorded_and_survives_a_restart);
	TEST(a_pause_and_a_failure_are_recorded);
	TEST(the_day_of_a_daemon_is_less_than_512_bytes_in_the_store);
	TEST(the_old_day_of_a_removed_daemon_is_deleted);
	TEST(each_daemon_is_recorded_when_a_slot_begins);
}
