/* check_init_script: which scripts run with vigild's privileges, and which do not. */
#include "service/managers/init_script.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "service/manager.h"
#include "children.h"
#include "scratch.h"
#include "suite.h"

static char path[INIT_SCRIPT_PATH];
static struct manager_reply reply;

static void setup(void)
{
	scratch_setup();
	ck_assert_int_eq(mkdir(scratch_path("init.d"), 0755), 0);
	scratch_put("init.d/svc", 0755, "#!/bin/sh\n");
}

static bool find_in(const char *dir, const char *name)
{
	memset(&reply, 0, sizeof(reply));
	return init_script_find(scratch_path(dir), name, path, &reply);
}

static bool find(const char *name)
{
	return find_in("init.d", name);
}

static void refused(const char *name, const char *words)
{
	ck_assert(!find(name));
	ck_assert_int_eq(reply.error, -EPERM);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_FAILED);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_UNKNOWN); /* so nothing is restarted */
	ck_assert_msg(strstr(reply.text, words) != NULL, "%s", reply.text);
}

START_TEST(a_script_is_found)
{
	ck_assert(find("svc"));
	ck_assert_str_eq(path, scratch_path("init.d/svc"));
	ck_assert_int_eq(reply.error, 0);
	ck_assert_int_eq(symlink(path, scratch_path("init.d/link")), 0);
	ck_assert(find("link"));
}
END_TEST

START_TEST(a_missing_script_is_not_a_fault)
{
	ck_assert(!find("none"));
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_ABSENT);
	ck_assert_int_eq(reply.error, 0);
	ck_assert(!find_in("no-such-place", "svc"));
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_ABSENT);
	ck_assert(!find_in("init.d/svc", "svc")); /* a file */
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_ABSENT);
	ck_assert_int_eq(symlink("nowhere", scratch_path("init.d/dangling")), 0);
	ck_assert(!find("dangling"));
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_ABSENT);
}
END_TEST

START_TEST(a_file_that_is_not_executable_is_not_run)
{
	scratch_put("init.d/text", 0644, "no program\n");
	refused("text", "is not an executable file");
	ck_assert_int_eq(mkdir(scratch_path("init.d/dir"), 0755), 0);
	refused("dir", "is not an executable file");
	ck_assert_int_eq(mkfifo(scratch_path("init.d/fifo"), 0755), 0);
	refused("fifo", "is not an executable file");
}
END_TEST

START_TEST(a_script_that_others_may_write_is_not_run)
{
	scratch_put("init.d/world", 0757, "#!/bin/sh\n");
	refused("world", "may be written by others");
	scratch_put("init.d/group", 0775, "#!/bin/sh\n");
	ck_assert(find("group")); /* it is the own group */
	ck_assert_int_eq(chmod(scratch_path("init.d"), 0777), 0);
	refused("svc", "init.d may be written by others");
	/* as in /tmp, no other user can replace the script */
	ck_assert_int_eq(chmod(scratch_path("init.d"), 01777), 0);
	ck_assert(find("svc"));
}
END_TEST

START_TEST(a_script_of_another_user_is_not_run)
{
	if (geteuid() != 0) {
		puts("SKIP: only root can give a file away");
		return;
	}
	ck_assert_int_eq(chown(scratch_path("init.d/svc"), 12345, 0), 0);
	refused("svc", "svc belongs to uid 12345");
	/* nor a script that a trusted link leads to */
	ck_assert_int_eq(symlink(scratch_path("init.d/svc"), scratch_path("init.d/link")), 0);
	refused("link", "svc belongs to uid 12345");
	ck_assert_int_eq(chown(scratch_path("init.d/svc"), 0, 0), 0);
	ck_assert_int_eq(chmod(scratch_path("init.d/svc"), 0775), 0);
	ck_assert_int_eq(chown(scratch_path("init.d/svc"), 0, 12345), 0);
	refused("svc", "the group 12345 may write it");
	ck_assert_int_eq(chmod(scratch_path("init.d/svc"), 0755), 0);
	ck_assert(find("svc"));
	ck_assert_int_eq(chown(scratch_path("init.d"), 12345, 0), 0);
	refused("svc", "init.d belongs to uid 12345");
}
END_TEST

START_TEST(a_path_that_is_too_long_is_reported)
{
	static char dir[2 * INIT_SCRIPT_PATH];

	memset(dir, 'x', sizeof(dir) - 1);
	dir[0] = '/';
	memset(&reply, 0, sizeof(reply));
	ck_assert(!init_script_find(dir, "svc", path, &reply));
	ck_assert_int_eq(reply.error, -ENAMETOOLONG);
	ck_assert_uint_eq(strlen(path), INIT_SCRIPT_PATH - 1); /* within the buffer */
	memset(dir + 300, '\0', 1);                            /* this component is too long */
	memset(&reply, 0, sizeof(reply));
	ck_assert(!init_script_find(dir, "svc", path, &reply));
	ck_assert_int_eq(reply.error, -ENAMETOOLONG);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_FAILED);
}
END_TEST

/* --- who runs the script ---------------------------------------------------------------------- */

/* Enters separate namespaces. Returns false if this machine does not permit that. */
static bool mount_proc(const char *type, const char *options)
{
	return unshare(CLONE_NEWNS) == 0 &&
	       mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("none", "/proc", type, 0, options) == 0;
}

static char verb[INIT_SCRIPT_VERB];

static pid_t runner(void)
{
	ck_assert(find("svc"));
	return init_script_runner(path, verb);
}

START_TEST(vigild_knows_if_no_process_runs_the_script)
{
	ck_assert_int_eq(runner(), 0);
	ck_assert(find("svc"));
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(init_script_runner(path, (char[INIT_SCRIPT_VERB]){0}), 0);
}
END_TEST

/* Starts a program with these arguments and this real uid, which waits for a signal. */
static pid_t start(const char *program, uid_t real, char *const argv[])
{
	int ends[2];
	char byte;
	pid_t pid;

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		if (real != getuid() && setresuid(real, geteuid(), geteuid()) != 0)
			_exit(EXIT_FAILURE);
		execv(program, argv);
		_exit(EXIT_FAILURE);
	}
	close(ends[1]);
	ck_assert_int_eq(read(ends[0], &byte, 1), 0); /* the program has been executed */
	close(ends[0]);
	return pid;
}

START_TEST(a_shell_that_runs_the_script_is_found)
{
	char *argv[] = {"sh", "-c", "sleep 1000; :", path, "stop", NULL};
	pid_t pid;

	ck_assert(find("svc"));
	pid = start("/bin/sh", getuid(), argv);
	ck_assert_int_eq(runner(), pid);
	ck_assert_str_eq(verb, "stop");
	kill_and_reap(pid);
}
END_TEST

START_TEST(a_program_with_the_script_as_an_argument_does_not_run_it)
{
	char *argv[] = {"tail", "-f", path, "stop", NULL};
	pid_t pid;

	ck_assert(find("svc"));
	pid = start("/usr/bin/tail", getuid(), argv);
	ck_assert_int_eq(runner(), 0);
	kill_and_reap(pid);
}
END_TEST

START_TEST(a_setuid_program_of_another_user_does_not_run_it)
{
	char *argv[] = {"sh", "-p", "-c", "sleep 1000; :", path, "stop", NULL};
	pid_t pid;

	if (geteuid() != 0)
		return;
	ck_assert(find("svc"));
	pid = start("/bin/sh", 65534, argv);
	ck_assert_int_eq(runner(), 0);
	kill_and_reap(pid);
}
END_TEST

#define SKIPPED 77

/* Calls `what` in a child, and returns its result. */
static int in_child(int (*what)(const char *), const char *argument)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0)
		_exit(what(argument));
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}

/* In a child, because the leak checker at the end of a test needs to see the processes. */
static int look_at_none(const char *unused)
{
	if (!mount_proc("tmpfs", NULL))
		return SKIPPED;
	return runner() == -EACCES ? EXIT_SUCCESS : EXIT_FAILURE;
}

START_TEST(a_lack_of_descriptors_is_an_error)
{
	int free_one = dup(STDERR_FILENO);
	struct rlimit before, low;

	ck_assert(find("svc"));
	close(free_one);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	/* no descriptor; then one for /proc; then another one for a process */
	for (rlim_t n = 0; n < 3; n++) {
		low = (struct rlimit){(rlim_t)free_one + n, before.rlim_max};
		ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &low), 0);
		ck_assert_int_eq(init_script_runner(path, verb), -EMFILE);
	}
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	if (geteuid() == 0)
		ck_assert_int_ne(in_child(look_at_none, NULL), EXIT_FAILURE);
}
END_TEST

static int look_as_stranger(const char *unused)
{
	if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
		return SKIPPED;
	return runner() < 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* In a new pid namespace, in which an unprivileged user sees only its own processes. */
static int hide_processes(const char *how)
{
	return mount_proc("proc", how) ? in_child(look_as_stranger, NULL) : SKIPPED;
}

static int begin_processes(const char *how)
{
	return unshare(CLONE_NEWPID) == 0 ? in_child(hide_processes, how) : SKIPPED;
}

START_TEST(hidden_processes_are_an_error)
{
	static const char *const options[] = {"hidepid=1", "hidepid=2"};

	if (geteuid() != 0)
		return;
	ck_assert_int_eq(chmod(scratch, 0755), 0);
	ck_assert_int_ne(in_child(begin_processes, options[_i]), EXIT_FAILURE);
}
END_TEST

START_TEST(user_ids_are_read_as_the_kernel_writes_them)
{
	uid_t uids[4];

	ck_assert(init_script_uids("Name:\tx\nUid:\t1\t2\t3\t4294967295\nGid:\t0\n", uids));
	ck_assert_uint_eq(uids[0], 1);
	ck_assert_uint_eq(uids[1], 2);
	ck_assert_uint_eq(uids[2], 3);
	ck_assert_uint_eq(uids[3], 4294967295u);
}
END_TEST

/* 4294967296 would be root's 0 if it was cut to 32 bits. */
START_TEST(invalid_user_ids_are_those_of_another_user)
{
	static const char *const texts[] = {"", "Uid:\t0\t0\t0\t0\n", "Name:\tx\nUid:\t0\t0\t0\n",
		"Name:\tx\nUid:\t0\t0\t0\t4294967296\n", "Name:\tx\nUid:\t0\t0\t0\t-1\n",
		"Name:\tx\nUid:\t0\t0\t0\t0x\n", "Name:\tx\nUid:\t0\n0\n0\n0\n",
		"Name:\tx\nUid:\t0\t0\t0\t99999999999999999999999\n"};
	uid_t uids[4];

	for (size_t i = 0; i < COUNT(texts); i++)
		ck_assert_msg(!init_script_uids(texts[i], uids), "%s", texts[i]);
}
END_TEST

START_TEST(the_interpreter_is_in_the_first_line)
{
	static const char *const none[] = {
		"", "#!", "#!\n", "#! \n/bin/sh\n", "#!sh\n", "# /bin/sh\n", "\n#!/bin/sh\n"};
	char interpreter[INIT_SCRIPT_PATH];

	ck_assert(init_script_interpreter("#!/bin/sh\n", interpreter));
	ck_assert_str_eq(interpreter, "/bin/sh");
	ck_assert(init_script_interpreter("#! \t/usr/bin/env -S sh\n", interpreter));
	ck_assert_str_eq(interpreter, "/usr/bin/env");
	ck_assert(init_script_interpreter("#!/bin/x", interpreter));
	ck_assert_str_eq(interpreter, "/bin/x");
	for (size_t i = 0; i < COUNT(none); i++) {
		ck_assert_msg(!init_script_interpreter(none[i], interpreter), "%s", none[i]);
		ck_assert_str_eq(interpreter, "");
	}
}
END_TEST

SUITE("init_script", setup, scratch_teardown)
{
	TEST(a_script_is_found);
	TEST(a_missing_script_is_not_a_fault);
	TEST(a_file_that_is_not_executable_is_not_run);
	TEST(a_script_that_others_may_write_is_not_run);
	TEST(a_script_of_another_user_is_not_run);
	TEST(a_path_that_is_too_long_is_reported);
	TEST(vigild_knows_if_no_process_runs_the_script);
	TEST(a_shell_that_runs_the_script_is_found);
	TEST(a_program_with_the_script_as_an_argument_does_not_run_it);
	TEST(a_setuid_program_of_another_user_does_not_run_it);
	TEST(user_ids_are_read_as_the_kernel_writes_them);
	TEST(invalid_user_ids_are_those_of_another_user);
	TEST(the_interpreter_is_in_the_first_line);
	TEST(a_lack_of_descriptors_is_an_error);
	LOOP_TEST(hidden_processes_are_an_error, 2);
}
