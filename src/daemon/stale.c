/* stale: see stale.h. */
#include "daemon/stale.h"

#include <string.h>

#include <jansson.h>

#include "state/json_pointer.h"
#include "state/state.h"

bool stale_at(struct state *state, const char *pointer)
{
	char place[POINTER_MAX] = "/daemons", step[POINTER_MAX];
	const char *rest = json_pointer_step(pointer, step, sizeof(step));
	json_t *value, *whole;
	bool stale;

	if (rest == NULL || strcmp(step, "daemons") != 0)
		return false;
	rest = json_pointer_step(rest, step, sizeof(step));
	if (rest == NULL || json_pointer_append(place, sizeof(place), step) != 0)
		return false;
	whole = state_get(state, place);
	value = whole;
	stale = json_is_true(json_object_get(value, "stale"));
	while (!stale && (rest = json_pointer_step(rest, step, sizeof(step))) != NULL) {
		value = json_object_get(value, step);
		stale = json_is_true(json_object_get(value, "stale"));
	}
	json_decref(whole);
	return stale;
}
