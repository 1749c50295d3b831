/*
 * stale: whether numbers in the state are current.
 *
 * A daemon sets `stale` to true, at /daemons/NAME or in an object below it, while the numbers there are
 * not current, because their source failed, hangs or is silent.
 */
#ifndef STALE_H
#define STALE_H

#include <stdbool.h>

struct state;

/* Whether the value at the pointer, or an object that holds it, is stale. */
bool stale_at(struct state *state, const char *pointer);

#endif
