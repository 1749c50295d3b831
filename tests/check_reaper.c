/*
 * check_reaper: orphans are reaped, and no exit status of vigild's own children is lost. The test
 * is a subreaper, so that the kernel gives orphans to it as to process 1.
 */
#include "process/reaper.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "process/child.h"
#include "loop/loop.h"
#include "process/spawn.h"
#include "scratch.h"
#include "suite.h"

#define LIMIT    (120 * CLOCK_SECOND) /* no test comes near it */
#define WORKERS  4
#define EACH     60  /* processes that a worker runs */
#define CHILDREN 240 /* that the loop starts, AT_ONCE at a time */
#define AT_ONCE  12

static struct loop *loop;
static struct reaper *reaper;
static struct loop_timer *limit;

static void on_limit(uint64_t missed, void *arg)
{
	ck_abort_msg("the loop was not stopped in time");
}

static void setup(void)
{
	scratch_setup();
	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	loop = loop_new();
	ck_assert_ptr_nonnull(loop);
	limit = loop_after(loop, LIMIT, on_limit, NULL);
	ck_assert_ptr_nonnull(limit);
}

static void teardown(void)
{
	reaper_free(reaper);
	loop_timer_free(limit);
	loop_free(loop);
	scratch_teardown();
}

static bool has_zombies(void)
{
	siginfo_t info = {0};

	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
}

/* Only children of this thread count, because orphans belong to it. */
static bool has_children(void)
{
	siginfo_t info;

	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WNOTHREAD) == 0 ||
	       errno != ECHILD;
}

/* Stops the loop when there are no children, running or zombie. */
static void on_look(uint64_t missed, void *arg)
{
	if (!has_children())
		loop_stop(loop);
}

static void run_until_none_is_left(void)
{
	struct loop_timer *look = loop_every(loop, 5 * CLOCK_MS, 0, on_look, NULL);

	ck_assert_ptr_nonnull(look);
	ck_assert_int_eq(loop_run(loop), 0);
	loop_timer_free(look);
}

/* Creates `count` orphans, which end one after the other. */
static void make_orphans(int count)
{
	char line[160];

	snprintf(line, sizeof(line),
		"i=0; while [ $i -lt %d ]; do (exec sleep 0.0$((i %% 10))) & i=$((i + 1)); done",
		count);
	ck_assert_int_eq(system(line), 0);
}

START_TEST(orphans_are_reaped)
{
	reaper = reaper_new(loop);
	ck_assert_ptr_nonnull(reaper);
	make_orphans(40);
	run_until_none_is_left();
	make_orphans(1);
	run_until_none_is_left();
}
END_TEST

START_TEST(existing_orphans_are_reaped)
{
	make_orphans(300); /* more than are reaped at once */
	while (!has_zombies())
		usleep(1000);
	reaper = reaper_new(loop);
	ck_assert_ptr_nonnull(reaper);
	run_until_none_is_left();
}
END_TEST

static unsigned ended;

static void on_exit_7(struct child *child, const vigil_child_exit *e, void *arg)
{
	ck_assert(WIFEXITED(e->status));
	ck_assert_int_eq(WEXITSTATUS(e->status), 7);
	ended++;
	child_free(child);
}

static pid_t start_7(void)
{
	const char *argv[] = {"/bin/sh", "-c", "exit 7", NULL};
	struct child_spec spec = {.spawn = {.argv = argv}, .on_exit = on_exit_7};
	struct child *child;

	ck_assert_int_eq(child_start(loop, &spec, &child), 0);
	ck_assert(child_is_own(child_pid(child)));
	return child_pid(child);
}

/* The first zombie that the kernel reports is an own child, and there are orphans after it. */
START_TEST(an_own_zombie_does_not_hide_orphans)
{
	siginfo_t info;
	pid_t own = start_7();

	ck_assert_int_eq(waitid(P_PID, (id_t)own, &info, WEXITED | WNOWAIT), 0);
	make_orphans(20);
	reaper = reaper_new(loop);
	ck_assert_ptr_nonnull(reaper);
	run_until_none_is_left();
	ck_assert_uint_eq(ended, 1);
	ck_assert(!child_is_own(own));
}
END_TEST

static pthread_barrier_t barrier;

/* Leaves its process a zombie while the loop runs. */
static void *use_popen(void *arg)
{
	int *status = arg;
	FILE *pipe_ = popen("exit 5", "r");
	siginfo_t info;

	waitid(P_ALL, 0, &info, WEXITED | WNOWAIT | __WNOTHREAD);
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	*status = pipe_ != NULL ? pclose(pipe_) : -1;
	return NULL;
}

/* Libraries that modules use may have their own threads and processes. */
START_TEST(a_child_of_another_thread_is_not_reaped)
{
	pthread_t thread;
	int status = 0;

	pthread_barrier_init(&barrier, NULL, 2);
	ck_assert_int_eq(pthread_create(&thread, NULL, use_popen, &status), 0);
	pthread_barrier_wait(&barrier);
	reaper = reaper_new(loop);
	ck_assert_ptr_nonnull(reaper);
	make_orphans(20);
	run_until_none_is_left();
	pthread_barrier_wait(&barrier);
	pthread_join(thread, NULL);
	ck_assert_int_eq(WEXITSTATUS(status), 5);
}
END_TEST

/* --- many orphans at once --------------------------------------------------------------------- */

static struct {
	pthread_mutex_t lock;
	unsigned running, lost; /* of the workers */
	unsigned started, ended, wrong;
} storm = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Writes a shell command that exits with this status and leaves two orphans. */
static void write_line(char *line, size_t size, unsigned status)
{
	snprintf(line, size, "(exec sleep 0.0%u) & (exec true) & exit %u", status % 3, status);
}

static void *work(void *arg)
{
	char line[96];
	const char *argv[] = {"/bin/sh", "-c", line, NULL};
	struct spawn spawn = {.argv = argv};
	struct spawn_result result;
	sigset_t all;
	unsigned lost = 0;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	for (unsigned i = 0; i < EACH; i++) {
		write_line(line, sizeof(line), i + 1);
		if (spawn_run(&spawn, clock_now() + LIMIT, true, &result) != 0 ||
			!WIFEXITED(result.status) || WEXITSTATUS(result.status) != (int)(i + 1))
			lost++;
	}
	pthread_mutex_lock(&storm.lock);
	storm.lost += lost;
	storm.running--;
	pthread_mutex_unlock(&storm.lock);
	return NULL;
}

static void on_storm_exit(struct child *child, const vigil_child_exit *e, void *arg);

static void start_next(void)
{
	char line[96];
	const char *argv[] = {"/bin/sh", "-c", line, NULL};
	struct child_spec spec = {.spawn = {.argv = argv}, .on_exit = on_storm_exit};
	struct child *child;
	unsigned status = storm.started % 250 + 1;

	if (storm.started == CHILDREN)
		return;
	storm.started++;
	write_line(line, sizeof(line), status);
	spec.arg = (void *)(uintptr_t)status;
	ck_assert_int_eq(child_start(loop, &spec, &child), 0);
}

static void on_storm_exit(struct child *child, const vigil_child_exit *e, void *arg)
{
	unsigned status = (unsigned)(uintptr_t)arg;

	if (!WIFEXITED(e->status) || WEXITSTATUS(e->status) != (int)status)
		storm.wrong++;
	storm.ended++;
	child_free(child);
	start_next();
}

static void on_storm_look(uint64_t missed, void *arg)
{
	bool over;

	pthread_mutex_lock(&storm.lock);
	over = storm.running == 0 && storm.ended == CHILDREN;
	pthread_mutex_unlock(&storm.lock);
	if (over && !has_children())
		loop_stop(loop);
}

START_TEST(no_exit_status_is_lost_in_a_storm_of_orphans)
{
	pthread_t workers[WORKERS];
	struct loop_timer *look;

	reaper = reaper_new(loop);
	ck_assert_ptr_nonnull(reaper);
	storm.running = WORKERS;
	for (int i = 0; i < WORKERS; i++)
		ck_assert_int_eq(pthread_create(&workers[i], NULL, work, NULL), 0);
	for (int i = 0; i < AT_ONCE; i++)
		start_next();
	look = loop_every(loop, 20 * CLOCK_MS, 0, on_storm_look, NULL);
	ck_assert_ptr_nonnull(look);
	ck_assert_int_eq(loop_run(loop), 0);
	loop_timer_free(look);
	for (int i = 0; i < WORKERS; i++)
		pthread_join(workers[i], NULL);
	ck_assert_uint_eq(storm.lost, 0);
	ck_assert_uint_eq(storm.wrong, 0);
	ck_assert(!has_zombies());
}
END_TEST

SUITE("reaper", setup, teardown)
{
	TIMEOUT(120);
	TEST(orphans_are_reaped);
	TEST(existing_orphans_are_reaped);
	TEST(an_own_zombie_does_not_hide_orphans);
	TEST(a_child_of_another_thread_is_not_reaped);
	TEST(no_exit_status_is_lost_in_a_storm_of_orphans);
}
