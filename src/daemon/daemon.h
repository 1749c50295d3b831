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

#include <jansson.h>

#include <vigil/vigil.h>

#include "config/option.h"

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
/* Marks a daemon as failed without calling its start. */
void daemon_fail(struct vigil_daemon *d, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Gives the daemon new options: calls the module's reconfigure, or stops and starts the daemon if
 * that fails or does not exist.  Returns 0 or a negative errno, as daemon_start does. */
int daemon_reconfigure(struct vigil_daemon *d, struct option_set *options);
/* Fires each periodic timer of the daemon now, as if it were due.  -ENOENT: the daemon has no
 * periodic timer; -ESRCH: the daemon does not run. */
int daemon_tick_now(struct vigil_daemon *d);
/* Whether the daemon waits for the exit of a child, the answer of a service or a slot. */
bool daemon_is_waiting(const struct vigil_daemon *d);
/* Calls the daemon's callback for a verb.  Returns the result of the callback, or -ENOSYS if the
 * daemon has no callback for that verb. */
int daemon_verb(struct vigil_daemon *d, const char *name);

/* Pauses the daemon.  until: the end of the pause as text ("": until daemon_resume); reason: ""
 * for none; by: the user who asked for the pause ("": unknown). */
void daemon_pause(struct vigil_daemon *d, const char *until, const char *reason, const char *by);
/* Ends the pause and calls the module's `resumed`, so that the module handles at once what it
 * ignored during the pause.  Does nothing if the daemon is not paused. */
void daemon_resume(struct vigil_daemon *d);

const char *daemon_name(const struct vigil_daemon *d);
const char *daemon_module(const struct vigil_daemon *d);
/* The first service that the daemon opened; NULL: none. */
const char *daemon_service(const struct vigil_daemon *d);
enum daemon_status daemon_status(const struct vigil_daemon *d);
const char *daemon_status_name(enum daemon_status status);
const struct option_set *daemon_options(const struct vigil_daemon *d);
/* Why the daemon failed; "" if it has not failed. */
const char *daemon_reason(const struct vigil_daemon *d);
/* The health level, "OK" to "UNKNOWN", as at /runs/NAME/health; NULL: no health reported yet. */
const char *daemon_level(const struct vigil_daemon *d);
/* Whether the text of the health is a complete status line in the format of a plugin. */
bool daemon_health_is_status_line(const struct vigil_daemon *d);
/* The daemon's account, which is the value at /runs/NAME.  Returns a new reference. */
json_t *daemon_account(const struct vigil_daemon *d);
/* One part of the account, without computing the rest, because other daemons read these parts at
 * every change.  rest: "/status", "/paused" or "/health"; NULL is returned for any other.  Returns
 * a new reference. */
json_t *daemon_account_part(const struct vigil_daemon *d, const char *rest);

#endif
