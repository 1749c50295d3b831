/*
 * isolate_internal: one process of an isolated daemon, for the files that share it.  isolate.c is
 * what the daemon calls, isolate_process.c starts and ends it, isolate_stop.c handles what a
 * stopped daemon still sends, isolate_apply.c applies what it reports, isolate_services.c is about
 * services, isolate_slots.c about slots, and isolate_view.c about what it reads.
 */
#ifndef ISOLATE_INTERNAL_H
#define ISOLATE_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <jansson.h>

#include "base/clock.h"
#include "daemon/daemon_internal.h"
#include "isolate/isolate.h"
#include "isolate/isolate_ends.h"
#include "isolate/isolate_link.h"

struct event;
struct child;
struct loop;
struct loop_timer;
struct state_watch;

#define ISOLATE_LINES 64 /* of the history that can be rewritten */

struct isolated {
	struct resource resource; /* must be the first member; its daemon is NULL after the stop */
	struct isolate *isolate;
	char *name;          /* of the daemon */
	struct child *child; /* NULL: it has not been started, or it has ended */
	struct isolate_ends ends;
	struct isolate_link link;
	struct event *readable, *writable;
	struct state_watch *paused;
	struct loop_timer *watchdog;
	uint64_t launched, timeout;
	double memory;
	unsigned told; /* the number of messages that it has not done yet */
	/* The options that the module has, and new ones that it was offered (NULL: none). */
	struct option_set *taken, *offered;
	unsigned round;

	uint64_t heard;  /* when it last sent something */
	uint64_t second; /* the second in which `spent` was spent on its messages */
	uint64_t spent;
	bool closed;     /* it has closed the socket */
	bool slowed;     /* its messages wait for the next second */
	bool more;       /* messages that were read have not been handled yet */
	uint64_t pinged; /* when a ping was sent that has not been answered; 0: none */
	bool slow_told;  /* that has been logged */
	uint64_t minute; /* in which it has written so many lines */
	unsigned lines, dropped;

	size_t weight;                   /* bytes of values since its state was last measured */
	char *killed;                    /* why vigild killed it; NULL: it did not */
	char *failed;                    /* why its start has failed; NULL: it has not */
	char *printed;                   /* the last line that it printed; NULL: none */
	json_t *kept;                    /* the paths that it keeps: {PATH: true} */
	json_t *children;                /* the programs that it has started: {PID: true} */
	uint32_t history[ISOLATE_LINES]; /* the number of a line in vigild, by its own number */
	json_t *verbs;    /* those that it handles: {NAME: whether one is in progress} */
	unsigned follows; /* the number of addresses whose changes it gets */
	bool watches_services;

	SLIST_HEAD(, isolated_service) services;
	SLIST_HEAD(, isolated_slot) slots;
	LIST_ENTRY(isolated) among; /* of those that run, or of those that have been stopped */
};

LIST_HEAD(isolated_list, isolated);

struct isolate {
	struct loop *loop;
	struct store *store;
	isolate_started_fn *started;
	isolate_ended_fn *ended;
	void *arg;
	uint64_t second, spent; /* as in struct isolated, for all processes */
	struct isolated_list live;
	struct isolated_list stopped; /* their daemons have stopped, and they may still run */
};

/* Sends a message soon.  Takes the reference. */
void isolate_send(struct isolated *p, json_t *message);
/* Kills the process.  The reason completes "its process was killed: ". */
void isolate_kill(struct isolated *p, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Applies one message.  False: it is not valid.  The daemon may have been freed. */
bool isolate_apply(struct isolated *p, const json_t *message);
/* Applies a message of a daemon that has stopped: only what is to be kept. */
bool isolate_apply_last(struct isolated *p, const json_t *message);
/* Handles the messages about services and slots, and about what the daemon reads. */
typedef bool isolate_message_fn(struct isolated *p, const json_t *message);
isolate_message_fn isolate_on_open, isolate_on_close, isolate_on_ask, isolate_on_observe,
	isolate_on_answer, isolate_on_list, isolate_on_watch_services, isolate_on_slot,
	isolate_on_slot_free, isolate_on_get;
/* Free what is known of its services and slots; vigil.h frees the objects themselves. */
void isolate_forget_services(struct isolated *p);
void isolate_forget_slots(struct isolated *p);
/* Starts the process.  Returns 0, or a negative errno and calls daemon_refuse. */
int isolate_launch(struct isolated *p);
/* Starts the watchdog. */
void isolate_watch(struct isolated *p);
/* Starts the process of a daemon that has waited for the end of an earlier one. */
void isolate_launch_waiting(struct isolate *isolate, const char *name);
/* Moves a process whose daemon stops to the list of those that are ending. */
void isolate_begin_stop(struct isolated *p);
/* Whether an earlier process of a daemon of that name still runs. */
bool isolate_is_stopping(const struct isolate *isolate, const char *name);
/* Frees the process and all its data.  If it runs, it is ended. */
void isolate_destroy(struct isolated *p);
/* Reads once, and applies all complete messages.  Returns what isolate_link_read returned, or
 * -EPROTO. */
int isolate_take(struct isolated *p, isolate_message_fn *apply);
/* Takes what a process has sent before its end, for at most a second. */
void isolate_take_rest(struct isolated *p, isolate_message_fn *apply);
/* Whether it has had a slot for longer than isolate_timeout and runs no program. */
bool isolate_keeps_slot(const struct isolated *p, uint64_t now);
/* Whether the process may write one more line to the log or the history in this minute. */
bool isolate_may_write(struct isolated *p);
/* Stops waiting for the descriptor and closes it. */
void isolate_close_link(struct isolated *p);

#endif
