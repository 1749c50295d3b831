/*
 * check_files_follow: new lines of real logs in each kind of rotation, also across a restart of the
 * program that follows them.
 */
#include "modules/files/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "modules/files/rotated.h"
#include "scratch.h"
#include "suite.h"

static struct limits limits;
static struct follow *follow;
static struct follow_news news;

static void setup(void)
{
	scratch_setup();
	memset(&limits, 0, sizeof(limits));
	limits.match = true;
	ck_assert_int_eq(regcomp(&limits.wanted, "error", REG_EXTENDED | REG_NOSUB), 0);
	follow = follow_new(&limits, NULL, true);
}

static void teardown(void)
{
	follow_free(follow);
	regfree(&limits.wanted);
	scratch_teardown();
}

__attribute__((format(printf, 1, 2))) static void shell(const char *format, ...)
{
	char command[1024], whole[1200];
	va_list ap;

	va_start(ap, format);
	vsnprintf(command, sizeof(command), format, ap);
	va_end(ap);
	snprintf(whole, sizeof(whole), "cd %s && %s", scratch, command);
	ck_assert_int_eq(system(whole), 0);
}

/* Scans the log once, until there is nothing more to be read. Returns the result of the last
 * read. */
static int scan(void)
{
	int err;

	memset(&news, 0, sizeof(news));
	do {
		news.more = false;
		err = follow_read(follow, scratch_path("log"), &news);
	} while (news.more);
	follow_end_scan(follow);
	return err;
}

/* The program starts again, with the bookmarks that it had reported. */
static void restart(void)
{
	json_t *bookmarks = follow_bookmarks(follow);

	follow_free(follow);
	follow = follow_new(&limits, bookmarks, false);
	json_decref(bookmarks);
}

#define FINDS(n)                                                                           \
	do {                                                                               \
		ck_assert_int_eq(scan(), 0);                                               \
		ck_assert_msg(news.matches == (n), "%ld matches in %ld lines, not %d: %s", \
			news.matches, news.lines, (n), news.last[0]);                      \
	} while (0)

/* A log with 100 lines that have been read. */
static void begin(void)
{
	shell("seq -f 'line %%g error' 100 >log");
	FINDS(0);
}

START_TEST(only_new_lines_count)
{
	begin();
	shell("echo an error >>log");
	FINDS(1);
	ck_assert_str_eq(news.last[0], "an error");
	FINDS(0);
	shell("echo fine >>log; echo error 2 >>log; echo error 3 >>log");
	FINDS(2);
	ck_assert_int_eq(news.lines, 3);
}
END_TEST

START_TEST(a_log_that_is_created_later_is_read_from_its_beginning)
{
	ck_assert_int_eq(scan(), -ENOENT);
	shell("echo error >log");
	FINDS(1);
}
END_TEST

START_TEST(a_line_counts_when_it_is_whole)
{
	begin();
	shell("printf 'an er' >>log");
	FINDS(0);
	restart();
	shell("printf 'ror' >>log");
	FINDS(0);
	shell("echo >>log");
	FINDS(1);
	ck_assert_str_eq(news.last[0], "an error");
}
END_TEST

START_TEST(a_log_that_begins_inside_a_line_skips_the_rest_of_it)
{
	shell("printf 'half an er' >log");
	FINDS(0);
	shell("echo 'ror in old text error' >>log; echo error >>log");
	FINDS(1);
	ck_assert_str_eq(news.last[0], "error");
}
END_TEST

/* How a log is rotated. After the commands, the line "last error" was written to the old file, and
 * "first error" to the new one. */
static const struct {
	const char *name, *commands;
	bool open_only; /* the old file can be read only if it was open */
} kinds[] = {
	{"rename and create", "echo last error >>log; mv log log.1; echo first error >log", false},
	{"a line to the renamed file",
		"mv log log.1; echo last error >>log.1; echo first error >log", false},
	{"the writer makes the new file late",
		"mv log log.1; (echo last error) >>log.1; : >log; echo first error >>log", false},
	{"copytruncate", "echo last error >>log; cp log log.1; : >log; echo first error >>log",
		false},
	{"copytruncate, and the new file is longer",
		"echo last error >>log; cp log log.1; : >log; echo first error >log; "
		"seq -f 'another line %g' 500 >>log",
		false},
	{"compressed at once",
		"echo last error >>log; mv log log.1; gzip log.1; echo first error >log", false},
	{"copytruncate, compressed",
		"echo last error >>log; cp log log.1; : >log; gzip log.1; echo first error >log",
		false},
	{"a date in the name, compressed with xz",
		"echo last error >>log; mv log log-20261130; xz "
		"log-20261130; echo first error >log",
		false},
	{"two rotations",
		"echo last error >>log; touch -d '1 hour ago' log; mv log log.1; gzip log.1; "
		"mv log.1.gz log.2.gz; echo first error >log; mv log log.1; echo fine >log",
		false},
	{"two rotations without compression",
		"echo last error >>log; touch -d '1 hour ago' log; mv log log.2; "
		"echo first error >log.1; echo fine >log",
		false},
	{"without a newline at the end, not compressed",
		"printf 'last error' >>log; touch -d '1 minute ago' log; mv log log.1; "
		"echo first error >log",
		false},
	{"an older file has the same beginning",
		"head -c 1200 log >log.2; seq -f 'other error %g' 200 >>log.2; gzip log.2; "
		"touch -d '2 hours ago' log.2.gz; echo last error >>log; mv log log.1; gzip log.1; "
		"echo first error >log",
		false},
	{"without a newline at the end",
		"printf 'last error' >>log; touch -d '1 minute ago' log; mv log log.1; gzip log.1; "
		"echo first error >log",
		false},
	{"the inode is used again",
		"echo last error >>log; cp log log.1; rm log; echo first error >log", false},
	{"removed by the rotation", "echo last error >>log; rm log; echo first error >log", true},
};

START_TEST(rotation_loses_and_repeats_no_line)
{
	begin();
	shell("%s", kinds[_i].commands);
	FINDS(2);
	FINDS(0);
	shell("echo one more error >>log");
	FINDS(1);
	ck_assert_uint_eq(news.note_count, 0);
	restart();
	FINDS(0);
}
END_TEST

START_TEST(rotation_during_a_restart_loses_and_repeats_no_line)
{
	begin();
	restart();
	shell("%s", kinds[_i].commands);
	FINDS(kinds[_i].open_only ? 1 : 2);
	ck_assert_int_eq(news.note_count, 1);
	ck_assert_msg((strstr(news.notes[0], "not found") != NULL) == kinds[_i].open_only, "%s: %s",
		kinds[_i].name, news.notes[0]);
	restart();
	FINDS(0);
	shell("echo one more error >>log");
	FINDS(1);
}
END_TEST

START_TEST(a_writer_that_reopens_its_log_late_loses_no_line)
{
	begin();
	shell("mv log log.1; : >log");
	FINDS(0);
	shell("echo late error >>log.1");
	FINDS(1);
	restart();
	shell("echo later error >>log.1");
	FINDS(1);
	shell("echo error >>log");
	FINDS(1);
}
END_TEST

START_TEST(a_log_that_is_missing_for_a_moment_is_read_on)
{
	begin();
	shell("echo last error >>log; mv log log.1");
	FINDS(1);
	shell("echo late error >>log.1");
	FINDS(1);
	shell("echo first error >log");
	FINDS(1);
}
END_TEST

START_TEST(a_truncated_log_without_a_copy_is_read_from_its_beginning)
{
	begin();
	shell("echo first error >log");
	FINDS(1);
	ck_assert_ptr_nonnull(strstr(news.notes[0], "may have been missed"));
}
END_TEST

START_TEST(a_log_of_another_device_number_is_the_same_log)
{
	json_t *bookmarks, *mark;

	begin();
	bookmarks = follow_bookmarks(follow);
	mark = json_object_get(bookmarks, scratch_path("log"));
	json_object_set_new(mark, "dev", json_integer(12345));
	json_object_set_new(mark, "ino", json_integer(1));
	follow_free(follow);
	follow = follow_new(&limits, bookmarks, false);
	json_decref(bookmarks);
	shell("echo error >>log");
	FINDS(1);
}
END_TEST

START_TEST(a_long_line_is_bounded_and_does_not_end_the_reading)
{
	begin();
	shell("head -c 200000 /dev/zero | tr '\\0' x >>log; echo ' error' >>log; echo error 2 "
	      ">>log");
	FINDS(1);
	ck_assert_str_eq(news.last[0], "error 2");
	shell("printf 'error ' >>log; head -c 100000 /dev/zero | tr '\\0' x >>log");
	FINDS(1);
	ck_assert_uint_lt(strlen(news.last[0]), FOLLOW_LINE);
	restart();
	shell("echo ' error' >>log; echo error 3 >>log");
	FINDS(1);
}
END_TEST

START_TEST(lines_of_others_are_made_safe)
{
	begin();
	shell("printf 'error \\033[2J\\377\\000\\302\\205 \\303\\244\\r\\n' >>log");
	FINDS(1);
	ck_assert_str_eq(news.last[0], "error \\x1b[2J\\xff?\\x85 \xc3\xa4");
}
END_TEST

START_TEST(many_lines_are_read_in_parts_and_only_the_last_are_kept)
{
	begin();
	shell("seq -f 'error number %%.0f' 1000000 >>log");
	memset(&news, 0, sizeof(news));
	ck_assert_int_eq(follow_read(follow, scratch_path("log"), &news), 0);
	ck_assert(news.more && news.lines < 1000000);
	do {
		news.more = false;
		ck_assert_int_eq(follow_read(follow, scratch_path("log"), &news), 0);
	} while (news.more);
	ck_assert_int_eq(news.matches, 1000000);
	ck_assert_str_eq(news.last[FOLLOW_LINES - 1], "error number 1000000");
	ck_assert_str_eq(news.last[0], "error number 999991");
}
END_TEST

START_TEST(a_second_expression_excludes_lines)
{
	ck_assert_int_eq(regcomp(&limits.unwanted, "harmless", REG_EXTENDED | REG_NOSUB), 0);
	limits.has_unwanted = true;
	begin();
	shell("echo error >>log; echo harmless error >>log");
	FINDS(1);
	regfree(&limits.unwanted);
}
END_TEST

START_TEST(a_log_of_a_pattern_that_was_renamed_to_another_name_is_not_read_twice)
{
	begin();
	memset(&news, 0, sizeof(news));
	shell("seq -f 'old error %%g' 50 >log.1");
	ck_assert_int_eq(follow_read(follow, scratch_path("log"), &news), 0);
	ck_assert_int_eq(follow_read(follow, scratch_path("log.1"), &news), 0);
	follow_end_scan(follow);
	ck_assert_int_eq(news.matches, 50); /* it is new for the daemon */
	memset(&news, 0, sizeof(news));
	shell("mv log log.1; echo first error >log");
	ck_assert_int_eq(follow_read(follow, scratch_path("log"), &news), 0);
	ck_assert_int_eq(follow_read(follow, scratch_path("log.1"), &news), 0);
	ck_assert_int_eq(news.matches, 1);
}
END_TEST

START_TEST(more_logs_than_the_maximum_are_refused)
{
	char name[32];

	memset(&news, 0, sizeof(news));
	for (int i = 0; i < FOLLOW_MAX; i++) {
		snprintf(name, sizeof(name), "log%d", i);
		scratch_put(name, 0644, "x\n");
		ck_assert_int_eq(follow_read(follow, scratch_path(name), &news), 0);
	}
	scratch_put("last", 0644, "x\n");
	ck_assert_int_eq(follow_read(follow, scratch_path("last"), &news), -E2BIG);
}
END_TEST

START_TEST(rotated_names_are_recognized)
{
	static const struct {
		const char *base, *name;
		bool is;
	} rows[] = {{"app.log", "app.log.1", true}, {"app.log", "app.log.1.gz", true},
		{"app.log", "app.log-20261130", true}, {"app.log", "app.log-20261130.xz", true},
		{"app.log", "app.log-2026-11-30", true}, {"app.log", "app.log.old", true},
		{"app.log", "app-20261130.log", true}, {"app.log", "app.1.log.zst", true},
		{"syslog", "syslog.2.gz", true}, {"app.log", "app.log", false},
		{"app.log", "app.log.gz", false}, {"app.log", "app.log.swp", false},
		{"app.log", "app.log.1x", false}, {"app.log", "other.log.1", false},
		{"app.log", "app.log.", false}, {"app.log", "app.log.offset", false},
		{"app.log", "app-error.log", false}, {"app.log", "app.logs.1", false}};

	for (size_t i = 0; i < COUNT(rows); i++)
		ck_assert_msg(rotated_is(rows[i].base, rows[i].name) == rows[i].is, "%s %s",
			rows[i].base, rows[i].name);
}
END_TEST

SUITE("files_follow", setup, teardown)
{
	TEST(only_new_lines_count);
	TEST(a_log_that_is_created_later_is_read_from_its_beginning);
	TEST(a_line_counts_when_it_is_whole);
	TEST(a_log_that_begins_inside_a_line_skips_the_rest_of_it);
	LOOP_TEST(rotation_loses_and_repeats_no_line, COUNT(kinds));
	LOOP_TEST(rotation_during_a_restart_loses_and_repeats_no_line, COUNT(kinds));
	TEST(a_writer_that_reopens_its_log_late_loses_no_line);
	TEST(a_log_that_is_missing_for_a_moment_is_read_on);
	TEST(a_truncated_log_without_a_copy_is_read_from_its_beginning);
	TEST(a_log_of_another_device_number_is_the_same_log);
	TEST(a_long_line_is_bounded_and_does_not_end_the_reading);
	TEST(lines_of_others_are_made_safe);
	TEST(many_lines_are_read_in_parts_and_only_the_last_are_kept);
	TEST(a_second_expression_excludes_lines);
	TEST(a_log_of_a_pattern_that_was_renamed_to_another_name_is_not_read_twice);
	TEST(more_logs_than_the_maximum_are_refused);
	TEST(rotated_names_are_recognized);
}
