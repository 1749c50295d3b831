/* check_pidfile: valid pidfiles, stale ones, and forged ones. */
#include "service/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "acl.h"
#include "base/clock.h"
#include "scratch.h"
#include "process/spawn.h"
#include "process/process.h"
#include "suite.h"

#ifndef CLONE_NEWTIME /* older C libraries do not define it */
#define CLONE_NEWTIME 0x80
#endif

static char path[128];
static struct pidfile found;
static const struct pidfile_memory *before;

static void setup(void)
{
	scratch_setup();
	before = NULL;
	snprintf(path, sizeof(path), "%s", scratch_path("some.pid"));
}

static void put_bytes(const void *bytes, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes, n), (ssize_t)n);
	close(fd);
	ck_assert_int_eq(chmod(path, 0644), 0);
}

static void put(const char *text)
{
	put_bytes(text, strlen(text));
}

static void put_pid(pid_t pid)
{
	char text[32];

	snprintf(text, sizeof(text), "%d\n", (int)pid);
	put(text);
}

static enum pidfile_verdict look_for(const char *service)
{
	memset(&found, 0xaa, sizeof(found));
	pidfile_look(path, service, before, &found);
	ck_assert((found.verdict == PIDFILE_NONE || found.verdict == PIDFILE_ALIVE) ==
		  (*found.why == '\0'));
	ck_assert((found.verdict == PIDFILE_UNKNOWN) == (found.error < 0));
	return found.verdict;
}

static enum pidfile_verdict look(void)
{
	return look_for("some");
}

/* Starts a child that sleeps until it is killed. */
static pid_t sleeper(void)
{
	const char *argv[] = {"sleep", "1000", NULL};
	struct spawn spawn = {.argv = argv};
	int out, pidfd;
	pid_t pid = spawn_start(&spawn, &out, NULL, &pidfd);

	ck_assert_int_gt(pid, 1);
	close(out);
	close(pidfd);
	return pid;
}

/* Starts a child after vigild first read the clock, also in the kernel's units of 10 ms. */
static pid_t young_sleeper(void)
{
	const struct timespec tick = {.tv_nsec = 20000000};

	clock_tracked_since();
	nanosleep(&tick, NULL);
	return sleeper();
}

static void date_back(double seconds)
{
	struct timespec times[2];

	clock_gettime(CLOCK_REALTIME, &times[0]);
	times[0].tv_sec -= (time_t)seconds;
	times[1] = times[0];
	ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* Returns the verdict about a file of this age whose process is younger: `otherwise`, except if the
 * file is in memory and older than the boot, which is possible only if the clock was set. */
static enum pidfile_verdict unless_before_boot(double age, enum pidfile_verdict otherwise)
{
	struct statfs fs;

	ck_assert_int_eq(statfs(scratch, &fs), 0);
	if (fs.f_type != TMPFS_MAGIC && fs.f_type != RAMFS_MAGIC)
		return otherwise;
	return (double)time(NULL) - age + 60 < clock_boot_time() ? PIDFILE_ALIVE : otherwise;
}

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

START_TEST(a_long_file_is_not_a_pidfile)
{
	char text[4098];
	int n = snprintf(text, sizeof(text), "%d\n", (int)getpid());

	memset(text + n, 'x', sizeof(text) - (size_t)n);
	put_bytes(text, 4096);
	ck_assert_int_eq(look(), PIDFILE_ALIVE);
	put_bytes(text, 4097);
	ck_assert_int_eq(look(), PIDFILE_DISTRUST);
	ck_assert_str_eq(found.why, "the pidfile has more than 4096 bytes");
	text[4095] = '\0';
	put_bytes(text, 4096);
	ck_assert_int_eq(look(), PIDFILE_DISTRUST);
	ck_assert_str_eq(found.why, "the pidfile contains no pid");
}
END_TEST

static const char *const nonsense[] = {"0\n", "1\n", "-1\n", "+12\n", "x12\n", "12x\n", "0x12\n",
	"99999999999999999999\n", "4194305\n", "\n", "no pid at all", "/etc/passwd", " ", "\r\n",
	"12 13\n", "12 # main\n", "12,13\n", "12.0\n", "12\r13\n", "12\v\n", "\v12\n", "x\n12\n",
	"pid 12\n",
	"\xef\xbb\xbf"
	"12\n",
	"\xc2\xa0"
	"12\n",
	"'12'\n", "- 12\n", "12-\n"};

START_TEST(a_file_without_a_pid_is_not_trusted)
{
	put(nonsense[_i]);
	ck_assert_int_eq(look(), PIDFILE_DISTRUST);
	ck_assert_str_eq(found.why, "the pidfile contains no pid");
}
END_TEST

START_TEST(a_file_that_is_not_regular_or_writable_by_others_is_not_trusted)
{
	char other[160];

	put_bytes("12\0"
		  "34",
		5);
	ck_assert_int_eq(look(), PIDFILE_DISTRUST);

	put_pid(getpid());
	ck_assert_int_eq(chmod(path, 0666), 0);
	ck_assert_int_eq(look(), PIDFILE_DISTRUST);
	ck_assert_str_eq(found.why, "everyone may write the pidfile");
	ck_assert_int_eq(chmod(path, 0644), 0);
	ck_assert_int_eq(look(), PIDFILE_ALIVE);

	snprintf(other, sizeof(other), "%s.true", path);
	ck_assert_int_eq(rename(path, other), 0);
	ck_assert_int_eq(symlink(other, path), 0);
	ck_assert_int_eq(look(), PIDFILE_DISTRUST);
	ck_assert_str_eq(found.why, "the pidfile is a symbolic link");

	unlink(path);
	ck_assert_int_eq(mkfifo(path, 0644), 0);
	ck_assert_int_eq(look(), PIDFILE_DISTRUST); /* without waiting for a writer */
	unlink(path);
	ck_assert_int_eq(mkdir(path, 0755), 0);
	ck_assert_int_eq(look(), PIDFILE_DISTRUST);
	rmdir(path);
	snprintf(path, sizeof(path), "/dev/zero");
	ck_assert_int_eq(look(), PIDFILE_DISTRUST);
}
END_TEST

/* Each descriptor that may be missing, in the order in which they are opened. */
START_TEST(a_lack_of_descriptors_is_no_verdict_about_the_service)
{
	pid_t pid = sleeper();
	struct rlimit enough, few;
	int free_ones, lowest;

	put_pid(pid);
	ck_assert_int_eq(look(), PIDFILE_ALIVE); /* this also reads the clock for the first time */
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &enough), 0);
	few = enough;
	lowest = dup(STDOUT_FILENO);
	close(lowest);
	for (free_ones = 0; free_ones < 3; free_ones++) {
		few.rlim_cur = (rlim_t)(lowest + free_ones);
		ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
		ck_assert_int_eq(look(), PIDFILE_UNKNOWN);
		ck_assert_int_eq(found.error, -EMFILE);
		ck_assert_ptr_nonnull(strstr(found.why, "vigild could not"));
		ck_assert_ptr_nonnull(strstr(found.why, ": Too many open files"));
		ck_assert(process_lives(pid));
	}
	few.rlim_cur = (rlim_t)(lowest + 3);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	ck_assert_int_eq(look(), PIDFILE_ALIVE);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	/* the kernel reports a missing process without a descriptor */
	few.rlim_cur = (rlim_t)(lowest + 1);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	ck_assert_int_eq(look(), PIDFILE_DEAD);
	ck_assert(!process_lives(pid));
	few.rlim_cur = (rlim_t)lowest;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	ck_assert_int_eq(look(), PIDFILE_UNKNOWN);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &enough), 0);
}
END_TEST

START_TEST(a_header_that_cannot_be_read_is_reported)
{
	struct pidfile pidfile = {.verdict = PIDFILE_NONE};

	pidfile_unreadable(&pidfile, "the header of the script", -EMFILE);
	ck_assert_int_eq(pidfile.verdict, PIDFILE_UNKNOWN);
	ck_assert_int_eq(pidfile.error, -EMFILE);
	ck_assert_str_eq(
		pidfile.why, "vigild could not read the header of the script: Too many open files");
	pidfile = (struct pidfile){.verdict = PIDFILE_NONE};
	pidfile_unreadable(&pidfile, "the header of the script", EACCES);
	ck_assert_int_eq(pidfile.verdict, PIDFILE_DISTRUST);
	ck_assert_int_eq(pidfile.error, 0);
	ck_assert_str_eq(pidfile.why, "the header of the script cannot be read: Permission denied");
}
END_TEST

/* Files of a user who is neither root nor the user of the test. */
START_TEST(the_owners_of_pidfile_and_directory_must_be_trusted)
{
	if (geteuid() != 0)
		return; /* only root can change the owner */
	put_pid(getpid());
	ck_assert_int_eq(chown(path, 65534, 65534), 0);
	ck_assert_int_eq(look(), PIDFILE_ALIVE); /* only root could have created it there */
	ck_assert_int_eq(chown(scratch, 65534, 65534), 0);
	ck_assert_int_eq(look(), PIDFILE_ALIVE); /* root gave the directory to that user */
	ck_assert_int_eq(chown(scratch, 12345, 12345), 0);
	ck_assert_int_eq(look(), PIDFILE_DISTRUST);
	ck_assert_str_eq(found.why, "the pidfile is owned by another user");
	ck_assert_int_eq(chown(scratch, 0, 0), 0);
	ck_assert_int_eq(chmod(scratch, 01777), 0);
	ck_assert_int_eq(look(), PIDFILE_DISTRUST); /* as in /tmp */
	ck_assert_int_eq(chown(path, 0, 0), 0);
	ck_assert_int_eq(look(), PIDFILE_ALIVE);
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

START_TEST(an_acl_that_lets_others_write_is_not_trusted)
{
	put_pid(getpid());
	if (!acl_set("some.pid", 2, 6, 12345, 7))
		return;
	ck_assert_int_eq(look(), PIDFILE_DISTRUST);
	ck_assert_str_eq(found.why, "the ACL of the pidfile lets others write it");
	ck_assert(acl_set("some.pid", 8, 6, 12345, 7));
	ck_assert_int_eq(look(), PIDFILE_DISTRUST);
	ck_assert(acl_set("some.pid", 2, 4, 12345, 7)); /* an entry that only permits reading */
	ck_assert_int_eq(look(), PIDFILE_ALIVE);
	ck_assert(acl_set("some.pid", 2, 6, 12345, 4)); /* the mask removes the write permission */
	ck_assert_int_eq(look(), PIDFILE_ALIVE);
	if (geteuid() != 0)
		return;
	/* A file of the service's user, with an ACL entry for that user. */
	ck_assert_int_eq(chown(path, 65534, 65534), 0);
	ck_assert(acl_set("some.pid", 2, 6, 65534, 7));
	ck_assert_int_eq(look(), PIDFILE_ALIVE);
	ck_assert(acl_set("", 2, 7, 65534, 7)); /* of the directory */
	ck_assert_int_eq(look(), PIDFILE_ALIVE);
	ck_assert(acl_set("", 2, 7, 12345, 7));
	ck_assert_int_eq(look(), PIDFILE_DISTRUST);
	ck_assert_str_eq(found.why, "the pidfile is owned by another user");
}
END_TEST

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
	FILE *comm;

	snprintf(file, sizeof(file), "/proc/%d/comm", (int)parent);
	comm = fopen(file, "re");
	ck_assert_ptr_nonnull(comm);
	ck_assert_int_eq(fscanf(comm, "%31[^\n]", name), 1);
	fclose(comm);
	put_pid(parent);
	date_back(120);
	if (look() == PIDFILE_DISTRUST)
		ck_assert_str_eq(
			found.why, "the pidfile is older than its process, or the clock was set");
	ck_assert_int_eq(look(), unless_before_boot(120, PIDFILE_DISTRUST));
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

	if (statfs("/dev/shm", &fs) || fs.f_type != TMPFS_MAGIC || access("/dev/shm", W_OK))
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
	TEST(a_long_file_is_not_a_pidfile);
	TEST(a_lack_of_descriptors_is_no_verdict_about_the_service);
	TEST(a_header_that_cannot_be_read_is_reported);
	LOOP_TEST(a_file_without_a_pid_is_not_trusted, COUNT(nonsense));
	TEST(a_file_that_is_not_regular_or_writable_by_others_is_not_trusted);
	TEST(the_owners_of_pidfile_and_directory_must_be_trusted);
	TEST(an_acl_that_lets_others_write_is_not_trusted);
	TEST(a_pid_that_now_belongs_to_another_process);
	LOOP_TEST(a_pid_of_another_process_on_a_machine_with_any_uptime, COUNT(uptimes));
	TEST(a_clock_set_before_vigild_ran_causes_no_restart);
	TEST(a_clock_set_forward_does_not_make_a_pidfile_stale);
	TEST(a_known_process_is_recognized_by_its_start_time);
	TEST(a_pidfile_in_memory_is_not_older_than_the_boot);
	TEST(the_number_of_a_thread_is_not_a_process);
	TEST(a_hostile_process_name_is_parsed);
}
