/*
 * booted: what outlives vigild of the clock; see booted.h.
 *
 * Boots are told apart by the kernel's name for them.  Where it has none to give, nothing is kept.
 * The clock is looked at now and then, since a service that is started while it is set back has a
 * pidfile of that time, and whoever sets it tells nobody.
 */
#include "host/booted.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "loop/loop.h"
#include "loop/store.h"

#define SECTION "boot" /* of the store */
#define MINUTE  (60 * CLOCK_SECOND)
#define STEP    1.0 /* seconds by which the clock moves when it is set */
#define BOOT_ID "/proc/sys/kernel/random/boot_id"

struct booted {
	struct store *store;
	struct loop_timer *timer;
	json_t *id;
};

json_t *booted_id(void)
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

static const json_t *kept(const struct booted *booted, const char *key)
{
	return store_get(booted->store, SECTION, "this", key);
}

static void keep(struct booted *booted, const char *key, double number)
{
	store_put_new(booted->store, SECTION, "this", key, json_real(number));
}

/* Both clocks are read one after the other, so what they say together is never quite the same. */
static void look(struct booted *booted)
{
	const json_t *began = kept(booted, "began");
	double earliest = clock_booted();

	if (booted->id == NULL ||
		(json_equal(booted->id, kept(booted, "id")) && json_is_number(began) &&
			json_is_number(kept(booted, "followed")) &&
			fabs(json_number_value(began) - earliest) < STEP))
		return;
	store_put(booted->store, SECTION, "this", "id", booted->id);
	keep(booted, "began", earliest);
	keep(booted, "followed", clock_followed());
}

static void on_minute(uint64_t missed, void *arg)
{
	look(arg);
}

static void recall(struct booted *booted)
{
	const json_t *began = kept(booted, "began"), *followed = kept(booted, "followed");

	if (!json_equal(booted->id, kept(booted, "id")) || !json_is_number(began) ||
		json_number_value(began) < 0 || json_number_value(followed) < 0)
		return; /* of another boot, or damaged */
	clock_booted_before(json_number_value(began),
		json_is_number(followed) ? json_number_value(followed) : INFINITY);
}

struct booted *booted_new(struct loop *loop, struct store *store)
{
	struct booted *booted = memory_zero(sizeof(*booted));

	booted->store = store;
	booted->id = booted_id();
	recall(booted);
	look(booted);
	booted->timer = loop_every(loop, MINUTE, 0, on_minute, booted);
	if (booted->timer == NULL) {
		booted_free(booted);
		return NULL;
	}
	return booted;
}

void booted_free(struct booted *booted)
{
	if (booted == NULL)
		return;
	look(booted);
	loop_timer_free(booted->timer);
	json_decref(booted->id);
	free(booted);
}
