/*
 * service_monitor: the cached status of one service, and what invalidates it.
 *
 * A running service's process is watched by a pidfd: its end is noticed at once, and while it
 * lives the cached status is valid.  systemd signals the changes of a unit, so one without a process
 * needs no query either while the connection is up.  Both are believed for a minute.
 *
 * All of it belongs to the loop thread, and to one service.
 */
#ifndef SERVICE_MONITOR_H
#define SERVICE_MONITOR_H

#include <stdbool.h>
#include <stdint.h>

#include "service/manager.h"
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
	bool counts;
	double busy, busy_limit;
	char *text, *unit, *idle, *hold, *evidence; /* NULL: "" or not said */
	uint64_t when;                              /* it was found so, by clock_now */
	uint64_t learnt;                            /* the query that learnt all this was */
};

struct service_monitor_user {
	/* An event has made the cached status stale; text: what was seen, "" where that is no news.
	 * Never inside a call. */
	void (*on_stale)(const char *text, void *arg);
	/* The end of a query that service_monitor_query began; see unit_monitor.h. */
	void (*on_answer)(enum unit_answer answer, const struct manager_reply *reply, void *arg);
	void *arg;
};

struct service_monitor {
	struct loop *loop;
	struct unit_monitor *units; /* NULL: built without systemd */
	struct manager_request *request;
	struct service_monitor_user user;

	struct cached_status cached;
	bool stale;                     /* an event came since the last query */
	bool late;                      /* it is to be reported when the call in flight has ended */
	bool in_flight;                 /* a call is */
	struct pidfd_watch *process;    /* the pidfd of cached.pid; NULL: none */
	struct unit_subscription *unit; /* NULL: systemd does not run it */
	pid_t dead;                     /* the last process whose end was noticed */
	unsigned repeats;               /* how often its manager named it all the same */
	struct loop_timer *again;       /* for a manager that has not yet noticed a death */
};

/* request outlives the monitor, which keeps its memory up to date. */
void service_monitor_init(struct service_monitor *monitor, struct loop *loop,
	struct unit_monitor *units, struct manager_request *request,
	const struct service_monitor_user *user);
void service_monitor_clear(struct service_monitor *monitor);

/* Whether asking the manager would tell nothing new. */
bool service_monitor_is_valid(const struct service_monitor *monitor);
/* The cached status, as a reply. */
vigil_service_reply service_monitor_reply(const struct service_monitor *monitor);

/* Asks systemd over the loop's own connection.  0; negative: a worker is to be asked. */
int service_monitor_query(struct service_monitor *monitor, uint64_t timeout);
/* A worker is about to get a copy of the request. */
void service_monitor_expect(struct service_monitor *monitor);
/* A call has begun; a query makes what was reported before it history. */
void service_monitor_begin(struct service_monitor *monitor, bool query);
/* The call has ended, and what it found has been learnt: reports what became stale since. */
void service_monitor_end(struct service_monitor *monitor);

/* Whether the reply calls a service running whose process vigild saw end long ago. */
bool service_monitor_disproves(
	const struct service_monitor *monitor, const struct manager_reply *reply);
/* Takes in what a query or a restart has found, by a worker or over the loop's connection.  Returns
 * whether the status is another than before. */
bool service_monitor_learn(
	struct service_monitor *monitor, const struct manager_reply *reply, bool worker);
#endif
