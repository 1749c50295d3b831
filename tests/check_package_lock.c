/*
 * check_package_lock: locks of package managers, held by another process in the way that the
 * package managers use.
 */
#include "service/package_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "children.h"
#include "scratch.h"
#include "suite.h"

#define DPKG   "/var/lib/dpkg/lock-frontend"
#define RPM    "/var/lib/rpm/.rpm.lock"
#define PACMAN "/var/lib/pacman/db.lck"
#define APK    "/lib/apk/db/lock"

static void put(const char *name, mode_t mode)
{
	scratch_make_parents(name + 1);
	scratch_put(name + 1, mode, "%s", "");
}

static const char *why(void)
{
	const char *text = package_lock_held(scratch);

	return text != NULL ? text : "nobody";
}

static void expect(const char *who)
{
	char text[64] = "nobody";

	if (who != NULL)
		snprintf(text, sizeof(text), "a package upgrade is in progress (%s)", who);
	ck_assert_str_eq(why(), text);
}

static int lock_fcntl(int fd, short type)
{
	struct flock lock = {.l_type = type, .l_whence = SEEK_SET};

	return fcntl(fd, F_SETLK, &lock);
}

static int lock_ofd(int fd, short type)
{
	struct flock lock = {.l_type = type, .l_whence = SEEK_SET};

	return fcntl(fd, F_OFD_SETLK, &lock);
}

static int lock_flock(int fd, short type)
{
	return flock(fd, LOCK_NB | (type == F_WRLCK ? LOCK_EX : LOCK_SH));
}

/* Starts a process that holds the lock. The lock is held when this function returns. */
static pid_t hold(const char *name, int (*lock)(int, short), short type)
{
	int ready[2];
	char byte = 0;
	pid_t pid;

	ck_assert_int_eq(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		byte = lock(open(scratch_path(name + 1), O_RDWR), type) == 0;
		if (write(ready[1], &byte, 1) == 1)
			pause();
		_exit(0);
	}
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	ck_assert_int_eq(byte, 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

START_TEST(no_lock_means_no_upgrade)
{
	expect(NULL);
	put(DPKG, 0640);
	put(RPM, 0644);
	put(APK, 0600);
	expect(NULL);
}
END_TEST

START_TEST(a_lock_made_with_fcntl_is_found)
{
	static const char *const files[] = {
		DPKG, "/var/lib/dpkg/lock", RPM, "/usr/lib/sysimage/rpm/.rpm.lock"};
	static int (*const kinds[])(int, short) = {lock_fcntl, lock_ofd};
	pid_t pid;

	put(files[_i / 2], 0640);
	pid = hold(files[_i / 2], kinds[_i % 2], F_WRLCK);
	expect(_i / 2 < 2 ? "dpkg" : "rpm");
	expect(_i / 2 < 2 ? "dpkg" : "rpm"); /* the query has not changed the lock */
	kill_and_reap(pid);
	expect(NULL);
}
END_TEST

START_TEST(locks_of_readers_do_not_count)
{
	pid_t pid;

	put(RPM, 0644);
	pid = hold(RPM, lock_fcntl, F_RDLCK);
	expect(NULL);
	kill_and_reap(pid);
	put(APK, 0600);
	pid = hold(APK, lock_flock, F_RDLCK);
	expect(NULL);
	kill_and_reap(pid);
}
END_TEST

START_TEST(a_lock_that_the_user_may_not_open_is_found)
{
	pid_t other, pid;

	if (geteuid() != 0)
		return; /* only root can start processes of another user */
	put(DPKG, 0600);
	put("/var/lib/dpkg/lock", 0600);
	other = hold("/var/lib/dpkg/lock", lock_fcntl, F_RDLCK);
	ck_assert_int_eq(seteuid(65534), 0);
	ck_assert_int_lt(open(scratch_path(&DPKG[1]), O_RDONLY), 0);
	expect(NULL);
	ck_assert_int_eq(seteuid(0), 0);
	pid = hold(DPKG, lock_fcntl, F_WRLCK);
	ck_assert_int_eq(seteuid(65534), 0);
	expect("dpkg");
	ck_assert_int_eq(seteuid(0), 0);
	kill_and_reap(pid);
	ck_assert_int_eq(seteuid(65534), 0);
	expect(NULL);
	ck_assert_int_eq(seteuid(0), 0);
	kill_and_reap(other);
}
END_TEST

START_TEST(a_lock_made_with_flock_is_found)
{
	pid_t pid;

	put("/run/apk/db.lock", 0600);
	put(APK, 0600);
	expect(NULL);
	pid = hold(APK, lock_flock, F_WRLCK);
	expect("apk");
	kill_and_reap(pid);
	expect(NULL);
	pid = hold("/run/apk/db.lock", lock_flock, F_WRLCK);
	expect("apk");
	kill_and_reap(pid);
	expect(NULL);
}
END_TEST

START_TEST(a_process_that_waits_for_the_lock_does_not_count)
{
	char command[128];
	pid_t pid, waiter;

	put(APK, 0600);
	pid = hold(APK, lock_flock, F_RDLCK);
	waiter = fork();
	if (waiter == 0) {
		flock(open(scratch_path(&APK[1]), O_RDWR), LOCK_EX);
		pause();
	}
	snprintf(command, sizeof(command),
		"until grep -q -- '-> FLOCK .* %d ' /proc/locks; do sleep 0.01; done", (int)waiter);
	ck_assert_int_eq(system(command), 0);
	expect(NULL);
	kill_and_reap(pid);
	snprintf(command, sizeof(command),
		"until grep -q '[^>] FLOCK .* %d ' /proc/locks; do sleep 0.01; done", (int)waiter);
	ck_assert_int_eq(system(command), 0);
	expect("apk");
	kill_and_reap(waiter);
	expect(NULL);
}
END_TEST

START_TEST(a_lock_may_be_a_file)
{
	put(PACMAN, 0000);
	expect("pacman");
	ck_assert_int_eq(unlink(scratch_path(&PACMAN[1])), 0);
	expect(NULL);
	ck_assert_int_eq(mkdir(scratch_path(&PACMAN[1]), 0755), 0);
	expect(NULL);
}
END_TEST

START_TEST(lines_of_the_list_of_locks_are_parsed)
{
	static const char *const others[] = {"", "1: POSIX  ADVISORY  READ 7 08:01:77 0 EOF\n",
		"1: -> POSIX  ADVISORY  WRITE 7 08:01:77 0 EOF\n",
		"1: POSIX  ADVISORY  WRITE 4294967297 08:01:77 0 EOF\n",
		"1: POSIX  ADVISORY  WRITE -2 08:01:77 0 EOF\n",
		"1: POSIX  ADVISORY  WRITE 7 08:01:-1 0 EOF\n",
		"1: POSIX  ADVISORY  WRITE 7 08:01:18446744073709551616 0 EOF\n"};
	struct package_lock lock;

	ck_assert(package_lock_parse("1: POSIX  ADVISORY  WRITE 7 fd:01:77 0 EOF\n", &lock));
	ck_assert_int_eq(lock.pid, 7);
	ck_assert_uint_eq(lock.major_no, 0xfd);
	ck_assert_uint_eq(lock.minor_no, 1);
	ck_assert(lock.inode == 77);
	for (size_t i = 0; i < COUNT(others); i++)
		ck_assert_msg(!package_lock_parse(others[i], &lock), "%s", others[i]);
}
END_TEST

SUITE("package_lock", scratch_setup, scratch_teardown)
{
	TEST(no_lock_means_no_upgrade);
	LOOP_TEST(a_lock_made_with_fcntl_is_found, 8);
	TEST(locks_of_readers_do_not_count);
	TEST(a_lock_that_the_user_may_not_open_is_found);
	TEST(a_lock_made_with_flock_is_found);
	TEST(a_process_that_waits_for_the_lock_does_not_count);
	TEST(a_lock_may_be_a_file);
	TEST(lines_of_the_list_of_locks_are_parsed);
}
