/*
 * daemon_internal: the members of a daemon, for daemon.c and the other files of this folder.
 *
 * Every timer, event, child, service call, subscription and state node belongs to exactly one
 * daemon.  Each is wrapped in a struct whose first member is a resource.  daemon_attach adds the
 * resource to the daemon, and daemon_stop frees all of them in the reverse order.
 */
#ifndef DAEMON_INTERNAL_H
#define DAEMON_INTERNAL_H

#include <stdarg.h>
#include <sys/queue.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "daemon/daemon.h"

struct resource {
	struct vigil_daemon *daemon;
	const struct resource_kind *kind;
	TAILQ_ENTRY(resource) link;
};

/* The operations of one kind of resource. */
struct resource_kind {
	void (*free)(struct resource *resource); /* frees the struct that contains it */
	/* Only for periodic timers, else NULL: fires the timer and returns true, or returns
	 * false if the current round of daemon_tick_now has already fired it.  The callback may
	 * free it. */
	bool (*fire)(struct resource *resource);
	/* Only for periodic timers, else NULL: returns the point in time at which a timer of
	 * vigil_at fires next, by the time of day.  0: none. */
	time_t (*next)(const struct resource *resource);
	/* Whether an answer is outstanding.  NULL: this kind never waits for an answer. */
	bool (*waits)(const struct resource *resource);
};

#define DAEMON_TEXT 256

struct daemon_health {
	bool said;
	vigil_health_level level;
	/* The text is a complete status line in the format of a plugin, and contains the name of
	 * the level if its author wants that. */
	bool status_line;
	char *text;
	char *long_text; /* NULL: none */
	struct timespec since;
	uint64_t period;  /* when the period began in which changes are counted; 0: no change yet */
	unsigned changes; /* of the level, in this period */
	uint32_t line; /* the last line of the history about a change, as in vigil_event_repeat */
};

struct daemon_counts {
	uint64_t ticks, missed, errors;
	uint64_t refused;                         /* values that were not written */
	struct timespec last_tick;                /* zero: none yet */
	char *last_error;                         /* NULL: none */
	uint64_t call_last, call_max, call_total; /* duration of callbacks, ns */
};

/* What a daemon in a process of its own does differently.  Set while its start runs. */
struct daemon_apart {
	/* Brings d->counts up to date before they are read. */
	void (*refresh)(struct vigil_daemon *d);
	/* Whether the process has not yet done what it was told to do. */
	bool (*is_busy)(const struct vigil_daemon *d);
	/* Returns what /runs/NAME/process shows.  A new reference. */
	json_t *(*describe)(const struct vigil_daemon *d);
};

/* How much of the loop's time the daemon uses.  Times are by clock_now. */
struct daemon_load {
	uint64_t began; /* of the current period; 0: there was no callback yet */
	uint64_t calls, time;
	unsigned rate, percent;
	struct timespec since;
	/* Ends a period in which there is no callback.  NULL: the daemon is not busy, because it
	 * did not exceed a limit in the last period. */
	struct loop_timer *end;
};

/* The lines that a daemon has logged in the current period. */
struct daemon_log {
	uint64_t began; /* by clock_now */
	unsigned lines, dropped;
};

/* The state of one check of a candidate's options (candidate.c): where its diagnostics go. */
struct candidate_check;

struct vigil_daemon {
	struct environment *environment;   /* borrowed; NULL: this is a candidate */
	struct candidate_check *candidate; /* NULL: this is not a candidate */
	const char *root;                  /* "/daemons/NAME" */
	const char *name; /* the last part of root; no character of a name needs an escape */
	const char *module;
	const char *service; /* the first service that it opened, for the log; NULL: none */
	const vigil_module *descriptor;
	struct option_set *options;
	struct option_set *host_options; /* NULL: none */

	enum daemon_status status;
	bool paused;
	time_t paused_until; /* 0: until the daemon is resumed */
	char *paused_reason; /* NULL: none */
	char *paused_by;     /* NULL: unknown */
	struct timespec since;
	char *reason;         /* why the daemon failed; NULL: it has not failed */
	bool starting_failed; /* a function of vigil.h failed while start ran */
	bool reconfiguring;   /* its reconfigure runs */
	char *refusal;        /* why it has refused its new options; NULL: it has not */

	struct daemon_counts counts;
	struct daemon_health health;
	struct daemon_load load;
	struct daemon_log log;
	struct daemon_history *history; /* NULL: it was not needed yet */

	TAILQ_HEAD(resource_list, resource) resources;
	TAILQ_HEAD(, fd_watch) fd_watches; /* those that are checked next come first */
	unsigned early;                    /* callbacks after which the process was checked */
	unsigned inside;                   /* nested callbacks that have not returned */
	SLIST_HEAD(, kept) kept;           /* the resources of vigil_persist */
	/* Its ticks wait for a change of this service, or of that age of its status; NULL: none. */
	struct service *resting;
	uint64_t resting_since;
	unsigned verbs;       /* counts the verbs that were registered */
	unsigned round;       /* counts the calls of daemon_tick_now */
	const char *callback; /* the last callback of the module, in words */
	/* The module runs in a process of its own (isolate/).  NULL: it runs in this process. */
	const struct daemon_apart *apart;
	bool asked_wrongly; /* a request for an unknown option has been logged */
	void *data;         /* set by the module with vigil_set_data */
	char texts[];       /* storage of root and module */
};

/* Adds a resource to the daemon. */
void daemon_attach(
	struct vigil_daemon *d, struct resource *resource, const struct resource_kind *kind);
/* Frees one resource before its daemon stops. */
void daemon_free_resource(struct resource *resource);
/* Removes a resource from its daemon without freeing it; from then on the caller owns it. */
void daemon_detach(struct resource *resource);

/* daemon_enter must precede and daemon_leave follow each callback into the module.  They set and
 * clear the crash marker, measure the duration of the callback and log a callback that took too
 * long.  daemon_leave also repairs what the callback must not change in the process, and stops the
 * watches of descriptors that it has closed.  callback: what it is, such as "tick"; static text. */
uint64_t daemon_enter(struct vigil_daemon *d, const char *callback);
void daemon_leave(struct vigil_daemon *d, uint64_t entered);
/* The daemon whose callback runs; NULL: none. */
struct vigil_daemon *daemon_current(void);
/* A period of the load has ended; see daemon_load.c. */
#define LOAD_PERIOD (10 * CLOCK_SECOND)
void daemon_load_turn(struct vigil_daemon *d, uint64_t now);
/* Whether the daemon keeps the loop busy, and the text that says so.  daemon_load_clear forgets
 * it. */
bool daemon_is_busy(const struct vigil_daemon *d);
char *daemon_load_text(const struct vigil_daemon *d);
void daemon_load_clear(struct vigil_daemon *d);

/* Asserts in a debug build that the loop thread calls.  A candidate may be checked in a process
 * without a loop. */
void daemon_assert_owner(const struct vigil_daemon *d);

/* Writes a line to the log on behalf of the daemon.  who is its name, or "NAME/SERVICE".  The lines
 * of each daemon are limited, so that one daemon cannot fill the disk or hide the lines of the
 * others (daemon_log.c). */
void daemon_log(struct vigil_daemon *d, enum log_level level, const char *who, const char *format,
	...) __attribute__((format(printf, 4, 5)));
void daemon_vlog(struct vigil_daemon *d, enum log_level level, const char *who, const char *format,
	va_list ap) __attribute__((format(printf, 4, 0)));
/* Logs the number of lines that were dropped. */
void daemon_log_end(struct vigil_daemon *d);

/* Formats a text that is to be kept, escapes it because it may quote untrusted text, and truncates
 * it to DAEMON_TEXT bytes. */
void daemon_format(char text[DAEMON_TEXT], const char *format, va_list ap)
	__attribute__((format(printf, 2, 0)));
/* As daemon_format, but allocates the result, because few daemons ever need one.  Frees the old
 * *text. */
void daemon_keep_text(char **text, const char *format, va_list ap)
	__attribute__((format(printf, 2, 0)));

/* Reports the failure of a function of vigil.h.  While start runs, the first such text becomes the
 * reason why the daemon failed; otherwise the text is logged as a warning.  Sets errno to err and
 * returns -err. */
int daemon_refuse(struct vigil_daemon *d, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Announces a new value of /runs/NAME/KEY to its watchers.  Takes the reference to value. */
void daemon_announce(struct vigil_daemon *d, const char *key, json_t *value);
json_t *daemon_health_account(const struct vigil_daemon *d);

#endif
