/*
 * unit_monitor: monitors units through systemd's signals and through queries.
 *
 * Only the loop thread may use it, and no function blocks.  If the monitor cannot find out the
 * status of a unit, it says so, and the caller must let a worker query the unit.
 */
#ifndef UNIT_MONITOR_H
#define UNIT_MONITOR_H

#include <stdbool.h>
#include <stdint.h>

#include "service/manager.h"
#include "service/systemd/unit_set.h"

struct loop;
struct unit_monitor;
struct unit_subscription;

struct unit_monitor_counts {
	uint64_t queries;    /* units queried */
	uint64_t messages;   /* calls that this took; one call may query many units */
	uint64_t properties; /* properties read */
	uint64_t signals;    /* signals of systemd that invalidated a cached status */
};

/* The result of a query. */
enum unit_answer {
	UNIT_ANSWERED,   /* the reply has the status, or why systemd did not report it */
	UNIT_UNCHANGED,  /* as in the last reply, of a query or in unit_monitor_learn */
	UNIT_ASK_WORKER, /* a worker must query or restart the unit */
	UNIT_FOLLOW_JOB  /* a worker must find out the outcome of the job of the reply */
};

struct unit_user {
	/* An event has invalidated the cached status, so a query is due.  Called from the loop,
	 * never inside a function of this header. */
	void (*on_stale)(void *arg);
	/* A query or a restart has ended.  reply: borrowed for the call; it has the status if
	 * UNIT_ANSWERED, and the job if UNIT_FOLLOW_JOB.  Called from the loop, never inside a
	 * function of this header. */
	void (*on_answer)(enum unit_answer answer, const struct manager_reply *reply, void *arg);
	void *arg;
	bool has_pidfile; /* its status also depends on a pidfile, which only a worker reads */
};

#ifdef HAVE_SYSTEMD

/* Returns NULL with errno set if it fails. */
struct unit_monitor *unit_monitor_new(struct loop *loop);
/* All subscriptions must be closed. */
void unit_monitor_free(struct unit_monitor *monitor);
void unit_monitor_counts(const struct unit_monitor *monitor, struct unit_monitor_counts *counts);

/* Reports changes of the set of services; see unit_set.h.  Does nothing on a machine that systemd
 * has not booted.  To be called once at most. */
void unit_monitor_watch_set(struct unit_monitor *monitor, const struct unit_set_user *user);

/* Starts monitoring the unit of a service.  Returns NULL if no unit can have such a name. */
struct unit_subscription *unit_monitor_subscribe(
	struct unit_monitor *monitor, const char *service, const struct unit_user *user);
/* Returns the last death of the unit that systemd has signalled; its kind is NONE if there was
 * none, or if subscription is NULL.  Valid until the loop runs on. */
const struct death *unit_monitor_death(const struct unit_subscription *subscription);
/* Stops monitoring the unit.  No callback of the subscription is called any more. */
void unit_monitor_unsubscribe(struct unit_subscription *subscription);

/* The caller must call this before a worker queries or restarts the unit, because changes from now
 * on may be newer than the worker's reply. */
void unit_monitor_expect(struct unit_subscription *subscription);
/* Stores the reply of the worker as the cached status. */
void unit_monitor_learn(struct unit_subscription *subscription, const struct manager_reply *reply);
/* Invalidates the cached status, so that the next query does not rely on it. */
void unit_monitor_invalidate(struct unit_subscription *subscription);
/* Whether the cached status is valid: systemd would have signalled any change. */
bool unit_monitor_is_valid(const struct unit_subscription *subscription);
/* Whether the state alone gives the status of the unit; see struct manager_reply. */
bool unit_monitor_is_simple(const struct unit_subscription *subscription);
/* Starts a query; queries that start at about the same time share one call.  alive: the main
 * process of the cached status is monitored and lives.  timeout: nanoseconds.  Returns 0, or
 * -EAGAIN if the connection is not up. */
int unit_monitor_query(struct unit_subscription *subscription, bool alive, uint64_t timeout);
/* vigild has seen the main process of the cached status end.  The next query waits some
 * milliseconds for systemd's signals about that, which may prove a crash without a query. */
void unit_monitor_note_exit(struct unit_subscription *subscription);
/* Restarts the unit whose crash the last query has found in signals alone; on_answer gets the
 * outcome.  timeout: nanoseconds for systemd to accept.  Returns 0, or -EAGAIN if a worker must
 * restart it: the crash is not proven, or not so recent that the proof still holds. */
int unit_monitor_restart(struct unit_subscription *subscription, uint64_t timeout);

#else

static inline struct unit_monitor *unit_monitor_new(struct loop *loop)
{
	return (struct unit_monitor *)0;
}

static inline void unit_monitor_free(struct unit_monitor *monitor)
{
}

static inline void unit_monitor_counts(
	const struct unit_monitor *monitor, struct unit_monitor_counts *counts)
{
	*counts = (struct unit_monitor_counts){0};
}

static inline void unit_monitor_watch_set(
	struct unit_monitor *monitor, const struct unit_set_user *user)
{
}

static inline struct unit_subscription *unit_monitor_subscribe(
	struct unit_monitor *monitor, const char *service, const struct unit_user *user)
{
	return (struct unit_subscription *)0;
}

static inline const struct death *unit_monitor_death(const struct unit_subscription *subscription)
{
	static const struct death none;

	return &none;
}

static inline void unit_monitor_unsubscribe(struct unit_subscription *subscription)
{
}

static inline void unit_monitor_expect(struct unit_subscription *subscription)
{
}

static inline void unit_monitor_learn(
	struct unit_subscription *subscription, const struct manager_reply *reply)
{
}

static inline void unit_monitor_invalidate(struct unit_subscription *subscription)
{
}

static inline bool unit_monitor_is_valid(const struct unit_subscription *subscription)
{
	return false;
}

static inline bool unit_monitor_is_simple(const struct unit_subscription *subscription)
{
	return false;
}

static inline int unit_monitor_query(
	struct unit_subscription *subscription, bool alive, uint64_t timeout)
{
	return -1;
}

static inline void unit_monitor_note_exit(struct unit_subscription *subscription)
{
}

static inline int unit_monitor_restart(struct unit_subscription *subscription, uint64_t timeout)
{
	return -1;
}

#endif

#endif
