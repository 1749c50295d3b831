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

#include "daemon/daemon.h"
#include "config/option.h"
#include "process/child.h"
#include "fixture_loop.h"
#include "worker/worker_pool.h"
#include "process/slot_queue.h"
#include "scratch.h"
#include "persist/store.h"
#include "service/services.h"
#include "suite.h"

#define turn_for(ns)          run_for(environment.loop, ns)
#define TURN_UNTIL(condition) RUN_UNTIL(environment.loop, condition)
#define state_at(pointer)     state_text(environment.state, pointer)

static struct environment environment;
static struct worker_pool *worker_pool;

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

/* --- accounts --------------------------------------------------------------------------------- */

/* Returns a text in the daemon's account, valid until the next call; "": it has none. */
UNUSED static const char *account_text(struct vigil_daemon *d, const char *key)
{
	static char text[512];
	json_t *account = daemon_account(d);
	const char *value = json_string_value(json_object_get(account, key));

	ck_assert_ptr_nonnull(account);
	snprintf(text, sizeof(text), "%s", value != NULL ? value : "");
	json_decref(account);
	return text;
}

/* Returns a text of the daemon's health, valid until the next call. */
UNUSED static const char *health_text(struct vigil_daemon *d, const char *key)
{
	static char text[512];
	json_t *account = daemon_account(d);

	snprintf(text, sizeof(text), "%s",
		json_string_value(json_object_get(json_object_get(account, "health"), key)));
	json_decref(account);
	return text;
}

UNUSED static json_int_t account_number(struct vigil_daemon *d, const char *key)
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
