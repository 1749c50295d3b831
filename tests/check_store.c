/*
 * check_store: the stored values survive a restart, and the file is complete whenever it is read.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/degraded.h"
#include "base/log.h"
#include "loop/loop.h"
#include "scratch.h"
#include "persist/store.h"
#include "suite.h"

static struct loop *loop;
static unsigned lines;

static void on_line(enum log_level level, const char *line, void *arg)
{
	lines++;
}

static void setup(void)
{
	scratch_setup();
	loop = loop_new();
	lines = 0;
	log_set_sink(on_line, NULL);
}

static void teardown(void)
{
	log_set_sink(NULL, NULL);
	loop_free(loop);
	scratch_teardown();
}

static void put(struct store *store, const char *key, json_int_t n)
{
	json_t *value = json_integer(n);

	store_put(store, "kept", "web", key, value);
	json_decref(value);
}

static json_int_t got(struct store *store, const char *key)
{
	return json_integer_value(store_get(store, "kept", "web", key));
}

START_TEST(stored_values_survive_a_restart)
{
	struct store *store = store_open(loop, scratch_path("state"));

	ck_assert_ptr_null(store_get(store, "kept", "web", "restarts"));
	put(store, "restarts", 7);
	put(store, "gone", 1);
	store_put(store, "kept", "web", "gone", NULL);
	store_close(store);
	ck_assert(scratch_has("state/state.json"));
	ck_assert(!scratch_has("state/state.json.new"));
	store = store_open(loop, scratch_path("state"));
	ck_assert_int_eq(got(store, "restarts"), 7);
	ck_assert_ptr_null(store_get(store, "kept", "web", "gone"));
	store_close(store);
	ck_assert_uint_eq(lines, 0);
}
END_TEST

START_TEST(a_stored_value_is_a_copy)
{
	struct store *store = store_open(loop, scratch_path("state"));
	json_t *value = json_pack("{s:i}", "n", 1);

	store_put(store, "kept", "web", "object", value);
	json_object_set_new(value, "n", json_integer(2));
	ck_assert_int_eq(
		json_integer_value(json_object_get(store_get(store, "kept", "web", "object"), "n")),
		1);
	json_decref(value);
	store_close(store);
}
END_TEST

START_TEST(a_torn_file_is_renamed_and_the_older_one_is_read)
{
	struct store *store = store_open(loop, scratch_path("state"));

	put(store, "restarts", 1);
	ck_assert_int_eq(store_save(store, false), 0);
	put(store, "restarts", 2);
	ck_assert_int_eq(store_save(store, false), 0);
	store_close(store);
	scratch_put("state/state.json", 0640, "{\"kept\": {\"web\": {\"resta");
	store = store_open(loop, scratch_path("state"));
	ck_assert_int_eq(got(store, "restarts"), 1);
	ck_assert(scratch_has("state/state.json.bad"));
	ck_assert_uint_ge(lines, 2); /* this is logged */
	store_close(store);
}
END_TEST

static const char *const junk[] = {"", "[]", "null", "\"text\"", "{\"a\":1,\"a\":2}", "\xff\xfe"};

START_TEST(an_invalid_file_is_never_fatal)
{
	struct store *store;

	ck_assert_int_eq(mkdir(scratch_path("state"), 0750), 0);
	scratch_put("state/state.json", 0640, "%s", junk[_i]);
	store = store_open(loop, scratch_path("state"));
	ck_assert_ptr_nonnull(store);
	put(store, "restarts", 3);
	ck_assert_int_eq(store_save(store, true), 0);
	ck_assert_int_eq(got(store, "restarts"), 3);
	store_close(store);
}
END_TEST

static void put_for(struct store *store, int n, int value)
{
	json_t *number = json_integer(value);
	char name[32];

	snprintf(name, sizeof(name), "d%d", n);
	store_put(store, "kept", name, "restarts", number);
	json_decref(number);
}

static int got_for(struct store *store, int n)
{
	char name[32];

	snprintf(name, sizeof(name), "d%d", n);
	return (int)json_integer_value(store_get(store, "kept", name, "restarts"));
}

START_TEST(a_large_document_is_written_in_pieces)
{
	enum { DAEMONS = 20000 };
	struct store *store = store_open(loop, scratch_path("state"));

	for (int i = 0; i < DAEMONS; i++)
		put_for(store, i, i);
	loop_run_once(loop, true);
	ck_assert(scratch_has("state/state.json.new")); /* the write has begun */
	ck_assert(!scratch_has("state/state.json"));
	put_for(store, 0, -1);
	put_for(store, DAEMONS - 1, -2);
	put_for(store, DAEMONS, -3);
	while (!scratch_has("state/state.json"))
		loop_run_once(loop, true);
	ck_assert(!scratch_has("state/state.json.new"));
	loop_run_once(loop, true); /* writes the changes since then */
	ck_assert(scratch_has("state/state.json.new"));
	ck_assert_int_eq(store_save(store, true), 0); /* completes the write */
	ck_assert(!scratch_has("state/state.json.new"));
	store_close(store);
	store = store_open(loop, scratch_path("state"));
	ck_assert_uint_eq(json_object_size(store_section(store, "kept")), DAEMONS + 1);
	ck_assert_int_eq(got_for(store, 0), -1);
	ck_assert_int_eq(got_for(store, DAEMONS / 2), DAEMONS / 2);
	ck_assert_int_eq(got_for(store, DAEMONS - 1), -2);
	ck_assert_int_eq(got_for(store, DAEMONS), -3);
	store_close(store);
}
END_TEST

START_TEST(a_failed_write_is_reported_and_repeated)
{
	struct store *store;

	scratch_put("state", 0640, "a file where the directory should be");
	store = store_open(loop, scratch_path("state"));
	ck_assert_ptr_nonnull(store);
	put(store, "restarts", 4);
	ck_assert_int_lt(store_save(store, false), 0);
	ck_assert_ptr_nonnull(degraded_get(DEGRADED_STATE));
	ck_assert_str_eq(degraded_get(DEGRADED_STATE)->what, "state");
	ck_assert_ptr_nonnull(strstr(degraded_get(DEGRADED_STATE)->text, strerror(ENOTDIR)));
	ck_assert_uint_ge(lines, 1);
	ck_assert_int_eq(unlink(scratch_path("state")), 0);
	ck_assert_int_eq(mkdir(scratch_path("state"), 0750), 0);
	ck_assert_int_eq(store_save(store, false), 0);
	ck_assert_ptr_null(degraded_get(DEGRADED_STATE));
	store_close(store);
	ck_assert(scratch_has("state/state.json"));
}
END_TEST

static void plant_link(const char *victim, const char *path)
{
	ck_assert_int_eq(link(victim, path), 0);
}

static void plant_symlink(const char *victim, const char *path)
{
	ck_assert_int_eq(symlink(victim, path), 0);
}

static void plant_fifo(const char *victim, const char *path)
{
	ck_assert_int_eq(mkfifo(path, 0666), 0);
}

static void (*const plants[])(const char *, const char *) = {plant_link, plant_symlink, plant_fifo};

/* Stores this number of megabytes for the daemon. */
static void put_large(struct store *store, const char *name, size_t megabytes)
{
	size_t length = megabytes * 1024 * 1024;
	char *text = malloc(length);

	memset(text, 'x', length);
	store_put_new(store, "kept", name, "text", json_stringn(text, length));
	free(text);
}

START_TEST(a_file_that_would_be_too_large_does_not_replace_the_last_one)
{
	struct store *store = store_open(loop, scratch_path("state"));
	const char *text;

	put(store, "restarts", 4);
	ck_assert_int_eq(store_save(store, false), 0);
	put(store, "restarts", 5);
	put_large(store, "big", 30);
	put_large(store, "bigger", 40);
	ck_assert_int_eq(store_save(store, false), -EFBIG);
	ck_assert_ptr_nonnull(degraded_get(DEGRADED_STATE));
	text = degraded_get(DEGRADED_STATE)->text;
	ck_assert_ptr_nonnull(strstr(text, "70.0 MiB; the largest: bigger 40.0 MiB, big 30.0 MiB"));
	ck_assert_ptr_nonnull(strstr(text, "disable that daemon"));
	ck_assert_uint_eq(lines, 1);
	ck_assert(!scratch_has("state/state.json.new"));
	store_close(store);
	ck_assert_uint_eq(lines, 1);
	store = store_open(loop, scratch_path("state"));
	ck_assert_int_eq(got(store, "restarts"), 4);
	ck_assert(!scratch_has("state/state.json.bad"));
	store_close(store);
}
END_TEST

START_TEST(the_file_is_written_again_when_it_is_small_enough)
{
	struct store *store = store_open(loop, scratch_path("state"));

	put_large(store, "big", 65);
	ck_assert_int_eq(store_save(store, false), -EFBIG);
	put(store, "restarts", 6);
	store_put(store, "kept", "big", "text", NULL);
	ck_assert_int_eq(store_save(store, false), 0);
	ck_assert_ptr_null(degraded_get(DEGRADED_STATE));
	store_close(store);
	store = store_open(loop, scratch_path("state"));
	ck_assert_int_eq(got(store, "restarts"), 6);
	store_close(store);
}
END_TEST

START_TEST(a_file_of_exactly_the_limit_is_written_and_read)
{
	struct store *store = store_open(loop, scratch_path("state"));

	put_large(store, "big", 63);
	put(store, "restarts", 7);
	store_close(store);
	store = store_open(loop, scratch_path("state"));
	ck_assert_int_eq(got(store, "restarts"), 7);
	store_close(store);
	ck_assert_uint_eq(lines, 0);
}
END_TEST

static json_t *deep(void)
{
	json_t *value = json_integer(1);

	for (int i = 0; i < 3000; i++)
		value = json_pack("[o]", value);
	return value;
}

static json_t *with_nul(void)
{
	return json_pack("{s:[o]}", "a", json_stringn("a\0b", 3));
}

static json_t *with_bad_text(void)
{
	return json_pack("[{s:o}]", "a", json_string_nocheck("\xff\xfe"));
}

static json_t *with_bad_key(void)
{
	json_t *object = json_object();

	json_object_set_new_nocheck(object, "\xc3", json_true());
	return object;
}

static json_t *with_nul_in_key(void)
{
#if JANSSON_VERSION_HEX >= 0x020e00
	json_t *object = json_object();

	json_object_setn_new(object, "a\0b", 3, json_true());
	return object;
#else
	return with_bad_key();
#endif
}

static const struct {
	json_t *(*make)(void);
	const char *why;
} unreadable[] = {
	{deep, "nested too deeply"},
	{with_bad_text, "not UTF-8"},
	{with_bad_key, "not UTF-8"},
	{with_nul_in_key, JANSSON_VERSION_HEX >= 0x020e00 ? "NUL character" : "not UTF-8"},
};

static char last_line[512];

static void on_kept_line(enum log_level level, const char *line, void *arg)
{
	snprintf(last_line, sizeof(last_line), "%s", line);
}

START_TEST(a_string_with_a_nul_character_is_saved_and_read)
{
	struct store *store = store_open(loop, scratch_path("state"));
	json_t *value = with_nul();

	put(store, "restarts", 8);
	store_put(store, "kept", "web", "odd", value);
	store_close(store);
	store = store_open(loop, scratch_path("state"));
	ck_assert_int_eq(got(store, "restarts"), 8);
	ck_assert(json_equal(store_get(store, "kept", "web", "odd"), value));
	ck_assert(!scratch_has("state/state.json.bad"));
	json_decref(value);
	store_close(store);
}
END_TEST

START_TEST(a_value_that_could_not_be_read_is_not_saved)
{
	struct store *store = store_open(loop, scratch_path("state"));

	log_set_sink(on_kept_line, NULL);
	put(store, "restarts", 8);
	put(store, "odd", 1);
	store_put_new(store, "kept", "web", "odd", unreadable[_i].make());
	ck_assert_ptr_nonnull(strstr(last_line, "\"odd\" is not saved"));
	ck_assert_ptr_nonnull(strstr(last_line, unreadable[_i].why));
	store_close(store);
	store = store_open(loop, scratch_path("state"));
	ck_assert_int_eq(got(store, "restarts"), 8);
	ck_assert_int_eq(got(store, "odd"), 1);
	ck_assert(!scratch_has("state/state.json.bad"));
	store_close(store);
}
END_TEST

/* Files of others who may write to the directory are neither written to nor waited for. */
START_TEST(links_and_fifos_in_place_of_its_files_are_not_written_to)
{
	static const char *const names[] = {"state.json", "state.json.new", "state.json.old"};
	const char *victim = scratch_put("victim", 0644, "mine");
	struct store *store;
	struct stat st;

	ck_assert_int_eq(mkdir(scratch_path("state"), 0750), 0);
	for (size_t i = 0; i < COUNT(names); i++) {
		char *path = scratch_path("state/");

		plants[_i](victim, strcat(path, names[i]));
	}
	store = store_open(loop, scratch_path("state"));
	ck_assert_ptr_nonnull(store);
	for (int n = 1; n < 4; n++) {
		put(store, "restarts", n);
		ck_assert_int_eq(store_save(store, true), 0);
	}
	store_close(store);
	ck_assert_int_eq(stat(victim, &st), 0);
	ck_assert_int_eq(st.st_size, 4);
	ck_assert_int_eq(st.st_mode & 07777, 0644);
	store = store_open(loop, scratch_path("state"));
	ck_assert_int_eq(got(store, "restarts"), 3);
	store_close(store);
}
END_TEST

/* A link that belongs to the admin is followed. */
START_TEST(a_directory_link_of_another_user_is_not_followed)
{
	const char *dir = scratch_path("state");
	struct store *store;

	if (geteuid() != 0)
		return;
	ck_assert_int_eq(mkdir(scratch_path("elsewhere"), 0755), 0);
	scratch_put("elsewhere/state.json", 0644, "not vigil's");
	ck_assert_int_eq(symlink("elsewhere", dir), 0);
	ck_assert_int_eq(lchown(dir, 65534, 65534), 0);
	store = store_open(loop, dir);
	put(store, "restarts", 1);
	ck_assert_int_eq(store_save(store, true), -EPERM);
	ck_assert(strstr(degraded_get(DEGRADED_STATE)->text, "belongs to uid 65534") != NULL);
	store_close(store);
	ck_assert(scratch_has("elsewhere/state.json"));
	ck_assert(!scratch_has("elsewhere/state.json.new"));
	ck_assert_int_eq(lchown(dir, 0, 0), 0);
	store = store_open(loop, dir);
	put(store, "restarts", 1);
	ck_assert_int_eq(store_save(store, true), 0);
	store_close(store);
	ck_assert(scratch_has("elsewhere/state.json.lost"));
}
END_TEST

static void on_stop(uint64_t missed, void *arg)
{
	loop_stop(loop);
}

START_TEST(a_change_is_saved_automatically)
{
	struct store *store = store_open(loop, scratch_path("state"));
	struct loop_timer *end = loop_after(loop, 2 * CLOCK_SECOND, on_stop, NULL);

	put(store, "restarts", 5);
	ck_assert(!scratch_has("state/state.json"));
	loop_run(loop);
	ck_assert(scratch_has("state/state.json"));
	loop_timer_free(end);
	store_close(store);
}
END_TEST

SUITE("store", setup, teardown)
{
	TEST(stored_values_survive_a_restart);
	TEST(a_stored_value_is_a_copy);
	TEST(a_torn_file_is_renamed_and_the_older_one_is_read);
	TEST(a_large_document_is_written_in_pieces);
	TEST(a_failed_write_is_reported_and_repeated);
	TEST(a_file_that_would_be_too_large_does_not_replace_the_last_one);
	TEST(the_file_is_written_again_when_it_is_small_enough);
	TEST(a_file_of_exactly_the_limit_is_written_and_read);
	TEST(a_string_with_a_nul_character_is_saved_and_read);
	LOOP_TEST(a_value_that_could_not_be_read_is_not_saved, COUNT(unreadable));
	LOOP_TEST(links_and_fifos_in_place_of_its_files_are_not_written_to, COUNT(plants));
	TEST(a_directory_link_of_another_user_is_not_followed);
	TEST(a_change_is_saved_automatically);
	LOOP_TEST(an_invalid_file_is_never_fatal, COUNT(junk));
}
