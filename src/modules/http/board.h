/*
 * board: the rows of the status page, as server-sent events.
 *
 * The board holds one event for each row and one for the head of the page.  All open pages share
 * it.  It has rows only while a page is open.  The caller marks what has changed with board_touch,
 * and board_make renders one marked entry at a time.
 */
#ifndef BOARD_H
#define BOARD_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "server.h"

struct board;

/* Allocates a board without rows.  It is freed with the daemon. */
struct board *board_new(vigil_daemon *d);
/* Marks the head of the page and the rows of the daemons with these names, so that board_make
 * renders them.
 * board_free_rows frees all rows. */
void board_start(struct board *board, const json_t *names);
void board_free_rows(struct board *board);

/* Marks the row of that daemon to be rendered again, because something has changed.  "": every
 * row. */
void board_touch(struct board *board, const char *name);
/* Marks the head of the page; the rows with the reasons why vigild is degraded follow it. */
void board_touch_head(struct board *board);
/* Renders the next marked entry.  Returns false if no entry is marked. */
bool board_make(struct board *board);

/* The events are ordered by version; each new event gets a higher version than all others.  Returns
 * the first event after *version and sets *version to its version; NULL: there is none.  The event
 * is borrowed until the next call that changes the board. */
const char *board_event(const struct board *board, uint64_t *version);
/* Returns an event with the names of all rows.  The caller frees it. */
char *board_names(const struct board *board);

/* Formats a server-sent event.  Takes the reference to data.  The caller frees the text; NULL: out
 * of memory. */
char *board_text(const char *event, json_t *data);

#endif
