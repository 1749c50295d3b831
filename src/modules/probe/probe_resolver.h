/*
 * probe_resolver: looks host names up without blocking the loop thread.
 *
 * It uses /etc/hosts and the name servers, search domains and options in /etc/resolv.conf.  Both
 * files are read again when they have changed.  All probes of a module share one resolver, which
 * exists while a probe holds it.
 */
#ifndef PROBE_RESOLVER_H
#define PROBE_RESOLVER_H

#include <stdbool.h>

#include <vigil/vigil.h>

struct addrinfo;
struct probe_query;

/* info: the addresses, borrowed until the callback returns; NULL: there are none, and why is the
 * reason. */
typedef void probe_resolver_fn(
	vigil_daemon *d, const struct addrinfo *info, const char *why, void *arg);

/* The files resolv.conf and hosts; a test may set others before it holds the resolver. */
extern const char *probe_resolver_files[2];

/* Returns whether vigil is built with a resolver. */
bool probe_resolver_is_built(void);

void probe_resolver_hold(void);
/* The last release closes the sockets of the resolver. */
void probe_resolver_release(void);

/* Starts a query; the caller holds the resolver.  fn is called once, later, unless the query is
 * cancelled before.  Returns NULL with the reason in *why if vigild cannot make the query.
 * There is no timeout; the caller cancels the query. */
struct probe_query *probe_resolver_query(
	vigil_daemon *d, const char *host, probe_resolver_fn *fn, void *arg, const char **why);
void probe_resolver_cancel(struct probe_query *query);

#endif
