/*
 * daemon_attach: the inside of a daemon, for daemon.c and the api_*.c files beside it.
 *
 * Rule 6 of the house: every timer, event, child, call, subscription and state node belongs to
 * one daemon.  Each is wrapped in a struct that begins with a resource; daemon_attach hangs it on
 * the daemon and daemon_stop lets go of all, last made first.
 */
#ifndef DAEMON_INTERNAL_H
#define DAEMON_INTERNAL_H

#include <stdarg.h>
#include <sys/queue.h>
#include <time.h>

#include "base/clock.h"
#include "daemon/daemon.h"

struct resource {
	struct vigil_daemon *daemon;
	const struct resource_kind *kind;
	TAILQ_ENTRY(resource) link;
};

/* What one kind of them can do. */
struct resource_kind {
	void (*free)(struct resource *resource); /* frees the whole that it begins */
	/* For periodic timers: fires, unless the current round of daemon_tick_now has done so
	 * already, and says whether it did.  The callback may free it.  NULL for all else. */
	bool (*fire)(struct resource *resource);
	/* Whether an answer that was asked for is yet to come.  NULL: it is none that answers. */
	bool (*waits)(const struct resource *resource);
};

#define DAEMON_TEXT    256
#define DAEMON_HISTORY 64

struct daemon_health {
	bool said;
	vigil_health_level level;
	/* The text is a whole status line as a plugin prints it, which names the level where its
	 * author wants that. */
	bool status_line;
	char *text;
	char *long_text; /* NULL: none */
	struct timespec since;
};

/* A line of the history. */
struct daemon_event {
	STAILQ_ENTRY(daemon_event) link;
	struct timespec when;
	uint32_t line; /* numbers the lines of this daemon from 1 on */
	char text[];
};

struct daemon_counts {
	uint64_t ticks, missed, errors;
	struct timespec last_tick;                /* zero: none yet */
	char *last_error;                         /* NULL: none */
	uint64_t call_last, call_max, call_total; /* ns in callbacks */
};

/* What makes a daemon a candidate, whose options are only checked: where its diagnostics go. */
struct candidate_check;

struct vigil_daemon {
	struct environment *environment;   /* NULL of a candidate */
	struct candidate_check *candidate; /* NULL: it is none */
	const char *root;                  /* "/daemons/NAME" */
	const char *name; /* the end of it: there is nothing in a name to be escaped */
	const char *module;
	const char *service; /* the first it has opened, for the log; NULL: none */
	const vigil_module *descriptor;
	struct option_set *options;

	enum daemon_status status;
	bool paused;
	char *paused_until;  /* NULL: until it is resumed */
	char *paused_reason; /* NULL: none was given */
	char *paused_by;     /* NULL: not known */
	struct timespec since;
	char *reason;         /* why it failed; NULL: it has not */
	bool starting_failed; /* a constructor failed while start ran */

	struct daemon_counts counts;
	struct daemon_health health;
	STAILQ_HEAD(, daemon_event) history; /* the oldest first */
	unsigned history_count;              /* DAEMON_HISTORY at most */
	uint32_t history_lines;              /* the number of the last one */

	TAILQ_HEAD(resource_list, resource) resources;
	SLIST_HEAD(, kept) kept; /* of the resources, what it keeps of its state */
	unsigned round;          /* of daemon_tick_now */
	bool asked_wrongly;      /* it was said that it asks for options it does not have */
	void *data;              /* the module's own */
	char texts[];            /* root and module */
};

/* Hangs a resource on the daemon. */
void daemon_attach(
	struct vigil_daemon *d, struct resource *resource, const struct resource_kind *kind);
/* Lets go of one before its daemon ends. */
void daemon_free_resource(struct resource *resource);
/* Takes one off the daemon without freeing it: it is the caller's from here on. */
void daemon_detach(struct resource *resource);

/* Around each callback into the module: times it, and takes note of the outcome. */
uint64_t daemon_enter(struct vigil_daemon *d);
void daemon_leave(struct vigil_daemon *d, uint64_t entered);

/* What is to be kept, made text: it may quote strangers, and is escaped and cut to fit. */
void daemon_say(char text[DAEMON_TEXT], const char *format, va_list ap)
	__attribute__((format(printf, 2, 0)));
/* The same into memory of its own, for what few daemons ever have to say: the old text goes. */
void daemon_keep_text(char **text, const char *format, va_list ap)
	__attribute__((format(printf, 2, 0)));

/* Drops the oldest line of the history. */
void daemon_forget_event(struct vigil_daemon *d);

/* A constructor failed: notes why, where start is running, and returns -err.  errno is set. */
int daemon_refuse(struct vigil_daemon *d, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Whether the daemon is a candidate, with which the function of vigil.h called so must do nothing:
 * that is logged once.  errno is then EPERM. */
bool daemon_is_candidate(struct vigil_daemon *d, const char *function);

/* Tells watchers of /runs/NAME/KEY. */
void daemon_announce(struct vigil_daemon *d, const char *key, json_t *value);
json_t *daemon_health_account(const struct vigil_daemon *d);

#endif
