/* The log: what reaches each target, what never does, and what happens when it is full. */
#include "base/log.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <regex.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scratch.h"
#include "base/text.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define TIME     "20[0-9][0-9]-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\\.[0-9]{3}Z"

static int real_stderr;

static void setup(void)
{
	scratch_setup();
	real_stderr = dup(STDERR_FILENO);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
}

static void teardown(void)
{
	log_set_sink(NULL, NULL);
	log_close();
	log_set_level(VIGIL_INFO);
	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	scratch_teardown();
}

static const char *content(const char *path)
{
	static char text[1 << 16];
	int fd = open(path, O_RDONLY);
	ssize_t n;

	ck_assert_int_ge(fd, 0);
	n = read(fd, text, sizeof(text) - 1);
	ck_assert_int_ge(n, 0);
	close(fd);
	text[n] = '\0';
	return text;
}

static void assert_like(const char *text, const char *pattern)
{
	regex_t regex;

	ck_assert_int_eq(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
	ck_assert_msg(
		regexec(&regex, text, 0, NULL, 0) == 0, "\"%s\" is not like \"%s\"", text, pattern);
	regfree(&regex);
}

/* --- levels ----------------------------------------------------------------------------------- */

START_TEST(levels)
{
	static const char *const names[] = {"error", "warning", "notice", "info", "debug"};
	static const char *const bad[] = {"", "warn", "ERROR", "info ", "6"};
	vigil_level level;

	for (size_t i = 0; i < COUNT(names); i++) {
		ck_assert_int_eq(log_level_parse(names[i], &level), 0);
		ck_assert_int_eq(level, i);
		ck_assert_str_eq(log_level_name(level), names[i]);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		ck_assert_int_eq(log_level_parse(bad[i], &level), -EINVAL);
	ck_assert_int_eq(log_level(), VIGIL_INFO);
}
END_TEST

static char sunk[8192];

static void on_line(vigil_level level, const char *line, void *arg)
{
	size_t at = strlen(sunk);

	snprintf(sunk + at, sizeof(sunk) - at, "%d %s|", (int)level, line);
}

START_TEST(only_what_the_level_lets_through)
{
	log_set_sink(on_line, NULL);
	for (vigil_level set = VIGIL_ERROR; set <= VIGIL_DEBUG; set++) {
		log_set_level(set);
		ck_assert_int_eq(log_level(), set);
		for (vigil_level level = VIGIL_ERROR; level <= VIGIL_DEBUG; level++) {
			sunk[0] = '\0';
			log_write(level, NULL, "x");
			ck_assert_int_eq(sunk[0] != '\0', level <= set);
		}
	}
	sunk[0] = '\0';
	log_write((vigil_level)17, NULL, "a level there is not");
	ck_assert_str_eq(sunk, "");
}
END_TEST

START_TEST(lines)
{
	log_set_sink(on_line, NULL);
	log_set_level(VIGIL_DEBUG);
	log_error("%s=%d", "a", 1);
	log_write(VIGIL_WARN, "disk", "full");
	log_write(VIGIL_DEBUG, "web/nginx.service", "is %s", "up\n2026-01-01 forged");
	log_notice("ends in two\n\n");
	log_info("%s", "");
	log_write(VIGIL_INFO, "bad\x1b[2Jname", "x");
	ck_assert_str_eq(sunk, "0 a=1|1 disk: full|4 web: is up\\n2026-01-01 forged|"
			       "2 ends in two|3 |3 bad\\x1B[2Jname: x|");
}
END_TEST

START_TEST(errno_is_left_alone)
{
	log_set_sink(on_line, NULL);
	sunk[0] = '\0';
	errno = ENOSPC;
	log_write(VIGIL_INFO, "who", "%s", "x");
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_str_eq(sunk, "3 who: x|");
	log_set_sink(NULL, NULL);
	close(STDERR_FILENO);
	log_info("goes nowhere");
	ck_assert_int_eq(errno, ENOSPC);
}
END_TEST

/* --- files ------------------------------------------------------------------------------------ */

START_TEST(file)
{
	const char *path = scratch_path("log");
	struct stat st;

	umask(0);
	ck_assert_int_eq(log_open(path, VIGIL_NOTICE), 0);
	ck_assert_int_eq(log_level(), VIGIL_NOTICE);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0640);
	log_info("not this");
	log_notice("first");
	log_write(VIGIL_ERROR, "web", "second\nERROR forged");
	assert_like(content(path),
		"^" TIME " notice +first\n" TIME " error +web: second\\\\nERROR forged\n$");
	log_close();
	ck_assert_int_eq(log_open(path, VIGIL_NOTICE), 0);
	log_notice("third");
	assert_like(content(path), "^" TIME " notice +first\n.*forged\n" TIME " notice +third\n$");
}
END_TEST

START_TEST(what_is_no_target)
{
	const char *good = scratch_path("good"), *link = scratch_path("link");
	const char *fifo = scratch_path("fifo"), *victim = scratch_put("victim", 0644, "%s", "");
	int reader;

	ck_assert_int_eq(symlink(victim, link), 0);
	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	ck_assert_int_eq(log_open(good, VIGIL_INFO), 0);
	ck_assert_int_eq(log_open(link, VIGIL_DEBUG), -ELOOP);
	ck_assert_str_eq(
		log_trouble(-ELOOP), "it is a symbolic link, and symbolic links are not followed");
	ck_assert_int_eq(unlink(link), 0);
	ck_assert_int_eq(linkat(AT_FDCWD, victim, AT_FDCWD, link, 0), 0);
	ck_assert_int_eq(log_open(link, VIGIL_DEBUG), -EMLINK);
	ck_assert_int_eq(log_open(scratch, VIGIL_DEBUG), -EISDIR);
	ck_assert_int_eq(log_open("/dev/null", VIGIL_DEBUG), -EINVAL);
	ck_assert_int_eq(log_open(fifo, VIGIL_DEBUG), -ENXIO); /* at once, nobody reads it */
	reader = open(fifo, O_RDONLY | O_NONBLOCK);
	ck_assert_int_eq(log_open(fifo, VIGIL_DEBUG), -EINVAL);
	close(reader);
	ck_assert_int_eq(log_open(scratch_path("no/such"), VIGIL_DEBUG), -ENOENT);
	ck_assert_int_eq(log_open("relative", VIGIL_DEBUG), -EINVAL);
	ck_assert_int_eq(log_open("", VIGIL_DEBUG), -EINVAL);
	ck_assert_int_eq(log_open("Auto", VIGIL_DEBUG), -EINVAL);
	/* The old one has stayed, its level too. */
	ck_assert_int_eq(log_level(), VIGIL_INFO);
	log_info("still here");
	assert_like(content(good), "still here\n$");
	ck_assert_str_eq(content(victim), "");
}
END_TEST

START_TEST(reopened_after_a_rotation)
{
	const char *path = scratch_path("log"), *old = scratch_path("log.1");

	ck_assert_int_eq(log_reopen(), 0); /* stderr: nothing to do */
	ck_assert_int_eq(log_open(path, VIGIL_INFO), 0);
	log_info("one");
	ck_assert_int_eq(rename(path, old), 0);
	log_info("two");
	ck_assert_int_eq(symlink("/dev/null", path), 0);
	ck_assert_int_eq(log_reopen(), -ELOOP);
	log_info("three");
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(log_reopen(), 0);
	log_info("four");
	assert_like(content(old), "^.* one\n.* two\n.* three\n$");
	assert_like(content(path), "^.* four\n$");
}
END_TEST

/* A program that is started must not hold the log, nor may opening it anew cost descriptors. */
START_TEST(descriptors)
{
	const char *path = scratch_path("log");
	int before = dup(0), after, fd;

	close(before);
	for (int i = 0; i < 10; i++) {
		ck_assert_int_eq(log_open(path, VIGIL_INFO), 0);
		ck_assert_int_eq(log_reopen(), 0);
		ck_assert_int_eq(log_open("/dev/null", VIGIL_INFO), -EINVAL);
	}
	for (fd = 3; fd < 64; fd++) {
		struct stat a, b;

		if (fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_ino == b.st_ino &&
			a.st_dev == b.st_dev)
			break;
	}
	ck_assert_int_lt(fd, 64);
	ck_assert_int_eq(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & O_APPEND, O_APPEND);
	ck_assert_int_eq(log_open("stderr", VIGIL_INFO), 0);
	after = dup(0);
	ck_assert_int_eq(after, before);
	close(after);
}
END_TEST

/* However long: one line, one write, whole characters, dots. */
START_TEST(long_lines_are_cut)
{
	const char *path = scratch_path("log");
	char text[3 * PIPE_BUF], *line;
	uint32_t c;

	for (size_t i = 0; i + 3 < sizeof(text); i += 3)
		memcpy(text + i, "\xe2\x82\xac", 4);
	for (int shift = 0; shift < 3; shift++) {
		unlink(path);
		ck_assert_int_eq(log_open(path, VIGIL_INFO), 0);
		log_info("%.*s%s", shift, "xx", text);
		line = (char *)content(path);
		ck_assert_uint_le(strlen(line), PIPE_BUF);
		ck_assert_uint_gt(strlen(line), PIPE_BUF / 2);
		assert_like(line, "[^.]\\.\\.\\.\n$");
		for (size_t took; *line != '\0'; line += took)
			ck_assert_uint_gt(took = text_decode(line, strlen(line), &c), 0);
		ck_assert_ptr_null(strstr(content(path), "\\x"));
	}
}
END_TEST

START_TEST(lines_of_many_never_mix)
{
	enum { WRITERS = 4, LINES = 200 };
	const char *path = scratch_path("log");
	int count[WRITERS] = {0}, status;
	char text[301], line[1024];
	FILE *in;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	ck_assert_int_eq(log_open(path, VIGIL_INFO), 0);
	for (int w = 0; w < WRITERS; w++) {
		if (fork() != 0)
			continue;
		for (int i = 0; i < LINES; i++)
			log_info("%d %s %d", w, text, i);
		_exit(0);
	}
	for (int w = 0; w < WRITERS; w++) {
		ck_assert_int_gt(wait(&status), 0);
		ck_assert_int_eq(status, 0);
	}
	in = fopen(path, "r");
	while (fgets(line, sizeof(line), in) != NULL) {
		int w, i, n = sscanf(line, "%*s info %d %*[x] %d\n", &w, &i);

		ck_assert_msg(n == 2 && w >= 0 && w < WRITERS, "%s", line);
		ck_assert_int_eq(i, count[w]++);
		ck_assert_uint_eq(
			strlen(line), strlen(strchr(line, 'x')) + (strchr(line, 'x') - line));
	}
	fclose(in);
	for (int w = 0; w < WRITERS; w++)
		ck_assert_int_eq(count[w], LINES);
}
END_TEST

/* --- what is full ----------------------------------------------------------------------------- */

static void limit_file_size(rlim_t size)
{
	struct rlimit limit;

	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = size;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* A file that may not grow takes a part of a line, then none, as a full disk does. */
START_TEST(a_full_disk_costs_lines_and_says_how_many)
{
	const char *path = scratch_path("log");
	struct stat st;

	ck_assert_int_eq(log_open(path, VIGIL_INFO), 0);
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

START_TEST(a_full_device_behind_stderr)
{
	const char *path = scratch_path("later");
	int full = open("/dev/full", O_WRONLY), later;

	ck_assert_int_eq(log_open("stderr", VIGIL_INFO), 0);
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

/* Who reads our stderr may stop reading, and a host that waited for it would watch nothing. */
START_TEST(a_reader_that_stalls_does_not_stall_us)
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

START_TEST(a_reader_that_is_gone)
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

/* --- stderr and the journal behind it --------------------------------------------------------- */

START_TEST(stderr_of_the_journal)
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
	ck_assert_int_eq(log_open("auto", VIGIL_DEBUG), 0);
	log_error("e");
	log_warn("w");
	log_notice("n");
	log_write(VIGIL_INFO, "web/nginx", "i\n<0>forged");
	log_debug("d");
	ck_assert_str_eq(content(path), "<3>e\n<4>w\n<5>n\n<6>web: i\\n<0>forged\n<7>d\n");
	/* Asked for by name it is plain, and so it is where the stream is another one. */
	ck_assert_int_eq(truncate(path, 0), 0);
	ck_assert_int_eq(log_open("stderr", VIGIL_INFO), 0);
	log_info("plain");
	assert_like(content(path), "^" TIME " info +plain\n$");
}
END_TEST

START_TEST(stderr_of_others)
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
		ck_assert_int_eq(log_open("auto", VIGIL_INFO), 0);
		log_info("plain");
		assert_like(content(path), "^" TIME " info +plain\n$");
	}
}
END_TEST

/* --- syslog and the journal themselves -------------------------------------------------------- */

static bool put_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	bool done = fd >= 0 && write(fd, text, strlen(text)) > 0;

	close(fd);
	return done;
}

/* Who is not root may mount in a namespace of users, where he is root. */
static bool become_root(void)
{
	char users[32], groups[32];

	snprintf(users, sizeof(users), "0 %u 1", (unsigned)geteuid());
	snprintf(groups, sizeof(groups), "0 %u 1", (unsigned)getegid());
	return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
	       put_text("/proc/self/setgroups", "deny") && put_text("/proc/self/uid_map", users) &&
	       put_text("/proc/self/gid_map", groups);
}

/* An empty directory in the place of dir, for this process alone; false where the machine does
 * not let us. */
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

/* The next datagram; "-" where there is none. */
static const char *received(int fd)
{
	static char text[2 * PIPE_BUF];
	ssize_t n = recv(fd, text, sizeof(text) - 1, 0);

	text[n < 0 ? 0 : n] = '\0';
	return n < 0 ? "-" : text;
}

#define STAMP "[A-Z][a-z]{2} [ 1-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-6][0-9] vigild\\[[0-9]+\\]: "

START_TEST(syslog_comes_goes_and_stalls)
{
	int fd, sent = 0;
	unsigned long lost = 0;

	if (!hide("/dev")) {
		fprintf(stderr, "SKIP: no mount namespace here, syslog is not tested\n");
		return;
	}
	ck_assert_int_eq(log_open("syslog", VIGIL_INFO), 0); /* it is not up yet */
	log_info("too soon");
	fd = listen_at("/dev/log");
	log_write(VIGIL_ERROR, "web", "up\nnow");
	assert_like(received(fd), "^<28>" STAMP "log: 1 line could not be written: ");
	assert_like(received(fd), "^<27>" STAMP "web: up\\\\nnow$");

	close(fd); /* it is restarted */
	unlink("/dev/log");
	log_info("meanwhile");
	fd = listen_at("/dev/log");
	log_info("again");
	assert_like(received(fd), "^<28>" STAMP "log: 1 line ");
	assert_like(received(fd), "^<30>" STAMP "again$");
	close(fd);
	unlink("/dev/log");
	fd = listen_at("/dev/log");
	log_info("at once"); /* restarted between two lines: none is lost */
	assert_like(received(fd), "^<30>" STAMP "at once$");

	for (int i = 0; i < 3000; i++) /* it hangs: more than any queue holds */
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

START_TEST(journal)
{
	const char *message;
	int fd, sent = 0;

	if (!hide("/run")) {
		fprintf(stderr, "SKIP: no mount namespace here, the journal is not tested\n");
		return;
	}
	ck_assert_int_eq(log_open("journal", VIGIL_INFO), -ENOENT); /* there is none */
	ck_assert_int_eq(mkdir("/run/systemd", 0755), 0);
	ck_assert_int_eq(mkdir("/run/systemd/journal", 0755), 0);
	fd = listen_at("/run/systemd/journal/socket");
	ck_assert_int_eq(log_open("journal", VIGIL_INFO), 0);

	log_warn("of the host");
	message = received(fd);
	assert_field(message, "PRIORITY=4");
	assert_field(message, "MESSAGE=of the host");
	ck_assert_ptr_null(strstr(message, "VIGIL_"));
	ck_assert_ptr_null(strstr(message, "CODE_FILE"));
	log_write(VIGIL_INFO, "disk", "x\nPRIORITY=0");
	message = received(fd);
	assert_field(message, "PRIORITY=6");
	assert_field(message, "MESSAGE=disk: x\\nPRIORITY=0");
	assert_field(message, "VIGIL_DAEMON=disk");
	assert_field(message, "SYSLOG_IDENTIFIER=vigild");
	ck_assert_ptr_null(strstr(message, "VIGIL_SERVICE"));
	log_write(VIGIL_ERROR, "web/nginx.service", "x");
	message = received(fd);
	assert_field(message, "PRIORITY=3");
	assert_field(message, "VIGIL_DAEMON=web");
	assert_field(message, "VIGIL_SERVICE=nginx.service");
	assert_field(message, "MESSAGE=web: x");

	for (int i = 0; i < 3000; i++) /* it hangs, we do not */
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
START_TEST(journal)
{
	ck_assert_int_eq(log_open("journal", VIGIL_INFO), -ENOTSUP);
}
END_TEST
#endif

int main(void)
{
	Suite *suite = suite_create("log");
	TCase *tcase = tcase_create("log");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, levels);
	tcase_add_test(tcase, only_what_the_level_lets_through);
	tcase_add_test(tcase, lines);
	tcase_add_test(tcase, errno_is_left_alone);
	tcase_add_test(tcase, file);
	tcase_add_test(tcase, what_is_no_target);
	tcase_add_test(tcase, reopened_after_a_rotation);
	tcase_add_test(tcase, descriptors);
	tcase_add_test(tcase, long_lines_are_cut);
	tcase_add_test(tcase, lines_of_many_never_mix);
	tcase_add_test(tcase, a_full_disk_costs_lines_and_says_how_many);
	tcase_add_test(tcase, a_full_device_behind_stderr);
	tcase_add_test(tcase, a_reader_that_stalls_does_not_stall_us);
	tcase_add_test(tcase, a_reader_that_is_gone);
	tcase_add_test(tcase, stderr_of_the_journal);
	tcase_add_test(tcase, stderr_of_others);
	tcase_add_test(tcase, syslog_comes_goes_and_stalls);
	tcase_add_test(tcase, journal);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
