/*
 * day_bar: shows the levels of a daemon's last 24 hours as a bar.
 */
#ifndef DAY_BAR_H
#define DAY_BAR_H

#include <jansson.h>

struct evbuffer;

/* Writes an SVG image for the value at /runs/NAME/day, labelled with the same in words.  Writes
 * nothing if there are no levels. */
void day_bar_put(struct evbuffer *out, const json_t *day);
/* Writes only the words: "Last 24 hours: CRITICAL 20 min, OK 23.7 h". */
void day_bar_put_words(struct evbuffer *out, const json_t *day);

#endif
