/*
 * store: the part of persist/store.h that daemons use, in vigil-module-host.  vigild stores the
 * values itself when the process reports them; here are those that it had stored at the start.
 */
#include "persist/store.h"

#include "module_host/module_host.h"
#include "module_host/parent.h"

/* vigil_persist calls this once for each address. */
json_t *store_get(struct store *store, const char *section, const char *name, const char *key)
{
	parent_tell(json_pack("[s,s]", "persist", key));
	return json_object_get(module_host_kept(), key);
}

void store_put_new(
	struct store *store, const char *section, const char *name, const char *key, json_t *value)
{
	/* The value belongs to the state, which may change it later. */
	if (value != NULL)
		json_object_set_new(module_host_kept(), key, json_deep_copy(value));
	else
		json_object_del(module_host_kept(), key);
	json_decref(value);
}
