/* check_log_targets: stderr, syslog and the journal, and lines that cannot be written. */
#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "fixture_log.h"

/* --- full targets ----------------------------------------------------------------------------- */

static void limit_file_size(rlim_t size)
{
	struct rlimit limit;

	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = size;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* A file at its size limit takes a part of a line and then nothing, like a full disk. */
START_TEST(lines_lost_on_a_full_disk_are_counted)
{
	const char *path = scratch_path("log");
	struct stat st;

	ck_assert_int_eq(log_open(path, LEVEL_INFO), 0);
	log_info("before");
	ck_assert_int_eq(stat(path, &st), 0);
	limit_file_size((rlim_t)st.st_size + 10);
	log_info("torn");
	for (int i = 0; i < 6; i++)
		log_info("lost");
	limit_file_size(RLIM_INFINITY);
	log_info("after");
	log_info("last");
	assert_like(content(path), "^" TIME " info +before\n"
				   "20[0-9-]*T?[0-9]*\n" TIME
				   " warning log: 7 lines could not be written: [A-Z][a-z ]*\n" TIME
				   " info +after\n" TIME " info +last\n$");
}
END_TEST

START_TEST(lines_lost_on_a_full_device_are_counted)
{
	const char *path = scratch_path("later");
	int full = open("/dev/full", O_WRONLY), later;

	ck_assert_int_eq(log_open("stderr", LEVEL_INFO), 0);
	dup2(full, STDERR_FILENO);
	log_info("lost");
	later = open(path, O_WRONLY | O_CREAT, 0600);
	dup2(later, STDERR_FILENO);
	log_info("after");
	assert_like(content(path),
		"^" TIME " warning log: 1 line could not be written: No space left on device\n" TIME
		" info +after\n$");
	close(full);
	close(later);
}
END_TEST

/* The reader of stderr may stop reading. If vigild waited for it, nothing would be monitored. */
START_TEST(a_reader_that_stalls_does_not_block_vigild)
{
	static char drained[1 << 20];
	unsigned long written = 0, lost = 0;
	int fds[2];
	ssize_t n;

	ck_assert_int_eq(pipe(fds), 0);
	dup2(fds[1], STDERR_FILENO);
	close(fds[1]);
	ck_assert_int_eq(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK, 0);
	for (int i = 0; i < 5000; i++)
		log_info("a line of some length, so that a pipe fills up with it");
	ck_assert_int_eq(fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK, 0); /* it is shared */
	n = read(fds[0], drained, sizeof(drained) - 1);
	ck_assert_int_gt(n, 0);
	drained[n] = '\0';
	for (char *p = drained; (p = strchr(p, '\n')) != NULL; p++)
		written++;
	ck_assert_int_eq(drained[n - 1], '\n');
	log_info("read again");
	n = read(fds[0], drained, sizeof(drained) - 1);
	ck_assert_int_gt(n, 0);
	drained[n] = '\0';
	assert_like(
		drained, "^[^\n]* warning log: [0-9]+ lines [^\n]*\n[^\n]* info +read again\n$");
	ck_assert_int_eq(sscanf(strstr(drained, "log: "), "log: %lu", &lost), 1);
	ck_assert_uint_gt(lost, 0);
	ck_assert_uint_eq(written + lost, 5000);
	close(fds[0]);
}
END_TEST

START_TEST(a_reader_that_is_gone_is_ignored)
{
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	dup2(fds[1], STDERR_FILENO);
	close(fds[1]);
	close(fds[0]);
	log_info("to nobody");
	close(STDERR_FILENO);
	log_info("to nothing");
}
END_TEST

/* --- stderr that leads to the journal --------------------------------------------------------- */

START_TEST(stderr_of_the_journal_has_priorities)
{
	const char *path = scratch_path("stream");
	int fd = open(path, O_RDWR | O_CREAT | O_APPEND, 0600);
	char stream[64];
	struct stat st;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	dup2(fd, STDERR_FILENO);
	close(fd);
	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	ck_assert_int_eq(log_open("auto", LEVEL_DEBUG), 0);
	log_error("e");
	log_warn("w");
	log_notice("n");
	log_write(LEVEL_INFO, "web/nginx", "i\n<0>forged");
	log_debug("d");
	ck_assert_str_eq(content(path), "<3>e\n<4>w\n<5>n\n<6>web: i\\n<0>forged\n<7>d\n");
	/* If "stderr" was configured, or stderr is another stream, lines have no priority. */
	ck_assert_int_eq(truncate(path, 0), 0);
	ck_assert_int_eq(log_open("stderr", LEVEL_INFO), 0);
	log_info("plain");
	assert_like(content(path), "^" TIME " info +plain\n$");
}
END_TEST

START_TEST(other_stderr_has_no_priorities)
{
	static const char *const others[] = {
		"%ju:%ju1", "1%ju:%ju", "%ju:%jux", "", "x", "%ju:", ":%ju"};
	const char *path = scratch_path("stream");
	int fd = open(path, O_RDWR | O_CREAT | O_APPEND, 0600);
	char stream[64];
	struct stat st;

	ck_assert_int_eq(fstat(fd, &st), 0);
	dup2(fd, STDERR_FILENO);
	close(fd);
	for (size_t i = 0; i <= COUNT(others); i++) {
		unsetenv("JOURNAL_STREAM");
		if (i < COUNT(others)) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			snprintf(stream, sizeof(stream), others[i], (uintmax_t)st.st_dev,
				(uintmax_t)st.st_ino);
#pragma GCC diagnostic pop
			setenv("JOURNAL_STREAM", stream, 1);
		}
		ck_assert_int_eq(truncate(path, 0), 0);
		ck_assert_int_eq(log_open("auto", LEVEL_INFO), 0);
		log_info("plain");
		assert_like(content(path), "^" TIME " info +plain\n$");
	}
}
END_TEST

/* --- syslog and journal ----------------------------------------------------------------------- */

static bool put_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	bool done = fd >= 0 && write(fd, text, strlen(text)) > 0;

	close(fd);
	return done;
}

/* A user who is not root may mount in a user namespace. */
static bool become_root(void)
{
	char users[32], groups[32];

	snprintf(users, sizeof(users), "0 %u 1", (unsigned)geteuid());
	snprintf(groups, sizeof(groups), "0 %u 1", (unsigned)getegid());
	return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
	       put_text("/proc/self/setgroups", "deny") && put_text("/proc/self/uid_map", users) &&
	       put_text("/proc/self/gid_map", groups);
}

/* Mounts an empty directory over `dir` for this process. Returns false if this machine does not
 * permit that. */
static bool hide(const char *dir)
{
	if (unshare(CLONE_NEWNS) < 0 && !become_root())
		return false;
	return mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("none", dir, "tmpfs", 0, NULL) == 0;
}

static int listen_at(const char *path)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	strcpy(sun.sun_path, path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	return fd;
}

/* Returns the next datagram; "-": there is none. */
static const char *received(int fd)
{
	static char text[2 * PIPE_BUF];
	ssize_t n = recv(fd, text, sizeof(text) - 1, 0);

	text[n < 0 ? 0 : n] = '\0';
	return n < 0 ? "-" : text;
}

#define STAMP "[A-Z][a-z]{2} [ 1-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-6][0-9] vigild\\[[0-9]+\\]: "

START_TEST(syslog_may_start_late_restart_and_stall)
{
	int fd, sent = 0;
	unsigned long lost = 0;

	if (!hide("/dev")) {
		fprintf(stderr, "SKIP: no mount namespace here, syslog is not tested\n");
		return;
	}
	ck_assert_int_eq(log_open("syslog", LEVEL_INFO), 0); /* syslogd does not run yet */
	log_info("too soon");
	fd = listen_at("/dev/log");
	log_write(LEVEL_ERROR, "web", "up\nnow");
	assert_like(received(fd), "^<28>" STAMP "log: 1 line could not be written: ");
	assert_like(received(fd), "^<27>" STAMP "web: up\\\\nnow$");

	close(fd); /* syslogd is restarted */
	unlink("/dev/log");
	log_info("meanwhile");
	fd = listen_at("/dev/log");
	log_info("again");
	assert_like(received(fd), "^<28>" STAMP "log: 1 line ");
	assert_like(received(fd), "^<30>" STAMP "again$");
	close(fd);
	unlink("/dev/log");
	fd = listen_at("/dev/log");
	log_info("at once"); /* it was restarted between two lines, and no line is lost */
	assert_like(received(fd), "^<30>" STAMP "at once$");

	for (int i = 0; i < 3000; i++) /* it hangs: more lines than any queue holds */
		log_info("x");
	while (strcmp(received(fd), "-") != 0)
		sent++;
	log_info("awake");
	ck_assert_int_eq(sscanf(strstr(received(fd), "log: "), "log: %lu", &lost), 1);
	ck_assert_uint_gt(lost, 0);
	ck_assert_uint_eq(lost + (unsigned long)sent, 3000);
	assert_like(received(fd), "awake$");
	close(fd);
}
END_TEST

#ifdef HAVE_SYSTEMD
static void assert_field(const char *message, const char *field)
{
	char line[256];

	snprintf(line, sizeof(line), "%s\n", field);
	ck_assert_msg(strstr(message, line) != NULL, "no %s in %s", field, message);
}

START_TEST(the_journal_gets_fields_and_may_stall)
{
	const char *message;
	int fd, sent = 0;

	if (!hide("/run")) {
		fprintf(stderr, "SKIP: no mount namespace here, the journal is not tested\n");
		return;
	}
	ck_assert_int_eq(log_open("journal", LEVEL_INFO), -ENOENT); /* it does not run */
	ck_assert_int_eq(mkdir("/run/systemd", 0755), 0);
	ck_assert_int_eq(mkdir("/run/systemd/journal", 0755), 0);
	fd = listen_at("/run/systemd/journal/socket");
	ck_assert_int_eq(log_open("journal", LEVEL_INFO), 0);

	log_warn("of the host");
	message = received(fd);
	assert_field(message, "PRIORITY=4");
	assert_field(message, "MESSAGE=of the host");
	ck_assert_ptr_null(strstr(message, "VIGIL_"));
	ck_assert_ptr_null(strstr(message, "CODE_FILE"));
	log_write(LEVEL_INFO, "disk", "x\nPRIORITY=0");
	message = received(fd);
	assert_field(message, "PRIORITY=6");
	assert_field(message, "MESSAGE=disk: x\\nPRIORITY=0");
	assert_field(message, "VIGIL_DAEMON=disk");
	assert_field(message, "SYSLOG_IDENTIFIER=vigild");
	ck_assert_ptr_null(strstr(message, "VIGIL_SERVICE"));
	log_write(LEVEL_ERROR, "web/nginx.service", "x");
	message = received(fd);
	assert_field(message, "PRIORITY=3");
	assert_field(message, "VIGIL_DAEMON=web");
	assert_field(message, "VIGIL_SERVICE=nginx.service");
	assert_field(message, "MESSAGE=web: x");

	for (int i = 0; i < 3000; i++) /* it hangs, but vigild does not */
		log_info("x");
	while (strcmp(received(fd), "-") != 0)
		sent++;
	ck_assert_int_gt(sent, 0);
	ck_assert_int_lt(sent, 3000);
	log_info("awake");
	ck_assert_ptr_nonnull(strstr(received(fd), "lines could not be written"));
	assert_field(received(fd), "MESSAGE=awake");
	close(fd);
}
END_TEST
#else
START_TEST(the_journal_gets_fields_and_may_stall)
{
	ck_assert_int_eq(log_open("journal", LEVEL_INFO), -ENOTSUP);
}
END_TEST
#endif

SUITE("log_targets", setup, teardown)
{
	TEST(lines_lost_on_a_full_disk_are_counted);
	TEST(lines_lost_on_a_full_device_are_counted);
	TEST(a_reader_that_stalls_does_not_block_vigild);
	TEST(a_reader_that_is_gone_is_ignored);
	TEST(stderr_of_the_journal_has_priorities);
	TEST(other_stderr_has_no_priorities);
	TEST(syslog_may_start_late_restart_and_stall);
	TEST(the_journal_gets_fields_and_may_stall);
}
