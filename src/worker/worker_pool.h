/*
 * worker_pool: a pool of threads for calls that block.
 *
 * The loop thread submits a job and gets it back when a worker has finished it.  From submit until
 * done the job belongs to the worker, and the loop thread does not touch it.  A worker touches
 * nothing but its job.
 */
#ifndef WORKER_POOL_H
#define WORKER_POOL_H

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct worker_pool;

struct worker_pool_limits {
	unsigned workers;     /* threads that stay when they are idle */
	unsigned workers_max; /* the pool grows up to this while jobs wait for over 100 ms */
	unsigned queue_max;   /* waiting jobs; with more, submit returns -EAGAIN */
	uint64_t grace;       /* ns; a worker this long past its deadline is lost */
};

struct worker_pool_job {
	/* Runs on a worker.  deadline, by clock_now: when it should return. */
	void (*work)(void *job, uint64_t deadline);
	/* Runs on the loop thread.  outcome 0: job contains the result.  -ETIMEDOUT: the worker is
	 * lost, and the job with it; job is NULL.  -ECANCELED: the job was not started because the
	 * pool was drained; job is NULL. */
	void (*done)(void *cookie, void *job, int outcome);
	/* Frees the job, on the thread that uses it last: the loop thread or a worker.
	 * Required. */
	void (*free)(void *job);
	void *job;        /* belongs to the pool when submit has returned 0 */
	void *cookie;     /* for done; no worker uses it */
	uint64_t timeout; /* ns, from the time at which a worker starts the job */
	bool slow;        /* use the slow lane: half of workers_max, at least one */
	bool lost;        /* the last call of this kind did not return: its worker was lost */
};

struct worker_pool_counts {
	unsigned alive, busy, queued;
	uint64_t lost, refused, done;
};

/* Creates a pool.  thread_end (may be NULL) runs on each worker before it ends.  Workers are
 * started when they are first needed.  Returns NULL and sets errno on failure. */
struct worker_pool *worker_pool_new(
	struct loop *loop, const struct worker_pool_limits *limits, void (*thread_end)(void));
void worker_pool_set_limits(struct worker_pool *o, const struct worker_pool_limits *limits);
/* Returns 0; -EAGAIN, which counts as refused, when the queue is full or when the job is lost and
 * workers_max lost workers have not ended; or -ECANCELED when the pool has been drained.  On an
 * error the job still belongs to the caller.  Loop thread only. */
int worker_pool_submit(struct worker_pool *o, const struct worker_pool_job *job);
void worker_pool_counts(struct worker_pool *o, struct worker_pool_counts *counts);
/* Takes no more jobs and cancels the jobs that have not been started.  Calls drained, once and on
 * the loop thread, when the running jobs have finished or after timeout ns. */
void worker_pool_drain(
	struct worker_pool *o, uint64_t timeout, void (*drained)(void *arg), void *arg);
/* Frees the pool, after a drain or without one.  Waits up to a second for the idle workers to end.
 * Busy workers are not waited for; each frees its job and ends when its call returns.  done is not
 * called for the remaining jobs. */
void worker_pool_free(struct worker_pool *o);

#endif
