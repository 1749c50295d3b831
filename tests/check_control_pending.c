/* check_control_pending: replies over the socket that are completed later. */
#include "control/control_conn.h"

#include "fixture_control.h"
#include "suite.h"

#define STOP(n, name)                                                                           \
	"{\"jsonrpc\":\"2.0\",\"id\":" #n ",\"method\":\"stop\",\"params\":{\"names\":[\"" name \
	"\"]}}\n"
#define ASK_VERSION(n) "{\"jsonrpc\":\"2.0\",\"id\":" #n ",\"method\":\"version\"}\n"

static void up(void)
{
	struct diagnostics diagnostics = {0};

	setup();
	scratch_put("vigil.conf", 0644,
		"[vigil]\nmodules = %s/tests/modules\nsocket = %s\npipe = %s\nstate_dir = %s\n"
		"group = no-such-group\nlog = stderr\n"
		"[daemons]\nslow = ordered\nother = ordered\nnever = ordered\nweb = ordered\n"
		"[daemon:slow]\ntakes = 300ms\n[daemon:web]\nafter = slow\n[daemon:never]\ntakes = "
		"1h\n",
		getenv("top_builddir"), sock, scratch_path("control.pipe"), scratch_path("state"));
	/* The path of the modules takes effect at a start only. */
	control_close(control);
	host_free(host);
	host = host_new(scratch_path("vigil.conf"), &diagnostics);
	ck_assert_msg(host != NULL, "%s", diagnostics.count ? diagnostics.list[0].text : "");
	diagnostics_clear(&diagnostics);
	host_start(host);
	control = control_open(host);
	ck_assert_ptr_nonnull(control);
}

/* Reads the next reply and checks its id. Returns its error code. */
static int answered(int fd, int id)
{
	json_t *reply = get_object(fd);
	int code = code_of(reply);

	ck_assert_int_eq(json_integer_value(json_object_get(reply, "id")), id);
	json_decref(reply);
	return code;
}

static bool has_ended(const char *name)
{
	char pointer[64];
	json_t *value;

	snprintf(pointer, sizeof(pointer), "/daemons/%s/ended", name);
	value = state_get(host_state(host), pointer);
	json_decref(value);
	return value != NULL;
}

START_TEST(requests_wait_for_the_reply_before_them)
{
	int fd = dial(), other = dial();

	put(fd, STOP(1, "slow") ASK_VERSION(2) STOP(3, "other") ASK_VERSION(4));
	ck_assert_msg(ask(other, "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"version\"}") == 0 &&
			      !has_ended("slow"),
		"another connection does not wait");
	for (int id = 1; id <= 4; id++)
		ck_assert_int_eq(answered(fd, id), 0);
	ck_assert(has_ended("slow"));
	ck_assert(has_ended("other"));
	ck_assert(is_open(fd));
	close(fd);
	close(other);
}
END_TEST

START_TEST(a_half_closed_client_gets_the_late_reply)
{
	int fd = dial();
	char *line;

	/* without a newline at the end of the last line */
	put(fd, STOP(1, "slow") "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"stop\","
				"\"params\":{\"names\":[\"other\"]}}");
	shutdown(fd, SHUT_WR);
	ck_assert_int_eq(answered(fd, 1), 0);
	ck_assert_int_eq(answered(fd, 2), 0);
	line = get_line(fd);
	ck_assert_ptr_null(line);
	close(fd);
}
END_TEST

START_TEST(the_action_goes_on_if_the_client_leaves)
{
	uint64_t until = clock_now() + PATIENCE;
	int fd = dial();

	put(fd, STOP(1, "slow") ASK_VERSION(2));
	turn();
	close(fd);
	while (!has_ended("slow")) {
		ck_assert(clock_now() < until);
		turn();
	}
	turn();
	fd = dial();
	ck_assert_int_eq(ask(fd, "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"version\"}"), 0);
	close(fd);
}
END_TEST

/* The connection is closed as soon as a notification cannot be sent. */
START_TEST(the_action_goes_on_if_a_client_with_a_watch_leaves)
{
	uint64_t until = clock_now() + PATIENCE;
	int fd = dial(), other = dial();

	put(fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"watch\",\"params\":{\"pointer\":\"\"}}"
		"\n");
	ck_assert_int_eq(answered(fd, 1), 0);
	put(fd, "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"stop\",\"params\":{\"names\":"
		"[\"web\",\"slow\"]}}\n");
	turn();
	close(fd);
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(ask(other, "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"run\","
					    "\"params\":{\"name\":\"other\"}}") == COMMAND_REFUSED,
			1);
	while (!has_ended("slow")) {
		ck_assert(clock_now() < until);
		turn();
	}
	close(other);
}
END_TEST

START_TEST(a_request_without_an_id_acts_without_a_reply)
{
	uint64_t until = clock_now() + PATIENCE;
	int fd = dial();

	put(fd, "{\"jsonrpc\":\"2.0\",\"method\":\"stop\",\"params\":{\"names\":[\"slow\"]}}\n");
	put(fd, ASK_VERSION(2));
	ck_assert_int_eq(answered(fd, 2), 0);
	while (!has_ended("slow")) {
		ck_assert(clock_now() < until);
		turn();
	}
	close(fd);
}
END_TEST

/* teardown closes the connection first and stops the daemons then. */
START_TEST(vigild_may_stop_while_a_reply_is_pending)
{
	int fd = dial();

	put(fd, STOP(1, "never"));
	for (int i = 0; i < 5; i++)
		turn();
	ck_assert(!has_ended("never"));
	close(fd);
}
END_TEST

SUITE("control_pending", up, teardown)
{
	TEST(requests_wait_for_the_reply_before_them);
	TEST(a_half_closed_client_gets_the_late_reply);
	TEST(the_action_goes_on_if_the_client_leaves);
	TEST(the_action_goes_on_if_a_client_with_a_watch_leaves);
	TEST(a_request_without_an_id_acts_without_a_reply);
	TEST(vigild_may_stop_while_a_reply_is_pending);
}
