/*
 * boot_clock: see boot_clock.h.  The kernel's boot ID identifies a boot.  Without a boot ID nothing
 * is stored.  The clock is polled, because the kernel does not report a change of the time to
 * vigild.  A service that starts while the clock is set back has a pidfile of that time.
 */
#include "host/boot_clock.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "loop/loop.h"
#include "persist/store.h"

#define SECTION "boot" /* section of the store */
#define MINUTE  (60 * CLOCK_SECOND)
#define STEP    1.0 /* seconds; a larger difference means that the clock was set */
#define BOOT_ID "/proc/sys/kernel/random/boot_id"

struct boot_clock {
	struct store *store;
	struct loop_timer *timer;
	json_t *id;
};

json_t *boot_clock_id(void)
{
	FILE *file = fopen(BOOT_ID, "re");
	char text[64] = "";

	if (file == NULL)
		return NULL;
	if (fgets(text, sizeof(text), file) == NULL)
		text[0] = '\0';
	fclose(file);
	text[strcspn(text, "\n")] = '\0';
	return text[0] != '\0' ? json_string(text) : NULL;
}

static const json_t *kept(const struct boot_clock *boot_clock, const char *key)
{
	return store_get(boot_clock->store, SECTION, "this", key);
}

static void keep(struct boot_clock *boot_clock, const char *key, double number)
{
	store_put_new(boot_clock->store, SECTION, "this", key, json_real(number));
}

/* Stores the boot time if it has changed.  The two clocks are read one after the other, so two
 * results always differ a little, and a difference below STEP is ignored. */
static void look(struct boot_clock *boot_clock)
{
	const json_t *began = kept(boot_clock, "began");
	double earliest = clock_boot_time();

	if (boot_clock->id == NULL ||
		(json_equal(boot_clock->id, kept(boot_clock, "id")) && json_is_number(began) &&
			json_is_number(kept(boot_clock, "followed")) &&
			fabs(json_number_value(began) - earliest) < STEP))
		return;
	store_put(boot_clock->store, SECTION, "this", "id", boot_clock->id);
	keep(boot_clock, "began", earliest);
	keep(boot_clock, "followed", clock_tracked_since());
}

static void on_minute(uint64_t missed, void *arg)
{
	look(arg);
}

static void recall(struct boot_clock *boot_clock)
{
	const json_t *began = kept(boot_clock, "began"), *followed = kept(boot_clock, "followed");

	if (!json_equal(boot_clock->id, kept(boot_clock, "id")) || !json_is_number(began) ||
		json_number_value(began) < 0 || json_number_value(followed) < 0)
		return; /* the entry is of another boot, or damaged */
	clock_inherit_boot_time(json_number_value(began),
		json_is_number(followed) ? json_number_value(followed) : INFINITY);
}

struct boot_clock *boot_clock_new(struct loop *loop, struct store *store)
{
	struct boot_clock *boot_clock = memory_zero(sizeof(*boot_clock));

	boot_clock->store = store;
	boot_clock->id = boot_clock_id();
	recall(boot_clock);
	look(boot_clock);
	boot_clock->timer = loop_every(loop, MINUTE, 0, on_minute, boot_clock);
	return boot_clock;
}

void boot_clock_free(struct boot_clock *boot_clock)
{
	if (boot_clock == NULL)
		return;
	look(boot_clock);
	loop_timer_free(boot_clock->timer);
	json_decref(boot_clock->id);
	free(boot_clock);
}
