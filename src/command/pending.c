/* pending: see pending.h. */
#include "command/pending.h"

#include <stdlib.h>

#include "base/memory.h"

struct pending {
	pending_cancel_fn *cancel;
	void *cancel_arg;
	pending_done_fn *done; /* NULL: nobody waits for the reply yet */
	void *done_arg;
};

struct pending *pending_new(pending_cancel_fn *cancel, void *arg)
{
	struct pending *pending = memory_zero(sizeof(*pending));

	pending->cancel = cancel;
	pending->cancel_arg = arg;
	return pending;
}

void pending_await(struct pending *pending, pending_done_fn *done, void *arg)
{
	pending->done = done;
	pending->done_arg = arg;
}

void pending_complete(struct pending *pending, struct command_reply *reply)
{
	if (pending->done != NULL)
		pending->done(reply, pending->done_arg);
	free(pending);
}

void pending_free(struct pending *pending)
{
	if (pending == NULL)
		return;
	pending->cancel(pending->cancel_arg);
	free(pending);
}
