/*
 * worker_pool_internal: the data that worker_pool.c (the loop thread's side) and
 * worker_pool_thread.c (the workers' side) share.
 */
#ifndef WORKER_POOL_INTERNAL_H
#define WORKER_POOL_INTERNAL_H

#include <pthread.h>
#include <sys/queue.h>

#include "worker/worker_pool.h"

struct event;
struct loop_timer;

enum task_state { TASK_QUEUED, TASK_RUNNING, TASK_DONE, TASK_LOST };

struct task {
	struct worker_pool_job job;
	enum task_state state;
	uint64_t since; /* when it was queued, or started once it is running */
	TAILQ_ENTRY(task) link;
};

TAILQ_HEAD(task_list, task);

struct worker_pool {
	/* These belong to the loop thread. */
	struct loop *loop;
	struct event *event;       /* for the eventfd */
	struct loop_timer *growth; /* armed while jobs wait */
	struct loop_timer *sweep;  /* armed while jobs run; finds lost workers */
	struct loop_timer *drain;  /* armed while draining */
	void (*drained)(void *arg);
	void *drained_arg;
	void (*thread_end)(void);
	uint64_t refused, reaped;
	bool draining;

	pthread_mutex_t lock; /* guards everything below */
	pthread_cond_t work;
	struct worker_pool_limits limits;
	struct task_list queue[2]; /* indexed by slow */
	struct task_list running, done;
	unsigned queued, queued_slow, busy, busy_slow, alive, idle;
	uint64_t lost;
	unsigned detached; /* lost workers that have not ended yet */
	unsigned refs;     /* one for the loop and one for each thread */
	bool quit;
	int eventfd;
};

/* The caller of these functions holds the lock. */

/* Releases one reference and unlocks.  The last reference frees the pool. */
void worker_pool_release(struct worker_pool *o);
/* Returns how many jobs of the slow lane may run at the same time. */
unsigned worker_pool_slow_max(const struct worker_pool *o);
/* Removes a task from the list of running tasks. */
void worker_pool_leave_running(struct worker_pool *o, struct task *task);

/* The main function of a worker.  arg is the pool; the thread owns one reference to it. */
void *worker_main(void *arg);

#endif
