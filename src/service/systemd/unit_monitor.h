/*
 * unit_monitor: the units that are watched, by systemd's signals and by queries.
 *
 * All of it belongs to the loop thread, and none of it blocks.  Where it cannot tell how a unit is,
 * it says so, and a worker is to be asked instead.
 */
#ifndef UNIT_MONITOR_H
#define UNIT_MONITOR_H

#include <stdbool.h>
#include <stdint.h>

#include "service/manager.h"

struct loop;
struct unit_monitor;
struct unit_subscription;

struct unit_monitor_counts {
	uint64_t queries;    /* units asked about */
	uint64_t messages;   /* and in how many calls */
	uint64_t properties; /* properties read */
	uint64_t signals;    /* changes that systemd signalled, and that were news */
};

/* How a query ended. */
enum unit_answer {
	UNIT_ANSWERED,  /* the reply says how the unit is, or why systemd did not say */
	UNIT_UNCHANGED, /* it is as the last reply said, from here or from unit_monitor_learn */
	UNIT_ASK_WORKER /* a worker is to be asked */
};

struct unit_user {
	/* The unit is no longer as it was found, so a query is due.  Never inside a call. */
	void (*on_stale)(void *arg);
	/* The end of a query; the reply is borrowed for the call, and NULL but with UNIT_ANSWERED.
	 * Never inside a call. */
	void (*on_answer)(enum unit_answer answer, const struct manager_reply *reply, void *arg);
	void *arg;
	bool has_pidfile; /* it is judged by a pidfile, too, which only a worker reads */
};

#ifdef HAVE_SYSTEMD

/* NULL and errno. */
struct unit_monitor *unit_monitor_new(struct loop *loop);
/* All subscriptions must be closed. */
void unit_monitor_free(struct unit_monitor *monitor);
void unit_monitor_counts(const struct unit_monitor *monitor, struct unit_monitor_counts *counts);

/* The unit of a service that systemd runs.  NULL: no unit can have such a name. */
struct unit_subscription *unit_monitor_subscribe(
	struct unit_monitor *monitor, const char *service, const struct unit_user *user);
/* Neither callback will run. */
void unit_monitor_unsubscribe(struct unit_subscription *subscription);

/* A worker is about to ask, or to restart: changes from now on may be newer than its answer. */
void unit_monitor_expect(struct unit_subscription *subscription);
/* What the worker has found. */
void unit_monitor_learn(struct unit_subscription *subscription, const struct manager_reply *reply);
/* What is known may be wrong: the next query takes nothing for granted. */
void unit_monitor_invalidate(struct unit_subscription *subscription);
/* Whether the unit is as it was found last, since systemd would have signalled a change. */
bool unit_monitor_is_valid(const struct unit_subscription *subscription);
/* Whether its state tells all; see struct manager_reply. */
bool unit_monitor_is_simple(const struct unit_subscription *subscription);
/* Asks how it is, together with whoever else asks now.  alive: its process, as it was found last, is
 * watched and lives.  0; -EAGAIN: there is no connection. */
int unit_monitor_query(struct unit_subscription *subscription, bool alive, uint64_t timeout);

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

static inline struct unit_subscription *unit_monitor_subscribe(
	struct unit_monitor *monitor, const char *service, const struct unit_user *user)
{
	return (struct unit_subscription *)0;
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

#endif

#endif
