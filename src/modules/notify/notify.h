/*
 * notify: what its files share.
 *
 * Changes flow one way.  watch.c sees what changes in the state, records.c decides which of that is
 * sent and when (by the rules of news.c), send.c runs the command with what message.c makes of the
 * changes that wait in its queue.
 *
 * A change is a JSON object: time, event, pointer, daemon, from, to, text, since, perhaps long_text
 * and value, as vigil-notify(8) describes them.  event is "change", "reminder", or "gave_up" or
 * "failed" where the level stays and nothing more is done about it.
 */
#ifndef NOTIFY_H
#define NOTIFY_H

#include <stdbool.h>
#include <stddef.h>

#include <vigil/vigil.h>

#define WATCH_POINTER_MAX 2048
#define WATCH_DEGRADED    "/vigil/degraded"

struct watch;
struct send;

/* Whether what `watch`, `from` and `to` say can ever be: 0, or -EINVAL after vigil_diagnose. */
int watch_check(vigil_daemon *d);
/* Subscribes to what the option `watch` names.  NULL where that failed, with the reason said. */
struct watch *watch_start(vigil_daemon *d, struct send *send);
void watch_stop(struct watch *watch);
/* The pause of the daemon has ended. */
void watch_resumed(struct watch *watch);

/* Whether the address is what the pattern means, or lies below it: a step `*` is any. */
bool watch_matches(const char *pattern, const char *pointer);

/* NULL where the daemon cannot do it, with the reason said. */
struct send *send_start(vigil_daemon *d);
/* A change to be sent; takes the reference. */
void send_change(struct send *send, json_t *change);
/* Whether a change of that address waits to be sent. */
bool send_has(const struct send *send, const char *pointer);
void send_stop(struct send *send);

/* What must outlive vigild is written together, so that the store never says that a change was sent
 * that it does not have.  fn writes what records.c knows. */
typedef void send_save_fn(void *arg);
void send_on_save(struct send *send, send_save_fn *fn, void *arg);
void send_save_soon(struct send *send);
void send_save(struct send *send);

#endif
