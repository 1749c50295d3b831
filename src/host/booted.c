/*
 * booted: what outlives vigild of the clock; see booted.h.
 *
 * Boots are told apart by the kernel's name for them.  Where it has none to give, nothing is kept.
 */
#include "host/booted.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "loop/store.h"

#define SECTION "boot" /* of the store */
#define BOOT_ID "/proc/sys/kernel/random/boot_id"

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

void booted_recall(struct store *store)
{
	const json_t *began = store_get(store, SECTION, "this", "began");
	const json_t *followed = store_get(store, SECTION, "this", "followed");
	json_t *id = booted_id(), *earliest, *since;

	if (id == NULL)
		return;
	if (json_equal(id, store_get(store, SECTION, "this", "id")) && json_is_number(began))
		clock_booted_before(json_number_value(began),
			json_is_number(followed) ? json_number_value(followed) : INFINITY);
	earliest = json_real(clock_booted());
	since = json_real(clock_followed());
	store_put(store, SECTION, "this", "id", id);
	store_put(store, SECTION, "this", "began", earliest);
	store_put(store, SECTION, "this", "followed", since);
	json_decref(since);
	json_decref(earliest);
	json_decref(id);
}
