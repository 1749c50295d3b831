/*
 * worker_pool_inside: the pool's memory, for its two sides: worker_pool.c on the loop, offload_worker.c
 * on the threads.
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
	uint64_t since; /* queued, then begun */
	TAILQ_ENTRY(task) link;
};

TAILQ_HEAD(task_list, task);

struct worker_pool {
	/* The loop's alone. */
	struct loop *loop;
	struct event *event;       /* the eventfd's */
	struct loop_timer *growth; /* armed while jobs wait */
	struct loop_timer *sweep;  /* armed while jobs run: finds lost workers */
	struct loop_timer *drain;  /* armed while draining */
	void (*drained)(void *arg);
	void *drained_arg;
	void (*thread_end)(void);
	uint64_t refused, reaped;
	bool draining;

	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t work;
	struct worker_pool_limits limits;
	struct task_list queue[2]; /* [slow] */
	struct task_list running, done;
	unsigned queued, queued_slow, busy, busy_slow, alive, idle;
	uint64_t lost;
	unsigned detached; /* threads given up that have not ended yet */
	unsigned refs;     /* the loop's and one for each thread */
	bool quit;
	int eventfd;
};

/* All of these with the lock held. */

/* Lets go of one reference, and of the lock; the last frees the pool. */
void worker_pool_release(struct worker_pool *o);
/* How many of the slow lane may run at once. */
unsigned worker_pool_slow_max(const struct worker_pool *o);
/* Takes a task off the list of those under way. */
void worker_pool_leave_running(struct worker_pool *o, struct task *task);

/* A thread's whole life; arg is the pool, one reference of which is its own. */
void *worker_main(void *arg);

#endif
