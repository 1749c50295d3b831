/*
 * check_store_loss: vigild is degraded when neither of the two state files can be read, until
 * somebody removes the file that was set aside.
 */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/degraded.h"
#include "base/log.h"
#include "loop/loop.h"
#include "persist/store.h"
#include "scratch.h"
#include "suite.h"

#define TORN "{\"kept\": {\"web\": {\"resta"

static struct loop *loop;
static struct store *store;

static void on_line(enum log_level level, const char *line, void *arg)
{
}

static void setup(void)
{
	scratch_setup();
	loop = loop_new();
	log_set_sink(on_line, NULL);
	ck_assert_int_eq(mkdir(scratch_path("state"), 0750), 0);
}

static void teardown(void)
{
	store_close(store);
	log_set_sink(NULL, NULL);
	loop_free(loop);
	scratch_teardown();
}

static void start(void)
{
	store_close(store);
	store = store_open(loop, scratch_path("state"));
	ck_assert_ptr_nonnull(store);
}

static bool reported(void)
{
	return degraded_get(DEGRADED_LOSS) != NULL;
}

static void change(int n)
{
	store_put_new(store, "kept", "web", "n", json_integer(n));
	ck_assert_int_eq(store_save(store, false), 0);
}

START_TEST(no_file_at_all_is_no_loss)
{
	start();
	ck_assert(!reported());
}
END_TEST

START_TEST(a_damaged_file_is_no_loss_if_the_older_one_can_be_read)
{
	start();
	change(1);
	change(2);
	store_close(store);
	store = NULL;
	scratch_put("state/state.json", 0640, TORN);
	start();
	ck_assert(scratch_has("state/state.json.bad"));
	ck_assert(!scratch_has("state/state.json.lost"));
	ck_assert(!reported());
}
END_TEST

static const struct {
	const char *file, *other;
} lost[] = {{"state/state.json", "state/state.json.old"}, {"state/state.json", NULL},
	{"state/state.json.old", NULL}};

START_TEST(a_loss_is_reported_over_restarts_until_the_file_is_removed)
{
	scratch_put(lost[_i].file, 0640, TORN);
	if (lost[_i].other != NULL)
		scratch_put(lost[_i].other, 0640, "[]");
	start();
	ck_assert(scratch_has("state/state.json.lost"));
	ck_assert(!scratch_has("state/state.json.bad"));
	ck_assert(reported());
	ck_assert_ptr_nonnull(strstr(degraded_get(DEGRADED_LOSS)->text, "/state.json.lost"));
	change(1);
	start();
	ck_assert_int_eq(json_integer_value(store_get(store, "kept", "web", "n")), 1);
	ck_assert(reported());
	ck_assert_int_eq(unlink(scratch_path("state/state.json.lost")), 0);
	start();
	ck_assert(!reported());
}
END_TEST

START_TEST(the_removal_of_the_file_is_noticed_while_vigild_runs)
{
	scratch_put("state/state.json", 0640, TORN);
	start();
	ck_assert(reported());
	ck_assert_int_eq(unlink(scratch_path("state/state.json.lost")), 0);
	while (reported())
		loop_run_once(loop, true);
}
END_TEST

SUITE("store_loss", setup, teardown)
{
	TEST(no_file_at_all_is_no_loss);
	TEST(a_damaged_file_is_no_loss_if_the_older_one_can_be_read);
	LOOP_TEST(a_loss_is_reported_over_restarts_until_the_file_is_removed, COUNT(lost));
	TEST(the_removal_of_the_file_is_noticed_while_vigild_runs);
}
