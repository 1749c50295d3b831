/* check_process_table: the search for another live process of a service, among real processes. */
#include "service/process_table.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "children.h"
#include "scratch.h"
#include "service/manager.h"
#include "process/process.h"
#include "suite.h"

static struct process_identity known;
static uint64_t died_ticks = UINT64_MAX;
static bool in_session_of_its_own;

static void setup(void)
{
	char command[256];

	scratch_setup();
	ck_assert_int_eq(mkdir(scratch_path("other"), 0755), 0);
	snprintf(command, sizeof(command),
		"cp \"$(command -v sleep)\" %s/daemon && cp %s/daemon %s", scratch, scratch,
		scratch_path("other"));
	ck_assert_int_eq(system(command), 0);
	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
}

static void teardown(void)
{
	kill_and_reap_all();
	scratch_teardown();
}

/* Starts a program of the scratch directory as "daemon ARGUMENT", and waits until it has been
 * executed. */
static pid_t start(const char *program, const char *argument, const char *directory, uid_t user)
{
	char *const argv[] = {(char *)"daemon", (char *)argument, NULL};
	int started[2];
	char byte;
	pid_t pid;

	ck_assert_int_eq(pipe2(started, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		if (in_session_of_its_own)
			setsid();
		if (chdir(directory) == 0 && (user == 0 || setuid(user) == 0))
			execv(scratch_path(program), argv);
		_exit(1);
	}
	close(started[1]);
	ck_assert_int_eq(read(started[0], &byte, 1), 0);
	close(started[0]);
	return pid;
}

static pid_t start_alike(void)
{
	return start("daemon", "1000", "/", 0);
}

/* Learns a process and then kills it. */
static void know_dead(void)
{
	pid_t pid = start_alike();

	ck_assert_int_eq(process_table_identify(pid, &known), 1);
	ck_assert_int_eq(known.pid, pid);
	ck_assert_int_eq(process_table_find(&known, died_ticks), pid);
	kill_and_reap(pid);
}

START_TEST(a_live_process_is_found)
{
	pid_t pid = start_alike();

	ck_assert_int_eq(process_table_identify(pid, &known), 1);
	start_alike();
	start_alike();
	ck_assert_int_eq(process_table_find(&known, died_ticks), pid);
}
END_TEST

START_TEST(a_zombie_is_not_found)
{
	siginfo_t info;
	pid_t pid = start_alike(), other;

	ck_assert_int_eq(process_table_identify(pid, &known), 1);
	other = start_alike();
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	ck_assert_int_eq(process_table_find(&known, died_ticks), other);
	ck_assert_int_eq(kill(other, SIGKILL), 0);
	ck_assert_int_eq(waitid(P_PID, (id_t)other, &info, WEXITED | WNOWAIT), 0);
	ck_assert_int_eq(process_table_find(&known, died_ticks), 0);
	ck_assert_int_eq(process_table_identify(other, &known), 0);
	ck_assert_int_eq(known.pid, 0);
}
END_TEST

START_TEST(the_only_successor_is_found)
{
	pid_t pid;

	know_dead();
	ck_assert_int_eq(process_table_find(&known, died_ticks), 0);
	pid = start_alike();
	ck_assert_int_eq(process_table_find(&known, died_ticks), pid);
	start_alike();
	ck_assert_int_eq(process_table_find(&known, died_ticks), 0); /* two candidates */
}
END_TEST

START_TEST(a_process_of_another_service_is_not_found)
{
	know_dead();
	start("daemon", "1001", "/", 0);
	start("daemon", "1000", scratch_path("other"), 0);
	start("other/daemon", "1000", "/", 0);
	if (geteuid() == 0)
		start("daemon", "1000", "/", 65534);
	ck_assert_int_eq(rename(scratch_path("daemon"), scratch_path("renamed")), 0);
	start("renamed", "1000", "/", 0);
	ck_assert_int_eq(process_table_find(&known, died_ticks), 0);
}
END_TEST

START_TEST(a_process_of_another_group_is_found_only_when_it_was_started_after_the_death)
{
	pid_t pid;

	in_session_of_its_own = true;
	know_dead();
	pid = start_alike();
	ck_assert_int_eq(process_table_find(&known, UINT64_MAX), 0);
	ck_assert_int_eq(process_table_find(&known, process_ticks_now() + 1000), 0);
	ck_assert_int_eq(process_table_find(&known, known.ticks), pid);
}
END_TEST

START_TEST(an_older_process_is_not_found)
{
	struct process_identity older;
	pid_t pid = start_alike();

	ck_assert_int_eq(process_table_identify(pid, &older), 1);
	do
		know_dead();
	while (known.ticks == older.ticks);
	ck_assert_int_eq(process_table_find(&known, died_ticks), 0);
}
END_TEST

/* Becomes a process with this name; the leader has two children with the same name. */
static pid_t start_group(bool leader)
{
	int started[2];
	char byte;
	pid_t pid;

	ck_assert_int_eq(pipe(started), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_NAME, "some group");
		for (int i = 0; leader && i < 2; i++)
			if (fork() == 0)
				leader = false;
		if (write(started[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	for (int i = 0; i < (leader ? 3 : 1); i++)
		ck_assert_int_eq(read(started[0], &byte, 1), 1);
	close(started[0]);
	close(started[1]);
	return pid;
}

START_TEST(the_leader_is_found_and_not_its_children)
{
	pid_t first = start_group(false), leader, left;
	FILE *children;
	int pid;

	ck_assert_int_eq(process_table_identify(first, &known), 1);
	kill_and_reap(first);
	leader = start_group(true);
	ck_assert_int_eq(process_table_find(&known, died_ticks), leader);
	/* Two children of a dead leader are not its successors. */
	kill_and_reap(leader);
	ck_assert_int_eq(process_table_find(&known, died_ticks), 0);
	children = fopen("/proc/thread-self/children", "r");
	ck_assert_ptr_nonnull(children);
	ck_assert_int_eq(fscanf(children, "%d", &pid), 1);
	fclose(children);
	kill_and_reap(pid);
	left = process_table_find(&known, died_ticks);
	ck_assert_int_gt(left, 0);
	ck_assert_int_ne(left, pid);
}
END_TEST

START_TEST(a_lack_of_descriptors_is_an_error)
{
	struct rlimit enough, few;
	int lowest = dup(STDOUT_FILENO), found, identified;

	close(lowest);
	know_dead();
	start_alike();
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &enough), 0);
	few = enough;
	for (int i = 0; i < 2; i++) {
		few.rlim_cur = (rlim_t)(lowest + i);
		ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
		found = process_table_find(&known, died_ticks);
		identified = process_table_identify(getpid(), &(struct process_identity){0});
		ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &enough), 0);
		ck_assert_int_eq(found, -EMFILE);
		ck_assert_int_eq(identified, -EMFILE);
	}
}
END_TEST

/* --- effect on the status --------------------------------------------------------------------- */

/* The manager reports "started", and vigild has seen the process exit. */
static struct manager_reply reply;
static struct evidence evidence;

static void is_said_to_run(pid_t died)
{
	evidence = (struct evidence){.witness = "OpenRC",
		.said = "started",
		.word = WORD_UP,
		.basis = BASIS_RECORD,
		.named_by = "",
		.runner_verb = "",
		.place_known = true,
		.died = died};
	reply = (struct manager_reply){.memory = reply.memory};
}

START_TEST(a_successor_overrules_a_reported_exit)
{
	pid_t pid;

	know_dead();
	reply.memory = (struct manager_memory){.last = known};
	is_said_to_run(known.pid);
	manager_conclude(&reply, &evidence);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_FAILED);

	pid = start_alike();
	is_said_to_run(known.pid);
	manager_evaluate(&reply, &evidence);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_FAILED); /* the loop does not read /proc */
	is_said_to_run(known.pid);
	manager_conclude(&reply, &evidence);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_RUNNING);
	ck_assert_int_eq(reply.pid, pid);
	ck_assert_ptr_nonnull(strstr(reply.evidence, "the process table names process"));
	/* From then on, the successor is known, and its exit is seen too. */
	is_said_to_run(0);
	start_alike();
	manager_conclude(&reply, &evidence);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_RUNNING);
	ck_assert_int_eq(reply.pid, pid);
	kill_and_reap(pid);
	kill_and_reap(process_table_find(&known, died_ticks));
	is_said_to_run(pid);
	manager_conclude(&reply, &evidence);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_FAILED);
}
END_TEST

START_TEST(a_manager_that_supervises_the_process_is_believed)
{
	know_dead();
	start_alike();
	reply.memory = (struct manager_memory){.last = known};
	is_said_to_run(known.pid);
	evidence.basis = BASIS_WATCHED;
	manager_conclude(&reply, &evidence);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_FAILED);
	is_said_to_run(known.pid);
	evidence.word = WORD_DOWN;
	manager_conclude(&reply, &evidence);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_STOPPED);
}
END_TEST

START_TEST(a_process_that_a_pidfile_names_is_remembered)
{
	pid_t pid = start_alike();

	reply.memory = (struct manager_memory){.found = true};
	is_said_to_run(0);
	evidence.process = PROCESS_ALIVE;
	evidence.pid = pid;
	manager_conclude(&reply, &evidence);
	ck_assert_int_eq(reply.memory.last.pid, pid);
	ck_assert(!reply.memory.found);
}
END_TEST

START_TEST(a_lack_of_descriptors_makes_the_status_unknown)
{
	char text[160];
	struct rlimit enough, few;
	int lowest = dup(STDOUT_FILENO);

	close(lowest);
	know_dead();
	reply.memory = (struct manager_memory){.last = known};
	is_said_to_run(known.pid);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &enough), 0);
	few = enough;
	few.rlim_cur = (rlim_t)lowest;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	manager_conclude(&reply, &evidence);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &enough), 0);
	ck_assert_int_eq(reply.status, VIGIL_SERVICE_UNKNOWN);
	ck_assert_int_eq(reply.error, -EMFILE);
	ck_assert_int_eq(reply.fault, VIGIL_FAULT_REFUSED);
	snprintf(text, sizeof(text), "vigild could not read the process table: %s",
		strerror(EMFILE));
	ck_assert_str_eq(reply.text, text);
}
END_TEST

SUITE("process_table", setup, teardown)
{
	TEST(a_live_process_is_found);
	TEST(a_zombie_is_not_found);
	TEST(the_only_successor_is_found);
	TEST(a_process_of_another_service_is_not_found);
	TEST(a_process_of_another_group_is_found_only_when_it_was_started_after_the_death);
	TEST(an_older_process_is_not_found);
	TEST(the_leader_is_found_and_not_its_children);
	TEST(a_lack_of_descriptors_is_an_error);
	TEST(a_successor_overrules_a_reported_exit);
	TEST(a_manager_that_supervises_the_process_is_believed);
	TEST(a_process_that_a_pidfile_names_is_remembered);
	TEST(a_lack_of_descriptors_makes_the_status_unknown);
}
