/*
 * notify: what its files share.
 *
 * Changes flow one way: watch.c sees them, waits until they have lasted, and hands those that
 * are wanted to send.c, which gathers them and runs the command.
 */
#ifndef NOTIFY_H
#define NOTIFY_H

#include <stdbool.h>
#include <stddef.h>

#include <vigil/vigil.h>

#define WATCH_POINTER_MAX 2048

struct watch;
struct send;

/* Whether what `watch`, `from` and `to` say can ever be: 0, or -EINVAL after vigil_diagnose. */
int watch_check(vigil_daemon *d);
/* Subscribes to what the option `watch` names.  NULL where that failed, with the reason said. */
struct watch *watch_start(vigil_daemon *d, struct send *send);
void watch_stop(struct watch *watch);

/* Whether the address is what the pattern means, or lies below it: a step `*` is any. */
bool watch_matches(const char *pattern, const char *pointer);
/* Whether a change from one word to another is wanted; no words mean any, but see watch.c. */
bool watch_wants(
	const char *const *from, const char *const *to, const char *before, const char *now);

/* NULL where the daemon cannot do it, with the reason said. */
struct send *send_start(vigil_daemon *d);
/* A change to be told of; takes the reference. */
void send_change(struct send *send, json_t *change);
/* What has not been told is put where it is kept. */
void send_stop(struct send *send);

#endif
