/*
 * check_files_scan_changes: changes of content, and of files and directories, found by a scan or
 * reported by inotify.
 */
#include "fixture_files_scan.h"

/* --- changes ---------------------------------------------------------------------------------- */

START_TEST(a_change_of_the_content_is_found_once)
{
	scratch_put("f", 0644, "one");
	begin("f", "\"changed\":true");
	scan();
	ck_assert_str_eq(change(0), "");
	ck_assert_uint_eq(strlen(word("sha256")), 64);
	scan();
	ck_assert_str_eq(change(0), "");
	scratch_put("f", 0644, "two"); /* the same size */
	scan();
	ck_assert_str_eq(change(0), "f has changed");
	scan();
	ck_assert_str_eq(change(0), "");
	age("f", 5000); /* touched, with the same content */
	scan();
	ck_assert_str_eq(change(0), "");
}
END_TEST

START_TEST(a_file_that_is_replaced_by_another_content_has_changed)
{
	scratch_put("f", 0644, "one");
	begin("f", "\"changed\":true");
	scan();
	unlink(scratch_path("f"));
	scan();
	scan();
	ck_assert_str_eq(problem(0), "2 f does not exist");
	scratch_put("f", 0644, "two");
	scan();
	ck_assert_str_eq(change(0), "f has changed");
}
END_TEST

START_TEST(new_and_removed_files_of_a_pattern_are_changes)
{
	scratch_put("a.conf", 0644, "one");
	begin("*.conf", "\"changed\":true");
	scan();
	ck_assert_str_eq(change(0), "");
	scratch_put("b.conf", 0644, "two");
	scan();
	ck_assert_str_eq(change(0), "b.conf is new");
	unlink(scratch_path("a.conf"));
	scan();
	ck_assert_str_eq(change(0), "a.conf was removed");
	scan();
	ck_assert_str_eq(change(0), "");
}
END_TEST

START_TEST(a_name_that_is_not_utf8_is_compared_like_any_other)
{
	scratch_put("caf\xe9.conf", 0644, "one");
	begin("*.conf", "\"changed\":true");
	scan();
	ck_assert_str_eq(change(0), "");
	scratch_put("caf\xe9.conf", 0644, "two, longer");
	scratch_put("na\\\xefve.conf", 0644, "one");
	scan();
	ck_assert_str_eq(change(0), "caf\\xe9.conf has changed");
	ck_assert_str_eq(change(1), "na\\\\xefve.conf is new");
	ck_assert_int_eq(unlink(scratch_path("na\\\xefve.conf")), 0);
	scan();
	ck_assert_str_eq(change(0), "na\\\\xefve.conf was removed");
	ck_assert_str_eq(change(1), "");
}
END_TEST

/* Begins again with other options, and with what the last scan has reported, as vigild does. */
static void again_with(const char *name, const char *options)
{
	json_t *kept = json_pack("{s:{s:O*,s:O*}}", scratch_path(name), "sums",
		json_object_get(report, "sums"), "bookmarks", json_object_get(report, "bookmarks"));
	char *text = json_dumps(kept, JSON_COMPACT), all[2048];

	scan_close(&scanner);
	watcher_free(watcher);
	watchlist_free(&list);
	snprintf(all, sizeof(all), "%s%s\"kept\":%s", options, options[0] != '\0' ? "," : "", text);
	begin(name, all);
	free(text);
	json_decref(kept);
}

START_TEST(an_option_that_is_added_later_begins_with_what_is_there)
{
	scratch_put("a.log", 0644, "an old error\n");
	begin("*.log", "");
	scan();
	again_with("*.log", "\"changed\":true,\"match\":\"error\"");
	scan();
	ck_assert_str_eq(change(0), "");
	ck_assert_int_eq(json_integer_value(json_object_get(report, "matches")), 0);
	/* from now on, all is new */
	scratch_put("b.log", 0644, "a new error\n");
	again_with("*.log", "\"changed\":true,\"match\":\"error\"");
	scan();
	ck_assert_str_eq(change(0), "b.log is new");
	ck_assert_int_eq(json_integer_value(json_object_get(report, "matches")), 1);
	/* and as at the first time after the options were removed */
	again_with("*.log", "");
	scan();
	scratch_put("c.log", 0644, "another error\n");
	again_with("*.log", "\"changed\":true,\"match\":\"error\"");
	scan();
	ck_assert_str_eq(change(0), "");
	ck_assert_int_eq(json_integer_value(json_object_get(report, "matches")), 0);
}
END_TEST

START_TEST(a_log_whose_name_is_not_utf8_is_read_on_after_a_restart)
{
	scratch_put("caf\xe9.log", 0644, "an old error\n");
	begin("*.log", "\"match\":\"error\"");
	scan();
	scratch_put("caf\xe9.log", 0644, "an old error\na new error\n");
	again_with("*.log", "\"match\":\"error\"");
	scan();
	ck_assert_int_eq(json_integer_value(json_object_get(report, "matches")), 1);
}
END_TEST

START_TEST(a_file_that_cannot_be_looked_at_is_neither_removed_nor_new)
{
	mkdir(scratch_path("d"), 0755);
	ck_assert_int_eq(chmod(scratch, 0755), 0);
	if (geteuid() == 0) /* root may read everything */
		ck_assert(chown(scratch_path("d"), 1, 1) == 0 && seteuid(1) == 0);
	scratch_put("d/1", 0644, "one");
	scratch_put("d/2", 0644, "two");
	begin("d/*", "\"changed\":true");
	scan();
	ck_assert_int_eq(chmod(scratch_path("d"), 0444), 0); /* names can be read, and no more */
	scan();
	ck_assert_str_eq(problem(0), "3 d/1 cannot be accessed: Permission denied");
	ck_assert_str_eq(problem(2), "");
	ck_assert_str_eq(change(0), "");
	ck_assert_int_eq(chmod(scratch_path("d"), 0000), 0);
	scan();
	ck_assert_ptr_nonnull(strstr(problem(0), "cannot be read: Permission denied"));
	ck_assert_str_eq(problem(1), "");
	ck_assert_str_eq(change(0), "");
	ck_assert_int_eq(chmod(scratch_path("d"), 0755), 0);
	scratch_put("d/2", 0644, "other");
	scan();
	ck_assert_str_eq(problem(0), "");
	ck_assert_str_eq(change(0), "d/2 has changed");
	ck_assert_str_eq(change(1), "");
	ck_assert_int_eq(seteuid(getuid()), 0);
}
END_TEST

START_TEST(a_directory_changes_with_its_entries)
{
	mkdir(scratch_path("d"), 0755);
	scratch_put("d/a", 0644, "one");
	begin("d", "\"changed\":true,\"type\":\"directory\"");
	scan();
	ck_assert_str_eq(change(0), "");
	scratch_put("d/a", 0644, "three");
	scan();
	ck_assert_str_eq(change(0), "d has changed");
	scratch_put("d/b", 0644, "x");
	scan();
	ck_assert_str_eq(change(0), "d has changed");
	chmod(scratch_path("d/b"), 0600);
	scan();
	ck_assert_str_eq(change(0), "d has changed");
	scan();
	ck_assert_str_eq(change(0), "");
}
END_TEST

/* --- inotify ---------------------------------------------------------------------------------- */

static bool is_reported(void)
{
	struct pollfd fd = {.fd = watcher_fd(watcher), .events = POLLIN};

	return poll(&fd, 1, 0) == 1 && watcher_read(watcher) == 1;
}

START_TEST(changes_are_reported_by_inotify)
{
	begin("f", "\"match\":\"error\"");
	scan();
	ck_assert_ptr_null(json_object_get(report, "unwatched"));
	scratch_put("other", 0644, "x");
	ck_assert(!is_reported());
	scratch_put("f", 0644, "x");
	ck_assert(is_reported());
	scan();
	watcher_read(watcher);
	ck_assert_int_eq(system("true"), 0);
	{
		FILE *file = fopen(scratch_path("f"), "a");

		fputs("more\n", file);
		fflush(file); /* a log stays open */
		ck_assert(is_reported());
		fclose(file);
	}
	watcher_read(watcher);
	rename(scratch_path("f"), scratch_path("f.1"));
	ck_assert(is_reported());
	scratch_put("f", 0644, "new");
	ck_assert(is_reported());
	scan();
	watcher_read(watcher);
	unlink(scratch_path("f"));
	ck_assert(is_reported());
}
END_TEST

/* Returns why the path is read at the interval only. */
static const char *unwatched(void)
{
	const char *why;

	scan();
	why = json_string_value(json_object_get(report, "unwatched"));
	return why != NULL ? why : "";
}

START_TEST(without_inotify_the_reason_is_reported)
{
	struct rlimit none = {0, 0}, before;

	scratch_put("f", 0644, "x");
	getrlimit(RLIMIT_NOFILE, &before);
	none.rlim_max = before.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	begin("f", "");
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	ck_assert_str_eq(unwatched(), "fs.inotify.max_user_instances is reached");
	ck_assert_str_eq(problem(0), "");
}
END_TEST

START_TEST(too_few_watches_are_reported)
{
	int fd;

	/* In a user namespace of its own, the limit affects this process only. */
	if (unshare(CLONE_NEWUSER) < 0 ||
		(fd = open("/proc/sys/user/max_inotify_watches", O_WRONLY)) < 0) {
		printf("SKIP: the limit of watches: there are no user namespaces\n");
		return;
	}
	if (write(fd, "1", 1) == 1) {
		scratch_put("f", 0644, "x");
		begin("f", "");
		ck_assert_str_eq(unwatched(), "fs.inotify.max_user_watches is reached");
		ck_assert_str_eq(problem(0), "");
	} else {
		printf("SKIP: the limit of watches cannot be set\n");
	}
	close(fd);
}
END_TEST

START_TEST(a_file_system_of_others_is_read_at_the_interval)
{
	/* cgroup, proc and tmpfs are local, and so is the directory of this test. */
	ck_assert_ptr_null(facts_remote_type("/proc"));
	ck_assert_ptr_null(facts_remote_type(scratch));
}
END_TEST

SUITE("files_scan_changes", scratch_setup, teardown)
{
	TEST(a_change_of_the_content_is_found_once);
	TEST(a_file_that_is_replaced_by_another_content_has_changed);
	TEST(new_and_removed_files_of_a_pattern_are_changes);
	TEST(a_name_that_is_not_utf8_is_compared_like_any_other);
	TEST(a_log_whose_name_is_not_utf8_is_read_on_after_a_restart);
	TEST(an_option_that_is_added_later_begins_with_what_is_there);
	TEST(a_file_that_cannot_be_looked_at_is_neither_removed_nor_new);
	TEST(a_directory_changes_with_its_entries);
	TEST(changes_are_reported_by_inotify);
	TEST(without_inotify_the_reason_is_reported);
	TEST(too_few_watches_are_reported);
	TEST(a_file_system_of_others_is_read_at_the_interval);
}
