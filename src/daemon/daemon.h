/*
 * daemon: one instance of a module, its life cycle and everything that it owns.
 *
 * Every object that a module creates through vigil.h, such as a timer or a child, is wrapped in a
 * resource that belongs to the daemon.  When the daemon stops, vigild frees its resources in the
 * reverse order of their creation.  The functions of vigil.h are implemented in the api_*.c files
 * of this folder, one file for each topic.
 */
#ifndef DAEMON_H
#define DAEMON_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include <jansson.h>

#include <vigil/vigil.h>

#include "config/option.h"

struct event_log;
struct isolate;
struct loop;
struct state;
struct services;
struct slot_queue;
struct store;

/* What vigild hands to every daemon.  Owned by the host, which outlives its daemons. */
struct environment {
	struct loop *loop;
	struct state *state;
	struct services *services;
	struct store *store;
	struct slot_queue *slots;
	struct event_log *events; /* NULL: events are not stored */
	/* Called before a daemon reads what is not in its own subtree, or subscribes to it, so that
	 * a process with one daemon can get it from vigild.  NULL: the state has everything. */
	void (*see)(const char *pointer, bool subscribes);
	bool alone;              /* this process has no other daemon */
	struct isolate *isolate; /* NULL: no daemon can have a process of its own */
};

enum daemon_status {
	DAEMON_STARTING,
	DAEMON_RUNNING,
	DAEMON_PAUSED,
	DAEMON_FAILED,
	DAEMON_STOPPING
};

/* Creates a daemon and does not start it.  descriptor: NULL if the module could not be loaded; then
 * the caller must call daemon_fail.  The daemon takes its own reference to the options. */
struct vigil_daemon *daemon_new(struct environment *environment, const char *name,
	const char *module, const vigil_module *descriptor, struct option_set *options);
/* Stops the daemon first if it runs.  NULL: does nothing. */
void daemon_free(struct vigil_daemon *d);

/* Calls the module's start.  Returns 0, or a negative errno; then the daemon is in the status
 * DAEMON_FAILED and daemon_reason returns the reason. */
int daemon_start(struct vigil_daemon *d);
/* Calls the module's stop, frees everything that the daemon owns and removes its subtree of the
 * state.  Does nothing if the daemon does not run. */
void daemon_stop(struct vigil_daemon *d);
/* For a daemon in a process of its own, whose start has only begun when daemon_start returns:
 * the module has started. */
void daemon_started(struct vigil_daemon *d);
/* The process has ended, or the start in it has failed.  Frees everything that the daemon owns,
 * without calling its stop, and marks it as failed. */
void daemon_end(struct vigil_daemon *d, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Replaces the reason of a daemon that has failed. */
void daemon_set_reason(struct vigil_daemon *d, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Marks a daemon as failed without calling its start. */
void daemon_fail(struct vigil_daemon *d, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Gives the daemon new options: calls the module's reconfigure, or stops and starts the daemon if
 * that fails or does not exist.  Returns 0 or a negative errno, as daemon_start does; or
 * VIGIL_REFUSED, and the daemon keeps its old options. */
int daemon_reconfigure(struct vigil_daemon *d, struct option_set *options);
/* The two parts of it: calls reconfigure and returns what it has returned; if that is not 0, the
 * daemon has its old options.  Stops and starts the daemon. */
int daemon_offer(struct vigil_daemon *d, struct option_set *options);
int daemon_renew(struct vigil_daemon *d, struct option_set *options);
/* For a daemon in a process of its own, which has refused the options that it has: gives it the old
 * ones back. */
void daemon_refused(struct vigil_daemon *d, struct option_set *old, const char *why);
/* Why the daemon has refused the options that were offered last; "": it has not. */
const char *daemon_refusal(const struct vigil_daemon *d);
/* For a daemon to which nothing is offered, because the configuration has its present options
 * again. */
void daemon_forget_refusal(struct vigil_daemon *d);
/* Fires each periodic timer of the daemon now, as if it were due.  -ENOENT: the daemon has no
 * periodic timer; -ESRCH: the daemon does not run. */
int daemon_tick_now(struct vigil_daemon *d);
/* The next point in time at which a timer of vigil_at fires, in seconds since 1970.  0: none. */
time_t daemon_next_tick(const struct vigil_daemon *d);
/* Whether the daemon waits for the exit of a child, the answer of a service or a slot. */
bool daemon_is_waiting(const struct vigil_daemon *d);
/* Called when the action of a verb has ended, during a callback of the daemon or while the daemon
 * stops (error is -ECANCELED then), so it must not call a daemon.  answer: the reason or the
 * result, borrowed; NULL: none.  For the verbs of vigil_on_verb it is a text. */
typedef void daemon_verb_fn(int error, const json_t *answer, void *arg);
/* Calls the daemon's callback for a verb.  Returns 0 if the action is complete, VIGIL_VERB_STARTED
 * if `done` will be called once, or the negative errno of the callback; -EALREADY also if the
 * previous action of this verb has not ended; -ENOSYS: the daemon has no callback for that verb. */
int daemon_verb(struct vigil_daemon *d, const char *name, daemon_verb_fn *done, void *arg);
/* The same for a verb of vigil_on_call.  arguments: ends with NULL.  If the result is not
 * VIGIL_VERB_STARTED, *answer is the answer or the reason, a new reference; NULL: none. */
int daemon_call(struct vigil_daemon *d, const char *name, const char *const *arguments,
	json_t **answer, daemon_verb_fn *done, void *arg);
/* Whether the daemon has a callback for the verb of vigil_on_verb. */
bool daemon_has_verb(const struct vigil_daemon *d, const char *name);
/* The name of a verb for which the daemon has a callback, by its number from 0; NULL: no more.
 * help: NULL for a verb of vigil_on_verb. */
const char *daemon_verb_at(const struct vigil_daemon *d, size_t index, const char **help);
/* Does not call `done` of the verb any more.  Its action goes on. */
void daemon_verb_forget(struct vigil_daemon *d, const char *name);

/* Pauses the daemon and calls the module's `paused`, or changes its pause.  until: the end of the
 * pause in seconds since 1970 (0: until daemon_resume); reason: "" for none; by: the user or the
 * option that asked for the pause ("": unknown). */
void daemon_pause(struct vigil_daemon *d, time_t until, const char *reason, const char *by);
/* Ends the pause and calls the module's `resumed`, so that the module handles at once what it
 * ignored during the pause.  Does nothing if the daemon is not paused. */
void daemon_resume(struct vigil_daemon *d);

/* The callback of a module that runs now, such as "tick"; NULL: none. */
const char *daemon_current_callback(void);
/* How many values of the daemon were not written to its state, because they were NULL or cannot be
 * kept. */
uint64_t daemon_refused_writes(const struct vigil_daemon *d);

/* Gives the daemon the options that the host uses (config_daemon_schema).  The daemon only keeps
 * them, with its own reference. */
void daemon_set_host_options(struct vigil_daemon *d, struct option_set *options);
/* NULL: they were not set. */
const struct option_set *daemon_host_options(const struct vigil_daemon *d);

/* The descriptor that the daemon was created with; NULL: its module could not be loaded. */
const vigil_module *daemon_descriptor(const struct vigil_daemon *d);
const char *daemon_name(const struct vigil_daemon *d);
const char *daemon_module(const struct vigil_daemon *d);
/* The first service that the daemon opened; NULL: none. */
const char *daemon_service(const struct vigil_daemon *d);
enum daemon_status daemon_status(const struct vigil_daemon *d);
/* Whether a daemon in a process of its own starts, takes its options, or ticks on request. */
bool daemon_is_busy_apart(const struct vigil_daemon *d);
const char *daemon_status_name(enum daemon_status status);
const struct option_set *daemon_options(const struct vigil_daemon *d);
/* Why the daemon failed; "" if it has not failed. */
const char *daemon_reason(const struct vigil_daemon *d);
/* The health level, "OK" to "UNKNOWN", as at /runs/NAME/health; NULL: no health reported yet. */
const char *daemon_level(const struct vigil_daemon *d);
/* Whether the text of the health is a complete status line in the format of a plugin. */
bool daemon_health_is_status_line(const struct vigil_daemon *d);
/* The daemon's account, which is the value at /runs/NAME.  Returns a new reference. */
json_t *daemon_account(struct vigil_daemon *d);
/* One part of the account, without computing the rest, because other daemons read these parts at
 * every change.  rest: "/status", "/paused", "/health" or "/next_tick"; NULL is returned for any
 * other.  Returns a new reference. */
json_t *daemon_account_part(const struct vigil_daemon *d, const char *rest);

#endif
