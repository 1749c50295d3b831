/*
 * worker_pool: the loop thread's side of the worker pool.
 *
 * The lock guards the queues, the list of running tasks and the list of finished tasks.  Both sides
 * hold it only for a few assignments.  Workers report finished tasks through an eventfd, which the
 * loop reads.
 *
 * A service that hangs must not use up the workers that healthy services need.  There are three
 * rules for that.  First, a submit starts another worker at once when every worker has been at its
 * job for over 100 ms.  Second, a job that the caller marks as slow goes to the slow lane, which
 * never uses more than half of the pool; callers mark services whose last call timed out or that
 * have not answered yet.  Third, a worker that has not returned some time after its deadline is
 * given up, counted as lost and replaced.  The task is then left to that thread, which frees it and
 * ends if its call ever returns.
 *
 * The pool owns the tasks.  The job in a task belongs to the worker while it runs.  No worker uses
 * the cookie.  The last reference frees the pool, because a lost worker may need the lock longer
 * than the loop exists.
 */
#include "worker/worker_pool.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/degraded.h"
#include "base/memory.h"
#include "loop/loop.h"
#include "worker/worker_pool_internal.h"

/* The pool grows when a job waits longer than this, or when every worker has run its job longer
 * than this. */
#define PATIENCE (100 * CLOCK_MS)
/* Workers start programs and make D-Bus calls, so they do not need the default stack of 8 MiB. */
#define STACK_SIZE (256 * 1024)

/* --- the loop thread -------------------------------------------------------------------------- */

/* Starts a thread; the caller holds the lock.  Returns false with errno on failure, which is not
 * fatal, because the other workers serve the queue. */
static bool worker_start(struct worker_pool *o)
{
	sigset_t all, old;
	pthread_attr_t attr;
	pthread_t thread;
	int err;

	sigfillset(&all);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&thread, &attr, worker_main, o);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	if (err != 0) {
		errno = err;
		return false;
	}
	o->alive++;
	o->refs++;
	return true;
}

/* Returns how many queued jobs the limit of the slow lane allows to start now. */
static unsigned eligible(const struct worker_pool *o)
{
	unsigned places =
		worker_pool_slow_max(o) > o->busy_slow ? worker_pool_slow_max(o) - o->busy_slow : 0;
	unsigned slow = o->queued_slow < places ? o->queued_slow : places;

	return o->queued - o->queued_slow + slow;
}

/* Returns true when a worker started its job so recently that it may soon be free. */
static bool some_are_fresh(const struct worker_pool *o, uint64_t now)
{
	const struct task *last = TAILQ_LAST(&o->running, task_list);

	return last != NULL && now - last->since < PATIENCE;
}

static void grow_by(struct worker_pool *o, unsigned n)
{
	while (n-- > 0 && o->alive < o->limits.workers_max && worker_start(o))
		;
	if (o->alive == 0)
		degraded_set(DEGRADED_WORKERS, "no thread can be started: %s", strerror(errno));
}

static void on_growth(uint64_t missed, void *arg)
{
	struct worker_pool *o = arg;
	bool again;

	pthread_mutex_lock(&o->lock);
	if (eligible(o) > o->idle)
		grow_by(o, eligible(o) - o->idle);
	again = eligible(o) > 0 && o->alive < o->limits.workers_max;
	pthread_mutex_unlock(&o->lock);
	if (again)
		loop_timer_rearm(o->growth, PATIENCE);
}

/* Makes sure that a worker starts the job that has just been queued soon. */
static void provide_worker(struct worker_pool *o, uint64_t now)
{
	pthread_cond_signal(&o->work);
	if (o->idle >= eligible(o))
		return;
	if (o->alive < o->limits.workers || !some_are_fresh(o, now))
		grow_by(o, 1);
	if (loop_timer_due(o->growth) == 0)
		loop_timer_rearm(o->growth, PATIENCE);
}

static void watch_deadline(struct worker_pool *o, uint64_t due, uint64_t now)
{
	uint64_t armed = loop_timer_due(o->sweep);

	if (armed == 0 || due < armed)
		loop_timer_rearm(o->sweep, due > now ? due - now : 0);
}

/* Each lost worker keeps its thread, so a service that hangs for days must not get one after the
 * other. */
static bool too_many_are_lost(const struct worker_pool *o)
{
	return o->detached >= o->limits.workers_max;
}

static int refuse(struct worker_pool *o, bool full)
{
	o->refused++;
	if (full)
		degraded_set(DEGRADED_WORKERS,
			"a call to a service manager was refused: %u calls already wait for a "
			"worker",
			o->limits.queue_max);
	else
		degraded_set(DEGRADED_WORKERS,
			"%u calls to service managers hang in the kernel; until one of them ends, "
			"the services whose calls hang are not asked again",
			o->limits.workers_max);
	return -EAGAIN;
}

int worker_pool_submit(struct worker_pool *o, const struct worker_pool_job *job)
{
	struct task *task;
	uint64_t now = clock_now();
	bool full;

	LOOP_ASSERT_OWNER();
	if (o->draining)
		return -ECANCELED;
	task = memory_zero(sizeof(*task));
	*task = (struct task){.job = *job, .since = now};
	pthread_mutex_lock(&o->lock);
	full = o->queued >= o->limits.queue_max;
	if (full || (job->lost && too_many_are_lost(o))) {
		pthread_mutex_unlock(&o->lock);
		free(task);
		return refuse(o, full);
	}
	TAILQ_INSERT_TAIL(&o->queue[job->slow], task, link);
	o->queued++;
	o->queued_slow += job->slow;
	provide_worker(o, now);
	watch_deadline(o, now + job->timeout + o->limits.grace, now);
	if (o->alive > 0 && o->queued <= o->limits.queue_max / 2 && !too_many_are_lost(o))
		degraded_clear(DEGRADED_WORKERS);
	pthread_mutex_unlock(&o->lock);
	return 0;
}

static void drain_check(struct worker_pool *o)
{
	void (*drained)(void *) = o->drained;

	if (!o->draining || drained == NULL)
		return;
	o->drained = NULL;
	loop_timer_free(o->drain);
	o->drain = NULL;
	drained(o->drained_arg);
}

/* Returns tasks to their submitters.  The caller has already removed the list from the pool, with
 * the lock held. */
static void hand_back(struct worker_pool *o, struct task_list *tasks, int outcome)
{
	struct task *task;

	while ((task = TAILQ_FIRST(tasks)) != NULL) {
		TAILQ_REMOVE(tasks, task, link);
		o->reaped++;
		task->job.done(task->job.cookie, outcome == 0 ? task->job.job : NULL, outcome);
		task->job.free(task->job.job);
		free(task);
	}
}

static void on_done(evutil_socket_t fd, short what, void *arg)
{
	struct task_list tasks = TAILQ_HEAD_INITIALIZER(tasks);
	struct worker_pool *o = arg;
	eventfd_t count;
	unsigned left;

	(void)eventfd_read(o->eventfd, &count);
	pthread_mutex_lock(&o->lock);
	TAILQ_CONCAT(&tasks, &o->done, link);
	left = o->busy + o->queued;
	pthread_mutex_unlock(&o->lock);
	if (left == 0)
		loop_timer_stop(o->sweep);
	hand_back(o, &tasks, 0);
	if (left == 0)
		drain_check(o);
}

/* Gives up the first worker that is overdue; its task stays with its thread.  *next: when the next
 * running task is overdue, or unchanged. */
static bool give_up_one(
	struct worker_pool *o, uint64_t now, uint64_t *next, struct worker_pool_job *job)
{
	struct task *task;
	uint64_t due;

	TAILQ_FOREACH(task, &o->running, link) {
		due = task->since + task->job.timeout + o->limits.grace;
		if (due <= now) {
			worker_pool_leave_running(o, task);
			task->state = TASK_LOST;
			*job = task->job;
			o->lost++;
			o->detached++;
			o->alive--;
			if (o->alive < o->limits.workers || eligible(o) > o->idle)
				grow_by(o, 1);
			return true;
		}
		if (*next == 0 || due < *next)
			*next = due;
	}
	return false;
}

static void on_sweep(uint64_t missed, void *arg)
{
	struct worker_pool *o = arg;
	struct worker_pool_job job;
	uint64_t now = clock_now(), next;
	bool lost;

	do {
		next = 0;
		pthread_mutex_lock(&o->lock);
		lost = give_up_one(o, now, &next, &job);
		/* A queued task has no deadline before it starts, so the sweep runs again in a
		 * second. */
		if (next == 0 && o->queued > 0)
			next = now + CLOCK_SECOND;
		pthread_mutex_unlock(&o->lock);
		if (lost)
			job.done(job.cookie, NULL, -ETIMEDOUT);
	} while (lost);
	/* Also collects finished tasks here, in case a wake-up through the eventfd was lost. */
	on_done(o->eventfd, EV_TIMEOUT, o);
	if (next != 0)
		watch_deadline(o, next, now);
}

struct worker_pool *worker_pool_new(
	struct loop *loop, const struct worker_pool_limits *limits, void (*thread_end)(void))
{
	struct worker_pool *o = memory_zero(sizeof(*o));
	pthread_condattr_t attr;

	o->loop = loop;
	o->limits = *limits;
	o->thread_end = thread_end;
	o->refs = 1;
	TAILQ_INIT(&o->queue[false]);
	TAILQ_INIT(&o->queue[true]);
	TAILQ_INIT(&o->running);
	TAILQ_INIT(&o->done);
	pthread_mutex_init(&o->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&o->work, &attr);
	pthread_condattr_destroy(&attr);
	o->eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	o->growth = loop_once(loop, on_growth, o);
	o->sweep = loop_once(loop, on_sweep, o);
	o->event = event_new(loop_base(loop), o->eventfd, EV_READ | EV_PERSIST, on_done, o);
	if (o->eventfd >= 0 && event_add(o->event, NULL) == 0)
		return o;
	worker_pool_free(o);
	errno = ENOMEM;
	return NULL;
}

void worker_pool_set_limits(struct worker_pool *o, const struct worker_pool_limits *limits)
{
	pthread_mutex_lock(&o->lock);
	o->limits = *limits;
	pthread_cond_broadcast(&o->work); /* idle workers above the new limit end */
	pthread_mutex_unlock(&o->lock);
}

void worker_pool_counts(struct worker_pool *o, struct worker_pool_counts *counts)
{
	pthread_mutex_lock(&o->lock);
	*counts = (struct worker_pool_counts){.alive = o->alive,
		.busy = o->busy,
		.queued = o->queued,
		.lost = o->lost,
		.refused = o->refused,
		.done = o->reaped};
	pthread_mutex_unlock(&o->lock);
}

static void on_drain(uint64_t missed, void *arg)
{
	drain_check(arg);
}

void worker_pool_drain(
	struct worker_pool *o, uint64_t timeout, void (*drained)(void *arg), void *arg)
{
	struct task_list tasks = TAILQ_HEAD_INITIALIZER(tasks);
	unsigned busy;

	o->draining = true;
	o->drained = drained;
	o->drained_arg = arg;
	pthread_mutex_lock(&o->lock);
	TAILQ_CONCAT(&tasks, &o->queue[false], link);
	TAILQ_CONCAT(&tasks, &o->queue[true], link);
	o->queued = o->queued_slow = 0;
	busy = o->busy + !TAILQ_EMPTY(&o->done);
	pthread_mutex_unlock(&o->lock);
	hand_back(o, &tasks, -ECANCELED);
	o->drain = loop_after(o->loop, busy == 0 ? 0 : timeout, on_drain, o);
}

void worker_pool_free(struct worker_pool *o)
{
	struct task_list tasks = TAILQ_HEAD_INITIALIZER(tasks);
	struct timespec until;
	struct task *task;
	int err = 0;

	if (o == NULL)
		return;
	if (o->event != NULL)
		event_free(o->event);
	loop_timer_free(o->growth);
	loop_timer_free(o->sweep);
	loop_timer_free(o->drain);
	o->draining = true;
	pthread_mutex_lock(&o->lock);
	o->quit = true;
	TAILQ_CONCAT(&tasks, &o->queue[false], link);
	TAILQ_CONCAT(&tasks, &o->queue[true], link);
	TAILQ_CONCAT(&tasks, &o->done, link);
	o->queued = o->queued_slow = 0;
	/* From here on the running tasks belong to their threads. */
	while ((task = TAILQ_FIRST(&o->running)) != NULL) {
		worker_pool_leave_running(o, task);
		task->state = TASK_LOST;
		o->detached++;
	}
	pthread_cond_broadcast(&o->work);
	/* Waits up to a second for the idle workers, because a regular stop should leave no threads
	 * running.  Lost and busy workers are not waited for. */
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += 1;
	while (o->refs > 1 + o->detached && err == 0)
		err = pthread_cond_timedwait(&o->work, &o->lock, &until);
	worker_pool_release(o);
	while ((task = TAILQ_FIRST(&tasks)) != NULL) {
		TAILQ_REMOVE(&tasks, task, link);
		task->job.free(task->job.job);
		free(task);
	}
}
