/*
 * supervised: the common part of the tests of runit and s6: a directory that the real scanner
 * scans, the services in it, and the termination of all their processes.
 *
 * The test is the subreaper of its descendants. So it can find and wait for all orphaned processes
 * at its end, and a process that was killed and waited for no longer exists.
 */
#ifndef SUPERVISED_H
#define SUPERVISED_H

#include "service/manager.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "children.h"
#include "scratch.h"
#include "suite.h"

extern char **environ;

static const struct manager *the_manager; /* set in SUITE */
static const char *the_scanner;
static struct manager_request request;
static struct manager_reply reply;
static pid_t scanner;

static bool installed(const char *program)
{
	char command[128];

	snprintf(command, sizeof(command), "command -v %s >/dev/null 2>&1", program);
	return system(command) == 0;
}

/* Starts the scanner for a directory in the scratch directory, which must exist. */
static void scan_at(const char *directory)
{
	char *argv[] = {(char *)the_scanner, scratch_path(directory), NULL};
	struct timespec before[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
	posix_spawn_file_actions_t quiet;

	/* runsvdir waits a second if the directory was changed in the present second */
	utimensat(AT_FDCWD, argv[1], before, 0);
	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_addopen(&quiet, 2, "/dev/null", O_WRONLY, 0);
	ck_assert_int_eq(posix_spawnp(&scanner, argv[0], &quiet, NULL, argv, environ), 0);
	posix_spawn_file_actions_destroy(&quiet);
}

static void scan(void)
{
	scan_at("scan");
}

static void setup(void)
{
	scratch_setup();
	ck_assert_int_eq(mkdir(scratch_path("scan"), 0755), 0);
	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	signal(SIGHUP, SIG_DFL); /* nohup ignores it, and the services would inherit that */
	request = (struct manager_request){
		.name = "svc", .manager = the_manager, .service_dir = scratch_path("scan")};
}

static void teardown(void)
{
	kill_and_reap_all();
	scratch_teardown();
}

/* --- services --------------------------------------------------------------------------------- */

/* Writes a file of the service, and creates the service directory if needed. */
__attribute__((format(printf, 3, 4))) static void put(
	const char *name, mode_t mode, const char *format, ...)
{
	char place[64], target[64], text[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	mkdir(scratch_path("scan/svc"), 0755);
	snprintf(place, sizeof(place), "new-%s", name);
	snprintf(target, sizeof(target), "scan/svc/%s", name);
	/* written by rename, because the supervisor may be about to start it */
	ck_assert_int_eq(rename(scratch_put(place, mode, "%s", text), scratch_path(target)), 0);
}

static void put_run(const char *body)
{
	put("run", 0755, "#!/bin/sh\necho $$ >>%s\n%s\n", scratch_path("started"), body);
}

static const char *const run_forever = "exec sleep 1000";

/* Runs a command of the manager for the service. */
static int tell(const char *words)
{
	char command[256];

	snprintf(
		command, sizeof(command), "%s %s >/dev/null 2>&1", words, scratch_path("scan/svc"));
	return system(command);
}

static vigil_service_status query(void)
{
	memset(&reply, 0, sizeof(reply));
	request.deadline = clock_now() + 30 * CLOCK_SECOND;
	the_manager->query(&request, &reply);
	ck_assert((reply.error == 0) == (reply.fault == VIGIL_FAULT_NONE));
	ck_assert((reply.error == 0) == (reply.status != VIGIL_SERVICE_UNKNOWN));
	return reply.status;
}

static int restart(double seconds)
{
	memset(&reply, 0, sizeof(reply));
	request.deadline = clock_now() + clock_from_seconds(seconds);
	the_manager->apply(MANAGER_RESTART, &request, &reply);
	ck_assert((reply.error == 0) == (reply.fault == VIGIL_FAULT_NONE));
	return reply.error;
}

static int apply(enum manager_change change, double seconds)
{
	memset(&reply, 0, sizeof(reply));
	request.deadline = clock_now() + clock_from_seconds(seconds);
	manager_apply(change, &request, &reply);
	ck_assert((reply.error == 0) == (reply.fault == VIGIL_FAULT_NONE));
	return reply.error;
}

static void wait_for(vigil_service_status status)
{
	int i;

	for (i = 0; i < 3000 && query() != status; i++)
		usleep(10000);
	ck_assert_msg(reply.status == status, "it is %s, not %s: %s",
		vigil_service_status_name(reply.status), vigil_service_status_name(status),
		reply.text);
}

/* Waits until the service runs with another pid than `pid`, and returns the new pid. */
static pid_t wait_for_other(pid_t pid)
{
	int i;

	for (i = 0; i < 3000; i++) {
		if (query() == VIGIL_SERVICE_RUNNING && reply.pid != pid)
			return reply.pid;
		/* the manager restarts it */
		ck_assert_msg(!vigil_service_is_down(reply.status), "%s", reply.evidence);
		usleep(10000);
	}
	ck_abort_msg("it never ran again");
}

static void wait_file(const char *name)
{
	int i;

	for (i = 0; i < 3000 && !scratch_has(name); i++)
		usleep(10000);
	ck_assert(scratch_has(name));
}

static pid_t run_it(const char *body)
{
	put_run(body);
	scan();
	wait_for(VIGIL_SERVICE_RUNNING);
	/* By now the started process is the service. */
	ck_assert_int_eq(scratch_number("started"), reply.pid);
	return reply.pid;
}

/* Returns the pid of the parent, which is the supervisor of a running service. */
static pid_t parent_of(pid_t pid)
{
	char path[32];
	FILE *file;
	int parent = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "r");
	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fscanf(file, "%*d (%*[^)]) %*c %d", &parent), 1);
	fclose(file);
	ck_assert_int_gt(parent, 1);
	return parent;
}

static void wait_dead(pid_t pid)
{
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

/* --- tests of both managers ------------------------------------------------------------------- */

START_TEST(the_life_of_a_service)
{
	pid_t first, second;

	ck_assert_int_eq(query(), VIGIL_SERVICE_ABSENT);
	ck_assert_int_eq(reply.error, 0);
	ck_assert(!the_manager->present(&request));
	ck_assert_int_eq(restart(30), -ENOENT);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_ABSENT);

	put_run(run_forever); /* no supervisor yet */
	ck_assert_int_eq(query(), VIGIL_SERVICE_UNKNOWN);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_FAILED);
	ck_assert_ptr_nonnull(strstr(reply.text, "watches"));

	scan();
	wait_for(VIGIL_SERVICE_RUNNING);
	ck_assert(the_manager->present(&request));
	first = reply.pid;
	ck_assert_int_eq(first, scratch_number("started"));
	ck_assert_int_eq(reply.error, 0);
	ck_assert_str_eq(reply.text, "");

	ck_assert_int_eq(restart(30), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	second = reply.pid;
	ck_assert_int_ne(first, second);
	ck_assert_int_eq(kill(first, 0), -1);

	/* after a crash the manager restarts it */
	ck_assert_int_eq(kill(second, SIGKILL), 0);
	wait_for_other(second);

	/* the service is uninstalled while it runs */
	ck_assert_int_eq(rename(scratch_path("scan/svc"), scratch_path("gone")), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_ABSENT);
	ck_assert_int_eq(reply.error, 0);
	ck_assert(!the_manager->present(&request));
	ck_assert_int_eq(restart(30), -ENOENT);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_ABSENT);
}
END_TEST

static void stopped_cleanly(const char *down)
{
	run_it(run_forever);
	ck_assert_int_eq(tell(down), 0);
	wait_for(VIGIL_SERVICE_STOPPED);
	ck_assert_int_eq(reply.pid, 0);
	ck_assert_str_eq(reply.text, "");
	ck_assert_int_eq(restart(30), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	ck_assert_int_gt(reply.pid, 0);
}

START_TEST(a_restart_that_fails)
{
	run_it(run_forever);
	put_run("exit 3");
	ck_assert_int_eq(restart(30), -EIO);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_FAILED);
	ck_assert_ptr_nonnull(strstr(reply.text, "it was started and at once "));
	/* the manager keeps trying, and vigild may restart it from that status */
	wait_for(VIGIL_SERVICE_STARTING);
	ck_assert_int_eq(restart(30), -EIO);
	ck_assert_ptr_nonnull(strstr(reply.text, "at once "));
	wait_for(VIGIL_SERVICE_STARTING);

	put_run(run_forever);
	ck_assert_int_eq(restart(30), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
}
END_TEST

START_TEST(a_restart_that_hangs)
{
	/* the shell runs for a moment before it ignores the signal */
	pid_t pid = run_it("trap '' TERM; : >ignores; while :; do sleep 1000; done");
	clock_t begun;

	wait_file("scan/svc/ignores");
	begun = clock();
	ck_assert_int_eq(restart(1), -ETIMEDOUT);
	/* restart() waited and did not busy-loop */
	ck_assert_int_lt(clock() - begun, CLOCKS_PER_SEC / 2);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_TIMEOUT);
	ck_assert_ptr_nonnull(strstr(reply.text, "did not end within the deadline"));
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	ck_assert_int_eq(reply.pid, pid);
}
END_TEST

START_TEST(a_reload_sends_sighup)
{
	pid_t pid = run_it("trap ': >reloaded' HUP; : >ready; while :; do sleep 0.1; done");

	wait_file("scan/svc/ready");
	request.manager = the_manager;
	ck_assert_int_eq(apply(MANAGER_RELOAD, 30), 0);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_RUNNING);
	ck_assert_int_eq(reply.pid, pid);
	wait_file("scan/svc/reloaded");
	request.memory = reply.memory;
	ck_assert_int_eq(apply(MANAGER_STOP, 30), 0);
	request.memory = reply.memory;
	ck_assert_int_eq(apply(MANAGER_RELOAD, 30), -ESRCH);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_REFUSED);
}
END_TEST

START_TEST(a_stop_and_a_start)
{
	pid_t pid = run_it(run_forever);

	request.manager = the_manager;
	ck_assert_int_eq(apply(MANAGER_START, 30), 0); /* it runs already */
	ck_assert_int_eq(reply.pid, pid);
	ck_assert_int_eq(apply(MANAGER_STOP, 30), 0);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_STOPPED);
	ck_assert_int_eq(reply.pid, 0);
	ck_assert_int_eq(kill(pid, 0), -1);
	request.memory = reply.memory;
	ck_assert_int_eq(apply(MANAGER_STOP, 30), 0); /* it is stopped already */
	ck_assert_int_eq(query(), VIGIL_SERVICE_STOPPED);
	ck_assert_int_eq(apply(MANAGER_START, 30), 0);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_RUNNING);
	ck_assert_int_ne(reply.pid, pid);
	ck_assert_int_eq(apply(MANAGER_STOP, 30), 0);
	put_run("exit 3");
	ck_assert_int_eq(apply(MANAGER_START, 30), -EIO);
	ck_assert_ptr_nonnull(strstr(reply.text, "it was started and at once "));
	/* the manager keeps trying until it is ordered to stop */
	ck_assert_int_eq(apply(MANAGER_STOP, 30), 0);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_STOPPED);
}
END_TEST

/* Neither the exit status nor the signal of a service that vigild has stopped is a failure. */
START_TEST(a_stopped_service_may_end_in_any_way)
{
	pid_t pid = run_it("trap 'exit 7' TERM; : >traps; while :; do sleep 0.1; done");

	request.manager = the_manager;
	wait_file("scan/svc/traps");
	ck_assert_int_eq(apply(MANAGER_STOP, 30), 0);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_STOPPED);
	ck_assert_int_eq(kill(pid, 0), -1);
	request.memory = reply.memory;
	ck_assert_int_eq(query(), VIGIL_SERVICE_STOPPED);
}
END_TEST

START_TEST(a_stop_of_a_service_that_ignores_it)
{
	pid_t pid = run_it("trap '' TERM; : >ignores; while :; do sleep 1000; done");

	request.manager = the_manager;
	wait_file("scan/svc/ignores");
	ck_assert_int_eq(apply(MANAGER_STOP, 0.5), -ETIMEDOUT);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_TIMEOUT);
	ck_assert_ptr_nonnull(strstr(reply.text, "did not end within the deadline"));
	ck_assert_int_eq(reply.pid, pid);
	/* the stop is still wanted, so that its end is a stop */
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(apply(MANAGER_STOP, 30), 0);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_STOPPED);
}
END_TEST

/* A start during a stop waits for the end of the old process. */
START_TEST(a_start_of_a_service_that_is_being_stopped)
{
	pid_t pid = run_it("trap 'until [ -e go ]; do sleep 0.01; done; exit' TERM; : >traps; "
			   "while :; do sleep 0.01; done");

	request.manager = the_manager;
	wait_file("scan/svc/traps");
	ck_assert_int_eq(apply(MANAGER_STOP, 0.1), -ETIMEDOUT);
	put_run(run_forever);
	put("go", 0644, "go\n");
	ck_assert_int_eq(apply(MANAGER_START, 30), 0);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_RUNNING);
	ck_assert_int_ne(reply.pid, pid);
}
END_TEST

START_TEST(a_supervisor_that_died)
{
	pid_t pid = run_it(run_forever), supervisor = parent_of(pid);

	ck_assert_int_eq(kill(scanner, SIGKILL), 0);
	wait_dead(scanner);
	ck_assert_int_eq(kill(supervisor, SIGKILL), 0);
	wait_dead(supervisor);
	ck_assert_int_eq(query(), VIGIL_SERVICE_UNKNOWN);
	ck_assert_int_eq(reply.error, -ENXIO);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_FAILED);
	ck_assert_ptr_nonnull(strstr(reply.text, "scan/svc has died"));
	ck_assert_int_eq(restart(30), -ENXIO);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_FAILED);
	ck_assert_int_eq(kill(pid, 0), 0); /* and the service still runs */
}
END_TEST

START_TEST(a_supervisor_that_hangs)
{
	pid_t pid = run_it(run_forever), supervisor = parent_of(pid);
	int fifo;

	ck_assert_int_eq(kill(supervisor, SIGSTOP), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	ck_assert_int_eq(restart(0.2), -ETIMEDOUT);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_TIMEOUT);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	wait_for(VIGIL_SERVICE_STARTING);
	ck_assert_ptr_nonnull(strstr(reply.text, "has not noticed it yet"));
	/* vigild does not wait for a full fifo */
	fifo = open(scratch_path("scan/svc/supervise/control"), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	ck_assert_int_ge(fifo, 0);
	while (write(fifo, "z", 1) == 1)
		; /* the supervisors ignore this letter */
	close(fifo);
	ck_assert_int_eq(restart(30), -EAGAIN);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_FAILED);
	ck_assert_ptr_nonnull(strstr(reply.text, "does not read its fifo"));
	ck_assert_int_eq(kill(supervisor, SIGCONT), 0);
	wait_for_other(pid);
}
END_TEST

static void paused(const char *pause)
{
	pid_t pid = run_it(run_forever);

	ck_assert_int_eq(tell(pause), 0);
	wait_for(VIGIL_SERVICE_STOPPED);
	ck_assert_int_eq(reply.pid, pid);
	ck_assert_str_eq(reply.text, "paused");
	request.manager = the_manager;
	ck_assert_int_eq(apply(MANAGER_START, 30), 0); /* it goes on */
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_RUNNING);
	ck_assert_int_eq(reply.pid, pid);
	ck_assert_int_eq(tell(pause), 0);
	wait_for(VIGIL_SERVICE_STOPPED);
	ck_assert_int_eq(apply(MANAGER_STOP, 30), 0); /* it has a process to stop */
	ck_assert_int_eq(reply.pid, 0);
	ck_assert_int_eq(kill(pid, 0), -1);
	ck_assert_int_eq(apply(MANAGER_START, 30), 0);
	pid = reply.pid;
	ck_assert_int_eq(tell(pause), 0);
	wait_for(VIGIL_SERVICE_STOPPED);
	ck_assert_int_eq(restart(30), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	ck_assert_int_ne(reply.pid, pid);
}

static void let_go(int fd)
{
	ck_assert_int_eq(write(fd, "go\n", 3), 3);
}

static void finishing(const char *down)
{
	pid_t pid;
	int fifo;

	put("finish", 0755, "#!/bin/sh\nread go <%s\n", scratch_path("fifo"));
	put("timeout-finish", 0644, "0\n");
	ck_assert_int_eq(mkfifo(scratch_path("fifo"), 0600), 0);
	fifo = open(scratch_path("fifo"), O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(fifo, 0);
	pid = run_it(run_forever);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	wait_for(VIGIL_SERVICE_STARTING);
	ck_assert_int_eq(reply.pid, 0);
	ck_assert_int_eq(restart(0.3), -ETIMEDOUT);
	ck_assert_ptr_nonnull(strstr(reply.text, "its finish script runs"));
	let_go(fifo);
	pid = wait_for_other(pid);

	tell(down);
	wait_for(VIGIL_SERVICE_STOPPING);
	let_go(fifo);
	wait_for(VIGIL_SERVICE_STOPPED);
	close(fifo);
}

/* Tests a service that was started once: it runs, but its manager does not restart it. */
static void once(const char *command)
{
	pid_t pid = run_it(run_forever);

	ck_assert_int_eq(tell(command), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	ck_assert_int_eq(reply.pid, pid);
	/* The service may end before the command takes effect. Then the manager restarts it for the
	 * last time. */
	for (int i = 0; i < 3000 && query() != VIGIL_SERVICE_STOPPED; i++) {
		if (reply.status == VIGIL_SERVICE_RUNNING && (i == 0 || reply.pid != pid))
			kill(pid = reply.pid, SIGTERM);
		usleep(10000);
	}
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_STOPPED);
}

START_TEST(automatic_choice_finds_the_service)
{
	run_it(run_forever);
	request.manager = NULL;
	request.init_dir = scratch_path("none");
	memset(&reply, 0, sizeof(reply));
	manager_query(&request, &reply);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_RUNNING);
	ck_assert_ptr_eq(reply.manager, the_manager);
	/* the service dies, its supervisor restarts it, and vigild restarts it too */
	ck_assert_int_eq(kill(reply.pid, SIGKILL), 0);
	request.deadline = clock_now() + 30 * CLOCK_SECOND;
	manager_apply(MANAGER_RESTART, &request, &reply);
	ck_assert_str_eq(reply.text, "");
	ck_assert_int_eq(reply.error, 0);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_RUNNING);
	ck_assert_ptr_eq(manager_find(the_manager->name), the_manager);
}
END_TEST

/* Writes a status file that no supervisor would write, and opens the fifo for reading as a
 * supervisor does; nothing else of a supervisor exists. Returns the descriptor of the fifo. */
static int forge(const void *bytes, size_t length, const char *fifo)
{
	char *path = scratch_path("scan/svc/supervise/status");
	FILE *file;
	int fd;

	mkdir(scratch_path("scan/svc"), 0755);
	mkdir(scratch_path("scan/svc/supervise"), 0755);
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, length, file), length);
	ck_assert_int_eq(fclose(file), 0);
	path = scratch_path(fifo);
	unlink(path);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	return fd;
}

static void add_common(TCase *tcase)
{
	TEST(the_life_of_a_service);
	TEST(a_restart_that_fails);
	TEST(a_restart_that_hangs);
	TEST(a_reload_sends_sighup);
	TEST(a_stop_and_a_start);
	TEST(a_stopped_service_may_end_in_any_way);
	TEST(a_stop_of_a_service_that_ignores_it);
	TEST(a_start_of_a_service_that_is_being_stopped);
	TEST(a_supervisor_that_died);
	TEST(a_supervisor_that_hangs);
	TEST(automatic_choice_finds_the_service);
}

#endif
