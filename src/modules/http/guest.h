/*
 * guest: the connections: how many there are, and how long each may take.
 */
#ifndef GUEST_H
#define GUEST_H

#include "address.h"
#include "site.h"

struct evhttp_request;
struct framing_refusal;

/* A connection's bufferevent, as evhttp asks for one when it has accepted; never NULL but when out
 * of memory. */
struct bufferevent *guest_new(struct site *site);
/* Whose request it is. */
struct guest *guest_of(struct site *site, struct evhttp_request *req);

/* Why the request is to be answered with an error and the connection closed; NULL: it is not. */
const struct framing_refusal *guest_refusal(const struct guest *guest);
/* The address of the client without its port, or "unix". */
char *guest_address(const struct guest *guest, char text[ADDRESS_TEXT]);

/* Told once, when the connection ends before the work is done: what was asked is to be let go,
 * and the request no longer to be answered. */
typedef void guest_gone_fn(void *arg);
/* There is work for it that outlasts the callback; NULL ends that. */
void guest_work(struct guest *guest, guest_gone_fn *gone, void *arg);
/* It may stay as long as it likes from here on: what it is told comes bit by bit. */
void guest_stays(struct guest *guest);
/* Whether it has a connection beyond connections_max, which is for /healthz alone. */
bool guest_is_extra(const struct guest *guest);
/* How many connections of its peer may stay as long as they like (guest_stays). */
unsigned guest_peer_stays(struct guest *guest);
/* How much waits to be fetched. */
size_t guest_pending(const struct guest *guest);
/* Hangs up. */
void guest_hang_up(struct guest *guest);

/* Whether one more may be accepted. */
bool guest_has_room(const struct site *site);
/* Lets go of those that are gone, once evhttp itself is freed of all of them. */
void guest_free_all(struct site *site);

#endif
