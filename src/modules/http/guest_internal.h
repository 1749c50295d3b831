/*
 * guest_internal: a connection, for the files that look after it: guest.c, and admission.c, which says
 * who stays when all connections are taken.
 */
#ifndef GUEST_INTERNAL_H
#define GUEST_INTERNAL_H

#include <stdbool.h>
#include <sys/queue.h>

#include "guest.h"

struct bufferevent;
struct evbuffer;
struct framing;
struct share;

enum guest_phase { GUEST_ASKING, GUEST_ANSWERED, GUEST_STAYING, GUEST_LINGERING, GUEST_GONE };

struct guest {
	struct site *site;
	struct bufferevent *bev;
	enum guest_phase phase;
	double since; /* of the phase */
	guest_gone_fn *gone;
	void *gone_arg;
	struct framing *framing;
	struct evbuffer *unread; /* bytes that framing has not read yet */
	bool answering;          /* evhttp has a request and has not answered it */
	bool handing;            /* it is being put into the input */
	bool finished;           /* no further request is read */
	bool overrun;            /* more was sent ahead than UNREAD_MAX */
	struct share *share;     /* of its peer; NULL: not looked up yet */
	bool extra;              /* beyond connections_max, for /healthz alone */
	LIST_ENTRY(guest) link;
};

/* Hangs up on those that have to make room, after a connection was accepted or before its first
 * request is answered. */
void admission_settle(struct site *site);
/* The connection ends. */
void admission_forget(struct guest *guest);

/* Frees those that have left. */
void guest_clear_away(struct site *site);

#endif
