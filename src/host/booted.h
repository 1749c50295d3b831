/*
 * booted: what outlives vigild of the clock: when this boot began, as it was told first.
 */
#ifndef BOOTED_H
#define BOOTED_H

#include <jansson.h>

struct booted;
struct loop;
struct store;

/* The kernel's name for this boot, which the caller owns; NULL: it has none to give. */
json_t *booted_id(void);

/* Takes up what an earlier vigild of the same boot knew, and keeps what this one learns: it looks at
 * the clock once a minute, and when it is freed.  NULL: out of memory. */
struct booted *booted_new(struct loop *loop, struct store *store);
void booted_free(struct booted *booted);

#endif
