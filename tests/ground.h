/*
 * ground: what daemons stand on, with nothing above it: a loop, a state, services, a store.
 *
 * The daemons of these tests are made of a descriptor in the test itself, so that each test
 * says what their callbacks do.
 */
#ifndef GROUND_H
#define GROUND_H

#include <check.h>
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/daemon.h"
#include "data/option.h"
#include "loop/child.h"
#include "loop/loop.h"
#include "loop/offload.h"
#include "loop/slot_queue.h"
#include "scratch.h"
#include "data/state.h"
#include "loop/store.h"
#include "service/service.h"
#include "suite.h"

#define PATIENCE (60 * CLOCK_SECOND)
#define UNUSED   __attribute__((unused))

static struct ground ground;
static struct offload *offload;
static char logged[256][512]; /* what was logged */
static unsigned logged_lines;

static void on_log(vigil_level level, const char *line, void *arg)
{
	ck_assert_uint_lt(logged_lines, sizeof(logged) / sizeof(*logged));
	snprintf(logged[logged_lines++], sizeof(logged[0]), "%s", line);
}

/* How many lines hold the text. */
UNUSED static unsigned log_holds(const char *text)
{
	unsigned count = 0;

	for (unsigned i = 0; i < logged_lines; i++)
		count += strstr(logged[i], text) != NULL;
	return count;
}

static void ground_setup(void)
{
	static const struct offload_limits limits = {
		.workers = 2, .workers_max = 4, .queue_max = 100, .grace = CLOCK_SECOND};

	scratch_setup();
	logged_lines = 0;
	log_set_sink(on_log, NULL);
	ground.loop = loop_new();
	ck_assert_ptr_nonnull(ground.loop);
	ground.state = state_new();
	offload = offload_new(ground.loop, &limits, NULL);
	ck_assert_ptr_nonnull(offload);
	ground.services = services_new(ground.loop, offload);
	ck_assert_ptr_nonnull(ground.services);
	ground.slots = slot_queue_new(ground.loop, 4);
	ck_assert_ptr_nonnull(ground.slots);
	ground.store = store_open(ground.loop, scratch_path("store"));
	ck_assert_ptr_nonnull(ground.store);
}

static void ground_teardown(void)
{
	child_kill_strays();
	store_close(ground.store);
	offload_free(offload);
	services_free(ground.services);
	state_free(ground.state);
	slot_queue_free(ground.slots);
	loop_free(ground.loop);
	log_set_sink(NULL, NULL);
	scratch_teardown();
}

/* --- the loop -------------------------------------------------------------------------------- */

static void on_turned(uint64_t missed, void *arg)
{
	*(bool *)arg = true;
	loop_stop(ground.loop);
}

/* Turns the loop for so long. */
UNUSED static void turn_for(uint64_t ns)
{
	bool over = false;
	struct loop_timer *timer = loop_after(ground.loop, ns, on_turned, &over);

	ck_assert_ptr_nonnull(timer);
	while (!over)
		ck_assert_int_eq(loop_run(ground.loop), 0);
	loop_timer_free(timer);
}

/* Until it is so. */
#define TURN_UNTIL(condition)                                              \
	do {                                                               \
		uint64_t turn_end = clock_now() + PATIENCE;                \
		while (!(condition)) {                                     \
			ck_assert_msg(clock_now() < turn_end, #condition); \
			turn_for(5 * CLOCK_MS);                            \
		}                                                          \
	} while (0)

/* --- what stands where ----------------------------------------------------------------------- */

/* What stands there, as JSON; "" where nothing does.  Good until the next call. */
UNUSED static const char *stands_at(const char *pointer)
{
	static char *text;
	json_t *value = state_get(ground.state, pointer);

	free(text);
	text = value != NULL ? json_dumps(value, JSON_ENCODE_ANY | JSON_SORT_KEYS | JSON_COMPACT)
			     : strdup("");
	json_decref(value);
	return text;
}

/* A text of the daemon's account; "" where it has none. */
UNUSED static const char *account_text(const struct vigil_daemon *d, const char *key)
{
	static char text[512];
	json_t *account = daemon_account(d);
	const char *value = json_string_value(json_object_get(account, key));

	ck_assert_ptr_nonnull(account);
	snprintf(text, sizeof(text), "%s", value != NULL ? value : "");
	json_decref(account);
	return text;
}

UNUSED static json_int_t account_number(const struct vigil_daemon *d, const char *key)
{
	json_t *account = daemon_account(d);
	json_int_t value;

	ck_assert_ptr_nonnull(account);
	ck_assert(json_is_integer(json_object_get(account, key)));
	value = json_integer_value(json_object_get(account, key));
	json_decref(account);
	return value;
}

/* --- options ---------------------------------------------------------------------------------- */

/* Of a schema, with one "key=value" after the other given, NULL at the end. */
UNUSED static struct option_set *options_of(const vigil_option *schema, const char *const *pairs)
{
	struct option_given given[32];
	char keys[32][64];
	size_t count = 0;
	struct complaints complaints = {0};
	struct option_set *set;

	for (; pairs != NULL && *pairs != NULL; pairs++, count++) {
		size_t n = strcspn(*pairs, "=");

		snprintf(keys[count], sizeof(keys[count]), "%.*s", (int)n, *pairs);
		given[count] = (struct option_given){
			.key = keys[count], .value = *pairs + n + 1, .file = "test", .line = 1};
	}
	set = option_set_new(schema, given, count, "[daemon:test]", "test", 1, &complaints);
	ck_assert_msg(set != NULL, "%s", complaints.count > 0 ? complaints.list[0].text : "");
	complaints_clear(&complaints);
	return set;
}

#endif
