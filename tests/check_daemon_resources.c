/* check_daemon_resources: the timers of a daemon, and that its stop frees all its resources. */
#include "daemon/daemon.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "daemon/api_service.h"
#include "daemon/daemon_internal.h"
#include "fixture_daemon_module.h"

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
	ck_assert_int_eq(vigil_service_start(service, on_reply, NULL), 0);
	ck_assert_int_eq(vigil_service_stop(service, on_reply, NULL), 0);
	/* each kind of call may be in progress once */
	ck_assert_int_eq(vigil_service_start(service, on_reply, NULL), -EBUSY);
	ck_assert_int_eq(vigil_service_stop(service, on_reply, NULL), -EBUSY);
	ck_assert_int_eq(vigil_service_start(NULL, on_reply, NULL), -EINVAL);
	ck_assert_int_eq(vigil_service_stop(service, NULL, NULL), -EINVAL);
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
	ck_assert_int_eq(daemon_verb(d, "none", NULL, NULL), -ENOSYS);
	ck_assert_int_eq(daemon_verb(d, "verb", NULL, NULL), 0);
	ck_assert_uint_eq(calls, 1);
	stop_in = "verb";
	ck_assert_int_eq(daemon_verb(d, "verb", NULL, NULL), 0);
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

static void on_closing_reply(vigil_service *svc, const vigil_service_reply *r, void *arg)
{
	calls++;
	vigil_service_close(svc);
}

static vigil_service *open_true(vigil_daemon *daemon, const char *name, bool observe)
{
	static const char *const status[] = {"/bin/true", NULL};

	return vigil_service_open(daemon, &(vigil_service_spec){.size = sizeof(vigil_service_spec),
						  .name = name,
						  .manager = "command",
						  .status_command = status,
						  .observe = observe});
}

START_TEST(a_service_may_be_closed_at_any_time)
{
	ck_assert_int_eq(daemon_start(d), 0);
	calls = 0;
	/* in its own callbacks */
	service = open_true(d, "one", false);
	ck_assert_str_eq(daemon_service(d), "one");
	ck_assert_int_eq(vigil_service_query(service, on_closing_reply, NULL), 0);
	TURN_UNTIL(calls == 1);
	ck_assert(daemon_service(d) == NULL);
	service = open_true(d, "two", false);
	ck_assert_int_eq(vigil_service_on_change(service, on_closing_reply, NULL), 0);
	ck_assert_int_eq(vigil_service_query(service, on_reply, NULL), 0);
	TURN_UNTIL(calls == 2);
	/* while a query is in flight */
	service = open_true(d, "three", false);
	ck_assert_int_eq(vigil_service_query(service, on_reply, NULL), 0);
	vigil_service_close(service);
	ck_assert(TAILQ_EMPTY(&d->resources));
	turn_for(200 * CLOCK_MS);
	ck_assert_uint_eq(calls, 2);
}
END_TEST

static void count_service(const struct service *svc, void *arg)
{
	++*(unsigned *)arg;
}

START_TEST(an_observed_service_is_not_that_of_the_daemon)
{
	unsigned count = 0;

	ck_assert_int_eq(daemon_start(d), 0);
	ck_assert_ptr_nonnull(open_true(d, "seen", true));
	ck_assert(daemon_service(d) == NULL);
	api_service_each(d, count_service, &count);
	ck_assert_uint_eq(count, 0);
	ck_assert_ptr_nonnull(open_true(d, "own", false));
	ck_assert_str_eq(daemon_service(d), "own");
	api_service_each(d, count_service, &count);
	ck_assert_uint_eq(count, 1);
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
	daemon_pause(d, 0, "", "");
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

SUITE("daemon_resources", setup, teardown)
{
	TEST(a_stop_frees_all_resources);
	LOOP_TEST(a_stop_in_any_callback_frees_all_resources, COUNT(callbacks));
	TEST(a_stop_in_a_verb_or_a_requested_tick_frees_all_resources);
	TEST(resources_that_stop_creates_are_freed);
	TEST(a_service_may_be_closed_at_any_time);
	TEST(an_observed_service_is_not_that_of_the_daemon);
	TEST(resources_are_freed_in_reverse_order);
	TEST(a_requested_tick_calls_each_repeated_timer_once);
	TEST(ticks_that_a_long_callback_delayed_are_counted_as_missed);
}
