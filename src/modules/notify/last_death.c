/* last_death: see last_death.h. */
#include "last_death.h"

#include <stdio.h>
#include <string.h>

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

/* Returns the newest record. Borrowed. NULL: the change is not about health, or there is no death.
 */
static const json_t *find(vigil_daemon *d, const json_t *change)
{
	const char *name = text_of(change, "daemon");
	char health[160], pointer[192];
	const json_t *deaths;
	size_t count;

	snprintf(health, sizeof(health), "/runs/%.120s/health", name);
	if (name[0] == '\0' || strcmp(text_of(change, "pointer"), health) != 0)
		return NULL;
	snprintf(pointer, sizeof(pointer), "/daemons/%.120s/service_state/deaths", name);
	deaths = vigil_state_get(d, pointer);
	count = json_array_size(deaths);
	return count > 0 ? json_array_get(deaths, count - 1) : NULL;
}

void last_death_add(vigil_daemon *d, json_t *change)
{
	const json_t *death = find(d, change);

	if (json_is_object(death))
		json_object_set_new(change, "death", json_deep_copy(death));
}

bool last_death_refresh(vigil_daemon *d, json_t *change)
{
	const json_t *known = json_object_get(change, "death"), *death = find(d, change);
	const char *long_text;

	if (known == NULL || death == NULL || json_equal(known, death) ||
		strcmp(text_of(known, "time"), text_of(death, "time")) != 0)
		return false;
	json_object_set_new(change, "death", json_deep_copy(death));
	long_text = text_of(vigil_state_get(d, text_of(change, "pointer")), "long_text");
	if (long_text[0] != '\0')
		json_object_set_new(change, "long_text", json_string(long_text));
	return true;
}
