/*
 * stale: whether numbers in the state are current.
 *
 * A daemon sets `stale` to true in its object /daemons/NAME, or in an object below it, while the
 * numbers in that object are not current because their source failed, hangs or sends nothing.
 */
#ifndef STALE_H
#define STALE_H

#include <stdbool.h>

struct state;

/* Whether the value at the JSON pointer, or an object that contains it, is marked as stale. */
bool stale_at(struct state *state, const char *pointer);

#endif
