/*
 * booted: what outlives vigild of the clock: when this boot began, as it was told first.
 */
#ifndef BOOTED_H
#define BOOTED_H

#include <jansson.h>

struct store;

/* The kernel's name for this boot, which the caller owns; NULL: it has none to give. */
json_t *booted_id(void);

/* Tells clock_booted_before what an earlier vigild of the same boot kept, and keeps the earliest. */
void booted_recall(struct store *store);

#endif
