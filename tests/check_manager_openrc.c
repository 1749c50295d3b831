/*
 * check_manager_openrc: services under the real rc-service, in a separate mount namespace with its
 * own /etc/init.d and /run, in which OpenRC seems to have booted the machine.
 */
#include "service/manager.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "children.h"
#include "scratch.h"
#include "suite.h"

static struct manager_request request;
static struct manager_reply reply;

static void mount_over(const char *name, const char *target)
{
	ck_assert_int_eq(mount(scratch_path(name), target, "none", MS_BIND, NULL), 0);
}

/* Each test runs in its own process, and so in its own mount namespace. */
static void setup(void)
{
	static const char *const below[] = {"daemons", "exclusive", "failed", "hotplugged",
		"inactive", "options", "scheduled", "started", "starting", "stopping", "tmp",
		"wasinactive"};
	char name[64];
	size_t i;

	scratch_setup();
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	ck_assert_int_eq(mount(NULL, "/", "none", MS_REC | MS_PRIVATE, NULL), 0);
	ck_assert_int_eq(mkdir(scratch_path("init.d"), 0755), 0);
	ck_assert_int_eq(mkdir(scratch_path("run"), 0755), 0);
	ck_assert_int_eq(mkdir(scratch_path("run/openrc"), 0755), 0);
	for (i = 0; i < COUNT(below); i++) {
		snprintf(name, sizeof(name), "run/openrc/%s", below[i]);
		ck_assert_int_eq(mkdir(scratch_path(name), 0755), 0);
	}
	scratch_put("run/openrc/softlevel", 0644, "default\n");
	mount_over("init.d", "/etc/init.d");
	mount_over("run", "/run");
	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	request = (struct manager_request){.name = "svc", .manager = &manager_openrc};
}

static void teardown(void)
{
	kill_and_reap_all();
	ck_assert_int_eq(umount2("/run", MNT_DETACH), 0);
	ck_assert_int_eq(umount2("/etc/init.d", MNT_DETACH), 0);
	scratch_teardown();
}

static void put_script(const char *body)
{
	scratch_put("init.d/svc", 0755, "#!/sbin/openrc-run\n%s\n", body);
}

static const char *const in_background = "command=/bin/sleep\ncommand_args=1000\n"
					 "command_background=yes\npidfile=/run/svc.pid\n";
static const char *const supervised = "supervisor=supervise-daemon\ncommand=/bin/sleep\n"
				      "command_args=1000\npidfile=/run/svc.pid\n";

static int rc(const char *verb)
{
	char command[64];

	snprintf(command, sizeof(command), "rc-service svc %s >/dev/null 2>&1", verb);
	return WEXITSTATUS(system(command));
}

static vigil_service_status query(void)
{
	memset(&reply, 0, sizeof(reply));
	request.deadline = clock_now() + 30 * CLOCK_SECOND;
	manager_openrc.query(&request, &reply);
	ck_assert((reply.error == 0) == (reply.fault == VIGIL_FAULT_NONE));
	ck_assert((reply.error == 0) == (reply.status != VIGIL_SERVICE_UNKNOWN));
	return reply.status;
}

static int restart(double seconds)
{
	memset(&reply, 0, sizeof(reply));
	request.deadline = clock_now() + clock_from_seconds(seconds);
	manager_openrc.apply(MANAGER_RESTART, &request, &reply);
	ck_assert((reply.error == 0) == (reply.fault == VIGIL_FAULT_NONE));
	return reply.error;
}

static int apply(enum manager_change change)
{
	memset(&reply, 0, sizeof(reply));
	request.deadline = clock_now() + 30 * CLOCK_SECOND;
	manager_apply(change, &request, &reply);
	ck_assert((reply.error == 0) == (reply.fault == VIGIL_FAULT_NONE));
	return reply.error;
}

static void wait_for(vigil_service_status status)
{
	int i;

	for (i = 0; i < 1000 && query() != status; i++)
		usleep(10000);
	ck_assert_msg(reply.status == status, "it is %s, not %s: %s",
		vigil_service_status_name(reply.status), vigil_service_status_name(status),
		reply.text);
}

START_TEST(the_life_of_a_service)
{
	pid_t first, second;

	ck_assert_int_eq(query(), VIGIL_SERVICE_ABSENT);
	ck_assert_int_eq(reply.error, 0);
	ck_assert_int_eq(restart(30), -ENOENT);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_ABSENT);

	put_script(in_background);
	ck_assert_int_eq(query(), VIGIL_SERVICE_STOPPED);
	ck_assert_str_eq(reply.text, "");
	ck_assert_int_eq(restart(30), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	first = reply.pid;
	ck_assert_int_eq(first, scratch_number("run/svc.pid"));
	ck_assert_int_eq(restart(30), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	second = reply.pid;
	ck_assert_int_ne(first, second);

	ck_assert_int_eq(rc("stop"), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_STOPPED);
	ck_assert_int_eq(reply.pid, 0);
	ck_assert_int_eq(restart(30), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);

	/* the service is uninstalled while it runs */
	ck_assert_int_eq(unlink("/etc/init.d/svc"), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_ABSENT);
	ck_assert_int_eq(restart(30), -ENOENT);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_ABSENT);
}
END_TEST

/* An admin stops the service after vigild has queried OpenRC and before it checks the process. */
START_TEST(a_stop_during_a_query_is_not_a_crash)
{
	char body[512];

	snprintf(body, sizeof(body),
		"%sstatus() {\n"
		"	[ -L /run/openrc/started/svc ] || return 3\n"
		"	[ -e /run/now ] || return 0\n"
		"	read -r pid </run/svc.pid\n"
		"	kill -9 $pid\n"
		"	while grep -q '^State:.[^ZX]' /proc/$pid/status 2>&1; do :; done\n"
		"	rm /run/openrc/started/svc\n"
		"	return 0\n"
		"}\n",
		in_background);
	put_script(body);
	ck_assert_int_eq(rc("start"), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	scratch_put("run/now", 0644, "%s", "");
	ck_assert_int_eq(query(), VIGIL_SERVICE_STOPPED);
	ck_assert_str_eq(reply.text, "");
}
END_TEST

/* Debian's OpenRC still reports the service as started, and fails to stop and to restart it. */
START_TEST(a_service_that_crashed)
{
	pid_t pid;

	put_script(in_background);
	ck_assert_int_eq(restart(30), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	pid = reply.pid;
	kill_and_reap(pid);
	ck_assert_int_eq(query(), VIGIL_SERVICE_FAILED);
	ck_assert_int_eq(reply.pid, 0);
	ck_assert_int_eq(reply.error, 0);
	ck_assert_str_ne(reply.text, "");
	ck_assert_int_eq(restart(30), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	ck_assert_int_ne(reply.pid, pid);

	/* the pidfile of the request is used instead of the one that OpenRC has recorded */
	kill_and_reap(reply.pid);
	request.pidfile = scratch_path("no-pidfile");
	ck_assert_int_eq(
		query(), rc("status") == 32 ? VIGIL_SERVICE_FAILED : VIGIL_SERVICE_UNKNOWN);
	request.pidfile = scratch_path("run/svc.pid");
	ck_assert_int_eq(query(), VIGIL_SERVICE_FAILED);
}
END_TEST

START_TEST(a_start_and_a_stop)
{
	pid_t pid;

	put_script(in_background);
	ck_assert_int_eq(apply(MANAGER_STOP), 0); /* it is stopped already */
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_STOPPED);
	ck_assert_int_eq(apply(MANAGER_START), 0);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_RUNNING);
	pid = reply.pid;
	ck_assert_int_eq(apply(MANAGER_START), 0); /* it runs already */
	ck_assert_int_eq(reply.pid, pid);
	ck_assert_int_eq(apply(MANAGER_STOP), 0);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_STOPPED);
	ck_assert_int_eq(rc("status"), 3);

	/* OpenRC cannot stop a service that has crashed, and it must not remain "started" */
	ck_assert_int_eq(apply(MANAGER_START), 0);
	kill_and_reap(reply.pid);
	ck_assert_int_eq(query(), VIGIL_SERVICE_FAILED);
	ck_assert_int_eq(apply(MANAGER_STOP), 0);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_STOPPED);
	ck_assert_int_eq(rc("status"), 3);

	put_script("start() { eerror no licence; return 1; }\n");
	ck_assert_int_eq(apply(MANAGER_START), -EIO);
	ck_assert_ptr_nonnull(strstr(reply.text, "no licence"));
	put_script("start() { return 0; }\nstop() { eerror not now; return 1; }\n");
	ck_assert_int_eq(apply(MANAGER_START), 0);
	ck_assert_int_eq(apply(MANAGER_STOP), -EIO);
	ck_assert_ptr_nonnull(strstr(reply.text, "not now"));
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_RUNNING);
}
END_TEST

START_TEST(a_service_under_supervise_daemon)
{
	pid_t pid, supervisor;
	int i;

	put_script(supervised);
	ck_assert_int_eq(restart(30), 0);
	wait_for(VIGIL_SERVICE_RUNNING);
	supervisor = scratch_number("run/svc.pid");
	pid = reply.pid;
	ck_assert_int_ne(pid, supervisor);
	ck_assert_int_eq(reply.respawns, 0);

	/* it is restarted, and never reported as down in between */
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	for (i = 0; i < 1000 && (query() != VIGIL_SERVICE_RUNNING || reply.pid == pid); i++)
		ck_assert(!vigil_service_is_down(reply.status));
	ck_assert_int_ne(reply.pid, pid);
	ck_assert_uint_ge(reply.respawns, 1);

	/* without its supervisor the service still runs */
	pid = reply.pid;
	kill_and_reap(supervisor);
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	ck_assert_int_eq(reply.pid, pid);
	ck_assert_str_eq(reply.text, "its supervise-daemon has died");
	kill_and_reap(pid);
	ck_assert_int_eq(query(), VIGIL_SERVICE_FAILED);
	ck_assert_int_eq(restart(30), 0);
	wait_for(VIGIL_SERVICE_RUNNING);
	ck_assert_int_ne(reply.pid, pid);
	ck_assert_str_eq(reply.text, "");
}
END_TEST

START_TEST(a_service_that_starts_and_stops_slowly)
{
	pid_t starter;
	int fifo;

	ck_assert_int_eq(mkfifo(scratch_path("run/fifo"), 0600), 0);
	fifo = open(scratch_path("run/fifo"), O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(fifo, 0);
	put_script("start() { read go </run/fifo; }\nstop() { read go </run/fifo; }");
	ck_assert_int_eq(query(), VIGIL_SERVICE_STOPPED);
	starter = fork();
	if (starter == 0)
		_exit(rc("restart"));
	wait_for(VIGIL_SERVICE_STARTING);
	ck_assert_int_eq(write(fifo, "go\n", 3), 3);
	ck_assert_int_eq(waitpid(starter, NULL, 0), starter);
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	ck_assert_int_eq(reply.pid, 0); /* the pid is unknown */

	starter = fork();
	if (starter == 0)
		_exit(rc("stop"));
	wait_for(VIGIL_SERVICE_STOPPING);
	ck_assert_int_eq(write(fifo, "go\n", 3), 3);
	ck_assert_int_eq(waitpid(starter, NULL, 0), starter);
	ck_assert_int_eq(query(), VIGIL_SERVICE_STOPPED);
	close(fifo);
}
END_TEST

START_TEST(a_restart_that_fails)
{
	put_script("start() { echo port in use; return 1; }");
	ck_assert_int_eq(restart(30), -EIO);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_FAILED);
	ck_assert_ptr_nonnull(strstr(reply.text, "port in use"));
	ck_assert_ptr_nonnull(strstr(reply.text, "failed to start"));
	ck_assert_ptr_null(strchr(reply.text, '\033'));
	ck_assert_int_eq(query(), VIGIL_SERVICE_STOPPED);

	put_script("start() { return 0; }\nstop() { return 1; }");
	ck_assert_int_eq(restart(30), 0);
	ck_assert_int_eq(restart(30), -EIO);
	ck_assert_ptr_nonnull(strstr(reply.text, "failed to stop"));
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
}
END_TEST

START_TEST(a_restart_that_hangs)
{
	put_script("start() { echo >/run/begun; sleep 1000; }");
	ck_assert_int_eq(restart(3), -ETIMEDOUT);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_TIMEOUT);
	ck_assert(scratch_has("run/begun"));
	wait_for(VIGIL_SERVICE_STOPPED);
	put_script(in_background);
	ck_assert_int_eq(restart(30), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);

	put_script("status() { sleep 1000; }");
	request.deadline = clock_now() + CLOCK_SECOND / 5;
	memset(&reply, 0, sizeof(reply));
	manager_openrc.query(&request, &reply);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_UNKNOWN);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_TIMEOUT);
	ck_assert_int_eq(restart(0.2), -ETIMEDOUT);
}
END_TEST

static const struct {
	int code;
	vigil_service_status status;
} codes[] = {
	{0, VIGIL_SERVICE_RUNNING},
	{1, VIGIL_SERVICE_UNKNOWN},
	{3, VIGIL_SERVICE_STOPPED},
	{4, VIGIL_SERVICE_STOPPING},
	{8, VIGIL_SERVICE_STARTING},
	{16, VIGIL_SERVICE_STARTING},
	{32, VIGIL_SERVICE_FAILED},
	{64, VIGIL_SERVICE_FAILED},
	{77, VIGIL_SERVICE_UNKNOWN},
};

/* A script may report these states of OpenRC with a status function. */
START_TEST(the_exit_status_of_the_script_is_the_status)
{
	char body[256];

	snprintf(body, sizeof(body),
		"start() { return 0; }\nstop() { return 0; }\n"
		"status() { eerror 'it says so'; return %d; }\n",
		codes[_i].code);
	put_script(body);
	ck_assert_int_eq(query(), codes[_i].status);
	if (codes[_i].status == VIGIL_SERVICE_UNKNOWN)
		ck_assert_ptr_nonnull(strstr(reply.text, "it says so"));
	if (codes[_i].status == VIGIL_SERVICE_UNKNOWN)
		ck_assert_int_eq(restart(30), -EIO); /* nothing is restarted */
	else
		ck_assert_int_eq(restart(30), 0);
}
END_TEST

START_TEST(scripts_in_another_directory)
{
	ck_assert_int_eq(mkdir(scratch_path("other"), 0755), 0);
	scratch_put("other/svc", 0755, "#!/sbin/openrc-run\n%s", in_background);
	ck_assert_int_eq(query(), VIGIL_SERVICE_ABSENT);
	request.init_dir = scratch_path("other");
	ck_assert_int_eq(query(), VIGIL_SERVICE_STOPPED);
	ck_assert_int_eq(restart(30), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	kill_and_reap(reply.pid);
	ck_assert_int_eq(query(), VIGIL_SERVICE_FAILED);
	ck_assert_int_eq(restart(30), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	ck_assert_int_eq(chmod(scratch_path("other/svc"), 0757), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_UNKNOWN);
	ck_assert_ptr_nonnull(strstr(reply.text, "may be written by others"));
}
END_TEST

START_TEST(openrc_on_a_machine_without_openrc)
{
	char path[4096];

	put_script("start() { echo >/run/begun; }");
	ck_assert(manager_openrc.present(&request));
	ck_assert_int_eq(unlink("/run/openrc/softlevel"), 0);
	ck_assert(!manager_openrc.present(&request));
	ck_assert_int_eq(query(), VIGIL_SERVICE_UNKNOWN);
	ck_assert_int_eq(reply.error, -ENOTCONN);
	ck_assert_int_eq(restart(30), -ENOTCONN);
	ck_assert(!scratch_has("run/begun"));
	scratch_put("run/openrc/softlevel", 0644, "default\n");
	snprintf(path, sizeof(path), "%s", getenv("PATH"));
	ck_assert_int_eq(setenv("PATH", scratch, 1), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_UNKNOWN);
	ck_assert_int_eq(setenv("PATH", path, 1), 0);
	ck_assert_int_eq(reply.error, -ENOENT);
	ck_assert_ptr_nonnull(strstr(reply.text, "rc-service"));
}
END_TEST

START_TEST(automatic_choice_finds_the_service)
{
	put_script(in_background);
	request.manager = NULL;
	request.deadline = clock_now() + 30 * CLOCK_SECOND;
	manager_apply(MANAGER_RESTART, &request, &reply);
	ck_assert_int_eq(reply.error, 0);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_RUNNING);
	ck_assert_ptr_eq(reply.manager, &manager_openrc);
	ck_assert_ptr_eq(manager_find("openrc"), &manager_openrc);
}
END_TEST

/* Returns why this machine cannot run the tests; NULL: it can. */
static const char *unfit(void)
{
	pid_t pid;
	int status = 1;

	if (geteuid() != 0)
		return "only root has a mount namespace of its own";
	if (access("/sbin/openrc-run", X_OK) || access("/etc/init.d", X_OK) ||
		system("command -v rc-service >/dev/null 2>&1"))
		return "OpenRC is not installed";
	pid = fork();
	if (pid == 0)
		_exit(unshare(CLONE_NEWNS) ? 1 : 0);
	waitpid(pid, &status, 0);
	return status ? "this machine allows no mount namespaces" : NULL;
}

SUITE("manager_openrc", setup, teardown)
{
	TIMEOUT(120);
	if (unfit())
		suite_skip(unfit());
	TEST(a_stop_during_a_query_is_not_a_crash);
	TEST(the_life_of_a_service);
	TEST(a_service_that_crashed);
	TEST(a_start_and_a_stop);
	TEST(a_service_under_supervise_daemon);
	TEST(a_service_that_starts_and_stops_slowly);
	TEST(a_restart_that_fails);
	TEST(a_restart_that_hangs);
	LOOP_TEST(the_exit_status_of_the_script_is_the_status, COUNT(codes));
	TEST(scripts_in_another_directory);
	TEST(openrc_on_a_machine_without_openrc);
	TEST(automatic_choice_finds_the_service);
}
