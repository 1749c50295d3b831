/*
 * service_monitor: the cached status of one service, and what invalidates it.
 *
 * A pidfd watches the process of a running service. vigild notices the exit of the process
 * immediately, and while the process lives the cached status is valid. systemd signals the
 * changes of its units, so that a unit without a process needs no query either while the
 * connection to systemd is up. In both cases the cached status is valid for one minute at most.
 *
 * Each monitor belongs to one service and is used on the loop thread only.
 */
#ifndef SERVICE_MONITOR_H
#define SERVICE_MONITOR_H

#include <stdbool.h>
#include <stdint.h>

#include "service/manager.h"
#include "service/service_death.h"
#include "service/systemd/unit_monitor.h"

struct loop;
struct loop_timer;
struct pidfd_watch;

/* What the last query found. */
struct cached_status {
	bool known; /* there was a query */
	vigil_service_status status;
	const char *manager; /* static text */
	pid_t pid;
	uint32_t respawns;
	uint64_t run;
	double started; /* as in vigil_service_reply */
	bool counts, unclear_stop, done;
	double busy, busy_limit;
	char *text, *unit, *idle, *hold, *evidence; /* NULL: "" or not said */
	uint64_t when;   /* when the status was last confirmed, by clock_now */
	uint64_t learnt; /* when the query that found all this ended, by clock_now */
};

struct service_monitor_user {
	/* An event has invalidated the cached status. text: the event; "" if it is not worth a
	 * message. Never called from within a function of the monitor, except
	 * service_monitor_end. */
	void (*on_stale)(const char *text, void *arg);
	/* A query or a restart that a function of the monitor started has ended; see
	 * unit_monitor.h. */
	void (*on_answer)(enum unit_answer answer, const struct manager_reply *reply, void *arg);
	void *arg;
};

struct service_monitor {
	struct loop *loop;
	struct unit_monitor *units; /* NULL: built without systemd */
	struct manager_request *request;
	struct service_monitor_user user;

	struct cached_status cached;
	bool stale;                     /* an event occurred since the last query */
	bool late;                      /* report an event after the call */
	bool in_flight;                 /* a call is in flight */
	struct pidfd_watch *process;    /* the pidfd of cached.pid; NULL: none */
	struct unit_subscription *unit; /* NULL: it is not a systemd unit */
	struct service_death death;     /* the last one */
	pid_t dead;                     /* the last process that vigild saw exit */
	unsigned repeats;               /* how often its manager still named it afterwards */
	struct loop_timer *again;       /* retries if the manager still names it */
	unsigned reap_tries;            /* how often its exit was not reported yet */
};

/* request must outlive the monitor, which updates its memory. */
void service_monitor_init(struct service_monitor *monitor, struct loop *loop,
	struct unit_monitor *units, struct manager_request *request,
	const struct service_monitor_user *user);
void service_monitor_clear(struct service_monitor *monitor);

/* Whether the cached status is valid, so that the manager need not be queried. */
bool service_monitor_is_valid(const struct service_monitor *monitor);
/* The cached status, as a reply. */
vigil_service_reply service_monitor_reply(const struct service_monitor *monitor);

/* Queries systemd over the loop's own connection. Returns 0, or a negative number if a worker
 * must query instead. timeout: ns. */
int service_monitor_query(struct service_monitor *monitor, uint64_t timeout);
/* Restarts a unit of systemd over the same connection, if signals have proven that it crashed.
 * Returns 0, or a negative number if a worker must restart the service. timeout: ns. */
int service_monitor_restart(struct service_monitor *monitor, uint64_t timeout);
/* To be called before a worker gets a copy of the request. */
void service_monitor_expect(struct service_monitor *monitor);
/* A call was dispatched. query: it is a query, which discards events that are still to be
 * reported, because it will return the current status. */
void service_monitor_begin(struct service_monitor *monitor, bool query);
/* The call in flight has ended and its result was passed to service_monitor_learn. Reports an
 * event that occurred since. */
void service_monitor_end(struct service_monitor *monitor);

/* Returns the reply.  If it says that a process is running which vigild saw exit long ago, returns
 * disproved, in which the service has failed. */
const struct manager_reply *service_monitor_judge(const struct service_monitor *monitor,
	const struct manager_reply *reply, struct manager_reply *disproved);
/* Stores the result of a query or a restart. worker: the result comes from a worker, not from
 * the loop's connection to systemd. Returns whether the status has changed. */
bool service_monitor_learn(
	struct service_monitor *monitor, const struct manager_reply *reply, bool worker);
#endif
