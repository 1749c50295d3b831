/*
 * sender: decides which result is sent to the master next, and handles the replies.
 *
 * There are two classes of results.  A change is a result whose state differs from that of the
 * previous result.  Changes wait in the spool, with their times, until the master has answered
 * them.  A repetition is the present result of an object that is due, and is made when it is sent.
 * A repetition is sent only while no change waits to be sent.  At most one result of an object is
 * in flight, so that the order within an object is kept.
 */
#ifndef SENDER_H
#define SENDER_H

#include <vigil/vigil.h>

#include "objects.h"

struct sender;

/* Returns the present result of the daemon, a new reference; NULL: it has none. */
typedef json_t *sender_make_fn(struct object *object, void *arg);

struct sender_spec {
	vigil_daemon *d;
	const char *queue; /* the path of the spool; borrowed */
	const char *host;  /* the name of the Host object; borrowed */
	struct objects *objects;
	sender_make_fn *make;
	void *arg;
};

/* Copies the spec.  Returns NULL after vigil_diagnose or vigil_fail, or if out of memory. */
struct sender *sender_open(const struct sender_spec *spec);
void sender_close(struct sender *sender);

/* Stores the result of a change.  If it cannot be stored, the object becomes due instead. */
void sender_put_change(struct sender *sender, struct object *object, const json_t *result);
/* Sends as many waiting results as the master accepts now. */
void sender_pump(struct sender *sender);
/* Updates the figures in the state and the health. */
void sender_account(struct sender *sender);
/* Forgets that the master refuses the service, because the daemon was removed. */
void sender_forget(struct sender *sender, const char *service);
/* Reads the CA and the credentials again. */
void sender_reload(struct sender *sender);

#endif
