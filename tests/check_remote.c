/*
 * check_remote: the module remote with real servers: its options, its rounds, its results and its
 * health.
 */
#include "modules/remote/remote.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>

#include "children.h"
#include "daemon/candidate.h"
#include "daemon/daemon_internal.h"
#include "fixture_environment.h"

/* --- options ---------------------------------------------------------------------------------- */

static struct diagnostics diagnostics;

/* Returns the first diagnostic for the "key", "value" pairs; "": they are valid. */
static const char *said_of(const char *const *pairs)
{
	struct candidate candidate = {.name = "a",
		.module = "remote",
		.descriptor = &vigil_module_descriptor,
		.file = "f",
		.line = 1};
	struct option_given given[8];

	diagnostics_clear(&diagnostics);
	for (; pairs[2 * candidate.count] != NULL; candidate.count++)
		given[candidate.count] = (struct option_given){.key = pairs[2 * candidate.count],
			.value = pairs[2 * candidate.count + 1],
			.file = "f",
			.line = (int)candidate.count + 2};
	candidate.given = given;
	candidate.options = option_set_new(
		remote_options, given, candidate.count, "[daemon:a]", "f", 1, &diagnostics);
	if (candidate.options != NULL)
		candidate_check(&candidate, &diagnostics);
	option_set_unref(candidate.options);
	return diagnostics.count > 0 ? diagnostics.list[0].text : "";
}

#define SAID_OF(...) said_of((const char *const[]){__VA_ARGS__, NULL})

START_TEST(targets_are_names_and_servers)
{
	static const char *const rows[][2] = {
		{"web http://192.0.2.1/", ""},
		{"a http://192.0.2.1/,b   http+unix:/run/x.sock:/info", ""},
		{"a tcp://192.0.2.1:80", "note: targets = \"a tcp://192.0.2.1:80\": a server that"},
		{"http://192.0.2.1/",
			"is not NAME TARGET, such as web1 https://example.org/health"},
		{"a", "is not NAME TARGET"},
		{"a/b http://192.0.2.1/", "is not NAME TARGET"},
		{".a http://192.0.2.1/", "is not NAME TARGET"},
		{"a http://192.0.2.1/, a http://192.0.2.2/", "two targets have the name \"a\""},
		{"a tcp://192.0.2.1", "a: missing port: write 192.0.2.1:PORT"},
		{"a http://192.0.2.1/x y", "a: its path is too long or contains a blank"},
		{"a /bin/true",
			"a: \"/bin/true\" is not an address such as tcp://HOST:PORT; a command"},
		{"a ftp://192.0.2.1/", "is not an address such as tcp://HOST:PORT"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *said = SAID_OF("targets", rows[i][0]);

		ck_assert_msg(
			rows[i][1][0] != '\0' ? strstr(said, rows[i][1]) != NULL : said[0] == '\0',
			"%s: %s", rows[i][0], said);
	}
}
END_TEST

START_TEST(a_daemon_has_one_target_or_a_list)
{
	char many[20000] = "";

	ck_assert_ptr_nonnull(strstr(SAID_OF("parallel", "5"), "set probe, such as"));
	ck_assert_ptr_nonnull(
		strstr(SAID_OF("probe", "http://192.0.2.1/", "targets", "a http://192.0.2.1/"),
			"set either probe"));
	ck_assert_str_eq(SAID_OF("probe", "http://192.0.2.1/", "probe_expect", "ok"), "");
	ck_assert_str_eq(SAID_OF("probe", "/bin/true"), "");
	ck_assert_ptr_nonnull(strstr(SAID_OF("probe", "/no/such"), "no such program"));
	ck_assert_ptr_nonnull(
		strstr(SAID_OF("targets", "a http://192.0.2.1/", "probe_expect", "~("),
			"probe_expect = \"~(\": is not a regular expression"));
	for (int i = 0; i <= REMOTE_TARGETS; i++)
		sprintf(many + strlen(many), "%sn%d http://192.0.2.1/", i > 0 ? "," : "", i);
	ck_assert_ptr_nonnull(strstr(SAID_OF("targets", many), "has more than 500 targets"));
	*strrchr(many, ',') = '\0';
	ck_assert_ptr_nonnull(
		strstr(SAID_OF("targets", many), "if no target answers, the probes take 250 s"));
	ck_assert_str_eq(SAID_OF("targets", many, "parallel", "100"), "");
}
END_TEST

/* --- a daemon --------------------------------------------------------------------------------- */

static struct vigil_daemon *daemon_up;

static void setup(void)
{
	signal(SIGPIPE, SIG_IGN); /* as in vigild */
	environment_setup();
	diagnostics = (struct diagnostics){0};
}

static void teardown(void)
{
	if (daemon_up != NULL)
		daemon_free(daemon_up);
	kill_and_reap_all();
	diagnostics_clear(&diagnostics);
	environment_teardown();
}

static void start_daemon(const char *const *pairs)
{
	struct option_set *options = options_of(remote_options, pairs);

	daemon_up = daemon_new(&environment, "test", "remote", &vigil_module_descriptor, options);
	option_set_unref(options);
	ck_assert_int_eq(daemon_start(daemon_up), 0);
}

/* Serves HTTP in a child on a free port: the status, after a while if the first byte of a request
 * is expected to be served late.  Returns the pid. */
static pid_t serve(unsigned *port, const char *answer)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char bytes[1024];
	pid_t pid;

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&in, length), 0);
	ck_assert_int_eq(listen(fd, 64), 0);
	getsockname(fd, (struct sockaddr *)&in, &length);
	*port = ntohs(in.sin_port);
	pid = fork();
	if (pid > 0) {
		close(fd);
		return pid;
	}
	for (;;) {
		int client = accept(fd, NULL, NULL);

		if (recv(client, bytes, sizeof(bytes), 0) > 0)
			send(client, answer, strlen(answer), MSG_NOSIGNAL);
		close(client);
	}
}

static const char good[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

static bool level_is(const char *level)
{
	return strcmp(health_text(daemon_up, "level"), level) == 0;
}

START_TEST(each_target_has_its_result)
{
	unsigned up_port, down_port;
	char targets[256];
	pid_t server;

	serve(&up_port, good);
	server = serve(&down_port, "HTTP/1.1 500 Broken\r\n\r\n");
	snprintf(targets, sizeof(targets),
		"targets=up http://127.0.0.1:%u/, down http://127.0.0.1:%u/", up_port, down_port);
	start_daemon(
		(const char *const[]){targets, "probe_interval=0.1", "probe_failures=3", NULL});
	ck_assert_str_eq(health_text(daemon_up, "level"), "UNKNOWN");
	TURN_UNTIL(level_is("CRITICAL"));
	ck_assert_ptr_nonnull(strstr(
		health_text(daemon_up, "text"), "1 of 2 targets: down: HTTP/1.1 500 Broken"));
	ck_assert_str_eq(state_at("/daemons/test/targets/up/ok"), "true");
	ck_assert_str_eq(state_at("/daemons/test/targets/down/ok"), "false");
	ck_assert_str_eq(state_at("/daemons/test/targets/down/text"), "\"HTTP/1.1 500 Broken\"");
	ck_assert_str_eq(state_at("/daemons/test/perfdata/up/unit"), "\"s\"");
	ck_assert_str_eq(state_at("/daemons/test/perfdata/down"), "");
	kill_and_reap(server);
	TURN_UNTIL(
		strcmp(state_at("/daemons/test/targets/down/text"), "\"Connection refused\"") == 0);
}
END_TEST

START_TEST(a_target_that_answers_again_is_ok)
{
	unsigned port;
	char probe[64];
	pid_t server = serve(&port, good);

	snprintf(probe, sizeof(probe), "probe=http://127.0.0.1:%u/", port);
	start_daemon((const char *const[]){probe, "probe_interval=0.1", "probe_timeout=0.2",
		"probe_expect=ok", "probe_failures=1000", NULL});
	TURN_UNTIL(level_is("OK"));
	ck_assert_str_eq(health_text(daemon_up, "text"), "test answers");
	ck_assert_int_eq(kill(server, SIGSTOP), 0);
	TURN_UNTIL(level_is("WARNING"));
	ck_assert_ptr_nonnull(strstr(health_text(daemon_up, "text"), "test: no answer in time ("));
	ck_assert_int_eq(kill(server, SIGCONT), 0);
	TURN_UNTIL(level_is("OK"));
	ck_assert_str_eq(state_at("/daemons/test/targets/test/failures"), "0");
}
END_TEST

/* All targets hang, and never more than `parallel` of them are connected. */
START_TEST(attempts_are_bounded)
{
	char targets[1024] = "targets=";
	unsigned port, most = 0;
	pid_t server = serve(&port, good);
	struct remote *remote;

	for (int i = 0; i < 20; i++)
		sprintf(targets + strlen(targets), "%st%d http://127.0.0.1:%u/", i > 0 ? "," : "",
			i, port);
	ck_assert_int_eq(kill(server, SIGSTOP), 0);
	start_daemon((const char *const[]){targets, "probe_interval=0.3", "probe_timeout=0.3",
		"parallel=3", "probe_failures=1", NULL});
	remote = vigil_data(daemon_up);
	for (unsigned known = 0; known < 20;) {
		turn_for(2 * CLOCK_MS);
		ck_assert_uint_le(remote->busy, 3);
		most = remote->busy > most ? remote->busy : most;
		known = 0;
		for (size_t i = 0; i < remote->count; i++)
			known += remote->targets[i]->state == REMOTE_KNOWN ||
				 remote->targets[i]->state == REMOTE_STALE;
	}
	ck_assert_uint_eq(most, 3);
	ck_assert_int_eq(kill(server, SIGCONT), 0);
	TURN_UNTIL(level_is("OK"));
	ck_assert_str_eq(health_text(daemon_up, "text"), "all 20 targets answer");
}
END_TEST

START_TEST(the_text_names_a_few_and_counts_the_rest)
{
	char targets[1024] = "targets=";
	unsigned port;
	pid_t server = serve(&port, good);

	kill_and_reap(server);
	for (int i = 0; i < 8; i++)
		sprintf(targets + strlen(targets), "%st%d http://127.0.0.1:%u/", i > 0 ? "," : "",
			i, port);
	start_daemon(
		(const char *const[]){targets, "probe_interval=0.1", "probe_failures=1000", NULL});
	TURN_UNTIL(strstr(health_text(daemon_up, "long_text"), "t7: Connection refused") != NULL);
	ck_assert(level_is("WARNING"));
	ck_assert_ptr_nonnull(strstr(health_text(daemon_up, "text"), "8 of 8 targets: t0: "));
	ck_assert_ptr_nonnull(strstr(health_text(daemon_up, "text"), "t0: Connection refused ("));
	ck_assert_ptr_nonnull(strstr(health_text(daemon_up, "text"), "t4: Connection refused ("));
	ck_assert_ptr_null(strstr(health_text(daemon_up, "text"), "t5"));
	ck_assert_ptr_nonnull(strstr(health_text(daemon_up, "text"), "; and 3 more"));
}
END_TEST

/* A probe that hangs longer than two intervals leaves an old result behind. */
START_TEST(an_old_result_is_stale)
{
	unsigned port;
	char targets[128];
	pid_t server = serve(&port, good);
	struct remote *remote;

	snprintf(targets, sizeof(targets), "targets=a http://127.0.0.1:%u/", port);
	start_daemon(
		(const char *const[]){targets, "probe_interval=0.1", "probe_timeout=30", NULL});
	TURN_UNTIL(level_is("OK"));
	remote = vigil_data(daemon_up);
	ck_assert_int_eq(kill(server, SIGSTOP), 0);
	remote->targets[0]->last -= 100; /* as if so much time had passed */
	TURN_UNTIL(level_is("UNKNOWN"));
	ck_assert_str_eq(state_at("/daemons/test/targets/a/stale"), "true");
	ck_assert(vigil_state_stale(daemon_up, "/daemons/test/targets/a/seconds"));
	ck_assert_str_eq(state_at("/daemons/test/perfdata/a"), "");
	ck_assert_int_eq(kill(server, SIGCONT), 0);
	TURN_UNTIL(level_is("OK"));
	ck_assert_str_eq(state_at("/daemons/test/targets/a/stale"), "");
}
END_TEST

SUITE("remote", setup, teardown)
{
	TEST(targets_are_names_and_servers);
	TEST(a_daemon_has_one_target_or_a_list);
	TEST(each_target_has_its_result);
	TEST(a_target_that_answers_again_is_ok);
	TEST(attempts_are_bounded);
	TEST(the_text_names_a_few_and_counts_the_rest);
	TEST(an_old_result_is_stale);
}
