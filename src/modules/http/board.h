/*
 * board: the rows of the status page, each with the event that shows it, while a page is open.
 */
#ifndef BOARD_H
#define BOARD_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "server.h"

struct board;

/* Zeroed with the daemon; has no rows yet. */
struct board *board_new(vigil_daemon *d);
/* Starts to make all rows; board_free_rows ends that. */
void board_start(struct board *board);
void board_free_rows(struct board *board);

/* The row of that daemon is to be made again, because something has changed; "": every row. */
void board_touch(struct board *board, const char *name);
/* The head of the page and what vigild is degraded for. */
void board_touch_head(struct board *board);
/* Makes the next row that is to be made; false when there is none. */
bool board_make(struct board *board);

/* The events in the order in which they were made, each with a version that only grows.  Returns the
 * first one after a version, and its version; NULL: there is none. */
const char *board_event(const struct board *board, uint64_t *version);
/* The names of all rows, as an event.  Free it. */
char *board_names(const struct board *board);

/* An event of server-sent events.  Takes the reference.  Free it; NULL when out of memory. */
char *board_text(const char *event, json_t *data);

#endif
