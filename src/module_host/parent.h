/*
 * parent: the connection of vigil-module-host to vigild (isolate/isolate_protocol.h).
 */
#ifndef PARENT_H
#define PARENT_H

#include <stdbool.h>

#include <jansson.h>

#include "isolate/isolate_protocol.h"

struct loop;

/* Takes over the descriptors that vigild has passed.  Returns 0 or a negative errno. */
int parent_open(void);
/* The page that is shared with vigild; before parent_open a page of this process alone. */
struct isolate_page *parent_page(void);
/* Writes the bytes of private memory to the page.  May be called in a signal handler. */
void parent_note_memory(void);

/* Queues a message.  Takes the reference. */
void parent_tell(json_t *message);
/* Sends a message and waits for its answer, a new reference; NULL: none. */
json_t *parent_ask(json_t *message);
/* Waits for a message.  NULL: vigild has closed the connection. */
json_t *parent_wait(void);
/* Writes what waits, and waits until it is written. */
void parent_flush(void);

/* Calls on_message for each message from now on, from the loop.  The process exits when the
 * connection is closed.  collect is called before a message of parent_ask is sent, and by
 * parent_turn. */
struct parent_user {
	void (*on_message)(const json_t *message);
	void (*collect)(void);
};
void parent_attach(struct loop *loop, const struct parent_user *user);
/* Call this after each turn of the loop: sends what has collected. */
void parent_turn(void);
/* Whether so much waits to be read by vigild that no more should be added. */
bool parent_is_full(void);

#endif
