/* check_sd_notify: the messages that the service manager gets, with a socket in its place. */
#include "loop/sd_notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "fixture_loop.h"
#include "scratch.h"
#include "suite.h"

static struct loop *loop;
static struct sd_notify *notify;
static int manager = -1;

static void setup(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	scratch_setup();
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", scratch_path("notify"));
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(manager, 0);
	ck_assert_int_eq(bind(manager, (struct sockaddr *)&address, sizeof(address)), 0);
	setenv("NOTIFY_SOCKET", address.sun_path, 1);
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	loop = loop_new();
	ck_assert_ptr_nonnull(loop);
	notify = sd_notify_new(loop);
}

/* Reads the environment again. */
static void reopen(void)
{
	sd_notify_free(notify);
	notify = sd_notify_new(loop);
}

static void teardown(void)
{
	sd_notify_free(notify);
	loop_free(loop);
	close(manager);
	scratch_teardown();
}

/* Returns the next message that was received; "": there is none. */
static const char *heard(void)
{
	static char text[512];
	ssize_t n = recv(manager, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static void ask_for_watchdog(const char *usec, pid_t pid)
{
	char text[32];

	setenv("WATCHDOG_USEC", usec, 1);
	snprintf(text, sizeof(text), "%d", (int)pid);
	setenv("WATCHDOG_PID", text, 1);
}

START_TEST(readiness_and_shutdown_are_reported)
{
	sd_notify_ready(notify, "3 daemons, 1 of them failed");
	ck_assert_str_eq(heard(), "READY=1\nSTATUS=3 daemons, 1 of them failed");
	sd_notify_ready(notify, "100 % of them");
	ck_assert_str_eq(heard(), "READY=1\nSTATUS=100 % of them");
	sd_notify_stopping(notify);
	ck_assert_str_eq(heard(), "STOPPING=1");
	ck_assert_str_eq(heard(), "");
}
END_TEST

START_TEST(the_watchdog_is_fed_while_the_loop_runs)
{
	unsigned fed = 0;

	ask_for_watchdog("100000", getpid());
	reopen();
	ck_assert(sd_notify_is_watched(notify));
	for (uint64_t end = clock_now() + 60 * CLOCK_SECOND; fed < 5; fed++) {
		while (strcmp(heard(), "WATCHDOG=1") != 0) {
			ck_assert(clock_now() < end);
			run_for(loop, 5 * CLOCK_MS);
		}
	}
	/* not while the loop is blocked, nor after the free */
	while (*heard() != '\0')
		;
	usleep(150000);
	ck_assert_str_eq(heard(), "");
	sd_notify_free(notify);
	notify = NULL;
	run_for(loop, 150 * CLOCK_MS);
	ck_assert_str_eq(heard(), "");
}
END_TEST

START_TEST(without_a_valid_request_there_is_no_watchdog)
{
	ck_assert(!sd_notify_is_watched(notify));
	ask_for_watchdog("100000", getpid() + 1); /* it is meant for another process */
	reopen();
	ck_assert(!sd_notify_is_watched(notify));
	ask_for_watchdog("1", getpid()); /* the interval is too short */
	reopen();
	ck_assert(!sd_notify_is_watched(notify));
	ask_for_watchdog("soon", getpid());
	reopen();
	ck_assert(!sd_notify_is_watched(notify));
	sd_notify_free(NULL);
}
END_TEST

START_TEST(a_manager_that_hangs_does_not_block_vigild)
{
	unsigned n = 0;

	/* more messages than its queue holds */
	for (unsigned i = 0; i < 2000; i++)
		sd_notify_ready(notify, "again");
	sd_notify_stopping(notify);
	while (*heard() != '\0')
		n++;
	ck_assert_uint_ge(n, 1);
	ck_assert_uint_lt(n, 2000);
	/* the last message is sent again when there is room */
	for (uint64_t end = clock_now() + 60 * CLOCK_SECOND; strcmp(heard(), "STOPPING=1") != 0;) {
		ck_assert(clock_now() < end);
		run_for(loop, 5 * CLOCK_MS);
	}
	run_for(loop, 300 * CLOCK_MS);
	ck_assert_str_eq(heard(), "");
}
END_TEST

START_TEST(an_abstract_socket_is_supported)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int n = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "%s", scratch);
	char name[sizeof(address.sun_path)];

	close(manager);
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(manager, (struct sockaddr *)&address,
				 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + n)),
		0);
	snprintf(name, sizeof(name), "@%s", scratch);
	setenv("NOTIFY_SOCKET", name, 1);
	reopen();
	sd_notify_ready(notify, "well");
	ck_assert_str_eq(heard(), "READY=1\nSTATUS=well");
}
END_TEST

START_TEST(without_a_manager_nothing_is_sent)
{
	unsetenv("NOTIFY_SOCKET");
	reopen();
	sd_notify_ready(notify, "well");
	sd_notify_stopping(notify);
	setenv("NOTIFY_SOCKET", scratch_path("none"), 1);
	reopen();
	sd_notify_ready(notify, "well");
	setenv("NOTIFY_SOCKET", "none", 1);
	reopen();
	sd_notify_ready(notify, "well");
	ck_assert_str_eq(heard(), "");
}
END_TEST

SUITE("sd_notify", setup, teardown)
{
	TEST(readiness_and_shutdown_are_reported);
	TEST(the_watchdog_is_fed_while_the_loop_runs);
	TEST(without_a_valid_request_there_is_no_watchdog);
	TEST(a_manager_that_hangs_does_not_block_vigild);
	TEST(an_abstract_socket_is_supported);
	TEST(without_a_manager_nothing_is_sent);
}
