/* check_worker_pool: results, limits, growth, slow services, lost workers and draining. */
#include <errno.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/degraded.h"
#include "loop/loop.h"
#include "suite.h"
#include "worker/worker_pool.h"

static struct loop *loop;
static struct worker_pool *pool;
static struct loop_timer *guard;
static sem_t gate; /* jobs that hang wait here, as for a bus that never answers */
static atomic_uint freed, thread_ends;

/* What the test knows of each job. */
struct slip {
	unsigned done;
	int outcome, result;
	unsigned *left; /* the loop stops when it is 0 */
};

struct work {
	int input, result;
	bool hang;
};

static void work_run(void *job, uint64_t deadline)
{
	struct work *work = job;

	ck_assert(!loop_is_owner());
	ck_assert_uint_gt(deadline + 60 * CLOCK_SECOND, clock_now()); /* the machine may be slow */
	if (work->hang)
		while (sem_wait(&gate) < 0 && errno == EINTR)
			;
	work->result = work->input * 2;
}

static void work_done(void *cookie, void *job, int outcome)
{
	struct slip *slip = cookie;

	ck_assert(loop_is_owner());
	slip->done++;
	slip->outcome = outcome;
	ck_assert((job != NULL) == (outcome == 0));
	if (job != NULL)
		slip->result = ((struct work *)job)->result;
	if (slip->left != NULL && --*slip->left == 0)
		loop_stop(loop);
}

static void work_free(void *job)
{
	freed++;
	free(job);
}

static int submit_job(
	struct slip *slip, int input, bool hang, bool slow, bool lost, uint64_t timeout)
{
	struct work *work = malloc(sizeof(*work));
	struct worker_pool_job job = {.work = work_run,
		.done = work_done,
		.free = work_free,
		.job = work,
		.cookie = slip,
		.timeout = timeout,
		.slow = slow,
		.lost = lost};
	int err;

	*work = (struct work){.input = input, .hang = hang};
	err = worker_pool_submit(pool, &job);
	if (err != 0)
		free(work);
	return err;
}

static int submit(struct slip *slip, int input, bool hang, bool slow, uint64_t timeout)
{
	return submit_job(slip, input, hang, slow, false, timeout);
}

/* As after a call that did not return. */
static int submit_again(struct slip *slip, int input, bool hang, uint64_t timeout)
{
	return submit_job(slip, input, hang, true, true, timeout);
}

static void on_guard(uint64_t missed, void *arg)
{
	ck_abort_msg("nothing came back within half a minute");
}

static void on_thread_end(void)
{
	thread_ends++;
}

static const struct worker_pool_limits limits = {
	.workers = 2, .workers_max = 8, .queue_max = 100, .grace = 100 * CLOCK_MS};

static void setup(void)
{
	freed = thread_ends = 0;
	sem_init(&gate, 0, 0);
	loop = loop_new();
	pool = worker_pool_new(loop, &limits, on_thread_end);
	ck_assert_ptr_nonnull(pool);
	guard = loop_after(loop, 30 * CLOCK_SECOND, on_guard, NULL);
}

static void teardown(void)
{
	struct timespec pause = {.tv_nsec = 1000000};

	for (int i = 0; i < 100; i++)
		sem_post(&gate);
	worker_pool_free(pool);
	loop_timer_free(guard);
	loop_free(loop);
	/* Detached threads end by themselves. They need the memory until then. */
	for (int i = 0; i < 1000 && atomic_load(&thread_ends) == 0; i++)
		nanosleep(&pause, NULL);
}

START_TEST(results_are_delivered_in_the_loop)
{
	struct slip slips[50] = {0};
	unsigned left = 50;
	struct worker_pool_counts counts;

	for (int i = 0; i < 50; i++) {
		slips[i].left = &left;
		ck_assert_int_eq(submit(&slips[i], i, false, i % 2, CLOCK_SECOND * 20), 0);
		ck_assert_uint_eq(slips[i].done, 0); /* never inside the call */
	}
	loop_run(loop);
	for (int i = 0; i < 50; i++) {
		ck_assert_uint_eq(slips[i].done, 1);
		ck_assert_int_eq(slips[i].result, 2 * i);
	}
	ck_assert_uint_eq(freed, 50);
	worker_pool_counts(pool, &counts);
	ck_assert_uint_eq(counts.done, 50);
	ck_assert_uint_eq(counts.lost, 0);
	ck_assert_uint_le(counts.alive, 8);
}
END_TEST

static void await_busy(unsigned busy)
{
	const struct timespec pause = {.tv_nsec = 1000000};
	struct worker_pool_counts counts;

	do {
		nanosleep(&pause, NULL);
		worker_pool_counts(pool, &counts);
	} while (counts.busy < busy);
}

START_TEST(a_full_queue_refuses_immediately)
{
	static struct slip slips[110];
	struct worker_pool_counts counts;

	/* Two workers are always ready. When both hang, the queue fills. */
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(submit(&slips[i], i, true, true, CLOCK_SECOND * 20), 0);
	await_busy(2);
	/* Of 108 further jobs, 100 wait and at most two are executed by new workers. */
	for (int i = 2; i < 110; i++)
		submit(&slips[i], i, true, true, CLOCK_SECOND * 20);
	worker_pool_counts(pool, &counts);
	ck_assert_uint_le(counts.queued, 100);
	ck_assert_uint_ge(counts.refused, 6);
	ck_assert_uint_le(counts.refused, 8);
	ck_assert_uint_le(counts.busy, 4);
}
END_TEST

START_TEST(services_that_hang_leave_room_for_others)
{
	static struct slip hung[20];
	struct slip healthy[40] = {0};
	unsigned left = 40;
	struct worker_pool_counts counts;

	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(submit(&hung[i], i, true, true, CLOCK_SECOND * 25), 0);
	for (int i = 0; i < 40; i++) {
		healthy[i].left = &left;
		ck_assert_int_eq(submit(&healthy[i], i, false, false, CLOCK_SECOND * 25), 0);
	}
	loop_run(loop);
	worker_pool_counts(pool, &counts);
	ck_assert_uint_eq(counts.done, 40);
	ck_assert_uint_le(counts.busy, 4); /* half of workers_max */
	for (int i = 0; i < 20; i++)
		ck_assert_uint_eq(hung[i].done, 0);
}
END_TEST

START_TEST(the_pool_grows_when_workers_hang)
{
	struct slip hung[5] = {0}, healthy = {0};
	unsigned left = 1;
	struct worker_pool_counts counts;

	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(submit(&hung[i], i, true, false, CLOCK_SECOND * 25), 0);
	healthy.left = &left;
	ck_assert_int_eq(submit(&healthy, 21, false, false, CLOCK_SECOND * 25), 0);
	loop_run(loop);
	ck_assert_int_eq(healthy.result, 42);
	worker_pool_counts(pool, &counts);
	ck_assert_uint_gt(counts.alive, limits.workers);
	ck_assert_uint_le(counts.alive, limits.workers_max);
	ck_assert_uint_eq(counts.busy, 5);
}
END_TEST

START_TEST(a_lost_worker_is_replaced)
{
	struct slip hung[3] = {0}, healthy = {0};
	unsigned left = 3;
	struct worker_pool_counts counts;

	for (int i = 0; i < 3; i++) {
		hung[i].left = &left;
		ck_assert_int_eq(submit(&hung[i], i, true, false, 50 * CLOCK_MS), 0);
	}
	loop_run(loop);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(hung[i].outcome, -ETIMEDOUT);
	worker_pool_counts(pool, &counts);
	ck_assert_uint_eq(counts.lost, 3);
	ck_assert_uint_eq(counts.busy, 0);
	ck_assert_uint_eq(freed, 0); /* the lost threads still use them */
	left = 1;
	healthy.left = &left;
	ck_assert_int_eq(submit(&healthy, 1, false, false, CLOCK_SECOND * 20), 0);
	loop_run(loop);
	ck_assert_int_eq(healthy.outcome, 0);
}
END_TEST

START_TEST(lost_workers_do_not_become_more_and_more)
{
	struct slip hung[8] = {0}, more = {0}, healthy = {0};
	unsigned left;

	for (unsigned i = 0; i < limits.workers_max; i++) {
		left = 1;
		hung[i].left = &left;
		ck_assert_int_eq(submit_again(&hung[i], 1, true, 10 * CLOCK_MS), 0);
		loop_run(loop);
		ck_assert_int_eq(hung[i].outcome, -ETIMEDOUT);
	}
	ck_assert_int_eq(submit_again(&more, 1, true, 10 * CLOCK_MS), -EAGAIN);
	ck_assert_ptr_nonnull(strstr(degraded_get(DEGRADED_WORKERS)->text, "hang in the kernel"));
	/* a service whose call does not hang is asked */
	left = 1;
	healthy.left = &left;
	ck_assert_int_eq(submit(&healthy, 1, false, true, CLOCK_SECOND * 20), 0);
	loop_run(loop);
	ck_assert_int_eq(healthy.outcome, 0);
	ck_assert_ptr_nonnull(degraded_get(DEGRADED_WORKERS));
	/* and so are the others when the hanging calls have ended */
	for (unsigned i = 0; i < limits.workers_max; i++)
		sem_post(&gate);
	while (atomic_load(&thread_ends) < limits.workers_max)
		sched_yield();
	left = 1;
	more.left = &left;
	ck_assert_int_eq(submit_again(&more, 1, false, CLOCK_SECOND * 20), 0);
	loop_run(loop);
	ck_assert_int_eq(more.outcome, 0);
	ck_assert_ptr_null(degraded_get(DEGRADED_WORKERS));
}
END_TEST

static void on_drained(void *arg)
{
	++*(unsigned *)arg;
	loop_stop(loop);
}

START_TEST(draining_cancels_jobs_that_have_not_begun)
{
	struct slip slips[10] = {0};
	unsigned drained = 0, ran = 0, canceled = 0;

	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(submit(&slips[i], i, true, true, CLOCK_SECOND * 20), 0);
	worker_pool_drain(pool, 20 * CLOCK_SECOND, on_drained, &drained);
	ck_assert_uint_eq(drained, 0);
	ck_assert_int_eq(submit(&slips[0], 1, false, false, CLOCK_SECOND), -ECANCELED);
	for (int i = 0; i < 10; i++)
		sem_post(&gate);
	loop_run(loop);
	ck_assert_uint_eq(drained, 1);
	for (int i = 0; i < 10; i++) {
		ck_assert_uint_eq(slips[i].done, 1);
		ran += slips[i].outcome == 0;
		canceled += slips[i].outcome == -ECANCELED;
	}
	ck_assert_uint_eq(ran + canceled, 10);
	ck_assert_uint_le(ran, 4);
	ck_assert_uint_eq(freed, 10);
}
END_TEST

START_TEST(draining_ends_after_its_deadline)
{
	struct slip slip = {0};
	unsigned drained = 0;

	ck_assert_int_eq(submit(&slip, 1, true, false, CLOCK_SECOND * 20), 0);
	worker_pool_drain(pool, 50 * CLOCK_MS, on_drained, &drained);
	loop_run(loop);
	ck_assert_uint_eq(drained, 1);
}
END_TEST

SUITE("worker_pool", setup, teardown)
{
	TEST(results_are_delivered_in_the_loop);
	TEST(a_full_queue_refuses_immediately);
	TEST(services_that_hang_leave_room_for_others);
	TEST(the_pool_grows_when_workers_hang);
	TEST(a_lost_worker_is_replaced);
	TEST(lost_workers_do_not_become_more_and_more);
	TEST(draining_cancels_jobs_that_have_not_begun);
	TEST(draining_ends_after_its_deadline);
}
