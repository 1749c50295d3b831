/*
 * worker_pool: a pool of threads for the calls that block.
 *
 * A job is handed over whole and comes back whole: between submit and done the loop does not
 * touch what is the worker's, and the worker touches nothing else.
 */
#ifndef WORKER_POOL_H
#define WORKER_POOL_H

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct worker_pool;

struct worker_pool_limits {
	unsigned workers;     /* kept ready */
	unsigned workers_max; /* grown to while a job has waited over 100 ms */
	unsigned queue_max;   /* jobs waiting; beyond: -EAGAIN */
	uint64_t grace;       /* ns past its deadline after which a worker is given up */
};

struct worker_pool_job {
	/* On a worker.  deadline: clock_now() by which it should be back. */
	void (*work)(void *job, uint64_t deadline);
	/* On the loop.  outcome 0: job holds the result; -ETIMEDOUT: the worker is lost with the
	 * job, job is NULL; -ECANCELED: never begun (the pool was drained), job is NULL. */
	void (*done)(void *cookie, void *job, int outcome);
	/* Frees the job, on whichever thread lets go of it last; required. */
	void (*free)(void *job);
	void *job;        /* the pool's from a successful submit on */
	void *cookie;     /* the loop's; no worker ever sees it */
	uint64_t timeout; /* ns from the moment a worker begins it */
	bool slow;        /* goes to the slow lane, which holds at most half of workers_max */
};

struct worker_pool_counts {
	unsigned alive, busy, queued;
	uint64_t lost, refused, done;
};

/* thread_end (may be NULL) runs on each worker as it ends.  Workers are made as they are first
 * needed.  NULL and errno. */
struct worker_pool *worker_pool_new(
	struct loop *loop, const struct worker_pool_limits *limits, void (*thread_end)(void));
void worker_pool_set_limits(struct worker_pool *o, const struct worker_pool_limits *limits);
/* 0; -EAGAIN when the queue is full (counted as refused), -ECANCELED once it is drained; the job is
 * then still the caller's. */
int worker_pool_submit(struct worker_pool *o, const struct worker_pool_job *job);
void worker_pool_counts(struct worker_pool *o, struct worker_pool_counts *counts);
/* Takes no more jobs, cancels those not begun, and calls drained (once, on the loop) when the
 * others are back or after timeout ns. */
void worker_pool_drain(
	struct worker_pool *o, uint64_t timeout, void (*drained)(void *arg), void *arg);
/* After a drain, or at once: workers still busy are left to themselves. */
void worker_pool_free(struct worker_pool *o);

#endif
