/*
 * check_probe_resolver: probes of servers by name, with a name server that answers, does not
 * answer, or answers with an error.
 */
#include "modules/probe/probe_resolver.h"

#include <malloc.h>

#include <event2/event.h>

#include "fixture_probe.h"

/* Answers queries for A: up.corp.test and two.test have addresses; slow.test has no answer;
 * broken.test is a failure of the server; other names do not exist. */
static void answer_query(int fd)
{
	static const unsigned char address[] = {
		0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 127, 0, 0, 1};
	unsigned char q[512];
	struct sockaddr_storage from;
	socklen_t length = sizeof(from);
	ssize_t n = recvfrom(fd, q, sizeof(q), 0, (struct sockaddr *)&from, &length);
	char name[256] = "";
	size_t at = 12;
	bool a;

	if (n < 17)
		return;
	while (at < (size_t)n && q[at] != 0 && at + q[at] < (size_t)n) {
		snprintf(name + strlen(name), sizeof(name) - strlen(name), "%.*s.", q[at],
			(const char *)q + at + 1);
		at += q[at] + 1u;
	}
	at += 5; /* the end of the name, the type and the class */
	a = q[at - 3] == 1;
	if (strcmp(name, "slow.test.") == 0)
		return;
	q[2] = 0x81;
	q[3] = strcmp(name, "broken.test.") == 0 ? 0x82 : 0x80;
	q[7] = q[9] = q[11] = 0;
	if (strcmp(name, "up.corp.test.") == 0 || strcmp(name, "two.test.") == 0) {
		for (int i = 0; a && i < (name[0] == 't' ? 2 : 1); i++) {
			memcpy(q + at, address, sizeof(address));
			q[at + 15] = name[0] == 't' && i == 0 ? 2 : 1; /* 127.0.0.2 comes first */
			at += sizeof(address);
			q[7]++;
		}
	} else if (q[3] == 0x80) {
		q[3] = 0x83;
	}
	sendto(fd, q, at, 0, (struct sockaddr *)&from, length);
}

static pid_t start_name_server(void)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(in);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	pid_t pid;

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	getsockname(fd, (struct sockaddr *)&in, &length);
	probe_resolver_files[0] = scratch_put("resolv.conf", 0644,
		"nameserver 127.0.0.1:%u\nsearch corp.test\noptions timeout:1 attempts:2\n",
		ntohs(in.sin_port));
	probe_resolver_files[1] = scratch_put("hosts", 0644, "127.0.0.1 filed.test filed\n");
	pid = fork();
	if (pid == 0)
		for (;;)
			answer_query(fd);
	close(fd);
	return pid;
}

static void is_unresolved(const char *name, const char *words)
{
	snprintf(target, sizeof(target), "tcp://%s:80", name);
	ck_assert_msg(attempt() == PROBE_UNRESOLVED, "%s", why);
	ck_assert_msg(strstr(why, words) != NULL, "%s", why);
	ck_assert_msg(strncmp(why, name, strlen(name)) == 0, "%s", why);
}

START_TEST(a_name_is_looked_up)
{
	start_name_server();
	set_script("hello");
	settings.expect = "hello";
	serve_here(serve_script, "tcp://up.corp.test.:%u");
	SUCCEEDS();
	memmove(target + 18, target + 19, strlen(target + 19) + 1); /* without the dot at the end */
	SUCCEEDS();
	memmove(target + 8, target + 18, strlen(target + 18) + 1); /* up, in the search domain */
	ck_assert_int_eq(strncmp(target, "tcp://up:", 9), 0);
	SUCCEEDS();
}
END_TEST

START_TEST(a_name_in_the_hosts_file_is_found)
{
	start_name_server();
	serve_here(serve_nothing, "tcp://filed.test:%u");
	SUCCEEDS();
	/* The files are read again when they have changed. */
	scratch_put("hosts", 0644, "127.0.0.1 other.test\n");
	ck_assert_int_eq(attempt(), PROBE_UNRESOLVED);
	scratch_put("hosts", 0644, "127.0.0.1 filed.test other.test\n");
	SUCCEEDS();
}
END_TEST

START_TEST(all_addresses_of_a_name_are_tried)
{
	start_name_server();
	serve_here(serve_nothing, "tcp://two.test:%u"); /* on 127.0.0.1 only */
	SUCCEEDS();
	kill_and_reap_all();
	start_name_server();
	ck_assert_int_eq(attempt(), PROBE_FAILED);
	ck_assert_str_eq(why, "Connection refused (127.0.0.2 and 127.0.0.1)");
}
END_TEST

START_TEST(a_name_that_cannot_be_looked_up_is_reported_in_words)
{
	pid_t server = start_name_server();

	is_unresolved("nosuch.test", "cannot be looked up: there is no such host name");
	is_unresolved("broken.test", "cannot be looked up: the name servers");
	settings.timeout = 0.3;
	is_unresolved("slow.test", "cannot be looked up: the name servers did not answer in time");
	kill_and_reap(server);
	settings.timeout = 20;
	is_unresolved("up.corp.test", "cannot be looked up: the name servers");
}
END_TEST

START_TEST(a_cancelled_look_up_leaves_nothing)
{
	start_name_server();
	snprintf(target, sizeof(target), "tcp://slow.test:80");
	for (unsigned i = 0; i < 3; i++) {
		probe = probe_new(d, &settings, on_result, NULL);
		probe_try(probe);
		turn_for(30 * CLOCK_MS);
		ck_assert(probe_is_busy(probe));
		probe_close(probe);
		ck_assert_uint_eq(count_descriptors(), descriptors);
	}
	probe = NULL;
	/* An answer that arrives after the probe is cancelled, and one before it is passed on. */
	snprintf(target, sizeof(target), "tcp://filed.test:80");
	probe = probe_new(d, &settings, on_result, NULL);
	probe_try(probe);
	probe_cancel(probe);
	turn_for(50 * CLOCK_MS);
	ck_assert_uint_eq(results, 0);
}
END_TEST

/* A name server that never answers. Returns its socket. */
static int start_silent_name_server(void)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(in);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	getsockname(fd, (struct sockaddr *)&in, &length);
	probe_resolver_files[0] = scratch_put("resolv.conf", 0644,
		"nameserver 127.0.0.1:%u\n"
		"options timeout:1 max-timeouts:1 initial-probe-timeout:1\n",
		ntohs(in.sin_port));
	probe_resolver_files[1] = scratch_put("hosts", 0644, "\n");
	return fd;
}

/* Returns whether libevent has asked the server whether it answers again. */
static bool is_asked_again(int fd)
{
	char q[512];
	ssize_t n = recv(fd, q, sizeof(q), MSG_DONTWAIT);

	return n > 0 && memmem(q, (size_t)n, "slow", 4) == NULL;
}

static void overwrite_and_free(void *block)
{
	explicit_bzero(block, malloc_usable_size(block)); /* a memset would be optimized away */
	free(block);
}

START_TEST(a_name_server_that_is_asked_again_can_be_forgotten)
{
	int fd = start_silent_name_server();

	event_set_mem_functions(malloc, realloc, overwrite_and_free);
	settings.timeout = 50;
	snprintf(target, sizeof(target), "tcp://slow.test:80");
	probe = probe_new(d, &settings, on_result, NULL);
	probe_try(probe);
	while (!is_asked_again(fd))
		turn_for(10 * CLOCK_MS);
	probe_close(probe);
	probe = NULL;
	turn_for(50 * CLOCK_MS);
	close(fd);
	ck_assert_uint_eq(count_descriptors(), descriptors);
}
END_TEST

SUITE("probe_resolver", setup, teardown)
{
	TEST(a_name_is_looked_up);
	TEST(a_name_in_the_hosts_file_is_found);
	TEST(all_addresses_of_a_name_are_tried);
	TEST(a_name_that_cannot_be_looked_up_is_reported_in_words);
	TEST(a_cancelled_look_up_leaves_nothing);
	TEST(a_name_server_that_is_asked_again_can_be_forgotten);
}
