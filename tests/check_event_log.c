/* check_event_log: the events of daemons in files. */
#include "persist/event_log.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "scratch.h"
#include "suite.h"

static struct event_log *events;
static unsigned logged;

static void on_log_line(enum log_level level, const char *line, void *arg)
{
	logged++;
}

static void setup(void)
{
	scratch_setup();
	logged = 0;
	log_set_sink(on_log_line, NULL);
	events = event_log_open(scratch_path(""));
	ck_assert_uint_eq(logged, 0);
}

static void teardown(void)
{
	event_log_close(events);
	log_set_sink(NULL, NULL);
	scratch_teardown();
}

static void add(const char *name, int second, const char *text)
{
	char time[32];

	snprintf(time, sizeof(time), "2026-01-31T%02d:%02d:%02d.000Z", second / 3600,
		second / 60 % 60, second % 60);
	event_log_add(events, name, time, text, NULL);
}

/* Returns the number of the events, and the texts of the first and the last one. */
static size_t read_events(
	const char *name, const char *since, size_t max, char first[64], char last[64])
{
	json_t *list = event_log_read(events, name, since, max);
	size_t count = json_array_size(list);

	first[0] = last[0] = '\0';
	if (count > 0) {
		snprintf(first, 64, "%s",
			json_string_value(json_object_get(json_array_get(list, 0), "text")));
		snprintf(last, 64, "%s",
			json_string_value(
				json_object_get(json_array_get(list, count - 1), "text")));
	}
	json_decref(list);
	return count;
}

START_TEST(events_survive_in_their_order)
{
	char first[64], last[64];

	ck_assert_uint_eq(read_events("web", "", 0, first, last), 0);
	add("web", 1, "one");
	add("web", 2, "two");
	add("db", 3, "other");
	add("web", 4, "three");
	event_log_close(events);
	events = event_log_open(scratch_path(""));
	ck_assert_uint_eq(read_events("web", "", 0, first, last), 3);
	ck_assert_str_eq(first, "one");
	ck_assert_str_eq(last, "three");
	ck_assert_uint_eq(read_events("web", "", 2, first, last), 2);
	ck_assert_str_eq(first, "two");
	ck_assert_uint_eq(read_events("web", "2026-01-31T00:00:04.000Z", 0, first, last), 1);
	ck_assert_str_eq(first, "three");
	ck_assert_uint_eq(read_events("db", "", 0, first, last), 1);
}
END_TEST

START_TEST(the_detail_is_kept)
{
	json_t *detail = json_pack("{s:[s,s],s:i}", "output", "a\nb", "\xc3\xa4", "n", 7), *list;

	event_log_add(events, "web", "2026-01-31T00:00:00.000Z", "died", detail);
	list = event_log_read(events, "web", "", 0);
	ck_assert(json_equal(json_object_get(json_array_get(list, 0), "detail"), detail));
	json_decref(list);
	json_decref(detail);
}
END_TEST

static off_t size_of(const char *name)
{
	struct stat st;

	return stat(scratch_path(name), &st) == 0 ? st.st_size : 0;
}

START_TEST(the_files_are_bounded)
{
	char text[200], first[64], last[64];
	size_t count;

	memset(text, 'x', sizeof(text));
	for (int i = 0; i < 2000; i++) {
		snprintf(text, sizeof(text), "%d", i);
		text[strlen(text)] = ' ';
		text[sizeof(text) - 1] = '\0';
		add("web", i, text);
		ck_assert_int_lt(size_of("events/web"), EVENT_LOG_FILE_MAX + 512);
		ck_assert_int_lt(size_of("events/web~"), EVENT_LOG_FILE_MAX + 512);
	}
	count = read_events("web", "", 0, first, last);
	ck_assert_uint_gt(count, EVENT_LOG_FILE_MAX / 256);
	ck_assert_int_eq(atoi(last), 1999);
	ck_assert_int_eq(atoi(first), 2000 - (int)count);
}
END_TEST

START_TEST(an_incomplete_line_is_ignored)
{
	char first[64], last[64];
	int fd;

	add("web", 1, "one");
	fd = open(scratch_path("events/web"), O_WRONLY | O_APPEND);
	ck_assert_int_eq(write(fd, "{\"time\":\"2026-", 14), 14);
	close(fd);
	ck_assert_uint_eq(read_events("web", "", 0, first, last), 1);
	add("web", 2, "two");
	ck_assert_uint_eq(read_events("web", "", 0, first, last), 2);
	ck_assert_str_eq(last, "two");
	scratch_put("events/web", 0600, "%s", "null\n[]\n{\"time\":1,\"text\":2}\n\n\377\n");
	ck_assert_uint_eq(read_events("web", "", 0, first, last), 0);
}
END_TEST

START_TEST(a_foreign_file_is_not_written_to)
{
	char first[64], last[64];

	scratch_put("victim", 0600, "mine");
	ck_assert_int_eq(symlink(scratch_path("victim"), scratch_path("events/web")), 0);
	add("web", 1, "one");
	ck_assert_int_eq(size_of("victim"), 4);
	ck_assert_uint_eq(logged, 1);
	add("web", 2, "two");
	ck_assert_msg(logged == 1, "the log has one line about lost events in ten minutes");
	ck_assert_uint_eq(read_events("web", "", 0, first, last), 0);
	ck_assert_int_eq(mkfifo(scratch_path("events/db"), 0600), 0);
	add("db", 1, "one");
	ck_assert_uint_eq(read_events("db", "", 0, first, last), 0);
	ck_assert_int_eq(mkdir(scratch_path("events/dir"), 0700), 0);
	add("dir", 1, "one");
	ck_assert_uint_eq(read_events("dir", "", 0, first, last), 0);
}
END_TEST

START_TEST(without_a_directory_the_log_stays_empty)
{
	char first[64], last[64];

	event_log_close(events);
	events = event_log_open(scratch_path("none"));
	ck_assert_uint_eq(logged, 1);
	add("web", 1, "one");
	ck_assert_uint_eq(read_events("web", "", 0, first, last), 0);
	ck_assert_uint_eq(logged, 1);
}
END_TEST

SUITE("event_log", setup, teardown)
{
	TEST(events_survive_in_their_order);
	TEST(the_detail_is_kept);
	TEST(the_files_are_bounded);
	TEST(an_incomplete_line_is_ignored);
	TEST(a_foreign_file_is_not_written_to);
	TEST(without_a_directory_the_log_stays_empty);
}
