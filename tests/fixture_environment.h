/*
 * fixture_environment: the environment of daemons without a host: loop, state, services and store.
 *
 * The modules of these daemons are descriptors in the test itself, so that each test defines their
 * callbacks.
 */
#ifndef FIXTURE_ENVIRONMENT_H
#define FIXTURE_ENVIRONMENT_H

#include <check.h>
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/daemon.h"
#include "config/option.h"
#include "process/child.h"
#include "loop/loop.h"
#include "worker/worker_pool.h"
#include "process/slot_queue.h"
#include "scratch.h"
#include "state/state.h"
#include "persist/store.h"
#include "service/service.h"
#include "suite.h"

#define PATIENCE (60 * CLOCK_SECOND)
#define UNUSED   __attribute__((unused))

static struct environment environment;
static struct worker_pool *worker_pool;
static char logged[256][512]; /* logged lines */
static unsigned logged_lines;

static void on_log(enum log_level level, const char *line, void *arg)
{
	ck_assert_uint_lt(logged_lines, sizeof(logged) / sizeof(*logged));
	snprintf(logged[logged_lines++], sizeof(logged[0]), "%s", line);
}

/* Returns the number of logged lines that contain the text. */
UNUSED static unsigned log_holds(const char *text)
{
	unsigned count = 0;

	for (unsigned i = 0; i < logged_lines; i++)
		count += strstr(logged[i], text) != NULL;
	return count;
}

static void environment_setup(void)
{
	static const struct worker_pool_limits limits = {
		.workers = 2, .workers_max = 4, .queue_max = 100, .grace = CLOCK_SECOND};

	scratch_setup();
	logged_lines = 0;
	log_set_sink(on_log, NULL);
	environment.loop = loop_new();
	ck_assert_ptr_nonnull(environment.loop);
	environment.state = state_new();
	worker_pool = worker_pool_new(environment.loop, &limits, NULL);
	ck_assert_ptr_nonnull(worker_pool);
	environment.services = services_new(environment.loop, worker_pool);
	ck_assert_ptr_nonnull(environment.services);
	environment.slots = slot_queue_new(environment.loop, 4);
	ck_assert_ptr_nonnull(environment.slots);
	environment.store = store_open(environment.loop, scratch_path("store"));
	ck_assert_ptr_nonnull(environment.store);
}

static void environment_teardown(void)
{
	child_kill_detached();
	store_close(environment.store);
	worker_pool_free(worker_pool);
	services_free(environment.services);
	state_free(environment.state);
	slot_queue_free(environment.slots);
	loop_free(environment.loop);
	log_set_sink(NULL, NULL);
	scratch_teardown();
}

/* --- the loop --------------------------------------------------------------------------------- */

static void on_turned(uint64_t missed, void *arg)
{
	*(bool *)arg = true;
	loop_stop(environment.loop);
}

/* Runs the loop for `ns` nanoseconds. */
UNUSED static void turn_for(uint64_t ns)
{
	bool over = false;
	struct loop_timer *timer = loop_after(environment.loop, ns, on_turned, &over);

	ck_assert_ptr_nonnull(timer);
	while (!over)
		ck_assert_int_eq(loop_run(environment.loop), 0);
	loop_timer_free(timer);
}

/* Runs the loop until the condition is true. */
#define TURN_UNTIL(condition)                                              \
	do {                                                               \
		uint64_t turn_end = clock_now() + PATIENCE;                \
		while (!(condition)) {                                     \
			ck_assert_msg(clock_now() < turn_end, #condition); \
			turn_for(5 * CLOCK_MS);                            \
		}                                                          \
	} while (0)

/* --- values in the state ---------------------------------------------------------------------- */

/* Returns the value at the pointer as JSON text, valid until the next call; "": there is none. */
UNUSED static const char *stands_at(const char *pointer)
{
	static char *text;
	json_t *value = state_get(environment.state, pointer);

	free(text);
	text = value != NULL ? json_dumps(value, JSON_ENCODE_ANY | JSON_SORT_KEYS | JSON_COMPACT)
			     : strdup("");
	json_decref(value);
	return text;
}

/* Returns a text in the daemon's account, valid until the next call; "": it has none. */
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

/* Returns the option set of a schema with the given "key=value" pairs, which end with NULL. */
UNUSED static struct option_set *options_of(const vigil_option *schema, const char *const *pairs)
{
	struct option_given given[32];
	char keys[32][64];
	size_t count = 0;
	struct diagnostics diagnostics = {0};
	struct option_set *set;

	for (; pairs != NULL && *pairs != NULL; pairs++, count++) {
		size_t n = strcspn(*pairs, "=");

		snprintf(keys[count], sizeof(keys[count]), "%.*s", (int)n, *pairs);
		given[count] = (struct option_given){
			.key = keys[count], .value = *pairs + n + 1, .file = "test", .line = 1};
	}
	set = option_set_new(schema, given, count, "[daemon:test]", "test", 1, &diagnostics);
	ck_assert_msg(set != NULL, "%s", diagnostics.count > 0 ? diagnostics.list[0].text : "");
	diagnostics_clear(&diagnostics);
	return set;
}

#endif
