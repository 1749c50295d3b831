/*
 * guest: the connections: how many there are, and how long each may take.
 *
 * evhttp 2.1 counts neither its connections nor the time that a request takes as a whole; its
 * timeouts begin anew with each byte.  So each connection's bufferevent is made here, and kept by
 * a reference of ours.  When evhttp frees it, its callbacks are gone but the struct is not: that
 * is how it is known that the guest has left, whatever the reason was.  Its descriptor is closed
 * with our reference, so as long as it counts, it is open.
 *
 * evhttp reads nothing that framing has not read before: each byte that arrives is taken out of the
 * bufferevent's input at once, and when evhttp is done with one request, the head of the next is put
 * there.  A connection that is closed because of what the client sent stays open for a moment after
 * the answer: closed at once while the client still sends, it would be reset, and the client would lose
 * the answer.
 *
 * Where all connections are taken, admission.c makes room for each new one.
 */
#include "guest.h"

#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>

#include "address.h"
#include "door.h"
#include "guest_internal.h"
#include "framing.h"
#include "tls.h"

#define ROUND 1.0 /* how often it is looked who has left or stays too long */

#define LINGER 2.0 /* how long a client may go on sending after the last answer */

/* Beyond connections_max: one for /healthz, and new ones until it is decided who makes room. */
#define EXTRA 8

/* How many bytes of requests a client may send ahead of the answers. */
#define UNREAD_MAX (64 * 1024)

static void on_round(vigil_daemon *d, void *arg);
static void on_round_soon(vigil_daemon *d, void *arg);
static void on_input(struct evbuffer *input, const struct evbuffer_cb_info *info, void *arg);

static void enter(struct guest *guest, enum guest_phase phase)
{
	guest->phase = phase;
	guest->since = vigil_now();
}

/* --- coming and going -------------------------------------------------------------------------- */

static bool has_left(const struct guest *guest)
{
	void *connection;

	bufferevent_getcb(guest->bev, NULL, NULL, NULL, &connection);
	return connection == NULL || guest->phase == GUEST_GONE;
}

static void guest_free(struct guest *guest)
{
	if (guest->bev != NULL) {
		LIST_REMOVE(guest, link);
		guest->site->guest_count--;
		admission_forget(guest);
		evbuffer_remove_cb(bufferevent_get_input(guest->bev), on_input, guest);
		bufferevent_decref(guest->bev);
	}
	if (guest->unread != NULL)
		evbuffer_free(guest->unread);
	framing_free(guest->framing);
	free(guest);
}

/* --- the end of a connection ------------------------------------------------------------------- */

static void look_soon(struct site *site)
{
	vigil_cancel(site->d, on_round_soon, site);
	vigil_after(site->d, 0, on_round_soon, site);
}

static void on_linger_end(struct bufferevent *bev, short what, void *arg)
{
	struct guest *guest = arg;

	enter(guest, GUEST_GONE);
	look_soon(guest->site);
}

/* evhttp has sent its answer and the end of it; what the client still sends is dropped. */
static bool linger(struct guest *guest)
{
	if (guest->phase == GUEST_LINGERING || guest->phase == GUEST_GONE || !guest->finished)
		return guest->phase == GUEST_LINGERING;
	enter(guest, GUEST_LINGERING);
	bufferevent_setcb(guest->bev, NULL, NULL, on_linger_end, guest);
	return bufferevent_enable(guest->bev, EV_READ) == 0;
}

/* Those that have left make room. */
void guest_clear_away(struct site *site)
{
	struct guest *guest, *next;

	for (guest = LIST_FIRST(&site->guests); guest != NULL; guest = next) {
		next = LIST_NEXT(guest, link);
		if (has_left(guest) && !linger(guest))
			guest_free(guest);
	}
	LIST_FOREACH(guest, &site->guests, link)
	guest->extra = guest->extra && site->guest_count > site->limits.guests;
	if (site->doors_shut && guest_has_room(site))
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
	bufferevent_set_timeouts(bev, NULL, &depart);
	return bev;
}

/* --- what arrives ------------------------------------------------------------------------------ */

/* Puts the head of a request where evhttp reads it.  Without memory the request is not answered, and
 * request_timeout ends the connection. */
static void put_head(struct guest *guest)
{
	size_t length;
	const char *head = framing_head(guest->framing, &length);

	guest->handing = true;
	if (head != NULL)
		evbuffer_prepend(bufferevent_get_input(guest->bev), head, length);
	guest->handing = false;
}

static void hand_over(struct guest *guest)
{
	guest->answering = true;
	guest->finished = framing_is_last(guest->framing);
	put_head(guest);
}

static void read_requests(struct guest *guest)
{
	struct evbuffer_iovec piece;
	enum framing_result result;
	size_t taken;

	while (!guest->answering && !guest->finished &&
		evbuffer_peek(guest->unread, -1, NULL, &piece, 1) > 0) {
		result = framing_read(guest->framing, piece.iov_base, piece.iov_len, &taken);
		evbuffer_drain(guest->unread, taken);
		if (result != FRAMING_MORE)
			hand_over(guest);
	}
	if (guest->overrun && !guest->answering && !guest->finished) {
		framing_refuse(guest->framing, 400,
			"more than 64 KiB of requests were sent ahead of the answers");
		hand_over(guest);
	}
}

/* Takes all that arrives before evhttp sees it.  A head that evhttp has not read yet stays. */
static void on_input(struct evbuffer *input, const struct evbuffer_cb_info *info, void *arg)
{
	struct guest *guest = arg;
	size_t head = info->orig_size - info->n_deleted;

	if (guest->handing || info->n_added == 0)
		return;
	guest->overrun |=
		!guest->finished && evbuffer_get_length(guest->unread) + info->n_added > UNREAD_MAX;
	guest->handing = true;
	evbuffer_drain(input, head);
	if (guest->finished || guest->overrun || evbuffer_add_buffer(guest->unread, input) < 0)
		evbuffer_drain(input, evbuffer_get_length(input));
	guest->handing = false;
	if (head > 0)
		put_head(guest);
	read_requests(guest);
}

static struct guest *guest_alloc(struct site *site)
{
	struct guest *guest = calloc(1, sizeof(*guest));

	if (guest == NULL)
		return NULL;
	guest->site = site;
	guest->framing = framing_new(&site->limits.framing);
	guest->unread = evbuffer_new();
	if (guest->framing != NULL && guest->unread != NULL)
		guest->bev = make_bufferevent(site);
	if (guest->bev == NULL ||
		evbuffer_add_cb(bufferevent_get_input(guest->bev), on_input, guest) == NULL) {
		if (guest->bev != NULL)
			bufferevent_free(guest->bev);
		guest->bev = NULL;
		guest_free(guest);
		return NULL;
	}
	return guest;
}

struct bufferevent *guest_new(struct site *site)
{
	struct guest *guest;

	guest_clear_away(site);
	guest = guest_alloc(site);
	if (guest == NULL)
		return NULL;
	bufferevent_incref(guest->bev);
	enter(guest, GUEST_ASKING);
	if (site->guest_count++ == 0) {
		vigil_cancel(site->d, on_round, site);
		vigil_after(site->d, ROUND, on_round, site);
	}
	LIST_INSERT_HEAD(&site->guests, guest, link);
	/* Its peer is known when evhttp has given it its descriptor. */
	if (site->guest_count > site->limits.guests)
		look_soon(site);
	if (!guest_has_room(site))
		door_shut_all(site);
	return guest->bev;
}

bool guest_has_room(const struct site *site)
{
	return site->guest_count < site->limits.guests + EXTRA;
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

	return (guest->phase == GUEST_ASKING && age > limits->arrive) ||
	       (guest->phase == GUEST_ANSWERED && age > limits->depart) ||
	       (guest->phase == GUEST_LINGERING && age > LINGER) ||
	       (guest->phase == GUEST_STAYING && guest->overrun);
}

static void on_round(vigil_daemon *d, void *arg)
{
	struct site *site = arg;
	struct guest *guest;

	guest_clear_away(site);
	LIST_FOREACH(guest, &site->guests, link)
	if (is_late(guest))
		guest_hang_up(guest);
	guest_clear_away(site);
	if (site->guest_count > 0)
		vigil_after(d, ROUND, on_round, site);
}

/* --- a request ------------------------------------------------------------------------------------ */

static void on_round_soon(vigil_daemon *d, void *arg)
{
	guest_clear_away(arg);
	admission_settle(arg);
}

static void on_closed(struct evhttp_connection *connection, void *arg)
{
	struct guest *guest = arg;
	guest_gone_fn *gone = guest->gone;

	guest->gone = NULL;
	if (gone != NULL)
		gone(guest->gone_arg);
	/* evhttp is about to free it; its seat is free when this is over. */
	look_soon(guest->site);
}

static void on_complete(struct evhttp_request *req, void *arg)
{
	struct guest *guest = arg;

	guest->gone = NULL;
	guest->answering = false;
	enter(guest, GUEST_ASKING);
	read_requests(guest);
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
	if (guest == LIST_FIRST(&site->guests))
		admission_settle(site); /* before it is answered as if there were room */
	enter(guest, GUEST_ANSWERED);
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
	enter(guest, GUEST_STAYING);
}

const struct framing_refusal *guest_refusal(const struct guest *guest)
{
	return framing_refusal(guest->framing);
}

char *guest_address(const struct guest *guest, char text[ADDRESS_TEXT])
{
	struct sockaddr_storage sa = {.ss_family = AF_UNIX};
	socklen_t size = sizeof(sa);

	getpeername(bufferevent_getfd(guest->bev), (struct sockaddr *)&sa, &size);
	return address_print_host((struct sockaddr *)&sa, text);
}

size_t guest_pending(const struct guest *guest)
{
	return evbuffer_get_length(bufferevent_get_output(guest->bev));
}
