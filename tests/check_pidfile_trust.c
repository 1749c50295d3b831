/*
 * check_pidfile_trust: pidfiles that are no evidence, because others could have written them, or
 * because they have another form or cannot be read.
 */
#include "fixture_pidfile.h"

START_TEST(a_long_file_is_not_a_pidfile)
{
	char text[4098];
	int n = snprintf(text, sizeof(text), "%d\n", (int)getpid());

	memset(text + n, 'x', sizeof(text) - (size_t)n);
	put_bytes(text, 4096);
	ck_assert_int_eq(look(), PIDFILE_ALIVE);
	put_bytes(text, 4097);
	ck_assert_int_eq(look(), PIDFILE_DISTRUST);
	ck_assert_str_eq(found.why, "the pidfile has more than 4096 bytes");
	text[4095] = '\0';
	put_bytes(text, 4096);
	ck_assert_int_eq(look(), PIDFILE_DISTRUST);
	ck_assert_str_eq(found.why, "the pidfile contains no pid");
}
END_TEST

static const char *const nonsense[] = {"0\n", "1\n", "-1\n", "+12\n", "x12\n", "12x\n", "0x12\n",
	"99999999999999999999\n", "4194305\n", "\n", "no pid at all", "/etc/passwd", " ", "\r\n",
	"12 13\n", "12 # main\n", "12,13\n", "12.0\n", "12\r13\n", "12\v\n", "\v12\n", "x\n12\n",
	"pid 12\n",
	"\xef\xbb\xbf"
	"12\n",
	"\xc2\xa0"
	"12\n",
	"'12'\n", "- 12\n", "12-\n"};

START_TEST(a_file_without_a_pid_is_not_trusted)
{
	put(nonsense[_i]);
	ck_assert_int_eq(look(), PIDFILE_DISTRUST);
	ck_assert_str_eq(found.why, "the pidfile contains no pid");
}
END_TEST

START_TEST(a_file_that_is_not_regular_or_writable_by_others_is_not_trusted)
{
	char other[160];

	put_bytes("12\0"
		  "34",
		5);
	ck_assert_int_eq(look(), PIDFILE_DISTRUST);

	put_pid(getpid());
	ck_assert_int_eq(chmod(path, 0666), 0);
	ck_assert_int_eq(look(), PIDFILE_DISTRUST);
	ck_assert_str_eq(found.why, "everyone may write the pidfile");
	ck_assert_int_eq(chmod(path, 0644), 0);
	ck_assert_int_eq(look(), PIDFILE_ALIVE);

	snprintf(other, sizeof(other), "%s.true", path);
	ck_assert_int_eq(rename(path, other), 0);
	ck_assert_int_eq(symlink(other, path), 0);
	ck_assert_int_eq(look(), PIDFILE_DISTRUST);
	ck_assert_str_eq(found.why, "the pidfile is a symbolic link");

	unlink(path);
	ck_assert_int_eq(mkfifo(path, 0644), 0);
	ck_assert_int_eq(look(), PIDFILE_DISTRUST); /* without waiting for a writer */
	unlink(path);
	ck_assert_int_eq(mkdir(path, 0755), 0);
	ck_assert_int_eq(look(), PIDFILE_DISTRUST);
	rmdir(path);
	snprintf(path, sizeof(path), "/dev/zero");
	ck_assert_int_eq(look(), PIDFILE_DISTRUST);
}
END_TEST

/* Each descriptor that may be missing, in the order in which they are opened. */
START_TEST(a_lack_of_descriptors_is_no_verdict_about_the_service)
{
	pid_t pid = sleeper();
	struct rlimit enough, few;
	int free_ones, lowest;

	put_pid(pid);
	ck_assert_int_eq(look(), PIDFILE_ALIVE); /* this also reads the clock for the first time */
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &enough), 0);
	few = enough;
	lowest = dup(STDOUT_FILENO);
	close(lowest);
	for (free_ones = 0; free_ones < 3; free_ones++) {
		few.rlim_cur = (rlim_t)(lowest + free_ones);
		ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
		ck_assert_int_eq(look(), PIDFILE_UNKNOWN);
		ck_assert_int_eq(found.error, -EMFILE);
		ck_assert_ptr_nonnull(strstr(found.why, "vigild could not"));
		ck_assert_ptr_nonnull(strstr(found.why, strerror(EMFILE)));
		ck_assert(process_lives(pid));
	}
	few.rlim_cur = (rlim_t)(lowest + 3);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	ck_assert_int_eq(look(), PIDFILE_ALIVE);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	/* the kernel reports a missing process without a descriptor */
	few.rlim_cur = (rlim_t)(lowest + 1);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	ck_assert_int_eq(look(), PIDFILE_DEAD);
	ck_assert(!process_lives(pid));
	few.rlim_cur = (rlim_t)lowest;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	ck_assert_int_eq(look(), PIDFILE_UNKNOWN);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &enough), 0);
}
END_TEST

START_TEST(a_header_that_cannot_be_read_is_reported)
{
	char text[160];
	struct pidfile pidfile = {.verdict = PIDFILE_NONE};

	pidfile_unreadable(&pidfile, "the header of the script", -EMFILE);
	ck_assert_int_eq(pidfile.verdict, PIDFILE_UNKNOWN);
	ck_assert_int_eq(pidfile.error, -EMFILE);
	snprintf(text, sizeof(text), "vigild could not read the header of the script: %s",
		strerror(EMFILE));
	ck_assert_str_eq(pidfile.why, text);
	pidfile = (struct pidfile){.verdict = PIDFILE_NONE};
	pidfile_unreadable(&pidfile, "the header of the script", EACCES);
	ck_assert_int_eq(pidfile.verdict, PIDFILE_DISTRUST);
	ck_assert_int_eq(pidfile.error, 0);
	ck_assert_str_eq(pidfile.why, "the header of the script cannot be read: Permission denied");
}
END_TEST

/* Files of a user who is neither root nor the user of the test. */
START_TEST(the_owners_of_pidfile_and_directory_must_be_trusted)
{
	if (geteuid() != 0)
		return; /* only root can change the owner */
	put_pid(getpid());
	ck_assert_int_eq(chown(path, 65534, 65534), 0);
	ck_assert_int_eq(look(), PIDFILE_ALIVE); /* only root could have created it there */
	ck_assert_int_eq(chown(scratch, 65534, 65534), 0);
	ck_assert_int_eq(look(), PIDFILE_ALIVE); /* root gave the directory to that user */
	ck_assert_int_eq(chown(scratch, 12345, 12345), 0);
	ck_assert_int_eq(look(), PIDFILE_DISTRUST);
	ck_assert_str_eq(found.why, "the pidfile is owned by another user");
	ck_assert_int_eq(chown(scratch, 0, 0), 0);
	ck_assert_int_eq(chmod(scratch, 01777), 0);
	ck_assert_int_eq(look(), PIDFILE_DISTRUST); /* as in /tmp */
	ck_assert_int_eq(chown(path, 0, 0), 0);
	ck_assert_int_eq(look(), PIDFILE_ALIVE);
}
END_TEST

START_TEST(an_acl_that_lets_others_write_is_not_trusted)
{
	put_pid(getpid());
	if (!acl_set("some.pid", 2, 6, 12345, 7))
		return;
	ck_assert_int_eq(look(), PIDFILE_DISTRUST);
	ck_assert_str_eq(found.why, "the ACL of the pidfile lets others write it");
	ck_assert(acl_set("some.pid", 8, 6, 12345, 7));
	ck_assert_int_eq(look(), PIDFILE_DISTRUST);
	ck_assert(acl_set("some.pid", 2, 4, 12345, 7)); /* an entry that only permits reading */
	ck_assert_int_eq(look(), PIDFILE_ALIVE);
	ck_assert(acl_set("some.pid", 2, 6, 12345, 4)); /* the mask removes the write permission */
	ck_assert_int_eq(look(), PIDFILE_ALIVE);
	if (geteuid() != 0)
		return;
	/* A file of the service's user, with an ACL entry for that user. */
	ck_assert_int_eq(chown(path, 65534, 65534), 0);
	ck_assert(acl_set("some.pid", 2, 6, 65534, 7));
	ck_assert_int_eq(look(), PIDFILE_ALIVE);
	ck_assert(acl_set("", 2, 7, 65534, 7)); /* of the directory */
	ck_assert_int_eq(look(), PIDFILE_ALIVE);
	ck_assert(acl_set("", 2, 7, 12345, 7));
	ck_assert_int_eq(look(), PIDFILE_DISTRUST);
	ck_assert_str_eq(found.why, "the pidfile is owned by another user");
}
END_TEST

SUITE("pidfile_trust", setup, scratch_teardown)
{
	TEST(a_long_file_is_not_a_pidfile);
	TEST(a_lack_of_descriptors_is_no_verdict_about_the_service);
	TEST(a_header_that_cannot_be_read_is_reported);
	LOOP_TEST(a_file_without_a_pid_is_not_trusted, COUNT(nonsense));
	TEST(a_file_that_is_not_regular_or_writable_by_others_is_not_trusted);
	TEST(the_owners_of_pidfile_and_directory_must_be_trusted);
	TEST(an_acl_that_lets_others_write_is_not_trusted);
}
