/*
 * resolver: looks a name up without blocking the loop thread.
 *
 * It uses /etc/hosts and the name servers in /etc/resolv.conf.  Both files are read again when they
 * have changed.
 */
#ifndef RESOLVER_H
#define RESOLVER_H

struct addrinfo;
struct event_base;
struct evdns_base;
struct resolver;

/* info: the addresses, borrowed until the callback returns; NULL: there are none, and why is the
 * reason. */
typedef void resolver_fn(const struct addrinfo *info, const char *why, void *arg);

struct resolver *resolver_new(
	struct event_base *base, const char *host, double timeout, resolver_fn *fn, void *arg);
void resolver_free(struct resolver *resolver);

/* Starts a query, unless one is in progress.  The callback may be called before this function
 * returns, if the name is an address or is in /etc/hosts. */
void resolver_start(struct resolver *resolver);

/* Returns libevent's resolver, for functions of libevent that need one only to parse addresses.  It
 * is valid until the next query. */
struct evdns_base *resolver_dns(const struct resolver *resolver);

#endif
