/*
 * check_daemon: the life of a daemon, its notifications, and that its stop frees all its resources.
 */
#include "daemon/daemon.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "daemon/daemon_internal.h"
#include "fixture_environment.h"

static struct vigil_daemon *d;
static unsigned started, stopped, reconfigured;
static int (*in_start)(vigil_daemon *d);
static void (*in_stop)(vigil_daemon *d);
static int reconfigure_says;
static char words[8][32]; /* the option "word" as start, stop and reconfigure have read it */
static unsigned words_seen;

static const vigil_option schema[] = {
	VIGIL_OPTION("word", VIGIL_TEXT, "none", "any"), VIGIL_OPTION_END};

static void see_word(vigil_daemon *daemon)
{
	ck_assert_uint_lt(words_seen, 8);
	if (daemon_options(daemon) != NULL)
		snprintf(words[words_seen++], sizeof(words[0]), "%s",
			vigil_option_text(daemon, "word"));
}

static int start(vigil_daemon *daemon)
{
	started++;
	see_word(daemon);
	ck_assert_int_eq(daemon_status(daemon), DAEMON_STARTING);
	return in_start != NULL ? in_start(daemon) : 0;
}

static void stop(vigil_daemon *daemon)
{
	stopped++;
	see_word(daemon);
	if (in_stop != NULL)
		in_stop(daemon);
}

static int reconfigure(vigil_daemon *daemon)
{
	reconfigured++;
	see_word(daemon);
	return reconfigure_says;
}

static vigil_module module = {.abi = VIGIL_ABI,
	.size = sizeof(vigil_module),
	.option_size = sizeof(vigil_option),
	.name = "test",
	.options = schema,
	.start = start};

static void setup(void)
{
	environment_setup();
	started = stopped = reconfigured = words_seen = 0;
	reconfigure_says = 0;
	in_start = NULL;
	in_stop = NULL;
	module.stop = stop;
	module.reconfigure = reconfigure;
	d = daemon_new(&environment, "test", "module", &module, NULL);
}

static void teardown(void)
{
	daemon_free(d);
	environment_teardown();
}

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

static unsigned ticks;

static void on_tick(vigil_daemon *daemon, void *arg)
{
	ck_assert_ptr_eq(daemon, d);
	ticks++;
}

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
	ck_assert_int_eq(daemon_verb(d, "restart"), -ENOSYS);
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

/* --- resources -------------------------------------------------------------------------------- */

/* The daemon creates one resource of each kind. Each has one callback that may stop the daemon. */
static unsigned calls;
static const char *stop_in; /* the callback that stops the daemon */
static int fds[2];
static vigil_service *service;

static void called(const char *where)
{
	calls++;
	if (stop_in != NULL && strcmp(stop_in, where) == 0) {
		daemon_stop(d);
		calls = 0;
	}
}

static void on_every(vigil_daemon *daemon, void *arg)
{
	called("every");
}

static void on_after(vigil_daemon *daemon, void *arg)
{
	called("after");
}

static void on_fd(vigil_daemon *daemon, int fd, unsigned what, void *arg)
{
	called("fd");
}

static void on_change(vigil_daemon *daemon, const char *pointer, const json_t *value, void *arg)
{
	called("change");
}

static void on_exited(
	vigil_daemon *daemon, vigil_child *child, const vigil_child_exit *e, void *arg)
{
	called("exit");
}

static void on_line(
	vigil_daemon *daemon, vigil_child *child, const char *line, size_t length, void *arg)
{
	called("line");
}

static void on_reply(vigil_service *svc, const vigil_service_reply *r, void *arg)
{
	called("reply");
}

static void on_status(vigil_service *svc, const vigil_service_reply *r, void *arg)
{
	called("status");
}

static int on_verb(vigil_daemon *daemon, void *arg)
{
	called("verb");
	return 0;
}

static void start_child(vigil_daemon *daemon, const char *script, vigil_child_line_fn *line)
{
	const char *argv[] = {"/bin/sh", "-c", script, NULL};

	ck_assert_ptr_nonnull(vigil_spawn(daemon, &(vigil_child_spec){
							  .size = sizeof(vigil_child_spec),
							  .argv = argv,
							  .on_line = line,
							  .on_exit = on_exited,
						  }));
}

static int start_everything(vigil_daemon *daemon)
{
	static const char *const status[] = {"/bin/true", NULL};

	for (int twice = 0; twice < 2; twice++) {
		ck_assert_int_eq(vigil_every(daemon, 0.01, on_every, NULL), 0);
		ck_assert_int_eq(vigil_after(daemon, 0.01, on_after, NULL), 0);
		ck_assert_int_eq(vigil_on_change(daemon, "", on_change, NULL), 0);
		start_child(daemon, "echo a; echo b; exec sleep 1000", on_line);
		start_child(daemon, "exit 1", NULL);
	}
	ck_assert_int_eq(vigil_watch_fd(daemon, fds[0], VIGIL_READ, on_fd, NULL), 0);
	ck_assert_int_eq(vigil_on_verb(daemon, "verb", on_verb, NULL), 0);
	ck_assert_int_eq(vigil_persist(daemon, "kept"), 0);
	ck_assert_int_eq(vigil_state_set(daemon, "kept", json_true()), 0);
	service = vigil_service_open(daemon, &(vigil_service_spec){
						     .size = sizeof(vigil_service_spec),
						     .name = "svc",
						     .manager = "command",
						     .status_command = status,
					     });
	ck_assert_ptr_nonnull(service);
	for (int twice = 0; twice < 2; twice++)
		ck_assert_int_eq(vigil_service_on_change(service, on_status, NULL), 0);
	ck_assert_int_eq(vigil_service_on_stale(service, on_status, NULL), 0);
	ck_assert_int_eq(vigil_service_query(service, on_reply, NULL), 0);
	ck_assert_int_eq(vigil_service_restart(service, on_reply, NULL), 0);
	return 0;
}

static void prepare_everything(void)
{
	ck_assert_int_eq(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
	ck_assert_int_eq(write(fds[1], "x", 1), 1);
	in_start = start_everything;
	calls = 0;
	stop_in = NULL;
}

static void nothing_is_left(void)
{
	ck_assert_int_eq(daemon_status(d), DAEMON_STOPPING);
	ck_assert(TAILQ_EMPTY(&d->resources));
	ck_assert_str_eq(state_at("/daemons"), "{}");
	ck_assert_uint_eq(stopped, 1);
	turn_for(200 * CLOCK_MS);
	ck_assert_uint_eq(calls, 0);
	/* sh and sleep got SIGTERM. The test has no children when the loop has reaped them. */
	TURN_UNTIL(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
	close(fds[0]);
	close(fds[1]);
}

START_TEST(a_stop_frees_all_resources)
{
	prepare_everything();
	ck_assert_int_eq(daemon_start(d), 0);
	daemon_stop(d); /* before any callback */
	nothing_is_left();

	stopped = 0;
	prepare_everything();
	ck_assert_int_eq(daemon_start(d), 0);
	TURN_UNTIL(calls > 50);
	daemon_stop(d);
	calls = 0;
	nothing_is_left();
	ck_assert(json_is_true(store_get(environment.store, "kept", "test", "kept")));
}
END_TEST

static const char *const callbacks[] = {
	"every", "after", "fd", "change", "exit", "line", "reply", "status"};

START_TEST(a_stop_in_any_callback_frees_all_resources)
{
	prepare_everything();
	stop_in = callbacks[_i];
	ck_assert_int_eq(daemon_start(d), 0);
	TURN_UNTIL(stopped == 1);
	nothing_is_left();
}
END_TEST

START_TEST(a_stop_in_a_verb_or_a_requested_tick_frees_all_resources)
{
	prepare_everything();
	ck_assert_int_eq(daemon_start(d), 0);
	ck_assert_int_eq(daemon_verb(d, "none"), -ENOSYS);
	ck_assert_int_eq(daemon_verb(d, "verb"), 0);
	ck_assert_uint_eq(calls, 1);
	stop_in = "verb";
	ck_assert_int_eq(daemon_verb(d, "verb"), 0);
	nothing_is_left();
	stopped = 0;
	prepare_everything();
	ck_assert_int_eq(daemon_start(d), 0);
	stop_in = "every";
	ck_assert_int_eq(daemon_tick_now(d), 0);
	nothing_is_left();
}
END_TEST

static void make_everything(vigil_daemon *daemon)
{
	start_everything(daemon);
}

/* Resources that the stop function creates are freed with the others. */
START_TEST(resources_that_stop_creates_are_freed)
{
	in_stop = make_everything;
	prepare_everything();
	in_start = NULL;
	ck_assert_int_eq(daemon_start(d), 0);
	daemon_stop(d);
	nothing_is_left();
}
END_TEST

static char order[8];

static void note_free(struct resource *resource)
{
	order[strlen(order)] = (char)('0' + strlen(order));
	free(resource);
}

static void note_free_first(struct resource *resource)
{
	order[strlen(order)] = 'f';
	free(resource);
}

static const struct resource_kind noted = {.free = note_free},
				  noted_first = {.free = note_free_first};

START_TEST(resources_are_freed_in_reverse_order)
{
	struct resource *first = calloc(1, sizeof(*first)), *middle = calloc(1, sizeof(*middle)),
			*last = calloc(1, sizeof(*last));

	memset(order, 0, sizeof(order));
	ck_assert_int_eq(daemon_start(d), 0);
	daemon_attach(d, first, &noted_first);
	daemon_attach(d, middle, &noted);
	daemon_attach(d, last, &noted);
	daemon_free_resource(middle);
	ck_assert_str_eq(order, "0");
	daemon_stop(d);
	ck_assert_str_eq(order, "01f");
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

START_TEST(a_restart_for_new_options_may_fail)
{
	with_word("word=old");
	ck_assert_int_eq(daemon_start(d), 0);
	daemon_pause(d, "", "", "");
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

/* --- ticks ------------------------------------------------------------------------------------ */

static void on_breeding_tick(vigil_daemon *daemon, void *arg)
{
	ticks++;
	vigil_every(daemon, 1000, on_breeding_tick, NULL);
}

static void on_ending_tick(vigil_daemon *daemon, void *arg)
{
	ticks++;
	ck_assert_int_eq(vigil_cancel(daemon, on_ending_tick, NULL), 2);
}

START_TEST(a_requested_tick_calls_each_repeated_timer_once)
{
	ticks = 0;
	ck_assert_int_eq(daemon_tick_now(d), -ESRCH);
	ck_assert_int_eq(daemon_start(d), 0);
	ck_assert_int_eq(daemon_tick_now(d), -ENOENT);
	vigil_after(d, 1000, on_tick, NULL);
	ck_assert_int_eq(daemon_tick_now(d), -ENOENT);
	vigil_every(d, 1000, on_tick, NULL);
	vigil_every(d, 2000, on_tick, NULL);
	ck_assert_int_eq(daemon_tick_now(d), 0);
	ck_assert_uint_eq(ticks, 2);
	ck_assert_int_eq(vigil_cancel(d, on_tick, NULL), 3);
	/* a timer that the tick creates is not called, because the tick might never end */
	ticks = 0;
	vigil_every(d, 1000, on_breeding_tick, NULL);
	ck_assert_int_eq(daemon_tick_now(d), 0);
	ck_assert_uint_eq(ticks, 1);
	ck_assert_int_eq(daemon_tick_now(d), 0);
	ck_assert_uint_eq(ticks, 3);
	ck_assert_int_eq(vigil_cancel(d, on_breeding_tick, NULL), 4);
	/* nor is a timer that the tick has cancelled */
	ticks = 0;
	vigil_every(d, 1000, on_ending_tick, NULL);
	vigil_every(d, 1000, on_ending_tick, NULL);
	ck_assert_int_eq(daemon_tick_now(d), 0);
	ck_assert_uint_eq(ticks, 1);
	ck_assert_int_eq(account_number(d, "ticks"), 6);
	ck_assert_int_eq(account_number(d, "missed"), 0);
	ck_assert_str_ne(account_text(d, "last_tick"), "");
	daemon_pause(d, "", "", "");
	vigil_every(d, 1000, on_tick, NULL);
	ck_assert_int_eq(daemon_tick_now(d), 0); /* a paused daemon still ticks */
}
END_TEST

static void on_slow_tick(vigil_daemon *daemon, void *arg)
{
	if (ticks++ == 0)
		usleep(310000);
}

START_TEST(ticks_that_a_long_callback_delayed_are_counted_as_missed)
{
	uint64_t begun = clock_now();
	json_int_t due;

	ticks = 0;
	ck_assert_int_eq(daemon_start(d), 0);
	vigil_every(d, 0.05, on_slow_tick, NULL);
	TURN_UNTIL(ticks >= 4);
	/* the ticks that fired or were missed are all that were due */
	due = account_number(d, "ticks") + account_number(d, "missed");
	ck_assert_int_eq(account_number(d, "ticks"), ticks);
	ck_assert_int_ge(account_number(d, "missed"), 5);
	ck_assert_int_le(due, (json_int_t)((clock_now() - begun) / (50 * CLOCK_MS)) + 1);
	ck_assert_uint_eq(log_holds("a callback took 0.3"), 1);
}
END_TEST

/* --- pauses ----------------------------------------------------------------------------------- */

START_TEST(a_pause_is_announced_and_shown)
{
	ck_assert_int_eq(daemon_start(d), 0);
	listen();
	ck_assert(!vigil_paused(d));
	daemon_resume(d); /* it was not paused */
	ck_assert_uint_eq(heard_count, 0);
	daemon_pause(d, "2031-01-02T03:04:05.000Z", "new\ndisk", "root");
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
	daemon_pause(d, "", "", "");
	ck_assert_int_eq(daemon_status(d), DAEMON_FAILED);
	ck_assert(vigil_paused(d));
}
END_TEST

START_TEST(the_health_of_a_paused_daemon_is_ok_and_includes_the_problem)
{
	ck_assert_int_eq(daemon_start(d), 0);
	daemon_pause(d, "", "", "");
	ck_assert_str_eq(health_text(d, "level"), "OK");
	ck_assert_str_eq(health_text(d, "text"), "test is paused");
	vigil_health(d, VIGIL_CRITICAL, "db is failed");
	ck_assert_str_eq(
		health_text(d, "text"), "test is paused; at present CRITICAL: db is failed");
	daemon_pause(d, "2031-01-02T03:04:05.000Z", "new disk", "uid 1000");
	ck_assert_str_eq(health_text(d, "level"), "OK");
	ck_assert_str_eq(health_text(d, "text"),
		"test is paused until 2031-01-02T03:04:05.000Z by uid 1000: new disk; at present "
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
	daemon_pause(d, "", "", "");
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
	daemon_pause(d, "", "", "");
	ck_assert_uint_eq(resumes, 0);
	daemon_resume(d);
	ck_assert_uint_eq(resumes, 1);
	daemon_pause(d, "", "", "");
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

/* --- more changes than a daemon keeps up with ------------------------------------------------- */

#define FLOOD 3000

static json_int_t newest[FLOOD];
static unsigned flood_calls;

static void on_flood(vigil_daemon *daemon, const char *pointer, const json_t *value, void *arg)
{
	unsigned which;

	if (sscanf(pointer, "/daemons/other/v%u", &which) != 1)
		return;
	ck_assert_uint_lt(which, FLOOD);
	newest[which] = json_integer_value(value);
	flood_calls++;
}

static int start_flood(vigil_daemon *daemon)
{
	return vigil_on_change(daemon, "", on_flood, NULL);
}

static bool flood_is_over(void)
{
	for (unsigned i = 0; i < FLOOD; i++)
		if (newest[i] != 4)
			return false;
	return true;
}

START_TEST(in_a_flood_of_changes_the_newest_of_each_address_arrives)
{
	char path[32];

	in_start = start_flood;
	ck_assert_int_eq(daemon_start(d), 0);
	for (json_int_t round = 1; round <= 4; round++)
		for (unsigned i = 0; i < FLOOD; i++) {
			snprintf(path, sizeof(path), "/daemons/other/v%u", i);
			state_set(environment.state, path, json_integer(round));
		}
	TURN_UNTIL(flood_is_over());
	ck_assert_uint_lt(flood_calls, 2 * FLOOD);
}
END_TEST

static unsigned heard_of_all, heard_of_own;
static size_t heard_length;

static void on_all(vigil_daemon *daemon, const char *pointer, const json_t *value, void *arg)
{
	if (strncmp(pointer, "/daemons/", 9) != 0)
		return;
	ck_assert_ptr_null(strstr(pointer, "/test"));
	heard_length = json_string_length(value);
	heard_of_all++;
	vigil_state_set(daemon, "heard", json_integer(heard_of_all));
}

static void on_own(vigil_daemon *daemon, const char *pointer, const json_t *value, void *arg)
{
	heard_of_own++;
}

static int start_hearing(vigil_daemon *daemon)
{
	int err = vigil_on_change(daemon, "", on_all, NULL);

	return err != 0 ? err : vigil_on_change(daemon, "heard", on_own, NULL);
}

START_TEST(a_daemon_is_not_notified_of_its_own_writes)
{
	char *large = calloc(1, 5001);

	heard_of_all = heard_of_own = 0;
	memset(large, 'x', 5000);
	in_start = start_hearing;
	ck_assert_int_eq(daemon_start(d), 0);
	state_set(environment.state, "/daemons/other/v", json_integer(1));
	TURN_UNTIL(heard_of_all == 1);
	/* a large value is the present value when the notification comes */
	state_set(environment.state, "/daemons/other/v", json_string(large));
	state_set(environment.state, "/daemons/other/v", json_string(large + 1));
	TURN_UNTIL(heard_of_all == 3);
	ck_assert_uint_eq(heard_length, 4999);
	turn_for(50 * CLOCK_MS);
	ck_assert_uint_eq(heard_of_all, 3);
	ck_assert_uint_eq(heard_of_own, 3);
	free(large);
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
	TEST(a_stop_frees_all_resources);
	LOOP_TEST(a_stop_in_any_callback_frees_all_resources, COUNT(callbacks));
	TEST(a_stop_in_a_verb_or_a_requested_tick_frees_all_resources);
	TEST(resources_that_stop_creates_are_freed);
	TEST(resources_are_freed_in_reverse_order);
	TEST(a_reconfigured_daemon_continues);
	TEST(a_daemon_that_cannot_reconfigure_is_restarted);
	TEST(a_restart_for_new_options_may_fail);
	TEST(a_requested_tick_calls_each_repeated_timer_once);
	TEST(ticks_that_a_long_callback_delayed_are_counted_as_missed);
	TEST(a_pause_is_announced_and_shown);
	TEST(the_health_of_a_paused_daemon_is_ok_and_includes_the_problem);
	TEST(the_health_of_a_failed_daemon_is_critical_with_its_reason);
	TEST(a_module_is_notified_when_a_pause_ends);
	TEST(each_daemon_has_its_own_pointer);
	TEST(in_a_flood_of_changes_the_newest_of_each_address_arrives);
	TEST(a_daemon_is_not_notified_of_its_own_writes);
}
