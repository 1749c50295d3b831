/*
 * resolver: looks a name up without blocking the loop: in /etc/hosts, and at the name servers of
 * /etc/resolv.conf.  Both files are read again when they have changed.
 */
#ifndef RESOLVER_H
#define RESOLVER_H

#include <stdbool.h>

struct addrinfo;
struct event_base;
struct evdns_base;
struct resolver;

/* info: the addresses, lent for the call; NULL: there are none, and why says why. */
typedef void resolver_fn(const struct addrinfo *info, const char *why, void *arg);

struct resolver *resolver_new(
	struct event_base *base, const char *host, double timeout, resolver_fn *fn, void *arg);
void resolver_free(struct resolver *resolver);

/* Starts a query, unless one is under way.  The callback may come during the call, when the name is an
 * address or is in /etc/hosts. */
void resolver_start(struct resolver *resolver);
bool resolver_is_busy(const struct resolver *resolver);

/* libevent's own, for functions of libevent that look at addresses only; valid until the next query. */
struct evdns_base *resolver_dns(const struct resolver *resolver);

#endif
