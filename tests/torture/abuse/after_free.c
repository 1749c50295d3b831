/* after_free: a value that is used after it was freed */
#include "abuse.h"

static void abuse(vigil_daemon *d)
{
	json_t *value = json_pack("{s:[i,i,i]}", "list", 1, 2, 3);

	vigil_state_set(d, "value", json_incref(value));
	json_decref(value);
	for (int i = 0; i < 100; i++)
		json_decref(value);
	vigil_state_set(d, "value", json_integer(1));
	free(malloc(64));
	vigil_state_set(d, "value", value);
}

ABUSE(after_free);
