/* check_pidfile: valid pidfiles, stale ones, and forged ones. */
#include "fixture_pidfile.h"

START_TEST(a_process_is_alive_dead_or_a_zombie)
{
	pid_t pid = sleeper();
	siginfo_t info;

	put_pid(pid);
	ck_assert_int_eq(look(), PIDFILE_ALIVE);
	ck_assert_int_eq(found.pid, pid);
	ck_assert(process_lives(pid));

	kill(pid, SIGKILL);
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	ck_assert_int_eq(kill(pid, 0), 0); /* kill() succeeds for a zombie */
	ck_assert_int_eq(look(), PIDFILE_DEAD);
	ck_assert_int_eq(found.pid, pid);
	ck_assert_str_eq(found.why, "is a zombie");
	ck_assert(!process_lives(pid));

	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_int_eq(look(), PIDFILE_DEAD);
	ck_assert_str_eq(found.why, "has ended");
	ck_assert(!process_lives(pid));

	ck_assert(!process_lives(0));
	ck_assert(!process_lives(-1));
	ck_assert(process_lives(1));
	ck_assert(process_lives(getpid()));
}
END_TEST

START_TEST(a_missing_or_empty_pidfile_is_none)
{
	ck_assert_int_eq(look(), PIDFILE_NONE);
	put("");
	ck_assert_int_eq(look(), PIDFILE_NONE);
	snprintf(path, sizeof(path), "%s/no/such.pid", scratch);
	ck_assert_int_eq(look(), PIDFILE_NONE);
	snprintf(path, sizeof(path), "%s/some.pid/below-a-file", scratch);
	ck_assert_int_eq(look(), PIDFILE_NONE);
}
END_TEST

/* The text before the pid, and after it. */
static const struct {
	const char *before, *after;
} written[] = {
	{"", ""},
	{"", "\n"},
	{"", "\r\n"},
	{"", "\r"},
	{"", " "},
	{"", " \t \n"},
	{" ", "\n"},
	{"\t  ", "\r\n"},
	{"      ", ""},
	{"\n", "\n"},
	{"0", "\n"},
	{"", "\nsecond line"},
	{"", "\r\nsecond line\r\n"},
	{"", "\n\n\n"},
	{"", "\n999999999999999999999\n"},
	{"", "                                                                "},
	{"                                                                ", "\n"},
	/* PostgreSQL */
	{"", "\n/var/lib/postgresql/15/main\n1764417331\n5432\n/var/run/postgresql\nlocalhost\n"
	     "  1048576         3\nready   \n"},
	/* sendmail */
	{"", "\n/usr/sbin/sendmail -bd -q1h -L sm-mta -O DaemonPortOptions=Name=MTA-v4\n"},
	/* exim writes nothing instead of a newline, OpenLDAP a newline, X blanks before the pid */
	{"      ", "\n"},
};

START_TEST(pids_are_read_in_all_formats)
{
	char text[256];

	snprintf(
		text, sizeof(text), "%s%d%s", written[_i].before, (int)getpid(), written[_i].after);
	put(text);
	ck_assert_int_eq(look(), PIDFILE_ALIVE);
	ck_assert_int_eq(found.pid, getpid());
}
END_TEST

static void check_pid_of_another(void)
{
	pid_t pid = young_sleeper();

	put_pid(pid);
	date_back(30); /* within the tolerance */
	ck_assert_int_eq(look(), PIDFILE_ALIVE);
	date_back(-3600); /* the clock was set back */
	ck_assert_int_eq(look(), PIDFILE_ALIVE);
	date_back(120);
	if (look() == PIDFILE_DEAD) {
		ck_assert_int_eq(found.pid, pid);
		ck_assert_str_eq(found.why, "has ended, and another process has its pid");
	}
	ck_assert_int_eq(look(), unless_before_boot(120, PIDFILE_DEAD));
	/* the clock was set forward: a process with the service's name is the service */
	ck_assert_int_eq(look_for("sleep"), PIDFILE_ALIVE);
	ck_assert_int_eq(look_for("sleepd"), unless_before_boot(120, PIDFILE_DEAD));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ck_assert_int_eq(look_for("sleep"), PIDFILE_DEAD);
}

START_TEST(a_pid_that_now_belongs_to_another_process)
{
	check_pid_of_another();
}
END_TEST

/* In seconds, around the tolerance of one minute. */
static const int uptimes[] = {3, 50, 70, 110, 170, 190, 290, 310, 1000000};

/* Sets this uptime for the children of this process. Returns false if the kernel or the user's
 * rights do not permit that. The offset is relative to the machine's uptime, so the present offset
 * is added. */
static bool set_uptime(int seconds)
{
	int offset = 0, more = seconds - (int)clock_seconds(CLOCK_BOOTTIME);
	FILE *offsets = fopen("/proc/self/timens_offsets", "r+e");
	bool done;

	if (offsets == NULL)
		return false;
	done = fscanf(offsets, "monotonic %*d %*d boottime %d", &offset) == 1 &&
	       unshare(CLONE_NEWTIME) == 0 && fseek(offsets, 0, SEEK_SET) == 0 &&
	       fprintf(offsets, "boottime %d 0\n", offset + more) > 0;
	return fclose(offsets) == 0 && done;
}

/* The verdict depends on the time of the boot only in the cases of the rule. */
START_TEST(a_pid_of_another_process_on_a_machine_with_any_uptime)
{
	int status;
	pid_t pid;

	if (!set_uptime(uptimes[_i]))
		return;
	pid = fork();
	if (pid == 0) {
		double up = clock_seconds(CLOCK_BOOTTIME);

		ck_assert_double_ge(up, uptimes[_i] - 1);
		ck_assert_double_le(up, uptimes[_i] + 60);
		check_pid_of_another();
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

/* The service started and wrote its file, and then the clock was set forward by an hour: the start
 * of the process seems to be an hour later than the file. */
START_TEST(a_clock_set_forward_does_not_make_a_pidfile_stale)
{
	pid_t pid = young_sleeper();

	clock_inherit_boot_time(clock_boot_time() - 3600, clock_tracked_since());
	put_pid(pid);
	date_back(3600);
	ck_assert_int_eq(look(), PIDFILE_ALIVE);
	date_back(3600 - 30);
	ck_assert_int_eq(look(), PIDFILE_ALIVE);
	date_back(3600 + 120);
	ck_assert_int_eq(look_for("sleep"), PIDFILE_ALIVE);
	ck_assert_int_eq(look(), unless_before_boot(3600 + 120, PIDFILE_DEAD));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}
END_TEST

/* If the clock was set forward before vigild ran, older processes cannot be distinguished. */
START_TEST(a_clock_set_before_vigild_ran_causes_no_restart)
{
	pid_t parent = getppid(); /* older than vigild's first look at the clock */
	struct pidfile_memory seen;
	char file[32], name[32];
	double age;
	FILE *comm;

	snprintf(file, sizeof(file), "/proc/%d/comm", (int)parent);
	comm = fopen(file, "re");
	ck_assert_ptr_nonnull(comm);
	ck_assert_int_eq(fscanf(comm, "%31[^\n]", name), 1);
	fclose(comm);
	put_pid(parent);
	ck_assert_int_eq(look(), PIDFILE_ALIVE);
	age = clock_seconds(CLOCK_BOOTTIME) -
	      (double)found.seen.started / (double)sysconf(_SC_CLK_TCK) + 120;
	date_back(age);
	if (look() == PIDFILE_DISTRUST)
		ck_assert_str_eq(
			found.why, "the pidfile is older than its process, or the clock was set");
	ck_assert_int_eq(look(), unless_before_boot(age, PIDFILE_DISTRUST));
	ck_assert_int_eq(look_for(name), PIDFILE_ALIVE);
	seen = found.seen;
	before = &seen;
	ck_assert_int_eq(look(), PIDFILE_ALIVE);
	seen.started++;
	ck_assert_int_eq(look(), PIDFILE_DEAD);
}
END_TEST

/* vigild recognizes a process by its start time after the first query, and does not use dates. */
START_TEST(a_known_process_is_recognized_by_its_start_time)
{
	struct pidfile_memory seen;
	pid_t pid = sleeper();

	put_pid(pid);
	date_back(1e6);
	ck_assert_int_eq(look_for("sleep"), PIDFILE_ALIVE);
	seen = found.seen;
	ck_assert_int_eq(seen.pid, pid);
	ck_assert(!pidfile_is_another(&seen));
	before = &seen;
	ck_assert_int_eq(look(), PIDFILE_ALIVE); /* whatever its name and the date of the file */
	seen.started--;
	ck_assert(pidfile_is_another(&seen));
	ck_assert_int_eq(look(), PIDFILE_DEAD);
	ck_assert_int_eq(look_for("sleep"), PIDFILE_DEAD); /* another process of the same program */
	ck_assert_str_eq(found.why, "has ended, and another process has its pid");
	put_pid(pid); /* a new pidfile may mean this process */
	ck_assert_int_eq(look(), PIDFILE_ALIVE);
	ck_assert_uint_eq(found.seen.started, seen.started + 1);
	seen = found.seen;
	seen.pid = 0;
	ck_assert_int_eq(look(), PIDFILE_ALIVE);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	seen = found.seen;
	ck_assert(!pidfile_is_another(&seen));
	ck_assert_int_eq(look(), PIDFILE_DEAD);
	ck_assert_int_eq(found.seen.pid, 0);
}
END_TEST

START_TEST(a_pidfile_in_memory_is_not_older_than_the_boot)
{
	struct statfs fs;
	struct timespec up;
	pid_t pid;

	if (statfs("/dev/shm", &fs) || (uint32_t)fs.f_type != TMPFS_MAGIC ||
		access("/dev/shm", W_OK))
		return;
	clock_gettime(CLOCK_BOOTTIME, &up);
	pid = sleeper();
	snprintf(path, sizeof(path), "/dev/shm/check_pidfile.%d", (int)getpid());
	put_pid(pid);
	date_back((double)up.tv_sec + 100000);
	ck_assert_int_eq(look(), PIDFILE_ALIVE);
	unlink(path);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}
END_TEST

struct thread {
	pthread_barrier_t there, leave;
	pid_t tid;
};

static void *stay(void *arg)
{
	struct thread *thread = arg;

	thread->tid = (pid_t)syscall(SYS_gettid);
	pthread_barrier_wait(&thread->there);
	pthread_barrier_wait(&thread->leave);
	return NULL;
}

START_TEST(the_number_of_a_thread_is_not_a_process)
{
	struct thread thread;
	pthread_t id;

	pthread_barrier_init(&thread.there, NULL, 2);
	pthread_barrier_init(&thread.leave, NULL, 2);
	ck_assert_int_eq(pthread_create(&id, NULL, stay, &thread), 0);
	pthread_barrier_wait(&thread.there);
	ck_assert_int_eq(kill(thread.tid, 0), 0); /* kill() succeeds for a thread */
	put_pid(thread.tid);
	ck_assert_int_eq(look(), PIDFILE_DEAD);
	ck_assert(!process_lives(thread.tid));
	pthread_barrier_wait(&thread.leave);
	pthread_join(id, NULL);
}
END_TEST

START_TEST(a_hostile_process_name_is_parsed)
{
	char text[128];
	pid_t pid;
	FILE *pipe_;

	/* a name with a parenthesis and a false state */
	ck_assert_int_eq(symlink("/bin/sleep", scratch_path("x) Z 1 (")), 0);
	snprintf(text, sizeof(text), "'%s/x) Z 1 (' 1000 >/dev/null & echo $!", scratch);
	pipe_ = popen(text, "r");
	ck_assert_ptr_nonnull(pipe_);
	ck_assert_int_eq(fscanf(pipe_, "%d", &pid), 1);
	pclose(pipe_);
	put_pid(pid);
	ck_assert_int_eq(look(), PIDFILE_ALIVE);
	kill(pid, SIGKILL);
}
END_TEST

SUITE("pidfile", setup, scratch_teardown)
{
	TEST(a_process_is_alive_dead_or_a_zombie);
	TEST(a_missing_or_empty_pidfile_is_none);
	LOOP_TEST(pids_are_read_in_all_formats, COUNT(written));
	TEST(a_pid_that_now_belongs_to_another_process);
	LOOP_TEST(a_pid_of_another_process_on_a_machine_with_any_uptime, COUNT(uptimes));
	TEST(a_clock_set_before_vigild_ran_causes_no_restart);
	TEST(a_clock_set_forward_does_not_make_a_pidfile_stale);
	TEST(a_known_process_is_recognized_by_its_start_time);
	TEST(a_pidfile_in_memory_is_not_older_than_the_boot);
	TEST(the_number_of_a_thread_is_not_a_process);
	TEST(a_hostile_process_name_is_parsed);
}
