/* check_init_script: what is run with vigild's rights, and what is not. */
#include "service/managers/init_script.h"

#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "service/manager.h"
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
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_UNKNOWN); /* no reason to do anything */
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

START_TEST(none_is_no_fault)
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

START_TEST(what_is_no_program_is_not_run)
{
	scratch_put("init.d/text", 0644, "no program\n");
	refused("text", "is not an executable file");
	ck_assert_int_eq(mkdir(scratch_path("init.d/dir"), 0755), 0);
	refused("dir", "is not an executable file");
	ck_assert_int_eq(mkfifo(scratch_path("init.d/fifo"), 0755), 0);
	refused("fifo", "is not an executable file");
}
END_TEST

START_TEST(what_others_may_write_is_not_run)
{
	scratch_put("init.d/world", 0757, "#!/bin/sh\n");
	refused("world", "may be written by others");
	scratch_put("init.d/group", 0775, "#!/bin/sh\n");
	ck_assert(find("group")); /* the group is our own */
	ck_assert_int_eq(chmod(scratch_path("init.d"), 0777), 0);
	refused("svc", "init.d may be written by others");
	/* like /tmp: nobody else can put another in its place */
	ck_assert_int_eq(chmod(scratch_path("init.d"), 01777), 0);
	ck_assert(find("svc"));
}
END_TEST

START_TEST(what_belongs_to_a_stranger_is_not_run)
{
	if (geteuid() != 0) {
		puts("SKIP: only root can give a file away");
		return;
	}
	ck_assert_int_eq(chown(scratch_path("init.d/svc"), 12345, 0), 0);
	refused("svc", "svc belongs to uid 12345");
	/* nor what a link of ours leads to */
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

START_TEST(a_name_that_is_too_long_is_said)
{
	static char dir[2 * INIT_SCRIPT_PATH];

	memset(dir, 'x', sizeof(dir) - 1);
	dir[0] = '/';
	memset(&reply, 0, sizeof(reply));
	ck_assert(!init_script_find(dir, "svc", path, &reply));
	ck_assert_int_eq(reply.error, -ENAMETOOLONG);
	ck_assert_uint_eq(strlen(path), INIT_SCRIPT_PATH - 1); /* within its room */
	memset(dir + 300, '\0', 1);                            /* too long for a step */
	memset(&reply, 0, sizeof(reply));
	ck_assert(!init_script_find(dir, "svc", path, &reply));
	ck_assert_int_eq(reply.error, -ENAMETOOLONG);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_FAILED);
}
END_TEST

/* --- who runs it ------------------------------------------------------------------------------ */

/* In namespaces of this test's own; false where the machine does not let us. */
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

START_TEST(nobody_is_known_to_be_nobody)
{
	ck_assert_int_eq(runner(), 0);
	ck_assert(find("svc"));
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(init_script_runner(path, (char[INIT_SCRIPT_VERB]){0}), 0);
}
END_TEST

/* Starts a program that waits for a signal, with these arguments and this real user id. */
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
	ck_assert_int_eq(read(ends[0], &byte, 1), 0); /* it is the program now */
	close(ends[0]);
	return pid;
}

static void end(pid_t pid)
{
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

START_TEST(a_shell_that_runs_the_script_is_found)
{
	char *argv[] = {"sh", "-c", "sleep 1000; :", path, "stop", NULL};
	pid_t pid;

	ck_assert(find("svc"));
	pid = start("/bin/sh", getuid(), argv);
	ck_assert_int_eq(runner(), pid);
	ck_assert_str_eq(verb, "stop");
	end(pid);
}
END_TEST

START_TEST(a_program_that_only_has_the_script_as_an_argument_is_not_it)
{
	char *argv[] = {"tail", "-f", path, "stop", NULL};
	pid_t pid;

	ck_assert(find("svc"));
	pid = start("/usr/bin/tail", getuid(), argv);
	ck_assert_int_eq(runner(), 0);
	end(pid);
}
END_TEST

START_TEST(a_setuid_program_of_another_user_is_not_it)
{
	char *argv[] = {"sh", "-p", "-c", "sleep 1000; :", path, "stop", NULL};
	pid_t pid;

	if (geteuid() != 0)
		return;
	ck_assert(find("svc"));
	pid = start("/bin/sh", 65534, argv);
	ck_assert_int_eq(runner(), 0);
	end(pid);
}
END_TEST

#define SKIPPED 77

/* What `what` returns in a child. */
static int in_child(int (*what)(const char *), const char *argument)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0)
		_exit(what(argument));
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}

/* In a child, since what looks for leaks at a test's end has to see the processes. */
static int look_at_none(const char *unused)
{
	if (!mount_proc("tmpfs", NULL))
		return SKIPPED;
	return runner() == -EACCES ? EXIT_SUCCESS : EXIT_FAILURE;
}

START_TEST(what_cannot_be_looked_at_is_not_nobody)
{
	int free_one = dup(STDERR_FILENO);
	struct rlimit before, low;

	ck_assert(find("svc"));
	close(free_one);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	/* none for /proc; then one for it, but none for a process; then two, but no third */
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

/* As the first of its own processes, of which a stranger sees but himself. */
static int hide_processes(const char *how)
{
	return mount_proc("proc", how) ? in_child(look_as_stranger, NULL) : SKIPPED;
}

static int begin_processes(const char *how)
{
	return unshare(CLONE_NEWPID) == 0 ? in_child(hide_processes, how) : SKIPPED;
}

START_TEST(processes_that_are_hidden_are_not_nobody)
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

/* 4294967296 is root's 0 where only 32 bits of it are kept. */
START_TEST(other_user_ids_are_those_of_a_stranger)
{
	static const char *const texts[] = {"", "Uid:\t0\t0\t0\t0\n", "Name:\tx\nUid:\t0\t0\t0\n",
		"Name:\tx\nUid:\t0\t0\t0\t4294967296\n", "Name:\tx\nUid:\t0\t0\t0\t-1\n",
		"Name:\tx\nUid:\t0\t0\t0\t0x\n", "Name:\tx\nUid:\t0\n0\n0\n0\n",
		"Name:\tx\nUid:\t0\t0\t0\t99999999999999999999999\n"};
	uid_t uids[4];

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
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
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++) {
		ck_assert_msg(!init_script_interpreter(none[i], interpreter), "%s", none[i]);
		ck_assert_str_eq(interpreter, "");
	}
}
END_TEST

int main(void)
{
	TCase *tcase = suite_begin("init_script", setup, scratch_teardown);

	tcase_add_test(tcase, a_script_is_found);
	tcase_add_test(tcase, none_is_no_fault);
	tcase_add_test(tcase, what_is_no_program_is_not_run);
	tcase_add_test(tcase, what_others_may_write_is_not_run);
	tcase_add_test(tcase, what_belongs_to_a_stranger_is_not_run);
	tcase_add_test(tcase, a_name_that_is_too_long_is_said);
	tcase_add_test(tcase, nobody_is_known_to_be_nobody);
	tcase_add_test(tcase, a_shell_that_runs_the_script_is_found);
	tcase_add_test(tcase, a_program_that_only_has_the_script_as_an_argument_is_not_it);
	tcase_add_test(tcase, a_setuid_program_of_another_user_is_not_it);
	tcase_add_test(tcase, user_ids_are_read_as_the_kernel_writes_them);
	tcase_add_test(tcase, other_user_ids_are_those_of_a_stranger);
	tcase_add_test(tcase, the_interpreter_is_in_the_first_line);
	tcase_add_test(tcase, what_cannot_be_looked_at_is_not_nobody);
	tcase_add_loop_test(tcase, processes_that_are_hidden_are_not_nobody, 0, 2);
	return suite_end("init_script", tcase);
}
