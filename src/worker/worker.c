/*
 * worker: the pool as its threads see it.
 *
 * A worker waits for a task, does it without the lock, and hands it back.  Of the pool's memory
 * it touches only what the lock guards, and of the task only the job.  One that comes back after
 * it was given up finds its task marked lost: it frees it, and ends.
 */
#include "worker/worker_pool_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

/* A worker beyond the ready ones ends after this long without work. */
#define IDLE_SECONDS 10

void worker_pool_release(struct worker_pool *o) /* with the lock held; releases it */
{
	bool last = --o->refs == 0;

	if (o->quit)
		pthread_cond_broadcast(&o->work); /* worker_pool_free counts those who leave */
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

/* Waits for a task; NULL: this worker is to end. */
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
		pthread_cond_signal(&o->work); /* a place in the lane is free */
	}
}

static void poke(struct worker_pool *o)
{
	/* The counter of an eventfd cannot fill up from this. */
	while (eventfd_write(o->eventfd, 1) < 0 && errno == EINTR)
		;
}

/* False: the task was given up meanwhile, and with it this thread. */
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
	poke(o); /* each time: one that was lost is made good by the next */
	TAILQ_INSERT_TAIL(&o->done, task, link);
	return true;
}

void *worker_main(void *arg)
{
	struct worker_pool *o = arg;
	struct task *task;
	bool mine = true;

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
