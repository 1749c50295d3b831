/*
 * day_bar: the levels of a daemon's last 24 hours as a bar.
 */
#ifndef DAY_BAR_H
#define DAY_BAR_H

#include <jansson.h>

struct evbuffer;

/* Writes an SVG image for what is at /runs/NAME/day, with its meaning in words. */
void day_bar_put(struct evbuffer *out, const json_t *day);

#endif
