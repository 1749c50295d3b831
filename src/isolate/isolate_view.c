/*
 * isolate_view: what an isolated daemon reads of the state, outside its own subtree.
 *
 * The process asks for a value when the module first reads it, and waits for the answer.  For most
 * addresses it also asks for the later changes, so that it need not ask again.
 */
#include "isolate/isolate_internal.h"

#include "state/state.h"

#define FOLLOWS_MAX 256

static void on_change(vigil_daemon *d, const char *pointer, const json_t *value, void *arg)
{
	isolate_send(arg, value != NULL ? json_pack("[s,s,O]", "change", pointer, (json_t *)value)
					: json_pack("[s,s]", "gone", pointer));
}

bool isolate_on_get(struct isolated *p, const json_t *message)
{
	struct vigil_daemon *d = p->resource.daemon;
	const char *pointer = isolate_text(message, 1);
	json_t *value;

	/* It has its own subtree itself. */
	if (json_pointer_check(pointer) != 0 || json_pointer_covers(d->root, pointer))
		return false;
	if (isolate_bool(message, 2)) {
		if (p->follows >= FOLLOWS_MAX || vigil_on_change(d, pointer, on_change, p) != 0)
			return false;
		p->follows++;
	}
	value = state_get(d->environment->state, pointer);
	isolate_send(p, json_pack("[s,o?]", "answer", value));
	return true;
}
