/*
 * pending: a reply that is completed after the handler has returned.
 *
 * A handler that must wait for a service or a worker makes a pending reply and returns.  The
 * interface that has called the handler, such as a connection to the socket, owns the pending reply
 * and answers its client when the handler's side completes it.
 */
#ifndef PENDING_H
#define PENDING_H

struct command_reply;
struct pending;

/* Called with the complete reply, whose contents it may take.  The pending reply is freed after the
 * call. */
typedef void pending_done_fn(struct command_reply *reply, void *arg);
/* Called if the reply is not wanted any more.  It must end or detach the work and free arg; the
 * pending reply is freed after the call. */
typedef void pending_cancel_fn(void *arg);

/* For handlers: makes a pending reply, which the handler stores in its reply.  The handler must not
 * complete it before it has returned. */
struct pending *pending_new(pending_cancel_fn *cancel, void *arg);
/* For handlers: sends the reply, which the caller clears afterwards, and frees the pending reply.
 * `cancel` is not called any more. */
void pending_complete(struct pending *pending, struct command_reply *reply);

/* For interfaces: sets the function that gets the complete reply. */
void pending_await(struct pending *pending, pending_done_fn *done, void *arg);
/* For interfaces: calls `cancel` and frees the pending reply.  NULL: does nothing. */
void pending_free(struct pending *pending);

#endif
