/* check_sequence: start and stop of several daemons, in the order of their dependencies. */
#include "command/sequence.h"

#include "base/memory.h"
#include "daemon/daemon.h"
#include "fixture_pending.h"
#include "host/pause.h"
#include "suite.h"

static void use(const char *rest)
{
	scratch_put("vigil.conf", 0644,
		"[vigil]\nmodules = %s/tests/modules\nstate_dir = %s\nlog = stderr\n%s",
		getenv("top_builddir"), scratch_path("state"), rest);
}

/* web and cache need app, which needs db through a daemon that tests do not choose. */
static const char shop[] = "[daemons]\nweb = ordered\ncache = ordered\napp = ordered\n"
			   "hidden = ordered\ndb = ordered\nalone = ordered\n"
			   "[daemon:web]\nafter = app:serves\ngroup = shop\n"
			   "[daemon:cache]\nafter = app\nlikes = web\ngroup = shop\n"
			   "[daemon:app]\nafter = hidden\ngroup = shop\n"
			   "[daemon:hidden]\nafter = db:runs\n"
			   "[daemon:db]\ngroup = shop\n%s"
			   "[daemon:alone]\ntakes = 0\n";

static void up_with(const char *extra)
{
	char text[1024];
	struct diagnostics diagnostics = {0};

	snprintf(text, sizeof(text), shop, extra);
	use(text);
	host = host_new(scratch_path("vigil.conf"), &diagnostics);
	ck_assert_msg(host != NULL, "%s", diagnostics.count ? diagnostics.list[0].text : "");
	diagnostics_clear(&diagnostics);
	host_start(host);
}

static void init(void)
{
	scratch_setup();
	log_set_sink(on_log, NULL);
}

static void end(void)
{
	take_down();
}

/* The number of the daemon's last action, in the order of all of them. */
static int number_of(const char *name, const char *what, const char *verb)
{
	char pointer[96];
	const char *text;
	json_t *value;
	int number = 0;

	snprintf(pointer, sizeof(pointer), "/daemons/%s/%s", name, what);
	value = state_get(host_state(host), pointer);
	text = json_string_value(value);
	if (text != NULL && strncmp(text, verb, strlen(verb)) == 0)
		number = atoi(text + strlen(verb) + 1);
	json_decref(value);
	return number;
}

/* Waits until the daemon has begun or ended the action. */
static void await_action(const char *name, const char *what, const char *verb)
{
	uint64_t until = clock_now() + PATIENCE;

	while (number_of(name, what, verb) == 0) {
		ck_assert(clock_now() < until);
		turn();
	}
}

/* Begins a stop of db, runs the other verb during the stop, and waits for the stop to fail. */
static void run_during_failed_stop(const char *verb, const char *params)
{
	struct pending *stop;

	begin("stop", "{\"names\":[\"db\"]}");
	await_action("db", "begun", "stop");
	ck_assert(!completed);
	stop = reply.pending;
	reply.pending = NULL;
	ck_assert_int_eq(run(verb, params), 0);
	forget();
	reply.pending = stop;
	ck_assert_int_eq(await_reply(), COMMAND_REFUSED);
}

static const char *run_status(const char *key)
{
	char params[64];

	snprintf(params, sizeof(params), "{\"pointer\":\"/runs/db/%s\"}", key);
	ck_assert_int_eq(run("get", params), 0);
	return text_at("");
}

static void reload_with(const char *rest)
{
	struct diagnostics diagnostics = {0};
	json_t *result;

	use(rest);
	ck_assert_int_eq(host_reload(host, &result, &diagnostics), 0);
	json_decref(result);
}

/* Returns whether the verb of the first daemon ended before that of the second began. */
static bool in_order(const char *verb, const char *first, const char *second)
{
	int ended = number_of(first, "ended", verb), begun = number_of(second, "begun", verb);

	return ended > 0 && begun > 0 && ended < begun;
}

START_TEST(a_start_begins_with_what_the_others_need)
{
	up_with("");
	ck_assert_int_eq(run_to_end("start", "{\"names\":[\"@shop\"]}"), 0);
	ck_assert(in_order("start", "db", "app"));
	ck_assert(in_order("start", "app", "web"));
	ck_assert(in_order("start", "app", "cache"));
	ck_assert_msg(!in_order("start", "web", "cache") && !in_order("start", "cache", "web"),
		"independent daemons start at the same time");
	ck_assert_int_eq(number_of("hidden", "begun", "start"), 0);
	ck_assert_uint_eq(json_array_size(json_object_get(reply.result, "steps")), 4);
	ck_assert_str_eq(text_at("/steps/0/name"), "db");
	ck_assert_str_eq(text_at("/steps/0/text"), "as told");
	ck_assert_int_eq(number_at("/steps/3/step"), 3);
}
END_TEST

START_TEST(a_stop_is_in_the_reverse_order_and_pauses)
{
	up_with("");
	ck_assert_int_eq(run_to_end("stop", "{\"names\":[\"db\",\"web\",\"app\"]}"), 0);
	ck_assert(in_order("stop", "web", "app"));
	ck_assert(in_order("stop", "app", "db"));
	ck_assert(vigil_paused(host_find(host, "db")));
	ck_assert(!vigil_paused(host_find(host, "cache")));
	ck_assert_int_eq(run("get", "{\"pointer\":\"/runs/db/paused_reason\"}"), 0);
	ck_assert_str_eq(text_at(""), "stopped with vigilctl stop");
	ck_assert_int_eq(run_to_end("start", "{\"names\":[\"db\"]}"), 0);
	ck_assert(!vigil_paused(host_find(host, "db")));
	ck_assert(vigil_paused(host_find(host, "app")));
}
END_TEST

START_TEST(a_dry_run_shows_the_steps_and_does_nothing)
{
	static const char *const names[] = {"alone", "cache", "web", "app", "db"};

	up_with("");
	ck_assert_int_eq(
		run_to_end("stop", "{\"names\":[\"@shop\",\"alone\"],\"dry_run\":true}"), 0);
	ck_assert(json_is_true(json_pointer_follow(reply.result, "/dry_run")));
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char pointer[32];

		snprintf(pointer, sizeof(pointer), "/steps/%zu/name", i);
		ck_assert_str_eq(text_at(pointer), names[i]);
		ck_assert(!vigil_paused(host_find(host, names[i])));
		ck_assert_int_eq(number_of(names[i], "begun", "stop"), 0);
	}
	ck_assert_int_eq(number_at("/steps/2/step"), 1);
	ck_assert_int_eq(number_at("/steps/4/step"), 3);
}
END_TEST

START_TEST(what_depends_on_a_failed_step_is_left_alone)
{
	up_with("fails = start\n");
	ck_assert_int_eq(run_to_end("start", "{\"names\":[\"@shop\",\"alone\"]}"), COMMAND_REFUSED);
	ck_assert_str_eq(reply.message, "4 of 5 services could not be started");
	ck_assert_int_eq(number_of("app", "begun", "start"), 0);
	ck_assert_int_eq(number_of("web", "begun", "start"), 0);
	ck_assert_int_gt(number_of("alone", "begun", "start"), 0);
	ck_assert_str_eq(json_string_value(json_pointer_follow(reply.data, "/steps/1/text")),
		"it is broken");
	ck_assert_str_eq(json_string_value(json_pointer_follow(reply.data, "/steps/2/text")),
		"not started, because db could not be started");
	ck_assert_str_eq(json_string_value(json_pointer_follow(reply.data, "/steps/4/text")),
		"not started, because db could not be started");
}
END_TEST

START_TEST(a_failed_stop_does_not_leave_a_pause)
{
	up_with("fails = stop\n");
	ck_assert_int_eq(run_to_end("stop", "{\"names\":[\"@shop\"]}"), COMMAND_REFUSED);
	ck_assert_str_eq(reply.message, "1 of 4 services could not be stopped");
	ck_assert(!vigil_paused(host_find(host, "db")));
	ck_assert(vigil_paused(host_find(host, "web")));
	/* a pause of an admin stays */
	ck_assert_int_eq(run("pause", "{\"names\":[\"db\"],\"reason\":\"mine\"}"), 0);
	ck_assert_int_eq(run_to_end("stop", "{\"names\":[\"db\"]}"), COMMAND_REFUSED);
	ck_assert(vigil_paused(host_find(host, "db")));
}
END_TEST

/* A pause that ends by itself would let the service be started again. */
START_TEST(a_stop_replaces_a_timed_pause)
{
	up_with("");
	ck_assert_int_eq(
		run("pause", "{\"names\":[\"db\"],\"for\":\"1h\",\"reason\":\"mine\"}"), 0);
	ck_assert_int_eq(run_to_end("stop", "{\"names\":[\"db\"]}"), 0);
	ck_assert_int_eq(run("get", "{\"pointer\":\"/runs/db/paused_reason\"}"), 0);
	ck_assert_str_eq(text_at(""), "stopped with vigilctl stop");
	ck_assert_int_eq(run("get", "{\"pointer\":\"/runs/db/paused_until\"}"), 0);
	ck_assert_str_eq(text_at(""), "");
}
END_TEST

START_TEST(a_failed_stop_restores_a_timed_pause)
{
	up_with("fails = stop\n");
	ck_assert_int_eq(
		run("pause", "{\"names\":[\"db\"],\"for\":\"1h\",\"reason\":\"mine\"}"), 0);
	ck_assert_int_eq(run_to_end("stop", "{\"names\":[\"db\"]}"), COMMAND_REFUSED);
	ck_assert_int_eq(run("get", "{\"pointer\":\"/runs/db/paused_reason\"}"), 0);
	ck_assert_str_eq(text_at(""), "mine");
	ck_assert_int_eq(run("get", "{\"pointer\":\"/runs/db/paused_until\"}"), 0);
	ck_assert_str_ne(text_at(""), "");
}
END_TEST

START_TEST(a_failed_stop_keeps_a_pause_that_was_made_during_it)
{
	up_with("fails = stop\ntakes = 200ms\n");
	run_during_failed_stop("pause", "{\"names\":[\"db\"],\"for\":\"4h\",\"reason\":\"mine\"}");
	ck_assert(vigil_paused(host_find(host, "db")));
	ck_assert_str_eq(run_status("paused_reason"), "mine");
	ck_assert_str_ne(run_status("paused_until"), "");
	/* it is also kept if the stop has replaced an earlier pause with an end */
	run_during_failed_stop("pause", "{\"names\":[\"db\"],\"reason\":\"still mine\"}");
	ck_assert_str_eq(run_status("paused_reason"), "still mine");
	ck_assert_str_eq(run_status("paused_until"), "");
}
END_TEST

START_TEST(a_failed_stop_keeps_a_resume_that_was_made_during_it)
{
	up_with("fails = stop\ntakes = 200ms\n");
	ck_assert_int_eq(
		run("pause", "{\"names\":[\"db\"],\"for\":\"1h\",\"reason\":\"mine\"}"), 0);
	run_during_failed_stop("resume", "{\"names\":[\"db\"]}");
	ck_assert(!vigil_paused(host_find(host, "db")));
}
END_TEST

START_TEST(a_failed_stop_restores_the_end_and_the_user_of_a_pause)
{
	struct vigil_daemon *db;
	double left;

	up_with("fails = stop\ntakes = 1500ms\n");
	db = host_find(host, "db");
	pause_start(host_pauses(host), db, 3600, "mine", "1234");
	left = pause_left(host_pauses(host), db);
	ck_assert_int_eq(run_to_end("stop", "{\"names\":[\"db\"]}"), COMMAND_REFUSED);
	ck_assert_str_eq(run_status("paused_by"), "1234");
	ck_assert_double_le(pause_left(host_pauses(host), db), left - 1.4);
	/* a pause that would have ended during the stop is not restored */
	pause_start(host_pauses(host), db, 0.5, "short", "1234");
	ck_assert_int_eq(run_to_end("stop", "{\"names\":[\"db\"]}"), COMMAND_REFUSED);
	ck_assert(!vigil_paused(db));
}
END_TEST

/* The stop goes on in the manager, and the new daemon must not start the service again. */
START_TEST(a_daemon_that_is_replaced_during_its_stop_stays_paused)
{
	char text[1024];

	up_with("takes = 1h\n");
	begin("stop", "{\"names\":[\"db\"]}");
	await_action("db", "begun", "stop");
	snprintf(text, sizeof(text), shop, "takes = 2h\n");
	reload_with(text);
	ck_assert_int_eq(await_reply(), COMMAND_REFUSED);
	ck_assert_str_eq(json_string_value(json_pointer_follow(reply.data, "/steps/0/text")),
		"the daemon was changed or removed by a reload, and the action goes on; the daemon "
		"stays paused");
	ck_assert(vigil_paused(host_find(host, "db")));
}
END_TEST

START_TEST(a_refused_action_is_a_failed_step)
{
	up_with("fails = busy\n");
	ck_assert_int_eq(run_to_end("stop", "{\"names\":[\"db\"]}"), COMMAND_REFUSED);
	ck_assert_str_eq(json_string_value(json_pointer_follow(reply.data, "/steps/0/text")),
		"a start, stop or restart of it is under way");
	ck_assert(!vigil_paused(host_find(host, "db")));
}
END_TEST

START_TEST(mistakes_are_reported_before_the_first_step)
{
	up_with("");
	ck_assert_int_eq(run_to_end("stop", "{}"), COMMAND_PARAMS);
	ck_assert_int_eq(run_to_end("stop", "{\"names\":[]}"), COMMAND_PARAMS);
	ck_assert_int_eq(run_to_end("stop", "{\"names\":[\"db\",\"wep\"]}"), COMMAND_NOT_FOUND);
	ck_assert_str_eq(reply.message, "no such daemon \"wep\"; did you mean \"web\"?");
	ck_assert_int_eq(run_to_end("stop", "{\"names\":[\"db\",7]}"), COMMAND_PARAMS);
	ck_assert_int_eq(run_to_end("restart", "{\"names\":[\"db\"]}"), COMMAND_REFUSED);
	ck_assert_str_eq(reply.message, "db is running and has no service to restart");
	ck_assert_int_eq(run_to_end("restart", "{\"names\":[\"d*\"]}"), COMMAND_REFUSED);
	ck_assert_str_eq(reply.message, "none of these daemons has a service to restart");
	ck_assert(!vigil_paused(host_find(host, "db")));
	ck_assert_int_eq(number_of("db", "begun", "stop"), 0);
}
END_TEST

START_TEST(a_reload_may_remove_a_daemon_in_the_middle)
{
	up_with("takes = 1h\n");
	begin("start", "{\"names\":[\"@shop\"]}");
	await_action("db", "begun", "start");
	ck_assert(!completed);
	reload_with("[daemons]\nweb = ordered\n[daemon:web]\ngroup = shop\n");
	ck_assert_int_eq(await_reply(), COMMAND_REFUSED);
	ck_assert_str_eq(json_string_value(json_pointer_follow(reply.data, "/steps/0/text")),
		"the daemon was changed or removed by a reload, and the action goes on");
}
END_TEST

START_TEST(a_sequence_may_be_cancelled)
{
	up_with("takes = 200ms\n");
	begin("stop", "{\"names\":[\"db\"]}");
	await_action("db", "begun", "stop");
	pending_free(reply.pending);
	reply.pending = NULL;
	await_action("db", "ended", "stop");
	ck_assert(!completed);
}
END_TEST

START_TEST(the_host_may_stop_in_the_middle)
{
	up_with("takes = 1h\n");
	begin("stop", "{\"names\":[\"db\",\"alone\"]}");
	turn();
	pending_free(reply.pending);
	reply.pending = NULL;
}
END_TEST

START_TEST(ten_thousand_daemons_in_a_chain_are_sorted)
{
	char *text = memory_zero(2000000);
	size_t n = 0;
	struct diagnostics diagnostics = {0};

	n += (size_t)sprintf(text + n, "[module:ordered]\ntakes = 0\n[daemons]\n");
	for (int i = 0; i < 10000; i++)
		n += (size_t)sprintf(text + n, "d%d = ordered\n", i);
	for (int i = 0; i < 9999; i++)
		n += (size_t)sprintf(text + n, "[daemon:d%d]\nafter = d%d\n", i, i + 1);
	use(text);
	free(text);
	host = host_new(scratch_path("vigil.conf"), &diagnostics);
	ck_assert_ptr_nonnull(host);
	host_start(host);
	ck_assert_int_eq(run_to_end("start", "{\"names\":[\"*\"],\"dry_run\":true}"), 0);
	ck_assert_str_eq(text_at("/steps/0/name"), "d9999");
	ck_assert_str_eq(text_at("/steps/9999/name"), "d0");
	ck_assert_int_eq(number_at("/steps/9999/step"), 10000);
	/* only the chosen ones count */
	ck_assert_int_eq(
		run_to_end("stop", "{\"names\":[\"d9999\",\"d0\",\"d5000\"],\"dry_run\":true}"), 0);
	ck_assert_str_eq(text_at("/steps/0/name"), "d0");
	ck_assert_str_eq(text_at("/steps/1/name"), "d5000");
	ck_assert_int_eq(number_at("/steps/2/step"), 3);
}
END_TEST

SUITE("sequence", init, end)
{
	TEST(a_start_begins_with_what_the_others_need);
	TEST(a_stop_is_in_the_reverse_order_and_pauses);
	TEST(a_dry_run_shows_the_steps_and_does_nothing);
	TEST(what_depends_on_a_failed_step_is_left_alone);
	TEST(a_failed_stop_does_not_leave_a_pause);
	TEST(a_stop_replaces_a_timed_pause);
	TEST(a_failed_stop_restores_a_timed_pause);
	TEST(a_failed_stop_keeps_a_pause_that_was_made_during_it);
	TEST(a_failed_stop_keeps_a_resume_that_was_made_during_it);
	TEST(a_failed_stop_restores_the_end_and_the_user_of_a_pause);
	TEST(a_daemon_that_is_replaced_during_its_stop_stays_paused);
	TEST(a_refused_action_is_a_failed_step);
	TEST(mistakes_are_reported_before_the_first_step);
	TEST(a_reload_may_remove_a_daemon_in_the_middle);
	TEST(a_sequence_may_be_cancelled);
	TEST(the_host_may_stop_in_the_middle);
	TEST(ten_thousand_daemons_in_a_chain_are_sorted);
}
