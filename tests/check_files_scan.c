/*
 * check_files_scan: the facts of real files and directories, the limits, changes of content, and
 * what must not be read: devices, fifos and links of other users.
 */
#include "fixture_files_scan.h"

/* --- limits ----------------------------------------------------------------------------------- */

/* The file is 2000 bytes long, was modified 100 hours ago and has the mode 0640. */
static const struct {
	const char *options, *problem;
} limits[] = {
	{"", ""},
	{"\"max_age\":400000", ""},
	{"\"max_age\":86400", "2 f was last modified 4.2 d ago, more than 24.0 h"},
	{"\"max_age\":400000,\"max_age_warning\":3600",
		"1 f was last modified 4.2 d ago, more than 60 min"},
	{"\"min_size\":2000", ""},
	{"\"min_size\":2001", "2 f has 2.0 KiB, less than 2.0 KiB"},
	{"\"max_size\":0", "2 f has 2.0 KiB, more than 0 bytes"},
	{"\"max_size\":2000", ""},
	{"\"mode\":416", ""},
	{"\"mode\":384", "2 f has the mode 0640, not 0600"},
	{"\"owner\":\"root\",\"group\":\"root\"", ""},
	{"\"owner\":\"0\",\"group\":\"0\"", ""},
	{"\"owner\":\"daemon\"", "2 f belongs to the user root, not daemon"},
	{"\"group\":\"daemon\"", "2 f belongs to the group root, not daemon"},
	{"\"type\":\"file\"", ""},
	{"\"type\":\"directory\"", "2 f is a file, not a directory"},
	{"\"absent\":true", "2 f exists, and should not"},
};

START_TEST(a_file_is_compared_with_the_limits)
{
	if (geteuid() != 0 && strstr(limits[_i].options, "owner\":") != NULL)
		return; /* the file belongs to the user of the test */
	if (geteuid() != 0 && strstr(limits[_i].options, "group\":") != NULL)
		return;
	scratch_put("f", 0640, "%2000d", 1);
	age("f", 100 * 3600L);
	begin("f", limits[_i].options);
	scan();
	ck_assert_str_eq(problem(0), limits[_i].problem);
	ck_assert_str_eq(problem(1), "");
	ck_assert_double_eq(value("size_bytes"), 2000);
	ck_assert_double_ge(value("age_seconds"), 100 * 3600);
	ck_assert_double_lt(value("age_seconds"), 100 * 3600 + 3600);
	ck_assert_str_eq(word("mode"), "0640");
	ck_assert_str_eq(word("type"), "file");
}
END_TEST

START_TEST(a_missing_file_is_a_problem_unless_it_must_be_absent)
{
	begin("f", "");
	scan();
	ck_assert_str_eq(problem(0), "2 f does not exist");
	ck_assert_double_eq(value("count"), 0);
	teardown();
	report = NULL;
	scratch_setup();
	begin("f", "\"absent\":true");
	scan();
	ck_assert_str_eq(problem(0), "");
}
END_TEST

START_TEST(a_file_that_is_replaced_is_not_missing_at_once)
{
	scratch_put("f", 0644, "x");
	begin("f", "");
	scan();
	unlink(scratch_path("f"));
	scan();
	ck_assert_str_eq(problem(0), "");
	ck_assert_double_gt(again, 0);
	scan();
	ck_assert_str_eq(problem(0), "2 f does not exist");
	ck_assert_double_lt(again, 0);
}
END_TEST

START_TEST(a_time_in_the_future_is_named)
{
	scratch_put("f", 0644, "x");
	age("f", -7 * 3600L);
	begin("f", "\"max_age\":60");
	scan();
	ck_assert_str_eq(
		problem(0), "1 f was last modified 7.0 h in the future, so its age is not known");
}
END_TEST

/* --- patterns --------------------------------------------------------------------------------- */

static const struct {
	const char *options, *problem;
} patterns[] = {
	{"", ""},
	{"\"max_age\":7200", "2 b.gz was last modified 100 min ago, more than"},
	{"\"newest\":true,\"max_age\":1800", ""},
	{"\"newest\":true,\"max_age\":30", "2 a.gz was last modified 10 min ago, more than 30 s"},
	{"\"newest\":true,\"min_size\":50", "2 a.gz has 10 bytes, less than 50 bytes"},
	{"\"max_count\":1", "2 *.gz matches 2 files, more than 1"},
	{"\"min_count\":3", "2 *.gz matches 2 files, less than 3"},
	{"\"absent\":true", "2 *.gz matches 2 files, and none should exist"},
};

START_TEST(the_files_of_a_pattern_are_compared_with_the_limits)
{
	scratch_put("a.gz", 0644, "%10d", 1);
	scratch_put("b.gz", 0644, "%100d", 1);
	scratch_put("c.txt", 0644, "%100d", 1);
	age("a.gz", 600);
	age("b.gz", _i == 1 ? 6000 + 3600 : 6000);
	begin("*.gz", patterns[_i].options);
	scan();
	if (_i == 1)
		ck_assert_str_eq(problem(0), "2 b.gz was last modified 2.7 h ago, more than 2.0 h");
	else
		ck_assert_str_eq(problem(0), patterns[_i].problem);
	ck_assert_double_eq(value("count"), 2);
	ck_assert_double_eq(value("size_bytes"), 110);
	ck_assert_ptr_nonnull(strstr(word("newest"), "/a.gz"));
	ck_assert_double_ge(value("oldest_age_seconds"), 6000);
}
END_TEST

START_TEST(a_pattern_without_files_is_a_problem)
{
	begin("*.gz", "");
	scan();
	ck_assert_str_eq(problem(0), "2 *.gz matches no file");
	teardown();
	report = NULL;
	scratch_setup();
	begin("*.gz", "\"min_count\":0,\"max_count\":5");
	scan();
	ck_assert_str_eq(problem(0), "");
}
END_TEST

START_TEST(many_problems_are_counted_and_some_are_named)
{
	char name[32];

	for (int i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "f%02d", i);
		scratch_put(name, 0644, "x");
	}
	begin("f*", "\"min_size\":10");
	scan();
	ck_assert_int_eq(json_integer_value(json_object_get(report, "problem_count")), 50);
	ck_assert_uint_eq(json_array_size(json_object_get(report, "problems")), 20);
}
END_TEST

/* --- what is not a plain file ----------------------------------------------------------------- */

static void make_link(const char *target, const char *name)
{
	ck_assert_int_eq(symlink(target, scratch_path(name)), 0);
}

START_TEST(links_are_followed)
{
	scratch_put("f", 0644, "%10d", 1);
	make_link("f", "link");
	begin("link", "\"type\":\"file\",\"changed\":true");
	scan();
	ck_assert_str_eq(problem(0), "");
	ck_assert_double_eq(value("size_bytes"), 10);
	unlink(scratch_path("f"));
	scan();
	scan();
	ck_assert_str_eq(problem(0), "2 link is a symbolic link to a file that does not exist");
}
END_TEST

START_TEST(content_is_not_read_through_a_link_of_another_user)
{
	if (geteuid() != 0)
		return; /* only root can make such a link */
	scratch_put("secret", 0600, "an error\n");
	make_link(scratch_path("secret"), "log");
	begin("log", "\"match\":\"error\"");
	ck_assert_int_eq(lchown(scratch_path("log"), 1, 1), 0);
	scan();
	ck_assert_str_eq(problem(0),
		"3 log cannot be read: it is a symbolic link of a user who does "
		"not own the file");
	ck_assert_int_eq(chown(scratch_path("secret"), 1, 1), 0);
	scan();
	ck_assert_str_eq(problem(0), "");
}
END_TEST

START_TEST(a_link_to_itself_is_unknown)
{
	char text[160];

	make_link("loop", "loop");
	begin("loop", "");
	scan();
	snprintf(text, sizeof(text), "3 loop cannot be accessed: %s", strerror(ELOOP));
	ck_assert_str_eq(problem(0), text);
}
END_TEST

START_TEST(a_fifo_and_a_device_are_not_opened)
{
	ck_assert_int_eq(mkfifo(scratch_path("fifo"), 0600), 0);
	begin("fifo", "\"match\":\"error\",\"changed\":true");
	scan(); /* an open would wait for a writer */
	ck_assert_str_eq(problem(0), "3 fifo cannot be read: it is not a regular file");
	ck_assert_str_eq(word("type"), "fifo");
	ck_assert_int_eq(facts_open("/dev/zero"), FACTS_NOT_REGULAR);
	ck_assert_int_eq(facts_open(scratch), FACTS_NOT_REGULAR);
}
END_TEST

START_TEST(a_file_without_permission_is_unknown)
{
	char name[64];

	scratch_put("f", 0600, "error\n");
	mkdir(scratch_path("closed"), 0700);
	scratch_put("closed/g", 0644, "x");
	if (geteuid() == 0) /* root may read everything */
		ck_assert_int_eq(seteuid(1), 0);
	else
		ck_assert(
			chmod(scratch_path("f"), 0) == 0 && chmod(scratch_path("closed"), 0) == 0);
	begin("f", "\"changed\":true");
	scan();
	ck_assert_str_eq(problem(0), "3 f cannot be read: Permission denied");
	scan_close(&scanner);
	watcher_free(watcher);
	watchlist_free(&list);
	begin("closed/g", "");
	scan();
	ck_assert_str_eq(problem(0), "3 closed/g cannot be accessed: Permission denied");
	scan_close(&scanner);
	watcher_free(watcher);
	watchlist_free(&list);
	begin("closed/*", "");
	scan();
	snprintf(name, sizeof(name), "%s", problem(0));
	ck_assert_ptr_nonnull(strstr(name, "cannot be read: Permission denied"));
	ck_assert_int_eq(seteuid(getuid()), 0);
	chmod(scratch_path("closed"), 0700);
}
END_TEST

/* --- parts ------------------------------------------------------------------------------------ */

START_TEST(the_checksum_is_that_of_sha256sum)
{
	static const struct {
		const char *text, *sum;
	} rows[] = {{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
			"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"}};
	char sum[SHA256_TEXT], command[256], line[256] = "";
	struct sha256 state;
	FILE *pipe;
	int fd;

	for (size_t i = 0; i < COUNT(rows); i++) {
		sha256_begin(&state);
		sha256_add(&state, rows[i].text, strlen(rows[i].text));
		sha256_end(&state, sum);
		ck_assert_str_eq(sum, rows[i].sum);
	}
	for (int size = 1; size < 200000; size = size * 3 + 1) {
		fd = open(scratch_put("f", 0644, "%*d", size, 7), O_RDONLY);
		ck_assert_int_eq(content_sum(fd, sum), 0);
		close(fd);
		snprintf(command, sizeof(command), "sha256sum %s", scratch_path("f"));
		pipe = popen(command, "r");
		ck_assert_ptr_nonnull(fgets(line, sizeof(line), pipe));
		pclose(pipe);
		line[64] = '\0';
		ck_assert_str_eq(sum, line);
	}
}
END_TEST

START_TEST(ages_and_sizes_are_readable)
{
	char text[PLAIN_SPAN];

	ck_assert_str_eq(plain_age(text, 90), "90 s");
	ck_assert_str_eq(plain_age(text, 3600), "60 min");
	ck_assert_str_eq(plain_age(text, 93600), "26.0 h");
	ck_assert_str_eq(plain_age(text, 864000), "10.0 d");
	ck_assert_str_eq(plain_size(text, 1023), "1023 bytes");
	ck_assert_str_eq(plain_size(text, 1536), "1.5 KiB");
	ck_assert_str_eq(plain_size(text, 5e9), "4.7 GiB");
}
END_TEST

START_TEST(a_watch_list_that_is_not_valid_is_refused)
{
	static const char *const texts[] = {"", "[", "{}", "{\"paths\":[]}",
		"{\"paths\":[\"/x\"],\"match\":\"(\"}", "{\"paths\":[7]}"};
	struct watchlist other;
	char why[256];

	for (size_t i = 0; i < COUNT(texts); i++) {
		ck_assert_msg(!watchlist_read(&other, texts[i], strlen(texts[i]), why, sizeof(why)),
			"%s", texts[i]);
		watchlist_free(&other);
	}
}
END_TEST

SUITE("files_scan", scratch_setup, teardown)
{
	LOOP_TEST(a_file_is_compared_with_the_limits, COUNT(limits));
	TEST(a_missing_file_is_a_problem_unless_it_must_be_absent);
	TEST(a_file_that_is_replaced_is_not_missing_at_once);
	TEST(a_time_in_the_future_is_named);
	LOOP_TEST(the_files_of_a_pattern_are_compared_with_the_limits, COUNT(patterns));
	TEST(a_pattern_without_files_is_a_problem);
	TEST(many_problems_are_counted_and_some_are_named);
	TEST(links_are_followed);
	TEST(content_is_not_read_through_a_link_of_another_user);
	TEST(a_link_to_itself_is_unknown);
	TEST(a_fifo_and_a_device_are_not_opened);
	TEST(a_file_without_permission_is_unknown);
	TEST(the_checksum_is_that_of_sha256sum);
	TEST(ages_and_sizes_are_readable);
	TEST(a_watch_list_that_is_not_valid_is_refused);
}
