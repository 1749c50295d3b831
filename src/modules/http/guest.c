/*
 * guest: the connections: how many there are, and how long each may take.
 *
 * evhttp 2.1 counts neither its connections nor the time that a request takes as a whole; its
 * timeouts begin anew with each byte.  So each connection's bufferevent is made here, and kept by
 * a reference of ours.  When evhttp frees it, its callbacks are gone but the struct is not: that
 * is how it is known that the guest has left, whatever the reason was.  Its descriptor is closed
 * with our reference, so as long as it counts, it is open.
 *
 * Where all seats are taken the doors are shut, and who comes waits in the kernel's queue until
 * somebody leaves; since nobody may stay for ever without asking or fetching, somebody does.
 */
#include "guest.h"

#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>

#include "door.h"
#include "tls.h"

#define ROUND 1.0 /* how often it is looked who has left or stays too long */

/* What a client sends while it is being answered is not read further than this. */
#define UNREAD_MAX (64 * 1024)

enum phase { ASKING, ANSWERED, STAYING };

struct guest {
	struct site *site;
	struct bufferevent *bev;
	enum phase phase;
	double since; /* of the phase */
	guest_gone_fn *gone;
	void *gone_arg;
	LIST_ENTRY(guest) link;
};

static void on_round(vigil_daemon *d, void *arg);

static void enter(struct guest *guest, enum phase phase)
{
	guest->phase = phase;
	guest->since = vigil_now();
}

/* --- coming and going -------------------------------------------------------------------------- */

static bool has_left(const struct guest *guest)
{
	void *connection;

	bufferevent_getcb(guest->bev, NULL, NULL, NULL, &connection);
	return connection == NULL;
}

static void guest_free(struct guest *guest)
{
	LIST_REMOVE(guest, link);
	guest->site->guest_count--;
	bufferevent_decref(guest->bev);
	free(guest);
}

/* Those that have left make room. */
static void clear_away(struct site *site)
{
	struct guest *guest, *next;

	for (guest = LIST_FIRST(&site->guests); guest != NULL; guest = next) {
		next = LIST_NEXT(guest, link);
		if (has_left(guest))
			guest_free(guest);
	}
	if (site->doors_shut && site->guest_count < site->limits.guests)
		door_open_all(site);
}

static struct bufferevent *make_bufferevent(struct site *site)
{
	const struct timeval depart = {.tv_sec = (time_t)site->limits.depart + 1};
	struct bufferevent *bev;

	if (site->tls != NULL)
		bev = tls_bufferevent(site);
	else
		bev = bufferevent_socket_new(site->base, -1, BEV_OPT_CLOSE_ON_FREE);
	if (bev == NULL)
		return NULL;
	bufferevent_setwatermark(bev, EV_READ, 0, UNREAD_MAX);
	bufferevent_set_timeouts(bev, NULL, &depart);
	return bev;
}

struct bufferevent *guest_new(struct site *site)
{
	struct guest *guest = calloc(1, sizeof(*guest));

	if (guest == NULL)
		return NULL;
	clear_away(site);
	guest->site = site;
	guest->bev = make_bufferevent(site);
	if (guest->bev == NULL) {
		free(guest);
		return NULL;
	}
	bufferevent_incref(guest->bev);
	enter(guest, ASKING);
	if (site->guest_count++ == 0) {
		vigil_cancel(site->d, on_round, site);
		vigil_after(site->d, ROUND, on_round, site);
	}
	LIST_INSERT_HEAD(&site->guests, guest, link);
	if (site->guest_count >= site->limits.guests)
		door_shut_all(site);
	return guest->bev;
}

void guest_free_all(struct site *site)
{
	while (!LIST_EMPTY(&site->guests))
		guest_free(LIST_FIRST(&site->guests));
}

/* --- how long ------------------------------------------------------------------------------------ */

void guest_hang_up(struct guest *guest)
{
	/* As if it had been silent for too long; evhttp does the rest. */
	bufferevent_trigger_event(guest->bev, BEV_EVENT_READING | BEV_EVENT_TIMEOUT, 0);
}

static bool is_late(const struct guest *guest)
{
	const struct limits *limits = &guest->site->limits;
	double age = vigil_now() - guest->since;

	return (guest->phase == ASKING && age > limits->arrive) ||
	       (guest->phase == ANSWERED && age > limits->depart);
}

static void on_round(vigil_daemon *d, void *arg)
{
	struct site *site = arg;
	struct guest *guest;

	clear_away(site);
	LIST_FOREACH(guest, &site->guests, link)
	if (is_late(guest))
		guest_hang_up(guest);
	clear_away(site);
	if (site->guest_count > 0)
		vigil_after(d, ROUND, on_round, site);
}

/* --- a request ------------------------------------------------------------------------------------ */

static void on_round_soon(vigil_daemon *d, void *arg)
{
	clear_away(arg);
}

static void on_closed(struct evhttp_connection *connection, void *arg)
{
	struct guest *guest = arg;
	guest_gone_fn *gone = guest->gone;

	guest->gone = NULL;
	if (gone != NULL)
		gone(guest->gone_arg);
	/* evhttp is about to free it; its seat is free when this is over. */
	vigil_cancel(guest->site->d, on_round_soon, guest->site);
	vigil_after(guest->site->d, 0, on_round_soon, guest->site);
}

static void on_complete(struct evhttp_request *req, void *arg)
{
	struct guest *guest = arg;

	guest->gone = NULL;
	enter(guest, ASKING);
}

struct guest *guest_of(struct site *site, struct evhttp_request *req)
{
	struct evhttp_connection *connection = evhttp_request_get_connection(req);
	struct bufferevent *bev = evhttp_connection_get_bufferevent(connection);
	struct guest *guest;

	LIST_FOREACH(guest, &site->guests, link)
	if (guest->bev == bev)
		break;
	if (guest == NULL)
		return NULL;
	enter(guest, ANSWERED);
	evhttp_connection_set_closecb(connection, on_closed, guest);
	evhttp_request_set_on_complete_cb(req, on_complete, guest);
	return guest;
}

void guest_work(struct guest *guest, guest_gone_fn *gone, void *arg)
{
	guest->gone = gone;
	guest->gone_arg = arg;
}

void guest_stays(struct guest *guest)
{
	enter(guest, STAYING);
}

size_t guest_pending(const struct guest *guest)
{
	return evbuffer_get_length(bufferevent_get_output(guest->bev));
}
