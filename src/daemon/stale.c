/*
 * stale: whether numbers in the state are current.
 */
#include "daemon/stale.h"

#include <string.h>

#include <jansson.h>

#include "data/pointer.h"
#include "data/state.h"

bool stale_at(struct state *state, const char *pointer)
{
	char mark[POINTER_MAX] = "/daemons", step[POINTER_MAX];
	const char *rest = pointer_step(pointer, step, sizeof(step));
	json_t *value;
	bool stale;

	if (rest == NULL || strcmp(step, "daemons") != 0 ||
		pointer_step(rest, step, sizeof(step)) == NULL ||
		pointer_append(mark, sizeof(mark), step) != 0 ||
		pointer_append(mark, sizeof(mark), "stale") != 0)
		return false;
	value = state_get(state, mark);
	stale = json_is_true(value);
	json_decref(value);
	return stale;
}
