/* check_control_work: how the clients of the socket share the loop thread, by user. */
#include "control/control_work.h"

#include <malloc.h>

#include "control/control_conn.h"
#include "fixture_control.h"
#include "suite.h"

#define SOME 60

static struct control_work *work;
static unsigned alive;

static void on_gone(struct conn *conn, void *arg)
{
	alive--;
}

/* Returns a connection of this user. */
static int dial_as(uid_t uid)
{
	const struct peer peer = {.uid = uid, .reader = true};
	int fds[2];

	ck_assert_int_eq(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
	ck_assert_ptr_nonnull(conn_new(work, fds[0], &peer, on_gone, NULL));
	alive++;
	return fds[1];
}

static void begin(void)
{
	setup();
	alive = 0;
	work = control_work_new(host);
}

static void end(void)
{
	uint64_t until = clock_now() + PATIENCE;

	while (alive > 0 && clock_now() < until)
		turn();
	ck_assert_uint_eq(alive, 0);
	control_work_free(work);
	teardown();
}

/* --- requests --------------------------------------------------------------------------------- */

static unsigned computed;

static json_t *compute(const char *rest, void *arg)
{
	computed++;
	return json_integer(computed);
}

START_TEST(a_notification_of_a_read_verb_is_not_computed)
{
	static const char get[] = "\"method\":\"get\",\"params\":{\"pointer\":\"/counted\"}}";
	int fd = dial_as(4711), watcher = dial_as(4711);
	char line[256];

	ck_assert_int_eq(state_mount(host_state(host), "/counted", compute, NULL), 0);
	computed = 0;
	snprintf(line, sizeof(line), "{\"jsonrpc\":\"2.0\",%s\n", get);
	for (int i = 0; i < 100; i++)
		put(fd, line);
	ck_assert_int_eq(ask(fd, ASK), 0);
	ck_assert_uint_eq(computed, 0);
	snprintf(line, sizeof(line), "{\"jsonrpc\":\"2.0\",\"id\":null,%s", get);
	ck_assert_int_eq(ask(fd, line), 0); /* null is a valid id */
	ck_assert_uint_eq(computed, 1);
	put(watcher, "{\"jsonrpc\":\"2.0\",\"method\":\"watch\"}\n");
	ck_assert_int_eq(ask(watcher, ASK), 0);
	state_set(host_state(host), "/daemons/a", json_true());
	free(get_line(watcher)); /* a watch does not end with its request */
	close(fd);
	close(watcher);
}
END_TEST

static void ask_often(int fd, unsigned times)
{
	for (unsigned i = 0; i < times; i++)
		put(fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"get\",\"params\":{\"pointer\":"
			"\"/daemons/big\"}}\n");
}

/* Discards the received bytes and returns their number. */
static size_t drain(int fd)
{
	static char bytes[1 << 20];
	size_t sum = 0;
	ssize_t n;

	while ((n = recv(fd, bytes, sizeof(bytes), 0)) > 0)
		sum += (size_t)n;
	return sum;
}

static json_t *big_array(int count)
{
	json_t *array = json_array();

	for (int i = 0; i < count; i++)
		json_array_append_new(
			array, json_pack("{s:i,s:[s,b]}", "n", i, "x", "text", i % 2));
	return array;
}

START_TEST(a_user_with_many_connections_gets_no_more_time_than_a_user_with_one)
{
	int fds[SOME], one = dial_as(2);
	size_t many_got = 0, one_got = 0;

	state_set(host_state(host), "/daemons/big", big_array(2000));
	for (int i = 0; i < SOME; i++) {
		fds[i] = dial_as(1);
		ask_often(fds[i], 100);
	}
	ask_often(one, 200);
	while (one_got < 4 * 1000 * 1000) {
		turn();
		one_got += drain(one);
		for (int i = 0; i < SOME; i++)
			many_got += drain(fds[i]);
	}
	printf("one connection: %zu bytes, %d connections of another user: %zu bytes\n", one_got,
		SOME, many_got);
	ck_assert_uint_lt(many_got, 4 * one_got);
	ck_assert_uint_gt(many_got, 0);
	close(one);
	close_all(fds, SOME);
}
END_TEST

static void expect_value(int fd, const char *pointer, json_t *value)
{
	json_t *reply;
	char line[256];

	snprintf(line, sizeof(line),
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"get\",\"params\":{\"pointer\":\"%s\"}}"
		"\n",
		pointer);
	put(fd, line);
	reply = get_object(fd);
	ck_assert_msg(json_equal(json_object_get(reply, "result"), value), "%s", pointer);
	json_decref(reply);
}

START_TEST(a_large_value_is_the_same_when_it_is_sent_in_pieces)
{
	json_t *array = big_array(50000), *object = json_object(), *deep = json_string("end");
	int fd = dial_as(1);
	char key[32];

	for (int i = 0; i < 5000; i++) {
		snprintf(key, sizeof(key), "k\"%d/\xc3\xa4", i);
		json_object_set_new(object, key, json_pack("{s:i,s:n}", "a", i, "b"));
	}
	for (int i = 0; i < 10; i++)
		deep = json_pack("{s:o,s:o}", "in", deep, "fill", big_array(1000));
	state_set(host_state(host), "/daemons/array", json_incref(array));
	state_set(host_state(host), "/daemons/object", json_incref(object));
	state_set(host_state(host), "/daemons/deep", json_incref(deep));
	expect_value(fd, "/daemons/array", array);
	expect_value(fd, "/daemons/object", object);
	expect_value(fd, "/daemons/deep", deep);
	ck_assert_int_eq(ask(fd, ASK), 0);
	json_decref(array);
	json_decref(object);
	json_decref(deep);
	close(fd);
}
END_TEST

START_TEST(a_value_may_change_while_it_is_sent)
{
	char pointer[64];
	int fd = dial_as(1);
	json_t *reply, *result;

	for (int i = 0; i < 20000; i++) {
		snprintf(pointer, sizeof(pointer), "/daemons/big/k%d", i);
		state_set(host_state(host), pointer, json_string("a text that has a length"));
	}
	ask_often(fd, 1);
	for (int i = 0; i < 3; i++)
		turn();
	for (int i = 0; i < 20000; i += 2) {
		snprintf(pointer, sizeof(pointer), "/daemons/big/k%d", i);
		state_unset(host_state(host), pointer);
	}
	state_unset(host_state(host), "/daemons/big/new");
	reply = get_object(fd);
	result = json_object_get(reply, "result");
	ck_assert_uint_ge(json_object_size(result), 10000);
	ck_assert_uint_lt(json_object_size(result), 20000);
	json_decref(reply);
	close(fd);
}
END_TEST

/* --- shared limits ---------------------------------------------------------------------------- */

START_TEST(the_connections_of_a_user_share_their_watches)
{
	int fds[CONN_USER_WATCHES_MAX], other = dial_as(2), made = 0, n = 0;

	for (n = 0; n < 10; n++) {
		fds[n] = dial_as(1);
		while (ask(fds[n], WATCH_ALL) == 0)
			made++;
	}
	ck_assert_int_eq(made, CONN_USER_WATCHES_MAX);
	ck_assert_int_eq(ask(other, WATCH_ALL), 0);
	close(fds[--n]);
	close(fds[0]);
	for (int i = 0; i < 5; i++)
		turn();
	ck_assert_int_eq(ask(fds[n - 1], WATCH_ALL), 0); /* a closed connection frees its watches */
	for (int i = 1; i < n; i++)
		close(fds[i]);
	close(other);
}
END_TEST

#ifdef HAVE_MALLINFO2
static size_t heap_in_use(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

START_TEST(a_change_is_serialized_once_for_all_watchers)
{
	enum { LENGTH = 500 * 1000 };
	json_t *value = big_text(LENGTH);
	int fds[SOME];
	size_t before, after;

	for (int i = 0; i < SOME; i++) {
		fds[i] = dial_as((uid_t)(i / 3));
		ck_assert_int_eq(ask(fds[i], WATCH_ALL), 0);
	}
	before = heap_in_use();
	state_set(host_state(host), "/daemons/a", value);
	after = heap_in_use();
	printf("%d watchers of a change of %d bytes take %zu bytes\n", SOME, LENGTH,
		after - before);
	ck_assert_uint_lt(after - before, 5 * LENGTH);
	for (int i = 0; i < SOME; i++) {
		char *line = get_line(fds[i]);

		ck_assert_ptr_nonnull(line);
		ck_assert_uint_gt(strlen(line), LENGTH);
		free(line);
	}
	close_all(fds, SOME);
}
END_TEST
#endif

START_TEST(the_connections_of_a_user_share_the_limit_of_unsent_bytes)
{
	int fds[SOME], other = dial_as(2), open = 0;

	ck_assert_int_eq(ask(other, WATCH_ALL), 0);
	for (int i = 0; i < SOME; i++) {
		fds[i] = dial_as(1);
		ck_assert_int_eq(ask(fds[i], WATCH_ALL), 0);
	}
	/* No client reads. */
	state_set(host_state(host), "/daemons/a", big_text(400 * 1000));
	state_set(host_state(host), "/daemons/b", big_text(400 * 1000));
	for (int i = 0; i < 5; i++)
		turn();
	for (int i = 0; i < SOME; i++) {
		char *first = get_line(fds[i]), *second = first ? get_line(fds[i]) : NULL;

		open += second != NULL;
		free(first);
		free(second);
	}
	ck_assert_int_ge(open, 5);
	ck_assert_int_le(open, 2 * CONN_USER_WAITING_MAX / (800 * 1000));
	for (int i = 0; i < 2; i++) {
		char *line = get_line(other);

		ck_assert_ptr_nonnull(line);
		free(line);
	}
	ck_assert(is_open(other));
	close(other);
	close_all(fds, SOME);
}
END_TEST

SUITE("control_work", begin, end)
{
	TEST(a_notification_of_a_read_verb_is_not_computed);
	TEST(a_user_with_many_connections_gets_no_more_time_than_a_user_with_one);
	TEST(a_large_value_is_the_same_when_it_is_sent_in_pieces);
	TEST(a_value_may_change_while_it_is_sent);
	TEST(the_connections_of_a_user_share_their_watches);
#ifdef HAVE_MALLINFO2
	TEST(a_change_is_serialized_once_for_all_watchers);
#endif
	TEST(the_connections_of_a_user_share_the_limit_of_unsent_bytes);
}
