/*
 * admission: who stays when all connections are taken.
 *
 * A client that opens connections and never asks, or never reads, must not keep others out.  So when
 * there are more than connections_max, one makes room for the newest: of the connections of its own
 * peer, or of peers with at least as many, the one that has been without a request for longest; where
 * all have asked, the oldest of a peer with more, and last the slowest reader of its own peer.
 * Where none is found the newest stays as an extra one, to which /healthz alone is answered; the next
 * one replaces it.
 *
 * A peer is an IPv4 address, the first 64 bits of an IPv6 address, because those are one network, or
 * a user of a local socket.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include <event2/bufferevent.h>

#include "guest_internal.h"

#define SLOW 2.0 /* an answer that takes longer may be cut off for another client */

struct share {
	uint64_t peer;
	unsigned connections;
	LIST_ENTRY(share) link;
};

/* --- peers ------------------------------------------------------------------------------------- */

static uint64_t peer_of(int fd)
{
	struct sockaddr_storage sa = {.ss_family = AF_UNSPEC};
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&sa;
	struct ucred user = {0};
	socklen_t size = sizeof(sa), user_size = sizeof(user);
	uint32_t half = 0;
	uint64_t peer = 0;

	getpeername(fd, (struct sockaddr *)&sa, &size);
	if (sa.ss_family == AF_INET6 && !IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
		memcpy(&peer, &in6->sin6_addr, sizeof(peer));
		return peer;
	}
	if (sa.ss_family == AF_INET6)
		memcpy(&half, in6->sin6_addr.s6_addr + 12, sizeof(half));
	else if (sa.ss_family == AF_INET)
		half = ((const struct sockaddr_in *)&sa)->sin_addr.s_addr;
	else if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &user, &user_size) == 0)
		half = user.uid;
	return (uint64_t)sa.ss_family << 32 | half;
}

/* Counts the guest to its peer's share when first asked.  NULL: no memory. */
static struct share *share_of(struct guest *guest)
{
	struct site *site = guest->site;
	uint64_t peer;
	struct share *share;

	if (guest->share != NULL)
		return guest->share;
	peer = peer_of(bufferevent_getfd(guest->bev));
	LIST_FOREACH(share, &site->shares, link)
	if (share->peer == peer)
		break;
	if (share == NULL) {
		share = calloc(1, sizeof(*share));
		if (share == NULL)
			return NULL;
		share->peer = peer;
		LIST_INSERT_HEAD(&site->shares, share, link);
	}
	share->connections++;
	guest->share = share;
	return share;
}

void admission_forget(struct guest *guest)
{
	struct share *share = guest->share;

	guest->share = NULL;
	if (share == NULL || --share->connections > 0)
		return;
	LIST_REMOVE(share, link);
	free(share);
}

unsigned guest_peer_stays(struct guest *guest)
{
	struct share *share = share_of(guest);
	struct guest *other;
	unsigned count = 0;

	LIST_FOREACH(other, &guest->site->guests, link)
	count += other->phase == GUEST_STAYING && share_of(other) == share;
	return count;
}

/* --- who makes room ---------------------------------------------------------------------------- */

/* Whether it may make room for the newest: the higher, the rather; 0: it may not. */
static unsigned rank(const struct guest *guest, const struct guest *newest)
{
	unsigned own = newest->share->connections, others;

	if (guest == newest || guest->share == NULL || guest->phase == GUEST_GONE)
		return 0;
	others = guest->share->connections;
	if (guest->phase == GUEST_LINGERING || (guest->extra && guest->phase == GUEST_ASKING))
		return 4;
	if (guest->phase == GUEST_ASKING && others >= own)
		return 3;
	if (others > own)
		return 2;
	if (guest->share == newest->share && guest->phase == GUEST_ANSWERED &&
		vigil_now() - guest->since > SLOW)
		return 1;
	return 0;
}

/* By rank, then by the number of their peer's connections, then by time. */
static bool goes_before(
	const struct guest *a, unsigned a_rank, const struct guest *b, unsigned b_rank)
{
	if (a_rank != b_rank)
		return a_rank > b_rank;
	if (a->share->connections != b->share->connections)
		return a->share->connections > b->share->connections;
	return a->since < b->since;
}

static struct guest *find_one_to_go(struct site *site, const struct guest *newest)
{
	struct guest *guest, *found = NULL;
	unsigned found_rank = 0, its_rank;

	LIST_FOREACH(guest, &site->guests, link)
	{
		its_rank = rank(guest, newest);
		if (its_rank > 0 &&
			(found == NULL || goes_before(guest, its_rank, found, found_rank))) {
			found = guest;
			found_rank = its_rank;
		}
	}
	return found;
}

/* How many must go. */
static unsigned excess(const struct site *site)
{
	unsigned allowed = site->limits.guests;
	const struct guest *guest;

	if (site->guest_count <= allowed)
		return 0;
	LIST_FOREACH(guest, &site->guests, link)
	allowed += guest->extra;
	return site->guest_count > allowed ? site->guest_count - allowed : 0;
}

void admission_settle(struct site *site)
{
	struct guest *newest, *guest;

	/* One that lingers is hung up on twice. */
	for (int i = 0; i < 16 && excess(site) > 0; i++) {
		newest = LIST_FIRST(&site->guests);
		LIST_FOREACH(guest, &site->guests, link)
		share_of(guest);
		guest = newest->share != NULL ? find_one_to_go(site, newest) : NULL;
		if (guest != NULL) {
			guest_hang_up(guest);
			guest_clear_away(site);
		} else if (!newest->extra) {
			newest->extra = true;
		} else {
			return;
		}
	}
}

bool guest_is_extra(const struct guest *guest)
{
	return guest->extra && guest->site->guest_count > guest->site->limits.guests;
}
