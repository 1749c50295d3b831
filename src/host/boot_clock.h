/*
 * boot_clock: keeps the boot time in the store, so that it survives a restart of vigild.
 *
 * base/clock.h computes the boot time and corrects it for clock steps.  A vigild that starts later
 * in the same boot must use the value that the first one computed.
 */
#ifndef BOOT_CLOCK_H
#define BOOT_CLOCK_H

#include <jansson.h>

struct boot_clock;
struct loop;
struct store;

/* The kernel's boot ID as a JSON string, owned by the caller.  NULL: the kernel provides none. */
json_t *boot_clock_id(void);

/* Loads the boot time that an earlier vigild of the same boot stored.  Then stores the boot time of
 * this process whenever it has changed: at once, once a minute, and in boot_clock_free. */
struct boot_clock *boot_clock_new(struct loop *loop, struct store *store);
void boot_clock_free(struct boot_clock *boot_clock);

#endif
