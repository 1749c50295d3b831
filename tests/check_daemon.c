/* check_daemon: the life of a daemon, starts that fail, new options, and pauses. */
#include "daemon/daemon.h"

#include "fixture_daemon_module.h"

/* --- life ------------------------------------------------------------------------------------- */

static char heard[16][64]; /* "KEY VALUE" of the announced changes */
static unsigned heard_count;

static void on_announced(uint64_t revision, const char *pointer, json_t *value, void *arg)
{
	char *text = json_dumps(value, JSON_ENCODE_ANY);

	ck_assert_uint_lt(heard_count, 16);
	ck_assert_int_eq(strncmp(pointer, "/runs/test/", 11), 0);
	snprintf(heard[heard_count++], sizeof(heard[0]), "%.20s %.40s", pointer + 11, text);
	free(text);
}

static void listen(void)
{
	heard_count = 0;
	ck_assert_ptr_nonnull(state_watch(environment.state, "/runs", on_announced, NULL));
}

static int start_and_write(vigil_daemon *daemon)
{
	ck_assert_int_eq(vigil_state_set(daemon, "a/b", json_integer(1)), 0);
	return 0;
}

START_TEST(a_daemon_starts_runs_and_stops)
{
	listen();
	in_start = start_and_write;
	ck_assert_str_eq(daemon_name(d), "test");
	ck_assert_str_eq(daemon_module(d), "module");
	ck_assert_str_eq(vigil_name(d), "test");
	ck_assert_int_eq(daemon_start(d), 0);
	ck_assert_int_eq(daemon_status(d), DAEMON_RUNNING);
	ck_assert_str_eq(daemon_reason(d), "");
	ck_assert_str_eq(state_at("/daemons/test"), "{\"a\":{\"b\":1}}");
	daemon_stop(d);
	ck_assert_uint_eq(stopped, 1);
	ck_assert_str_eq(state_at("/daemons/test"), "");
	daemon_stop(d); /* it is already stopped */
	ck_assert_uint_eq(stopped, 1);
	ck_assert_uint_eq(heard_count, 3);
	ck_assert_str_eq(heard[0], "status \"starting\"");
	ck_assert_str_eq(heard[1], "status \"running\"");
	ck_assert_str_eq(heard[2], "status \"stopping\"");
	/* the second start */
	ck_assert_int_eq(daemon_start(d), 0);
	ck_assert_str_eq(state_at("/daemons/test/a/b"), "1");
	daemon_free(d);
	ck_assert_uint_eq(stopped, 2);
	d = NULL;
	daemon_free(d);
}
END_TEST

START_TEST(the_account_of_a_daemon_is_complete)
{
	static const char *const keys[] = {"module", "status", "since", "ticks", "missed",
		"last_tick", "callback_seconds", "errors", "last_error", "paused", "health",
		"history"};
	json_t *account, *seconds;

	daemon_start(d);
	account = daemon_account(d);
	for (size_t i = 0; i < COUNT(keys); i++)
		ck_assert_msg(json_object_get(account, keys[i]) != NULL, "%s", keys[i]);
	ck_assert_uint_eq(json_object_size(account), COUNT(keys));
	seconds = json_object_get(account, "callback_seconds");
	ck_assert_double_ge(json_real_value(json_object_get(seconds, "max")),
		json_real_value(json_object_get(seconds, "last")));
	ck_assert_double_gt(json_real_value(json_object_get(seconds, "total")), 0);
	ck_assert(json_is_null(json_object_get(account, "last_tick")));
	ck_assert(json_is_null(json_object_get(account, "health")));
	json_decref(account);
}
END_TEST

/* --- starts that fail ------------------------------------------------------------------------- */

static int start_and_return(vigil_daemon *daemon)
{
	ticks = 0;
	ck_assert_ptr_nonnull(vigil_alloc(daemon, 100));
	ck_assert_int_eq(vigil_every(daemon, 0.01, on_tick, NULL), 0);
	ck_assert_int_eq(vigil_after(daemon, 0, on_tick, NULL), 0);
	start_and_write(daemon);
	return *(int *)vigil_data(daemon);
}

static int start_and_refuse(vigil_daemon *daemon)
{
	ck_assert_int_eq(vigil_fail(daemon, "port = %d is %s", 80, "taken\n"), -EINVAL);
	vigil_fail(daemon, "the first reason is the one");
	return -EIO;
}

static int start_and_overlook(vigil_daemon *daemon)
{
	ck_assert_int_eq(vigil_every(daemon, -1, on_tick, NULL), -EINVAL);
	return 0; /* it ignores the error */
}

START_TEST(a_start_that_fails_leaves_nothing)
{
	static const int returns[] = {-ENOENT, 1, -1};
	int value;

	in_start = start_and_return;
	for (size_t i = 0; i < COUNT(returns); i++) {
		value = returns[i];
		vigil_set_data(d, &value);
		ck_assert_int_eq(daemon_start(d), value < 0 ? value : -EINVAL);
		ck_assert_int_eq(daemon_status(d), DAEMON_FAILED);
		ck_assert_str_eq(account_text(d, "status"), "failed");
		ck_assert_ptr_nonnull(strstr(daemon_reason(d), "its start returned"));
		ck_assert_str_eq(account_text(d, "reason"), daemon_reason(d));
		ck_assert_str_eq(state_at("/daemons/test"), "");
		ck_assert_ptr_null(vigil_data(d));
		turn_for(30 * CLOCK_MS);
		ck_assert_uint_eq(ticks, 0);
	}
	ck_assert_ptr_nonnull(strstr(daemon_reason(d), strerror(1)));
	daemon_stop(d);
	ck_assert_uint_eq(stopped, 0); /* it never ran */
	in_start = NULL;
	ck_assert_int_eq(daemon_start(d), 0);
	ck_assert_str_eq(daemon_reason(d), "");
}
END_TEST

START_TEST(the_reason_of_a_failure_is_the_text_of_the_module)
{
	in_start = start_and_refuse;
	ck_assert_int_eq(daemon_start(d), -EIO);
	ck_assert_str_eq(daemon_reason(d), "port = 80 is taken\\n");
	ck_assert_uint_eq(log_holds("test: failed: port = 80 is taken\\n"), 1);
	daemon_fail(d, "no %s", "module");
	ck_assert_str_eq(daemon_reason(d), "no module");
	ck_assert_int_eq(daemon_tick_now(d), -ESRCH);
	ck_assert_int_eq(daemon_verb(d, "restart", NULL, NULL), -ENOSYS);
}
END_TEST

/* The module believes that it has started, and may hold resources that only its stop function
 * frees. */
START_TEST(an_error_that_start_ignores_is_a_failure)
{
	in_start = start_and_overlook;
	ck_assert_int_eq(daemon_start(d), -EINVAL);
	ck_assert_int_eq(daemon_status(d), DAEMON_FAILED);
	ck_assert_str_eq(daemon_reason(d), "a timer of -1 s is out of range");
	ck_assert_uint_eq(stopped, 1);
	daemon_stop(d);
	ck_assert_uint_eq(stopped, 1);
}
END_TEST

/* A reason may contain any bytes, for example a file name, and may be cut anywhere. */
START_TEST(a_reason_is_always_valid_text)
{
	char path[1024];

	for (size_t i = 0; i < 4; i++) {
		memset(path, 'x', i);
		for (size_t at = i; at < 600; at += 2)
			memcpy(path + at, "\xc3\xa4", 3);
		daemon_fail(d, "%s cannot be loaded", path);
		ck_assert_uint_gt(strlen(account_text(d, "reason")), 200);
		daemon_fail(d, "\xff\n%s", path);
		ck_assert_int_eq(strncmp(account_text(d, "reason"), "\\xFF\\n", 6), 0);
	}
}
END_TEST

static int start_and_spawn_strangely(vigil_daemon *daemon)
{
	static const char *const argv[] = {"/\xff/none", NULL};

	ck_assert_ptr_null(vigil_spawn(daemon, &(vigil_child_spec){.size = sizeof(vigil_child_spec),
						       .argv = argv,
						       .on_exit = (vigil_child_exit_fn *)abort}));
	return -errno;
}

START_TEST(the_reason_of_a_constructor_is_valid_text_too)
{
	in_start = start_and_spawn_strangely;
	ck_assert_int_eq(daemon_start(d), -ENOENT);
	ck_assert_ptr_nonnull(strstr(account_text(d, "reason"), "/\\xFF/none"));
}
END_TEST

/* --- addresses in the state ------------------------------------------------------------------- */

START_TEST(a_daemon_writes_only_below_its_own_pointer)
{
	char path[STATE_POINTER_MAX];
	size_t room = STATE_POINTER_MAX - sizeof("/daemons/test/");

	ck_assert_int_eq(daemon_start(d), 0);
	ck_assert_int_eq(vigil_state_set(d, "a", json_integer(1)), 0);
	ck_assert_int_eq(vigil_state_set(d, "/daemons/test/b", json_integer(2)), 0);
	ck_assert_str_eq(state_at("/daemons/test"), "{\"a\":1,\"b\":2}");
	ck_assert_int_eq(json_integer_value(vigil_state_get(d, "b")), 2);
	ck_assert_ptr_nonnull(json_object_get(vigil_state_get(d, ""), "daemons")); /* everything */
	ck_assert_int_eq(vigil_state_set(d, "/daemons/testing", json_integer(3)), -EPERM);
	ck_assert_int_eq(vigil_state_set(d, "/", json_integer(3)), -EPERM);
	ck_assert_int_eq(vigil_state_set(d, NULL, json_integer(3)), -EINVAL);
	/* the longest pointer, and a longer one */
	memset(path, 'x', sizeof(path));
	path[room] = '\0';
	ck_assert_int_eq(vigil_state_set(d, path, json_integer(4)), 0);
	ck_assert_int_eq(json_integer_value(vigil_state_get(d, path)), 4);
	path[room] = 'x';
	path[room + 1] = '\0';
	ck_assert_int_eq(vigil_state_set(d, path, json_integer(5)), -ENAMETOOLONG);
	/* the daemon's whole value */
	ck_assert_int_eq(vigil_state_set(d, "", json_pack("{s:i}", "c", 6)), 0);
	ck_assert_str_eq(state_at("/daemons/test"), "{\"c\":6}");
}
END_TEST

/* --- new options ------------------------------------------------------------------------------ */

static struct option_set *word(const char *pair)
{
	const char *const pairs[] = {pair, NULL};

	return options_of(schema, pairs);
}

/* Creates the daemon again, with this option. */
static void with_word(const char *pair)
{
	struct option_set *set = word(pair);

	daemon_free(d);
	d = daemon_new(&environment, "test", "module", &module, set);
	option_set_unref(set);
	ticks = 0;
}

static int take(const char *pair)
{
	struct option_set *set = word(pair);
	int err = daemon_reconfigure(d, set);

	option_set_unref(set);
	return err;
}

static int start_and_tick(vigil_daemon *daemon)
{
	return vigil_every(daemon, 0.02, on_tick, NULL);
}

START_TEST(a_reconfigured_daemon_continues)
{
	with_word("word=old");
	in_start = start_and_tick;
	ck_assert_int_eq(daemon_start(d), 0);
	TURN_UNTIL(ticks > 0);
	listen();
	ck_assert_int_eq(take("word=new"), 0);
	ck_assert_uint_eq(started, 1);
	ck_assert_uint_eq(stopped, 0);
	ck_assert_uint_eq(heard_count, 0);
	ck_assert_uint_eq(words_seen, 2);
	ck_assert_str_eq(words[1], "new");
	ticks = 0;
	TURN_UNTIL(ticks > 0); /* the timer has not changed */
}
END_TEST

START_TEST(a_daemon_that_cannot_reconfigure_is_restarted)
{
	for (int without = 0; without < 2; without++) {
		with_word("word=old");
		in_start = start_and_write;
		reconfigure_says = without ? 0 : 1;
		module.reconfigure = without ? NULL : reconfigure;
		started = stopped = reconfigured = words_seen = 0;
		ck_assert_int_eq(daemon_start(d), 0);
		vigil_state_set(d, "more", json_true());
		ck_assert_int_eq(take("word=new"), 0);
		ck_assert_uint_eq(started, 2);
		ck_assert_uint_eq(stopped, 1);
		ck_assert_uint_eq(reconfigured, !without);
		ck_assert_str_eq(words[words_seen - 2], "old"); /* when it stopped */
		ck_assert_str_eq(words[words_seen - 1], "new");
		ck_assert_str_eq(state_at("/daemons/test"), "{\"a\":{\"b\":1}}");
		stopped = 0;
	}
}
END_TEST

START_TEST(a_daemon_may_refuse_new_options)
{
	with_word("word=old");
	ck_assert_int_eq(daemon_start(d), 0);
	reconfigure_says = VIGIL_REFUSED;
	ck_assert_int_eq(take("word=new"), VIGIL_REFUSED);
	ck_assert_uint_eq(stopped, 0);
	ck_assert_int_eq(daemon_status(d), DAEMON_RUNNING);
	ck_assert_str_eq(option_get(daemon_options(d), "word")->text, "old");
	ck_assert_str_eq(vigil_option_text(d, "word"), "old");
	ck_assert_str_eq(daemon_refusal(d), "it gives no reason");
	reconfigure_says = 0;
	ck_assert_int_eq(take("word=newer"), 0);
	ck_assert_str_eq(daemon_refusal(d), "");
	ck_assert_str_eq(vigil_option_text(d, "word"), "newer");
}
END_TEST

START_TEST(a_restart_for_new_options_may_fail)
{
	with_word("word=old");
	ck_assert_int_eq(daemon_start(d), 0);
	daemon_pause(d, 0, "", "");
	reconfigure_says = -EAGAIN;
	in_start = start_and_refuse;
	ck_assert_int_eq(take("word=new"), -EIO);
	ck_assert_int_eq(daemon_status(d), DAEMON_FAILED);
	ck_assert_str_eq(option_get(daemon_options(d), "word")->text, "new");
	/* a failed daemon is started without a call of reconfigure */
	reconfigured = 0;
	in_start = NULL;
	ck_assert_int_eq(take("word=newer"), 0);
	ck_assert_uint_eq(reconfigured, 0);
	ck_assert_int_eq(daemon_status(d), DAEMON_PAUSED);
}
END_TEST

static unsigned begun;

static void on_paused(vigil_daemon *daemon)
{
	ck_assert(vigil_paused(daemon));
	begun++;
}

#define UNTIL 1925089445 /* 2031-01-02 03:04:05 UTC */

/* --- pauses ----------------------------------------------------------------------------------- */

START_TEST(the_begin_of_a_pause_calls_the_module_once)
{
	module.paused = on_paused;
	begun = 0;
	daemon_pause(d, 0, "", ""); /* it does not run yet */
	ck_assert_int_eq(daemon_start(d), 0);
	ck_assert_uint_eq(begun, 0);
	daemon_resume(d);
	daemon_pause(d, 0, "", "");
	daemon_pause(d, UNTIL, "longer", "root");
	ck_assert_uint_eq(begun, 1);
	daemon_resume(d);
	daemon_pause(d, 0, "", "");
	ck_assert_uint_eq(begun, 2);
	module.paused = NULL;
}
END_TEST

START_TEST(a_pause_is_announced_and_shown)
{
	ck_assert_int_eq(daemon_start(d), 0);
	listen();
	ck_assert(!vigil_paused(d));
	daemon_resume(d); /* it was not paused */
	ck_assert_uint_eq(heard_count, 0);
	daemon_pause(d, UNTIL, "new\ndisk", "root");
	ck_assert(vigil_paused(d));
	ck_assert_int_eq(daemon_status(d), DAEMON_PAUSED);
	ck_assert_str_eq(daemon_status_name(daemon_status(d)), "paused");
	ck_assert_str_eq(account_text(d, "paused_until"), "2031-01-02T03:04:05.000Z");
	ck_assert_str_eq(account_text(d, "paused_reason"), "new\\ndisk");
	ck_assert_str_eq(account_text(d, "paused_by"), "root");
	ck_assert_uint_eq(heard_count, 3);
	ck_assert_str_eq(heard[0], "paused true");
	ck_assert_str_eq(heard[1], "status \"paused\"");
	ck_assert_int_eq(strncmp(heard[2], "health {\"level\": \"OK\"", 21), 0);
	daemon_resume(d);
	ck_assert_uint_eq(heard_count, 6);
	ck_assert_str_eq(heard[3], "paused false");
	ck_assert_str_eq(heard[4], "status \"running\"");
	ck_assert_str_eq(heard[5], "health null");
	ck_assert_str_eq(account_text(d, "paused_reason"), "");
	ck_assert_int_eq(daemon_status(d), DAEMON_RUNNING);
	/* a failed daemon can be paused and is still failed */
	daemon_fail(d, "so");
	daemon_pause(d, 0, "", "");
	ck_assert_int_eq(daemon_status(d), DAEMON_FAILED);
	ck_assert(vigil_paused(d));
}
END_TEST

START_TEST(the_health_of_a_paused_daemon_is_ok_and_includes_the_problem)
{
	ck_assert_int_eq(setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1), 0);
	ck_assert_int_eq(daemon_start(d), 0);
	daemon_pause(d, 0, "", "");
	ck_assert_str_eq(health_text(d, "level"), "OK");
	ck_assert_str_eq(health_text(d, "text"), "test is paused");
	vigil_health(d, VIGIL_CRITICAL, "db is failed");
	ck_assert_str_eq(
		health_text(d, "text"), "test is paused; at present CRITICAL: db is failed");
	daemon_pause(d, UNTIL, "new disk", "uid 1000");
	ck_assert_str_eq(health_text(d, "level"), "OK");
	ck_assert_str_eq(health_text(d, "text"),
		"test is paused until 2031-01-02 04:04:05 CET by uid 1000: new disk; at present "
		"CRITICAL: db is failed");
	daemon_resume(d);
	ck_assert_str_eq(health_text(d, "level"), "CRITICAL");
	ck_assert_str_eq(health_text(d, "text"), "db is failed");
}
END_TEST

START_TEST(the_health_of_a_failed_daemon_is_critical_with_its_reason)
{
	daemon_fail(d, "no %s", "module");
	ck_assert_str_eq(health_text(d, "level"), "CRITICAL");
	ck_assert_str_eq(health_text(d, "text"), "test has failed: no module");
	daemon_pause(d, 0, "", "");
	ck_assert_str_eq(health_text(d, "level"), "CRITICAL");
}
END_TEST

static unsigned resumes;

static void on_resumed(vigil_daemon *daemon)
{
	ck_assert_ptr_eq(daemon, d);
	ck_assert(!vigil_paused(d));
	resumes++;
}

START_TEST(a_module_is_notified_when_a_pause_ends)
{
	resumes = 0;
	module.resumed = on_resumed;
	ck_assert_int_eq(daemon_start(d), 0);
	daemon_resume(d);
	ck_assert_uint_eq(resumes, 0);
	daemon_pause(d, 0, "", "");
	ck_assert_uint_eq(resumes, 0);
	daemon_resume(d);
	ck_assert_uint_eq(resumes, 1);
	daemon_pause(d, 0, "", "");
	daemon_stop(d);
	daemon_resume(d);
	ck_assert_uint_eq(resumes, 1);
	module.resumed = NULL;
}
END_TEST

/* A name may contain characters that a pointer escapes, and is still one step. */
START_TEST(each_daemon_has_its_own_pointer)
{
	struct vigil_daemon *other = daemon_new(&environment, "a.b@c-d", "module", &module, NULL);

	in_start = start_and_write;
	ck_assert_int_eq(daemon_start(d), 0);
	ck_assert_int_eq(daemon_start(other), 0);
	ck_assert_str_eq(state_at("/daemons/a.b@c-d/a/b"), "1");
	daemon_free(other);
	ck_assert_str_eq(state_at("/daemons"), "{\"test\":{\"a\":{\"b\":1}}}");
}
END_TEST

SUITE("daemon", setup, teardown)
{
	TEST(a_daemon_starts_runs_and_stops);
	TEST(the_account_of_a_daemon_is_complete);
	TEST(a_start_that_fails_leaves_nothing);
	TEST(the_reason_of_a_failure_is_the_text_of_the_module);
	TEST(an_error_that_start_ignores_is_a_failure);
	TEST(a_reason_is_always_valid_text);
	TEST(the_reason_of_a_constructor_is_valid_text_too);
	TEST(a_daemon_writes_only_below_its_own_pointer);
	TEST(a_reconfigured_daemon_continues);
	TEST(a_daemon_that_cannot_reconfigure_is_restarted);
	TEST(a_daemon_may_refuse_new_options);
	TEST(a_restart_for_new_options_may_fail);
	TEST(the_begin_of_a_pause_calls_the_module_once);
	TEST(a_pause_is_announced_and_shown);
	TEST(the_health_of_a_paused_daemon_is_ok_and_includes_the_problem);
	TEST(the_health_of_a_failed_daemon_is_critical_with_its_reason);
	TEST(a_module_is_notified_when_a_pause_ends);
	TEST(each_daemon_has_its_own_pointer);
}
