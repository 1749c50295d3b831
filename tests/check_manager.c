/* check_manager: which manager is queried, and when a restart has succeeded. */
#include "service/manager.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "scratch.h"
#include "process/spawn.h"
#include "suite.h"

static struct manager_request request;
static struct manager_reply reply;
static char *status[] = {"/bin/sh", "-c", NULL, NULL};

static void setup(void)
{
	scratch_setup();
	request = (struct manager_request){.name = "vigil-check", .init_dir = scratch};
}

static void put_script(const char *body)
{
	scratch_put("vigil-check", 0755, "#!/bin/sh\ncd %s\n%s\n", scratch, body);
}

static vigil_service_status query(void)
{
	memset(&reply, 0xaa, sizeof(reply));
	request.deadline = clock_now() + 30 * CLOCK_SECOND;
	manager_query(&request, &reply);
	return reply.status;
}

static int apply(enum manager_change change, double seconds)
{
	memset(&reply, 0xaa, sizeof(reply));
	request.deadline = clock_now() + clock_from_seconds(seconds);
	manager_apply(change, &request, &reply);
	ck_assert((reply.error == 0) == (reply.fault == VIGIL_FAULT_NONE));
	return reply.error;
}

static int restart(double seconds)
{
	return apply(MANAGER_RESTART, seconds);
}

START_TEST(managers_have_names)
{
	char names[128], *word, *rest;

	ck_assert_ptr_eq(manager_find("lsb"), &manager_lsb);
	ck_assert_ptr_eq(manager_find("command"), &manager_command);
	ck_assert_ptr_null(manager_find("auto"));
	ck_assert_ptr_null(manager_find(""));
	ck_assert_ptr_null(manager_find("LSB"));
	ck_assert_ptr_eq(manager_names(), manager_names());
	snprintf(names, sizeof(names), "%s", manager_names());
	word = strtok_r(names, " ", &rest);
	ck_assert_str_eq(word, "auto");
	while ((word = strtok_r(NULL, " ", &rest)))
		ck_assert_str_eq(manager_find(word)->name, word);
}
END_TEST

START_TEST(statuses_and_faults_have_names)
{
	ck_assert_str_eq(vigil_service_status_name(VIGIL_SERVICE_UNKNOWN), "unknown");
	ck_assert_str_eq(vigil_service_status_name(VIGIL_SERVICE_RELOADING), "reloading");
	ck_assert_str_eq(vigil_service_status_name((vigil_service_status)99), "unknown");
	ck_assert_str_eq(vigil_service_fault_name(VIGIL_FAULT_NONE), "none");
	ck_assert_str_eq(vigil_service_fault_name(VIGIL_FAULT_DENIED), "denied");
	ck_assert_str_eq(vigil_service_fault_name(VIGIL_FAULT_REFUSED), "refused");
	ck_assert(vigil_service_is_down(VIGIL_SERVICE_STOPPED));
	ck_assert(vigil_service_is_down(VIGIL_SERVICE_FAILED));
	ck_assert(!vigil_service_is_down(VIGIL_SERVICE_UNKNOWN));
	ck_assert(!vigil_service_is_down(VIGIL_SERVICE_ABSENT));
	ck_assert(!vigil_service_is_down(VIGIL_SERVICE_STARTING));
}
END_TEST

START_TEST(automatic_choice_takes_the_first_manager_that_knows_the_service)
{
	ck_assert_int_eq(query(), VIGIL_SERVICE_ABSENT);
	ck_assert_ptr_null(reply.manager);
	ck_assert_int_eq(reply.error, 0);
	ck_assert_str_eq(reply.text, "");
	ck_assert_int_eq(restart(30), -ENOENT);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_ABSENT);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_ABSENT);
	ck_assert_ptr_null(reply.manager);

	status[2] = "exit 0";
	request.status_command = status;
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	ck_assert_ptr_eq(reply.manager, &manager_command);
	put_script("exit 3");
	ck_assert_int_eq(query(), VIGIL_SERVICE_STOPPED);
	ck_assert_ptr_eq(reply.manager, &manager_lsb);
	put_script("exit 77"); /* no status: the search ends */
	ck_assert_int_eq(query(), VIGIL_SERVICE_UNKNOWN);
	ck_assert_ptr_eq(reply.manager, &manager_lsb);
	ck_assert_int_eq(restart(30), -EIO); /* and nothing is restarted */
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_UNKNOWN);

	request.manager = &manager_command;
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	ck_assert_ptr_eq(reply.manager, &manager_command);
}
END_TEST

START_TEST(a_restart_that_succeeds)
{
	put_script(
		"case $1 in status) test -f up || exit 3 ;; restart) echo hello; touch up ;; esac");
	ck_assert_int_eq(query(), VIGIL_SERVICE_STOPPED);
	ck_assert_int_eq(restart(30), 0);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_RUNNING);
	ck_assert_ptr_eq(reply.manager, &manager_lsb);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_NONE);
}
END_TEST

START_TEST(a_service_that_needs_time_to_start)
{
	/* only the third query finds it running */
	put_script("case $1 in restart) echo 0 >looks ;; status) read n <looks; n=$((n + 1)); "
		   "echo $n >looks; test $n -ge 3 || exit 3 ;; esac");
	request.manager = &manager_lsb;
	ck_assert_int_eq(restart(30), 0);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_RUNNING);
	ck_assert_int_eq(scratch_number("looks"), 3);
}
END_TEST

START_TEST(a_restart_that_only_claims_success_has_failed)
{
	put_script("case $1 in restart) echo started; exit 0 ;; status) echo no, dead; exit 1 ;; "
		   "esac");
	ck_assert_int_eq(restart(30), -EIO);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_FAILED);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_FAILED);
	ck_assert_str_eq(
		reply.text, "restarted, but its status right afterwards was failed: no, dead");
}
END_TEST

START_TEST(a_restart_that_fails)
{
	put_script("case $1 in restart) echo port in use; exit 1 ;; status) echo up ;; esac");
	ck_assert_int_eq(restart(30), -EIO);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_RUNNING); /* the status is still reported */
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_FAILED);
	ck_assert_str_eq(reply.text, "port in use");
}
END_TEST

START_TEST(the_query_after_a_restart_has_its_own_time)
{
	put_script("case $1 in restart) exec sleep 1000 ;; status) exit 3 ;; esac");
	request.manager = &manager_lsb;
	ck_assert_int_eq(restart(0.3), -ETIMEDOUT);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_TIMEOUT);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_STOPPED);

	put_script("case $1 in status) sleep 1000 ;; esac");
	ck_assert_int_eq(restart(0.3), -ETIMEDOUT); /* the query timed out */
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_UNKNOWN);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_TIMEOUT);
}
END_TEST

static const char *const switchable =
	"case $1 in status) test -f up || exit 3 ;; start) echo start >>log; touch up ;; "
	"stop) echo stop >>log; rm up ;; esac";

START_TEST(a_start_and_a_stop)
{
	put_script(switchable);
	ck_assert_int_eq(apply(MANAGER_START, 30), 0);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_RUNNING);
	ck_assert_ptr_eq(reply.manager, &manager_lsb);
	ck_assert_int_eq(apply(MANAGER_STOP, 30), 0);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_STOPPED);
	/* the script cannot say that it was stopped cleanly, but vigild can */
	ck_assert(!reply.unclear_stop);
	ck_assert(reply.memory.stop_seen);
	ck_assert_int_eq(query(), VIGIL_SERVICE_STOPPED);
	ck_assert(reply.unclear_stop); /* the request still has the old memory */
	request.memory.stop_seen = true;
	ck_assert_int_eq(query(), VIGIL_SERVICE_STOPPED);
	ck_assert(!reply.unclear_stop);
	scratch_put("up", 0644, "up\n");
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	ck_assert(!reply.memory.stop_seen);
}
END_TEST

START_TEST(a_start_of_a_running_and_a_stop_of_a_stopped_service_do_nothing)
{
	put_script(switchable);
	scratch_put("up", 0644, "up\n");
	ck_assert_int_eq(apply(MANAGER_START, 30), 0);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_RUNNING);
	ck_assert_int_eq(unlink(scratch_path("up")), 0);
	request.manager = &manager_lsb;
	ck_assert_int_eq(apply(MANAGER_STOP, 30), 0);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_STOPPED);
	ck_assert(!reply.unclear_stop);
	ck_assert(reply.memory.stop_seen);
	ck_assert(!scratch_has("log"));
	/* nor is there anything to stop in a crashed service, which is stopped on purpose now */
	put_script("case $1 in status) exit 1 ;; *) touch log ;; esac");
	ck_assert_int_eq(query(), VIGIL_SERVICE_FAILED);
	ck_assert_int_eq(apply(MANAGER_STOP, 30), 0);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_STOPPED);
	ck_assert(!scratch_has("log"));
}
END_TEST

START_TEST(a_start_needs_a_known_status_and_a_stop_a_known_manager)
{
	put_script("case $1 in status) test -f down && exit 3; exit 77 ;; start) touch log ;; "
		   "stop) touch down ;; esac");
	ck_assert_int_eq(apply(MANAGER_START, 30), -EIO);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_UNKNOWN);
	ck_assert_int_eq(apply(MANAGER_STOP, 30), -EIO);
	request.manager = &manager_lsb;
	ck_assert_int_eq(apply(MANAGER_START, 30), -EIO);
	ck_assert(!scratch_has("log"));
	ck_assert_int_eq(apply(MANAGER_STOP, 30), 0);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_STOPPED);
	request.name = "vigil-check-none";
	ck_assert_int_eq(apply(MANAGER_START, 30), -ENOENT);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_ABSENT);
}
END_TEST

START_TEST(a_stop_waits_for_the_end)
{
	/* the script returns at once; only the third query after it finds the service down */
	put_script("case $1 in stop) echo 0 >looks ;; status) test -f looks || exit 0; "
		   "read n <looks; n=$((n + 1)); echo $n >looks; test $n -lt 3 || exit 3 ;; esac");
	ck_assert_int_eq(apply(MANAGER_STOP, 30), 0);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_STOPPED);
	ck_assert_int_eq(scratch_number("looks"), 3);

	put_script("exit 0"); /* it goes on for ever */
	ck_assert_int_eq(apply(MANAGER_STOP, 0.5), -ETIMEDOUT);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_TIMEOUT);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_RUNNING);
	ck_assert_str_eq(reply.text, "it did not stop within the deadline: it is still running");
	ck_assert(!reply.memory.stop_seen);
}
END_TEST

/* Starts a process and writes its pid to the pidfile. */
static pid_t start_process(void)
{
	char line[256];

	snprintf(line, sizeof(line), "cd %s; setsid sleep 1000 >/dev/null 2>&1 & echo $! >%s/pid",
		scratch, scratch);
	ck_assert_int_eq(system(line), 0);
	ck_assert_int_eq(query(), VIGIL_SERVICE_RUNNING);
	ck_assert_int_gt(reply.pid, 0);
	return reply.pid;
}

static bool is_alive(pid_t pid)
{
	char line[64];

	snprintf(line, sizeof(line), "grep -qs '^State:.[^ZX]' /proc/%d/status", (int)pid);
	return system(line) == 0;
}

/* The script removes the pidfile first, and then its status says that the service is down. */
START_TEST(a_stop_waits_for_the_process)
{
	pid_t pid;

	request.pidfile = scratch_path("pid");
	request.manager = &manager_lsb;
	put_script("case $1 in status) test -s pid || exit 3 ;; stop) read pid <pid; rm pid; "
		   "setsid sh -c \"sleep 0.3; kill $pid\" >/dev/null 2>&1 & ;; esac");
	pid = start_process();
	ck_assert(is_alive(pid));
	ck_assert_int_eq(apply(MANAGER_STOP, 30), 0);
	ck_assert(!is_alive(pid));

	put_script("case $1 in status) test -s pid || exit 3 ;; stop) rm pid ;; esac");
	pid = start_process();
	ck_assert_int_eq(apply(MANAGER_STOP, 0.5), -ETIMEDOUT);
	ck_assert_ptr_nonnull(strstr(reply.text, "is still alive"));
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
}
END_TEST

START_TEST(a_stop_is_judged_by_what_it_did)
{
	put_script("case $1 in stop) echo complains; touch down; exit 1 ;; "
		   "status) test ! -f down || exit 3 ;; esac");
	ck_assert_int_eq(apply(MANAGER_STOP, 30), 0);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_STOPPED);

	put_script("case $1 in stop) echo complains; exit 1 ;; esac");
	ck_assert_int_eq(apply(MANAGER_STOP, 30), -EIO);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_FAILED);
	ck_assert_str_eq(reply.text, "complains");
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_RUNNING);
}
END_TEST

START_TEST(a_start_that_fails)
{
	put_script("case $1 in start) echo port in use; exit 1 ;; status) exit 3 ;; esac");
	ck_assert_int_eq(apply(MANAGER_START, 30), -EIO);
	ck_assert_str_eq(reply.text, "port in use");
	put_script("case $1 in start) exit 0 ;; status) echo no, dead; exit 1 ;; esac");
	ck_assert_int_eq(apply(MANAGER_START, 30), -EIO);
	ck_assert_str_eq(
		reply.text, "started, but its status right afterwards was failed: no, dead");
}
END_TEST

START_TEST(after_spawn_cancel_nothing_is_started)
{
	put_script("touch was-run");
	request.manager = &manager_lsb;
	spawn_cancel();
	ck_assert_int_eq(query(), VIGIL_SERVICE_UNKNOWN);
	ck_assert_int_eq(reply.error, -ECANCELED);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_REFUSED);
	ck_assert_int_eq(restart(30), -ECANCELED);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_REFUSED);
	ck_assert(!scratch_has("was-run"));
}
END_TEST

#ifdef HAVE_SYSTEMD
START_TEST(systemd_on_a_machine_without_systemd)
{
	if (access("/run/systemd/system", F_OK) == 0)
		return; /* this machine runs systemd */
	ck_assert_ptr_eq(manager_find("systemd"), &manager_systemd);
	request.manager = &manager_systemd;
	ck_assert_int_eq(query(), VIGIL_SERVICE_UNKNOWN);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_FAILED);
	ck_assert_str_eq(reply.text, "this machine was not booted with systemd");
	ck_assert_int_eq(restart(30), -ENOTCONN);
}
END_TEST
#endif

START_TEST(the_data_of_a_thread_can_be_freed)
{
	query();
	manager_thread_end();
	manager_thread_end();
	ck_assert_int_eq(query(), VIGIL_SERVICE_ABSENT);
}
END_TEST

SUITE("manager", setup, scratch_teardown)
{
	TIMEOUT(120);
	TEST(managers_have_names);
	TEST(statuses_and_faults_have_names);
	TEST(automatic_choice_takes_the_first_manager_that_knows_the_service);
	TEST(a_restart_that_succeeds);
	TEST(a_service_that_needs_time_to_start);
	TEST(a_restart_that_only_claims_success_has_failed);
	TEST(a_restart_that_fails);
	TEST(the_query_after_a_restart_has_its_own_time);
	TEST(a_start_and_a_stop);
	TEST(a_start_of_a_running_and_a_stop_of_a_stopped_service_do_nothing);
	TEST(a_start_needs_a_known_status_and_a_stop_a_known_manager);
	TEST(a_stop_waits_for_the_end);
	TEST(a_stop_waits_for_the_process);
	TEST(a_stop_is_judged_by_what_it_did);
	TEST(a_start_that_fails);
	TEST(after_spawn_cancel_nothing_is_started);
#ifdef HAVE_SYSTEMD
	TEST(systemd_on_a_machine_without_systemd);
#endif
	TEST(the_data_of_a_thread_can_be_freed);
}
