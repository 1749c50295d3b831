/*
 * sender: decides which result goes to the master next, and keeps account of what became of it.
 *
 * There are two classes of results.  A change is a result whose state differs from that of the result
 * before it; changes wait in the spool with their times until the master has answered them.  A
 * repetition is the present result of an object that is due; it is made when it is sent, and no
 * repetition is sent while a change could be.  At most one result of an object is in flight, so the order
 * within an object is kept.
 */
#ifndef SENDER_H
#define SENDER_H

#include <vigil/vigil.h>

#include "objects.h"

struct sender;

/* The present result of the daemon, a new reference; NULL: it has nothing to say. */
typedef json_t *sender_make_fn(struct object *object, void *arg);

struct sender_spec {
	vigil_daemon *d;
	const char *queue; /* the path of the spool */
	struct objects *objects;
	sender_make_fn *make;
	void *arg;
};

/* NULL after vigil_diagnose or vigil_fail. */
struct sender *sender_open(const struct sender_spec *spec);
void sender_close(struct sender *sender);

/* A change: its result.  Where it cannot be stored, the object is due instead. */
void sender_put_change(struct sender *sender, struct object *object, const json_t *result);
/* Sends what waits, as far as the master takes it. */
void sender_pump(struct sender *sender);
/* Updates the figures in the state and the health. */
void sender_account(struct sender *sender);
/* The daemon has gone: whether the master lacks its service does not matter any more. */
void sender_forget(struct sender *sender, const char *service);
/* Reads the CA and the credentials again. */
void sender_reload(struct sender *sender);

#endif
