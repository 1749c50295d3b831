/* check_pidfile: true pidfiles, stale ones and those laid out to deceive. */
#include "service/pidfile.h"

#include <check.h>
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

#ifndef CLONE_NEWTIME /* older C libraries lack it */
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

/* A child that sleeps until it is killed. */
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

/* One that is younger than the first look at the clock, also in the kernel's hundredths. */
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

/* The verdict about a file of that age whose process is younger: otherwise, unless the file lies in
 * memory and is dated before the boot, which only a clock that was set can have done. */
static enum pidfile_verdict unless_before_boot(double age, enum pidfile_verdict otherwise)
{
	struct statfs fs;

	ck_assert_int_eq(statfs(scratch, &fs), 0);
	if (fs.f_type != TMPFS_MAGIC && fs.f_type != RAMFS_MAGIC)
		return otherwise;
	return (double)time(NULL) - age + 60 < clock_boot_time() ? PIDFILE_ALIVE : otherwise;
}

START_TEST(alive_dead_and_zombie)
{
	pid_t pid = sleeper();
	siginfo_t info;

	put_pid(pid);
	ck_assert_int_eq(look(), PIDFILE_ALIVE);
	ck_assert_int_eq(found.pid, pid);
	ck_assert(process_lives(pid));

	kill(pid, SIGKILL);
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	ck_assert_int_eq(kill(pid, 0), 0); /* the trap: it still answers */
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

START_TEST(nothing_there)
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

/* What stands before the number, and behind it. */
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
	/* exim, in place of a newline: nothing; OpenLDAP: a newline; X: blanks before */
	{"      ", "\n"},
};

START_TEST(how_a_pid_may_be_written)
{
	char text[256];

	snprintf(
		text, sizeof(text), "%s%d%s", written[_i].before, (int)getpid(), written[_i].after);
	put(text);
	ck_assert_int_eq(look(), PIDFILE_ALIVE);
	ck_assert_int_eq(found.pid, getpid());
}
END_TEST

START_TEST(a_long_file_is_no_pidfile)
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

START_TEST(what_is_no_pid)
{
	put(nonsense[_i]);
	ck_assert_int_eq(look(), PIDFILE_DISTRUST);
	ck_assert_str_eq(found.why, "the pidfile contains no pid");
}
END_TEST

START_TEST(what_is_no_plain_file)
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
	ck_assert_int_eq(look(), PIDFILE_DISTRUST); /* and at once */
	unlink(path);
	ck_assert_int_eq(mkdir(path, 0755), 0);
	ck_assert_int_eq(look(), PIDFILE_DISTRUST);
	rmdir(path);
	snprintf(path, sizeof(path), "/dev/zero");
	ck_assert_int_eq(look(), PIDFILE_DISTRUST);
}
END_TEST

/* Each descriptor that vigild lacks, in the order in which a look takes them. */
START_TEST(a_lack_of_descriptors_says_nothing_about_the_service)
{
	pid_t pid = sleeper();
	struct rlimit enough, few;
	int free_ones, lowest;

	put_pid(pid);
	ck_assert_int_eq(look(), PIDFILE_ALIVE); /* also, so that the clock has been looked at */
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
	/* that there is no such process, the kernel says without a descriptor */
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

START_TEST(where_the_pidfile_is_may_be_unknown_too)
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

/* Files of a user who is neither root nor we. */
START_TEST(whose_word_counts)
{
	if (geteuid() != 0)
		return; /* only root can give files away */
	put_pid(getpid());
	ck_assert_int_eq(chown(path, 65534, 65534), 0);
	ck_assert_int_eq(look(), PIDFILE_ALIVE); /* only root could have put it there */
	ck_assert_int_eq(chown(scratch, 65534, 65534), 0);
	ck_assert_int_eq(look(), PIDFILE_ALIVE); /* root gave that user the directory */
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
	date_back(30); /* clocks are not that exact */
	ck_assert_int_eq(look(), PIDFILE_ALIVE);
	date_back(-3600); /* the clock was set back */
	ck_assert_int_eq(look(), PIDFILE_ALIVE);
	date_back(120);
	if (look() == PIDFILE_DEAD) {
		ck_assert_int_eq(found.pid, pid);
		ck_assert_str_eq(found.why, "has ended, and another process has its pid");
	}
	ck_assert_int_eq(look(), unless_before_boot(120, PIDFILE_DEAD));
	/* the clock was set forward: a process of the service's name is the service */
	ck_assert_int_eq(look_for("sleep"), PIDFILE_ALIVE);
	ck_assert_int_eq(look_for("sleepd"), unless_before_boot(120, PIDFILE_DEAD));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ck_assert_int_eq(look_for("sleep"), PIDFILE_DEAD);
}

START_TEST(an_acl_that_lets_others_write_is_writing)
{
	put_pid(getpid());
	if (!acl_set("some.pid", 2, 6, 12345, 7))
		return;
	ck_assert_int_eq(look(), PIDFILE_DISTRUST);
	ck_assert_str_eq(found.why, "the ACL of the pidfile lets others write it");
	ck_assert(acl_set("some.pid", 8, 6, 12345, 7));
	ck_assert_int_eq(look(), PIDFILE_DISTRUST);
	ck_assert(acl_set("some.pid", 2, 4, 12345, 7)); /* reading is not writing */
	ck_assert_int_eq(look(), PIDFILE_ALIVE);
	ck_assert(acl_set("some.pid", 2, 6, 12345, 4)); /* the mask takes it away */
	ck_assert_int_eq(look(), PIDFILE_ALIVE);
	if (geteuid() != 0)
		return;
	/* A file of the service's user, which that user's own ACL entry and group may write. */
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

START_TEST(a_pid_that_is_anothers_by_now)
{
	check_pid_of_another();
}
END_TEST

/* In seconds; the slack of a minute ends within these. */
static const int uptimes[] = {3, 50, 70, 110, 170, 190, 290, 310, 1000000};

/* Makes the children of this process see that uptime; false where the kernel or the user's rights do
 * not allow it.  The kernel counts offsets from the machine's own uptime, so the present one is added. */
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

/* The verdict depends on the boot of the machine only where the rule does. */
START_TEST(a_pid_that_is_anothers_on_a_machine_of_any_uptime)
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

/* The service started, wrote its file, and then the clock was set forward by an hour: both look an
 * hour apart, and are not. */
START_TEST(a_clock_set_forward_makes_no_stranger)
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

/* Set forward before there was anybody to see it: what was there by then cannot be told apart. */
START_TEST(a_clock_set_unseen_gets_nobody_restarted)
{
	pid_t parent = getppid(); /* which is older than the first look at the clock */
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

/* Who has looked before knows its process by when it was started, and reckons with no date. */
START_TEST(what_was_seen_once_is_known_again)
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
	ck_assert_int_eq(look(), PIDFILE_ALIVE); /* whatever its name and its date */
	seen.started--;
	ck_assert(pidfile_is_another(&seen));
	ck_assert_int_eq(look(), PIDFILE_DEAD);
	ck_assert_int_eq(look_for("sleep"), PIDFILE_DEAD); /* a stranger of the same program */
	ck_assert_str_eq(found.why, "has ended, and another process has its pid");
	put_pid(pid); /* somebody has written it anew, and may mean this one */
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

START_TEST(a_file_in_memory_is_never_older_than_the_boot)
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

START_TEST(the_number_of_a_thread_is_no_process)
{
	struct thread thread;
	pthread_t id;

	pthread_barrier_init(&thread.there, NULL, 2);
	pthread_barrier_init(&thread.leave, NULL, 2);
	ck_assert_int_eq(pthread_create(&id, NULL, stay, &thread), 0);
	pthread_barrier_wait(&thread.there);
	ck_assert_int_eq(kill(thread.tid, 0), 0); /* the trap: it answers */
	put_pid(thread.tid);
	ck_assert_int_eq(look(), PIDFILE_DEAD);
	ck_assert(!process_lives(thread.tid));
	pthread_barrier_wait(&thread.leave);
	pthread_join(id, NULL);
}
END_TEST

START_TEST(a_name_made_to_deceive)
{
	char text[128];
	pid_t pid;
	FILE *pipe_;

	/* a name with a parenthesis and a state of its own in it */
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

int main(void)
{
	Suite *suite = suite_create("pidfile");
	TCase *tcase = tcase_create("pidfile");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, setup, scratch_teardown);
	tcase_add_test(tcase, alive_dead_and_zombie);
	tcase_add_test(tcase, nothing_there);
	tcase_add_loop_test(
		tcase, how_a_pid_may_be_written, 0, sizeof(written) / sizeof(written[0]));
	tcase_add_test(tcase, a_long_file_is_no_pidfile);
	tcase_add_test(tcase, a_lack_of_descriptors_says_nothing_about_the_service);
	tcase_add_test(tcase, where_the_pidfile_is_may_be_unknown_too);
	tcase_add_loop_test(tcase, what_is_no_pid, 0, sizeof(nonsense) / sizeof(nonsense[0]));
	tcase_add_test(tcase, what_is_no_plain_file);
	tcase_add_test(tcase, whose_word_counts);
	tcase_add_test(tcase, an_acl_that_lets_others_write_is_writing);
	tcase_add_test(tcase, a_pid_that_is_anothers_by_now);
	tcase_add_loop_test(tcase, a_pid_that_is_anothers_on_a_machine_of_any_uptime, 0,
		sizeof(uptimes) / sizeof(uptimes[0]));
	tcase_add_test(tcase, a_clock_set_unseen_gets_nobody_restarted);
	tcase_add_test(tcase, a_clock_set_forward_makes_no_stranger);
	tcase_add_test(tcase, what_was_seen_once_is_known_again);
	tcase_add_test(tcase, a_file_in_memory_is_never_older_than_the_boot);
	tcase_add_test(tcase, the_number_of_a_thread_is_no_process);
	tcase_add_test(tcase, a_name_made_to_deceive);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
