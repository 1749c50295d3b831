/*
 * boot_clock: what outlives vigild of the clock: when this boot began, as it was told first.
 */
#ifndef BOOT_CLOCK_H
#define BOOT_CLOCK_H

#include <jansson.h>

struct boot_clock;
struct loop;
struct store;

/* The kernel's name for this boot, which the caller owns; NULL: it has none to give. */
json_t *boot_clock_id(void);

/* Takes up what an earlier vigild of the same boot knew, and keeps what this one learns: it looks at
 * the clock once a minute, and when it is freed.  NULL: out of memory. */
struct boot_clock *boot_clock_new(struct loop *loop, struct store *store);
void boot_clock_free(struct boot_clock *boot_clock);

#endif
