/*
 * worker_pool_thread: the threads' side of the worker pool.
 *
 * A worker waits for a task, runs it without the lock, and puts it on the list of finished tasks.
 * It touches only the data of the pool that the lock guards, and only the job in the task.  A
 * worker that returns after it was given up finds its task marked as lost; it frees the task and
 * ends.
 */
#include "worker/worker_pool_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/c_locale.h"
#include "base/clock.h"

/* A worker in excess of limits.workers ends after this long without work. */
#define IDLE_SECONDS 10

void worker_pool_release(struct worker_pool *o) /* called with the lock held; unlocks */
{
	bool last = --o->refs == 0;

	if (o->quit)
		pthread_cond_broadcast(&o->work); /* worker_pool_free waits for these ends */
	pthread_mutex_unlock(&o->lock);
	if (!last)
		return;
	close(o->eventfd);
	pthread_cond_destroy(&o->work);
	pthread_mutex_destroy(&o->lock);
	free(o);
}

unsigned worker_pool_slow_max(const struct worker_pool *o)
{
	return o->limits.workers_max > 1 ? o->limits.workers_max / 2 : 1;
}

static struct task *next_task(struct worker_pool *o)
{
	struct task *task = TAILQ_FIRST(&o->queue[false]);

	if (task == NULL && o->busy_slow < worker_pool_slow_max(o))
		task = TAILQ_FIRST(&o->queue[true]);
	return task;
}

/* Waits for a task.  Returns NULL when this worker must end. */
static struct task *wait_task(struct worker_pool *o)
{
	struct timespec until;
	struct task *task;
	int err;

	while ((task = next_task(o)) == NULL && !o->quit) {
		o->idle++;
		if (o->alive <= o->limits.workers) {
			err = pthread_cond_wait(&o->work, &o->lock);
		} else {
			clock_gettime(CLOCK_MONOTONIC, &until);
			until.tv_sec += IDLE_SECONDS;
			err = pthread_cond_timedwait(&o->work, &o->lock, &until);
		}
		o->idle--;
		if (err == ETIMEDOUT && next_task(o) == NULL && o->alive > o->limits.workers)
			return NULL;
	}
	return o->quit ? NULL : task;
}

static void begin_task(struct worker_pool *o, struct task *task)
{
	TAILQ_REMOVE(&o->queue[task->job.slow], task, link);
	TAILQ_INSERT_TAIL(&o->running, task, link);
	task->state = TASK_RUNNING;
	task->since = clock_now();
	o->queued--;
	o->queued_slow -= task->job.slow;
	o->busy++;
	o->busy_slow += task->job.slow;
}

void worker_pool_leave_running(struct worker_pool *o, struct task *task)
{
	TAILQ_REMOVE(&o->running, task, link);
	o->busy--;
	if (task->job.slow) {
		o->busy_slow--;
		pthread_cond_signal(&o->work); /* one more slow job may run */
	}
}

static void poke(struct worker_pool *o)
{
	/* Retried only after EINTR, because these writes cannot overflow the counter of an
	 * eventfd. */
	while (eventfd_write(o->eventfd, 1) < 0 && errno == EINTR)
		;
}

/* Returns false when the task was given up while it ran; this thread must then end. */
static bool finish_task(struct worker_pool *o, struct task *task)
{
	if (task->state == TASK_LOST) {
		pthread_mutex_unlock(&o->lock);
		task->job.free(task->job.job);
		free(task);
		pthread_mutex_lock(&o->lock);
		return false;
	}
	worker_pool_leave_running(o, task);
	task->state = TASK_DONE;
	poke(o); /* for each task, so that a lost wake-up does no harm */
	TAILQ_INSERT_TAIL(&o->done, task, link);
	return true;
}

void *worker_main(void *arg)
{
	struct worker_pool *o = arg;
	struct task *task;
	bool mine = true;

	c_locale_set();
	pthread_mutex_lock(&o->lock);
	while (mine && (task = wait_task(o)) != NULL) {
		begin_task(o, task);
		pthread_mutex_unlock(&o->lock);
		task->job.work(task->job.job, task->since + task->job.timeout);
		pthread_mutex_lock(&o->lock);
		mine = finish_task(o, task);
	}
	if (mine)
		o->alive--;
	else
		o->detached--;
	if (o->thread_end != NULL) {
		pthread_mutex_unlock(&o->lock);
		o->thread_end();
		pthread_mutex_lock(&o->lock);
	}
	worker_pool_release(o);
	return NULL;
}
