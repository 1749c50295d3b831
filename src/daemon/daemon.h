/*
 * daemon: one instance of a module: its life, and everything it owns.
 *
 * Each thing that a module makes, on whatever floor it lives, is wrapped in a resource that
 * hangs on its daemon; stopping the daemon frees them all, last made first.  The functions of
 * vigil.h stand in the api_*.c files beside this one, by topic.
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

/* What a daemon stands on; owned by the host, which outlives its daemons. */
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

/* A new daemon, not started.  descriptor: NULL when its module could not be loaded; fail it
 * then.  Takes its own reference to the options. */
struct vigil_daemon *daemon_new(struct environment *environment, const char *name,
	const char *module, const vigil_module *descriptor, struct option_set *options);
/* Stops it first where it runs. */
void daemon_free(struct vigil_daemon *d);

/* Runs its start.  0, or the -errno it failed with; it is then failed, and its reason is kept. */
int daemon_start(struct vigil_daemon *d);
/* Runs its stop and frees everything it owns; its subtree of the state is dropped. */
void daemon_stop(struct vigil_daemon *d);
/* Marks it failed without having run. */
void daemon_fail(struct vigil_daemon *d, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* New options: by its reconfigure, or else by stop and start.  0 or -errno as daemon_start. */
int daemon_reconfigure(struct vigil_daemon *d, struct option_set *options);
/* Every periodic timer of it fires now, as if due.  -ENOENT: it has none; -ESRCH: not running. */
int daemon_tick_now(struct vigil_daemon *d);
/* Whether it has asked for something, a child or a service, and has not been told yet. */
bool daemon_is_waiting(const struct vigil_daemon *d);
/* Hands it a verb; what its callback returned, or -ENOSYS where it has none for that. */
int daemon_verb(struct vigil_daemon *d, const char *name);

/* Pauses the daemon: until a time as text ("": until it is resumed), for a reason ("": none was
 * given), by a user ("": not known). */
void daemon_pause(struct vigil_daemon *d, const char *until, const char *reason, const char *by);
/* Ends the pause, and has the module check at once what it did not act on. */
void daemon_resume(struct vigil_daemon *d);

const char *daemon_name(const struct vigil_daemon *d);
const char *daemon_module(const struct vigil_daemon *d);
enum daemon_status daemon_status(const struct vigil_daemon *d);
const char *daemon_status_name(enum daemon_status status);
const struct option_set *daemon_options(const struct vigil_daemon *d);
/* Why it failed; "" when it did not. */
const char *daemon_reason(const struct vigil_daemon *d);
/* The level of its health, "OK" to "UNKNOWN", as it is at /runs/NAME/health; NULL while it has none. */
const char *daemon_level(const struct vigil_daemon *d);
/* Whether the text of its health is a whole status line as a plugin prints it. */
bool daemon_health_is_status_line(const struct vigil_daemon *d);
/* Its account, as it stands at /runs/NAME; a new reference. */
json_t *daemon_account(const struct vigil_daemon *d);
/* What daemons read of each other at every change, without the rest of the account: rest is "/status",
 * "/paused" or "/health"; NULL for anything else.  A new reference. */
json_t *daemon_account_part(const struct vigil_daemon *d, const char *rest);

#endif
