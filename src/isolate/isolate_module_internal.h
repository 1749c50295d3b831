/*
 * isolate_module_internal: the data of isolate_module.c, which describes modules, of
 * isolate_module_check.c, which checks options, and of isolate_module_later.c, which asks without
 * waiting.
 */
#ifndef ISOLATE_MODULE_INTERNAL_H
#define ISOLATE_MODULE_INTERNAL_H

#include <sys/queue.h>
#include <sys/stat.h>

#include "base/reason.h"
#include "isolate/isolate_module.h"
#include "isolate/isolate_query.h"

struct isolate_ask;
struct loop_timer;

/* One description.  It is never changed, and freed with all others, because daemons and option sets
 * point to it. */
struct described {
	vigil_module descriptor; /* must be the first member */
	vigil_option *options;   /* owned, also all its texts */
	char *dir, *name, *summary;
	struct stat file;
	SLIST_ENTRY(described) link;
};

struct isolate_modules {
	unsigned users; /* the struct modules that use it */
	vigil_module behaviour;
	SLIST_HEAD(, described) list; /* the newest first */
	json_t *checks;               /* by daemon: {"query","messages"} of its last check */

	bool collects; /* nothing is asked, but listed */
	STAILQ_HEAD(, wanted) wanted;
	unsigned running; /* the first of them have been started */
	json_t *failed;   /* {KEY: why} of those that gave no answer */
	struct loop *loop;
	struct loop_timer *timer; /* all have been answered; NULL: not yet */
	void (*ready)(void *arg);
	void *ready_arg;
};

/* A question that is to be asked. */
struct wanted {
	struct isolate_query query; /* its dir and module belong to the struct described */
	char *key, *user, *daemon;
	struct described *described; /* for a description; owned until it succeeds; else NULL */
	json_t *identity;            /* for a check */
	struct isolate_ask *ask;     /* NULL: it has not been started, or it has ended */
	STAILQ_ENTRY(wanted) link;
};

/* What all struct modules of the program share. */
extern struct isolate_modules isolate_module_all;

void isolate_described_free(struct described *d);
/* Takes the answer to a query for a description. */
int isolate_described_take(struct described *d, const json_t *messages, const struct reason *why);
/* The check of every isolated daemon. */
int isolate_module_check(vigil_daemon *candidate);

/* Lists a question, or writes why it had no answer.  Takes d. */
void isolate_want_description(
	struct described *d, const struct option_set *options, const struct reason *why);
/* Lists a question and returns no diagnostics, because the plan is made again; or NULL with the
 * reason why it had no answer. */
json_t *isolate_want_check(
	const struct isolate_query *query, json_t *identity, const struct reason *why);

#endif
