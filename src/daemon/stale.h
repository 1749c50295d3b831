/*
 * stale: whether numbers in the state are current.
 *
 * A daemon sets /daemons/NAME/stale to true while the numbers that it keeps are not current, because
 * their source failed, hangs or is silent.
 */
#ifndef STALE_H
#define STALE_H

#include <stdbool.h>

struct state;

/* Whether the value at the pointer is below a daemon whose numbers are stale. */
bool stale_at(struct state *state, const char *pointer);

#endif
