/*
 * check_manager_lsb_faults: init scripts that are not run, that fail or hang, or that someone else
 * runs, and queries without access to /proc or without free descriptors.
 */
#include "service/manager.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture_manager_lsb.h"

static void refused(const char *why)
{
	ck_assert_int_eq(query(), VIGIL_SERVICE_UNKNOWN);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_FAILED);
	ck_assert_ptr_nonnull(strstr(reply.text, why));
	ck_assert_int_lt(restart(30), 0);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_FAILED);
	ck_assert(!scratch_has("was-run"));
}

START_TEST(a_script_that_others_may_have_written_is_not_run)
{
	char *path = scratch_put("vigil-check", 0644, "#!/bin/sh\ntouch %s/was-run\n", scratch);
	char *away = scratch_path("away");

	refused("not an executable file");
	ck_assert_int_eq(chmod(path, 0757), 0);
	refused("may be written by others");
	ck_assert_int_eq(chmod(path, 0755), 0);
	ck_assert_int_eq(chmod(scratch, 0777), 0);
	refused("may be written by others");
	ck_assert_int_eq(chmod(scratch, 0755), 0);
	if (geteuid() == 0) {
		ck_assert_int_eq(chown(path, 12345, 0), 0);
		refused("belongs to uid");
		ck_assert_int_eq(chown(path, 0, 12345), 0);
		ck_assert_int_eq(chmod(path, 0775), 0);
		refused("the group 12345 may write it");
		ck_assert_int_eq(chmod(path, 0755), 0);
	}
	ck_assert_int_eq(rename(path, away), 0);
	ck_assert_int_eq(mkdir(path, 0755), 0);
	refused("not an executable file");
	ck_assert_int_eq(rmdir(path), 0);
	ck_assert_int_eq(symlink("nowhere", path), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_ABSENT);
	unlink(path);
	ck_assert_int_eq(symlink("away", path), 0); /* a trusted target */
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	ck_assert(scratch_has("was-run"));
}
END_TEST

START_TEST(a_script_that_cannot_answer)
{
	put_script("kill -9 $$");
	ck_assert_int_eq(query(), VIGIL_SERVICE_UNKNOWN);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_FAILED);
	ck_assert_ptr_nonnull(strstr(reply.text, "SIGKILL"));

	scratch_put("vigil-check", 0755, "echo no interpreter\n");
	ck_assert_int_eq(query(), VIGIL_SERVICE_UNKNOWN);
	ck_assert_int_eq(reply.error, -ENOEXEC);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_FAILED);
	ck_assert_ptr_nonnull(strstr(reply.text, "#! line"));

	scratch_put("vigil-check", 0755, "#!/no/such/interpreter\n");
	ck_assert_int_eq(query(), VIGIL_SERVICE_UNKNOWN);
	ck_assert_int_eq(reply.error, -ENOENT);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_FAILED);

	put_script("sleep 1000");
	scratch_put("pid", 0644, "4194303\n");
	request.pidfile = scratch_path("pid"); /* its process is dead */
	ck_assert_int_eq(ask(0.2), VIGIL_SERVICE_UNKNOWN);
	ck_assert_int_eq(reply.error, -ETIMEDOUT);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_TIMEOUT);
}
END_TEST

START_TEST(a_restart_that_fails)
{
	static const struct {
		const char *body;
		int error;
		vigil_service_fault fault;
		const char *text;
	} cases[] = {
		{"echo starting; echo port in use; exit 1", -EIO, VIGIL_FAULT_FAILED,
			"starting\nport in use"},
		{"exit 7", -EIO, VIGIL_FAULT_FAILED,
			"the script exited with status 7 for \"restart\""},
		{"echo not you >&2; exit 4", -EACCES, VIGIL_FAULT_DENIED, "not you"},
		{"echo no program; exit 5", -ENOENT, VIGIL_FAULT_ABSENT, "no program"},
		{"yes y | head -c 5000; echo; echo the end; exit 1", -EIO, VIGIL_FAULT_FAILED,
			NULL},
	};
	size_t i, n;

	for (i = 0; i < COUNT(cases); i++) {
		put_script(cases[i].body);
		ck_assert_int_eq(restart(30), cases[i].error);
		ck_assert_int_eq(reply.fault, cases[i].fault);
		if (cases[i].text)
			ck_assert_str_eq(reply.text, cases[i].text);
	}
	n = strlen(reply.text);
	ck_assert_uint_gt(n, sizeof(reply.text) / 2);
	ck_assert_str_eq(reply.text + n - 9, "\n\nthe end");
}
END_TEST

START_TEST(a_restart_that_hangs_does_not_end_the_service)
{
	pid_t below;

	put_script("test $1 = restart && { sleep 1000 & echo $! >pid; wait; }");
	ck_assert_int_eq(restart(0.5), -ETIMEDOUT);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_TIMEOUT);
	below = scratch_number("pid");
	ck_assert_int_eq(kill(below, 0), 0);
	ck_assert_int_eq(kill(below, SIGKILL), 0);
}
END_TEST

/* Starts a script that executes `body` for the command and waits for let_go(). */
static void begin(const char *command, const char *body)
{
	char line[512];

	put_script(body);
	snprintf(line, sizeof(line), "cd %s; mkfifo hold begun; %s & read x <begun", scratch,
		command);
	ck_assert_int_eq(system(line), 0);
}

static void let_go(void)
{
	char line[128];

	/* The script holds the lock while it runs. */
	snprintf(line, sizeof(line), "cd %s; echo >hold; flock lock rm hold begun", scratch);
	ck_assert_int_eq(system(line), 0);
}

#define SCRIPT(verb, work)                                                     \
	"exec 9>>lock\n"                                                       \
	"case $1 in " verb ") flock 9; echo >begun; read x <hold; " work ";; " \
	"status) test -f pid || exit 3; kill -0 $(cat pid) 2>/dev/null; exit;; esac"

START_TEST(a_script_that_someone_else_runs_is_not_interrupted)
{
	char line[128];

	request.pidfile = scratch_path("pid");
	scratch_put("pid", 0644, "4194303\n"); /* this process does not exist */
	snprintf(line, sizeof(line), "%s/vigil-check stop", scratch);
	begin(line, SCRIPT("stop", "rm pid"));
	ck_assert_int_eq(query(), VIGIL_SERVICE_STOPPING);
	ck_assert_int_eq(reply.error, 0);
	ck_assert_ptr_nonnull(strstr(reply.text, "\"stop\""));
	let_go();
	ck_assert_int_eq(query(), VIGIL_SERVICE_STOPPED);

	/* by any name, and without a pidfile */
	begin("./vigil-check restart", SCRIPT("restart", ":"));
	ck_assert_int_eq(query(), VIGIL_SERVICE_STARTING);
	ck_assert_ptr_nonnull(strstr(reply.text, "\"restart\""));
	let_go();
	ck_assert_int_eq(query(), VIGIL_SERVICE_STOPPED);
	ck_assert_int_eq(symlink("vigil-check", scratch_path("K01vigil-check")), 0);
	begin("sh -e K01vigil-check force-stop", SCRIPT("force-stop", ":"));
	ck_assert_int_eq(query(), VIGIL_SERVICE_STOPPING);
	let_go();
	ck_assert_int_eq(query(), VIGIL_SERVICE_STOPPED);

	/* a status query of someone else does not matter */
	begin("./vigil-check status for-long",
		"exec 9>>lock; test -z \"$2\" || { flock 9; echo >begun; read x <hold; }; exit 3");
	ck_assert_int_eq(query(), VIGIL_SERVICE_STOPPED);
	let_go();

	/* a running service is reported as running */
	scratch_put("pid", 0644, "%d\n", (int)getpid());
	begin("./vigil-check reload", SCRIPT("reload", ":"));
	scratch_put("pid", 0644, "%d\n", (int)getpid());
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	let_go();
}
END_TEST

static void look_without_processes(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("none", "/proc", "tmpfs", 0, NULL) < 0)
		return;
	if (query() != VIGIL_SERVICE_UNKNOWN || reply.error != -EACCES ||
		reply.fault != VIGIL_FAULT_FAILED || strstr(reply.text, "/proc") == NULL)
		_exit(2);
	/* the service is running, whether or not someone runs the script */
	scratch_put("pid", 0644, "%d\n", (int)getpid());
	scratch_put("code", 0644, "0");
	if (query() != VIGIL_SERVICE_RUNNING)
		_exit(3);
}

/* If vigild cannot see whether someone runs the script, it must not restart the service. */
START_TEST(without_access_to_proc_a_stopped_service_is_unknown)
{
	pid_t child;
	int status;

	request.pidfile = scratch_path("pid");
	scratch_put("pid", 0644, "4194303\n");
	put_script("exit $(cat code)");
	scratch_put("code", 0644, "3");
	ck_assert_int_eq(query(), VIGIL_SERVICE_FAILED);
	if (geteuid() != 0)
		return;
	/* in a child, because the leak checker at the end of a test needs to see the processes */
	child = fork();
	if (child == 0) {
		look_without_processes();
		_exit(EXIT_SUCCESS);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
}
END_TEST

#define DESCRIPTORS 64

/* Uses all but `but` descriptors; programs that the test starts have their own. */
static void use_up(int but)
{
	struct rlimit limit = {DESCRIPTORS, DESCRIPTORS};
	int fd;

	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	while ((fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)) >= 0)
		;
	ck_assert_int_eq(errno, EMFILE);
	for (fd = DESCRIPTORS - but; fd < DESCRIPTORS; fd++)
		close(fd);
}

START_TEST(a_lack_of_descriptors_does_not_make_a_service_fail)
{
	char header[128];
	int free_ones, unknown = 0, fd;

	snprintf(header, sizeof(header), "# pidfile: %s/pid", scratch);
	put_daemon(header);
	script("start");
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	for (free_ones = 0; free_ones < 12; free_ones++) {
		use_up(free_ones);
		ck_assert_msg(!vigil_service_is_down(query()),
			"%d free descriptors: %s, error %d: %s", free_ones,
			vigil_service_status_name(reply.status), reply.error, reply.text);
		if (reply.status != VIGIL_SERVICE_RUNNING) {
			unknown++;
			ck_assert_int_eq(reply.status, VIGIL_SERVICE_UNKNOWN);
			ck_assert_int_eq(reply.error, -EMFILE);
			ck_assert_int_eq(reply.fault, VIGIL_FAULT_REFUSED);
			ck_assert_ptr_nonnull(strstr(reply.text, "vigild could not "));
			ck_assert_ptr_nonnull(strstr(reply.text, strerror(EMFILE)));
			ck_assert_int_ne(restart(5), 0);
			ck_assert_int_eq(reply.fault, VIGIL_FAULT_REFUSED);
		}
	}
	ck_assert_int_gt(unknown, 0);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_RUNNING);
	for (fd = DESCRIPTORS / 2; fd < DESCRIPTORS; fd++)
		close(fd);
	script("stop");
}
END_TEST

START_TEST(a_lack_of_descriptors_for_the_pidfile_makes_the_status_unknown)
{
	struct pidfile unknown = {.verdict = PIDFILE_UNKNOWN, .error = -ENFILE, .why = "no look"};

	for (enum evidence_word word = 0; word < WORDS; word++) {
		struct evidence e = manager_evidence(&request, "the script");

		e.word = word;
		reply = (struct manager_reply){.status = VIGIL_SERVICE_UNKNOWN};
		manager_add_pidfile(&reply, &e, &unknown);
		manager_conclude(&reply, &e);
		ck_assert_int_eq(reply.status, VIGIL_SERVICE_UNKNOWN);
		ck_assert_int_eq(reply.error, -ENFILE);
		ck_assert_int_eq(reply.fault, VIGIL_FAULT_REFUSED);
		ck_assert_str_eq(reply.text, "no look");
	}
}
END_TEST

START_TEST(scripts_do_not_redirect_to_systemctl)
{
	put_script("echo $SYSTEMCTL_SKIP_REDIRECT >redirect; exit 3");
	ck_assert_int_eq(query(), VIGIL_SERVICE_STOPPED);
	ck_assert_int_eq(scratch_number("redirect"), 1);
}
END_TEST

START_TEST(presence_is_detected)
{
	ck_assert(manager_lsb.present(&request));
	request.init_dir = scratch_path("no-such-directory");
	ck_assert(!manager_lsb.present(&request));
	ck_assert_int_eq(query(), VIGIL_SERVICE_ABSENT);
}
END_TEST

SUITE("manager_lsb_faults", setup, scratch_teardown)
{
	TIMEOUT(120);
	TEST(a_script_that_others_may_have_written_is_not_run);
	TEST(a_script_that_cannot_answer);
	TEST(a_restart_that_fails);
	TEST(a_restart_that_hangs_does_not_end_the_service);
	TEST(a_script_that_someone_else_runs_is_not_interrupted);
	TEST(without_access_to_proc_a_stopped_service_is_unknown);
	TEST(a_lack_of_descriptors_does_not_make_a_service_fail);
	TEST(a_lack_of_descriptors_for_the_pidfile_makes_the_status_unknown);
	TEST(scripts_do_not_redirect_to_systemctl);
	TEST(presence_is_detected);
}
