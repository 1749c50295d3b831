/*
 * check_abuse: what a module does wrong stays its own damage: values that are not JSON, the locale,
 * closed descriptors, signals, a fork, busy loops, endless log lines, and callbacks of libraries.
 */
#include "fixture_abuse.h"

/* --- values ----------------------------------------------------------------------------------- */

START_TEST(a_value_that_is_not_json_names_its_daemon)
{
	ck_assert_int_eq(vigil_state_set(d, "v", json_string_nocheck("\xff")), -EILSEQ);
	ck_assert_uint_eq(
		log_holds("test: the value at /daemons/test/v is not written: a string"), 1);
	ck_assert_int_eq(vigil_state_set(d, "w", json_stringn("a\0b", 3)), 0);
	ck_assert_str_eq(state_at("/daemons/test"), "{\"w\":\"a\\u0000b\"}");
}
END_TEST

START_TEST(a_detail_that_is_not_json_is_left_out_of_the_history)
{
	json_t *deep = json_null(), *history;

	for (int i = 0; i < 5000; i++)
		deep = json_pack("[o]", deep);
	ck_assert_int_eq(vigil_event_detail(d, deep, "first"), -E2BIG);
	ck_assert_int_eq(
		vigil_event_detail(d, json_string_nocheck("\xc3\x28"), "second \xff"), -EILSEQ);
	history = daemon_account(d);
	ck_assert_ptr_null(
		json_object_get(json_array_get(json_object_get(history, "history"), 1), "detail"));
	ck_assert_str_eq(json_string_value(json_object_get(
				 json_array_get(json_object_get(history, "history"), 1), "text")),
		"second \\xFF");
	json_decref(history);
}
END_TEST

/* --- the locale ------------------------------------------------------------------------------- */

/* The C library keeps memory for the locales of LOCPATH that nothing frees. */
#if defined(__SANITIZE_ADDRESS__)
#define LEAKS_ARE_FOUND 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LEAKS_ARE_FOUND 1
#endif
#endif
#ifdef LEAKS_ARE_FOUND
#include <sanitizer/lsan_interface.h>
#else
#define __lsan_disable()
#define __lsan_enable()
#endif

/* Returns false if this machine cannot make a locale with a decimal comma. */
static bool set_german(void)
{
	char command[512];
	bool set;

	snprintf(command, sizeof(command),
		"localedef -i de_DE -f UTF-8 %s/de_DE.UTF-8 >/dev/null 2>&1", scratch_path("."));
	if (system(command) != 0)
		puts("(localedef reports an error)");
	setenv("LOCPATH", scratch_path("."), 1);
	__lsan_disable();
	set = setlocale(LC_ALL, "de_DE.UTF-8") != NULL;
	__lsan_enable();
	return set;
}

static void use_german(vigil_daemon *daemon)
{
	static locale_t german;

	__lsan_disable();
	german = newlocale(LC_ALL_MASK, "de_DE.UTF-8", (locale_t)0);
	__lsan_enable();
	ck_assert(german != (locale_t)0);
	uselocale(german);
	vigil_state_set(daemon, "inside", json_real(1.5));
}

START_TEST(setlocale_does_not_change_the_numbers_of_vigild)
{
	vigil_range range;
	char text[NUMBER_TEXT];

	if (!set_german()) {
		puts("SKIP: there is no locale with a decimal comma");
		return;
	}
	ck_assert_str_eq(number_format(text, 1.5), "1.5");
	ck_assert_int_eq(vigil_range_read("0.5:1.5", &range), 0);
	ck_assert(range.end == 1.5);
	vigil_state_set(d, "v", json_real(1.5));
	ck_assert_str_eq(state_at("/daemons/test/v"), "1.5");
	process_guard_start(false, false);
	/* The locale of the thread itself is restored after the callback. */
	call(use_german);
	ck_assert_uint_eq(log_holds("a callback changed the locale"), 1);
	ck_assert_str_eq(number_format(text, 1.5), "1.5");
	process_guard_stop();
	setlocale(LC_ALL, "C");
}
END_TEST

/* --- descriptors ------------------------------------------------------------------------------ */

static int pair[2];
static unsigned read_calls;

static void on_readable(vigil_daemon *daemon, int fd, unsigned what, void *arg)
{
	read_calls++;
}

static void watch_and_close(vigil_daemon *daemon)
{
	ck_assert_int_eq(pipe(pair), 0);
	ck_assert_int_eq(vigil_watch_fd(daemon, pair[0], VIGIL_READ, on_readable, NULL), 0);
	close(pair[0]);
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
	*(bool *)arg = true;
}

/* The number of the closed descriptor is free for another file, which must be reported. */
START_TEST(a_closed_descriptor_does_not_hide_the_next_file)
{
	int next[2];
	bool seen = false;
	struct event *event;

	call(watch_and_close);
	ck_assert_uint_eq(log_holds("was closed although it is watched"), 1);
	ck_assert_int_eq(account_number(d, "errors"), 1);
	ck_assert_int_eq(pipe(next), 0);
	ck_assert_int_eq(next[0], pair[0]);
	event = event_new(vigil_base(d), next[0], EV_READ, on_event, &seen);
	event_add(event, NULL);
	ck_assert_int_eq(write(next[1], "x", 1), 1);
	TURN_UNTIL(seen);
	ck_assert_uint_eq(read_calls, 0);
	event_free(event);
	close(next[0]);
	close(next[1]);
	close(pair[1]);
}
END_TEST

static int many[20][2];

static void watch_many(vigil_daemon *daemon)
{
	for (int i = 0; i < 20; i++) {
		ck_assert_int_eq(pipe(many[i]), 0);
		ck_assert_int_eq(
			vigil_watch_fd(daemon, many[i][0], VIGIL_READ, on_readable, NULL), 0);
	}
}

static void close_one(vigil_daemon *daemon)
{
	close(many[7][0]);
}

static void do_nothing(vigil_daemon *daemon)
{
}

START_TEST(a_closed_descriptor_is_found_among_many)
{
	call(watch_many);
	call(close_one);
	for (int i = 0; i < 3; i++)
		call(do_nothing);
	ck_assert_uint_eq(log_holds("was closed although it is watched"), 1);
	for (int i = 0; i < 20; i++) {
		if (i != 7)
			ck_assert_int_eq(vigil_unwatch_fd(d, many[i][0]), 0);
		close(many[i][1]);
		if (i != 7)
			close(many[i][0]);
	}
	ck_assert_int_eq(vigil_unwatch_fd(d, many[7][0]), -ENOENT);
}
END_TEST

START_TEST(a_descriptor_that_vigild_opens_ends_a_stale_watch)
{
	int fd = dup(0);

	ck_assert_int_eq(pipe(pair), 0);
	ck_assert_int_eq(vigil_watch_fd(d, pair[0], VIGIL_READ, on_readable, NULL), 0);
	ck_assert_int_eq(dup2(fd, pair[0]), pair[0]); /* another file under that number */
	api_fd_opened(pair[0]);
	ck_assert_uint_eq(log_holds("was closed although it is watched"), 1);
	api_fd_opened(pair[0]);
	ck_assert_int_eq(account_number(d, "errors"), 1);
	close(fd);
	close(pair[0]);
	close(pair[1]);
}
END_TEST

/* --- busy loops ------------------------------------------------------------------------------- */

START_TEST(a_daemon_that_keeps_the_loop_busy_has_a_warning)
{
	vigil_health(d, VIGIL_OK, "all is well");
	call(do_nothing);
	ck_assert_str_eq(health_text(d, "level"), "OK");
	/* as if the callbacks of the last ten seconds had been so many */
	d->load.began = clock_now() - LOAD_PERIOD;
	d->load.calls = 200000;
	call(do_nothing);
	ck_assert_str_eq(health_text(d, "level"), "WARNING");
	ck_assert_str_eq(daemon_level(d), "WARNING");
	ck_assert_ptr_nonnull(strstr(health_text(d, "text"), "test keeps vigild busy: "));
	ck_assert_ptr_nonnull(strstr(health_text(d, "text"), "; all is well"));
	ck_assert_uint_eq(log_holds("this daemon keeps vigild busy"), 1);
	/* a worse health stays */
	vigil_health(d, VIGIL_CRITICAL, "it is down");
	ck_assert_str_eq(daemon_level(d), "CRITICAL");
	d->load.began = clock_now() - LOAD_PERIOD;
	call(do_nothing);
	ck_assert_str_eq(health_text(d, "text"), "it is down");
}
END_TEST

START_TEST(a_busy_daemon_that_is_not_called_any_more_is_not_busy)
{
	d->load.began = clock_now() - LOAD_PERIOD;
	d->load.calls = 100;
	d->load.time = LOAD_PERIOD;
	call(do_nothing);
	ck_assert(daemon_is_busy(d));
	d->load.began = clock_now() - LOAD_PERIOD;
	loop_timer_rearm(d->load.end, 0);
	TURN_UNTIL(!daemon_is_busy(d));
	ck_assert_ptr_null(d->load.end);
	ck_assert_ptr_null(daemon_level(d));
}
END_TEST

static unsigned lines;

static void count_line(enum log_level level, const char *line, void *arg)
{
	lines++;
	snprintf(logged[0], sizeof(logged[0]), "%s", line);
}

START_TEST(the_log_lines_of_a_daemon_are_limited)
{
	log_set_sink(count_line, NULL);
	lines = 0;
	for (int i = 0; i < 5000; i++)
		vigil_log(d, VIGIL_WARN, "line %d", i);
	ck_assert_uint_eq(lines, 1001);
	ck_assert_ptr_nonnull(strstr(logged[0], "test: this daemon logged more than 1000 lines"));
	d->log.began = 0;
	vigil_log(d, VIGIL_WARN, "again");
	ck_assert_uint_eq(lines, 1003); /* the number of lost lines, and the line */
	ck_assert_str_eq(logged[0], "test: again");
	/* Lines below the log level count for nothing. */
	for (int i = 0; i < 5000; i++)
		vigil_log(d, VIGIL_DEBUG, "line %d", i);
	vigil_log(d, VIGIL_WARN, "and again");
	ck_assert_uint_eq(lines, 1004);
	log_set_sink(on_log, NULL);
}
END_TEST

/* --- callbacks of libraries ------------------------------------------------------------------- */

static vigil_gate *gate;
static unsigned entered, missed;
static struct vigil_daemon *seen;

/* As an event of a library on the base of vigil_base. */
static void on_library(evutil_socket_t fd, short what, void *arg)
{
	vigil_daemon *daemon = vigil_enter(gate);

	seen = daemon_current();
	if (daemon == NULL) {
		missed++;
		return;
	}
	entered++;
	vigil_state_set(daemon, "entered", json_integer(entered));
	if (arg != NULL)
		vigil_gate_close(gate);
	vigil_leave(gate);
}

static void call_library(void *arg)
{
	event_base_once(vigil_base(d), -1, EV_TIMEOUT, on_library, arg, NULL);
}

START_TEST(a_callback_of_a_library_is_one_of_the_daemon)
{
	uint64_t calls;

	gate = vigil_gate_open(d);
	calls = d->load.calls;
	call_library(NULL);
	TURN_UNTIL(entered == 1);
	ck_assert_ptr_eq(seen, d);
	ck_assert_ptr_null(daemon_current());
	ck_assert_uint_eq(d->load.calls, calls + 1);
	daemon_stop(d);
	call_library(NULL);
	TURN_UNTIL(missed == 1);
	ck_assert_uint_eq(entered, 1);
	vigil_gate_close(gate);
}
END_TEST

static void call_inside(vigil_daemon *daemon)
{
	on_library(-1, 0, NULL);
	ck_assert_ptr_eq(daemon_current(), d);
	ck_assert_uint_eq(d->inside, 1);
}

START_TEST(a_library_may_call_inside_a_callback)
{
	gate = vigil_gate_open(d);
	call(call_inside);
	ck_assert_uint_eq(entered, 1);
	ck_assert_uint_eq(d->inside, 0);
	call_library(gate); /* closes the gate inside the callback */
	TURN_UNTIL(entered == 2);
	ck_assert_uint_eq(d->inside, 0);
	ck_assert_ptr_null(daemon_current());
}
END_TEST

SUITE("abuse", up, down)
{
	TEST(a_value_that_is_not_json_names_its_daemon);
	TEST(a_detail_that_is_not_json_is_left_out_of_the_history);
	TEST(setlocale_does_not_change_the_numbers_of_vigild);
	TEST(a_closed_descriptor_does_not_hide_the_next_file);
	TEST(a_closed_descriptor_is_found_among_many);
	TEST(a_descriptor_that_vigild_opens_ends_a_stale_watch);
	TEST(a_daemon_that_keeps_the_loop_busy_has_a_warning);
	TEST(a_busy_daemon_that_is_not_called_any_more_is_not_busy);
	TEST(the_log_lines_of_a_daemon_are_limited);
	TEST(a_callback_of_a_library_is_one_of_the_daemon);
	TEST(a_library_may_call_inside_a_callback);
}
