/* check_log: levels, escaped lines, and log files. */
#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/text.h"
#include "fixture_log.h"

/* --- levels ----------------------------------------------------------------------------------- */

START_TEST(levels_have_names)
{
	static const char *const names[] = {"error", "warning", "notice", "info", "debug"};
	static const char *const bad[] = {"", "warn", "ERROR", "info ", "6"};
	enum log_level level;

	for (size_t i = 0; i < COUNT(names); i++) {
		ck_assert_int_eq(log_level_parse(names[i], &level), 0);
		ck_assert_int_eq(level, i);
		ck_assert_str_eq(log_level_name(level), names[i]);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		ck_assert_int_eq(log_level_parse(bad[i], &level), -EINVAL);
	ck_assert_int_eq(log_level(), LEVEL_INFO);
}
END_TEST

static char sunk[8192];

static void on_line(enum log_level level, const char *line, void *arg)
{
	size_t at = strlen(sunk);

	snprintf(sunk + at, sizeof(sunk) - at, "%d %s|", (int)level, line);
}

START_TEST(lines_above_the_level_are_not_written)
{
	log_set_sink(on_line, NULL);
	for (enum log_level set = LEVEL_ERROR; set <= LEVEL_DEBUG; set++) {
		log_set_level(set);
		ck_assert_int_eq(log_level(), set);
		for (enum log_level level = LEVEL_ERROR; level <= LEVEL_DEBUG; level++) {
			sunk[0] = '\0';
			log_write(level, NULL, "x");
			ck_assert_int_eq(sunk[0] != '\0', level <= set);
		}
	}
	sunk[0] = '\0';
	log_write((enum log_level)17, NULL, "a level there is not");
	ck_assert_str_eq(sunk, "");
}
END_TEST

START_TEST(lines_are_escaped)
{
	log_set_sink(on_line, NULL);
	log_set_level(LEVEL_DEBUG);
	log_error("%s=%d", "a", 1);
	log_write(LEVEL_WARN, "disk", "full");
	log_write(LEVEL_DEBUG, "web/nginx.service", "is %s", "up\n2026-01-01 forged");
	log_notice("ends in two\n\n");
	log_info("%s", "");
	log_write(LEVEL_INFO, "bad\x1b[2Jname", "x");
	ck_assert_str_eq(sunk, "0 a=1|1 disk: full|4 web: is up\\n2026-01-01 forged|"
			       "2 ends in two|3 |3 bad\\x1B[2Jname: x|");
}
END_TEST

START_TEST(errno_is_preserved)
{
	log_set_sink(on_line, NULL);
	sunk[0] = '\0';
	errno = ENOSPC;
	log_write(LEVEL_INFO, "who", "%s", "x");
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_str_eq(sunk, "3 who: x|");
	log_set_sink(NULL, NULL);
	close(STDERR_FILENO);
	log_info("goes nowhere");
	ck_assert_int_eq(errno, ENOSPC);
}
END_TEST

/* --- files ------------------------------------------------------------------------------------ */

START_TEST(a_file_is_appended_to)
{
	const char *path = scratch_path("log");
	struct stat st;

	umask(0);
	ck_assert_int_eq(log_open(path, LEVEL_NOTICE), 0);
	ck_assert_int_eq(log_level(), LEVEL_NOTICE);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0640);
	log_info("not this");
	log_notice("first");
	log_write(LEVEL_ERROR, "web", "second\nERROR forged");
	assert_like(content(path),
		"^" TIME " notice +first\n" TIME " error +web: second\\\\nERROR forged\n$");
	log_close();
	ck_assert_int_eq(log_open(path, LEVEL_NOTICE), 0);
	log_notice("third");
	assert_like(content(path), "^" TIME " notice +first\n.*forged\n" TIME " notice +third\n$");
}
END_TEST

START_TEST(an_invalid_target_is_refused)
{
	const char *good = scratch_path("good"), *link = scratch_path("link");
	const char *fifo = scratch_path("fifo"), *victim = scratch_put("victim", 0644, "%s", "");
	int reader;

	ck_assert_int_eq(symlink(victim, link), 0);
	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	ck_assert_int_eq(log_open(good, LEVEL_INFO), 0);
	ck_assert_int_eq(log_open(link, LEVEL_DEBUG), -ELOOP);
	ck_assert_str_eq(
		log_trouble(-ELOOP), "it is a symbolic link, and symbolic links are not followed");
	ck_assert_int_eq(unlink(link), 0);
	ck_assert_int_eq(linkat(AT_FDCWD, victim, AT_FDCWD, link, 0), 0);
	ck_assert_int_eq(log_open(link, LEVEL_DEBUG), -EMLINK);
	ck_assert_int_eq(log_open(scratch, LEVEL_DEBUG), -EISDIR);
	ck_assert_int_eq(log_open("/dev/null", LEVEL_DEBUG), -EINVAL);
	ck_assert_int_eq(log_open(fifo, LEVEL_DEBUG), -ENXIO); /* it does not wait for a reader */
	reader = open(fifo, O_RDONLY | O_NONBLOCK);
	ck_assert_int_eq(log_open(fifo, LEVEL_DEBUG), -EINVAL);
	close(reader);
	ck_assert_int_eq(log_open(scratch_path("no/such"), LEVEL_DEBUG), -ENOENT);
	ck_assert_int_eq(log_open("relative", LEVEL_DEBUG), -EINVAL);
	ck_assert_int_eq(log_open("", LEVEL_DEBUG), -EINVAL);
	ck_assert_int_eq(log_open("Auto", LEVEL_DEBUG), -EINVAL);
	/* The old target and its level are unchanged. */
	ck_assert_int_eq(log_level(), LEVEL_INFO);
	log_info("still here");
	assert_like(content(good), "still here\n$");
	ck_assert_str_eq(content(victim), "");
}
END_TEST

/* log_check returns what log_open would return, and opens and creates nothing. */
START_TEST(a_target_is_checked_without_being_used)
{
	const char *good = scratch_path("good"), *link = scratch_path("link");
	const char *fifo = scratch_path("fifo");
	int before = dup(0), after;

	close(before);
	ck_assert_int_eq(log_check(good), 0);
	ck_assert_int_eq(access(good, F_OK), -1);
	ck_assert_int_eq(symlink(good, link), 0);
	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	ck_assert_int_eq(log_check(link), -ELOOP);
	ck_assert_int_eq(log_check(fifo), -ENXIO);
	ck_assert_int_eq(log_check(scratch), -EISDIR);
	ck_assert_int_eq(log_check("/dev/null"), -EINVAL);
	ck_assert_int_eq(log_check(scratch_path("no/such")), -ENOENT);
	ck_assert_int_eq(log_check("/no-such"), access("/", W_OK) == 0 ? 0 : -EACCES);
	ck_assert_int_eq(log_check("relative"), -EINVAL);
	ck_assert_int_eq(log_check("stderr"), 0);
	ck_assert_int_eq(log_check("syslog"), 0);
	ck_assert_int_eq(log_open(good, LEVEL_INFO), 0);
	ck_assert_int_eq(log_check(good), 0);
	log_info("still here");
	assert_like(content(good), "still here\n$");
	log_close();
	after = dup(0);
	ck_assert_int_eq(after, before);
	close(after);
}
END_TEST

START_TEST(the_file_is_reopened_after_a_rotation)
{
	const char *path = scratch_path("log"), *old = scratch_path("log.1");

	ck_assert_int_eq(log_reopen(), 0); /* nothing to do for stderr */
	ck_assert_int_eq(log_open(path, LEVEL_INFO), 0);
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

/* Programs that vigild starts must not inherit the log, and opening it again must not leak
 * descriptors. */
START_TEST(descriptors_are_not_inherited_or_leaked)
{
	const char *path = scratch_path("log");
	int before = dup(0), after, fd;

	close(before);
	for (int i = 0; i < 10; i++) {
		ck_assert_int_eq(log_open(path, LEVEL_INFO), 0);
		ck_assert_int_eq(log_reopen(), 0);
		ck_assert_int_eq(log_open("/dev/null", LEVEL_INFO), -EINVAL);
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
	ck_assert_int_eq(log_open("stderr", LEVEL_INFO), 0);
	after = dup(0);
	ck_assert_int_eq(after, before);
	close(after);
}
END_TEST

/* A line of any length is one write, cut between characters, with dots. */
START_TEST(long_lines_are_cut)
{
	const char *path = scratch_path("log");
	char text[3 * PIPE_BUF], *line;
	uint32_t c;

	for (size_t i = 0; i + 3 < sizeof(text); i += 3)
		memcpy(text + i, "\xe2\x82\xac", 4);
	for (int shift = 0; shift < 3; shift++) {
		unlink(path);
		ck_assert_int_eq(log_open(path, LEVEL_INFO), 0);
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

START_TEST(lines_of_several_threads_are_not_mixed)
{
	enum { WRITERS = 4, LINES = 200 };
	const char *path = scratch_path("log");
	int count[WRITERS] = {0}, status;
	char text[301], line[1024];
	FILE *in;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	ck_assert_int_eq(log_open(path, LEVEL_INFO), 0);
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

SUITE("log", setup, teardown)
{
	TEST(levels_have_names);
	TEST(lines_above_the_level_are_not_written);
	TEST(lines_are_escaped);
	TEST(errno_is_preserved);
	TEST(a_file_is_appended_to);
	TEST(an_invalid_target_is_refused);
	TEST(a_target_is_checked_without_being_used);
	TEST(the_file_is_reopened_after_a_rotation);
	TEST(descriptors_are_not_inherited_or_leaked);
	TEST(long_lines_are_cut);
	TEST(lines_of_several_threads_are_not_mixed);
}
