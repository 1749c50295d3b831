/*
 * check_reply_stream: a reply that is sent in parts has the same contents as one that is sent at
 * once, also if daemons are added and removed in between.
 */
#include "command/reply_stream.h"

#include "command/command.h"
#include "base/degraded.h"
#include "suite.h"
#include "fixture_control.h"

#define DAEMONS 1000

static const struct peer root = {.uid = 0};

/* Configures these daemons with a module that does not exist. Each has an account, and the state
 * that the test writes. */
static void reload(int from, int to)
{
	struct diagnostics diagnostics = {0};
	char *text = NULL;
	json_t *result;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	fprintf(f, "[daemons]\n");
	for (int i = from; i < to; i++)
		fprintf(f, "d%04d = yes\n", i);
	for (int i = from; i < to; i++)
		fprintf(f, "[daemon:d%04d]\nmodule = none\n", i);
	fclose(f);
	mkdir(scratch_path("conf.d"), 0755);
	scratch_put("conf.d/many.conf", 0644, "%s", text);
	free(text);
	ck_assert_int_eq(host_reload(host, &result, &diagnostics), 0);
	json_decref(result);
}

static void on_nothing(enum log_level level, const char *line, void *arg)
{
}

static void begin(void)
{
	char pointer[64];

	setup();
	log_set_sink(on_nothing, NULL);
	reload(0, DAEMONS);
	for (int i = 0; i < DAEMONS; i += 2) {
		snprintf(pointer, sizeof(pointer), "/daemons/d%04d/value", i);
		ck_assert_int_eq(state_set(host_state(host), pointer, json_integer(i)), 0);
	}
}

static void request(int fd, int id, const char *verb, const char *pointer)
{
	char line[256];

	snprintf(line, sizeof(line),
		"{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"%s\",\"params\":{%s%s%s}}\n", id, verb,
		pointer != NULL ? "\"pointer\":\"" : "", pointer != NULL ? pointer : "",
		pointer != NULL ? "\"" : "");
	put(fd, line);
}

static json_t *answer(int fd, int id)
{
	json_t *object = get_object(fd), *result;

	ck_assert_int_eq(code_of(object), 0);
	ck_assert_int_eq(json_integer_value(json_object_get(object, "id")), id);
	result = json_incref(json_object_get(object, "result"));
	json_decref(object);
	return result;
}

static json_t *at_once(const char *verb, const char *pointer)
{
	struct command_reply reply = {0};
	json_t *params = pointer != NULL ? json_pack("{s:s}", "pointer", pointer) : json_object();

	command_run(host, &root, verb, params, &reply);
	json_decref(params);
	ck_assert_ptr_null(reply.stream);
	ck_assert_ptr_nonnull(reply.result);
	return reply.result;
}

START_TEST(a_reply_in_parts_equals_a_reply_at_once)
{
	static const struct {
		const char *verb, *pointer;
		size_t size;
	} asked[] = {{"get", "/daemons", DAEMONS / 2}, {"get", "/runs", DAEMONS},
		{"status", NULL, DAEMONS}, {"list", NULL, DAEMONS}, {"get", "", 3}};
	json_t *parts, *whole;
	int fd = dial();

	degraded_set(DEGRADED_PROCESSES, "for a test");
	for (int i = 0; i < (int)COUNT(asked); i++) {
		request(fd, i, asked[i].verb, asked[i].pointer);
		parts = answer(fd, i);
		whole = at_once(asked[i].verb, asked[i].pointer);
		json_object_del(parts, "vigil"); /* its values change all the time */
		json_object_del(whole, "vigil");
		ck_assert_msg(json_equal(parts, whole), "%s", asked[i].verb);
		if (json_is_array(parts))
			ck_assert_uint_eq(json_array_size(parts),
				asked[i].size + (strcmp(asked[i].verb, "status") == 0));
		else if (asked[i].pointer[0] != '\0')
			ck_assert_uint_eq(json_object_size(parts), asked[i].size);
		json_decref(parts);
		json_decref(whole);
	}
	degraded_clear(DEGRADED_PROCESSES);
	close(fd);
}
END_TEST

START_TEST(the_daemons_of_a_pattern_are_sent_in_parts)
{
	static const char *const verbs[] = {"status", "explain"};
	json_t *params = json_pack("{s:s}", "name", "d?00*"), *parts, *whole;
	struct command_reply reply;
	char line[128];
	int fd = dial();

	for (int i = 0; i < (int)COUNT(verbs); i++) {
		reply = (struct command_reply){.in_parts = true};
		command_run(host, &root, verbs[i], params, &reply);
		ck_assert_ptr_nonnull(reply.stream);
		reply_stream_free(reply.stream);
		reply = (struct command_reply){.code = 0};
		command_run(host, &root, verbs[i], params, &reply);
		whole = reply.result;
		snprintf(line, sizeof(line),
			"{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"%s\",\"params\":{\"name\":"
			"\"d?00*\"}}\n",
			i, verbs[i]);
		put(fd, line);
		parts = answer(fd, i);
		ck_assert_uint_eq(json_array_size(parts), 10);
		ck_assert_msg(json_equal(parts, whole), "%s", verbs[i]);
		json_decref(parts);
		json_decref(whole);
	}
	put(fd, "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"status\",\"params\":{\"name\":\"e*\"}}"
		"\n");
	whole = get_object(fd);
	ck_assert_int_eq(code_of(whole), COMMAND_NOT_FOUND);
	json_decref(whole);
	json_decref(params);
	close(fd);
}
END_TEST

START_TEST(a_short_reply_is_sent_at_once)
{
	static const struct section none[] = {{.next = NULL}};

	reload(0, 100);
	ck_assert_ptr_null(reply_stream_new(host, none));
	reload(0, 101);
	reply_stream_free(reply_stream_new(host, none));
	ck_assert_ptr_nonnull(host_daemon_after(host, "d0099"));
	ck_assert_ptr_null(host_daemon_after(host, "d0100"));
	ck_assert_ptr_eq(host_daemon_after(host, ""), host_daemon(host, 0));
	ck_assert_ptr_eq(host_daemon_after(host, "d00005"), host_daemon(host, 1));
}
END_TEST

START_TEST(daemons_may_be_added_and_removed_during_a_reply)
{
	struct command_reply reply = {.in_parts = true};
	json_t *params = json_pack("{s:s}", "pointer", "/runs"), *told;
	char *text, *all = NULL;
	bool failed;
	size_t size;
	FILE *f = open_memstream(&all, &size);

	command_run(host, &root, "get", params, &reply);
	json_decref(params);
	ck_assert_ptr_nonnull(reply.stream);
	for (int i = 0; (text = reply_stream_next(reply.stream, &failed)) != NULL; i++) {
		fputs(text, f);
		free(text);
		if (i == 100)
			reload(50, 200); /* removes sent and unsent daemons */
		if (i == 120)
			reload(0, 300);
	}
	ck_assert(!failed);
	fclose(f);
	reply_stream_free(reply.stream);
	told = json_loads(all, JSON_REJECT_DUPLICATES, NULL);
	ck_assert_ptr_nonnull(told);
	ck_assert_uint_eq(json_object_size(told), 300);
	json_decref(told);
	free(all);
}
END_TEST

START_TEST(other_messages_wait_for_the_end_of_the_reply)
{
	int fd = dial();
	json_t *object;

	put(fd, WATCH_ALL "\n");
	json_decref(answer(fd, 1));
	request(fd, 2, "get", "");
	request(fd, 3, "version", NULL);
	request(fd, 4, "get", "/runs");
	for (int i = 0; i < 3; i++)
		turn(); /* the reply has begun, and its unread rest does not fit into the socket */
	ck_assert_int_eq(state_set(host_state(host), "/daemons/d0001/x", json_true()), 0);
	json_decref(answer(fd, 2));
	object = get_object(fd);
	ck_assert_str_eq(json_string_value(json_object_get(object, "method")), "changed");
	json_decref(object);
	json_decref(answer(fd, 3));
	json_decref(answer(fd, 4));
	ck_assert_int_eq(ask(fd, ASK), 0);
	close(fd);
}
END_TEST

START_TEST(a_client_may_leave_or_stop_sending_during_a_reply)
{
	int fd = dial(), other = dial();

	request(fd, 1, "get", "");
	turn();
	close(fd);
	request(other, 2, "get", "/runs");
	shutdown(other, SHUT_WR);
	json_decref(answer(other, 2));
	ck_assert(closes(other));
	close(other);
}
END_TEST

START_TEST(a_notification_gets_no_reply)
{
	int fd = dial();

	put(fd, "{\"jsonrpc\":\"2.0\",\"method\":\"status\"}\n");
	ck_assert_int_eq(ask(fd, ASK), 0);
	close(fd);
}
END_TEST

SUITE("reply_stream", begin, teardown)
{
	TIMEOUT(120);
	TEST(a_reply_in_parts_equals_a_reply_at_once);
	TEST(the_daemons_of_a_pattern_are_sent_in_parts);
	TEST(a_short_reply_is_sent_at_once);
	TEST(daemons_may_be_added_and_removed_during_a_reply);
	TEST(other_messages_wait_for_the_end_of_the_reply);
	TEST(a_client_may_leave_or_stop_sending_during_a_reply);
	TEST(a_notification_gets_no_reply);
}
