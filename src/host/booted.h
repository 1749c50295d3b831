/*
 * booted: what outlives vigild of the clock: when this boot began, as it was told first.
 */
#ifndef BOOTED_H
#define BOOTED_H

struct store;

/* Tells clock_booted_before what an earlier vigild of the same boot kept, and keeps the earliest. */
void booted_recall(struct store *store);

#endif
