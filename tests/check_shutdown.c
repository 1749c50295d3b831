/* check_shutdown: how vigild detects that sysvinit, OpenRC or runit shuts the machine down. */
#include "service/shutdown.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <utmpx.h>

#include "acl.h"
#include "base/clock.h"
#include "scratch.h"
#include "suite.h"

#define SYSVINIT "the machine is shutting down (sysvinit)"
#define OPENRC   "the machine is shutting down (OpenRC)"
#define RUNIT    "the machine is shutting down (runit)"

static void expect(const char *why)
{
	const char *said = shutdown_in_progress(scratch);

	ck_assert_str_eq(said != NULL ? said : "no", why != NULL ? why : "no");
}

static void make(const char *name, mode_t mode, const char *text)
{
	scratch_make_parents(name);
	scratch_put(name, mode, "%s", text);
}

START_TEST(without_a_sign_there_is_no_shutdown)
{
	expect(NULL);
	ck_assert_ptr_null(shutdown_in_progress("/nonexistent"));
}
END_TEST

/* --- OpenRC ----------------------------------------------------------------------------------- */

static const struct {
	const char *level;
	bool stopping;
	const char *why;
} levels[] = {
	{"shutdown", true, OPENRC},
	{"shutdown", false, OPENRC},
	{"shutdown\n", false, OPENRC},
	{"reboot", true, OPENRC},
	{"off", true, OPENRC},
	{"single", true, "the machine enters single-user mode (OpenRC)"},
	{"recovery", true, "the machine enters single-user mode (OpenRC)"},
	{"single", false, NULL},
	{"default", false, NULL},
	{"default", true, NULL},
	{"boot", false, NULL},
	{"nonetwork", true, NULL},
	{"", false, NULL},
	{"shutdowns", false, NULL},
	{"shut", false, NULL},
};

/* A shutdown that files report is detected without a look at processes. */
static void expect_announced(const char *why)
{
	const char *said = shutdown_announced(scratch);

	ck_assert_str_eq(said != NULL ? said : "no", why != NULL ? why : "no");
	expect(why);
}

START_TEST(the_runlevel_of_openrc_is_read)
{
	make("run/openrc/softlevel", 0644, levels[_i].level);
	if (levels[_i].stopping)
		make("run/openrc/rc.stopping/x", 0644, "");
	expect_announced(levels[_i].why);
}
END_TEST

/* --- files that others may write -------------------------------------------------------------- */

/* The sign counts until others may write the file or its directory, also through an ACL. */
static void expect_distrust(const char *file, const char *directory, const char *why)
{
	mode_t mode;
	struct stat st;

	expect(why);
	ck_assert_int_eq(stat(scratch_path(file), &st), 0);
	mode = st.st_mode & 07777;
	ck_assert_int_eq(chmod(scratch_path(file), mode | 0002), 0);
	expect(NULL);
	ck_assert_int_eq(chmod(scratch_path(file), mode), 0);
	ck_assert_int_eq(chmod(scratch_path(directory), 0777), 0);
	expect(NULL);
	ck_assert_int_eq(chmod(scratch_path(directory), 0755), 0);
	expect(why);
	if (acl_set(file, 2, 6, 12345, 7)) {
		ck_assert_int_eq(
			chmod(scratch_path(file), mode | 0060), 0); /* the mask of the ACL */
		expect(NULL);
		ck_assert_int_eq(removexattr(scratch_path(file), "system.posix_acl_access"), 0);
		ck_assert_int_eq(chmod(scratch_path(file), mode), 0);
	}
	expect(why);
	if (geteuid() != 0)
		return;
	ck_assert_int_eq(chown(scratch_path(file), 12345, 12345), 0);
	expect(NULL);
}

START_TEST(a_file_of_openrc_that_others_may_write_is_ignored)
{
	make("run/openrc/softlevel", 0644, "shutdown");
	expect_distrust("run/openrc/softlevel", "run/openrc", OPENRC);
}
END_TEST

START_TEST(a_file_of_runit_that_others_may_write_is_ignored)
{
	make("run/runit/stopit", 0744, "");
	expect_distrust("run/runit/stopit", "run/runit", RUNIT);
}
END_TEST

/* --- runit ------------------------------------------------------------------------------------ */

static const char *const stopit[] = {"run/runit.stopit", "run/runit/stopit", "etc/runit/stopit"};

START_TEST(the_file_of_runit_counts_if_it_is_executable)
{
	make(stopit[_i], 0, "");
	expect(NULL);
	ck_assert_int_eq(chmod(scratch_path(stopit[_i]), 0644), 0);
	expect(NULL);
	ck_assert_int_eq(chmod(scratch_path(stopit[_i]), 0100), 0);
	expect(RUNIT);
	if (geteuid() == 0) {
		ck_assert_int_eq(chown(scratch_path(stopit[_i]), 65534, 65534), 0);
		expect(NULL);
	}
}
END_TEST

START_TEST(the_file_of_runit_may_be_a_link)
{
	make("run/runit/stopit", 0100, "");
	make("etc/runit/1", 0755, "");
	ck_assert_int_eq(symlink("../../run/runit/stopit", scratch_path("etc/runit/stopit")), 0);
	expect(RUNIT);
	ck_assert_int_eq(chmod(scratch_path("run/runit/stopit"), 0), 0);
	expect(NULL);
}
END_TEST

/* --- utmp ------------------------------------------------------------------------------------- */

static void put_utmp(const char *name, char level, double when)
{
	struct utmpx records[3] = {0};
	FILE *file;

	records[0].ut_type = BOOT_TIME;
	records[1].ut_type = RUN_LVL;
	records[1].ut_pid = 'N' * 256 + '2';
	records[2].ut_type = RUN_LVL;
	records[2].ut_pid = '2' * 256 + level;
	records[1].ut_tv.tv_sec = records[2].ut_tv.tv_sec = (int32_t)when;
	make(name, 0644, "");
	file = fopen(scratch_path(name), "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(records, sizeof(records[0]), 3, file), 3);
	fclose(file);
}

START_TEST(the_runlevel_in_utmp_is_read)
{
	double now = (double)time(NULL);

	put_utmp("run/utmp", '6', now);
	expect_announced(SYSVINIT);
	put_utmp("run/utmp", '0', now);
	expect(SYSVINIT);
	put_utmp("run/utmp", '2', now);
	expect(NULL);
	put_utmp("run/utmp", '5', now);
	expect(NULL);
	/* from the previous boot, or from the image */
	put_utmp("run/utmp", '6', clock_boot_time() - 3600);
	expect(NULL);
	unlink(scratch_path("run/utmp"));
	put_utmp("var/run/utmp", '6', now);
	expect(SYSVINIT);
	make("var/run/utmp", 0644, "cut off in the middle of a record");
	expect(NULL);
}
END_TEST

/* --- processes -------------------------------------------------------------------------------- */

static const struct {
	const char *program; /* a program that exists; NULL: none */
	const char *argv[6];
	const char *why;
} commands[] = {
	{"lib/init/rc", {"/bin/sh", "/lib/init/rc", "6"}, SYSVINIT},
	{"lib/init/rc", {"/bin/sh", "/lib/init/rc", "0"}, SYSVINIT},
	{"lib/init/rc", {"/lib/init/rc", "6"}, SYSVINIT},
	{"lib/init/rc", {"/bin/dash", "-e", "/lib/init/rc", "6"}, SYSVINIT},
	{"lib/init/rc", {"/bin/sh", "/lib/init/rc", "1"},
		"the machine enters single-user mode (sysvinit)"},
	{"lib/init/rc", {"/bin/sh", "/lib/init/rc", "2"}, NULL},
	{"lib/init/rc", {"/bin/sh", "/lib/init/rc", "S"}, NULL},
	{"lib/init/rc", {"/bin/sh", "/lib/init/rc", "06"}, NULL},
	{"lib/init/rc", {"/bin/sh", "/lib/init/rc", ""}, NULL},
	{"lib/init/rc", {"/bin/sh", "/lib/init/rc"}, NULL},
	{"lib/init/rc", {"vi", "/lib/init/rc", "6"}, NULL},
	{"lib/init/rc", {"/bin/sh", "-c", "/lib/init/rc 6"}, NULL},
	{"lib/init/rc", {"/bin/sh", "/home/lib/init/rc", "6"}, NULL},
	{"etc/init.d/rc", {"/bin/sh", "/etc/init.d/rc", "6"}, SYSVINIT},
	{"etc/rc.d/rc", {"/bin/bash", "/etc/rc.d/rc", "0"}, SYSVINIT},
	{"etc/rc.d/rc.6", {"/bin/bash", "/etc/rc.d/rc.6"}, SYSVINIT},
	{"etc/rc.d/rc.0", {"/bin/bash", "/etc/rc.d/rc.0", "fast"}, SYSVINIT},
	{"etc/runit/3", {"/bin/sh", "/etc/runit/3"}, RUNIT},
	{"etc/runit/3", {"/etc/runit/3"}, RUNIT},
	{"etc/runit/3", {"/bin/sh", "/etc/runit/2"}, NULL},
	{"sbin/openrc", {"/sbin/openrc", "shutdown"}, OPENRC},
	{"sbin/openrc", {"openrc", "reboot"}, OPENRC}, {"sbin/openrc", {"openrc", "default"}, NULL},
	{"sbin/openrc", {"openrc"}, NULL},
	{"etc/runit/3", {"/bin/sh", "/lib/init/rc", "6"}, NULL}, /* another script */
	{NULL, {"/bin/sh", "/lib/init/rc", "6"}, NULL},          /* there is no script */
};

START_TEST(a_running_script_of_the_runlevel_is_found)
{
	char text[256];
	size_t n = 0;
	FILE *file;

	if (commands[_i].program != NULL)
		make(commands[_i].program, 0755, "");
	make("proc/1/cmdline", 0444, "init");
	make("proc/self/cmdline", 0444, "vigild");
	make("proc/77/cmdline", 0444, "");
	make("proc/78/cmdline", 0644, "");
	make("proc/78/status", 0644, "Name:\tsh\nNSpid:\t78\nThreads:\t1\n");
	make("proc/cmdline", 0444, "quiet");
	for (int i = 0; commands[_i].argv[i] != NULL; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s", commands[_i].argv[i]) + 1;
	file = fopen(scratch_path("proc/78/cmdline"), "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(text, 1, n, file), n);
	fclose(file);
	expect(commands[_i].why);
	ck_assert_ptr_null(shutdown_announced(scratch));
	make("proc/78/status", 0644, "Name:\tsh\nNSpid:\t78\t3\nThreads:\t1\n");
	expect(NULL);                                /* a process in a container */
	make("proc/78/status", 0644, "Name:\tsh\n"); /* an old kernel */
	expect(commands[_i].why);
	if (geteuid() == 0) { /* every user may choose a command line */
		ck_assert_int_eq(chown(scratch_path("proc/78"), 65534, 65534), 0);
		expect(NULL);
	}
	ck_assert_int_eq(chown(scratch_path("proc/78"), geteuid(), getegid()), 0);
	make("run/systemd/system/x", 0644, ""); /* systemd itself refuses a start */
	expect(NULL);
}
END_TEST

/* A real process whose first argument is the script. */
static pid_t start_rc(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		execl("/bin/sleep", "/lib/init/rc", "6", NULL);
		_exit(1);
	}
	return pid;
}

START_TEST(the_script_is_found_among_real_processes)
{
	pid_t pid;

	make("lib/init/rc", 0755, "");
	ck_assert_int_eq(symlink("/proc", scratch_path("proc")), 0);
	expect(NULL);
	pid = start_rc();
	while (shutdown_in_progress(scratch) == NULL)
		ck_assert_int_eq(waitpid(pid, NULL, WNOHANG), 0);
	expect(SYSVINIT);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	expect(NULL);
}
END_TEST

SUITE("shutdown", scratch_setup, scratch_teardown)
{
	TEST(without_a_sign_there_is_no_shutdown);
	TEST(a_file_of_openrc_that_others_may_write_is_ignored);
	TEST(a_file_of_runit_that_others_may_write_is_ignored);
	LOOP_TEST(the_runlevel_of_openrc_is_read, COUNT(levels));
	LOOP_TEST(the_file_of_runit_counts_if_it_is_executable, COUNT(stopit));
	TEST(the_file_of_runit_may_be_a_link);
	TEST(the_runlevel_in_utmp_is_read);
	LOOP_TEST(a_running_script_of_the_runlevel_is_found, COUNT(commands));
	TEST(the_script_is_found_among_real_processes);
}
