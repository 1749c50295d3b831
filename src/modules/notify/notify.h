/*
 * notify: the interfaces between the files of this module.
 *
 * Changes flow in one direction. watch.c observes changes in the state, records.c decides which of
 * them are sent and when (by the rules of news.c), and send.c runs the command with the message
 * that message.c makes of the queued changes.
 *
 * A change is a JSON object with time, event, pointer, daemon, from, to, text, since, and
 * optionally long_text and value; vigil-notify(8) describes them. event is "change" or "reminder".
 * It is "gave_up" or "failed" if the level stays the same but vigil no longer tries to solve the
 * problem.
 *
 * An address is a JSON pointer in the state. In a pattern, a step `*` matches any step.
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

/* Checks whether `watch`, `from` and `to` can ever match. Returns 0, or -EINVAL after
 * vigil_diagnose. */
int watch_check(vigil_daemon *d);
/* Subscribes to the addresses of the option `watch`. Returns NULL on failure. */
struct watch *watch_start(vigil_daemon *d, struct send *send);
void watch_stop(struct watch *watch);
/* Reports that the pause of the daemon has ended. */
void watch_resumed(struct watch *watch);

/* Returns whether the address matches the pattern or is below an address that matches it. */
bool watch_matches(const char *pattern, const char *pointer);

/* Initializes the sending of changes and loads the changes that were not sent before the restart.
 * Returns NULL on failure. */
struct send *send_start(vigil_daemon *d);
/* Queues a change and takes the reference to it. */
void send_change(struct send *send, json_t *change);
/* Returns whether a change of that address has not been sent yet. */
bool send_has(const struct send *send, const char *pointer);
void send_stop(struct send *send);

/* The queue and the records are saved together, so that the store never says that a change was sent
 * which it does not contain. fn writes the records of records.c. send_save_soon saves after a short
 * delay, send_save at once. */
typedef void send_save_fn(void *arg);
void send_on_save(struct send *send, send_save_fn *fn, void *arg);
void send_save_soon(struct send *send);
void send_save(struct send *send);

#endif
