/*
 * send: queues changes and runs the command with them.
 *
 * A change is a JSON object with time, event, pointer, daemon, from, to, text, since, and
 * optionally long_text and value; vigil-notify(8) describes them. event is "change" or "reminder".
 * It is "gave_up" or "failed" if the level stays the same but vigil no longer tries to solve the
 * problem.
 */
#ifndef SEND_H
#define SEND_H

#include <stdbool.h>

#include <vigil/vigil.h>

struct send;

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
