/*
 * check_trust: owners, modes, ACLs, links and sticky directories along a path; commands; files with
 * secrets.
 */
#include "base/trust.h"

#include <errno.h>
#include <fcntl.h>

#include "acl.h"
#include "base/trust_command.h"
#include "scratch.h"
#include "suite.h"

#define STRANGER 12345

static char why[TRUST_WHY];
static const struct trust_user stranger = {.uid = STRANGER, .gid = STRANGER};

static void trusted(const char *name)
{
	ck_assert_msg(trust_path(scratch_path(name), NULL, 0, why, sizeof(why)) == 0, "%s", why);
}

static void distrusted(const char *name, const char *words)
{
	ck_assert_int_eq(trust_path(scratch_path(name), NULL, 0, why, sizeof(why)), -EPERM);
	ck_assert_msg(strstr(why, words) != NULL, "%s", why);
}

static void make_file(const char *name, mode_t mode)
{
	scratch_put(name, mode, "#!/bin/sh\n");
}

static void make_directory(const char *name, mode_t mode)
{
	ck_assert_int_eq(mkdir(scratch_path(name), 0755), 0);
	ck_assert_int_eq(chmod(scratch_path(name), mode), 0);
}

/* Changes the owner. Returns false if the user of the test is not root. */
static bool give(const char *name, uid_t uid, gid_t gid)
{
	return geteuid() == 0 && lchown(scratch_path(name), uid, gid) == 0;
}

/* --- modes and owners ------------------------------------------------------------------------- */

START_TEST(own_files_and_files_of_root_are_trusted)
{
	make_file("file", 0644);
	trusted("file");
	ck_assert_int_eq(chmod(scratch_path("file"), 0664), 0); /* the group is the own group */
	trusted("file");
	ck_assert_int_eq(trust_path("/bin/sh", NULL, 0, why, sizeof(why)), 0);
	ck_assert_int_eq(trust_path("/dev/null", NULL, 0, why, sizeof(why)), 0);
	ck_assert_int_eq(trust_path("/tmp", NULL, 0, why, sizeof(why)), 0);
	ck_assert_int_eq(trust_path("/tmp", NULL, TRUST_ENTRIES, why, sizeof(why)), -EPERM);
	ck_assert_int_eq(chdir(scratch), 0);
	ck_assert_int_eq(trust_path("file", NULL, 0, why, sizeof(why)), 0);
	ck_assert_int_eq(trust_path("./../../tmp/.", NULL, 0, why, sizeof(why)), 0);
	ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

START_TEST(a_file_that_others_may_write_is_not_trusted)
{
	make_directory("dir", 0755);
	make_file("dir/file", 0646);
	distrusted("dir/file", "dir/file may be written by others (mode 0646); run: chmod go-w /");
	ck_assert_int_eq(chmod(scratch_path("dir/file"), 0644), 0);
	ck_assert_int_eq(chmod(scratch_path("dir"), 0777), 0);
	distrusted("dir/file", "/dir may be written by others (mode 0777)");
	ck_assert_int_eq(chmod(scratch_path("dir"), 01777), 0);
	trusted("dir/file");
	if (!give("dir/file", 0, STRANGER))
		return;
	ck_assert_int_eq(chmod(scratch_path("dir/file"), 0664), 0);
	distrusted("dir/file", "the group 12345 may write it");
}
END_TEST

START_TEST(a_file_of_another_user_is_not_trusted)
{
	make_directory("dir", 0755);
	make_file("dir/file", 0644);
	if (!give("dir/file", STRANGER, 0))
		return;
	distrusted("dir/file", "dir/file belongs to uid 12345, neither to root nor to");
	ck_assert(strstr(why, "run: chown root /") != NULL);
	ck_assert_int_eq(trust_path(scratch_path("dir/file"), &stranger, 0, why, sizeof(why)), 0);
	ck_assert(give("dir/file", 0, 0) && give("dir", STRANGER, STRANGER));
	distrusted("dir/file", "/dir belongs to uid 12345");
	ck_assert_int_eq(chmod(scratch_path("dir"), 0775), 0);
	ck_assert_int_eq(trust_path(scratch_path("dir/file"), &stranger, 0, why, sizeof(why)), 0);
	/* sticky, but the owner of the directory may rename its files */
	ck_assert_int_eq(chmod(scratch_path("dir"), 01777), 0);
	distrusted("dir/file", "/dir belongs to uid 12345");
}
END_TEST

START_TEST(a_missing_file_is_another_error)
{
	char path[8192];

	ck_assert_int_eq(trust_path(scratch_path("none"), NULL, 0, why, sizeof(why)), -ENOENT);
	ck_assert(strstr(why, "none: No such file") != NULL);
	make_file("file", 0644);
	ck_assert_int_eq(trust_path(scratch_path("file/x"), NULL, 0, why, sizeof(why)), -ENOTDIR);
	ck_assert_int_eq(symlink("loop", scratch_path("loop")), 0);
	ck_assert_int_eq(trust_path(scratch_path("loop"), NULL, 0, why, sizeof(why)), -ELOOP);
	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	ck_assert_int_eq(trust_path(path, NULL, 0, why, sizeof(why)), -ENAMETOOLONG);
	path[300] = '\0';
	ck_assert_int_eq(trust_path(path, NULL, 0, why, sizeof(why)), -ENAMETOOLONG);
}
END_TEST

START_TEST(links_are_followed_and_each_part_is_checked)
{
	make_directory("open", 0777);
	make_directory("closed", 0755);
	make_file("closed/file", 0644);
	ck_assert_int_eq(symlink("../closed/file", scratch_path("open/link")), 0);
	distrusted("open/link", "/open may be written by others");
	ck_assert_int_eq(symlink("../open/link", scratch_path("closed/there")), 0);
	distrusted("closed/there", "/open may be written by others");
	ck_assert_int_eq(chmod(scratch_path("open"), 01777), 0);
	trusted("closed/there");
	ck_assert_int_eq(symlink(scratch_path("closed"), scratch_path("absolute")), 0);
	trusted("absolute/file");
	trusted("absolute/../closed/file");
	if (!give("open/link", STRANGER, STRANGER))
		return;
	distrusted("closed/there", "open/link belongs to uid 12345");
}
END_TEST

/* --- ACLs ------------------------------------------------------------------------------------- */

START_TEST(an_acl_that_permits_writing_is_not_trusted)
{
	make_file("file", 0644);
	if (!acl_set("file", 2, 6, STRANGER, 7))
		return;
	distrusted("file", "uid 12345, by its ACL, may write it");
	ck_assert(acl_set("file", 8, 6, STRANGER, 7));
	distrusted("file", "the group 12345, by its ACL, may write it");
	ck_assert(acl_set("file", 2, 6, STRANGER, 4)); /* the mask removes the write permission */
	trusted("file");
	ck_assert(acl_set("file", 2, 4, STRANGER, 7)); /* an entry that only permits reading */
	trusted("file");
	ck_assert(acl_set("file", 2, 6, geteuid(), 7));
	trusted("file");
	ck_assert(acl_set("file", 2, 6, STRANGER, 7));
	ck_assert_int_eq(chmod(scratch_path("file"), 0644), 0); /* as the message suggests */
	trusted("file");
	make_directory("dir", 0755);
	make_file("dir/file", 0644);
	ck_assert(acl_set("dir", 2, 7, STRANGER, 7));
	ck_assert_int_eq(chmod(scratch_path("dir"), 0775), 0);
	distrusted("dir/file", "/dir may be written by others: uid 12345, by its ACL");
}
END_TEST

/* --- secrets ---------------------------------------------------------------------------------- */

static void secret(const char *words)
{
	int fd = trust_open_secret(scratch_path("secret"), why, sizeof(why));
	char text[8];

	if (words != NULL) {
		ck_assert_int_lt(fd, 0);
		ck_assert_msg(strstr(why, words) != NULL, "%s", why);
		return;
	}
	ck_assert_msg(fd >= 0, "%s", why);
	ck_assert_int_eq(read(fd, text, sizeof(text)), 6);
	close(fd);
}

START_TEST(a_secret_may_be_read_only_by_its_owner)
{
	scratch_put("secret", 0600, "secret");
	secret(NULL);
	ck_assert_int_eq(chmod(scratch_path("secret"), 0640), 0);
	secret(NULL);
	ck_assert_int_eq(chmod(scratch_path("secret"), 0660), 0);
	secret("others may read or write");
	ck_assert_int_eq(chmod(scratch_path("secret"), 0604), 0);
	secret("others may read or write");
	ck_assert_int_eq(chmod(scratch_path("secret"), 0600), 0);
	if (acl_set("secret", 2, 4, STRANGER, 4)) {
		ck_assert_int_eq(chmod(scratch_path("secret"), 0640), 0);
		secret("uid 12345, by its ACL, may read or write");
		ck_assert_int_eq(chmod(scratch_path("secret"), 0600), 0);
		secret(NULL);
	}
	if (give("secret", STRANGER, 0))
		secret("belongs to uid 12345");
	ck_assert_int_eq(unlink(scratch_path("secret")), 0);
	secret("No such file");
	ck_assert_int_eq(mkfifo(scratch_path("secret"), 0600), 0);
	secret("is not a regular file");
	ck_assert_int_eq(unlink(scratch_path("secret")), 0);
	ck_assert_int_eq(mkdir(scratch_path("secret"), 0700), 0);
	secret("is not a regular file");
}
END_TEST

/* --- commands --------------------------------------------------------------------------------- */

static const char *directory;

static int judge(const char *const *argv)
{
	const struct trust_command command = {.argv = argv, .directory = directory};
	char found[PATH_MAX];

	return trust_command(&command, found, why, sizeof(why));
}

#define JUDGE(...) judge((const char *const[]){__VA_ARGS__, NULL})

START_TEST(scripts_of_interpreters_are_checked)
{
	const char *bad = scratch_path("bad"), *good = scratch_path("good");
	char text[300];

	make_file("bad", 0757);
	make_file("good", 0755);
	ck_assert_int_eq(JUDGE(good), 0);
	ck_assert_int_eq(JUDGE(bad), -EPERM);
	ck_assert_int_eq(JUDGE("/bin/cat", bad), 0);
	ck_assert_int_eq(JUDGE("sh", good, bad), 0);
	ck_assert_int_eq(JUDGE("sh", bad), -EPERM);
	ck_assert_int_eq(JUDGE("/bin/sh", "-e", bad), -EPERM);
	ck_assert_int_eq(JUDGE("env", "A=b", "sh", bad), -EPERM);
	ck_assert_int_eq(JUDGE("timeout", "-k", "5", "10", bad, "x"), -EPERM);
	ck_assert_int_eq(JUDGE("nice", "-n", "5", "timeout", "10", "sh", "-x", bad), -EPERM);
	ck_assert_int_eq(JUDGE("nice", "cat", bad), 0);
	ck_assert_int_eq(JUDGE("sh", "-c", bad), -EPERM);
	snprintf(text, sizeof(text), "%s; exit 0", bad);
	ck_assert_int_eq(JUDGE("sh", "-ec", text), -EPERM);
	ck_assert_int_eq(JUDGE("sh", "-c", "exit 0", bad), 0); /* an argument of the script */
	directory = scratch;
	ck_assert_int_eq(JUDGE("sh", "bad"), -EPERM);
	ck_assert_int_eq(JUDGE("./bad"), -EPERM);
	ck_assert_int_eq(JUDGE("./good"), 0);
	directory = NULL;
	/* a link to an interpreter */
	ck_assert_int_eq(symlink("/bin/sh", scratch_path("runner")), 0);
	ck_assert_int_eq(JUDGE(scratch_path("runner"), bad), -EPERM);
	ck_assert_int_eq(JUDGE(scratch_path("none")), -ENOENT);
	ck_assert_int_eq(JUDGE("sh", scratch_path("none")), 0);
	ck_assert_int_eq(JUDGE("sh", "/tmp/vigil-check-none"), -EPERM); /* others may create it */
}
END_TEST

START_TEST(files_of_a_distribution_are_trusted)
{
	static const char *const programs[] = {"/bin/sh", "/usr/bin/env", "/usr/bin/python3",
		"/usr/bin/perl", "/usr/lib/nagios/plugins/check_dummy", "/etc/init.d/cron",
		"/etc/init.d", "/usr/lib/nagios/plugins", "/etc/ssl/certs"};

	for (size_t i = 0; i < COUNT(programs); i++)
		if (access(programs[i], F_OK) == 0)
			ck_assert_msg(
				trust_path(programs[i], NULL, 0, why, sizeof(why)) == 0, "%s", why);
}
END_TEST

SUITE("trust", scratch_setup, scratch_teardown)
{
	TEST(own_files_and_files_of_root_are_trusted);
	TEST(a_file_that_others_may_write_is_not_trusted);
	TEST(a_file_of_another_user_is_not_trusted);
	TEST(a_missing_file_is_another_error);
	TEST(links_are_followed_and_each_part_is_checked);
	TEST(an_acl_that_permits_writing_is_not_trusted);
	TEST(a_secret_may_be_read_only_by_its_owner);
	TEST(scripts_of_interpreters_are_checked);
	TEST(files_of_a_distribution_are_trusted);
}
