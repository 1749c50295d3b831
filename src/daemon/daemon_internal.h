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
	/* Whether an answer is outstanding.  NULL: this kind never waits for an answer. */
	bool (*waits)(const struct resource *resource);
};

#define DAEMON_TEXT    256
#define DAEMON_HISTORY 64

struct daemon_health {
	bool said;
	vigil_health_level level;
	/* The text is a complete status line in the format of a plugin, and contains the name of
	 * the level if its author wants that. */
	bool status_line;
	char *text;
	char *long_text; /* NULL: none */
	struct timespec since;
};

/* One line of the history. */
struct daemon_event {
	STAILQ_ENTRY(daemon_event) link;
	struct timespec when;
	uint32_t line; /* number of the line; each daemon counts its lines from 1 */
	char text[];
};

struct daemon_counts {
	uint64_t ticks, missed, errors;
	struct timespec last_tick;                /* zero: none yet */
	char *last_error;                         /* NULL: none */
	uint64_t call_last, call_max, call_total; /* duration of callbacks, ns */
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

	enum daemon_status status;
	bool paused;
	char *paused_until;  /* NULL: until the daemon is resumed */
	char *paused_reason; /* NULL: none */
	char *paused_by;     /* NULL: unknown */
	struct timespec since;
	char *reason;         /* why the daemon failed; NULL: it has not failed */
	bool starting_failed; /* a function of vigil.h failed while start ran */

	struct daemon_counts counts;
	struct daemon_health health;
	STAILQ_HEAD(, daemon_event) history; /* oldest first */
	unsigned history_count;              /* at most DAEMON_HISTORY */
	uint32_t history_lines;              /* number of the newest line */

	TAILQ_HEAD(resource_list, resource) resources;
	SLIST_HEAD(, kept) kept; /* the resources of vigil_persist */
	unsigned round;          /* counts the calls of daemon_tick_now */
	bool asked_wrongly;      /* a request for an unknown option has been logged */
	void *data;              /* set by the module with vigil_set_data */
	char texts[];            /* storage of root and module */
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
 * long. */
uint64_t daemon_enter(struct vigil_daemon *d);
void daemon_leave(struct vigil_daemon *d, uint64_t entered);

/* Formats a text that is to be kept, escapes it because it may quote untrusted text, and truncates
 * it to DAEMON_TEXT bytes. */
void daemon_format(char text[DAEMON_TEXT], const char *format, va_list ap)
	__attribute__((format(printf, 2, 0)));
/* As daemon_format, but allocates the result, because few daemons ever need one.  Frees the old
 * *text. */
void daemon_keep_text(char **text, const char *format, va_list ap)
	__attribute__((format(printf, 2, 0)));

/* Removes the oldest line of the history. */
void daemon_forget_event(struct vigil_daemon *d);

/* Reports the failure of a function of vigil.h.  While start runs, the first such text becomes the
 * reason why the daemon failed; otherwise the text is logged as a warning.  Sets errno to err and
 * returns -err. */
int daemon_refuse(struct vigil_daemon *d, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Announces a new value of /runs/NAME/KEY to its watchers.  Takes the reference to value. */
void daemon_announce(struct vigil_daemon *d, const char *key, json_t *value);
json_t *daemon_health_account(const struct vigil_daemon *d);

#endif
