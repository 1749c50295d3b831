/*
 * check_isolate: vigild does not trust the process of an isolated daemon.  The tests play the
 * process: they send lines and messages that it should not send.
 */
#include "isolate/isolate_internal.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "fixture_daemon.h"
#include "isolate/isolate_protocol.h"
#include "suite.h"

static struct isolate isolate;
static struct isolated *p;
static int theirs;

static void on_ended(struct vigil_daemon *daemon, bool crashed, double lived, void *arg)
{
	ck_abort_msg("no message ends a daemon by itself");
}

static void setup(void)
{
	int pair[2];

	up();
	isolate = (struct isolate){
		.loop = environment.loop, .store = environment.store, .ended = on_ended};
	LIST_INIT(&isolate.live);
	p = memory_zero(sizeof(*p));
	p->resource.daemon = d;
	p->isolate = &isolate;
	p->name = memory_text("test");
	p->kept = json_object();
	p->children = json_object();
	p->verbs = json_object();
	LIST_INSERT_HEAD(&isolate.live, p, among);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	isolate_link_open(&p->link, pair[0]);
	p->ends = (struct isolate_ends){.ours = -1, .theirs = -1, .page_fd = -1};
	theirs = pair[1];
}

static void teardown(void)
{
	close(theirs);
	daemon_stop(d);
	isolate_destroy(p);
	down();
}

/* --- lines ------------------------------------------------------------------------------------ */

/* Sends a text and returns the result of taking it. */
static int take(const char *text, size_t length)
{
	ck_assert_int_eq(write(theirs, text, length), (ssize_t)length);
	return isolate_take(p, isolate_apply);
}

static const char *const bad_lines[] = {"\n", "x\n", "{}\n", "[]\n", "[1]\n", "[null]\n",
	"[\"unknown\"]\n", "[\"set\"]\n", "[\"log\",1,\"a\"]\n\n", "\0[\"pong\"]\n",
	"[\"set\",\"a\",{\"k\":1,\"k\":2}]\n", "[\"log\",1,\"\\ud800\"]\n",
	"[\"log\",1,\"\xff\"]\n", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\n"};

START_TEST(a_line_that_is_no_message_is_refused)
{
	size_t length = strlen(bad_lines[_i]);

	ck_assert_int_eq(take(bad_lines[_i], length > 0 ? length : 10), -EPROTO);
}
END_TEST

START_TEST(a_message_may_arrive_in_pieces)
{
	static const char text[] = "[\"set\",\"a\",1]\n[\"set\",\"b\",2]\n";

	for (size_t i = 0; i < strlen(text); i++)
		ck_assert_int_eq(take(text + i, 1), 1);
	ck_assert_int_eq(json_integer_value(vigil_state_get(d, "/daemons/test/a")), 1);
	ck_assert_int_eq(json_integer_value(vigil_state_get(d, "/daemons/test/b")), 2);
}
END_TEST

START_TEST(a_line_without_an_end_is_refused)
{
	static char text[64 * 1024];
	size_t sent = 0;
	int n = 1;

	memset(text, 'x', sizeof(text));
	while (n > 0 && sent < 2 * ISOLATE_LINE_MAX) {
		n = take(text, sizeof(text));
		sent += sizeof(text);
	}
	ck_assert_int_eq(n, -EPROTO);
	ck_assert_uint_le(sent, ISOLATE_LINE_MAX + 4 * sizeof(text));
}
END_TEST

/* --- messages --------------------------------------------------------------------------------- */

static bool apply(const char *text)
{
	json_t *message = json_loads(text, 0, NULL);
	bool valid;

	ck_assert_ptr_nonnull(message);
	valid = isolate_apply(p, message);
	json_decref(message);
	return valid;
}

static const char *const bad_messages[] = {
	"[\"set\",1,2]",
	"[\"set\",\"a\"]",
	"[\"set\",\"/daemons/other/a\",1]",
	"[\"set\",\"/vigil/pid\",1]",
	"[\"set\",\"/runs/test/errors\",1]",
	"[\"set\",\"a~2\",1]",
	"[\"set\",\"a\",[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]",
	"[\"unset\",\"/daemons/other\"]",
	"[\"persist\",\"/daemons/other/a\"]",
	"[\"log\",-1,\"a\"]",
	"[\"log\",5,\"a\"]",
	"[\"event\",1,\"a\",[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]",
	"[\"get\",\"no pointer\",false]",
	"[\"ask\",1,1,0]",
	"[\"close\",1]",
	"[\"observe\",1,false]",
	"[\"deferred\",1]",
	"[\"slot_free\",1]",
	"[\"slot\",1,-5]",
	"[\"list\",{\"only\":[1]}]",
	"[\"verb\",\"\"]",
	"[\"verb\",\"a/b\"]",
	"[\"verb\",\"a-verb-with-a-name-that-is-much-too-long-for-it\"]",
	"[\"verb_done\",\"start\",0,\"\"]",
};

START_TEST(a_message_that_is_not_allowed_is_refused)
{
	ck_assert(!apply(bad_messages[_i]));
}
END_TEST

START_TEST(a_service_with_a_foreign_command_is_not_opened)
{
	ck_assert(apply("[\"open\",1,{\"name\":\"x\",\"manager\":\"command\",\"status_command\":["
			"\"/bin/true\"]}]"));
	ck_assert(apply("[\"open\",2,{\"name\":\"x\",\"pidfile\":\"/etc/passwd\"}]"));
	ck_assert_ptr_null(daemon_service(d));
	ck_assert(apply("[\"ask\",1,7,0]"));
	ck_assert_ptr_nonnull(strstr(p->link.out.bytes, "does not open this service"));
	ck_assert(!apply("[\"open\",1,{\"name\":\"x\"}]")); /* the number is in use */
	ck_assert(apply("[\"close\",1]"));
}
END_TEST

START_TEST(a_service_that_no_option_names_is_not_changed)
{
	ck_assert(apply("[\"open\",1,{\"name\":\"ssh\",\"manager\":\"lsb\"}]"));
	ck_assert(apply("[\"ask\",1,7,1]"));
	ck_assert_ptr_nonnull(strstr(p->link.out.bytes, "do not name this service"));
}
END_TEST

static const vigil_option generous[] = {
	VIGIL_OPTION("services", VIGIL_LIST, "*", "a list"),
	VIGIL_OPTION("command", VIGIL_COMMAND, "/bin/true", "a command"),
	VIGIL_OPTION_END,
};

START_TEST(the_defaults_of_a_module_allow_nothing)
{
	struct diagnostics diagnostics = {0};

	d->options = option_set_new(generous, NULL, 0, "[daemon:test]", "test", 1, &diagnostics);
	ck_assert_ptr_nonnull(d->options);
	ck_assert(apply("[\"open\",1,{\"name\":\"ssh\",\"manager\":\"lsb\"}]"));
	ck_assert(apply("[\"ask\",1,7,1]"));
	ck_assert_ptr_nonnull(strstr(p->link.out.bytes, "do not name this service"));
	ck_assert(
		apply("[\"open\",2,{\"name\":\"test\",\"manager\":\"command\",\"status_command\":["
		      "\"/bin/true\"]}]"));
	ck_assert(apply("[\"ask\",2,8,0]"));
	ck_assert_ptr_nonnull(strstr(p->link.out.bytes, "does not open this service"));
	option_set_unref(d->options);
	d->options = NULL;
}
END_TEST

START_TEST(its_own_subtree_is_not_followed)
{
	ck_assert(!apply("[\"get\",\"/daemons/test/a\",true]"));
	ck_assert(apply("[\"get\",\"/daemons/other/a\",true]"));
}
END_TEST

START_TEST(only_its_own_children_are_noted)
{
	char text[64];

	snprintf(text, sizeof(text), "[\"child\",%d,true]", (int)getppid());
	ck_assert(apply(text));
	ck_assert(apply("[\"child\",1,true]"));
	ck_assert(apply("[\"child\",-1,true]"));
	ck_assert_uint_eq(json_object_size(p->children), 0);
}
END_TEST

START_TEST(lines_are_limited)
{
	for (int i = 0; i < 2000; i++)
		ck_assert(apply("[\"event\",1,\"a line\",null]"));
	ck_assert_uint_gt(p->dropped, 1000);
}
END_TEST

START_TEST(a_state_that_grows_without_end_ends_the_process)
{
	char *text = memory_zero(1024 * 1024 + 64);
	int sent = 0;

	for (; p->killed == NULL && sent < 64; sent++) {
		int n = sprintf(text, "[\"set\",\"v%d\",\"", sent);

		memset(text + n, 'x', 1024 * 1024);
		strcpy(text + n + 1024 * 1024, "\"]\n");
		for (size_t at = 0, all = strlen(text); at < all;) {
			ssize_t now = write(theirs, text + at, all - at);

			at += now > 0 ? (size_t)now : 0;
			ck_assert_int_ne(isolate_take(p, isolate_apply), -EPROTO);
		}
	}
	free(text);
	ck_assert_int_lt(sent, 32);
	ck_assert_ptr_nonnull(strstr(p->killed, "its state has more than"));
}
END_TEST

SUITE("isolate", setup, teardown)
{
	LOOP_TEST(a_line_that_is_no_message_is_refused, COUNT(bad_lines));
	TEST(a_message_may_arrive_in_pieces);
	TEST(a_line_without_an_end_is_refused);
	LOOP_TEST(a_message_that_is_not_allowed_is_refused, COUNT(bad_messages));
	TEST(a_service_with_a_foreign_command_is_not_opened);
	TEST(a_service_that_no_option_names_is_not_changed);
	TEST(the_defaults_of_a_module_allow_nothing);
	TEST(its_own_subtree_is_not_followed);
	TEST(only_its_own_children_are_noted);
	TEST(lines_are_limited);
	TEST(a_state_that_grows_without_end_ends_the_process);
}
